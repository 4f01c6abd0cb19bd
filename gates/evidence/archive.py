"""The container of a bundle: a zip of stored members that is the same bytes for the same members, read without extracting.

Reading trusts nothing of the archive: what was read is written again, and must give the same bytes. Prefixes, suffixes,
doubled or disagreeing headers, comments, compression and ZIP64 all fail there.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from gates.errors import BundleError

ARCHIVE_LIMIT = 256 * 2**20
MEMBER_LIMIT = 64 * 2**20
MEMBERS_LIMIT = 2000
NAME_LIMIT = 200

_NAME = re.compile(r"[A-Za-z0-9._/@-]+")
#: The end of an archive without a comment, the mark before it that would make it ZIP64, and the size of the longest list of members.
_END = struct.Struct("<4s4H2LH")
_ZIP64 = re.compile(rb"PK\x06\x07.{16}", re.DOTALL)
_LIST_LIMIT = MEMBERS_LIMIT * (46 + NAME_LIMIT)
_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = (stat.S_IFREG | 0o644) << 16
_HELP = "get the bundle again from where it was published; a bundle that was changed can't be mended"


def pack(members: Mapping[str, bytes]) -> bytes:
    """The canonical archive of the members. Raises `BundleError` where they are beyond the bounds of evidence."""
    check_members({name: len(content) for name, content in members.items()})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = _MODE
            archive.writestr(info, members[name])
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """The members of an archive. Raises `BundleError` unless it is exactly what `pack` makes of them."""
    if len(content) > ARCHIVE_LIMIT:
        raise BundleError(f"the bundle is larger than {ARCHIVE_LIMIT // 2**20} MiB", help=_HELP)
    _check_list(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            for entry in entries:
                if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits:
                    raise BundleError("a member of the bundle is not simply stored", where=repr(entry.filename), help=_HELP)
            check_members({entry.filename: entry.file_size for entry in entries})
            members = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, struct.error) as error:
        raise BundleError(f"the bundle is not a zip archive that can be read: {error}", help=_HELP) from error
    if pack(members) != content:
        raise BundleError("the archive is not the one that was written: it holds more, or other, than its members", help=_HELP)
    return members


def _check_list(content: bytes) -> None:
    """Refuse a list of members that is longer than a bundle's before it is read: millions of empty ones fit into an archive."""
    start = len(content) - _END.size
    if not content.startswith(b"PK\x05\x06", max(0, start)) or _ZIP64.fullmatch(content, max(0, start - 20), start):
        raise BundleError("the bundle is not a zip archive that can be read: its end is not where it should be", help=_HELP)
    if _END.unpack_from(content, start)[5] > _LIST_LIMIT:
        raise BundleError(f"the bundle lists more than {MEMBERS_LIMIT} members", help=_HELP)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The members of a bundle that lies as a folder. Raises `BundleError` for links and for what is beyond the bounds."""
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    odd = [path for path in paths if path.is_symlink() or not path.is_file()]
    if odd:
        raise BundleError("the bundle holds a link or something else that is not a file", where=str(odd[0]), help=_HELP)
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    check_members({name: path.stat().st_size for name, path in names.items()})
    return {name: path.read_bytes() for name, path in names.items()}


def check_members(sizes: Mapping[str, int]) -> None:
    """Raise `BundleError` where names or sizes (in bytes) are not what a bundle may hold."""
    if len(sizes) > MEMBERS_LIMIT:
        raise BundleError(f"the bundle would hold more than {MEMBERS_LIMIT} members", help="examine less in one run")
    folded: dict[str, str] = {}
    for name, size in sizes.items():
        parts = name.split("/")
        if not _NAME.fullmatch(name) or len(name) > NAME_LIMIT or any(part in {"", ".", ".."} for part in parts):
            raise BundleError("a member's name is not one that evidence may hold", where=repr(name[:NAME_LIMIT]), help=_HELP)
        if size > MEMBER_LIMIT:
            raise BundleError(f"a member is larger than {MEMBER_LIMIT // 2**20} MiB", where=name, help="examine less in one run")
        if name.lower() in folded:
            raise BundleError("two members differ only in case", where=f"{folded[name.lower()]} and {name}", help=_HELP)
        folded[name.lower()] = name
    if sum(sizes.values()) > ARCHIVE_LIMIT:
        raise BundleError(f"the bundle would be larger than {ARCHIVE_LIMIT // 2**20} MiB", help="examine less in one run")
