"""Which files say what a project depends on, and which of those a policy leaves out."""

from __future__ import annotations

import fnmatch
import re
from pathlib import PurePosixPath

from gates.api import GateError, ObserveContext

LOCK_NAMES = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"})
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")


def choose(context: ObserveContext, named: tuple[str, ...]) -> list[str]:
    if named:
        return sorted({name for path in named for name in _named(context, path)})
    found = [name for name in context.files if is_source(name)]
    if not found and "pyproject.toml" in context.files:
        return _beside_pyproject(context) or ["pyproject.toml"]
    if not found:
        raise GateError(
            "there is no lock or requirements file, and no pyproject.toml",
            remedy="lock the dependencies (uv lock, pip-compile), name the files with `sources`, or say `not-applicable` in the policy",
        )
    return found


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
    place = PurePosixPath(path)
    if place.name in LOCK_NAMES or place.name.endswith(".py.lock") or _PYLOCK.fullmatch(place.name):
        return True
    return place.suffix == ".txt" and (fnmatch.fnmatchcase(place.name, "*requirements*") or place.parent.name == "requirements")
