"""action.yml and the documented workflows, held against the rules of the runner and of its linters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.action.runner import ROOT


def test_nothing_of_the_repository_is_run_while_the_action_installs_itself(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    repository = tmp_path / "repository"
    for name in ("pip/__init__.py", "pip/__main__.py", "ensurepip.py", "json.py", "venv.py"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(f"open({str(trap)!r}, 'w').close()\n", "utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GATES_PYTHON": sys.executable,
        "GITHUB_ACTION_PATH": str(ROOT),
        "INPUTS": '{"version": "0.0.0"}',
        "PIP_NO_INDEX": "1",
        "PYTHONPATH": str(repository),
    }
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    (script,) = [step["run"] for step in steps if step["name"] == "Install Quality Gates"]
    command = ["bash", "-c", script]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert "No matching distribution found for quality-gates==0.0.0" in done.stderr
    assert not trap.exists()


@pytest.mark.parametrize("tool", [["actionlint"], ["zizmor", "--offline", "--quiet"]])
def test_linters_of_actions_find_nothing(tool: list[str], tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    workflow = folder / "gates.yml"
    workflow.write_text(documented_workflow(), "utf-8")
    targets = [str(workflow)] if tool[0] == "actionlint" else [str(workflow), str(ROOT / "action.yml")]
    done = subprocess.run(
        [str(Path(sys.executable).parent / tool[0]), *tool[1:], *targets], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def documented_workflow() -> str:
    """The workflow that docs/github.md shows, with the pin that it asks for."""
    page = (ROOT / "docs" / "github.md").read_text("utf-8")
    return (
        page.partition("```yaml\n")[2]
        .partition("```")[0]
        .replace("quality-gates@main # pin the full commit id", f"quality-gates@{'0' * 40} # v0.1.0")
    )


@pytest.mark.parametrize(("schema", "path"), [("vendor.github-actions", "action.yml"), ("vendor.github-workflows", None)])
def test_the_published_schemas_accept_them(schema: str, path: str | None, tmp_path: Path) -> None:
    target = ROOT / path if path else tmp_path / "gates.yml"
    if path is None:
        target.write_text(documented_workflow(), "utf-8")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", schema, str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_inputs_reach_a_shell_through_variables_only() -> None:
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]
    assert all(len(step["uses"].partition("@")[2]) == 40 for step in steps if "uses" in step)
