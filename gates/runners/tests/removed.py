"""Tests that stood in the files of the base and stand in those here no more: told by name, without running any of either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gates.api import Finding, GateError, Kind, Location, ObserveContext, Raw, Severity
from gates.runners.tests import inventory
from gates.runners.tests.interpreter import Project
from gates.runners.tests.inventory import Settings
from gates.runners.tests.options import Options

MEMBER = "base-tests.json"


def find(context: ObserveContext, options: Options, project: Project, settings: Settings) -> dict[str, Any] | None:
    """The tests in those files of the base that differ here, and what these files are called here; None where there is no base.

    What is a test follows from pytest's settings on both sides: a change of these could hide one.
    """
    there = context.base_files(lambda name: name.endswith(".py") or inventory.is_settings(name))
    if there is None:
        return None
    folder = context.scratch / "base-tests"
    for name, (_, content) in there.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    before = _settings(folder, options, project) if any(inventory.is_settings(name) for name in there) else settings
    names = {name: here for name, (here, _) in there.items() if _holds_tests(name, here, options, (settings, before))}
    tests = inventory.tests_in(context, project, folder, sorted(names), (settings, before)) if names else []
    return {"tests": [{"id": test["id"], "line": test["line"]} for test in tests if test["sure"] and test["name"]], "names": names}


def _settings(folder: Path, options: Options, project: Project) -> Settings:
    """What pytest was told at the base; nothing where that can't be read."""
    try:
        return inventory.read_settings(folder, options, major=project.major)
    except (GateError, OSError):
        return Settings(path=None, values={})


def _holds_tests(name: str, here: str | None, options: Options, settings: Sequence[Settings]) -> bool:
    places = (name, here) if here is not None else (name,)
    return inventory.is_test_file(name, settings) and any(inventory.is_within(place, options.paths) for place in places)


# -- the second half ---------------------------------------------------------------------------


def gone(raw: Raw, here: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
    """The tests that are gone; None where it was not asked. One of the same name in another file that differs is where it went."""
    if MEMBER not in raw:
        return None
    there = raw.json(MEMBER)
    if there is None:
        return []
    names = there["names"]
    standing = {test["id"] for test in here}
    known = {id: test for test in there["tests"] if (id := _id_here(test["id"], names)) is not None}
    lost = {id: test for id, test in known.items() if id not in standing}
    lost |= {test["id"]: test for test in there["tests"] if _id_here(test["id"], names) is None}
    came = Counter(_name(id) for id in sorted(standing - known.keys()))
    found = []
    for test in lost.values():
        name = _name(test["id"])
        if came[name]:
            came[name] -= 1
        else:
            found.append(test)
    return found


def _id_here(id: str, names: Mapping[str, str | None]) -> str | None:
    """A test of the base by its file's name here; None where the file is gone."""
    path, separator, inner = id.partition("::")
    now = names[path]
    return None if now is None else f"{now}{separator}{inner}"


def _name(id: str) -> str:
    return id.rpartition("::")[2]


def findings(raw: Raw, tests: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for test in tests:
        yield raw.finding(
            rule="removed",
            severity=Severity.LOW,
            message=f"{test['id'].partition('::')[2]} stood at the base, and stands nowhere in the change",
            location=Location(path=test["id"].partition("::")[0]),
            identity=(test["id"],),
            kind=Kind.NEEDS_REVIEW,
            remedy="see that what it tested is gone too, or is tested by another",
        )
