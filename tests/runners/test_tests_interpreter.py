"""Which interpreter runs the project's tests: that of the project where it has one, and where it is ours, a person is told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gates.runners.tests import interpreter
from gates.runners.tests.options import Options
from tests.repository import Repository
from tests.runners.tests_project import Project

OURS = Path(sys.prefix, "bin")
NAMED = "name the project's interpreter in `gates.tests.options.python`"
IS_OURS = f"this is the interpreter that runs Quality Gates: make the project's .venv, or {NAMED}"
BROKEN = {"test_a.py": "import no_such_module_of_ours\n\ndef test_a():\n    assert True\n"}


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n", "ascii")
    path.chmod(0o755)
    return path


def test_a_workspace_has_one_environment_for_all(repository: Repository, tmp_path: Path) -> None:
    root = repository.root / "packages" / "shop"
    root.mkdir(parents=True)
    system = program(tmp_path / "system" / "python3")
    path = {"PATH": str(system.parent)}
    active = program(tmp_path / "active" / "bin" / "python")
    activated = {**path, "VIRTUAL_ENV": str(active.parent.parent)}
    outside = program(tmp_path / ".venv" / "bin" / "python")
    assert interpreter.find(root, Options(), path) == str(system), f"{outside} lies above the repository"

    top = program(repository.root / ".venv" / "bin" / "python")
    assert interpreter.find(root, Options(), path) == str(top)
    assert interpreter.find(root, Options(), activated) == str(active)
    assert interpreter.find(root, Options(), {**path, "VIRTUAL_ENV": sys.prefix}) == str(top), "ours is active"
    assert interpreter._by_hand(top, root, path) == "../../.venv/bin/python"
    assert not interpreter.is_ours(str(top), root, Options())

    own = program(root / "venv" / "bin" / "python")
    assert interpreter.find(root, Options(), activated) == str(own)
    assert interpreter._by_hand(own, root, path) == "venv/bin/python"


@pytest.mark.parametrize("variables", [{"PATH": str(OURS)}, {"PATH": os.defpath, "VIRTUAL_ENV": sys.prefix}], ids=["PATH", "VIRTUAL_ENV"])
def test_ours_is_taken_where_there_is_no_other_and_doctor_says_so(tmp_path: Path, variables: dict[str, str]) -> None:
    found, *_ = interpreter.needs(tmp_path, Options(), variables)
    assert found.found is not None
    assert Path(found.found.partition(" ")[0]).parent == OURS
    assert "(which runs Quality Gates: where the project is not installed in it, make its .venv" in found.found
    named, *_ = interpreter.needs(tmp_path, Options(python=sys.executable), variables)
    assert named.found == sys.executable, "the policy says that it is the project's"


@pytest.mark.engine("pytest")
@pytest.mark.parametrize("python", ["", sys.executable], ids=["found", "named"])
def test_a_missing_module_leads_to_the_interpreter(tmp_path: Path, python: str) -> None:
    project = Project(tmp_path).write(BROKEN)
    ours = {"environment": {"PATH": f"{OURS}{os.pathsep}{os.defpath}"}}
    (finding,) = project.observe({"python": python}, **ours).findings
    assert ("No module named" in finding.message, finding.remedy.endswith(f"; {IS_OURS}")) == (True, not python)
    project.write({"conftest.py": BROKEN["test_a.py"]})
    facts = project.observe({"python": python}, **ours)
    assert facts.reason.startswith("pytest could not start: ")
    assert facts.remedy.endswith(f"; or {NAMED}" if python else f"; {IS_OURS}")
