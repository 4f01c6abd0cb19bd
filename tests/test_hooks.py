"""The hooks under pre-commit and prek, as a developer's machine runs them on this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.repository import Repository

ROOT = Path(__file__).resolve().parent.parent
POLICY = "version: 1\nextends: [baseline]\ngates: {secrets: {}, security: {}}\n"
#: What docs/hooks.md gives to those who use no runner of hooks.
SCRIPT = (ROOT / "docs" / "hooks.md").read_text("utf-8").partition("```sh\n")[2].partition("```")[0]
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


# -- what is judged is what is committed, and what is pushed -----------------------------------

WORKING = {
    "gates.yaml": "version: 1\nextends: [baseline]\ngates:\n  security: {}\n  checks:\n    uses: external\n    stages: [change]\n"
    "    options: {command: ['{python}', make_report.py, '{raw}/report.xml'], junit: report.xml}\n",
    "make_report.py": 'import sys\nopen(sys.argv[1], \'w\').write(\'<testsuite name="s" tests="1"><testcase name="a"/></testsuite>\')\n',
    "app.py": "print('hello')\n",
    ".pre-commit-config.yaml": "",
}


class Committer:
    """A repository with hooks that are installed by one of the runners, and a remote to push to."""

    def __init__(self, folder: Path, runner: str) -> None:
        self.repository = Repository(folder)
        self.root = self.repository.root
        home = str(folder / "home")
        self.environment = {**os.environ, "HOME": home, "PRE_COMMIT_HOME": home, "PREK_HOME": home, "GIT_CONFIG_GLOBAL": "/dev/null"}
        self.environment |= {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.environment['PATH']}"
        self.git("init", "--quiet", "--bare", str(folder / "remote.git"))
        self.git("remote", "add", "origin", str(folder / "remote.git"))
        push = self._hook("gates-tests") | {"id": "push", "entry": "gates run --stage change --gate checks"}
        hooks = [self._hook("gates"), {**push, "additional_dependencies": []}]
        configuration = yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]})
        self.repository.commit({**WORKING, ".pre-commit-config.yaml": configuration})
        for stage in ("pre-commit", "pre-push"):
            self.run([str(Path(sys.executable).parent / runner), "install", "--hook-type", stage])

    @staticmethod
    def _hook(name: str) -> dict[str, Any]:
        """A hook as it is published, by the programs that are installed here."""
        hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
        return {**next(hook for hook in hooks if hook["id"] == name), "language": "system", "verbose": True}

    def run(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(argv, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False, timeout=120)

    def git(self, *argv: str) -> tuple[int, str]:
        done = self.run(["git", *argv])
        return done.returncode, done.stdout + done.stderr

    def write(self, name: str, content: str) -> None:
        (self.root / name).write_text(content, "utf-8")


@pytest.mark.parametrize("runner", ["pre-commit", "prek"])
def test_what_is_judged_is_what_is_committed_and_what_is_pushed(runner: str, tmp_path: Path) -> None:
    made = Committer(tmp_path, runner)
    made.write("-x.py", PLANTED)
    made.git("add", "--", "-x.py")
    made.write("-x.py", "print('not staged')\n")
    code, said = made.git("commit", "-m", "a fault that is staged, and mended in the folder alone")
    assert code == 1, said
    assert "-x.py:2" in said
    assert (made.root / "-x.py").read_text("utf-8") == "print('not staged')\n"
    made.git("add", "--", "-x.py")
    made.write("-x.py", PLANTED)
    code, said = made.git("commit", "-m", "a fault that is in the folder alone")
    assert code == 0, said
    assert "1 file that was named" in said
    made.write("app.py", "print('staged')\n")
    made.git("add", "app.py")
    code, said = made.git("push", "origin", "main")
    assert code != 0, said
    # Of the first push of a history the runners put nothing aside.
    assert "so nothing was judged: -x.py, app.py" in said


def test_all_that_is_there_another_branch_and_a_hook_that_is_passed_over(tmp_path: Path) -> None:
    made = Committer(tmp_path, "pre-commit")
    code, said = made.git("push", "origin", "main")
    assert code == 0, said
    assert "PASSED" in said
    made.write("app.py", PLANTED)
    code, said = made.git("commit", "-a", "-m", "by an index of its own")
    assert code == 1, said
    assert "app.py:2" in said
    # What is passed over on a machine changes nothing in CI: the same policy judges the same commit.
    made.environment["SKIP"] = "gates"
    code, said = made.git("commit", "-a", "-m", "passed over")
    assert code == 0, said
    ci = made.run([str(Path(sys.executable).parent / "gates"), "run", "--gate", "security", "--base", "HEAD~1"])
    assert ci.returncode == 1, ci.stdout + ci.stderr
    assert "app.py:2" in ci.stdout
    made.git("checkout", "--quiet", "-b", "other", "HEAD~1")
    code, said = made.git("push", "origin", "main")
    assert code != 0, said
    assert "nothing was judged of what is pushed" in said


def test_a_script_of_git_s_own_refuses_what_is_not_staged_as_it_lies_there(tmp_path: Path) -> None:
    made = Committer(tmp_path, "pre-commit")
    hook = made.root / ".git" / "hooks" / "pre-commit"
    hook.write_text(SCRIPT, "utf-8")
    hook.chmod(0o755)
    made.write("a b.py", PLANTED)
    made.git("add", "a b.py")
    made.write("a b.py", "print('not staged')\n")
    code, said = made.git("commit", "-m", "a fault that is staged, and mended in the folder alone")
    assert code != 0, said
    assert "error: what lies in the folder is not what will be committed, so nothing was judged: a b.py" in said
    assert "git stash push --keep-index" in said
    made.git("add", "a b.py")
    code, said = made.git("commit", "-m", "as it lies there")
    assert code == 0, said
