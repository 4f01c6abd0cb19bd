"""Every judge that was ever released, by its version: a bundle is judged again by the one that judged it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gates.judge import VERSION
from gates.judge.strictest import judge
from gates.model import Change, Context, Decision, Facts, Judging

Judge = Callable[[Sequence[Judging], Context, Sequence[Facts], Sequence[Facts], Change | None], Decision]

JUDGES: Mapping[int, Judge] = {VERSION: judge}
