"""action.yml and the documented workflows, held against the rules of the runner and of its linters."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import gates
from tests.action.runner import ROOT


def test_nothing_of_the_repository_is_run_while_the_action_installs_itself(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    repository = tmp_path / "repository"
    # pip starts another Python for what builds us, which finds `contextlib` and `sitecustomize` first wherever it looks for modules.
    for name in ("pip/__init__.py", "pip/__main__.py", "ensurepip.py", "json.py", "venv.py", "contextlib.py", "sitecustomize.py"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(f"open({str(trap)!r}, 'w').close()\n", "utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GATES_PYTHON": sys.executable,
        "GITHUB_ACTION_PATH": str(ROOT),
        "INPUTS": "{}",
        "PIP_NO_INDEX": "1",
        "PYTHONPATH": str(repository),
    }
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    (script,) = [step["run"] for step in steps if step["name"] == "Install Quality Gates"]
    command = ["bash", "-c", script]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert "No matching distribution found for hatchling" in done.stderr
    assert not trap.exists()


DOCUMENTED = ("docs/github.md", "docs/many-machines.md")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Our own workflows, and those that the pages show, with the pins that they ask for."""
    folder = tmp_path_factory.mktemp("project") / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder.parent.parent / ".git").mkdir()
    for path in WORKFLOWS:
        shutil.copy(path, folder)
    for page in DOCUMENTED:
        text = (ROOT / page).read_text("utf-8")
        shown = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
        blocks = [block for block in shown if re.search(r"^on:", block, re.MULTILINE) and "jobs:" in block]
        assert blocks, page
        for number, block in enumerate(blocks):
            pinned = re.sub(r"@(main # pin the full commit id|<full commit id>)", f"@{'0' * 40} # v0.1.0", block)
            (folder / f"{Path(page).stem}-{number}.yml").write_text(pinned, "utf-8")
    return sorted(folder.iterdir())


def checked(*command: str | Path) -> None:
    program = str(Path(sys.executable).parent / command[0])
    done = subprocess.run([program, *map(str, command[1:])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_linters_of_actions_find_nothing(workflows: list[Path]) -> None:
    checked("actionlint", *workflows)
    checked("zizmor", "--offline", "--quiet", *workflows, ROOT / "action.yml")


def test_the_published_schemas_accept_them(workflows: list[Path]) -> None:
    checked("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    checked("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")


def test_the_workflow_for_organisations_uses_the_release_that_it_is_of() -> None:
    used = set(re.findall(r"quality-gates/quality-gates@(\S+)", (ROOT / ".github/workflows/gates.yml").read_text("utf-8"))) - {"<full"}
    assert {name for name in used if not name.startswith("<")} == {f"v{gates.__version__}"}


def test_the_workflow_for_organisations_hands_on_what_it_is_given() -> None:
    """Each input of it is used, and none is named that the action does not have."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/gates.yml").read_text("utf-8"))
    inputs = workflow[True]["workflow_call"]["inputs"]  # YAML 1.1 takes `on` for a truth
    text = (ROOT / ".github/workflows/gates.yml").read_text("utf-8")
    assert not [name for name in inputs if f"inputs.{name} " not in text]
    known = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if step.get("uses", "").startswith("quality-gates/")]
    assert len(steps) == 3
    assert not [name for step in steps for name in step["with"] if name not in known]


def test_inputs_reach_a_shell_through_variables_only() -> None:
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]
    assert all(len(step["uses"].partition("@")[2]) == 40 for step in steps if "uses" in step)


def test_the_page_names_every_input_and_output() -> None:
    page = (ROOT / "docs" / "github.md").read_text("utf-8")
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    assert not [name for name in (*action["inputs"], *action["outputs"]) if f"`{name}`" not in page]
