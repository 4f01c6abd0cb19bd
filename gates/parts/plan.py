"""A plan: what a run is about, what it was asked for, and which part observes what. Canonical JSON, named by its digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path

from gates import canonical, codec
from gates.api import Share
from gates.api.raw import MOST_PARTS
from gates.dataclass import dataclass
from gates.errors import PartError, cut
from gates.model import Stage
from gates.plan import Step

SCHEMA = "gates/plan/v1"
_MOST_BYTES = 32 * 2**20
_AGAIN = "make the plan anew with `gates plan`, and observe its parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The options of `gates plan` that shape what is observed, as they were given: each part and the judge ask the same."""

    stage: Stage
    policy: str | None = None
    policy_from: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    base: str | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDigest:
    """A policy that judges the run, and the digest of what it says (`sha256:` and hex)."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A gate to observe: in which parts (from 1; none: the judge observes it), all of which have a share of it where `shared`."""

    gate: str
    uses: str
    parser: int
    parts: tuple[int, ...] = ()
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What one part has of a gate that is shared: whole files, and single items of files that are shared themselves."""

    gate: str
    part: int
    files: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is planned. `content` is the digest of the tree's files where the commit does not tell what they hold.

    `isolated`: gates that don't run the project's code are observed by the judge. `limited` says in words what the tree lacks.
    `folder` is that of the repository which is judged by itself; None: all of it.
    """

    schema: str
    version: str
    day: date
    commit: str | None
    tree: str | None
    dirty: bool
    content: str | None
    base: str | None
    asked: Asking
    policies: tuple[PolicyDigest, ...]
    isolated: bool
    parts: int
    steps: tuple[Planned, ...]
    shares: tuple[Shared, ...] = ()
    limited: tuple[str, ...] = ()
    folder: str | None = None

    @property
    def digest(self) -> str:
        """`sha256:` and hex, of the plan's bytes."""
        return f"sha256:{canonical.sha256(canonical.of(self))}"

    def of_part(self, part: int) -> tuple[Planned, ...]:
        """What a part observes."""
        return tuple(step for step in self.steps if part in step.parts)


def read_plan(path: Path) -> Plan:
    """The plan in a file. Raises `PartError` for what is none."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        said = error.strerror or str(error)
        raise PartError(f"the plan can't be read: {said}", where=str(path), help="name what `gates plan` wrote") from error
    if len(content) > _MOST_BYTES:
        raise PartError(f"the plan is larger than {_MOST_BYTES // 2**20} MiB", where=str(path), help=_AGAIN)
    try:
        data = canonical.loads(content)
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        plan = codec.decode(Plan, data)
    except (ValueError, TypeError) as error:
        raise PartError(f"this is not a plan: {cut(str(error), 300)}", where=str(path), help="name what `gates plan` wrote") from error
    fault = next(_faults(plan), "")
    if fault:
        raise PartError(f"the plan does not fit together: {fault}", where=str(path), help=_AGAIN)
    return plan


def _faults(plan: Plan) -> Iterator[str]:
    every = tuple(range(1, plan.parts + 1))
    names = [step.gate for step in plan.steps]
    if not 1 <= plan.parts <= MOST_PARTS:
        yield f"it has {plan.parts} parts"
    if len(set(names)) != len(names):
        yield "a gate stands in it twice"
    for step in plan.steps:
        if step.parts != every if step.shared else len(step.parts) > 1 or not set(step.parts) <= set(every):
            yield f"{step.gate} is observed in the parts {', '.join(map(str, step.parts))}"
    shared = {step.gate for step in plan.steps if step.shared}
    for item in plan.shares:
        if item.gate not in shared or item.part not in every:
            yield f"part {item.part} has a share of {item.gate}"


def shares_of(plan: Plan, gate: str, part: int) -> Share:
    """What a part has of a gate that is shared."""
    own = [item for item in plan.shares if item.gate == gate]
    return Share(
        part=part,
        parts=plan.parts,
        files={name: item.part for item in own for name in item.files},
        items={name: item.part for item in own for name in item.items},
    )


def check_same(plan: Plan, here: Plan, steps: Sequence[Step]) -> None:
    """Raise `PartError` unless what stands here is what was planned. `here` is a plan made of it, with the `steps` that it has."""
    difference = next(_differences(plan, here), None)
    if difference is not None:
        raise PartError(difference[0], help=difference[1])
    gates = {step.name: step.gate for step in steps}
    for planned in plan.steps:
        gate = gates[planned.gate]
        by_judge = gate.meets_secrets or (plan.isolated and not gate.executes_project)
        if by_judge and planned.parts:
            raise PartError(
                f"the plan lets a part observe {planned.gate}, which is the judge's to observe", help=f"the plan was altered: {_AGAIN}"
            )
        if not by_judge and not planned.parts:
            raise PartError(f"the plan lets nobody but the judge observe {planned.gate}", help=f"the plan was altered: {_AGAIN}")
        if planned.shared and gate.division is None:
            raise PartError(f"the plan shares {planned.gate} among parts, and it can't be shared", help=f"the plan was altered: {_AGAIN}")


def _differences(plan: Plan, here: Plan) -> Iterator[tuple[str, str]]:
    """What is not as it was planned, and what to do."""
    if plan.version != here.version:
        yield (
            f"the plan is by version {plan.version} of gates, and this is {here.version}",
            "use the same version for the plan, its parts and the judge",
        )
    if plan.commit != here.commit:
        yield (
            f"the plan is of commit {plan.commit or 'none'}, and checked out is {here.commit or 'none'}",
            "check out the commit of the plan, or make a plan for this one",
        )
    if plan.folder != here.folder:
        yield (
            f"the plan is of {plan.folder or 'the whole repository'}, and this is {here.folder or 'the whole repository'}",
            "name the folder of the plan, with -C or as the working directory",
        )
    if here.dirty and not plan.dirty:
        yield (
            "this checkout has changes that are not committed, and the plan's had none",
            "take them away; let the plan and its parts lie outside of the checkout, or in its .gates folder",
        )
    if (plan.dirty, plan.tree, plan.content) != (here.dirty, here.tree, here.content):
        yield "the files here are not those that the plan is of", _AGAIN
    if plan.base != here.base:
        yield (
            f"the plan is held against {plan.base or 'no base'}, and here the base is {here.base or 'none'}",
            "fetch the same history here, or name the base in the plan: `gates plan --base REV`",
        )
    if plan.limited != here.limited:
        yield f"this checkout is not as whole as the plan's: {'; '.join(here.limited) or 'the plan was made of less'}", _AGAIN
    if plan.policies != here.policies:
        told, found = ({item.name: item.digest for item in side.policies} for side in (plan, here))
        name = next((name for name in [*told, *found] if told.get(name) != found.get(name)), "")
        yield f"the policy {name!r} is not the one that the plan was made by", _AGAIN
    asked = [[(step.gate, step.uses, step.parser) for step in side.steps] for side in (plan, here)]
    if asked[0] != asked[1]:
        yield "the plan is of other gates than the policy asks for", _AGAIN
    for field in fields(Plan):
        if field.name not in {"steps", "shares"} and getattr(plan, field.name) != getattr(here, field.name):
            yield f"the {field.name} of the plan is another than here", _AGAIN


def by_part(shares: Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]], parts: int) -> Iterator[Shared]:
    """What each part has of each gate that is shared, from the part of each file and of each item."""
    for gate, (files, items) in shares.items():
        for part in range(1, parts + 1):
            yield Shared(
                gate=gate,
                part=part,
                files=tuple(sorted(name for name, owner in files.items() if owner == part)),
                items=tuple(sorted(name for name, owner in items.items() if owner == part)),
            )
