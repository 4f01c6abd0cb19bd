"""What in the project would take the place of what the proof is made of: modules by name, and files among the raw output."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from gates.api import GateError, ObserveContext

#: `python -m pytest` puts the root in front of everything else that is imported: a module of such a name there would be taken.
_OURS = ("pytest", "_pytest", "pluggy", "quality_gates_events", "quality_gates_watch")
_STANDARD = ("dis", "hashlib", "inspect", "json", "os", "pathlib", "re", "threading", "types", "typing", "unittest")
_WRITTEN = r"inventory\.json|base-tests\.json|coverage(-sources)?\.json|\d+-(python|inventory|pytest|coverage)\.(stdout|stderr)"


def check_names(context: ObserveContext, *, covered: bool) -> None:
    """Raise `GateError` where a module in the root would be imported in the place of pytest, our plug-in or what they need."""
    wanted = {*_OURS, *_STANDARD, *(("coverage",) if covered else ())}
    for entry in sorted(context.root.iterdir()):
        name, dot, ending = entry.name.partition(".")
        is_module = ending.rpartition(".")[2] in {"py", "pyc", "so"} if dot else entry.is_dir() and _is_package(entry)
        if name in wanted and is_module:
            raise GateError(
                f"{entry.name} in the root would be imported in the place of {_owner(name)}",
                remedy=f"rename {entry.name}, or move it into a package of the project",
            )


def _is_package(folder: Path) -> bool:
    return any(entry.name.partition(".")[0] in {"__init__", "__main__"} for entry in folder.iterdir())


def _owner(name: str) -> str:
    if name in _STANDARD:
        return f"Python's own {name}"
    return "the plug-in that watches pytest" if name.startswith("quality_gates") else f"the installed {name}"


def digests(context: ObserveContext, paths: Iterable[str]) -> dict[str, str]:
    """What the files of tests hold, before the project's code can write to them."""
    return {path: _digest(context.root / path) for path in paths}


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def check_sources(context: ObserveContext, before: dict[str, str]) -> None:
    """Raise `GateError` where a file of tests is not what it was: it is unknown which of the two was run."""
    changed = next((path for path, digest in before.items() if _digest(context.root / path) != digest), None)
    if changed is not None:
        raise GateError(
            f"{changed} was changed while the tests ran",
            remedy="let no test, conftest.py or plug-in write into the files of tests; commit what they make",
        )


def check_raw(context: ObserveContext, *, attempts: int) -> None:
    """Raise `GateError` for a raw file that nobody of ours wrote: the project's code would be giving evidence for itself."""
    runs = "|".join(["run", *(f"retry-{number}" for number in range(1, attempts + 1))])
    known = re.compile(rf"{_WRITTEN}|({runs})(\.json|-junit\.xml)")
    for entry in sorted(context.raw_folder.rglob("*")):
        path = entry.relative_to(context.raw_folder).as_posix()
        if not known.fullmatch(path) or entry.is_symlink():
            raise GateError(
                f"something wrote {context.scrub(path)[:100]!r} among the evidence while the tests ran",
                remedy="find the test, the conftest.py or the plug-in that writes to foreign folders, and remove that",
            )
