"""Reading and writing files so that nothing half-written ever stands under a final name."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from pathlib import Path

from gates.dataclass import dataclass
from gates.errors import EvidenceError

#: Folders that no gate looks into when there is no git to ask: other people's code, caches, our own output.
SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".gates",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
    }
)


def write_atomically(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, given whole or in pieces, whole or not at all. Raises `EvidenceError` with the remedy where that can't be done."""
    _place(path, content, lambda temporary: temporary.replace(path))


def write_new(path: Path, content: bytes | Iterable[bytes]) -> bool:
    """Write a file whole or not at all, and never over another: False where the name is taken. Raises `EvidenceError`."""

    def claim(temporary: Path) -> None:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: the name is claimed by an empty file, which no reader takes for evidence
            path.open("xb").close()
            temporary.replace(path)

    try:
        _place(path, content, claim)
    except FileExistsError:
        return False
    return True


def _place(path: Path, content: bytes | Iterable[bytes], name: Callable[[Path], object]) -> None:
    """Write beside `path`, then let `name` give the finished file its name. Passes `FileExistsError` of `name` on."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.writelines((content,) if isinstance(content, bytes) else content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(0o644)
            name(Path(temporary))
        finally:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
    except OSError as error:
        if isinstance(error, FileExistsError) and path.parent.is_dir():
            raise
        raise EvidenceError(
            f"{path} could not be written: {error.strerror or error}",
            where=str(path),
            help="free some space or choose a folder that you may write to, then run again",
        ) from error


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file was written or replaced: its kind, inode, size, and times of content and inode (nanoseconds since 1970).

    Two are the same where the first four are: the inode's time also changes where a link to a file is made.
    """

    mode: int
    inode: int
    size: int
    written: int
    changed: int = field(compare=False)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


def stamps(root: Path, names: Iterable[str]) -> dict[str, Stamp]:
    """The stamp of each file, by its name; files that are not there are left out. Of a link its own."""
    return {name: _stamp_of(seen) for name in names if (seen := _lstat(root, name)) is not None}


def stamp(path: str | Path) -> Stamp | None:
    """The stamp of one file; None where it is not there."""
    try:
        return _stamp_of(os.lstat(path))
    except (OSError, ValueError):
        return None


def _stamp_of(seen: os.stat_result) -> Stamp:
    return Stamp(seen.st_mode, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def regular(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Those of the names below a root that are files, and no links."""
    return (name for name in names if (seen := _lstat(root, name)) is not None and stat.S_ISREG(seen.st_mode))


def _lstat(root: Path, name: str) -> os.stat_result | None:
    """None for what is not there. Joins text: of 100,000 names a `Path` for each takes several times as long as asking the system."""
    try:
        return os.lstat(f"{root}{os.sep}{name}")
    except (OSError, ValueError):
        return None


def write_folder_atomically(folder: Path, members: Mapping[str, bytes]) -> None:
    """Write a folder of files whole or not at all. Raises `EvidenceError` where it exists and is not empty, or can't be written."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise EvidenceError(
                f"{folder} exists and is not empty", where=str(folder), help="name a new folder: evidence is never mixed or overwritten"
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name, content in members.items():
                path = temporary / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            temporary.chmod(0o755)
            temporary.replace(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise EvidenceError(
            f"{folder} could not be written: {error.strerror or error}",
            where=str(folder),
            help="free some space or choose a folder that you may write to, then run again",
        ) from error


def walk(root: Path, left_out: set[str] | None = None) -> Iterator[str]:
    """Paths of all regular files below `root`, relative with forward slashes, sorted; links are not followed.

    Folders that nobody wants to look into are passed over; their paths are added to `left_out`.
    """
    found = []
    for folder, names, files in os.walk(root):
        passed = {name for name in names if name in SKIPPED_FOLDERS}
        if left_out is not None:
            left_out |= {Path(folder, name).relative_to(root).as_posix() for name in passed}
        names[:] = sorted(set(names) - passed)
        found += [path for path in (Path(folder, name) for name in files) if path.is_file() and not path.is_symlink()]
    yield from sorted(path.relative_to(root).as_posix() for path in found)


def outside(root: Path, search_path: str) -> str:
    """A PATH without what a project could fill: folders inside it, and those that depend on where a program is started."""
    top = root.resolve()
    folders = search_path.split(os.pathsep)
    return os.pathsep.join(name for name in folders if Path(name).is_absolute() and not Path(name).resolve().is_relative_to(top))


def walk_links(root: Path) -> Iterator[str]:
    """Paths of all links below `root`, to files and to folders, relative with forward slashes."""
    for folder, names, others in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS)
        for path in (Path(folder, name) for name in (*names, *others)):
            if path.is_symlink():
                yield path.relative_to(root).as_posix()


def within(name: str, pattern: str) -> bool:
    """Whether a path is what the pattern names, or lies in a folder that it names.

    `*` and `?` stop at a slash, `**` does not. `.` is everything. A pattern that begins with `**/` fits at any depth.
    """
    return bool(_glob(pattern.removeprefix("./").strip("/")).fullmatch(name))


def at_any_depth(pattern: str) -> str:
    """A pattern of what is left out, for `within`: one without a slash fits at any depth."""
    return pattern if "/" in pattern.strip("/") else f"**/{pattern}"


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    if pattern in ("", "."):
        return re.compile(".*", re.DOTALL)
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts) + "(?:/.*)?", re.DOTALL)
