"""Which files say what a project depends on, and which of those a policy leaves out."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from gates.api import GateError, ObserveContext

LOCK_NAMES = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"})
_LOWER_NAMES = frozenset(name.lower() for name in LOCK_NAMES)
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")


def choose(context: ObserveContext, named: tuple[str, ...]) -> list[str]:
    if named:
        return sorted({name for path in named for name in _named(context, path)})
    found = _found(context)
    if not found and "pyproject.toml" in context.files:
        return _beside_pyproject(context) or ["pyproject.toml"]
    if not found:
        raise GateError(
            "there is no lock or requirements file, and no pyproject.toml",
            remedy="lock the dependencies (uv lock, pip-compile), name the files with `sources`, or say `not-applicable` in the policy",
        )
    return found


def _found(context: ObserveContext) -> list[str]:
    """What is a source by its name, with the links that lead to another file of the repository: pip and uv follow them."""
    found = [name for name in context.files if is_source(name)]
    targets = set(found)
    for link, target in linked(context):
        if target and target not in targets:
            targets.add(target)
            found.append(link)
    return sorted(found)


def linked(context: ObserveContext) -> Iterator[tuple[str, str]]:
    """Each path that is a source only by way of a link, and the file that it leads to; "" where that is no file of the repository."""
    for link in context.links:
        target = target_of(context, link)
        is_folder = bool(target) and (context.root / target).is_dir()
        if PurePosixPath(link).name.lower() == "requirements" and is_folder:
            below = "" if target == "." else f"{target}/"
            found = ((f"{link}/{name.removeprefix(below)}", name) for name in context.files if name.startswith(below))
            yield from (pair for pair in found if is_source(pair[0]))
        elif PurePosixPath(link).name.lower() == "requirements" or is_source(link):
            yield link, "" if is_folder else target


def target_of(context: ObserveContext, link: str) -> str:
    """What a link leads to in the end, relative to the root; "" where it is not there, or outside of the repository."""
    try:
        found, root = (context.root / link).resolve(strict=True), context.root.resolve()
    except (OSError, RuntimeError):
        return ""
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else ""


def _beside_pyproject(context: ObserveContext) -> list[str]:
    """The locks at the root that a commit hook did not name beside pyproject.toml: they say what it leaves open."""
    names = [*LOCK_NAMES, "pylock.toml", "requirements.txt"] if context.selected is not None else []
    return sorted(name for name in names if (context.root / name).is_file())


def _named(context: ObserveContext, path: str) -> list[str]:
    """A file as it is (it need not be tracked); of a folder or glob what is a lock or requirements file."""
    file = context.inside(path)
    if file.is_file():
        return [file.resolve().relative_to(context.root.resolve()).as_posix()]
    try:
        found = [name for name in context.select([path]) if is_source(name)]
    except GateError as error:
        raise GateError(error.reason.replace("`paths`", "`sources`"), remedy=error.remedy) from error
    if not found:
        raise GateError(f"`sources` names {path!r}, where there is no lock or requirements file", remedy="name one, or leave it out")
    return found


def is_source(path: str) -> bool:
    """Whether a file is a lock or requirements file by its name."""
    place = PurePosixPath(path.lower())
    if place.name in _LOWER_NAMES or place.name.endswith(".py.lock") or _PYLOCK.fullmatch(place.name):
        return True
    return place.suffix == ".txt" and (fnmatch.fnmatchcase(place.name, "*requirements*") or place.parent.name == "requirements")
