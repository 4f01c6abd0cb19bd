"""Holds a run against its base: which gates are observed there, in which files, and what the judge is told of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import field, replace
from secrets import token_hex

from gates import codec
from gates.adapters import files, git, history
from gates.api.tree import Tree
from gates.change.base import Base
from gates.change.earlier import Earlier
from gates.change.places import Secrets, Side, lines_of, places
from gates.dataclass import dataclass
from gates.errors import RepositoryError
from gates.judge.limits import COUNTED_KINDS
from gates.model import Change, Compared, Facts, FileChange, Finding, GatePolicy, GateRun, Hunk, Place, Status
from gates.observe import Observation, Observed, Progress, Setting, observe
from gates.plan import Step

_NOTHING = Observed(observations=())
#: All lines that a file can have.
WHOLE = (1, 2**31 - 1)
#: Why a gate with findings was not observed at the base.
NOT_ASKED = "no limit of the policy asks for it"
TOUCHED = "something changed the base's files while the gates looked at them"
_INTERRUPTED = "the run was interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A gate as it was observed: what the policy says of it, its step, its facts, and the secrets that it met.

    `unsearched` are the rules of secrets that it met and that are not among these.
    """

    policy: GatePolicy
    step: Step
    facts: Facts
    secrets: frozenset[str] = frozenset()
    unsearched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What a run is held against: what was seen at the base, not yet redacted, its facts, and what lies between."""

    observed: Observed
    facts: tuple[Facts, ...]
    change: Change


#: From what was seen at the base to its facts, as redacted as those of what is judged.
Read = Callable[[Observed], Mapping[str, Facts]]


def against(
    base: Base,
    setting: Setting,
    here: Sequence[Here],
    read: Read,
    *,
    jobs: int,
    progress: Progress,
    earlier: Earlier | None = None,
    given: Mapping[str, Observation] | None = None,
) -> Against:
    """Observe at the base what the limits ask for, and find what lies between. `setting` is that of what is judged.

    What a run at the base saw is not observed again, nor what another machine of this run saw there (`given`, by gate). Raises
    `RepositoryError` where git can't compare the two or has not got the base's files.
    """
    tree = setting.tree or Tree.of(setting.root)
    changed, unknown = _changed(setting, tree, base, here)
    touched = {shown(file.path) for file in changed if file.path is not None} | unknown
    links = history.changed_links(setting.root, base.commit)
    asks = [_by_earlier(_ask(item, touched), earlier, changed, set(links)) for item in here]
    asked = [ask for ask in asks if ask.observed]
    told = [given[ask.here.step.name] for ask in asked if given and ask.here.step.name in given]
    left = [ask for ask in asked if ask.here.step.name not in (given or ())]
    held = [ask for ask in asks if ask.earlier is not None]
    with contextlib.ExitStack() as stack:
        there = (
            stack.enter_context(history.base_tree(setting.root, base.commit, setting.work / f"base-{token_hex(8)}"))
            if asked or any(ask.by_place for ask in held)
            else None
        )
        observed, spoilt = _observe(there, setting, changed, left, jobs=jobs, progress=progress) if there and left else (_NOTHING, "")
        observed = _with_earlier(replace(observed, observations=(*observed.observations, *told)), held)
        facts = read(observed)
        compared = tuple(_answered(ask, facts.get(ask.here.step.name), spoilt) for ask in asks)
        between = _between(setting, there, tree, changed, _found(asks, facts, observed, changed)) if there and not spoilt else _Between()
    change = Change(
        base=base.commit,
        found_by=base.found_by,
        files=(*_files(changed, between.hunks), *(FileChange(path=path) for path in sorted(unknown))),
        here=between.here,
        there=between.there,
        gates=compared,
        links=tuple(map(shown, links)) or None,
    )
    return Against(observed=observed, facts=tuple(facts.values()), change=change)


def _changed(setting: Setting, tree: Tree, base: Base, here: Sequence[Here]) -> tuple[tuple[FileChange, ...], set[str]]:
    """Every file that differs; and of the paths that findings name, those that git does not know, as facts have them.

    That a file with findings is the base's is not taken from git's word, which goes by filters, attributes and an index: its bytes are.
    """
    untracked = [name for name in tree.files if name not in tree.tracked]
    changed = history.changed_files(setting.root, base.commit, untracked)
    by_file = [item for item in here if item.step.gate.by_file]
    paths = {path for item in by_file for finding in item.facts.findings if (path := finding.location.path) is not None}
    if not paths:
        return changed, set()
    differ = {file.path for file in changed}
    same = [name for name in sorted(tree.tracked) if name not in differ and shown(name) in paths]
    altered = tuple(FileChange(base=name if there else None, path=name) for name, there in history.altered(setting.root, base.commit, same))
    return (*changed, *altered), paths - {shown(name) for name in (*tree.tracked, *untracked)}


def added_lines(base: Base, setting: Setting, names: Iterable[str]) -> dict[str, tuple[tuple[int, int], ...]]:
    """Of the named files that are not the base's, the lines that the change brings, as pairs of a first and a last one.

    Raises `RepositoryError` where git can't compare the two or has not got the base's files.
    """
    tree = setting.tree or Tree.of(setting.root)
    untracked = [name for name in tree.files if name not in tree.tracked]
    changed = history.changed_files(setting.root, base.commit, untracked)
    was = {file.path: file.base for file in changed if file.path is not None}
    wanted = [name for name in names if name in was]
    both = {name: before for name in wanted if (before := was[name]) is not None}
    if not both:
        return dict.fromkeys(wanted, (WHOLE,))
    with history.base_tree(setting.root, base.commit, setting.work / f"base-{token_hex(8)}") as there:
        there.check_out(both.values())
        pairs = ((lines_of(there.root / before), lines_of(setting.root / name)) for name, before in both.items())
        known = dict(zip(both, history.hunks(setting.work / f"lines-{token_hex(8)}", pairs), strict=True))
    return {
        name: tuple((hunk.start, hunk.start + hunk.lines - 1) for hunk in known[name] if hunk.lines) if name in known else (WHOLE,)
        for name in wanted
    }


def base_files(base: Base, setting: Setting, wanted: Callable[[str], bool]) -> dict[str, tuple[str | None, bytes]]:
    """Files of the base that are not the same here and whose name is wanted: what each is called here, and its bytes.

    Raises `RepositoryError` where git can't compare the two or has not got the base's files.
    """
    changed = history.changed_files(setting.root, base.commit, ())
    pairs = [(file.base, file.path) for file in changed if file.base is not None and wanted(file.base)]
    found = ((was, now, git.file_at(setting.root, base.commit, was)) for was, now in pairs)
    return {was: (now, content) for was, now, content in found if content is not None}


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
    """A gate that is compared, and whether it has to be observed at the base for that, or `earlier` tells what it saw there."""

    here: Here
    compared: Compared
    observed: bool
    earlier: Earlier | None = None

    @property
    def wanted(self) -> bool:
        """Whether what the gate sees at the base is asked for."""
        return self.observed or self.earlier is not None

    @property
    def by_place(self) -> bool:
        """Whether lines of the base may tell what is new."""
        return self.compared.by == "line" or any(finding.location.selector for finding in self.here.facts.findings)


def _ask(here: Here, changed: Set[str]) -> _Ask:
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


def _by_earlier(ask: _Ask, earlier: Earlier | None, changed: Sequence[FileChange], links: Set[str]) -> _Ask:
    """The same, by an earlier run at the base where that tells as much: of gates too that can't be observed there, or need not be."""
    asks = ask.observed or ask.compared.reason
    if earlier is None or ask.here.facts.status is not Status.COMPLETED or not asks:
        return ask
    why_not = earlier.why_not_of(ask.here.step, ask.here.facts, changed, links)
    if not why_not:
        return replace(ask, compared=replace(ask.compared, reason="", bundle=earlier.digest), observed=False, earlier=earlier)
    told = f"{ask.compared.reason}; and the bundle of the base does not tell: {why_not}" if ask.compared.reason else ""
    return replace(ask, compared=replace(ask.compared, reason=told))


def _with_earlier(observed: Observed, held: Sequence[_Ask]) -> Observed:
    """What was seen at the base, with what an earlier run saw there."""
    earlier = [ask.earlier.observation(ask.here.step) for ask in held if ask.earlier is not None]
    return replace(observed, observations=(*observed.observations, *earlier))


def _observe(
    there: history.BaseTree, setting: Setting, changed: Sequence[FileChange], asks: Sequence[_Ask], *, jobs: int, progress: Progress
) -> tuple[Observed, str]:
    """What was seen at the base, and why it can't be believed; empty where it can."""
    names = tuple(sorted({file.base for file in changed if file.base is not None}))
    whole = not all(ask.compared.only_changed for ask in asks)
    absent = history.absent(setting.root) if whole else frozenset()
    try:
        written = [name for name in there.names() if name not in absent] if whole else names
        there.check_out(written)
    except RepositoryError as error:
        return _NOTHING, f"{error.problems[0].error}; {error.problems[0].help}"
    steps = [_at_base_of(ask, names) for ask in asks]
    before = files.stamps(there.root, written)
    renamed = {file.base: file.path for file in changed if file.base is not None and file.path is not None}
    at_base = replace(setting, root=there.root, judged=setting.root, renamed=renamed, selected=None, tree=Tree.of(there.root))
    observed = observe(steps, at_base, jobs=jobs, progress=_AtBase(progress))
    if observed.interrupted:
        return observed, _INTERRUPTED
    return observed, "" if files.stamps(there.root, before) == before else TOUCHED


def _at_base_of(ask: _Ask, names: tuple[str, ...]) -> Step:
    """A step for the base. A policy that knows files by the names that they had finds them there by these."""
    step = replace(ask.here.step, selected=names if ask.compared.only_changed else None)
    return step if step.renamed is None else replace(step, renamed={})


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
    if not ask.wanted:
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
    secrets: Mapping[str, Secrets]

    @property
    def paths(self) -> set[str | None]:
        return {finding.location.path for side in (self.here, self.there) for findings in side.values() for finding in findings}


def _found(asks: Sequence[_Ask], facts: Mapping[str, Facts], observed: Observed, changed: Sequence[FileChange]) -> _Found:
    names = {shown(file.base) for file in changed if file.base is not None}
    met = {item.name: item for item in observed.observations}
    held = [ask for ask in asks if ask.wanted]

    def known(ask: _Ask, facts: Facts) -> list[Finding]:
        return [finding for finding in facts.findings if ask.compared.by == "line" or finding.location.selector]

    def known_there(ask: _Ask, facts: Facts) -> list[Finding]:
        # An earlier run looked at more than the files that differ.
        return [item for item in known(ask, facts) if ask.earlier is None or not ask.compared.only_changed or item.location.path in names]

    secrets = {}
    for here in (ask.here for ask in held):
        there = met.get(here.step.name)
        secrets[here.step.name] = Secrets(
            values=here.secrets.union(there.secrets if there else ()),
            unsearched=here.unsearched.union(item.rule for item in there.unsearched) if there else here.unsearched,
        )
    return _Found(
        here={ask.here.step.name: known(ask, ask.here.facts) for ask in held},
        there={name: known_there(ask, facts[name]) for ask in held if (name := ask.here.step.name) in facts},
        secrets=secrets,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Between:
    """The hunks of files by their path here, and the places of findings on both sides."""

    hunks: Mapping[str, tuple[Hunk, ...]] = field(default_factory=dict)
    here: tuple[Place, ...] = ()
    there: tuple[Place, ...] = ()


def _between(setting: Setting, there: history.BaseTree, tree: Tree, changed: Sequence[FileChange], found: _Found) -> _Between:
    """What lies between the findings of both sides where they are known by their line. Writes those files of the base that are missing."""
    paths = found.paths
    if not paths:
        return _Between()
    names_here = _by_shown(tree.files)
    changed_here = {file.path for file in changed}
    names_there = _by_shown(
        [*(file.base for file in changed if file.base is not None), *(name for name in tree.files if name not in changed_here)]
    )
    both = {
        file.path: (file.base, file.path)
        for file in changed
        if file.base is not None
        and file.path is not None
        and {shown(file.base), shown(file.path)} & paths
        and (names_there.get(shown(file.base)), names_here.get(shown(file.path))) == (file.base, file.path)
    }
    found_there = {finding.location.path for findings in found.there.values() for finding in findings}
    wanted = {was for was, _ in both.values()}.union(names_there[path] for path in found_there if path in names_there)
    there.check_out(sorted(name for name in wanted if not os.path.lexists(there.root / name)))
    lines = ((lines_of(there.root / was), lines_of(setting.root / now)) for was, now in both.values())
    at_here, at_there = places(
        Side(root=setting.root, findings=found.here, names=names_here),
        Side(root=there.root, findings=found.there, names=names_there),
        found.secrets,
    )
    return _Between(
        hunks=dict(zip(both, history.hunks(setting.work / f"lines-{token_hex(8)}", lines), strict=True)), here=at_here, there=at_there
    )


def _by_shown(names: Iterable[str]) -> dict[str, str]:
    """The real name of each name as facts have it; of none that stands for several files."""
    found: dict[str, str] = {}
    several = set()
    for name in names:
        if found.setdefault(shown(name), name) != name:
            several.add(shown(name))
    return {known: name for known, name in found.items() if known not in several}


def _files(changed: Sequence[FileChange], hunks: Mapping[str, tuple[Hunk, ...]]) -> Iterator[FileChange]:
    """What differs, by names as facts have them."""
    for file in changed:
        yield FileChange(
            base=None if file.base is None else shown(file.base),
            path=None if file.path is None else shown(file.path),
            hunks=None if file.path is None else hunks.get(file.path),
        )
