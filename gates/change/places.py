"""Where findings of both sides stand: each line by what it has in common with others, as numbers that stand for texts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gates.model import Finding, Place

#: A shorter line, such as `pass` or `return x`, is in too many places to tell anything.
LONG_ENOUGH = 12
#: A file with a finding that is larger than this is not read again: its findings go by their fingerprint.
_LARGEST = 64 * 2**20
_DEFINITION = re.compile(
    rb"(?:export\s+|default\s+|public\s+|private\s+|protected\s+|static\s+|final\s+|abstract\s+|async\s+|pub(?:\([\w:]+\))?\s+|unsafe\s+)*"
    rb"(?:def|class|function\*?|func|fn|interface|struct|enum|trait|impl|module|namespace|sub|proc|type)\b\s*(?P<name>[\w.:<>]*)"
)


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


def places(here: Side, there: Side, secrets: Mapping[str, Iterable[str]]) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The places of the findings of both sides. `secrets` are the values that each gate found, on either side."""
    numbers = _Numbers()
    values = {gate: sorted({value.encode("utf-8", "surrogateescape") for value in found if value}) for gate, found in secrets.items()}
    return tuple(_side(here, values, numbers)), tuple(_side(there, values, numbers))


def _side(side: Side, values: Mapping[str, Sequence[bytes]], numbers: _Numbers) -> Iterator[Place]:
    asked: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for gate, findings in side.findings.items():
        for finding in findings:
            where = finding.location
            if where.path is not None and where.path in side.names and where.line:
                asked[where.path][where.line].add(gate)
    for path in sorted(asked):
        lines = _lines(side.root / side.names[path])
        for line in sorted(asked[path]):
            if line <= len(lines):
                found = {value for gate in asked[path][line] for value in values.get(gate, ()) if value in lines[line - 1]}
                yield _place(path, line, lines, sorted(found), numbers)


def _lines(path: Path) -> list[bytes]:
    """A file's lines, none where it can't be read. Lines end as Python's and most tools' do: at CR, LF or both."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return []
        return path.read_bytes().splitlines()
    except OSError:
        return []


def _place(path: str, line: int, lines: Sequence[bytes], values: Sequence[bytes], numbers: _Numbers) -> Place:
    text = lines[line - 1].strip()
    around = (_nearest(lines, range(line - 2, -1, -1)), text, _nearest(lines, range(line, len(lines))))
    within = (_definition(lines, line), text) if len(text) >= LONG_ENOUGH else None
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


def _definition(lines: Sequence[bytes], line: int) -> tuple[bytes, ...]:
    """The names of the definitions around a line, the nearest first, told by how far they are indented. Its own line is none of them."""
    names: list[bytes] = []
    indent = _indent(lines[line - 1])
    for index in range(line - 2, -1, -1):
        if indent == 0:
            break
        text = lines[index].strip()
        if not text or _indent(lines[index]) >= indent:
            continue
        indent = _indent(lines[index])
        found = _DEFINITION.match(text)
        if found:
            names.append(found["name"])
    return tuple(names)


def _indent(text: bytes) -> int:
    expanded = text.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())
