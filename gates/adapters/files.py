"""Reading and writing files so that nothing half-written ever stands under a final name."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
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


def walk(root: Path) -> Iterator[str]:
    """Paths of all regular files below `root`, relative with forward slashes, sorted; links are not followed."""
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()
