"""The container of a bundle: a zip of stored members that is the same bytes for the same members, read without extracting.

It is written and read in pieces, from the first byte to the last, and nothing is held twice. Reading trusts nothing of the archive:
each header must be the one that would be written for the member that follows, and the list at the end the one for the members that
were read. Prefixes, suffixes, doubled or disagreeing headers, comments, compression and ZIP64 all fail there.
APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from gates.dataclass import dataclass
from gates.errors import BundleError

ARCHIVE_LIMIT = 256 * 2**20
MEMBER_LIMIT = 64 * 2**20
MEMBERS_LIMIT = 2000
NAME_LIMIT = 200

_NAME = re.compile(r"[A-Za-z0-9._/@-]+")
#: A member's header; its line in the list at the end; the end itself. All little-endian.
_HEADER = struct.Struct("<4s5H3L2H")
_LINE = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_HEADER_MARK, _LINE_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
#: Version 2.0 of the format, made on Unix; 1980-01-01 00:00:00; a regular file that its owner may write and all may read.
_NEEDS, _MADE_BY = 20, 3 << 8 | 20
_TIME, _DATE = 0, 1 << 5 | 1
_MODE = (stat.S_IFREG | 0o644) << 16
#: The longest list of members with the end behind it.
_TAIL_LIMIT = MEMBERS_LIMIT * (_LINE.size + NAME_LIMIT) + _END.size
#: What one member takes beside its content, without its name, which stands there twice.
_OVERHEAD = _HEADER.size + _LINE.size
_HELP = "get the bundle again from where it was published; a bundle that was changed can't be mended"
_UNREADABLE = "the bundle is not a zip archive that can be read"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A member as its two headers describe it. `offset` is where the first of them begins."""

    name: bytes
    size: int
    checksum: int
    offset: int

    def header(self) -> bytes:
        size, name = self.size, self.name
        return _HEADER.pack(_HEADER_MARK, _NEEDS, 0, 0, _TIME, _DATE, self.checksum, size, size, len(name), 0) + name

    def line(self) -> bytes:
        size, name = self.size, self.name
        about = (_MADE_BY, _NEEDS, 0, 0, _TIME, _DATE, self.checksum, size, size, len(name), 0, 0, 0, 0, _MODE, self.offset)
        return _LINE.pack(_LINE_MARK, *about) + name

    @property
    def end(self) -> int:
        """Where the next member begins."""
        return self.offset + _HEADER.size + len(self.name) + self.size


class _Bounds:
    """What a bundle may hold, asked member by member, so that nothing beyond it is read or written."""

    def __init__(self) -> None:
        self._folded: dict[str, str] = {}
        self._total = _END.size

    def add(self, name: str, size: int) -> None:
        """Raise `BundleError` where a member of this name and size (in bytes) is one too many, too large, or must not be called so."""
        parts = name.split("/")
        if len(self._folded) == MEMBERS_LIMIT:
            raise BundleError(f"the bundle would hold more than {MEMBERS_LIMIT} members", help="examine less in one run")
        if not _NAME.fullmatch(name) or len(name) > NAME_LIMIT or any(part in {"", ".", ".."} for part in parts):
            raise BundleError("a member's name is not one that evidence may hold", where=ascii(name[:NAME_LIMIT]), help=_HELP)
        if size > MEMBER_LIMIT:
            raise BundleError(f"a member is larger than {MEMBER_LIMIT // 2**20} MiB", where=name, help="examine less in one run")
        if (other := self._folded.get(name.lower())) is not None:
            same = "two members have the same name" if other == name else "two members differ only in case"
            raise BundleError(same, where=f"{other} and {name}", help=_HELP)
        self._folded[name.lower()] = name
        self._total += size + _OVERHEAD + 2 * len(name)
        if self._total > ARCHIVE_LIMIT:
            raise BundleError(f"the bundle would be larger than {ARCHIVE_LIMIT // 2**20} MiB", help="examine less in one run")


def check_members(sizes: Mapping[str, int]) -> None:
    """Raise `BundleError` where names or sizes (in bytes) are not what a bundle may hold."""
    bounds = _Bounds()
    for name, size in sizes.items():
        bounds.add(name, size)


def pieces(members: Mapping[str, bytes]) -> Iterator[bytes]:
    """The canonical archive of the members, piece by piece. Raises `BundleError` at once where they are beyond the bounds of evidence."""
    check_members({name: len(content) for name, content in members.items()})
    return _pieces(members)


def _pieces(members: Mapping[str, bytes]) -> Iterator[bytes]:
    entries: list[_Entry] = []
    for name in sorted(members):
        content = members[name]
        entries.append(_Entry(name.encode("ascii"), len(content), zlib.crc32(content), entries[-1].end if entries else 0))
        yield entries[-1].header()
        yield content
    yield _tail(entries)


def _tail(entries: Iterable[_Entry]) -> bytes:
    """The list of the members and the end of the archive."""
    entries = tuple(entries)
    lines = b"".join(entry.line() for entry in entries)
    start = entries[-1].end if entries else 0
    return lines + _END.pack(_END_MARK, 0, 0, len(entries), len(entries), len(lines), start, 0)


def pack(members: Mapping[str, bytes]) -> bytes:
    """The canonical archive of the members. Raises `BundleError` where they are beyond the bounds of evidence."""
    return b"".join(pieces(members))


def unpack(content: bytes) -> dict[str, bytes]:
    """The members of an archive. Raises `BundleError` unless it is exactly what `pack` makes of them."""
    return read(BytesIO(content))


def read(stream: BinaryIO) -> dict[str, bytes]:
    """The members of an archive, read once from its first byte to its last. Raises `BundleError` unless it is the one that `pack` makes."""
    bounds, entries, members = _Bounds(), list[_Entry](), dict[str, bytes]()
    head = stream.read(_HEADER.size)
    while head.startswith(_HEADER_MARK):
        name, size, checksum = _announced(head, stream)
        bounds.add(name, size)
        content = stream.read(size)
        entry = _Entry(name.encode("ascii"), len(content), zlib.crc32(content), entries[-1].end if entries else 0)
        if len(content) != size:
            raise BundleError(f"{_UNREADABLE}: it ends in the middle of a member", where=name, help=_HELP)
        if entry.checksum != checksum:
            raise BundleError("a member is damaged: its checksum is another", where=name, help=_HELP)
        if (entries and entries[-1].name >= entry.name) or entry.header() != head + entry.name:
            raise _other()
        entries.append(entry)
        members[name] = content
        head = stream.read(_HEADER.size)
    if not entries and not head.startswith(_END_MARK):
        raise BundleError(f"{_UNREADABLE}: it does not begin with a member", help=_HELP)
    if head + stream.read(_TAIL_LIMIT) != _tail(entries):
        raise _other()
    return members


def _announced(head: bytes, stream: BinaryIO) -> tuple[str, int, int]:
    """The name, size and checksum that a member's header announces; the name is read too. Raises `BundleError`."""
    if len(head) < _HEADER.size:
        raise BundleError(f"{_UNREADABLE}: it ends in the middle of a member", help=_HELP)
    _, _, flags, method, _, _, checksum, _, size, length, _ = _HEADER.unpack(head)
    name = stream.read(min(length, NAME_LIMIT + 1)).decode("utf-8", "replace")
    if flags or method:
        raise BundleError("a member of the bundle is not simply stored", where=ascii(name), help=_HELP)
    return name, size, checksum


def _other() -> BundleError:
    return BundleError("the archive is not the one that was written: it holds more, or other, than its members", help=_HELP)


def read_file(path: Path) -> dict[str, bytes]:
    """The members of a bundle that is a file. Raises `BundleError`; `OSError` where it can't be read."""
    with _open(path) as stream:
        if os.fstat(stream.fileno()).st_size > ARCHIVE_LIMIT:
            raise BundleError(f"the bundle is larger than {ARCHIVE_LIMIT // 2**20} MiB", help=_HELP)
        return read(stream)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The members of a bundle that lies as a folder, each read once, and none where what lies there is beyond the bounds.

    Raises `BundleError` for what is neither file nor folder, too; `OSError` where it can't be read.
    """
    sizes = dict(_files(folder))
    check_members(sizes)
    bounds, members = _Bounds(), dict[str, bytes]()
    for name in sorted(sizes):
        with _open(folder / name, os.O_NOFOLLOW) as stream:  # it may have become another since it was found, or grow
            members[name] = stream.read(MEMBER_LIMIT + 1)
        bounds.add(name, len(members[name]))
    return members


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """The names and sizes of all files below a folder. Raises `BundleError` at the first thing that no bundle holds."""
    count, below = 0, [""]
    while below:
        here = below.pop()
        with os.scandir(folder / here) as entries:
            found = list(islice(entries, MEMBERS_LIMIT + 1))
        count += sum(not entry.is_dir(follow_symlinks=False) for entry in found)
        if max(count, len(found)) > MEMBERS_LIMIT:
            raise BundleError(f"the bundle holds more than {MEMBERS_LIMIT} members", where=str(folder), help=_HELP)
        if here and not found:
            raise BundleError("the bundle holds an empty folder", where=ascii(here), help=_HELP)
        for entry in found:
            name = f"{here}{entry.name}"
            if len(name) > NAME_LIMIT:
                raise BundleError("a member's name is not one that evidence may hold", where=ascii(name[:NAME_LIMIT]), help=_HELP)
            if entry.is_dir(follow_symlinks=False):
                below.append(f"{name}/")
            elif entry.is_file(follow_symlinks=False):
                yield name, entry.stat(follow_symlinks=False).st_size
            else:
                raise BundleError("the bundle holds a link or something else that is not a file", where=ascii(name), help=_HELP)


def _open(path: Path, flags: int = 0) -> BinaryIO:
    """A regular file, opened without waiting for anyone. Raises `BundleError` for anything else, and `OSError`."""
    stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise BundleError("it is not a regular file", where=str(path), help="name a bundle: a .zip file or a folder")
    return stream
