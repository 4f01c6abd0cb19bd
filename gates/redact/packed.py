"""What stands packed in bytes: gzip, zlib, and the members of zip archives."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

#: The beginning of what gzip or zlib packs, and of a packed member of a zip archive.
_PACKED = re.compile(rb"\x1f\x8b\x08|PK\x03\x04.{4}\x08\x00.{16}(?P<name>..)(?P<extra>..)|\x78[\x01\x5e\x9c\xda]", re.DOTALL)
#: How much all that one content holds may be when it is unpacked: more is not searched.
_LIMIT = 64 * 2**20
#: How often, by and large, each byte may be tried to unpack, and how many are always: what only looks packed in ever more places is not.
_TRIES, _FREE = 8, 2**20
_FIRST_CHUNK, _LARGEST_CHUNK = 2**6, 2**20


def unpacked(content: bytes) -> Iterator[bytes | None]:
    """Each packed text in the content; None where all of them are too large together to be searched, and then no more."""
    size, tried, place = 0, 0, 0
    while found := _PACKED.search(content, place):
        start, bits = found.start(), zlib.MAX_WBITS
        if found["name"] is not None:
            start, bits = found.end() + sum(int.from_bytes(found[name], "little") for name in ("name", "extra")), -zlib.MAX_WBITS
        elif content.startswith(b"\x1f", start):
            bits |= 16
        text, end, is_whole = _unpack(content, start, bits, _LIMIT - size)
        size, tried = size + len(text), tried + end - start
        if size > _LIMIT or tried > _TRIES * len(content) + _FREE:
            yield None
            return
        if text:
            yield text
        place = max(end, found.end()) if is_whole else found.start() + 1


def _unpack(content: bytes, start: int, bits: int, limit: int) -> tuple[bytes, int, bool]:
    """What begins at a place, as far as it can be unpacked, or more than the limit; where reading it ended, and whether it did."""
    unpacker, pieces, size, chunk = zlib.decompressobj(bits), [], 0, _FIRST_CHUNK
    try:
        while start < len(content) and size <= limit and not unpacker.eof:
            # Piece by piece: the rest of the content, which zlib hands back, would else be copied each time.
            pieces.append(unpacker.decompress(content[start : start + chunk], limit - size + 1))
            size += len(pieces[-1])
            start, chunk = min(start + chunk, len(content)), min(2 * chunk, _LARGEST_CHUNK)
    except zlib.error:
        return b"".join(pieces), start, False
    return b"".join(pieces), start - len(unpacker.unused_data), unpacker.eof
