"""Where findings of both sides stand: each line by what it has in common with others, as numbers that stand for texts."""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from gates.dataclass import dataclass
from gates.model import Finding, Place

#: A shorter line, such as `pass` or `return x`, is in too many places to tell anything.
LONG_ENOUGH = 12
#: A file with a finding that is larger than this is not read again: its findings are new.
_LARGEST = 64 * 2**20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    *((mark, "utf-32") for mark in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
    *((mark, "utf-16") for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
)
_DEFINITION = re.compile(
    rb"(?:export\s+|default\s+|public\s+|private\s+|protected\s+|static\s+|final\s+|abstract\s+|async\s+|pub(?:\([\w:]+\))?\s+|unsafe\s+)*"
    rb"(?:def|class|function\*?|func|fn|interface|struct|enum|trait|impl|module|namespace|sub|proc|type)\b\s*(?P<name>[\w.:<>]*)"
)
#: How a private key begins, whose secret is in the lines that follow, and how many there may be.
_KEY = re.compile(rb"PRIVATE KEY|PuTTY-User-Key-File")
_KEY_ENDS = b"END "
_KEY_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The secrets that a gate met on either side, and the rules of which it met some that are not among them: those too short to search."""

    values: frozenset[str] = frozenset()
    unsearched: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.values or self.unsearched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side: its root, its findings by gate, and the real name of each path as findings have it. Other files are never read."""

    root: Path
    findings: Mapping[str, Sequence[Finding]]
    names: Mapping[str, str]


class _Numbers:
    """A number for each text, the same for the same; in the order in which they are met."""

    def __init__(self) -> None:
        self._known: dict[object, int] = {}

    def of(self, text: object) -> int:
        return self._known.setdefault(text, len(self._known))


@dataclass(slots=True, kw_only=True)
class _Asked:
    """What is to be known of a line: the gates that found something there, and what of it is not to be known by the line alone."""

    gates: set[str] = field(default_factory=set)
    elsewhere: bool = False
    unsearched: bool = False


def places(here: Side, there: Side, secrets: Mapping[str, Secrets]) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The places of the findings of both sides. `secrets` are those that each gate found, on either side."""
    numbers = _Numbers()
    return tuple(_side(here, secrets, numbers)), tuple(_side(there, secrets, numbers))


def _side(side: Side, secrets: Mapping[str, Secrets], numbers: _Numbers) -> Iterator[Place]:
    values = {
        gate: sorted({value.encode("utf-8", "surrogateescape") for value in found.values if value}) for gate, found in secrets.items()
    }
    asked = _asked(side, secrets)
    for path in sorted(asked):
        lines = lines_of(side.root / side.names[path])
        within = _definitions(lines, asked[path])
        for line in sorted(asked[path]):
            wanted = asked[path][line]
            text = _text(lines, line, elsewhere=wanted.elsewhere)
            if text:
                found = set() if wanted.unsearched else {value for gate in wanted.gates for value in values.get(gate, ()) if value in text}
                yield _place(path, line, (lines, text, within[line]), sorted(found), numbers)


def _asked(side: Side, secrets: Mapping[str, Secrets]) -> dict[str, dict[int, _Asked]]:
    """The lines on which something was found, by path."""
    asked: dict[str, dict[int, _Asked]] = defaultdict(lambda: defaultdict(_Asked))
    for gate, findings in side.findings.items():
        met = secrets.get(gate, Secrets())
        for finding in findings:
            where = finding.location
            if where.path is not None and where.path in side.names and where.line:
                line = asked[where.path][where.line]
                line.gates.add(gate)
                line.elsewhere |= bool(met) and where.column is None
                line.unsearched |= finding.rule in met.unsearched
    return asked


def lines_of(path: Path) -> list[bytes]:
    """A file's lines in UTF-8, as tools count them: ended by CR, LF or both. None where it can't be read, or in several ways."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return []
        content = path.read_bytes()
        mark, encoding = next(((mark, encoding) for mark, encoding in _MARKS if content.startswith(mark)), (b"", ""))
        text = content.decode(encoding).encode() if encoding.startswith(("utf-16", "utf-32")) else content.removeprefix(mark)
    except (OSError, UnicodeError):
        return []
    return [] if b"\0" in text else text.splitlines()


def _text(lines: Sequence[bytes], line: int, *, elsewhere: bool) -> bytes:
    """What a finding is known by: its line; empty where that does not tell. A key goes on to its end.

    `elsewhere`: the value of a secret is not on the line, as in YAML that folds it: then what is further in belongs to it.
    """
    if line > len(lines):
        return b""
    first = lines[line - 1]
    if _KEY.search(first):
        # What begins in the same line as it ends stands there whole.
        key = first[first.index(b"BEGIN ") :] if b"BEGIN " in first else first
        rest = [] if _KEY_ENDS in key else lines[line : line + _KEY_LINES]
        last = next((index for index, text in enumerate(rest) if _KEY_ENDS in text), len(rest) - 1)
        return b"\n".join(text.strip() for text in (first, *rest[: last + 1])).strip()
    if not elsewhere:
        return first.strip()
    inner: list[bytes] = []
    for text in lines[line:]:
        if text.strip() and _indent(text) <= _indent(first):
            break
        inner.append(text.strip())
    return b"\n".join([first.strip(), *inner]).strip() if any(inner) else b""


def _place(
    path: str, line: int, known: tuple[Sequence[bytes], bytes, tuple[bytes, ...]], values: Sequence[bytes], numbers: _Numbers
) -> Place:
    lines, text, definition = known
    around = (_nearest(lines, range(line - 2, -1, -1)), text, _nearest(lines, range(line + text.count(b"\n"), len(lines))))
    within = (definition, text) if len(text) >= LONG_ENOUGH else None
    return Place(
        path=path,
        line=line,
        text=numbers.of(("text", text)),
        around=numbers.of(("around", around)),
        within=None if within is None else numbers.of(("within", within)),
        values=tuple(numbers.of(("value", value)) for value in values),
    )


def _nearest(lines: Sequence[bytes], indexes: Iterable[int]) -> bytes:
    return next((text for index in indexes if (text := lines[index].strip())), b"")


def _definitions(lines: Sequence[bytes], wanted: Iterable[int]) -> dict[int, tuple[bytes, ...]]:
    """By line: the names of the definitions around it, the nearest first, told by how far they are indented."""
    asked = set(wanted)
    found: dict[int, tuple[bytes, ...]] = {}
    around: list[tuple[int, bytes]] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        indent = _indent(line)
        # A blank line, which nothing is within, is within what stands before it.
        while text and around and around[-1][0] >= indent:
            around.pop()
        if number in asked:
            found[number] = tuple(name for _, name in reversed(around) if name)
        if text:
            definition = _DEFINITION.match(text)
            around.append((indent, definition["name"] if definition else b""))
    return found


def _indent(line: bytes) -> int:
    return len(line[: len(line) - len(line.lstrip())].expandtabs(8))
