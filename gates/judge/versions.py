"""Every judge that was ever released, by its version: a bundle is judged again by the one that judged it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from gates.judge import VERSION
from gates.judge.decide import decide
from gates.model import Context, Decision, Facts, Policy, Reviews


class Decide(Protocol):
    """What every judge takes, and what it gives."""

    def __call__(
        self, policy: Policy, context: Context, facts: Sequence[Facts], base: Sequence[Facts], *, reviews: Reviews | None = None
    ) -> Decision:
        """See `decide`."""
        ...


JUDGES: Mapping[int, Decide] = {VERSION: decide}
