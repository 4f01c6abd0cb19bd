"""Which policies judge a run: the one that stands in what is judged, the one where the change goes, and those laid under both."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from gates import codec, registry
from gates.adapters import files, git, history
from gates.api import Gate
from gates.api.tree import Tree
from gates.change.base import Base
from gates.dataclass import dataclass
from gates.errors import PolicyError
from gates.judge.strictest import is_policy_file, source_of
from gates.model import CHANGE_POLICY, TIP_POLICY, FileChange, GatePolicy, Judging, JudgingPolicy, Limit, PolicySource, Stage, looks_alike
from gates.plan import Step, plan, plan_for, why_not
from gates.policy import approvers, load, whole
from gates.policy.compose import Effective, compose

#: The policy that a repository has where none is named.
USUAL = "gates.yaml"
FIRST = "the first policy of this repository: where the change goes there is none to judge it by too"
UNREADABLE = "the policy of the change, since the one that stands where it goes can't be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A policy that is laid under the run's own: whose it is, in words, and its files.

    `path` is where it stands in what is judged: the change could write to it there, so it is taken from where the change goes.
    """

    words: str
    sources: tuple[PolicySource, ...]
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The policy that a run is asked to judge by: its files, the path that names it, and whether it stands in no file yet."""

    sources: tuple[PolicySource, ...]
    path: str = USUAL
    proposed: bool = False
    floors: tuple[Floor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies that judge, the run's own first, with their files. `words` say of the own what has to be said where it is alone.

    `renamed` has the names at the tip of files that are called otherwise here; `edited` those of them that are not the same there.
    """

    effective: Effective
    judgings: tuple[Judging, ...]
    sources: tuple[PolicySource, ...]
    others: Mapping[str, tuple[PolicySource, ...]] = field(default_factory=dict)
    words: str = ""
    tree: Tree
    renamed: Mapping[str, str] = field(default_factory=dict)
    edited: frozenset[str] = frozenset()
    tip: str | None = None

    @property
    def own(self) -> Judging:
        return self.judgings[0]

    @property
    def named(self) -> tuple[JudgingPolicy, ...] | None:
        """What the evidence says of them; None where the policy that stands in what is judged is the only one."""
        if len(self.judgings) == 1 and self.own.name == CHANGE_POLICY:
            return (JudgingPolicy(name=CHANGE_POLICY, words=self.words),) if self.words else None
        return tuple(item.named for item in self.judgings)

    @property
    def all_sources(self) -> tuple[PolicySource, ...]:
        return (*self.sources, *(source for sources in self.others.values() for source in sources))

    def steps(self, selection: tuple[str, ...]) -> tuple[Step, ...]:
        """What has to be observed for all of them. Raises `UsageError` for a selection that observes nothing."""
        steps = [replace(step, policy=self.own.name) for step in plan(self.own.policy, registry.find, selection)]
        for other in self.judgings[1:]:
            found = plan_for(other, self.own, registry.find, selection)
            steps += [self._of_tip(step) for step in found] if other.name == TIP_POLICY else found
        return tuple(steps)

    def policy_of(self, step: Step) -> GatePolicy:
        """What the policy that asks for a step says of its gate, with the limits of every policy that judges by what it sees."""
        asking = next(item for item in self.judgings if item.name == step.policy)
        gate = next(gate for gate in asking.policy.gates if step.name in {gate.name, asking.own(gate.name)})
        limits: dict[Limit, None] = {}
        for item in self.judgings:
            for other in item.policy.gates:
                if not why_not(other, self.own.policy.stage) and source_of(other, item, self.own) == step.name:
                    limits |= dict.fromkeys(other.require)
        return replace(gate, require=tuple(limits))

    def _of_tip(self, step: Step) -> Step:
        """The policy at the tip knows files by the names that they had. Of a gate by file, it has no say of those that are gone.

        A file that it leaves out by its old name alone is left out as it was there: what the change wrote into it counts.
        """
        paths = tuple(step.options.get("paths") or ())
        exclude = [files.at_any_depth(pattern) for pattern in step.options.get("exclude") or ()]
        renamed = {
            name: was
            for name, was in self.renamed.items()
            if name not in self.edited or not _is_within(was, exclude) or _is_within(name, exclude)
        }
        step = replace(step, renamed=renamed)
        if not step.gate.by_file or not paths:
            return step
        known = [renamed.get(name, name) for name in self.tree.files]
        left = [path for path in paths if any(files.within(name, path) for name in known)]
        return replace(step, options={**step.options, "paths": left}) if left else replace(step, selected=())


def find(root: Path, asked: Asked, stage: Stage, base: Base | None, tree: Tree) -> Policies:
    """The policies that judge what is checked out at `root`. Raises `PolicyError`, and `RepositoryError` where the tip's can't be read."""
    tip = _Tip.of(root, base, stage)
    standing = _standing(tip, asked) if tip is not None else None
    if standing is not None and standing.effective is not None and asked.proposed:
        own, effective, sources = standing.judging(standing.effective), standing.effective, standing.sources
    else:
        effective, sources = compose(asked.sources, stage, registry.find), asked.sources
        own = Judging(name=CHANGE_POLICY, words="the policy of the change", policy=effective.policy)
    beside: list[tuple[Judging, tuple[PolicySource, ...]]] = []
    if standing is not None and standing.effective is not None and own.name == CHANGE_POLICY:
        judging = _apart(standing.judging(standing.effective), own, tip)
        own, judging = _signable(own, sources, judging, standing.sources, standing.tip)
        if judging.apart or _contents(standing.sources) != _contents(sources):
            beside.append((judging, standing.sources))
    for number, floor in enumerate(asked.floors, 1):
        words, held, within = _laid_under(floor, tip)
        judging = Judging(name=f"from-{number}", words=words, policy=compose(held, stage, registry.find).policy, within=within)
        beside.append((_apart(judging, own, tip), held))
    return Policies(
        effective=effective,
        judgings=(own, *(judging for judging, _ in beside)),
        sources=sources,
        others={judging.name: held for judging, held in beside},
        words="" if tip is None or asked.proposed else FIRST if standing is None else UNREADABLE if standing.effective is None else "",
        tree=tree,
        renamed=tip.renamed if tip is not None else {},
        edited=tip.edited() if tip is not None and beside else frozenset(),
        tip=tip.commit if tip is not None else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """Steps, and the files at the tip that steer some of them: what each was before any gate ran."""

    steps: tuple[Step, ...]
    root: Path | None = None
    stamps: Mapping[str, files.Stamp] = field(default_factory=dict)

    def touched(self) -> str:
        """What became of those files meanwhile, in words; empty where nothing did."""
        return (
            ""
            if self.root is None or _stamps(self.root) == self.stamps
            else "something changed the files that steer gates while they looked"
        )


@contextmanager
def steered_from(policies: Policies, steps: Sequence[Step], root: Path, work: Path) -> Iterator[Steered]:
    """The steps, those of other policies than the change's with the files at the tip that steer them. Raises `RepositoryError`."""
    asked = [step for step in steps if step.policy != CHANGE_POLICY and steering(step.gate, step.options)]
    if not asked or policies.tip is None:
        yield Steered(steps=tuple(steps))
        return
    with history.base_tree(root, policies.tip, work / f"tip-{token_hex(8)}") as tree:
        named = {path for step in asked for path in steering(step.gate, step.options)}
        wanted = named | {real for path in named if (real := git.real_at(root, policies.tip, path)) is not None}
        tree.check_out([name for name in git.tracked_files(tree.root) if _is_within(name, wanted)])
        there = tuple(replace(step, judged=tree.root) if step in asked else step for step in steps)
        yield Steered(steps=there, root=tree.root, stamps=_stamps(tree.root))


def _stamps(root: Path) -> dict[str, files.Stamp]:
    """What tells that a file of a tree was written, added or taken away."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        found += [os.path.relpath(Path(folder, name), root) for name in names]
    return files.stamps(root, found)


def steering(gate: Gate, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The files and folders that steer a gate."""
    return gate.steering(codec.decode(gate.options, dict(options), "options"))


# -- where the change goes ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tip:
    """The tip of the branch that the change goes into: what stands there, and what is not the same here."""

    root: Path
    commit: str
    stage: Stage
    changed: tuple[FileChange, ...]
    links: tuple[str, ...]

    @classmethod
    def of(cls, root: Path, base: Base | None, stage: Stage) -> _Tip | None:
        """None where the policy there has no say: in a run that is about no change."""
        if base is None or base.tip is None or stage is not Stage.CHANGE:
            return None
        changed, links = history.changed_files(root, base.tip, ()), history.changed_links(root, base.tip)
        return cls(root=root, commit=base.tip, stage=stage, changed=changed, links=links)

    @property
    def paths(self) -> set[str]:
        """Everything that is not the same, by its name here and there."""
        return {path for file in self.changed for path in (file.base, file.path) if path is not None} | set(self.links)

    @property
    def renamed(self) -> dict[str, str]:
        return {file.path: file.base for file in self.changed if file.path and file.base and file.path != file.base}

    def edited(self) -> frozenset[str]:
        """Files that are called otherwise, and hold something else."""
        return frozenset(name for name, was in self.renamed.items() if git.file_at(self.root, self.commit, was) != _bytes(self.root / name))

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, links of the commit followed as they are in a checkout."""
        real = git.real_at(self.root, self.commit, path)
        return None if real is None else git.file_at(self.root, self.commit, real)

    def collect(self, path: str) -> tuple[PolicySource, ...] | None:
        """A policy's files; None where there is none of that name. Raises `PolicyError`."""
        real = git.real_at(self.root, self.commit, path)
        return None if real is None or git.file_at(self.root, self.commit, real) is None else load.collect_from(real, self.read)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """The policy that stands at the tip; without `effective` it can't be read, and the change mends that."""

    tip: _Tip
    sources: tuple[PolicySource, ...] = ()
    effective: Effective | None = None

    def judging(self, effective: Effective) -> Judging:
        words = f"{self.sources[-1].name} of {self.tip.commit[:12]}, where the change goes"
        gates = [gate for gate in effective.policy.gates if not why_not(gate, self.tip.stage)]
        steered_by = tuple(dict.fromkeys(path for gate in gates for path in steering(registry.find(gate.uses), gate.options)))
        return Judging(name=TIP_POLICY, words=words, policy=effective.policy, steered_by=steered_by or None)


def _standing(tip: _Tip, asked: Asked) -> _Standing | None:
    """None where no policy stands at the tip. Raises `PolicyError` for one that can't be read, in a change to more than policy files."""
    for name in dict.fromkeys((asked.path, USUAL)):
        try:
            sources = tip.collect(name)
            if sources is not None:
                return _Standing(tip=tip, sources=sources, effective=compose(sources, tip.stage, registry.find))
        except PolicyError as error:
            if tip.paths <= {name, *(source.name for source in asked.sources if is_policy_file(source.name))}:
                return _Standing(tip=tip)
            said = (replace(problem, where=f"{problem.where} (of {tip.commit[:12]}, where the change goes)") for problem in error.problems)
            raise PolicyError(tuple(said)) from error
    return None


def _laid_under(floor: Floor, tip: _Tip | None) -> tuple[str, tuple[PolicySource, ...], bool | None]:
    """A floor's words and files: as they stand where the change goes, where it is a file of the repository and stands there.

    True where it stands in what is judged alone.
    """
    held = tip.collect(floor.path) if tip is not None and floor.path is not None else None
    if tip is None or held is None:
        return floor.words, floor.sources, floor.path is not None or None
    return f"{floor.words} of {tip.commit[:12]}, where the change goes", held, None


def _apart(judging: Judging, own: Judging, tip: _Tip | None) -> Judging:
    """The same, with the gates that it shares with the run's own policy but for files that steer them and are not the same at the tip."""
    if tip is None:
        return judging
    observed = {gate.name: gate for gate in own.policy.gates if not why_not(gate, tip.stage)}
    alike = [gate for gate in judging.policy.gates if not why_not(gate, tip.stage) and looks_alike(gate, observed.get(gate.name))]
    return replace(judging, apart=tuple(gate.name for gate in alike if _is_steered(gate, tip)) or None)


def _signable(
    own: Judging, sources: Sequence[PolicySource], judging: Judging, standing: Sequence[PolicySource], tip: _Tip
) -> tuple[Judging, Judging]:
    """Both with what a signature by one of the tip's approvers is held against, where there could be one."""
    if own.policy.approved is None and not any(approvers.parse(text).key for text in judging.policy.approvers):
        return own, judging
    gates = [gate for item in (judging, own) for gate in item.policy.gates if not why_not(gate, tip.stage)]
    touched = tuple(dict.fromkeys(path for gate in gates for path in _touched(gate, tip)))
    return (
        replace(own, whole=whole.digest_where_known(sources, registry.find)),
        replace(judging, whole=whole.digest_where_known(standing, registry.find), touched=touched or None),
    )


def _is_steered(gate: GatePolicy, tip: _Tip) -> bool:
    """Whether files say otherwise how a gate looks than they do at the tip."""
    return any(True for _ in _touched(gate, tip))


def _touched(gate: GatePolicy, tip: _Tip) -> Iterator[str]:
    """The files and folders that steer a gate and are not the same as at the tip."""
    for path in steering(registry.find(gate.uses), gate.options):
        there, here = git.real_at(tip.root, tip.commit, path), _real(tip.root, path)
        if there != here or any(_is_within(name, {path, there or path}) for name in tip.paths):
            yield path


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _real(root: Path, path: str) -> str | None:
    """Where a path of the working tree leads, as `git.real_at` has it."""
    found, top = (root / path).resolve(), root.resolve()
    return found.relative_to(top).as_posix() if found.exists() and found.is_relative_to(top) else None


def _is_within(name: str, patterns: Iterable[str]) -> bool:
    return any(files.within(name, pattern) for pattern in patterns)


def _contents(sources: Sequence[PolicySource]) -> list[tuple[str, str]]:
    return [(source.name, source.sha256) for source in sources]
