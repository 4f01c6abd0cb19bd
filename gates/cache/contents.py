"""Digests of files by their bytes. What the system says was not touched since it was last read is not read again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gates.adapters import files

#: What was written twice within so many nanoseconds may have one time: file systems count in ticks, some in seconds.
COARSE = 2 * 10**9
_GONE = "gone"


class Contents:
    """Digests (sha256, hex) of files below a root. `memo` is where they are remembered between runs; without it each is read.

    Remembered is inode, size, and times of change of content and of inode, as git does it in its index: the time of the inode
    can't be set back by a program.
    """

    def __init__(self, root: Path, memo: Path | None = None) -> None:
        self.root = root
        self._memo = memo
        self._known: dict[str, Any] = _read(memo) if memo else {}
        self._seen: dict[str, Any] = {}
        #: When the youngest of the files that were looked at was last written or moved, in nanoseconds since 1970.
        self.newest = 0

    def of(self, name: str) -> str:
        """The digest of one file, relative to the root or absolute; a word for what is no file. Links are told by where they lead."""
        path = os.path.join(self.root, name)  # noqa: PTH118 (a Path for each of 100,000 names takes longer than all else here)
        try:
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                return f"link {os.readlink(path)}"  # noqa: PTH115
            if not stat.S_ISREG(found.st_mode):
                return "folder" if stat.S_ISDIR(found.st_mode) else "special"
        except (OSError, ValueError):
            return _GONE
        stamp = [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
        self.newest = max(self.newest, found.st_mtime_ns, found.st_ctime_ns)
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            now = time.time_ns()
            try:
                with open(path, "rb") as stream:  # noqa: PTH123
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError:
                return _GONE
            known = [stamp, digest]
            if max(found.st_mtime_ns, found.st_ctime_ns) + COARSE > now:
                return digest
        self._seen[name] = known
        return str(known[1])

    def below(self, place: Path) -> Iterator[tuple[str, str]]:
        """Every file at or below an absolute path, ignored ones too, with its digest, sorted; links are not followed."""
        if not place.is_dir() or place.is_symlink():
            yield str(place), self.of(str(place))
            return
        for folder, names, others in os.walk(place):
            names.sort()
            linked = [name for name in names if os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118
            for name in sorted((*others, *linked)):
                path = os.path.join(folder, name)  # noqa: PTH118
                yield path, self.of(path)

    def changed(self) -> list[str]:
        """Files that were remembered and are others now, sorted."""
        return sorted(name for name, known in self._known.items() if (now := self._seen.get(name)) is not None and now[1] != known[1])

    def remember(self) -> None:
        """Write down what was read, for the next run. That it can't be written costs time and nothing else."""
        if self._memo is not None and self._seen != self._known:
            with contextlib.suppress(Exception):
                files.write_atomically(self._memo, json.dumps(self._seen, ensure_ascii=True, separators=(",", ":")).encode())


def _read(memo: Path) -> dict[str, Any]:
    try:
        found = json.loads(memo.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: item for name, item in found.items() if isinstance(item, list) and len(item) == 2}


def digest(items: Iterable[tuple[str, ...]]) -> str:
    """One digest (sha256, hex) of rows of text, each told from its neighbours by its length."""
    total = hashlib.sha256()
    for item in items:
        for part in item:
            content = part.encode("utf-8", "surrogateescape")
            total.update(b"%d:" % len(content) + content)
        total.update(b"\n")
    return total.hexdigest()
