"""Shared by all tests: an environment that says nothing of the machine they run on, and an empty repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.repository import Repository

# No deadline: these run beside browsers on shared machines. Derandomised: a red build must be red again.
settings.register_profile("gates", deadline=None, derandomize=True)
settings.load_profile("gates")

#: Whole runs on broken machines, and of all engines several times over: minutes of work and waiting, which a change's run leaves out.
_THOROUGH = ("tests/faults/", "tests/cli/test_adopt_everywhere.py")
_SAYS_TOO_MUCH = ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTEST_ADDOPTS")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(_THOROUGH):
            item.add_marker(pytest.mark.thorough)


@pytest.fixture(autouse=True)
def _scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in _SAYS_TOO_MUCH or name.startswith(("GITHUB_", "RUNNER_", "ACTIONS_", "GIT_")):
            monkeypatch.delenv(name)
    # Whoever tests the cache names a folder for it: else a test would be answered by another's run.
    monkeypatch.setenv("GATES_CACHE_DIR", "")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)
