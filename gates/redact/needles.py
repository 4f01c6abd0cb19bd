"""What is looked for: the forms of each secret that no decoding makes of one another, and a quick search for all of them at once."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto
from functools import cached_property
from itertools import compress

from gates.dataclass import dataclass
from gates.redact import linear
from gates.redact.views import unescape
from gates.redact.words import MINIMUM_LENGTH

Rules = frozenset[str]
#: A line of a longer secret, such as a private key, is searched for by itself from this length.
MINIMUM_LINE = 16
#: So many characters of the beginning or the end of a cut secret say which it is.
_MINIMUM_CUT = 10
#: Sizes of the blocks that a content is looked at in, in bytes.
_BLOCKS = (8, 4)
#: From so many bytes it is worth to ask first whether there is anything to be found; of so many needles and bytes of them at most, since
#: that takes a while to prepare (half a millisecond for each 1,000 bytes).
_LONG = 4096
_MOST_ALTERNATIVES = 10_000
_LONGEST_PATTERN = 400_000
_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_SPACE = re.compile(rb"\s")


class Kind(Enum):
    """How much of a secret a needle is: all of it, or the beginning or the end of what a tool may cut."""

    WHOLE = auto()
    HEAD = auto()
    TAIL = auto()


@dataclass(frozen=True, slots=True)
class Needle:
    """A text that gives a secret away. `rest` is how many bytes of the secret a needle that is cut leaves out."""

    text: bytes
    rules: Rules
    kind: Kind = Kind.WHOLE
    rest: int = 0

    @property
    def is_wrappable(self) -> bool:
        """Whether a tool may break it into lines: what is long and has no white space of its own."""
        return self.kind is Kind.WHOLE and len(self.text) >= MINIMUM_LINE and not _SPACE.search(self.text)


class Needles:
    """A set of needles, to be found in one pass over a content.

    Whether any of them stands in a long content is asked of RE2 first, which is several times as fast, and mostly says that none does.
    Where they stand is looked at in blocks of eight bytes, or of four where a needle is short: each place of a needle covers one whole
    block, which is in one of as many positions as a block has bytes.
    """

    def __init__(self, needles: Iterable[Needle]) -> None:
        by_size: dict[int, list[Needle]] = {}
        for needle in needles:
            by_size.setdefault(next(size for size in _BLOCKS if len(needle.text) >= 2 * size - 1), []).append(needle)
        self._searches = [_Blocks(size, alike) for size, alike in by_size.items()]
        self._texts = {needle.text for alike in by_size.values() for needle in alike}

    def __bool__(self) -> bool:
        return bool(self._searches)

    def find(self, content: bytes) -> Iterator[tuple[int, Needle]]:
        """Each place where a needle stands in the content, those that overlap too."""
        if len(content) >= _LONG and not self._stand_in(content):
            return
        for search in self._searches:
            yield from search.find(content)

    @cached_property
    def _stand_in(self) -> Callable[[bytes], object]:
        """Tells of a content whether a needle may stand in it."""
        if not self._texts:
            return lambda _: False
        if len(self._texts) > _MOST_ALTERNATIVES or sum(map(len, self._texts)) > _LONGEST_PATTERN:
            return lambda _: True
        return linear.search(b"|".join(map(linear.escape, sorted(self._texts))))


class _Blocks:
    """Needles that are at least as long as two blocks of a size but one byte."""

    def __init__(self, size: int, needles: Iterable[Needle]) -> None:
        self._size = size
        self._by_start: dict[bytes, list[Needle]] = {}
        self._offsets: dict[int, tuple[int, ...]] = {}
        for needle in needles:
            start = needle.text[: 2 * size - 1]
            if start not in self._by_start:
                self._by_start[start] = []
                for offset in range(size):
                    block = int.from_bytes(start[offset : offset + size], sys.byteorder)
                    self._offsets[block] = tuple({*self._offsets.get(block, ()), offset})
            self._by_start[start].append(needle)

    def find(self, content: bytes) -> Iterator[tuple[int, Needle]]:
        blocks = memoryview(content)[: len(content) // self._size * self._size].cast("Q" if self._size == 8 else "I")
        length = 2 * self._size - 1
        for place in list(compress(range(len(blocks)), map(self._offsets.__contains__, blocks))):
            for offset in self._offsets[blocks[place]]:
                start = place * self._size - offset
                for needle in self._by_start.get(content[start : start + length], ()) if start >= 0 else ():
                    if content.startswith(needle.text, start):
                        yield start, needle


def needles_of(secrets: Mapping[str, Rules]) -> list[Needle]:
    """What gives one of the secrets away in a text, with the rules of all secrets that it belongs to."""
    found: dict[tuple[bytes, Kind, int], Rules] = {}
    for secret, rules in secrets.items():
        for part in _parts(secret):
            for text, kind, rest in _forms(part):
                if len(text) >= MINIMUM_LENGTH:
                    found[text, kind, rest] = found.get((text, kind, rest), frozenset()) | rules
    return [Needle(text, rules, kind, rest) for (text, kind, rest), rules in found.items()]


def in_base64(needles: Iterable[Needle]) -> Iterator[Needle]:
    """What is the same of a needle's base64 whatever stands around it, at each of the three alignments."""
    for needle in needles:
        for shift in range(3):
            padded = base64.b64encode(b"\0" * shift + needle.text)
            yield Needle(padded[-(-shift * 8 // 6) : (shift + len(needle.text)) * 8 // 6], needle.rules)


def in_hex(needles: Iterable[Needle]) -> Iterator[Needle]:
    for needle in needles:
        yield Needle(needle.text.hex().encode(), needle.rules)


def _parts(secret: str) -> set[str]:
    """A secret as it is, without the white space around it (such as a file's last newline), and its long lines one by one."""
    lines = {line.strip() for line in secret.splitlines() if "-----" not in line}
    whole = {part for part in (secret, secret.strip()) if len(part) >= MINIMUM_LENGTH}
    return whole | {line for line in lines if len(line) >= MINIMUM_LINE}


def _forms(part: str) -> Iterator[tuple[bytes, Kind, int]]:
    raw = _raw(part)
    for text in {*_written(part), *_digests(raw)}:
        yield text, Kind.WHOLE, 0
    if len(raw) >= 2 * _MINIMUM_CUT and b"://" not in raw:
        yield raw[:_MINIMUM_CUT], Kind.HEAD, len(raw) - _MINIMUM_CUT
        yield raw[-_MINIMUM_CUT:], Kind.TAIL, len(raw) - _MINIMUM_CUT


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _written(part: str) -> Iterator[bytes]:
    """A secret as text: in each encoding of its letters, as a form or a shell writes it, and with the escapes that it holds resolved."""
    for text in _texts(part):
        yield _raw(text)
        yield from _resolved(_raw(text))
    if not part.isascii():
        for encoding in ("latin-1", "utf-16-le", "utf-16-be"):
            yield part.encode(encoding, "ignore" if encoding == "latin-1" else "surrogatepass")


def _texts(part: str) -> Iterable[str]:
    composed = () if part.isascii() else (unicodedata.normalize(form, part) for form in ("NFC", "NFD"))
    quoted = (shlex.quote(part)[1:-1], part.replace("'", "'\\''")) if "'" in part else ()
    return {part, part.replace(" ", "+"), *composed, *quoted}


def _resolved(raw: bytes) -> Iterator[bytes]:
    """The secret as it becomes when the text around it is decoded: it may itself hold what looks like an escape."""
    while (decoded := unescape(raw)) != raw:
        yield decoded
        raw = decoded


def _digests(raw: bytes) -> Iterator[bytes]:
    """Unsalted hashes: a weak secret is guessed from them. Their hex and base64 are decoded before they are searched for."""
    for name in _HASHES:
        for text in (raw, raw + b"\n"):
            yield hashlib.new(name, text, usedforsecurity=False).digest()
