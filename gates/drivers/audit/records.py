"""A folder or zip of OSV records (JSON), opened without a network: read once, indexed by package in memory."""

from __future__ import annotations

import hashlib
import json
import lzma
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from gates.drivers.audit import ranges
from gates.drivers.audit.inventory import CannotTellError

#: Records are a few KB; what unpacks to more than this is no record.
MEMBER_LIMIT = 16 * 1024 * 1024
#: Everything that was ever published for PyPI unpacks to a tenth of this.
TOTAL_LIMIT = 2 * 1024 * 1024 * 1024
_REMEDY = "name a folder or a .zip of OSV records in JSON, such as the OSV project's export for PyPI"
_CANARIES = 5


@dataclass(slots=True)
class Records:
    """Records that are in force, by id and by package; `newest` is the last day on which any was modified."""

    sha256: str
    newest: date
    withdrawn: int = 0
    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_package: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def canaries(self) -> list[tuple[str, Version, str]]:
        """A few packages that the data itself calls vulnerable, spread over it: name, version, id of the record."""
        known = [(*named, id) for id in sorted(self.by_id) if (named := ranges.example(self.by_id[id])) is not None]
        step = max(1, len(known) // _CANARIES)
        return known[::step][:_CANARIES]


def open_records(path: Path, name: str) -> Records:
    """Read all records below `path`; `name` stands for it in what is said. Raises `CannotTellError` for anything that is no record."""
    digest = hashlib.sha256()
    newest = date.min
    withdrawn = 0
    by_id: dict[str, dict[str, Any]] = {}
    by_package: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for member, content in _members(path, name):
        digest.update(f"{member}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        record, modified = _record(member, content, name)
        newest = max(newest, modified)
        if record.get("withdrawn"):
            withdrawn += 1
            continue
        packages = _packages(record)
        if packages:
            by_id[record["id"]] = record
        for package in packages:
            by_package[package].append(record)
    if not by_id:
        raise CannotTellError(f"the advisories {name!r} hold no record in force of any PyPI package", _REMEDY)
    return Records(digest.hexdigest(), newest, withdrawn, by_id, dict(by_package))


def _packages(record: dict[str, Any]) -> list[str]:
    packages = [part["package"] for part in record.get("affected", []) if "package" in part]
    return sorted({canonicalize_name(package["name"]) for package in packages if package["ecosystem"] == "PyPI"})


def _record(member: str, content: bytes, name: str) -> tuple[dict[str, Any], date]:
    try:
        record = json.loads(content)
        if str(record.get("schema_version", "1")).partition(".")[0] != "1" or not isinstance(record["id"], str):
            raise ValueError("not a record of schema 1")
        _packages(record)
        _check_lists(record)
        return record, date.fromisoformat(record["modified"][:10])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CannotTellError(f"{member} of the advisories {name!r} is not an OSV record", _REMEDY) from None


def _check_lists(record: dict[str, Any]) -> None:
    """Raise `ValueError` where what an audit goes through is no list, or holds something else than it should."""
    parts = record.get("affected", [])
    ranges = [entry for part in parts for entry in part.get("ranges") or []]
    of_mappings = [*(part.get("severity") for part in (record, *parts)), *(entry.get("events") for entry in ranges)]
    of_texts = [part.get("versions") for part in parts]
    for kind, lists in ((dict, of_mappings), (str, of_texts)):
        if not all(isinstance(found, list) and all(isinstance(item, kind) for item in found) for found in lists if found is not None):
            raise ValueError("a list is none")


def _members(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        yield from _folder_members(path, name)
    elif path.is_file():
        yield from _zip_members(path, name)
    else:
        raise CannotTellError(f"the advisories {name!r} are not there", _REMEDY)


def _folder_members(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """A link is refused, not left out: what it leads to may be the very records that are looked for."""
    total = 0
    for file in sorted(path.rglob("*")):
        member = file.relative_to(path).as_posix()
        if file.is_symlink():
            raise CannotTellError(f"{member} of the advisories {name!r} is a link", "copy what it leads to into the folder")
        if file.suffix == ".json" and file.is_file():
            total = _checked_size(member, file.stat().st_size, total, name)
            yield member, file.read_bytes()


def _zip_members(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Members are read in memory, never unpacked: their names lead nowhere."""
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                if not info.is_dir() and info.filename.endswith(".json"):
                    total = _checked_size(info.filename, info.file_size, total, name)
                    yield info.filename, archive.read(info)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, OSError, EOFError, ValueError):
        raise CannotTellError(f"the advisories {name!r} are not a zip file that can be read", _REMEDY) from None


def _checked_size(member: str, size: int, total: int, name: str) -> int:
    if size > MEMBER_LIMIT:
        raise CannotTellError(f"{member} of the advisories {name!r} is too large for an OSV record", _REMEDY)
    if total + size > TOTAL_LIMIT:
        raise CannotTellError(f"the advisories {name!r} hold more than all that was ever published for PyPI", _REMEDY)
    return total + size
