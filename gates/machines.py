"""A run on several machines: planned once, observed in parts, judged where none of the project's code runs."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gates
from gates import canonical, codec
from gates.adapters import clock, host, interrupts
from gates.api import Gate, Raw
from gates.api.raw import OBSERVED, PARTS, folder_of
from gates.api.tree import Tree
from gates.change.compare import TOUCHED
from gates.errors import GateError, PartError
from gates.evidence.archive import ARCHIVE_LIMIT
from gates.evidence.bundle import Contents
from gates.model import Context, GateRun, PartRun, PlannedRun, Status
from gates.observe import Masked, Observation, Place, Progress
from gates.parts import (
    Asking,
    GatePart,
    Part,
    Plan,
    Planned,
    PolicyDigest,
    Read,
    by_part,
    check_same,
    masks_of,
    read_part,
    share,
    shares_of,
    spread,
    write_part,
)
from gates.parts.part import SCHEMA as PART_SCHEMA
from gates.parts.plan import SCHEMA as PLAN_SCHEMA
from gates.pipeline import Given, judged, look
from gates.plan import Step
from gates.request import Request, Result
from gates.seen import Seen
from gates.start import Start, begin
from gates.written import write

_WAS_CHANGED = "the checkout of part {} was not left as it was: {}"


def plan(request: Request, asking: Asking, *, parts: int, isolated: bool, before: Contents | None) -> Plan:
    """Say which of so many parts does what. Runs none of the project's code, and no gate.

    `before` is an earlier run: it tells how long gates and their items take. Raises as `pipeline.run` does before its gates look.
    """
    start = begin(request)
    found = _described(start, request, asking, parts=parts, isolated=isolated)
    theirs = [step for step in start.steps if not _is_the_judge_s(step.gate, isolated=isolated)]
    shared = {step.name: divided for step in theirs if (divided := _share(step, request.root, start.tree, parts, before)) is not None}
    lengths = _lengths(before)
    usual = max(1, sum(lengths.values()) // len(lengths)) if lengths else 1
    placed = spread({step.name: lengths.get(_name(step), usual) for step in theirs if step.name not in shared}, parts)

    def of(planned: Planned) -> Planned:
        if planned.gate in shared:
            return replace(planned, parts=tuple(range(1, parts + 1)), shared=True)
        return replace(planned, parts=(placed[planned.gate],)) if planned.gate in placed else planned

    return replace(found, steps=tuple(map(of, found.steps)), shares=tuple(by_part(shared, parts)))


def observe_part(request: Request, planned: Plan, part: int, out: Path, progress: Progress) -> Part:
    """Observe one part of a plan and write what was seen, whatever that is. Judges nothing.

    Raises `PartError` where what is checked out is not what was planned, `KeyboardInterrupt` where it was interrupted: then nothing is
    written; and as `pipeline.run` does.
    """
    if not 1 <= part <= planned.parts:
        raise PartError(f"the plan has no part {part}", help=f"its parts are 1 to {planned.parts}")
    start = _begin_as(request, planned)
    own = {item.gate: item for item in planned.of_part(part)}
    steps = [
        replace(step, share=shares_of(planned, step.name, part)) if own[step.name].shared else step
        for step in start.steps
        if step.name in own
    ]
    seen, changed = look(request, replace(start, steps=steps), progress)
    if seen.interrupted or interrupts.arrived():
        raise KeyboardInterrupt
    there = _told_of_base(seen)
    masked, masked_base = seen.masked(seen.here), seen.masked(there)
    said = Part(
        schema=PART_SCHEMA,
        plan=planned.digest,
        part=part,
        version=gates.__version__,
        commit=planned.commit,
        started=start.started,
        duration_ms=round((clock.monotonic() - start.begun) * 1000),
        python=platform.python_version(),
        platform=host.described(),
        changed=seen.redactor.text(changed),
        gates=tuple(_gate_part(item, masked[item.name]) for item in seen.here),
        base=tuple(_gate_part(item, masked_base[item.name]) for item in there),
    )
    raw, base_raw = ({name: item.members for name, item in side.items()} for side in (masked, masked_base))
    write_part(out, said, raw, base_raw, seen.redactor)
    return said


def _told_of_base(seen: Seen) -> Sequence[Observation]:
    """What gates saw at the base, where the base's files were left as they are."""
    touched = seen.change is None or any(item.reason == TOUCHED for item in seen.change.gates)
    return () if touched else seen.there


def _gate_part(item: Observation, masked: Masked) -> GatePart:
    unsearched = tuple(sorted(item.unsearched, key=lambda found: (found.rule, found.why)))
    return GatePart(run=item.run, masks=masks_of(masked.places), unsearched=unsearched)


def judge(request: Request, planned: Plan, paths: Sequence[Path], progress: Progress, *, named: bool) -> Result:
    """Join the parts of a plan, judge what they saw, and write the bundle. None of the project's code is run.

    What the plan leaves to the judge is observed here, on both sides. A gate whose part is missing could not tell. `named`: the plan was
    named by its digest, so nobody has put another in its place. Raises `PartError` for parts that are doubled, broken or of another run,
    for one that is missing and had nothing to do (nothing else would tell of it), and as `pipeline.run` does.
    """
    start = _begin_as(request, planned)
    parts = _read_parts(planned, paths)
    _refuse_lost(planned, parts)
    given = Given(
        here={item.gate: _joined(item, planned, parts) for item in planned.steps if item.parts},
        there={
            item.gate: parts[item.parts[0]].there[item.gate]
            for item in planned.steps
            if len(item.parts) == 1 and item.parts[0] in parts and item.gate in parts[item.parts[0]].there
        },
    )
    steps = tuple(step if step.name in given.there else _without_project(step) for step in start.steps)
    start = replace(start, steps=steps, context=_context(start.context, planned, parts))
    seen, changed = look(request, start, progress, given)
    changed = changed or seen.redactor.text(
        next((_WAS_CHANGED.format(number, read.part.changed) for number, read in sorted(parts.items()) if read.part.changed), "")
    )
    limited = [words for words in (changed, "the run was interrupted" if seen.interrupted else "") if words]
    start = replace(start, context=replace(start.context, limited=(*start.context.limited, *limited)))
    record, kept = judged(request, start, seen, changed)
    record = replace(record, run=replace(record.run, plan=_planned_run(planned, parts)))
    return write(record, request, kept, start.previous, interrupted=seen.interrupted, place="apart" if planned.isolated and named else None)


# -- what stands here --------------------------------------------------------------------------


def _described(start: Start, request: Request, asking: Asking, *, parts: int, isolated: bool) -> Plan:
    """The plan of what stands here, before anybody is given anything to do."""
    context = start.context
    return Plan(
        schema=PLAN_SCHEMA,
        version=gates.__version__,
        day=context.day,
        commit=context.commit,
        tree=context.tree,
        folder=context.folder,
        dirty=context.dirty,
        content=_content(request.root, start.tree) if context.dirty or context.commit is None else None,
        base=context.base,
        asked=asking,
        policies=tuple(
            PolicyDigest(name=item.name, digest=f"sha256:{canonical.sha256(canonical.of(item.policy))}") for item in start.policies.judgings
        ),
        isolated=isolated,
        parts=parts,
        steps=tuple(Planned(gate=step.name, uses=step.gate.id, parser=step.gate.parser) for step in start.steps),
        limited=context.limited,
    )


def _begin_as(request: Request, planned: Plan) -> Start:
    """The begin of a run that is the planned one; raises `PartError` where what stands here is something else."""
    start = begin(request)
    here = _described(start, request, planned.asked, parts=planned.parts, isolated=planned.isolated)
    check_same(planned, replace(here, day=planned.day), start.steps)
    return start


def _content(root: Path, tree: Tree) -> str:
    """The digest of all files of a tree, by their names and bytes; of a link, by where it leads."""
    digest = hashlib.sha256()
    for name in tree.files:
        path = root / name
        try:
            content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()  # noqa: PTH115 (bytes as they are)
        except OSError:
            content = b""
        for part in (os.fsencode(name), b"link" if path.is_symlink() else b"file", content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return f"sha256:{digest.hexdigest()}"


# -- who does what -----------------------------------------------------------------------------


def _is_the_judge_s(gate: Gate, *, isolated: bool) -> bool:
    """Whether the judge observes a gate itself. One that meets secrets always: they are masked in what the parts wrote, and told nobody."""
    return gate.meets_secrets or (isolated and not gate.executes_project)


def _share(step: Step, root: Path, tree: Tree, parts: int, before: Contents | None) -> tuple[Mapping[str, int], Mapping[str, int]] | None:
    """The part of each file and item of a gate that can be shared; None where one part observes all of it."""
    division = step.gate.division
    options: Any = codec.decode(step.gate.options, dict(step.options), "options")
    if division is None or parts == 1 or division.why_not(options):
        return None
    times = _times(step, before)
    standing = set(tree.files)
    files = {*division.files(root, tree.files, options), *(name for name in times if name in standing)}
    return share(sorted(filter(_is_text, files)), times, parts)


def _is_text(name: str) -> bool:
    """Whether a plan can name it. What it can't name goes to a part by the gate's own rule."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _times(step: Step, before: Contents | None) -> Mapping[str, Mapping[str, int]]:
    """How long the items of a gate took before; nothing where that run does not tell. It only balances the parts."""
    division, name = step.gate.division, _name(step)
    if before is None or division is None or name not in before.raw:
        return {}
    raw = Raw(gate=name, uses=step.gate.id, parser=step.gate.parser, members=before.raw[name])
    try:
        return division.milliseconds(raw)
    except (GateError, ValueError, TypeError, LookupError, AttributeError):
        return {}


def _lengths(before: Contents | None) -> Mapping[str, int]:
    """How long each gate took when it last looked, in milliseconds."""
    return {run.gate: run.duration_ms for run in before.record.run.gates if not run.cached} if before is not None else {}


def _name(step: Step) -> str:
    """A gate as its policy calls it, whichever policy has it observed."""
    return step.name.partition("@")[0]


# -- joining -----------------------------------------------------------------------------------


def _read_parts(planned: Plan, paths: Sequence[Path]) -> dict[int, Read]:
    """The parts by their numbers; raises `PartError` for one that is broken or named twice, and where they are too large together."""
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if size > ARCHIVE_LIMIT:
        raise PartError(f"the parts are larger together than evidence may be: {ARCHIVE_LIMIT // 2**20} MiB", help="examine less in one run")
    found: dict[int, Read] = {}
    for path in paths:
        read = read_part(path, planned)
        if read.part.part in found:
            raise PartError(f"part {read.part.part} is named twice", where=str(path), help="name each part once")
        found[read.part.part] = read
    return found


def _refuse_lost(planned: Plan, parts: Mapping[int, Read]) -> None:
    """Raise `PartError` for a part that is missing and that no gate waits for: a verdict would be in part, and green."""
    for number in range(1, planned.parts + 1):
        if number not in parts and not planned.of_part(number):
            raise PartError(
                f"part {number} of {planned.parts} is missing: it had nothing to observe, and that is what it has to say",
                help="name every part, or plan no more of them than there is work for",
            )


def _context(context: Context, planned: Plan, parts: Mapping[int, Read]) -> Context:
    """The same with the parts that were planned, and those that are missing."""
    every = range(1, planned.parts + 1)
    lost = tuple(f"part {number} of {planned.parts} is missing" for number in every if number not in parts)
    return replace(context, parts=tuple(f"{number} of {planned.parts}" for number in every), limited=(*context.limited, *lost))


def _without_project(step: Step) -> Step:
    """The same, never to be run on a tree of the base where that would run the project's code."""
    if not step.gate.executes_project:
        return step
    return replace(step, gate=replace(step.gate, why_no_base=partial(_why_no_base, step.gate), by_file=False))


def _why_no_base(gate: Gate, options: Any) -> str:
    return gate.no_base(options) or "the part that observed it does not tell what was there at the base"


def _joined(item: Planned, planned: Plan, parts: Mapping[int, Read]) -> Observation:
    """What the parts saw of a gate, as one observation; where a part is missing, that is what there is to say."""
    seen = {number: read.here[item.gate] for number, read in sorted(parts.items()) if item.gate in read.here}
    if not item.shared:
        number = item.parts[0]
        return seen[number] if number in seen else _missing(item, planned, parts)
    members: dict[str, bytes] = {PARTS: _json({"parts": planned.parts}), OBSERVED: _json({"status": Status.COMPLETED.value})}
    places: list[Place] = []
    for number, observation in seen.items():
        folder = folder_of(number)
        members |= {f"{folder}{name}": content for name, content in observation.members.items()}
        places += [replace(place, name=f"{folder}{place.name}") for place in observation.places]
    runs = [observation.run for observation in seen.values()]
    return Observation(
        name=item.gate,
        members=members,
        secrets={},
        run=GateRun(
            gate=item.gate,
            started_ms=min((run.started_ms for run in runs), default=0),
            duration_ms=max((run.duration_ms for run in runs), default=0),
        ),
        places=tuple(places),
        unsearched=frozenset().union(*(observation.unsearched for observation in seen.values())),
    )


def _missing(item: Planned, planned: Plan, parts: Mapping[int, Read]) -> Observation:
    number = item.parts[0]
    lost = "says nothing of it" if number in parts else "is missing, which was to observe it"
    said = {
        "status": Status.ERROR.value,
        "reason": f"part {number} of {planned.parts} {lost}",
        "remedy": f"run it (`gates observe PLAN --part {number}`), and judge all parts together",
    }
    run = GateRun(gate=item.gate, started_ms=0, duration_ms=0)
    return Observation(name=item.gate, members={OBSERVED: _json(said)}, secrets={}, run=run)


def _json(data: Any) -> bytes:
    return json.dumps(data).encode()


def _planned_run(planned: Plan, parts: Mapping[int, Read]) -> PlannedRun:
    runs = tuple(
        PartRun(
            part=number,
            started=read.part.started,
            duration_ms=read.part.duration_ms,
            python=read.part.python,
            platform=read.part.platform,
            digest=f"sha256:{read.digest}",
        )
        for number, read in sorted(parts.items())
    )
    return PlannedRun(digest=planned.digest, isolated=planned.isolated, parts=runs)
