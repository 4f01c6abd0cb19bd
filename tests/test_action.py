"""action.yml as a consumer uses it, under a local Actions runner; and held against the runner's own rules."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.repository import Repository

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = """\
name: gates
on: [push]
permissions: {contents: read}
jobs:
  gates:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - uses: quality-gates/quality-gates@main
        id: gates
        with: {gates: "secrets, security"}
      - if: always()
        env:
          OUTPUTS: ${{ toJSON(steps.gates.outputs) }}
        run: printf '%s' "$OUTPUTS" > "$PLACE"
"""
POLICY = "version: 1\nextends: [baseline]\ngates: {secrets: {}, security: {}, tests: {}}\n"
#: Stands in for the nested actions, which a runner without network can't fetch. It keeps the file that would be uploaded.
KEEPS = """\
name: keeps
description: keeps a file
inputs: {path: {required: true, description: p}, archive: {description: a}, if-no-files-found: {description: i}}
runs:
  using: composite
  steps:
    - {shell: bash, env: {FROM: "${{ inputs.path }}"}, run: 'cp "$FROM" "$KEPT"'}
"""


@dataclass(frozen=True)
class Run:
    code: int
    log: str
    outputs: dict[str, str]
    kept: Path


def act(tmp_path: Path, files: dict[str, str]) -> Run:
    """Run the workflow in a repository with these files, by `act` in host mode."""
    consumer = Repository(tmp_path)
    consumer.commit({".github/workflows/gates.yml": WORKFLOW, **files})
    action = product(tmp_path / "product")
    pins = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    nested = [step["uses"] for step in pins if "uses" in step]
    keeper = tmp_path / "keeper"
    (keeper / "upload-sarif").mkdir(parents=True)
    for folder in (keeper, keeper / "upload-sarif"):
        (folder / "action.yml").write_text(KEEPS, "utf-8")
    local = {"quality-gates/quality-gates@main": action} | {pin.replace("/upload-sarif", ""): keeper for pin in nested}
    outputs, kept = tmp_path / "outputs.json", tmp_path / "kept.zip"
    command = [
        str(Path(sys.executable).parent / "act"),
        "push",
        "-P",
        "ubuntu-latest=-self-hosted",
        "--env",
        f"PLACE={outputs}",
        "--env",
        f"KEPT={kept}",
    ]
    command += [f"--local-repository={name}={path}" for name, path in local.items()]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(command, cwd=consumer.root, env=environment, capture_output=True, text=True, check=False, timeout=600)
    written: Any = json.loads(outputs.read_text("utf-8")) if outputs.exists() else {}
    return Run(done.returncode, done.stdout + done.stderr, written, kept)


def product(folder: Path) -> Path:
    """What a consumer's runner checks out of this repository."""
    for name in ("gates", "policies", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("action.yml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_a_consumer_s_workflow_fails_with_annotations_outputs_summary_and_bundle(tmp_path: Path) -> None:
    planted = "import subprocess, sys\nsubprocess.call(sys.argv[1], shell=True)\n"
    run = act(tmp_path, {"gates.yaml": POLICY, "app.py": planted})
    assert run.code != 0, run.log
    assert run.outputs["verdict"] == "failed", run.log
    assert int(run.outputs["new-findings"]) >= 1
    assert "::error" in run.log
    assert "app.py" in run.log
    assert "Summary - " in run.log
    verified = subprocess.run(
        [sys.executable, "-m", "gates.cli", "verify", run.kept, "--allow-unsigned", "--format", "json"], capture_output=True, check=False
    )
    answers = {answer["question"]: answer["holds"] for answer in json.loads(verified.stdout)["answers"]}
    assert answers == {"intact": True, "trusted": True, "about": None, "follows": True, "complete": False}
    assert json.loads(verified.stdout)["digest"].endswith(run.outputs["bundle-digest"].removeprefix("sha256:"))


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
        "GATES_VERSION": "0.0.0",
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
