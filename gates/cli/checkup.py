"""What `gates doctor` looks at beside the gates: git, the clone, the policy, and whether the hooks that are named are installed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from gates.adapters import git, history
from gates.api import Need
from gates.cli import beginnings
from gates.cli.sources import POLICY_FILE
from gates.dataclass import dataclass

#: The first that lists each file once, `git ls-files --deduplicate`.
OLDEST_GIT = (2, 31)
_GET_GIT = {
    "debian": "sudo apt-get install git",
    "ubuntu": "sudo apt-get install git",
    "macos": "brew install git",
}
#: As both runners write it into the hooks that they install.
_RUNNERS = ("pre-commit", "prek")
_BEFORE_PUSH = frozenset({"gates-tests", "gates-dependencies"})
_BY_HAND = frozenset({"gates-contracts", "gates-accessibility"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that makes no gate errored here and now, and what mends it."""

    what: str
    remedy: str


def of_machine(system: str, version: str | None) -> Iterator[Need]:
    """The system, where it is none that gates run on, and git. `system` is as `host.system` has it, `version` git's."""
    if system == "windows":
        remedy = "run it in WSL: `wsl --install`, then install Quality Gates and the project there"
        yield Need(name="Linux or macOS", found=None, remedy=remedy)
    numbers = tuple(map(int, re.findall(r"\d+", version or "")[:2]))
    oldest = ".".join(map(str, OLDEST_GIT))
    remedy = f"install git {oldest} or later: https://git-scm.com/downloads"
    if version is not None and numbers < OLDEST_GIT:
        yield Need(name=f"git {oldest} or later", found=None, remedy=f"{version} is installed; {_GET_GIT.get(system, remedy)}")
    else:
        yield Need(name="git", found=version, remedy=remedy, commands=_GET_GIT)


def of_repository(root: Path, *, named: str | None, in_ci: bool) -> Iterator[Note]:
    """What is to be said of the clone at `root`. `named` is the policy that the command names."""
    if named is None and not (root / POLICY_FILE).exists():
        yield Note(what=f"there is no {POLICY_FILE}", remedy="`gates init` writes one that fits the repository")
    if not git.is_repository(root):
        yield Note(what="this is no git repository, so nothing tells what a change adds", remedy="`git init`, or a clone instead of a copy")
        return
    if history.is_shallow(root):
        remedy = "`fetch-depth: 0` of actions/checkout" if in_ci else "`git fetch --unshallow`"
        yield Note(what="this clone is shallow, so where a branch began has to be fetched first", remedy=remedy)
    yield from _of_installed(root)
    if not in_ci:
        yield from _of_hooks(root)


def _of_hooks(root: Path) -> Iterator[Note]:
    standing = beginnings.standing_hooks(Path(git.line(root, "rev-parse", "--show-toplevel") or root))
    if standing is None or beginnings.ADDRESS not in standing[1]:
        return
    ids = set(beginnings.HOOK_ID.findall(standing[1])) - _BY_HAND
    wanted = ["pre-commit"] * bool(ids - _BEFORE_PUSH) + ["pre-push"] * bool(ids & _BEFORE_PUSH)
    folder = _folder_of_hooks(root)
    missing = [name for name in wanted if not _is_installed(folder / name)]
    if not missing:
        return
    runner = "prek" if standing[0] == "prek.toml" else "pre-commit"
    install = f"`{runner} install {' '.join(f'--hook-type {name}' for name in missing)}`"
    configured = _configured(root)
    if configured is not None:
        scope, elsewhere = configured
        unset = f"`git config {'--global ' if scope == 'global' else ''}--unset-all core.hooksPath`"
        install = f"core.hooksPath is {elsewhere}: call `{runner} run` from the hooks there, or {unset} and {install}"
    yield Note(what=f"{standing[0]} names hooks that are not installed in this clone ({', '.join(missing)})", remedy=install)


def _is_installed(hook: Path) -> bool:
    """Whether a hook of git's can be run and calls one of the runners."""
    try:
        return os.access(hook, os.X_OK) and any(runner in hook.read_text("utf-8", "replace") for runner in _RUNNERS)
    except OSError:
        return False


def _folder_of_hooks(root: Path) -> Path:
    """Where git looks for hooks: a worktree has those of its repository."""
    configured = _configured(root)
    if configured is not None:
        return Path(git.line(root, "rev-parse", "--show-toplevel") or root) / Path(configured[1]).expanduser()
    return root / (git.line(root, "rev-parse", "--git-common-dir") or ".git") / "hooks"


def _configured(root: Path) -> tuple[str, str] | None:
    """The scope and the value of `core.hooksPath`; None where nobody sets it. Ours, of the command line, does not count."""
    told = (git.ask(root, ["config", "--show-scope", "-z", "--get-all", "core.hooksPath"]) or b"").split(b"\0")
    values = [(os.fsdecode(scope), os.fsdecode(value)) for scope, value in zip(told[::2], told[1::2], strict=False) if scope != b"command"]
    return values[-1] if values else None


def _of_installed(root: Path) -> Iterator[Note]:
    """Gates leave such a folder out by themselves; `git add .` would not."""
    for folder in git.installed_folders(root):
        name = f"{folder}/"
        yield Note(what=f"{name} holds installed packages and is not ignored", remedy=f"add `{name}` to .gitignore")
