"""Holds a run against its base: which gates are observed there, in which files, and what the judge is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from gates import codec
from gates.adapters import files, git, history
from gates.api.tree import Tree
from gates.change.base import Base
from gates.change.places import Side, places
from gates.errors import RepositoryError
from gates.judge.limits import COUNTED_KINDS
from gates.model import Change, Compared, Facts, FileChange, Finding, GatePolicy, GateRun, Status
from gates.observe import Observed, Progress, Setting, observe
from gates.plan import Step

#: Why a gate with findings was not observed at the base.
NOT_ASKED = "no limit of the policy asks for it"
_TOUCHED = "something changed the base's files while the gates looked at them"
_INTERRUPTED = "the run was interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A gate as it was observed: what the policy says of it, its step, its facts, and the secrets that it met."""

    policy: GatePolicy
    step: Step
    facts: Facts
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What a run is held against: what was seen at the base, not yet redacted, its facts, and what lies between."""

    observed: Observed
    facts: tuple[Facts, ...]
    change: Change


#: From what was seen at the base to its facts, as redacted as those of what is judged.
Read = Callable[[Observed], Mapping[str, Facts]]


def against(base: Base, setting: Setting, here: Sequence[Here], read: Read, *, jobs: int, progress: Progress) -> Against:
    """Observe at the base what the limits ask for, and find what lies between. `setting` is that of what is judged.

    Raises `RepositoryError` where git can't compare the two or has not got the base's files.
    """
    tree = setting.tree or Tree.of(setting.root)
    changed = history.changed_files(setting.root, base.commit, [name for name in tree.files if name not in tree.tracked])
    asks = [_ask(item, {shown(file.path) for file in changed if file.path is not None}) for item in here]
    with history.base_tree(setting.root, base.commit, setting.work / f"base-{token_hex(8)}") as there:
        observed, spoilt = _observe(there, setting, changed, [ask for ask in asks if ask.observed], jobs=jobs, progress=progress)
        facts = read(observed)
        compared = tuple(_answered(ask, facts.get(ask.here.step.name), spoilt) for ask in asks)
        change = _change(base, setting.root, there.root, changed, _found(asks, facts, observed))
    return Against(observed=observed, facts=tuple(facts.values()), change=replace(change, gates=compared))


def needs_base(policy: GatePolicy, facts: Facts) -> bool:
    """Whether a limit can't be checked without the base: one on what is new, where there is something, or one on what fell."""
    for limit in policy.require:
        kinds = COUNTED_KINDS.get(limit.name, ())
        if limit.regression is not None or (limit.new_max is not None and any(finding.kind in kinds for finding in facts.findings)):
            return True
    return False


def shown(name: str) -> str:
    """A file's name as facts have it: what is no character as `?`, a backslash as `%5C`."""
    return name.encode("utf-8", "replace").decode("utf-8").replace("\\", "%5C")


# -- what is asked of the base -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """A gate that is compared, and whether it has to be observed at the base for that."""

    here: Here
    compared: Compared
    observed: bool


def _ask(here: Here, changed: set[str]) -> _Ask:
    gate = here.step.gate
    compared = Compared(gate=here.step.name, by="line" if gate.by_line else "identity", only_changed=gate.by_file)
    if here.facts.status is not Status.COMPLETED:
        return _Ask(here=here, compared=replace(compared, reason="it could not tell what is here"), observed=False)
    if gate.by_file:
        return _Ask(here=here, compared=compared, observed=any(finding.location.path in changed for finding in here.facts.findings))
    if not needs_base(here.policy, here.facts):
        return _Ask(here=here, compared=replace(compared, reason=NOT_ASKED if here.facts.findings else ""), observed=False)
    reason = gate.no_base(codec.decode(gate.options, dict(here.step.options), "options"))
    return _Ask(here=here, compared=replace(compared, reason=reason), observed=not reason)


def _observe(
    there: history.BaseTree, setting: Setting, changed: Sequence[FileChange], asks: Sequence[_Ask], *, jobs: int, progress: Progress
) -> tuple[Observed, str]:
    """What was seen at the base, and why it can't be believed; empty where it can."""
    if not asks:
        return Observed(observations=()), ""
    names = tuple(sorted({file.base for file in changed if file.base is not None}))
    whole = not all(ask.compared.only_changed for ask in asks)
    try:
        there.check_out(None if whole else names)
    except RepositoryError as error:
        return Observed(observations=()), f"{error.problems[0].error}; {error.problems[0].help}"
    steps = [replace(ask.here.step, selected=names if ask.compared.only_changed else None) for ask in asks]
    before = files.stamps(there.root, git.tracked_files(there.root) if whole else names)
    renamed = {file.base: file.path for file in changed if file.base is not None and file.path is not None}
    at_base = replace(setting, root=there.root, judged=setting.root, renamed=renamed, selected=None, tree=Tree.of(there.root))
    observed = observe(steps, at_base, jobs=jobs, progress=_AtBase(progress))
    if observed.interrupted:
        return observed, _INTERRUPTED
    return observed, "" if files.stamps(there.root, before) == before else _TOUCHED


class _AtBase(Progress):
    """Says of each gate that it is looking at the base."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def started(self, name: str) -> None:
        self._progress.started(_at_base(name))

    def doing(self, name: str, text: str) -> None:
        self._progress.doing(_at_base(name), text)

    def ended(self, name: str, run: GateRun, *, knows: bool) -> None:
        self._progress.ended(_at_base(name), run, knows=knows)


def _at_base(name: str) -> str:
    return f"{name} at the base"


def _answered(ask: _Ask, facts: Facts | None, spoilt: str) -> Compared:
    """How the gate is compared, now that the base was looked at."""
    if not ask.observed:
        return ask.compared
    nothing_there = facts is not None and facts.status is Status.NOT_APPLICABLE and ask.compared.only_changed
    if spoilt:
        reason = spoilt
    elif facts is None:
        reason = _INTERRUPTED
    else:
        reason = "" if facts.status is Status.COMPLETED or nothing_there else f"it could not tell what was there: {facts.reason}"
    return replace(ask.compared, reason=reason)


# -- what lies between -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is known by its line, elements of pages too: findings of both sides by gate, and the secrets that each gate met on either."""

    here: Mapping[str, Sequence[Finding]]
    there: Mapping[str, Sequence[Finding]]
    secrets: Mapping[str, frozenset[str]]

    @property
    def paths(self) -> set[str | None]:
        return {finding.location.path for side in (self.here, self.there) for findings in side.values() for finding in findings}


def _found(asks: Sequence[_Ask], facts: Mapping[str, Facts], observed: Observed) -> _Found:
    met = {item.name: frozenset(item.secrets) for item in observed.observations}
    observed_here = [ask for ask in asks if ask.observed]

    def known(ask: _Ask, facts: Facts) -> list[Finding]:
        return [finding for finding in facts.findings if ask.compared.by == "line" or finding.location.selector]

    return _Found(
        here={ask.here.step.name: known(ask, ask.here.facts) for ask in observed_here},
        there={name: known(ask, facts[name]) for ask in observed_here if (name := ask.here.step.name) in facts},
        secrets={ask.here.step.name: ask.here.secrets | met.get(ask.here.step.name, frozenset()) for ask in observed_here},
    )


def _change(base: Base, here: Path, there: Path, changed: Sequence[FileChange], found: _Found) -> Change:
    """The map of the change, with the places of findings of both sides where findings are known by their line."""
    paths = found.paths
    both = [file for file in changed if file.base and file.path and {shown(file.base), shown(file.path)} & paths]
    lines = history.hunks(here, base.commit, both) if both else {}
    names_here = {shown(name): name for name in Tree.of(here).files} if paths else {}
    gone_on = {shown(file.path) for file in changed if file.path}
    names_there = {name: real for name, real in names_here.items() if name not in gone_on}
    names_there |= {shown(file.base): file.base for file in changed if file.base is not None}
    at_here, at_there = places(
        Side(root=here, findings=found.here, names=names_here), Side(root=there, findings=found.there, names=names_there), found.secrets
    )
    return Change(
        base=base.commit,
        found_by=base.found_by,
        files=tuple(
            FileChange(
                base=None if file.base is None else shown(file.base),
                path=None if file.path is None else shown(file.path),
                hunks=lines.get(file.path) if file.path is not None else None,
            )
            for file in changed
        ),
        here=at_here,
        there=at_there,
    )
