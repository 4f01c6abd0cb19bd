"""`pyproject.toml`, read only where nothing is locked: dependencies, every extra, every dependency group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from gates.drivers.audit.inventory import CannotTellError, Entry, Place
from gates.drivers.audit.locks import ADDRESS, VCS, load_toml
from gates.drivers.audit.requirements import exact_version, refuse_unpinned

LOCK = "lock them: uv lock, poetry lock or pdm lock; or write a pinned requirements file: uv pip compile, pip-compile"


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
