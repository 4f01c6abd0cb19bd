"""What `gates init` proposes."""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath

from gates.api import Suggestion, Survey
from gates.runners.dependencies.sources import is_source

#: Folders whose lock files are rarely what a project depends on: `gates init` leaves them out, a run does not.
_SAMPLES = frozenset({"test", "tests", "testdata", "fixtures"})
#: A line of a requirements file that takes in another: `-r x.txt`, `-rx.txt`, `--requirement x.txt`, `--requirement=x.txt`.
_INCLUDE = re.compile(r"(?:-r\s*|--requirement[\s=]+)([^\s#]+)")


def detect(survey: Survey) -> Suggestion | None:
    """Suggest the gate where something is locked; what can't be audited or looks like test data is left out by name."""
    found = [name for name in survey.files if is_source(name)]
    if not found:
        return None
    left_out = {name: why for name in found if (why := _why_left_out(survey, name))}
    taken = [name for name in found if name not in left_out]
    if not taken:
        name = next(iter(left_out))
        return Suggestion(comments=(f"{name}: {left_out[name]}; until one is pinned the gate can't tell (uv pip compile, pip-compile)",))
    if not left_out:
        return Suggestion(comments=(f"audits {', '.join(taken)}",))
    return Suggestion(options={"sources": taken}, comments=tuple(f"{name} is left out: {why}" for name, why in left_out.items()))


def _why_left_out(survey: Survey, name: str) -> str:
    if _SAMPLES & set(PurePosixPath(name).parts[:-1]):
        return "it looks like data of tests"
    return "it is not pinned" if name.endswith(".txt") and not _looks_pinned(survey, name) else ""


def _looks_pinned(survey: Survey, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """A first look without the engine: each line that asks for a package by name has an exact version, here and in what it includes."""
    lines = [line.strip() for line in (survey.read(name) or "").replace("\\\n", " ").splitlines()]
    asked = [line for line in lines if line and not line.startswith(("#", "-")) and " @ " not in line and "/" not in line.split(";")[0]]
    if not all(re.search(r"===?\s*[^\s*,;]+(?![\w.]*\*)", line.split(";")[0]) for line in asked):
        return False
    included = {posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1])) for line in lines if (match := _INCLUDE.match(line))}
    return all(_looks_pinned(survey, other, seen | {name}) for other in (included & set(survey.files)) - seen - {name})
