"""From the files that a policy names, or that were found, to the inventory of what they declare."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from gates.drivers.audit import locks, pyproject, requirements
from gates.drivers.audit.inventory import CannotTellError, Entry, Package, packages

_FORMATS = {"uv.lock": locks.UV, "poetry.lock": locks.POETRY, "pdm.lock": locks.PDM}
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")


def read(root: Path, paths: list[str], projects: Sequence[str] = ()) -> list[Package]:
    """Every package that the files declare, and what projects ask for that no file lists.

    Raises `CannotTellError` where one can't be read, or they declare none.
    """
    entries = list(_entries(root, paths))
    if entries:
        entries += pyproject.unlisted(root, paths, _listed(entries), projects)
    found = packages(entries)
    if not found:
        raise CannotTellError(
            f"no dependency is declared in {', '.join(paths)}",
            'if that is meant, say so in the policy: `not-applicable: "no dependencies"`; else name the files with `sources`',
        )
    return found


def _listed(entries: list[Entry]) -> Mapping[str, set[str]]:
    """Every name with all its versions."""
    listed: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        listed[canonicalize_name(entry.name)].add(entry.version)
    return listed


def unlocked(root: Path, paths: list[str], projects: Sequence[str]) -> Iterator[dict[str, str]]:
    """`{"path", "reason"}` of each project that asks for packages, and no file of the paths is its lock."""
    return ({"path": path, "reason": why} for path in projects if (why := pyproject.why_unlocked(root, path, paths)))


def included(root: Path, paths: list[str]) -> frozenset[str]:
    """The files that requirements files among the paths include, by whatever chain."""
    return requirements.included(root, _plain(paths))


def _plain(paths: list[str]) -> list[str]:
    return [path for path in paths if _is_plain(PurePosixPath(path.lower()))]


def _is_plain(place: PurePosixPath) -> bool:
    """Whether a file is read as requirements: by its suffix, or as a lock of that form, such as Rye's `requirements.lock`."""
    if place.suffix != ".lock" or place.name in {*_FORMATS, "pipfile.lock"} or place.name.endswith(".py.lock"):
        return place.suffix in {".txt", ".in"}
    return "requirements" in place.name or place.parent.name == "requirements"


def _entries(root: Path, paths: list[str]) -> Iterator[Entry]:
    plain = _plain(paths)
    yield from requirements.read_files(root, plain)
    for path in paths:
        if path not in plain:
            yield from _checked(root, path)


def _checked(root: Path, path: str) -> list[Entry]:
    """A lock's entries. What has another shape than its format says, or nests without end, is refused like any damage."""
    try:
        return list(_read_lock(root, path))
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
        raise CannotTellError(f"{path} is not shaped as its format says", "write it again with its tool") from None


def _read_lock(root: Path, path: str) -> Iterator[Entry]:
    name = PurePosixPath(path).name.lower()
    try:
        text = (root / path).read_text("utf-8")
    except UnicodeDecodeError:
        raise CannotTellError(f"{path} is not text in UTF-8", "write it again with its tool") from None
    if name.endswith(".py.lock"):
        return locks.read_toml(path, text, locks.UV, root)
    if name in _FORMATS:
        return locks.read_toml(path, text, _FORMATS[name], root)
    if _PYLOCK.fullmatch(name):
        return locks.read_toml(path, text, locks.PYLOCK, root)
    if name == "pipfile.lock":
        return locks.read_pipfile(path, text)
    if name == "pyproject.toml":
        return pyproject.read(path, text)
    raise CannotTellError(
        f"{path} is no lock or requirements file that is known here",
        "name requirements files (.txt), pylock.toml, uv.lock, poetry.lock, pdm.lock, Pipfile.lock or pyproject.toml",
    )
