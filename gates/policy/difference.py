"""Two policies held against each other at every stage, each change with its places: what `gates policy diff` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gates import registry
from gates.dataclass import dataclass
from gates.model import Direction, PolicyChange, PolicySource, Severity, Stage
from gates.policy.changes import FindGate, policy_changes, waiver_changes
from gates.policy.compose import Effective, compose, limit_entries
from gates.policy.entry import Entry
from gates.policy.whole import requires

#: What a reviewer has to see first.
_ORDER = tuple(Direction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A change, and the stages at which it acts. `partly`: its gate runs at others too, of those that were asked for."""

    change: PolicyChange
    stages: tuple[Stage, ...]
    partly: bool = False


class Located:
    """Where an effective policy says things."""

    def __init__(self, effective: Effective | None) -> None:
        self._said = effective.origins if effective else {}
        self._files = {source.name for source in effective.policy.sources} if effective else set()
        self._bounds = dict(_bounds(effective)) if effective else {}

    def of(self, where: str, severity: Severity | None) -> str | None:
        """`file:line` of a dotted key, else of the nearest part that holds it; of a limit, the one from this severity."""
        if severity is not None and (where, severity) in self._bounds:
            return self._bounds[where, severity]
        if where in self._said:
            return self._said[where]
        while where := where.rpartition(".")[0]:
            place = self._said.get(where, "")
            if place.partition(":")[0] in self._files:
                return place
        return None


def difference(
    before: Sequence[PolicySource] | None,
    after: Sequence[PolicySource] | None,
    stages: Sequence[Stage] = tuple(Stage),
    find_gate: FindGate = registry.find,
) -> tuple[Difference, ...]:
    """Everything that changes from one policy to another at these stages, looser first. None: there is no policy.

    Raises `PolicyError` where either can't be composed.
    """
    found: dict[PolicyChange, list[Stage]] = {}
    runs: dict[str, set[Stage]] = {}
    for stage in stages:
        then, now = (compose(sources, stage, find_gate) if sources else None for sources in (before, after))
        for change in _changes(then, now, find_gate):
            found.setdefault(change, []).append(stage)
        for gate in (gate for side in (then, now) if side for gate in side.policy.gates if stage in gate.stages):
            runs.setdefault(f"gates.{gate.name}", set()).add(stage)
    for change in _of_files(before, after):
        found[change] = list(stages)
    differences = [_difference(change, at, runs, stages) for change, at in found.items()]
    return tuple(sorted(differences, key=lambda item: _ORDER.index(item.change.direction)))


def _difference(change: PolicyChange, at: Sequence[Stage], runs: Mapping[str, set[Stage]], stages: Sequence[Stage]) -> Difference:
    """It acts at the stages at which its gate runs; where that never does, at those at which it is said."""
    running = [stage for stage in stages if stage in runs.get(".".join(change.where.split(".")[:2]), stages)]
    acting = tuple(stage for stage in at if stage in running)
    return Difference(change=change, stages=acting or tuple(at), partly=bool(acting) and len(acting) < len(running))


def _changes(then: Effective | None, now: Effective | None, find_gate: FindGate) -> tuple[PolicyChange, ...]:
    """Changes at one stage. Where there is no policy on one side, it is all gates and waivers of the other."""
    there = then or now
    if there is None:
        return ()
    nothing = replace(there.policy, gates=(), waivers=())
    old, new = (side.policy if side else nothing for side in (then, now))
    places = (Located(then), Located(now))
    settings = policy_changes(old, new, find_gate=find_gate, places=places)
    return (*settings, *waiver_changes(old.waivers, new.waivers, places=places))


def _bounds(effective: Effective) -> Iterator[tuple[tuple[str, Severity], str]]:
    """Each bound of each limit by its dotted key and severity, with the place of its line."""
    for name, body in effective.document.value["gates"].items():
        for key, said in limit_entries(body):
            severity = Severity.from_word(said.said("severity", "info"))
            for bound, entry in _entries_of(said):
                yield (f"gates.{name}.require.{key}.{bound}", severity), entry.place.short


def _entries_of(said: Entry) -> Iterator[tuple[str, Entry]]:
    for key, entry in said.items():
        if key == "new":
            yield from ((f"new.{inner}", bound) for inner, bound in entry.items())
        else:
            yield key, entry


# -- what is said of the files themselves ------------------------------------------------------


def _of_files(before: Sequence[PolicySource] | None, after: Sequence[PolicySource] | None) -> Iterator[PolicyChange]:
    """What no composed policy keeps: which versions may read it, and of which files it is made."""
    if not before or not after:
        return
    then, now = requires(before), requires(after)
    if sorted(then) != sorted(now):
        looser, tighter = not now, not then
        yield PolicyChange(
            direction=Direction.LOOSER if looser else Direction.TIGHTER if tighter else Direction.UNWEIGHED,
            where="requires",
            then=", ".join(then),
            now=", ".join(now),
            why="any version may read it" if looser else "other versions may read it, and each may judge otherwise",
            then_at=", ".join(then.values()) or None,
            now_at=", ".join(now.values()) or None,
        )
    joined, joined_now = ([source.name for source in sources[:-1]] for sources in (before, after))
    if joined != joined_now:
        yield PolicyChange(
            direction=Direction.CHANGED,
            where="extends",
            then=", ".join(joined),
            now=", ".join(joined_now),
            why="what follows from it stands in lines of its own",
            then_at=before[-1].name,
            now_at=after[-1].name,
        )
