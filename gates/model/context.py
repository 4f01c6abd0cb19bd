"""What a run is about, beside its facts and policies."""

from __future__ import annotations

from datetime import date

from gates.dataclass import dataclass
from gates.model.terms import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingPolicy:
    """One of the policies that judge a run: its name in the evidence, and in words whose it is.

    `apart` names gates that look alike in this policy and in the run's own, and are steered by files that are not the same for both:
    they report for each. `steered_by` are the files and folders that steer its gates. `within`: it was laid under the others from what
    is judged itself, where a change could have written it.

    `whole` is the digest of what the policy says at every stage (`sha256:` and hex), where somebody may have signed it. `touched` are
    files and folders that steer gates of this policy or of the run's own, and are not the same at the tip, where that is of weight.
    """

    name: str
    words: str
    apart: tuple[str, ...] | None = None
    steered_by: tuple[str, ...] | None = None
    within: bool | None = None
    whole: str | None = None
    touched: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the judge is told beside facts and policies. `day` is the day of evaluation in UTC.

    `policies` are those that judge, where the policy that stands in what is judged is not the only one; the first is the run's own.

    `selection` names the gates that were chosen (empty: all); `limited` says in words why the run saw
    less than the policy asks for: it was interrupted, or a hook named files; `named` is how many it named (None: it was to see the whole
    tree), and then alone may a gate have nothing to examine. `folder` is that of the repository which was judged by itself,
    with slashes; None: all of it. Places of findings are relative to it. `left_out` are folders of installed packages that no gate was
    shown: git neither tracks nor ignores them. They are no part of the commit, so the verdict is no less whole.
    """

    day: date
    stage: Stage
    commit: str | None = None
    tree: str | None = None
    dirty: bool = False
    repository: str | None = None
    ref: str | None = None
    base: str | None = None
    parts: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    limited: tuple[str, ...] = ()
    policies: tuple[JudgingPolicy, ...] | None = None
    folder: str | None = None
    named: int | None = None
    left_out: tuple[str, ...] | None = None
