"""Asks, of a gate that is about to look, whether it looked before at the same and in the same way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

import gates
from gates import canonical, codec
from gates.adapters import clock, files
from gates.api import Depends, ObserveContext
from gates.api.pieces import Pieces
from gates.api.tree import Tree
from gates.cache import machine
from gates.cache.contents import COARSE, Contents, digest
from gates.cache.store import Entry, Store
from gates.dataclass import dataclass
from gates.errors import EvidenceError, GateError, GatesError
from gates.model import CachedFrom
from gates.plan import Step

#: The form of keys and entries: another one finds nothing of this one's.
_FORM = "1"
#: Why nothing is taken from it where that was asked for.
FRESH = "all is examined anew"
#: The member of an entry that holds what was found in single files: to each name the digest of its content, and the piece.
_PIECES = "pieces.json"
#: Parts of a key that tell which files a gate looked at, and not how.
_OF_FILES = frozenset({"files", "asked"})
#: How many files are named that are others.
_NAMED = 3
#: What each part of a key is called where it is said that a gate looks again.
_WORDS = {
    "gates": "this is another version of gates, or what is installed for it is another",
    "gate": "it is another gate",
    "options": "its options are others",
    "asked": "it was asked to look at other files",
    "files": "files are others",
    "known": "what it found beforehand is other",
    "places": "what it looks at besides is other",
    "steering": "a file that steers it is another",
    "installed": "an interpreter or an installed package is another",
    "variables": "a variable of the environment is another",
    "ignored": "a file that git ignores is another",
    "base": "the base is another",
    "day": "it is from another day",
    "offline": "--offline makes a difference",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A gate that is about to look, in its context. `base` is the commit that a run is held against, None where there is none."""

    step: Step
    context: ObserveContext
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an earlier run saw, or why nothing is taken from one, in words. `parts` are what it follows from; empty: nothing is kept."""

    question: Question
    entry: Entry | None = None
    why: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    pieces: Pieces = field(default_factory=Pieces)

    @property
    def name(self) -> str:
        return self.question.step.name

    @property
    def words(self) -> str:
        """Why the gate looked, or which run's look stands for it."""
        if self.entry is None:
            taken = f"; unchanged, and not examined again: {self.pieces.taken}" if self.pieces.taken else ""
            return f"looked again: {self.why}{taken}"
        origin = self.entry.origin
        return f"as the run of {origin.started} saw it (commit {(origin.commit or 'none')[:12]}, bundle {origin.bundle[:12]})"

    @property
    def key(self) -> str:
        return digest(sorted(self.parts.items()))


class Cache:
    """The cache of one run. `folder` is the user's, `root` the tree that is judged. Nothing is read that was written after it was opened.

    With `fresh` nothing is taken from it, and what is seen is kept all the same.
    """

    def __init__(self, folder: Path, root: Path, tree: Tree | None = None, *, fresh: bool = False) -> None:
        self._folder = folder
        self._root = root
        self._fresh = fresh
        self._opened = time.time_ns()
        self._store = Store(folder / "facts")
        self._named = digest([(str(root),)])[:24]
        self._tree = tree or Tree.of(root)
        self._seen_ignored: dict[Path, str] = {}
        self._contents = Contents(root, folder / "contents" / f"{self._named}.json", self._tree.stamps)
        notes = folder / "last" / f"{self._named}.json"
        #: Whether nobody ever ran here: then there is nothing to find, and gates need not wait until that is known.
        self._new = not notes.exists()
        self._last = _last(notes)

    def ask(self, question: Question) -> Answer:
        """The answer of an earlier run, where all that a gate depends on is as it was. Where there was none here, no file is read."""
        if self._fresh:
            return Answer(question=question, why=FRESH)
        if self._new:
            return Answer(question=question, why="nothing was examined here before")
        asked = self._asked(question)
        if not asked.parts:
            return asked
        entry, why = self._store.read(asked.key, asked.parts)
        if entry is not None:
            return replace(asked, entry=entry)
        return replace(asked, why=why or self._since_last(asked), pieces=self._pieces(asked))

    def complete(self, answer: Answer) -> Answer:
        """The same with what the gate depends on, so that what it sees can be kept: for when the gate has begun, and there is time."""
        if answer.parts or not (self._fresh or self._new):
            return answer
        asked = self._asked(answer.question)
        # What was written since the gate began may not be what it saw.
        return replace(answer, parts=asked.parts) if self._contents.newest + COARSE < self._opened else answer

    def expected(self) -> dict[str, int]:
        """How long each gate took when it last looked, in milliseconds."""
        return {name: item["ms"] for name, item in self._last.items()}

    def keep(self, answer: Answer, entry: Entry | None, *, origin: CachedFrom, duration_ms: int) -> None:
        """Keep what a gate saw, for later runs, if what it looked at is still as it was. Where it can't be written, it costs time alone.

        Without an entry only what it found in single files is kept.
        """
        here = answer.question.context.root == self._root
        if here and self._is_written(answer.question):
            return
        try:
            if answer.pieces.made:
                self._keep_pieces(answer, origin)
            if entry is not None:
                self._store.write(answer.key, answer.parts, entry)
        except EvidenceError:
            return
        if here:
            self._last[answer.name] = {"parts": dict(answer.parts), "ms": duration_ms}

    def _pieces(self, asked: Answer) -> Pieces:
        """What was found in single files by the same gate in the same way, read before any program of the project runs."""
        parts = self._apart(asked)
        entry, _ = self._store.read(digest(parts.items()), parts)
        if entry is None:
            return Pieces()
        known = json.loads(entry.members[_PIECES])
        contents = self._contents_of(asked.question)

        def find(name: str) -> Any:
            kept = known.get(name)
            return kept[1] if kept is not None and kept[0] == contents.known(name) else None

        return Pieces(find)

    def _keep_pieces(self, answer: Answer, origin: CachedFrom) -> None:
        contents, parts = self._contents_of(answer.question), self._apart(answer)
        found = {name: [contents.known(name), piece] for name, piece in answer.pieces.made.items()}
        members = {_PIECES: json.dumps(found, separators=(",", ":")).encode()}
        self._store.write(digest(parts.items()), parts, Entry(members=members, masks=(), origin=origin))

    def _apart(self, answer: Answer) -> dict[str, str]:
        """What a piece follows from beside its file: the way of looking. Of each tree the last ones are kept."""
        root = answer.question.context.root
        tree = self._named if root == self._root else "base"
        return {"pieces": f"{self._named} {tree}", **{name: part for name, part in sorted(answer.parts.items()) if name not in _OF_FILES}}

    def _contents_of(self, question: Question) -> Contents:
        return self._contents if question.context.root == self._root else Contents(question.context.root)

    def _asked(self, question: Question) -> Answer:
        """What the gate depends on; or why nothing of it is kept."""
        try:
            parts = self._parts(question)
        except (GatesError, GateError) as error:
            return Answer(question=question, why=f"what it depends on is not known: {error}")
        if isinstance(parts, str):
            return Answer(question=question, why=f"it is never kept: {parts}")
        return Answer(question=question, parts=parts)

    def close(self) -> None:
        """Remember what was read, and throw away what is too much."""
        self._contents.remember()
        self._store.prune()
        try:
            files.write_atomically(self._folder / "last" / f"{self._named}.json", json.dumps(self._last).encode())
        except EvidenceError:
            return

    def _since_last(self, asked: Answer) -> str:
        """What differs from when the gate last looked, in words."""
        last = self._last.get(asked.name)
        if last is None:
            return "it was not seen before"
        changed = [word for part, word in _WORDS.items() if last["parts"].get(part) != asked.parts.get(part)]
        names = self._contents.changed()
        if names and _WORDS["files"] in changed:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            changed[changed.index(_WORDS["files"])] += f" ({', '.join(names[:_NAMED])}{more})"
        return "; ".join(changed) or "what was kept is gone"

    def _parts(self, question: Question) -> dict[str, str] | str:
        """What a gate's raw output follows from, by name; or why it is never kept."""
        step, context = question.step, question.context
        if step.gate.depends is None:
            return f"what {step.gate.id} sees can change at any time"
        options = self._options(step)
        depends = step.gate.depends(context, options)
        if isinstance(depends, str):
            return depends
        if depends.machine and any(seen.is_folder for seen in (context.tree or self._tree).stamps.values()):
            return "the project's programs may read submodules, whose files are not looked at"
        contents = self._contents_of(question)
        found = {
            "form": _FORM,
            "gates": digest([(gates.__version__, machine.engine())]),
            "gate": digest([(step.gate.id, str(step.gate.parser), step.name)]),
            "options": digest([(canonical.of(dict(step.options)).decode(),)]),
            "asked": _asked(context),
            "files": digest((name, contents.known(name)) for name in _names(context, depends)),
            "offline": str(context.offline),
        }
        if depends.known:
            found["known"] = digest([(depends.known,)])
        if depends.places:
            found["places"] = digest(_below(depends.places, context.root, contents))
        if steering := step.gate.steering(options):
            judged = contents if context.judged is None else Contents(context.judged)
            found["steering"] = digest(_below([context.steering(name) for name in steering], context.judged or context.root, judged))
        if depends.base:
            found["base"] = str(question.base)
        if depends.day:
            found["day"] = context.day.isoformat()
        return found | (self._of_machine(context) if depends.machine else {})

    def _is_written(self, question: Question) -> bool:
        """Whether a file that it depends on was written to since. Those that git tracks are looked at when all gates have ended."""
        step = question.step
        depends = step.gate.depends(question.context, self._options(step)) if step.gate.depends else ""
        names = _names(question.context, depends) if isinstance(depends, Depends) else ()
        return any(self._contents.of(name) != self._contents.known(name) for name in names if name not in self._tree.tracked)

    @staticmethod
    def _options(step: Step) -> Any:
        return codec.decode(step.gate.options, dict(step.options), "options")

    def _ignored(self, root: Path) -> str:
        """Asked by several gates, before any of them begins."""
        if root not in self._seen_ignored:
            self._seen_ignored[root] = machine.ignored(root)
        return self._seen_ignored[root]

    def _of_machine(self, context: ObserveContext) -> dict[str, str]:
        return {
            "installed": machine.installed(context.root, context.environment, (context.tree or self._tree).installed),
            "variables": machine.variables(context.environment),
            "ignored": self._ignored(context.root),
            "day": f"{context.day.isoformat()} {clock.today().isoformat()}",
        }


def folder_of(environment: Mapping[str, str]) -> Path | None:
    """Where the user's programs keep what can be made again (XDG Base Directory); None where that is not known.

    `GATES_CACHE_DIR` names another folder; set to nothing, there is none. In CI there is only one that is named: a runner that is used
    again may hold what the code of another change has written.
    """
    if "GATES_CACHE_DIR" in environment:
        named = environment["GATES_CACHE_DIR"]
        return Path(named) if Path(named).is_absolute() else None
    if environment.get("CI"):
        return None
    home = environment.get("HOME") or environment.get("USERPROFILE") or ""
    caches = Path(environment.get("XDG_CACHE_HOME") or Path(home, ".cache"))
    return caches / "quality-gates" if caches.is_absolute() else None


def _asked(context: ObserveContext) -> str:
    """In which way a gate is told to look at a tree: at which files alone, and by which names the policy knows them."""
    selected: Sequence[str] | None = context.selected
    rows = [("selected", "all")] if selected is None else [("selected", name) for name in sorted(selected)]
    return digest([*rows, *((was, now) for was, now in sorted(context.renamed.items()))])


def _names(context: ObserveContext, depends: Depends) -> list[str]:
    return sorted({*context.files, *context.links} if depends.files is None else set(depends.files))


def _below(places: Sequence[Path], root: Path, contents: Contents) -> Iterator[tuple[str, str]]:
    """By name relative to the root where it lies there: a tree of the base has another root each time."""
    for place in places:
        for path, seen in contents.below(place.absolute()):
            yield (Path(path).relative_to(root.absolute()).as_posix() if Path(path).is_relative_to(root.absolute()) else path), seen


def _last(path: Path) -> dict[str, Any]:
    """What each gate's last entry followed from, to say what is other now, and how long it took (`parts`, `ms`)."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        name: item
        for name, item in found.items()
        if isinstance(item, dict) and isinstance(item.get("parts"), dict) and type(item.get("ms")) is int
    }
