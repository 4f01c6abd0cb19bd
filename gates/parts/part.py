"""What one machine saw: a plan's part as an archive, like a bundle's. It comes from a job that ran the change's code: nothing is believed.

`part.json` says of which plan it is and what was masked; `raw/<gate>/…` is what the plan lets this part observe, `base-raw/<gate>/…` what
the same gates saw at the base where their findings need it, and nothing else may be there. What the gates wrote is data for their parsers:
no byte of it is run, and its names are those that evidence may hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from gates import canonical, codec, jsontext, redact
from gates.adapters import files
from gates.api.context import RAW_LIMIT
from gates.cache import Mask
from gates.dataclass import dataclass
from gates.errors import BundleError, EvidenceError, PartError, cut
from gates.evidence import archive
from gates.facts import OBSERVED
from gates.model import GateRun, Status
from gates.observe import RAW_MEMBERS, Observation, Place
from gates.parts.plan import Plan

SCHEMA = "gates/part/v1"
NAME = "part.json"
_AGAIN = "run the part again, and take what it writes as it is"
_MOST_MASKS, _MOST_TEXT = 20_000, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePart:
    """A gate in a part: its times, what was masked, and of which rules it met a secret that can't be searched for everywhere."""

    run: GateRun
    masks: tuple[Mask, ...] = ()
    unsearched: tuple[redact.Unsearched, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a part says of itself. `changed` says in words what became of the checkout while the gates looked at it."""

    schema: str
    plan: str
    part: int
    version: str
    commit: str | None
    started: str
    duration_ms: int
    python: str
    platform: str
    changed: str = ""
    gates: tuple[GatePart, ...] = ()
    base: tuple[GatePart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A part that was read: what it says, its observations here and at the base by gate, and its archive's digest (sha256, hex)."""

    part: Part
    here: Mapping[str, Observation] = field(default_factory=dict)
    there: Mapping[str, Observation] = field(default_factory=dict)
    digest: str = ""


#: Raw output by gate.
_Raw = Mapping[str, Mapping[str, bytes]]


def write_part(path: Path, part: Part, raw: _Raw, base_raw: _Raw, redactor: redact.Redactor) -> str:
    """Write a part; its digest (sha256, hex). Raises `EvidenceError` where a secret stands in it, or it is beyond the bounds."""
    members = {NAME: canonical.of(part)}
    for folder, side in (("raw", raw), ("base-raw", base_raw)):
        members |= {f"{folder}/{gate}/{name}": content for gate, held in side.items() for name, content in held.items()}
    leaking = sorted(name for name, content in members.items() if redactor.finds(content) or redactor.finds(name.encode()))
    if leaking:
        raise EvidenceError(
            "the part would hold a secret that this run saw, so nothing was written",
            where=redactor.text(leaking[0]),
            help="find out how the secret comes there (a file's name); take it out, revoke it, and run again",
        )
    try:
        content = archive.pack(members)
    except BundleError as error:
        problem = error.problems[0]
        raise EvidenceError(problem.error.replace("the bundle", "the part"), where=problem.where, help=problem.help) from error
    files.write_atomically(path, content)
    return canonical.sha256(content)


def read_part(path: Path, plan: Plan) -> Read:
    """A part of a plan. Raises `PartError` for what is none, is damaged, is of another plan, or holds what is not its own."""
    try:
        members = archive.read_file(path)
    except BundleError as error:
        said = error.problems[0]
        raise PartError(
            f"this is not a part that can be read: {said.error.replace('the bundle', 'it')}",
            where=": ".join(filter(None, (str(path), said.where))),
            help=_AGAIN,
        ) from error
    except OSError as error:
        raise PartError(
            f"the part can't be read: {error.strerror or error}", where=str(path), help="name what `gates observe` wrote"
        ) from error
    try:
        part = _said(members)
        _check_plan(part, plan)
        _check_members(members)
        here, there = (
            _observations(part.part, told, plan, _by_gate(members, folder), at_base=folder == "base-raw/")
            for told, folder in ((part.gates, "raw/"), (part.base, "base-raw/"))
        )
        return Read(part=part, here=here, there=there, digest=canonical.sha256(archive.pack(members)))
    except ValueError as error:
        raise PartError(cut(str(error), 500), where=str(path), help=_AGAIN) from error


def _said(members: Mapping[str, bytes]) -> Part:
    """What the part says of itself; raises `ValueError` where it has not the form that it should."""
    try:
        data = canonical.loads(members[NAME])
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise ValueError(f"the schema of {NAME} is not {SCHEMA}")
        part = codec.decode(Part, data)
    except KeyError:
        raise ValueError(f"there is no {NAME}: this is no part of a plan") from None
    except TypeError as error:
        raise ValueError(f"{NAME} does not have the form that it should: {error}") from error
    gates = (*part.gates, *part.base)
    rules = [rule for gate in gates for mask in gate.masks for rule in mask.rules]
    rules += [item.rule for gate in gates for item in gate.unsearched]
    texts = (part.version, part.started, part.python, part.platform, part.changed, *rules)
    if max(map(len, texts)) > _MOST_TEXT or part.duration_ms < 0 or any(len(gate.masks) > _MOST_MASKS for gate in gates):
        raise ValueError(f"{NAME} says more than a part has to say")
    return part


def _check_plan(part: Part, plan: Plan) -> None:
    """Raise `ValueError` for a part of another plan: its version and its commit, which say most, come first."""
    if part.version != plan.version:
        raise ValueError(f"this part is by version {part.version} of gates, and the plan by {plan.version}")
    if part.commit != plan.commit:
        raise ValueError(f"this part is of commit {part.commit or 'none'}, and the plan of {plan.commit or 'none'}")
    if part.plan != plan.digest:
        raise ValueError(f"this part is of another plan: {part.plan}, and this is {plan.digest}")
    if not 1 <= part.part <= plan.parts:
        raise ValueError(f"this is part {part.part}, and the plan has {plan.parts}")


def _check_members(members: Mapping[str, bytes]) -> None:
    """Raise `ValueError` for a member that no part writes."""
    for name in sorted(members):
        folder, _, rest = name.partition("/")
        if name != NAME and (folder not in {"raw", "base-raw"} or "/" not in rest):
            raise ValueError(f"it holds {name}, which is no part of what a part writes")


def _by_gate(members: Mapping[str, bytes], folder: str) -> dict[str, dict[str, bytes]]:
    raw: dict[str, dict[str, bytes]] = {}
    for name, content in members.items():
        if name.startswith(folder):
            gate, _, member = name.removeprefix(folder).partition("/")
            raw.setdefault(gate, {})[member] = content
    return raw


def _observations(
    part: int, gates: Sequence[GatePart], plan: Plan, raw: Mapping[str, Mapping[str, bytes]], *, at_base: bool
) -> dict[str, Observation]:
    """What was seen on one side, by gate; raises `ValueError` where the part holds what is not its own."""
    own = {step.gate for step in plan.of_part(part)}
    told = {gate.run.gate: gate for gate in gates}
    if len(told) != len(gates):
        raise ValueError("a gate stands in this part twice")
    for gate in sorted({*told, *raw}):
        if gate not in own:
            raise ValueError(f"part {part} holds raw output of {gate}, which is not its to observe")
    if set(told) != set(raw):
        raise ValueError(f"part {part} says one thing of {min(set(told) ^ set(raw))} and holds another")
    for name in () if at_base else sorted(told):
        if _has_nothing(raw[name]):
            raise ValueError(f"part {part} says that nothing was named for {name} to examine: a plan names no files")
    return {name: _observation(told[name], raw[name]) for name in told}


def _has_nothing(members: Mapping[str, bytes]) -> bool:
    """Whether a gate says that it does not apply. Whatever can't be read is for its parser to refuse."""
    try:
        said = jsontext.loads(members.get(OBSERVED, b""))
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("status") == Status.NOT_APPLICABLE.value


def _observation(told: GatePart, members: Mapping[str, bytes]) -> Observation:
    run = told.run
    if run.cached or run.cached_from is not None or run.cached_items is not None:
        raise ValueError(f"{run.gate} was not observed for this part: it says that it was seen before")
    if min(run.started_ms, run.duration_ms, *run.tool_ms) < 0:
        raise ValueError(f"{run.gate} took less than no time")
    if any(mask.line < 0 or mask.count < 1 for mask in told.masks):
        raise ValueError(f"part.json says of masks in the raw output of {run.gate} what can't be")
    if len(members) > RAW_MEMBERS or sum(map(len, members.values())) > RAW_LIMIT:
        raise ValueError(f"the raw output of {run.gate} is larger than evidence may be: {RAW_LIMIT // 2**20} MiB, {RAW_MEMBERS} files")
    places = tuple(Place(name=mask.name, line=mask.line, rules=frozenset(mask.rules), count=mask.count) for mask in told.masks)
    return Observation(name=run.gate, members=members, secrets={}, run=run, places=places, unsearched=frozenset(told.unsearched))


def masks_of(places: Sequence[Place]) -> tuple[Mask, ...]:
    """What a part says of masks."""
    return tuple(
        Mask(name=place.name, line=place.line, rules=tuple(sorted(place.rules)), count=place.count) for place in places[:_MOST_MASKS]
    )
