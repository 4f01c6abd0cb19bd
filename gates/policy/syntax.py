"""From the bytes of a policy file to nodes with places. Only plain YAML is taken: what could make a key vanish or repeat is refused.

Nodes are built from the parser's events rather than by its composer, which hides anchors and tags and overflows
the stack on deep nesting; it is also twice as fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gates.dataclass import dataclass
from gates.errors import Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
SEE = "docs/policy.md"

#: Control characters, line separators that editors don't show as such, and marks that make text read in another order.
_INVISIBLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\U0010ffff]|[\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

#: The parser's words for what people get wrong most, in ours: (part of its message, error, help).
_PLAIN_WORDS = (
    ("cannot start any token", "a tab or a reserved character stands where a key or value begins", "indent with spaces; quote the value"),
    ("mapping values are not allowed", "a ':' where no key can stand", "quote a text that has one; see that the line above ends with ':'"),
    ("expected node content", "a value or a closing bracket is missing", "close what was opened before this place"),
    ("expected ',' or", "a comma or a closing bracket is missing", "close what was opened before this place"),
    ("did not find expected key", "this line is indented otherwise than those before it", "align it with the keys beside it"),
    ("could not find expected ':'", "a key without ':'", "write `key: value`, or indent a text that goes on"),
    ("expected <document start>", "text after the end of the document", "remove the line `...` and what follows it"),
    ("unexpected end of stream", "the file ends within a quoted text", "close the quote"),
)


class Place(NamedTuple):
    """A place in a policy file; line and column count from 1. Line 0: not in a file."""

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.short}:{self.column}" if self.line else self.source

    @property
    def short(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as it was written, without its quotes. `plain`: there were none."""

    place: Place
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence."""

    place: Place
    items: list[Node]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping in the order of the file, with keys that stand twice."""

    place: Place
    pairs: list[tuple[Node, Node]]


@dataclass(frozen=True, slots=True)
class Refused:
    """A value that was refused and reported: nothing more is said of it."""

    place: Place


Node = Scalar | Items | Pairs | Refused


def problem(error: str, place: Place, help: str) -> Problem:
    """What is wrong at a place of a policy."""
    return Problem(error=error, where=str(place), help=help, see=SEE)


def parse(name: str, content: bytes) -> tuple[Node | None, list[Problem]]:
    """The file's one node, None where it can't be read, and everything in it that a policy's YAML may not have."""
    if len(content) > MAX_BYTES:
        return None, [problem("the file is larger than 1 MiB", Place(name), "split it, and join the parts with `extends`")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _end_of(name, content[: error.start].decode("utf-8", "replace"))
        return None, [problem("the file is not UTF-8", place, "save it as UTF-8")]
    if hidden := _INVISIBLE.search(text):
        place = _end_of(name, text[: hidden.start()])
        return None, [problem(f"the invisible character U+{ord(hidden[0]):04X} can't stand in a policy", place, "remove it")]
    builder = _Builder(name)
    try:
        builder.build(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(name) if mark is None else Place(name, mark.line + 1, mark.column + 1)
        return None, [*builder.problems, _syntax_problem(str(error.problem), place)]
    if builder.root is None and not builder.problems:
        builder.problems.append(problem("the file is empty", Place(name, 1, 1), "begin with `version: 1`, or let `gates init` write one"))
    return builder.root, builder.problems


def _end_of(name: str, text: str) -> Place:
    return Place(name, text.count("\n") + 1, len(text) - text.rfind("\n"))


def _too_deep(place: Place) -> Problem:
    return problem(f"nested deeper than {MAX_DEPTH}", place, "no policy needs that: look for stray brackets")


def _syntax_problem(words: str, place: Place) -> Problem:
    if "maximum nesting depth" in words:  # libyaml's own bound, which looks further ahead than ours
        return _too_deep(place)
    for part, error, help in _PLAIN_WORDS:
        if part in words:
            return problem(f"not YAML: {error}", place, help)
    return problem(f"not YAML: {words}", place, "mend this line or the one before it")


class _Builder:
    """Builds nodes from events without recursion."""

    def __init__(self, name: str) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._name = name
        self._open: list[tuple[Place, list[Node]]] = []

    def build(self, events: Iterator[yaml.Event]) -> None:
        """Take events until the document ends, or until nothing more of it can be trusted."""
        for event in events:
            mark = event.start_mark
            place = Place(self._name) if mark is None else Place(self._name, mark.line + 1, mark.column + 1)
            if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                self.problems.append(problem("a second document in one file", place, "keep one; join files with `extends`"))
                return
            self._take(event, place)
            if len(self._open) > MAX_DEPTH:
                self.root = None
                self.problems.append(_too_deep(place))
                return

    def _take(self, event: yaml.Event, place: Place) -> None:
        match event:
            case yaml.ScalarEvent():
                self._refuse_marks(event, place)
                self._add(Scalar(place, event.value, not event.style))
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._refuse_marks(event, place)
                self._open.append((place, []))
            case yaml.SequenceEndEvent():
                self._add(Items(*self._open.pop()))
            case yaml.MappingEndEvent():
                start, flat = self._open.pop()
                self._add(Pairs(start, list(zip(flat[::2], flat[1::2], strict=True))))
            case yaml.AliasEvent():
                self.problems.append(problem(f"the alias '*{event.anchor}' is not allowed", place, "write the value out"))
                self._add(Refused(place))

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1][1].append(node)
        else:
            self.root = node

    def _refuse_marks(self, event: yaml.NodeEvent, place: Place) -> None:
        if event.anchor is not None:
            self.problems.append(
                problem(f"the anchor '&{event.anchor}' is not allowed", place, "remove it, and write out what it stood for")
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.problems.append(problem(f"the tag {tag!r} is not allowed", place, "remove it: values are read by what the key expects"))
