"""What `gates doctor` says of a machine and a clone, and the command that mends it there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gates.adapters import host
from gates.cli import beginnings, checkup
from gates.errors import ExitCode
from tests.cli.conftest import Outcome
from tests.repository import Repository

SYSTEMS = {
    "Debian": ("linux", 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n', "debian"),
    "Ubuntu": ("linux", "ID=ubuntu\nID_LIKE=debian\n", "ubuntu"),
    "Linux Mint": ("linux", 'ID=linuxmint\nID_LIKE="ubuntu debian"\n', "ubuntu"),
    "Raspberry Pi OS": ("linux", "ID=raspbian\nID_LIKE='debian'\n", "debian"),
    "Fedora": ("linux", "ID=fedora\n", ""),
    "one that says nothing": ("linux", "", ""),
    "macOS": ("darwin", "", "macos"),
    "Windows": ("win32", "", "windows"),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_whose_package_manager_there_is(name: str) -> None:
    platform, release, system = SYSTEMS[name]
    assert host.system(platform, release) == system


GITS = [
    ("debian", "2.39.5", "git: 2.39.5", None),
    ("macos", "2.39.5 (Apple Git-154)", "git: 2.39.5 (Apple Git-154)", None),
    ("", "2.31.0", "git: 2.31.0", None),
    ("debian", None, "git", "sudo apt-get install git"),
    ("macos", None, "git", "brew install git"),
    ("", None, "git", "install git 2.31 or later: https://git-scm.com/downloads"),
    ("ubuntu", "2.25.1", "git 2.31 or later", "2.25.1 is installed; sudo apt-get install git"),
    ("", "2.4.11", "git 2.31 or later", "2.4.11 is installed; install git 2.31 or later: https://git-scm.com/downloads"),
]


@pytest.mark.parametrize(("system", "version", "name", "remedy"), GITS)
def test_git_of_the_machine(system: str, version: str | None, name: str, remedy: str | None) -> None:
    (need,) = checkup.of_machine(system, version)
    if remedy is None:
        assert f"{need.name}: {need.found}" == name
    else:
        assert (need.name, need.found, need.commands.get(system, need.remedy)) == (name, None, remedy)


def test_windows_is_sent_to_its_linux() -> None:
    needs = list(checkup.of_machine("windows", "2.50.0"))
    assert [(need.name, need.found is None) for need in needs] == [("Linux or macOS", True), ("git", False)]
    assert "wsl --install" in needs[0].remedy


def test_the_browser_is_told_by_system(gates: Callable[..., Outcome], repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"gates.yaml": "version: 1\ngates: {accessibility: {options: {serve: {directory: .}, pages: [a.html]}}}\n"})
    monkeypatch.setenv("CHROME_BIN", "/nowhere/chromium")
    for system, command in (("debian", "sudo apt-get install chromium chromium-driver"), ("macos", "brew install --cask google-chrome")):
        monkeypatch.setattr(host, "system", lambda *_, system=system: system)
        outcome = gates("-C", repository.root, "doctor")
        assert outcome.code == ExitCode.ERRORED
        assert f"  MISSING  Chromium or Chrome: {command}" in outcome.out


# -- the clone ---------------------------------------------------------------------------------

HOOKS = beginnings.shown_hooks()


def notes(root: Path, *, named: str | None = None, in_ci: bool = False) -> list[tuple[str, str]]:
    return [(note.what, note.remedy) for note in checkup.of_repository(root, named=named, in_ci=in_ci)]


def installed(root: Path, *names: str) -> None:
    for name in names:
        hook = root / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexec pre-commit hook-impl\n", "utf-8")
        hook.chmod(0o755)


def test_a_clone_that_lacks_nothing(repository: Repository) -> None:
    repository.commit({"gates.yaml": "version: 1\n", beginnings.HOOKS: HOOKS})
    installed(repository.root, "pre-commit", "pre-push")
    assert notes(repository.root) == []
    repository.git("worktree", "add", "-q", str(repository.root.parent / "beside"))
    assert notes(repository.root.parent / "beside") == []


def test_no_policy_and_no_repository(tmp_path: Path) -> None:
    whats = [what for what, _ in notes(tmp_path)]
    assert whats == ["there is no gates.yaml", "this is no git repository, so nothing tells what a change adds"]
    assert len(notes(tmp_path, named="other.yaml")) == 1


@pytest.mark.parametrize(("in_ci", "remedy"), [(False, "`git fetch --unshallow`"), (True, "`fetch-depth: 0` of actions/checkout")])
def test_a_shallow_clone(repository: Repository, in_ci: bool, remedy: str) -> None:
    repository.commit({"gates.yaml": "version: 1\n"})
    repository.commit({})
    clone = repository.clone("clone", "--depth=1")
    assert notes(clone.root, in_ci=in_ci) == [("this clone is shallow, so where a branch began has to be fetched first", remedy)]


def test_hooks_that_are_named_and_not_installed(repository: Repository) -> None:
    repository.commit({"gates.yaml": "version: 1\n", beginnings.HOOKS: HOOKS})
    named = ".pre-commit-config.yaml names hooks that are not installed in this clone"
    both = "`pre-commit install --hook-type pre-commit --hook-type pre-push`"
    assert notes(repository.root) == [(f"{named} (pre-commit, pre-push)", both)]
    assert notes(repository.root, in_ci=True) == []
    installed(repository.root, "pre-commit")
    assert notes(repository.root) == [(f"{named} (pre-push)", "`pre-commit install --hook-type pre-push`")]
    repository.git("config", "core.hooksPath", ".husky")
    ((_, remedy),) = notes(repository.root)
    assert (
        remedy
        == f"core.hooksPath is .husky: call `pre-commit run` from the hooks there, or `git config --unset-all core.hooksPath` and {both}"
    )
    repository.git("config", "--unset", "core.hooksPath")
    (repository.root / beginnings.HOOKS).write_text(HOOKS.replace(beginnings.ADDRESS, "https://example.org/other"), "utf-8")
    assert notes(repository.root) == []


def test_notes_leave_the_exit_code_alone(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"app.py": "", beginnings.HOOKS: HOOKS})
    outcome = gates("-C", repository.root, "doctor")
    assert outcome.code == ExitCode.PASSED, outcome.out
    assert "  note     there is no gates.yaml: `gates init` writes one that fits the repository\n" in outcome.out
    assert "  note     .pre-commit-config.yaml names hooks that are not installed" in outcome.out


def test_an_environment_that_is_not_ignored_is_named(repository: Repository) -> None:
    repository.commit({"gates.yaml": "version: 1\n"})
    (repository.root / ".venv").mkdir()
    (repository.root / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n", "utf-8")
    (note,) = checkup.of_repository(repository.root, named=None, in_ci=True)
    assert (note.what, note.remedy) == (".venv/ holds installed packages and is not ignored", "add `.venv/` to .gitignore")
    (repository.root / ".gitignore").write_text(".venv/\n", "utf-8")
    assert not list(checkup.of_repository(repository.root, named=None, in_ci=True))
