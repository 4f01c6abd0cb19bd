"""Requirements files with their includes and constraints. Nothing is resolved: what is not pinned is an error with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from pip_requirements_parser import InstallRequirement, RequirementsFile

from gates.drivers.audit.inventory import CannotTellError, Entry, Place
from gates.drivers.audit.locks import ADDRESS, LOCAL, VCS

PIN = (
    "pin all of them, with what they need themselves: uv pip compile, or pip-compile; or use a lock file, or a list of what is installed "
    "(docs/gates/dependencies.md)"
)
_VCS_PREFIXES = ("git", "hg", "svn", "bzr")
_SHOWN = 5


@dataclass(slots=True)
class Lines:
    """A requirements file and all that it includes: requirements, constraints, and the files that were read."""

    wanted: list[tuple[InstallRequirement, Place]] = field(default_factory=list)
    limits: list[tuple[InstallRequirement, Place]] = field(default_factory=list)
    files: set[tuple[str, bool]] = field(default_factory=set)

    def includes(self, path: str) -> bool:
        return (path, False) in self.files or (path, True) in self.files


def read_files(root: Path, paths: list[str]) -> Iterator[Entry]:
    """Packages of requirements files. One that another of them includes is read as a part of that one."""
    lines = {path: _collect(root, path) for path in paths}
    for path in paths:
        if not any(_covers(lines, other, path) for other in paths if other != path):
            yield from _entries(lines[path])


def included(root: Path, paths: list[str]) -> frozenset[str]:
    """Every file that was read for these paths."""
    return frozenset(name for path in paths for name, _ in _collect(root, path).files)


def _covers(lines: dict[str, Lines], other: str, path: str) -> bool:
    """Whether `other` includes `path`; of two that include each other, the first by name does."""
    return lines[other].includes(path) and (not lines[path].includes(other) or other < path)


def exact_version(specifiers: SpecifierSet | None) -> str | None:
    """The one version that specifiers allow, None where they allow several (`==1.*` does)."""
    exact = [item.version for item in specifiers or () if item.operator in {"==", "==="} and not item.version.endswith(".*")]
    return exact[0] if exact else None


def refuse_unpinned(unpinned: list[tuple[str, Place]]) -> None:
    """Raise `CannotTellError` naming the first few of what is not pinned."""
    if not unpinned:
        return
    shown = ", ".join(f"{place} ({name})" for name, place in unpinned[:_SHOWN])
    more = f" and {len(unpinned) - _SHOWN} more" if len(unpinned) > _SHOWN else ""
    raise CannotTellError(f"not pinned to one version: {shown}{more}", PIN)


def _collect(root: Path, path: str) -> Lines:
    lines = Lines()
    _read(root, path, constraint=False, lines=lines)
    return lines


def _read(root: Path, path: str, *, constraint: bool, lines: Lines) -> None:
    if (path, constraint) in lines.files:
        return
    lines.files.add((path, constraint))
    try:
        parsed = RequirementsFile.from_file(str(root / path), include_nested=False)
    except (UnicodeDecodeError, LookupError):
        raise CannotTellError(f"{path} is not text that can be read", "write it again in UTF-8") from None
    for invalid in parsed.invalid_lines:
        raise CannotTellError(f"{path}:{invalid.line_number} can't be read as a requirement", "mend the line")
    target = lines.limits if constraint else lines.wanted
    target += [(item, Place(path, item.requirement_line.line_number or 0)) for item in parsed.requirements]
    for option in parsed.options:
        place = Place(path, option.requirement_line.line_number or 0)
        for name in option.options.get("requirements", []):
            _read(root, _included(root, name, place), constraint=constraint, lines=lines)
        for name in option.options.get("constraints", []):
            _read(root, _included(root, name, place), constraint=True, lines=lines)


def _included(root: Path, name: str, place: Place) -> str:
    if "://" in name:
        raise CannotTellError(f"{place} includes a file from the network", "keep a copy in the repository and include that")
    found = (root / place.path).parent.joinpath(name).resolve()
    if not found.is_relative_to(root.resolve()):
        raise CannotTellError(f"{place} includes {name!r}, which is outside the repository", "keep a copy in the repository")
    if not found.is_file():
        raise CannotTellError(f"{place} includes {name!r}, which is not there", "add the file or take the line out")
    return found.relative_to(root.resolve()).as_posix()


def _entries(lines: Lines) -> Iterator[Entry]:
    pins: dict[str, str] = {}
    for item, place in lines.limits:
        version = exact_version(item.specifier)
        if item.name and item.link is None and version is not None:
            pins[canonicalize_name(item.name)] = version
            yield Entry(item.name, version, place)
    unpinned = []
    for item, place in lines.wanted:
        if item.link is not None or not item.name:
            yield _linked(item, place)
            continue
        version = exact_version(item.specifier) or pins.get(canonicalize_name(item.name))
        if version is None:
            unpinned.append((item.name, place))
        else:
            yield Entry(item.name, version, place)
    refuse_unpinned(unpinned)


def _linked(item: InstallRequirement, place: Place) -> Entry:
    """What comes by link, by its own name or the end of its path; never by the link itself, which may hold a token."""
    link = urlsplit(item.link.url if item.link else "")
    last = link.path.rstrip("/").rpartition("/")[2].partition("@")[0]
    return Entry(item.name or last.strip(".") or "this-project", "", place, _origin(link.scheme))


def _origin(scheme: str) -> str:
    if scheme.partition("+")[0] in _VCS_PREFIXES:
        return VCS
    return ADDRESS if scheme in {"http", "https", "ftp"} else LOCAL
