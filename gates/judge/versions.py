"""Every judge that was ever released, by its version: a bundle is judged again by the one that judged it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from gates.judge import VERSION
from gates.judge.strictest import judge
from gates.model import Change, Context, Decision, Facts, Judging, Reviews


class Judge(Protocol):
    """What every judge takes, and what it gives."""

    def __call__(
        self,
        judgings: Sequence[Judging],
        context: Context,
        facts: Sequence[Facts],
        base: Sequence[Facts],
        change: Change | None = None,
        *,
        reviews: Reviews | None = None,
    ) -> Decision:
        """See `judge`."""
        ...


JUDGES: Mapping[int, Judge] = {VERSION: judge}
