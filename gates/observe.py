"""Runs the steps of a plan side by side, each bounded in time. An exception becomes a fact; raw output stays in a work folder."""

from __future__ import annotations

import json
import os
import shutil
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import field, replace
from datetime import date
from pathlib import Path
from secrets import token_hex
from typing import Any

from gates import codec, redact
from gates.adapters import clock, interrupts, process
from gates.api import ObserveContext
from gates.api.context import RAW_LIMIT, BaseFiles
from gates.api.masked import Note
from gates.api.tree import Tree
from gates.cache import Answer, Cache, Entry, Mask, Question
from gates.dataclass import dataclass
from gates.errors import GateError, InterruptedRunError, NothingNamedError
from gates.facts import OBSERVED
from gates.model import CachedFrom, GateRun, Status
from gates.plan import Step

RAW_MEMBERS = 400
NO_MEMORY = "there is too little memory"
_PLAIN = frozenset(string.ascii_letters + string.digits + "._/-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A gate's raw output as it was written, not yet redacted, and the secrets that it met with the rules by which each is one.

    `notes` say what the gate masked by itself, `unsearched` of which rules it met a secret that can't be searched for everywhere. `places`
    are masks of an earlier run, where the raw output is of one. `answer` is what the cache said of it, where it was asked.
    """

    name: str
    members: Mapping[str, bytes]
    secrets: Mapping[str, frozenset[str]]
    run: GateRun
    notes: tuple[Note, ...] = ()
    unsearched: frozenset[redact.Unsearched] = frozenset()
    places: tuple[Place, ...] = ()
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was seen, in the order of the steps. `interrupted`: steps that had not ended are left out."""

    observations: tuple[Observation, ...]
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all steps of a run share. `environment` is the user's; children get it without its secrets. `day` is the day of evaluation.

    `cache` is asked before a gate looks; `base` is the commit that the run is held against, for what follows from it. `expected` says how
    long (in milliseconds) gates took when they last looked. `meanwhile` is what there is to do while gates look.

    Where `root` is a tree of the base, `judged` is that of what is judged, and `renamed` the names there of files that have another here.
    """

    root: Path
    work: Path
    environment: Mapping[str, str]
    offline: bool = False
    selected: tuple[str, ...] | None = None
    tree: Tree | None = None
    judged: Path | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    added_lines: Callable[[Sequence[str]], Mapping[str, Sequence[Sequence[int]]] | None] = lambda _: None
    base_files: BaseFiles = lambda _: None
    day: date = field(default_factory=clock.today)
    cache: Cache | None = None
    base: str | None = None
    meanwhile: Callable[[], object] = lambda: None
    expected: Mapping[str, int] = field(default_factory=dict)


class Progress:
    """Told what happens, from several threads. This one says nothing."""

    def started(self, name: str) -> None: ...

    def doing(self, name: str, text: str) -> None: ...

    def ended(self, name: str, run: GateRun, *, knows: bool) -> None:
        """Whether the gate could tell. Why it could not is for the report: by then all secrets are known that must not stand there."""


def observe(steps: Sequence[Step], setting: Setting, *, jobs: int, progress: Progress) -> Observed:
    """Observe all steps, `jobs` at a time, those that took longest before first, else those with the longest time limit.

    What the cache knows is not observed: it is asked about all of them before the first one begins.

    On `KeyboardInterrupt` every child is stopped, and what was finished is returned. Raises `MemoryError` where the system gives no thread.
    """
    begun = clock.monotonic()
    futures: dict[str, Future[Observation | None]] = {}
    interrupted = False
    answers = _ask_cache(steps, setting, progress)
    known = {name: _cached(answer, begun, progress) for name, answer in answers.items() if answer.entry is not None}
    waiting = [step for step in steps if step.name not in known]
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="gate") as pool:
        try:
            for step in sorted(waiting, key=lambda step: _turn(step, setting)):
                futures[step.name] = _submit(pool, _observe_step, step, setting, begun, progress, answers.get(step.name))
            if setting.cache is not None:
                answers = {name: setting.cache.complete(answer) for name, answer in answers.items()}
            if futures:
                setting.meanwhile()
            wait(futures.values())
            interrupts.hold()
        except KeyboardInterrupt:
            interrupted = True
            interrupts.hold()
            process.stop_all()
            pool.shutdown(cancel_futures=True)
        except MemoryError:
            process.stop_all()
            pool.shutdown(cancel_futures=True)
            raise
    done = {name: future.result() for name, future in futures.items() if not future.cancelled()}
    seen = known | {name: replace(item, answer=answers.get(name)) for name, item in done.items() if item is not None}
    return Observed(observations=tuple(seen[step.name] for step in steps if step.name in seen), interrupted=interrupted)


def _turn(step: Step, setting: Setting) -> tuple[int, int]:
    """What takes long begins first, so that nothing is left to wait for at the end. What was never measured may take long."""
    expected = setting.expected.get(step.name)
    return (0, -step.timeout_seconds) if expected is None else (1, -expected)


def _ask_cache(steps: Sequence[Step], setting: Setting, progress: Progress) -> dict[str, Answer]:
    """What the cache says of each step, before any of them begins: the project's own programs could write to it."""
    if setting.cache is None:
        return {}
    questions = [Question(step=step, context=_context(step, setting, progress), base=setting.base) for step in steps]
    return {question.step.name: setting.cache.ask(question) for question in questions}


def _cached(answer: Answer, begun: float, progress: Progress) -> Observation:
    """What an earlier run saw, as an observation of this one."""
    entry = answer.entry
    if entry is None:
        raise ValueError("an answer without an entry is no observation")
    now = round((clock.monotonic() - begun) * 1000)
    run = GateRun(gate=answer.name, started_ms=now, duration_ms=0, cached=True, cached_from=entry.origin)
    progress.ended(answer.name, run, knows=True)
    places = tuple(Place(name=mask.name, line=mask.line, rules=frozenset(mask.rules), count=mask.count) for mask in entry.masks)
    return Observation(name=answer.name, members=entry.members, secrets={}, run=run, places=places, answer=answer)


def entry_of(masked: Masked, origin: CachedFrom) -> Entry:
    """What the cache keeps of an observation."""
    masks = tuple(Mask(name=place.name, line=place.line, rules=tuple(sorted(place.rules)), count=place.count) for place in masked.places)
    return Entry(members=masked.members, masks=masks, origin=origin)


def _submit(pool: ThreadPoolExecutor, *call: Any) -> Future[Observation | None]:
    """Raises `MemoryError` where the system gives no thread: Python has no error of its own for that."""
    try:
        return pool.submit(*call)
    except RuntimeError as error:
        raise MemoryError from error


def _observe_step(step: Step, setting: Setting, begun: float, progress: Progress, answer: Answer | None) -> Observation | None:
    """What one gate saw; None where it was stopped. Where the machine gives it no place to work, that is its reason."""
    progress.started(step.name)
    context = _context(step, setting, progress)
    if answer is not None:
        context.pieces = answer.pieces
    try:
        members = _observe_raw(step, context)
    except InterruptedRunError:
        return None
    except OSError as error:
        members = _unknown(f"there was no place to work in: {error.strerror}", "free some space in the folder for temporary files (TMPDIR)")
    if process.stopping():
        return None
    started, ended = context.deadline - step.timeout_seconds, clock.monotonic()
    run = GateRun(
        gate=step.name,
        started_ms=round((started - begun) * 1000),
        duration_ms=round((ended - started) * 1000),
        tool_ms=tuple(round(seconds * 1000) for seconds in context.tool_seconds),
        cached_items=context.pieces.taken or None,
    )
    progress.ended(step.name, run, knows=not _reason(members))
    return Observation(
        name=step.name,
        members=members,
        secrets={secret: frozenset(rules) for secret, rules in context.secrets.items()},
        run=run,
        notes=tuple(note for notes in context.notes.values() for note in notes),
        unsearched=frozenset(context.unsearched),
    )


def _context(step: Step, setting: Setting, progress: Progress) -> ObserveContext:
    context = ObserveContext(
        gate=step.name,
        uses=step.gate.id,
        root=setting.root,
        scratch=setting.work / "scratch" / step.name,
        # Where nobody knows beforehand: a program of another gate could put something in its place.
        raw_folder=setting.work / f"raw-{token_hex(8)}" / step.name,
        environment=redact.child_environment(setting.environment),
        variables=setting.environment,
        deadline=clock.monotonic() + step.timeout_seconds,
        offline=setting.offline,
        selected=setting.selected if step.selected is None else step.selected,
        tree=setting.tree,
        judged=step.judged or setting.judged,
        added_lines=setting.added_lines,
        base_files=setting.base_files,
        renamed=setting.renamed if step.renamed is None else step.renamed,
        day=setting.day,
        share=step.share,
        report_progress=lambda text: progress.doing(step.name, _redactor(setting, context.secrets).text(text)),
    )
    return context


def _observe_raw(step: Step, context: ObserveContext) -> dict[str, bytes]:
    """The raw output of one gate, in folders that are made for it. Raises `OSError` where they can't be."""
    context.raw_folder.mkdir(parents=True)
    context.scratch.mkdir(parents=True, mode=0o700)
    try:
        observed = _observe_gate(step, context)
    finally:
        shutil.rmtree(context.scratch, ignore_errors=True)
    return _members(context, observed)


def _reason(members: Mapping[str, bytes]) -> str:
    """Why the gate could not tell; empty where it could."""
    return str(json.loads(members[OBSERVED]).get("reason", ""))


def _redactor(setting: Setting, secrets: Iterable[str]) -> redact.Redactor:
    return redact.Redactor(redact.secret_values(setting.environment).union(secrets))


def _observe_gate(step: Step, context: ObserveContext) -> dict[str, str]:
    """Run the gate's first half; whatever it raises is said in words."""
    try:
        step.gate.observe(context, codec.decode(step.gate.options, dict(step.options), "options"))
    except NothingNamedError as error:
        return {"status": Status.NOT_APPLICABLE.value, "reason": error.reason}
    except GateError as error:
        return {"status": Status.ERROR.value, "reason": context.scrub(error.reason), "remedy": context.scrub(error.remedy)}
    except MemoryError:
        return {"status": Status.ERROR.value, "reason": NO_MEMORY, "remedy": "give the machine more, or run fewer gates at once (--jobs 1)"}
    except Exception as error:  # a gate that breaks could not tell; the others go on
        return {
            "status": Status.ERROR.value,
            "reason": context.scrub(f"the gate broke: {type(error).__name__}: {error}"),
            "remedy": f"this is a defect of the gate {step.gate.id!r}: please report it with its raw output",
        }
    return {"status": Status.COMPLETED.value}


def _members(context: ObserveContext, observed: Mapping[str, str]) -> dict[str, bytes]:
    """The raw folder with the last two files of ours; an error where the project's code has spoilt it, or the disk is full."""
    try:
        context.finish()
        overwritten = context.overwritten() if observed["status"] == Status.COMPLETED.value else ""
        context.raw_json(OBSERVED, _spoilt(overwritten) if overwritten else observed)
        return read_members(context.raw_folder)
    except OSError as error:
        return _unknown(f"its raw output could not be kept: {error.strerror}", "free some space; see what the project's code does to {raw}")


def _spoilt(name: str) -> dict[str, str]:
    """What is said of a gate whose evidence somebody else wrote into."""
    return {
        "status": Status.ERROR.value,
        "reason": f"something wrote into the evidence: {member_name(name)} is not what was written there",
        "remedy": "find what in the project's code or its service writes to folders of others, and remove that",
    }


def _unknown(reason: str, remedy: str) -> dict[str, bytes]:
    """The raw output of a gate whose raw output is lost."""
    return {OBSERVED: json.dumps({"status": Status.ERROR.value, "reason": reason, "remedy": remedy}).encode()}


def read_members(folder: Path) -> dict[str, bytes]:
    """All regular files below a raw folder by their name in the evidence. Links are not followed: a tool could point one anywhere.

    Raw output beyond the bounds of evidence is left out, and the gate could not tell: half of it proves nothing.
    """
    if folder.is_symlink():
        return _unknown("its raw folder was replaced by a link", "see what the project's code does to {raw}")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in paths)
    if size > RAW_LIMIT or len(paths) > RAW_MEMBERS:
        reason = f"its raw output is larger than evidence may be: {RAW_LIMIT // 2**20} MiB, {RAW_MEMBERS} files"
        return _unknown(reason, "examine less in one gate")
    return {member_name(path.relative_to(folder).as_posix()): path.read_bytes() for path in paths}


def member_name(name: str) -> str:
    """A file's name as evidence can hold it: bytes outside `A-Za-z0-9._/-` become `@` and two hex digits."""
    return "".join(char if char in _PLAIN else "".join(f"@{byte:02x}" for byte in os.fsencode(char)) for char in name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """Raw output with every known secret masked, in names too: what is parsed, kept and shown. `places` say what was masked where."""

    members: dict[str, bytes]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """So many masks on a line (from 1; 0: in the name) of a member of the raw output, by the rules that all of them are masked by."""

    name: str
    line: int
    rules: frozenset[str]
    count: int


def mask(observation: Observation, redactor: redact.Redactor) -> Masked:
    """Mask every known secret in raw output, and join what is said of it with what the gate masked by itself."""
    members: dict[str, bytes] = {}
    places: list[Place] = []
    named: dict[str, str] = {}
    for name, content in observation.members.items():
        shown, masks = redactor.mask(name.encode())
        name_shown = shown.decode().replace(redact.MASK.decode(), member_name(redact.MASK.decode()))
        while name_shown in members:
            name_shown += "@"
        named[name] = name_shown
        places += [Place(name=name_shown, line=0, rules=mask.rules, count=mask.count) for mask in masks]
        members[name_shown], masks = redactor.mask(content)
        places += [Place(name=name_shown, line=mask.line, rules=mask.rules, count=mask.count) for mask in masks]
    places += [
        Place(name=named[member_name(note.name)], line=note.line, rules=frozenset({note.rule}), count=note.count)
        for note in observation.notes
        if member_name(note.name) in named
    ]
    places += [replace(place, name=named[place.name]) for place in observation.places if place.name in named]
    return Masked(members=members, places=tuple(places))


def redacted(observation: Observation, redactor: redact.Redactor) -> dict[str, bytes]:
    """The members of `mask`."""
    return mask(observation, redactor).members
