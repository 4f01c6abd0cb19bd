"""Digests of files by their bytes. What the system says was not touched since it was last read is not read again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gates.adapters import files
from gates.adapters.files import Stamp

#: What was written twice within so many nanoseconds may have one time: file systems count in ticks, some in seconds.
COARSE = 2 * 10**9
_GONE = "gone"


class Contents:
    """Digests (sha256, hex) of files below a root. `memo` is where they are remembered between runs; without it each is read.

    `stamps` say how files of the root were when the run began. Remembered is inode, size, and times of change of content and of inode,
    as git does it in its index: the time of the inode can't be set back by a program.
    """

    def __init__(self, root: Path, memo: Path | None = None, stamps: Mapping[str, Stamp] | None = None) -> None:
        self.root = root
        self._prefix = f"{root}{os.sep}"
        self._memo = memo
        self._stamps = stamps or {}
        self._known: dict[str, Any] = _read(memo) if memo else {}
        self._seen: dict[str, Any] = {}
        #: When the youngest of the files that were looked at was last written or moved, in nanoseconds since 1970.
        self.newest = 0
        self._now: dict[str, str] = {}

    def known(self, name: str) -> str:
        """The digest of one file as it was when this run began, or first looked at it."""
        found = self._now.get(name)
        if found is None:
            found = self._now[name] = self._of(name, self._stamps.get(name))
        return found

    def of(self, name: str) -> str:
        """The digest of one file as it is, by its name below the root or absolute; a word for what is none. A link is its target."""
        return self._of(name)

    def _of(self, name: str, seen: Stamp | None = None) -> str:
        path = name if name.startswith(os.sep) else f"{self._prefix}{name}"
        seen = seen or files.stamp(path)
        if seen is None:
            return _GONE
        self.newest = max(self.newest, seen.written, seen.changed)
        try:
            if seen.is_link:
                return f"link {os.readlink(path)}"  # noqa: PTH115
            if not stat.S_ISREG(seen.mode):
                return "folder" if stat.S_ISDIR(seen.mode) else "special"
            stamp = [seen.inode, seen.size, seen.written, seen.changed]
            known = self._known.get(name)
            if known is None or known[0] != stamp:
                now = time.time_ns()
                with open(path, "rb") as stream:  # noqa: PTH123
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                known = [stamp, digest]
                if max(seen.written, seen.changed) + COARSE > now:
                    return digest
        except OSError:
            return _GONE
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
