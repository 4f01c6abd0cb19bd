"""Which policies judge a run: the one that stands in what is judged, the one where the change goes, and those laid under both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

from gates import codec, registry
from gates.adapters import files, git, history
from gates.api import Gate
from gates.api.tree import Tree
from gates.change.base import Base
from gates.errors import PolicyError
from gates.model import CHANGE_POLICY, TIP_POLICY, GatePolicy, Judging, JudgingPolicy, PolicySource, Stage
from gates.plan import Step, plan, plan_for, why_not
from gates.policy import load
from gates.policy.compose import Effective, compose

#: The policy that a repository has where none is named.
USUAL = "gates.yaml"
FIRST = "the first policy of this repository: nothing stood before it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A policy that is laid under the run's own: whose it is, in words, and its files."""

    words: str
    sources: tuple[PolicySource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The policy that a run is asked to judge by: its files, the path of the last of them, and whether it stands in no file yet."""

    sources: tuple[PolicySource, ...]
    path: str = USUAL
    proposed: bool = False
    floors: tuple[Floor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies that judge, the run's own first, with their files.

    `renamed` has the names at the `tip` of files that are called otherwise here, `steered` the gates of the policy there that files steer
    which are not the same here.
    """

    effective: Effective
    judgings: tuple[Judging, ...]
    sources: tuple[PolicySource, ...]
    others: Mapping[str, tuple[PolicySource, ...]] = field(default_factory=dict)
    first: bool = False
    tree: Tree
    renamed: Mapping[str, str] = field(default_factory=dict)
    steered: frozenset[str] = frozenset()
    tip: str | None = None

    @property
    def own(self) -> Judging:
        return self.judgings[0]

    @property
    def named(self) -> tuple[JudgingPolicy, ...] | None:
        """What the evidence says of them; None where the policy that stands in what is judged is the only one."""
        if len(self.judgings) == 1 and self.own.name == CHANGE_POLICY:
            return (JudgingPolicy(name=CHANGE_POLICY, words=FIRST),) if self.first else None
        return tuple(JudgingPolicy(name=item.name, words=item.words) for item in self.judgings)

    @property
    def all_sources(self) -> tuple[PolicySource, ...]:
        return (*self.sources, *(source for sources in self.others.values() for source in sources))

    def steps(self, selection: tuple[str, ...]) -> tuple[Step, ...]:
        """What has to be observed for all of them. Raises `UsageError` for a selection that observes nothing."""
        steps = list(plan(self.own.policy, registry.find, selection))
        for other in self.judgings[1:]:
            is_steered = self._is_steered if other.name == TIP_POLICY else _never
            found = plan_for(other, self.own, registry.find, selection, is_steered)
            steps += [self._of_tip(step) for step in found] if other.name == TIP_POLICY else found
        return tuple(steps)

    def _is_steered(self, gate: GatePolicy) -> bool:
        return gate.name in self.steered

    def policy_of(self, step: Step) -> GatePolicy:
        """What the policy that asks for a step says of its gate."""
        item = next(item for item in self.judgings if item.name == step.policy)
        return next(gate for gate in item.policy.gates if step.name in {gate.name, item.own(gate.name)})

    def _of_tip(self, step: Step) -> Step:
        """The policy at the tip knows files by the names that they had. It has no say of a gate by file all of whose files are gone."""
        step = replace(step, renamed=self.renamed)
        paths = tuple(step.options.get("paths") or ())
        known = [self.renamed.get(name, name) for name in self.tree.files]
        gone = step.gate.by_file and paths and not any(files.within(name, path) for name in known for path in paths)
        return replace(step, selected=()) if gone else step


def find(root: Path, asked: Asked, stage: Stage, base: Base | None, tree: Tree) -> Policies:
    """The policies that judge what is checked out at `root`. Raises `PolicyError`, and `RepositoryError` where the tip's can't be read."""
    before = _before(root, asked, stage, base)
    if before is not None and asked.proposed:
        own, effective, sources = before.judging(), before.effective, before.sources
    else:
        effective, sources = compose(asked.sources, stage, registry.find), asked.sources
        own = Judging(name=CHANGE_POLICY, words="the policy of the change", policy=effective.policy)
    judgings, others = [own], {}
    differs = before is not None and (bool(before.steered) or _contents(before.sources) != _contents(sources))
    if before is not None and own.name == CHANGE_POLICY and differs:
        judgings.append(before.judging())
        others[TIP_POLICY] = before.sources
    for number, floor in enumerate(asked.floors, 1):
        name = f"from-{number}"
        judgings.append(Judging(name=name, words=floor.words, policy=compose(floor.sources, stage, registry.find).policy))
        others[name] = floor.sources
    return Policies(
        effective=effective,
        judgings=tuple(judgings),
        sources=sources,
        others=others,
        first=base is not None and base.tip is not None and stage is Stage.CHANGE and before is None and not asked.proposed,
        tree=tree,
        renamed=before.renamed if before is not None else {},
        steered=before.steered if before is not None else frozenset(),
        tip=before.tip if before is not None else None,
    )


def _never(gate: GatePolicy) -> bool:
    del gate
    return False


@contextmanager
def steered_from(policies: Policies, steps: Sequence[Step], root: Path, work: Path) -> Iterator[tuple[Step, ...]]:
    """The steps, those that the policy at the tip asks for with the files there that steer them. Raises `RepositoryError`."""
    asked = [step for step in steps if step.policy == TIP_POLICY and steering(step.gate, step.options)]
    if not asked or policies.tip is None:
        yield tuple(steps)
        return
    with history.base_tree(root, policies.tip, work / f"tip-{token_hex(8)}") as tree:
        wanted = [path for step in asked for path in steering(step.gate, step.options)]
        tree.check_out([name for name in git.tracked_files(tree.root) if any(files.within(name, path) for path in wanted)])
        yield tuple(replace(step, judged=tree.root) if step in asked else step for step in steps)


def steering(gate: Gate, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The files and folders that steer a gate."""
    return gate.steering(codec.decode(gate.options, dict(options), "options"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """The policy that stands at the tip of the branch that the change goes into."""

    tip: str
    sources: tuple[PolicySource, ...]
    effective: Effective
    renamed: Mapping[str, str]
    steered: frozenset[str]

    def judging(self) -> Judging:
        words = f"{self.sources[-1].name} of {self.tip[:12]}, where the change goes"
        return Judging(name=TIP_POLICY, words=words, policy=self.effective.policy)


def _before(root: Path, asked: Asked, stage: Stage, base: Base | None) -> _Before | None:
    """None where there is no tip, or no policy there; and for one that can't be read, in a change that touches policy files alone."""
    if base is None or base.tip is None or stage is not Stage.CHANGE:
        return None
    tip = base.tip
    name = next((name for name in dict.fromkeys((asked.path, USUAL)) if git.file_at(root, tip, name) is not None), None)
    if name is None:
        return None
    changed = history.changed_files(root, tip, ())
    try:
        sources = load.collect_from(name, lambda member: git.file_at(root, tip, member))
        effective = compose(sources, stage, registry.find)
    except PolicyError as error:
        policy_files = {name, *(source.name for source in asked.sources)}
        if {path for file in changed for path in (file.base, file.path) if path is not None} <= policy_files:
            return None
        said = (replace(problem, where=f"{problem.where} (of {tip[:12]}, where the change goes)") for problem in error.problems)
        raise PolicyError(tuple(said)) from error
    renamed = {file.path: file.base for file in changed if file.path and file.base and file.path != file.base}
    paths = {path for file in changed for path in (file.base, file.path) if path is not None}
    steered = frozenset(gate.name for gate in effective.policy.gates if not why_not(gate, stage) and _steers(gate, paths))
    return _Before(tip=tip, sources=sources, effective=effective, renamed=renamed, steered=steered)


def _steers(gate: GatePolicy, changed: Iterable[str]) -> bool:
    """Whether any of the changed files says how a gate looks."""
    wanted = steering(registry.find(gate.uses), gate.options)
    return any(files.within(name, path) for name in changed for path in wanted)


def _contents(sources: Sequence[PolicySource]) -> list[tuple[str, str]]:
    return [(source.name, source.sha256) for source in sources]
