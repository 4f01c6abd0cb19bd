"""Folders into which an installer puts other people's code, told by the file that it leaves there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable

#: What Python's `venv` and its like, conda, npm, Yarn and pnpm write into such a folder, and into no other.
_MARKS = (
    "pyvenv.cfg",
    "conda-meta/history",
    "node_modules/.package-lock.json",
    "node_modules/.yarn-integrity",
    "node_modules/.yarn-state.yml",
    "node_modules/.modules.yaml",
)


def installed(names: Iterable[str], tracked: Collection[str]) -> tuple[str, ...]:
    """The outermost of such folders among the names of files, of which git tracks nothing; relative, with slashes.

    Never the root itself. One tracked file below a folder, and all of it is the project's: a change can't hide there what it brings.
    """
    found = sorted({_marked(name) for name in names if name.endswith(_MARKS)} - {""}, key="{}/".format)
    if not found:
        return ()
    known = sorted(tracked)
    outermost: list[str] = []
    for folder in found:
        within = f"{folder}/"
        at = bisect_left(known, within)
        if (at < len(known) and known[at].startswith(within)) or (outermost and within.startswith(f"{outermost[-1]}/")):
            continue
        outermost.append(folder)
    return tuple(outermost)


def without(names: Iterable[str], folders: Collection[str]) -> list[str]:
    """The names that lie in none of the folders, in their order."""
    inside = tuple(f"{folder}/" for folder in folders)
    return [name for name in names if not name.startswith(inside)] if inside else list(names)


def _marked(name: str) -> str:
    """The folder that a file marks: `node_modules` itself, else the one in which the mark lies. Empty for no mark, and for the root's."""
    path = f"/{name}"
    mark = next((mark for mark in _MARKS if path.endswith(f"/{mark}")), None)
    if mark is None:
        return ""
    within = "node_modules" if mark.startswith("node_modules/") else ""
    return f"{path.removesuffix(mark)}{within}".strip("/")
