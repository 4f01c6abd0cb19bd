"""What stands packed in bytes: gzip, zlib, and the members of zip archives."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

#: The beginning of what gzip or zlib packs, and of a packed member of a zip archive.
_PACKED = re.compile(rb"\x1f\x8b\x08|PK\x03\x04.{4}\x08\x00.{16}(?P<name>..)(?P<extra>..)|\x78[\x01\x5e\x9c\xda]", re.DOTALL)
#: How much all that one content holds may be when it is unpacked: more is not searched.
_LIMIT = 64 * 2**20
_FIRST_CHUNK, _LARGEST_CHUNK = 2**10, 2**20


def unpacked(content: bytes) -> Iterator[bytes | None]:
    """Each packed text in the content; None where all of them are too large together to be searched, and then no more."""
    left, place = _LIMIT, 0
    while found := _PACKED.search(content, place):
        place = found.start() + 1
        start, bits = found.start(), zlib.MAX_WBITS
        if found["name"] is not None:
            start, bits = found.end() + sum(int.from_bytes(found[name], "little") for name in ("name", "extra")), -zlib.MAX_WBITS
        elif content.startswith(b"\x1f", start):
            bits |= 16
        text, end = _unpack(content, start, bits, left)
        if text is None:
            yield None
            return
        if text:
            left -= len(text)
            yield text
        place = max(place, end)


def _unpack(content: bytes, start: int, bits: int, limit: int) -> tuple[bytes | None, int]:
    """What begins at a place, as far as it can be unpacked, and where it ends (0 where it is broken); None where it is too large."""
    unpacker, pieces, size, chunk = zlib.decompressobj(bits), [], 0, _FIRST_CHUNK
    try:
        while start < len(content) and not unpacker.eof:
            # Piece by piece: the rest of the content, which zlib hands back, would else be copied each time.
            pieces.append(unpacker.decompress(content[start : start + chunk], limit - size + 1))
            size += len(pieces[-1])
            if size > limit:
                return None, 0
            start, chunk = start + chunk, min(2 * chunk, _LARGEST_CHUNK)
    except zlib.error:
        return b"".join(pieces), 0
    return b"".join(pieces), start - len(unpacker.unused_data) if unpacker.eof else 0
