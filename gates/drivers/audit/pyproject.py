"""`pyproject.toml`: where nothing is locked, its dependencies, extras and groups; beside a lock, what the lock has left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from gates.drivers.audit.inventory import CannotTellError, Entry, Place
from gates.drivers.audit.locks import ADDRESS, VCS, load_toml
from gates.drivers.audit.requirements import exact_version, refuse_unpinned

LOCK = "lock them: uv lock, poetry lock or pdm lock; or write a pinned requirements file: uv pip compile, pip-compile"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
UNLISTED = "it is declared here, and no file that is audited lists it"
UNFIT = "it is declared here, and no file that is audited lists a version of it that fits"
UNLOCKED = "it asks for packages, and no file that is audited lies beside it or above it"
UNREADABLE = "it is not TOML that can be read, so what it asks for is not known"


def read(path: str, text: str) -> Iterator[Entry]:
    """Packages that a `pyproject.toml` pins. What it does not pin, or gives elsewhere, is an error with its remedy."""
    document = load_toml(path, text)
    project = document.get("project", {})
    elsewhere = sorted({"dependencies", "optional-dependencies"} & set(project.get("dynamic", [])))
    if elsewhere:
        raise CannotTellError(f"{path} leaves {elsewhere[0]!r} to its build (`dynamic`), and nothing is locked", LOCK)
    if document.get("tool", {}).get("poetry", {}).get("dependencies") and "dependencies" not in project:
        raise CannotTellError(f"{path} declares dependencies for Poetry, and nothing is locked", LOCK)
    unpinned: list[tuple[str, Place]] = []
    for line in _declared(document, project):
        requirement = _requirement(path, line)
        if canonicalize_name(requirement.name) == canonicalize_name(project.get("name", "")):
            continue
        place = Place(path, _line_of(text, line))
        version = exact_version(requirement.specifier)
        if requirement.url:
            yield Entry(requirement.name, "", place, VCS if "+" in requirement.url.partition(":")[0] else ADDRESS)
        elif version is None:
            unpinned.append((requirement.name, place))
        else:
            yield Entry(requirement.name, version, place)
    refuse_unpinned(unpinned)


def _declared(document: dict[str, Any], project: dict[str, Any]) -> list[str]:
    lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    lists += document.get("dependency-groups", {}).values()
    return [line for group in lists for line in group if isinstance(line, str)]


def _requirement(path: str, line: str) -> Requirement:
    try:
        return Requirement(line)
    except InvalidRequirement:
        raise CannotTellError(f"{path} declares a dependency that can't be read as a requirement", "mend it") from None


def _line_of(text: str, line: str) -> int:
    return next((number for number, found in enumerate(text.splitlines(), 1) if f'"{line}"' in found or f"'{line}'" in found), 0)


# -- beside a lock


def unlisted(root: Path, sources: list[str], listed: Mapping[str, set[str]], projects: Sequence[str] = ()) -> Iterator[Entry]:
    """What a project asks for and no source lists: each in the folder of a source or above it, and of `projects` those with a lock."""
    near = {(parent / "pyproject.toml").as_posix() for source in sources for parent in PurePosixPath(source).parents}
    others = {path for path in projects if path not in near and not why_unlocked(root, path, sources)}
    for path in sorted(near | others):
        file = root / path
        if path in sources or file.is_symlink() or not file.is_file():
            continue
        text = file.read_text("utf-8", "replace")
        for name, line in _asked(load_toml(path, text)):
            why = _why_unlisted(line, listed.get(canonicalize_name(name)))
            if why:
                yield Entry(name, "", Place(path, _line_of(text, line)), why)


def _why_unlisted(line: str, versions: set[str] | None) -> str:
    """Why none of the versions that are listed is the one that is asked for; what can't be compared fits."""
    if versions is None:
        return UNLISTED
    try:
        wanted = Requirement(line).specifier
        return "" if any(not version or wanted.contains(version, prereleases=True) for version in versions) else UNFIT
    except (InvalidRequirement, InvalidVersion):
        return ""


def why_unlocked(root: Path, path: str, sources: list[str]) -> str:
    """Why what a project asks for can't be held against the sources; empty where it asks for nothing, or one of them may be its lock."""
    folder = PurePosixPath(path).parent
    try:
        asks = any(_asked(load_toml(path, (root / path).read_text("utf-8", "replace"))))
    except CannotTellError:
        return UNREADABLE
    return UNLOCKED if asks and not any(_belongs(folder, PurePosixPath(source)) for source in sources) else ""


def _belongs(folder: PurePosixPath, source: PurePosixPath) -> bool:
    """Whether a source may lock what a folder's project asks for: it lies in the folder, above it, or somewhere below it."""
    home = source.parent.parent if source.parent.name.lower() == "requirements" else source.parent
    return home == folder or home in folder.parents or folder in home.parents


def _asked(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each name that is asked for in the standard's tables and in those of uv, PDM and Poetry, with the words that ask for it."""
    project, tool = _table(document, "project"), _table(document, "tool")
    own = canonicalize_name(str(project.get("name") or _table(tool, "poetry").get("name", "")))
    lists = [project.get("dependencies"), _table(tool, "uv").get("dev-dependencies")]
    lists += _table(project, "optional-dependencies").values()
    lists += _table(document, "dependency-groups").values()
    lists += _table(_table(tool, "pdm"), "dev-dependencies").values()
    for line in (line for group in lists if isinstance(group, list) for line in group if isinstance(line, str)):
        found = _NAME.match(line)
        if found and canonicalize_name(found[0]) != own:
            yield found[0], line
    poetry = _table(tool, "poetry")
    groups = [poetry, *(group for group in _table(poetry, "group").values() if isinstance(group, dict))]
    for group in groups:
        for name in (*_table(group, "dependencies"), *_table(group, "dev-dependencies")):
            if canonicalize_name(name) not in {own, "python"}:
                yield name, name


def _table(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}
