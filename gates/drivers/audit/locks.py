"""Lock files: uv, Poetry, PDM, pylock.toml (PEP 751) and Pipenv. All that is listed counts, whatever its extra, group or marker."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name

from gates.drivers.audit.inventory import CannotTellError, Entry, Place

VCS = "it comes from a version-control repository: no advisory names such versions"
ADDRESS = "it comes from an address of its own: no advisory names such versions"
LOCAL = "it comes from a local folder or file: no advisory names such versions"
COPY = "a local copy, which no advisory is looked up for: its folder is no member of the workspace in pyproject.toml"
#: Not a reason: the project itself, or a member of its workspace, is no dependency of its own.
OWN = "own"

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """A TOML lock: the array that lists packages, where its format's version stands, which majors are known."""

    array: str
    version: tuple[str, ...]
    majors: frozenset[str]
    origin: Callable[[Table], str]


def _local(path: object) -> str:
    return LOCAL if PurePosixPath(str(path)).parts[:1] in (("..",), ("/",)) else OWN


def _uv_origin(package: Table) -> str:
    source = package.get("source", {})
    for key in ("editable", "virtual"):
        if key in source:
            return _local(source[key])
    return _first(source, {"git": VCS, "url": ADDRESS, "directory": LOCAL, "path": LOCAL})


def _poetry_origin(package: Table) -> str:
    kinds = {"git": VCS, "hg": VCS, "url": ADDRESS, "directory": LOCAL, "file": LOCAL}
    return kinds.get(package.get("source", {}).get("type", ""), "")


def _pdm_origin(package: Table) -> str:
    if "path" in package:
        return OWN if package["path"] in (".", "./") else LOCAL
    return _first(package, {"git": VCS, "hg": VCS, "svn": VCS, "bzr": VCS, "url": ADDRESS})


def _pylock_origin(package: Table) -> str:
    if "directory" in package:
        return OWN if package["directory"].get("path") in (".", "./") else LOCAL
    if "archive" in package:
        return ADDRESS if "url" in package["archive"] else LOCAL
    return VCS if "vcs" in package else ""


def _first(table: Table, reasons: Mapping[str, str]) -> str:
    return next((reason for key, reason in reasons.items() if key in table), "")


UV = Format("package", ("version",), frozenset({"1"}), _uv_origin)
POETRY = Format("package", ("metadata", "lock-version"), frozenset({"1", "2"}), _poetry_origin)
PDM = Format("package", ("metadata", "lock_version"), frozenset({"2", "3", "4"}), _pdm_origin)
PYLOCK = Format("packages", ("lock-version",), frozenset({"1"}), _pylock_origin)


def read_toml(path: str, text: str, format: Format, root: Path | None = None) -> Iterator[Entry]:
    """Packages of a TOML lock, without the project itself and, where `root` tells, the members of its workspace."""
    document = load_toml(path, text)
    found: Any = document
    for key in format.version:
        found = found.get(key, {}) if isinstance(found, dict) else {}
    if str(found).partition(".")[0] not in format.majors:
        raise CannotTellError(f"{path} is of a lock format that is not known here", "write it again with a current version of its tool")
    tables = document.get(format.array, [])
    lines = _name_lines(text, format.array)
    if len(lines) != len(tables):
        lines = [0] * len(tables)
    for table, line in zip(tables, lines, strict=True):
        if not isinstance(table.get("name"), str):
            raise CannotTellError(f"{path} lists a package without a name", "write it again with its tool")
        origin = format.origin(table)
        if origin == OWN and root is not None:
            origin = _own_origin((root / path).parent, table)
        if origin != OWN:
            yield Entry(table["name"], str(table.get("version", "")), Place(path, line), origin)


def _own_origin(home: Path, table: Table) -> str:
    """`OWN` where the folder that a lock gives for a package is the project, or a member of its workspace: else a lock could hide any."""
    source = table.get("source", {})
    folder = source.get("editable") or source.get("virtual") or table.get("path") or table.get("directory", {}).get("path", ".")
    place = PurePosixPath(str(folder))
    file = home / place / "pyproject.toml"
    if not file.is_file():
        return LOCAL if place.parts else OWN
    if place.parts and not _is_member(home, place):
        return COPY
    document = _project(file)
    name = document.get("project", {}).get("name") or document.get("tool", {}).get("poetry", {}).get("name", "")
    return OWN if canonicalize_name(str(name)) == canonicalize_name(table["name"]) else LOCAL


def _is_member(home: Path, place: PurePosixPath) -> bool:
    """Whether the project at the lock names a folder among the members of its workspace, as uv reads that."""
    file = home / "pyproject.toml"
    if ".." in place.parts or not file.is_file():
        return False
    workspace = _project(file).get("tool", {}).get("uv", {}).get("workspace", {})
    is_left_out = any(_fits(place, pattern) for pattern in workspace.get("exclude", []))
    return not is_left_out and any(_fits(place, pattern) for pattern in workspace.get("members", []))


def _project(file: Path) -> dict[str, Any]:
    return load_toml(file.name, file.read_text("utf-8", "replace"))


def _fits(place: PurePosixPath, pattern: str) -> bool:
    """Whether a glob names a folder: `*` stops at a slash, `**` does not. In as many steps as both have parts."""
    ends = {0}
    for word in PurePosixPath(pattern).parts:
        if word == "**":
            ends = set(range(min(ends, default=len(place.parts) + 1), len(place.parts) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(place.parts) and fnmatchcase(place.parts[end], word)}
    return len(place.parts) in ends


def read_pipfile(path: str, text: str) -> Iterator[Entry]:
    """Packages of all categories of a Pipfile.lock."""
    try:
        document = json.loads(text)
        categories = {name: table for name, table in document.items() if name != "_meta"}
        spec = document["_meta"]["pipfile-spec"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CannotTellError(f"{path} is not a lock file of Pipenv", "write it again: pipenv lock") from None
    if spec != 6:
        raise CannotTellError(f"{path} is of a lock format that is not known here", "write it again with a current version of its tool")
    for category, table in categories.items():
        start = text.find(f'"{category}"')
        for name, package in table.items():
            yield _pipfile_entry(name, package, Place(path, _key_line(text, name, start)))


def _pipfile_entry(name: str, package: Table, place: Place) -> Entry:
    if package.get("path") in (".", "./") and package.get("editable"):
        return Entry(name, "", place, "it is this project itself, installed from its folder")
    skip = _first(package, {"git": VCS, "hg": VCS, "svn": VCS, "file": ADDRESS, "path": LOCAL})
    return Entry(name, str(package.get("version", "")).removeprefix("==").lstrip("="), place, skip)


def load_toml(path: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise CannotTellError(f"{path} is nested too deeply to be read", "write it again with its tool") from None
    except ValueError as error:
        raise CannotTellError(f"{path} is not TOML that can be read: {error}", "mend it, or write it again with its tool") from None


def _name_lines(text: str, array: str) -> list[int]:
    """The line of `name` in each table of the array, in order; the header's own line where the name does not follow."""
    found: list[int] = []
    waiting = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() == f"[[{array}]]":
            found.append(number)
            waiting = True
        elif waiting and line.startswith("["):
            waiting = False
        elif waiting and re.match(r"name\s*=", line):
            found[-1] = number
            waiting = False
    return found


def _key_line(text: str, key: str, start: int) -> int:
    match = re.compile(rf'"{re.escape(key)}"\s*:\s*\{{').search(text, max(start, 0))
    return text.count("\n", 0, match.start()) + 1 if match else 0
