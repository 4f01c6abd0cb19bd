"""Entries of the cache on disk: each names what it was seen with, and a digest tells when one is not whole or not what was written."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gates.adapters import files
from gates.dataclass import dataclass
from gates.model import CachedFrom

#: What all entries together may take, and what one may, once unpacked.
LIMIT = 512 * 2**20
ENTRY_LIMIT = 64 * 2**20
_SUFFIX = ".entry"
_LENGTH = hashlib.sha256().digest_size * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """So many masks on a line (from 1; 0: in the name) of a raw file, by rules."""

    name: str
    line: int
    rules: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The raw output of one gate, with every secret masked, where masks stand in it, and the run that it is from."""

    members: Mapping[str, bytes]
    masks: tuple[Mask, ...]
    origin: CachedFrom


class Store:
    """A folder of entries. What is written there after it was opened is not read: the project's own programs may have done that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._there = {name: stamp for name, stamp, _ in _listed(folder)}

    @property
    def empty(self) -> bool:
        """Whether there was nothing in it when it was opened."""
        return not self._there

    def read(self, key: str, parts: Mapping[str, str]) -> tuple[Entry | None, str]:
        """The entry of a key, or why there is none, in words; empty where nothing was ever kept by that key.

        `parts` are what the key was made of: an entry under another's name is none.
        """
        path = self._folder / f"{key}{_SUFFIX}"
        if path.name not in self._there:
            return None, ""
        try:
            if _stamp(path.lstat()) != self._there[path.name]:
                return None, "it was written to while this run went on"
            content = path.read_bytes()
            entry = _decode(content, parts)
        except OSError as error:
            return None, f"it can't be read: {error.strerror or error}"
        except (ValueError, KeyError, TypeError, zlib.error, RecursionError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None, "it is not as it was written, and was thrown away"
        return entry, ""

    def write(self, key: str, parts: Mapping[str, str], entry: Entry) -> None:
        """Keep an entry. Raises `EvidenceError` where it can't be written."""
        content = _encode(entry, parts)
        if content:
            files.write_atomically(self._folder / f"{key}{_SUFFIX}", content)

    def prune(self) -> None:
        """Throw away the oldest entries, until the rest is within the limit."""
        total = 0
        for name, (_, _, size), _ in sorted(_listed(self._folder), key=lambda item: -item[2]):
            total += size
            if total > LIMIT:
                with contextlib.suppress(OSError):
                    (self._folder / name).unlink()


def _listed(folder: Path) -> Sequence[tuple[str, tuple[int, int, int], int]]:
    """Name, what tells that an entry was replaced, and when it was written."""
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_SUFFIX):
                seen = entry.stat(follow_symlinks=False)
                found.append((entry.name, _stamp(seen), seen.st_mtime_ns))
    return found


def _stamp(seen: os.stat_result) -> tuple[int, int, int]:
    return seen.st_ino, seen.st_ctime_ns, seen.st_size


def _encode(entry: Entry, parts: Mapping[str, str]) -> bytes:
    """Empty where the entry is larger than one may be."""
    if sum(map(len, entry.members.values())) > ENTRY_LIMIT // 2:
        return b""
    plain: dict[str, Any] = {
        "parts": dict(parts),
        "members": {name: base64.b64encode(content).decode() for name, content in entry.members.items()},
        "masks": [[mask.name, mask.line, list(mask.rules), mask.count] for mask in entry.masks],
        "origin": [entry.origin.started, entry.origin.commit, entry.origin.bundle],
    }
    packed = zlib.compress(json.dumps(plain, separators=(",", ":")).encode(), 1)
    return hashlib.sha256(packed).hexdigest().encode() + packed


def _decode(content: bytes, parts: Mapping[str, str]) -> Entry:
    said, packed = content[:_LENGTH], content[_LENGTH:]
    if hashlib.sha256(packed).hexdigest().encode() != said:
        raise ValueError("the digest is another")
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(packed, ENTRY_LIMIT)
    if not unpacking.eof:
        raise ValueError("it is larger than it may be")
    plain = json.loads(text)
    if plain["parts"] != dict(parts):
        raise ValueError("it is of something else")
    started, commit, bundle = plain["origin"]
    return Entry(
        members={str(name): base64.b64decode(content, validate=True) for name, content in plain["members"].items()},
        masks=tuple(Mask(name=name, line=line, rules=tuple(rules), count=count) for name, line, rules, count in plain["masks"]),
        origin=CachedFrom(started=started, commit=commit, bundle=bundle),
    )
