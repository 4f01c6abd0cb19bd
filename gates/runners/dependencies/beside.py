"""Files that declare dependencies and are not audited: each is listed with its reason, so that a second lock hides nothing."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from gates.api import ObserveContext
from gates.runners.dependencies.sources import is_source, linked, target_of

LEFT_OUT = "`sources` does not name it, so what it locks was not audited"
LIMITS = "no file that is audited includes it, so what it pins was not audited; name it in `sources` where something installs by it"
LINK = "a link that leads to no file of the repository, so what it locks was not audited"
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
    files = [(name, _why(context, name, taken)) for name in context.files if name not in taken]
    listed = {name: why for name, why in (*files, *_links(context, taken)) if why}
    return [{"path": name, "reason": listed[name]} for name in sorted(listed)]


def projects(context: ObserveContext, chosen: Sequence[str]) -> list[str]:
    """Every `pyproject.toml` that is not audited itself: what each asks for is held against what is."""
    return [] if context.selected is not None else [name for name in context.files if _is_project(name) and name not in chosen]


def _is_project(name: str) -> bool:
    return PurePosixPath(name).name == "pyproject.toml"


def _links(context: ObserveContext, taken: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Links in the place of a file that would be audited or listed; not where what they lead to is, under the same name."""
    sources = dict(linked(context))
    targets = taken | {target for link, target in sources.items() if link in taken}
    for link, target in sources.items():
        if target not in targets and link not in taken:
            yield link, LEFT_OUT if target else LINK
    for link in context.links:
        target = target_of(context, link)
        known = PurePosixPath(target).name == PurePosixPath(link).name and target in context.files
        if link not in sources and not known and not (context.root / link).is_dir() and (_is_project(link) or _by_name(link, taken)):
            yield link, "a link, which is not followed" if target else LINK


def _why(context: ObserveContext, name: str, taken: frozenset[str]) -> str:
    if PurePosixPath(name).suffix == ".py":
        return SCRIPT if f"{name}.lock" not in taken and _asks(context, name) else ""
    return _by_name(name, taken)


def _by_name(name: str, taken: frozenset[str]) -> str:
    place, lower = PurePosixPath(name), PurePosixPath(name.lower())
    if is_source(name) or (lower.suffix == ".lock" and _is_requirements(lower)):
        return LEFT_OUT
    if _CONDA.fullmatch(lower.name):
        return CONDA
    if fnmatch.fnmatchcase(lower.name, "*constraints*.txt"):
        return LIMITS
    return INPUT if lower.suffix == ".in" and _is_requirements(lower) and not taken & set(_compiled(place)) else ""


def _is_requirements(place: PurePosixPath) -> bool:
    return fnmatch.fnmatchcase(place.name, "*requirements*") or place.parent.name == "requirements"


def _compiled(place: PurePosixPath) -> Iterator[str]:
    """The file of the same name; beside it, any lock would do as well."""
    yield from (place.with_suffix(suffix).as_posix() for suffix in (".txt", ".lock"))
    yield from ((place.parent / name).as_posix() for name in ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"))


def _asks(context: ObserveContext, name: str) -> bool:
    """Whether a script has a block of inline metadata (PEP 723) that asks for packages."""
    try:
        content = (context.root / name).read_bytes()
    except OSError:
        return False
    return b"# /// script" in content and any(_ASKS.search(block["body"]) for block in _BLOCK.finditer(content))
