"""Traps of tests that machines share: each part looks healthy, and together they are not what was asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gates.api import Share
from gates.facts import read_facts
from gates.model import Facts
from gates.observe import redacted
from gates.redact import Redactor
from gates.runners.tests import GATE
from gates.testing import observe_raw
from tests.guarantees import Seen, errored, judged, trap
from tests.runners.tests_project import ENVIRONMENT, TWO_TESTS, WRONG, Project

pytestmark = pytest.mark.engine("pytest")

#: The second part's share holds the test that fails.
FILES = {"test_a.py": TWO_TESTS, "test_b.py": WRONG}
ON_SECOND = "import os\n\nSECOND = os.environ.get('CI_NODE') == '2'\n\n\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def in_two(project: Project, conftest: str) -> Seen:
    """What comes of two parts that know of each other by a variable, and what pytest says by hand where the second one runs."""
    project.write({**FILES, "conftest.py": conftest})
    members = {"parts.json": json.dumps({"parts": 2}).encode(), "observe.json": b'{"status": "completed"}'}
    for part in (1, 2):
        share = Share(part=part, parts=2, files={"test_a.py": 1, "test_b.py": 2}, items={})
        work = project.folder / f"part-{part}"
        work.mkdir()
        environment = {**ENVIRONMENT, "CI_NODE": str(part)}
        options = {"python": sys.executable}
        observation = observe_raw(GATE, root=project.root, work=work, options=options, environment=environment, share=share)
        found = redacted(observation, Redactor(observation.secrets))
        members |= {f"part-{part}/{name}": content for name, content in found.items()}
    facts: Facts = read_facts(GATE, "tests", members)
    return judged(facts, alone=project.alone(environment={"CI_NODE": "2"}))


@trap(
    "P13",
    "on one machine of two, a `conftest.py` leaves out a file of tests",
    alone="exit code 0, 2 passed",
    here=errored("they collected different tests, such as test_b.py::test_wrong"),
)
def test_p13_a_file_is_left_out_on_one_machine(project: Project) -> Seen:
    return in_two(project, ON_SECOND + "collect_ignore = ['test_b.py'] if SECOND else []\n")


@trap(
    "P13",
    "on one machine of two, a `conftest.py` calls tests deselected",
    alone="exit code 0, 2 passed, 1 deselected",
    here=errored("one of them deselected test_b.py::test_wrong, and the other did not"),
)
def test_p13_tests_are_deselected_on_one_machine(project: Project) -> Seen:
    hook = (
        "def pytest_collection_modifyitems(config, items):\n"
        "    wrong = [item for item in items if SECOND and 'wrong' in item.name]\n"
        "    config.hook.pytest_deselected(items=wrong)\n"
        "    items[:] = [item for item in items if item not in wrong]\n"
    )
    return in_two(project, ON_SECOND + hook)


@trap(
    "P13",
    "a `conftest.py` chooses, after everybody else, which tests a machine runs",
    alone="exit code 0, 2 passed",
    here=errored("part 2 of 2: 1 of 3 collected tests were dropped without a word"),
)
def test_p13_tests_are_dropped_on_one_machine(project: Project) -> Seen:
    hook = (
        "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True, tryfirst=True)\n"
        "def pytest_collection_modifyitems(items):\n    yield\n"
        "    items[:] = [item for item in items if not (SECOND and 'wrong' in item.name)]\n"
    )
    return in_two(project, ON_SECOND + hook)
