"""One place where a secret stands: joining what several detectors say of it, and describing it without giving it away."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from detect_secrets.filters.allowlist import is_line_allowlisted
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.util.code_snippet import get_code_snippet

from gates.drivers import secrets_rules as rules
from gates.drivers import secrets_text as words

#: detect-secrets names some tokens by their prefix alone; what is shorter than this is no value of its own.
_SHORTEST_VALUE = 8
ALLOWED = "pragma: allowlist secret"
_AROUND_VALUES = " \t\"'"
#: A host that follows the `@` of a login is no part of it.
_REST_OF_A_TOKEN = re.compile(r"(?<!@)[A-Za-z0-9_+/=-]*")
_KEY_LINES = 200
_KEY_PIECE = re.compile(r"[A-Za-z0-9+/=]{16,}")


class NamedText(io.StringIO):
    """A text with a file's name, as detect-secrets' transformers want it."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text, newline=None)
        self.name = name


@dataclass(slots=True, kw_only=True)
class Hit:
    """A secret at a place. `value` and `pieces` leave this process only over its private output.

    `pieces` are the lines of a private key, or the longer token that `value` is a part of.

    `text` is the line that was searched, and once finished the masked one, with so many `masks` by rule.
    `source` numbers the pass that found it, `engine` holds detect-secrets' own type and value for a baseline to name.
    """

    rule: str
    line: int
    column: int | None
    value: str
    text: str
    source: int = 0
    also: list[str] = field(default_factory=list)
    engine: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    suppressed_by: str | None = None
    masks: dict[str, int] = field(default_factory=dict)


def add(hits: list[Hit], hit: Hit) -> None:
    """Keep a hit, or join it to one on the same value: the more specific rule names both."""
    for index, other in enumerate(hits):
        if _is_same(other, hit):
            first, second = (other, hit) if rules.rank(other.rule) <= rules.rank(hit.rule) else (hit, other)
            first.engine = [*first.engine, *(item for item in second.engine if item not in first.engine)]
            first.also = sorted({*first.also, *second.also, second.rule} - {first.rule})
            if second.rule not in rules.GENERIC and second.value not in first.value:
                first.pieces = [*first.pieces, second.value, *second.pieces]
            hits[index] = first
            return
    hits.append(hit)


def _is_same(one: Hit, other: Hit) -> bool:
    """Whether two hits are about one secret at one place. The same value twice on a line is two."""
    if one.source != other.source and one.rule == other.rule and one.value == other.value:
        return one.line == other.line or one.rule not in rules.GENERIC
    overlap = one.value in other.value or other.value in one.value
    twice = one.source == other.source and one.rule == other.rule and one.column != other.column
    return one.line == other.line and overlap and not twice


def occurrences(plugin: Any, value: str, line: str) -> list[tuple[int | None, str]]:
    """Each column of a value on the line, from 1, with the whole token: the engine names some tokens by a part of them alone."""
    places: set[tuple[int, str]] = set()
    if isinstance(plugin, RegexBasedDetector):
        for match in (match for pattern in plugin.denylist for match in pattern.finditer(line)):
            groups = [number for number in range(1, len(match.groups()) + 1) if match.group(number) == value]
            if groups or match.group() == value:
                start, end = match.span(groups[0] if groups and len(value) >= _SHORTEST_VALUE else 0)
                found = match.string[start:end].strip(_AROUND_VALUES)
                rest = _REST_OF_A_TOKEN.match(line, end) if line[:end].endswith(found) else None
                places.add((line.index(found, start) + 1, found + (rest.group() if rest else "")))
    return sorted(places) or [_last(line, value.strip("\\") or value)]


def _last(line: str, value: str) -> tuple[int | None, str]:
    """Where a value stands last: its name may hold it too. Transformers escape quotes, and a backslash is no part of a value."""
    start = line.rfind(value)
    return (None if start < 0 else start + 1), value


def describe(hits: Sequence[Hit], raw: Sequence[str]) -> None:
    """Mask each hit's line, and find the body of a private key."""
    for hit in hits:
        if hit.rule == "private-key":
            hit.pieces = _key_pieces(raw, hit)
        if hit.source:
            plain = raw[hit.line - 1] if hit.line <= len(raw) else ""
            hit.column, _ = _last(plain, hit.value)
    by_line: dict[int, dict[str, str]] = {}
    for hit in hits:
        by_line.setdefault(hit.line, {}).update(dict.fromkeys([hit.value, *hit.pieces], hit.rule))
    for hit in hits:
        hit.text, hit.masks = words.masked(_line_of(hit, raw), by_line[hit.line])
        hit.masks = hit.masks or {hit.rule: 1}


def allow(hits: Sequence[Hit], path: str, passes: Sequence[Sequence[str]]) -> None:
    """Mark the hits whose line is covered by an allow-list comment, in the file as it is or as a transformer rewrote it."""
    for hit in hits:
        if any(_is_allowed(path, hit.line, lines) for lines in passes):
            hit.suppressed_by = ALLOWED


def _line_of(hit: Hit, raw: Sequence[str]) -> str:
    """The line as it stands in the file where the value stands there too, else as it was searched."""
    plain = raw[hit.line - 1] if hit.line <= len(raw) else ""
    return plain if hit.value in plain else hit.text


def _key_pieces(raw: Sequence[str], hit: Hit) -> list[str]:
    """The parts of a private key after its header, whether on lines of their own or behind escaped line ends."""
    block = "".join(raw[hit.line - 1 : hit.line + _KEY_LINES])
    body = block[max(0, block.find(hit.value)) :].replace("\\n", "\n").replace("\\r", "\n")
    return _KEY_PIECE.findall(body.partition("END ")[0])


def _is_allowed(path: str, number: int, lines: Sequence[str]) -> bool:
    return number <= len(lines) and is_line_allowlisted(path, lines[number - 1].rstrip(), get_code_snippet(list(lines), number))
