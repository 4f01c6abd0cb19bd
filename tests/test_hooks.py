"""The hooks under pre-commit and prek, as a developer's machine runs them on this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.repository import Repository

ROOT = Path(__file__).resolve().parent.parent
POLICY = "version: 1\nextends: [baseline]\ngates: {secrets: {}, security: {}}\n"
PLANTED = "import subprocess, sys\nsubprocess.call(sys.argv[1], shell=True)\n"


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """This checkout as a repository of its own, which is what hook runners clone."""
    folder = tmp_path / "product"
    folder.mkdir()
    repository = Repository(folder)
    for name in ("gates", "policies"):
        shutil.copytree(ROOT / name, repository.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, repository.root / name)
    repository.commit({})
    return repository.root


@pytest.mark.parametrize("runner", ["pre-commit", "prek"])
def test_a_commit_with_a_fault_is_stopped_and_one_without_goes_through(runner: str, product: Path, tmp_path: Path) -> None:
    consumer = Repository(tmp_path)
    consumer.commit({"gates.yaml": POLICY, "ünusual name.py": PLANTED})
    home = tmp_path / "home"
    program = str(Path(sys.executable).parent / runner)
    environment = {**os.environ, "HOME": str(home), "PRE_COMMIT_HOME": str(home), "PREK_HOME": str(home), "GIT_CONFIG_GLOBAL": "/dev/null"}

    def hook() -> subprocess.CompletedProcess[str]:
        command = [program, "try-repo", str(product), "gates", "--all-files"]
        return subprocess.run(command, cwd=consumer.root, env=environment, capture_output=True, text=True, check=False, timeout=600)

    stopped = hook()
    assert stopped.returncode == 1, stopped.stdout + stopped.stderr
    assert "security/B602" in stopped.stdout
    assert "ünusual name.py:2" in stopped.stdout
    consumer.commit({"ünusual name.py": "print('hello')\n"})
    through = hook()
    assert through.returncode == 0, through.stdout + through.stderr
    assert consumer.git("status", "--porcelain") == ""


def test_a_hook_that_could_look_green_by_being_skipped_always_runs() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert {
        "gates",
        "gates-secrets",
        "gates-security",
        "gates-dependencies",
        "gates-tests",
        "gates-contracts",
        "gates-accessibility",
    } == set(hooks)
    for name, hook in hooks.items():
        assert hook["require_serial"], name
        assert hook["always_run"] is not hook["pass_filenames"], name
        assert hook["stages"], name


def test_the_published_schema_accepts_them() -> None:
    checker = str(Path(sys.executable).parent / "pre-commit")
    done = subprocess.run([checker, "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
