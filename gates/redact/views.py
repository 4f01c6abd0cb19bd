"""Bytes as they are when they are decoded, and where what is found there stands in the bytes themselves.

Each view decodes a content as a whole, in a few steps of C: what does not belong to the encoding is left out or stays. Only where
something is found does it matter where that came from.
"""

from __future__ import annotations

import binascii
import re
import string
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache

from gates.dataclass import dataclass
from gates.redact.packed import unpacked

Span = tuple[int, int]

_NOT_BASE64 = bytes(set(range(256)) - set(f"{string.ascii_letters}{string.digits}+/-_".encode()))
_NOT_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))
_SPACE = b" \t\r\n"
_FOR_ADDRESSES = bytes.maketrans(b"-_", b"+/")
_LOWER = bytes.maketrans(b"ABCDEF", b"abcdef")
#: Escapes of JSON, Python, shells and programs in C; of URLs; of HTML and XML; and the colours of a terminal, which stand for nothing.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]{1,6}\}|\\U[0-9a-fA-F]{8}"
    rb"|\\x[0-9a-fA-F]{2}|\\[0-3][0-7]{2}|\\[\"'/\\bfnrt$`!]"
    rb"|%[0-9a-fA-F]{2}"
    rb"|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});"
    rb"|\x1b\[[0-9;]{0,20}m"
)
_CONTROLS = dict(zip(b"bfnrt", b"\b\f\n\r\t", strict=True))
#: A long run of base64 with the lines that go on with it, and how it looks where each letter of base64 is an `A` and all else a space.
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{24,}+(?:\r?\n[ \t]{0,40}[A-Za-z0-9+/_-]{24,}+)*+(?:\r?\n[ \t]{0,40}[A-Za-z0-9+/_-]++)?+")
_LETTERS = bytes(ord(" ") if byte in _NOT_BASE64 else ord("A") for byte in range(256))
_LONG = b"A" * 24
_BETWEEN_RUNS = b"AAAA"


@dataclass(frozen=True, slots=True)
class View:
    """A decoded content. `sources` tells of a span in it the spans that it was made of, `is_text` whether it reads as the content does."""

    content: bytes
    sources: Callable[[Span], Iterator[Span]]
    is_text: bool = False


def unescape(content: bytes) -> bytes:
    """The content with every escape resolved once."""
    return _ESCAPE.sub(_resolved, content)


def unescaped(content: bytes) -> Iterator[View]:
    """The view without escapes, where there are any."""
    if _ESCAPE.search(content):
        yield View(unescape(content), _Pieces(lambda: _between_escapes(content), in_one=True).sources, is_text=True)


def without_breaks(content: bytes) -> View:
    """The content without white space: what a tool broke into lines."""
    return View(content.translate(None, _SPACE), _Pieces(lambda: _runs(content, rb"[^ \t\r\n]+")).sources)


def without_zeros(content: bytes) -> Iterator[View]:
    """Text of two or four bytes a letter."""
    if b"\0" in content:
        yield View(content.translate(None, b"\0"), _Pieces(lambda: _runs(content, rb"[^\0]+"), in_one=True).sources)


def base64_alone(content: bytes) -> View:
    """All letters of base64, in its first alphabet."""
    return View(
        content.translate(_FOR_ADDRESSES, _NOT_BASE64),
        _Pieces(lambda: _runs(content, rb"[A-Za-z0-9+/_-]+")).sources,
    )


def hex_alone(content: bytes) -> View:
    """All digits of hex, in lower case."""
    pieces = _Pieces(lambda: _runs(content, rb"[0-9a-fA-F]+"))
    return View(content.translate(_LOWER, _NOT_HEX), pieces.sources)


def from_runs(content: bytes) -> Iterator[View]:
    """The long runs of base64 one by one: what they hold may itself be encoded or packed. A find in one masks all of it."""
    runs = [
        ((found.start(), found.end()), found[0].translate(None, _SPACE) if b"\n" in found[0] else found[0]) for found in _long_runs(content)
    ]
    if not runs:
        return
    joined, starts = [], [0]
    for _, text in runs:
        joined.append(text + b"A" * (-len(text) % 4) + _BETWEEN_RUNS)
        starts.append(starts[-1] + len(joined[-1]) // 4 * 3)

    def sources(span: Span) -> Iterator[Span]:
        yield runs[bisect_right(starts, span[0]) - 1][0]

    yield View(binascii.a2b_base64(b"".join(joined).translate(_FOR_ADDRESSES)), sources)


def _long_runs(content: bytes) -> Iterator[re.Match[bytes]]:
    """The long runs, each from its first letter with the lines that go on with it. To look for it in letters is the fastest way."""
    letters, place = content.translate(_LETTERS), 0
    while (place := letters.find(_LONG, place)) >= 0 and (found := _RUN.match(content, place)):
        yield found
        place = found.end()


def from_packed(content: bytes) -> Iterator[View | None]:
    """What is packed in the content; None for what is too large. A find in it masks the whole content."""
    for text in unpacked(content):
        yield None if text is None else View(text, lambda _: iter([(0, len(content))]))


def _resolved(found: re.Match[bytes]) -> bytes:
    return _meaning(found[0])


@lru_cache(maxsize=4096)
def _meaning(escape: bytes) -> bytes:
    """The bytes that an escape stands for. `\\x` and `%` name bytes, the others characters."""
    if escape.startswith(b"%"):
        return bytes.fromhex(escape[1:].decode())
    if escape.startswith(b"&"):
        from html import unescape

        return unescape(escape.decode()).encode("utf-8", "replace")
    if escape.startswith(b"\x1b"):
        return b""
    letter, rest = escape[1:2], escape[2:].decode()
    if letter == b"u" and len(rest) == 10:
        return bytes.fromhex(rest[:4] + rest[6:]).decode("utf-16-be").encode()
    if letter in (b"u", b"U"):
        number = int(rest.strip("{}"), 16)
        return chr(number).encode("utf-8", "replace") if number < 0x110000 else escape
    if letter == b"x":
        return bytes.fromhex(rest)
    return bytes([int(escape[1:], 8)]) if letter.isdigit() else bytes([_CONTROLS.get(letter[0], letter[0])])


def _between_escapes(content: bytes) -> Iterator[tuple[int, int, int]]:
    """What stands between escapes (also nothing), as where it begins when they are resolved, where in the content, and its length."""
    place = shift = 0
    for found in _ESCAPE.finditer(content):
        yield place - shift, place, found.start() - place
        place = found.end()
        shift += len(found[0]) - len(_meaning(found[0]))
    yield place - shift, place, len(content) - place


def _runs(content: bytes, pattern: bytes) -> Iterator[tuple[int, int, int]]:
    """What fits the pattern, in the same form: it is all that is left."""
    before = 0
    for found in re.finditer(pattern, content):
        yield before, found.start(), len(found[0])
        before += len(found[0])


class _Pieces:
    """Where the pieces of a view that were left as they are stand in it and in the content: listed when it is first asked for.

    `in_one`: what a span was made of is one span, with all that was decoded or left out between the pieces.
    """

    def __init__(self, pieces: Callable[[], Iterator[tuple[int, int, int]]], *, in_one: bool = False) -> None:
        self._list = pieces
        self._in_one = in_one

    @cached_property
    def _listed(self) -> tuple[array[int], array[int], array[int]]:
        listed = array("Q"), array("Q"), array("Q")
        for piece in self._list():
            for column, number in zip(listed, piece, strict=True):
                column.append(number)
        return listed

    def sources(self, span: Span) -> Iterator[Span]:
        viewed, places, lengths = self._listed
        first, last = bisect_right(viewed, span[0]) - 1, bisect_left(viewed, span[1]) - 1
        start = places[first] + min(span[0] - viewed[first], lengths[first])
        is_within = span[1] <= viewed[last] + lengths[last]
        end = places[last] + span[1] - viewed[last] if is_within else places[last + 1]
        if self._in_one:
            yield start, end
            return
        for number in range(first, last + 1):
            yield (
                start if number == first else places[number],
                end if number == last else places[number] + lengths[number],
            )
