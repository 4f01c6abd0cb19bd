"""Reading and writing files so that nothing half-written ever stands under a final name."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

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


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises `EvidenceError` with the remedy where that can't be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise EvidenceError(
            f"{path} could not be written: {error.strerror or error}",
            where=str(path),
            help="free some space or choose a folder that you may write to, then run again",
        ) from error


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


def walk(root: Path) -> Iterator[str]:
    """Paths of all regular files below `root`, relative with forward slashes, sorted; links are not followed."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def within(name: str, pattern: str) -> bool:
    """Whether a path is what the pattern names, or lies in a folder that it names.

    `*` and `?` stop at a slash, `**` does not. `.` is everything. A pattern that begins with `**/` fits at any depth.
    """
    return bool(_glob(pattern.removeprefix("./").strip("/")).fullmatch(name))


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    if pattern in ("", "."):
        return re.compile(".*", re.DOTALL)
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts) + "(?:/.*)?", re.DOTALL)
