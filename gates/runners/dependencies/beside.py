"""Files that declare dependencies and are not audited: each is listed with its reason, so that a second lock hides nothing."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from gates.api import ObserveContext
from gates.runners.dependencies.sources import is_source

LEFT_OUT = "`sources` does not name it, so what it locks was not audited"
CONDA = "environments of Conda are not read: no advisory source here knows its packages"
INPUT = "what it asks for is compiled into no file that is audited"
SCRIPT = "a script with dependencies of its own and no lock: `uv lock --script` writes one"
_CONDA = re.compile(r"(environment[\w.-]*\.ya?ml|conda-lock(\.[\w-]+)?\.ya?ml|conda-[\w-]+\.lock|pixi\.lock)")
_BLOCK = re.compile(rb"^# /// script\s*$(?P<body>(?:\r?\n#[^\r\n]*)+?)\r?\n# ///\s*$", re.MULTILINE)
_ASKS = re.compile(rb"^#\s*dependencies\s*=\s*\[\s*(#\s*)*[\"']", re.MULTILINE)


def find(context: ObserveContext, chosen: Sequence[str]) -> list[dict[str, str]]:
    """`{"path", "reason"}` for each; nothing where a commit hook named the files."""
    if context.selected is not None:
        return []
    taken = frozenset(chosen)
    return [{"path": name, "reason": why} for name in context.files if name not in taken and (why := _why(context, name, taken))]


def _why(context: ObserveContext, name: str, taken: frozenset[str]) -> str:
    place = PurePosixPath(name)
    if is_source(name):
        return LEFT_OUT
    if _CONDA.fullmatch(place.name):
        return CONDA
    if place.suffix == ".in" and _is_input(place):
        return "" if taken & set(_compiled(place)) else INPUT
    return SCRIPT if place.suffix == ".py" and f"{name}.lock" not in taken and _asks(context, name) else ""


def _is_input(place: PurePosixPath) -> bool:
    return fnmatch.fnmatchcase(place.name, "*requirements*") or place.parent.name == "requirements"


def _compiled(place: PurePosixPath) -> Iterator[str]:
    """The file of the same name; beside it, any lock would do as well."""
    yield place.with_suffix(".txt").as_posix()
    yield from ((place.parent / name).as_posix() for name in ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"))


def _asks(context: ObserveContext, name: str) -> bool:
    """Whether a script has a block of inline metadata (PEP 723) that asks for packages."""
    try:
        content = (context.root / name).read_bytes()
    except OSError:
        return False
    return b"# /// script" in content and any(_ASKS.search(block["body"]) for block in _BLOCK.finditer(content))
