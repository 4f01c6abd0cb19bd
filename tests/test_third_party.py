"""A third party's gate: built, installed without a network, found by its entry point, and run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from gates.adapters import process

EXAMPLE = Path(__file__).parent.parent / "examples" / "gate-licences"
RUN = """
import json, sys
from pathlib import Path
from gates import registry
from gates.testing import observe_and_parse
gate = registry.find("licences")
facts = observe_and_parse(gate, root=Path(sys.argv[1]), work=Path(sys.argv[2]), options={"allowed": ["Apache-2.0"]})
found = [f"{finding.rule} {finding.location}" for finding in facts.findings]
print(json.dumps({"names": registry.names(), "module": gate.parse.__module__, "findings": found}))
"""


def run(tmp_path: Path, *argv: str | Path, path: Path | None = None) -> process.Completed:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)} | ({"PYTHONPATH": str(path)} if path else {})
    return process.run([sys.executable, *map(str, argv)], cwd=tmp_path, env=env, timeout=120, scratch=tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the distribution as pip installs it, built from a copy so that nothing is left in ours."""
    tmp_path = tmp_path_factory.mktemp("licences")
    shutil.copytree(EXAMPLE, tmp_path / "source", ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    done = run(tmp_path, "-m", "pip", "install", *options, "--target", tmp_path / "site", tmp_path / "source")
    assert done.exit_code == 0, done.stderr.decode()
    return tmp_path / "site"


def test_an_installed_gate_is_found_and_runs(installed: Path, tmp_path: Path) -> None:
    project, work = tmp_path / "project", tmp_path / "work"
    project.mkdir()
    work.mkdir()
    (project / "bare.py").write_text("x = 1\n")
    done = run(tmp_path, "-c", RUN, project, work, path=installed)
    assert done.exit_code == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    assert answer["names"][-1] == "licences"
    assert answer["module"] == "gates_licences"
    assert answer["findings"] == ["licences/missing bare.py:1"]


def test_without_the_distribution_there_is_no_such_gate(tmp_path: Path) -> None:
    done = run(tmp_path, "-c", "from gates import registry; print('licences' in registry.names())")
    assert done.stdout.strip() == b"False"


def test_a_gate_that_takes_a_built_in_name_is_refused(installed: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(installed, site)
    (points,) = site.glob("*.dist-info/entry_points.txt")
    points.write_text(points.read_text().replace("licences = ", "secrets = "))
    done = run(tmp_path, "-c", "from gates import registry; registry.names()", path=site)
    assert b"the gate 'secrets' is offered twice" in done.stderr


def test_its_own_tests_pass(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    done = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", path=installed)
    assert done.exit_code == 0, done.stdout.decode()
