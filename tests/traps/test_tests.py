"""Traps of pytest and coverage: each ends in an error, a failure, or a list of what did not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guarantees import Seen, errored, judged, trap
from tests.runners.tests_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@trap(
    "P1",
    "a test ends the process with `os._exit(0)`",
    alone="exit code 0",
    here=errored("the process exited with 0 in the middle of test_a.py::test_b"),
)
def test_p1_a_test_ends_the_process(project: Project) -> Seen:
    project.write({"test_a.py": "import os\n\n\ndef test_a():\n    assert True\n\n\ndef test_b():\n    os._exit(0)\n"})
    return judged(project.observe(), alone=project.alone())
