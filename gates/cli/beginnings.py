"""What `gates init` writes beside a policy: the workflow that runs the check on GitHub, and the hooks of a developer's machine."""

from __future__ import annotations

import re
from pathlib import Path

import gates
from gates.adapters import git, history
from gates.api import Survey
from gates.cli import installing
from gates.dataclass import dataclass
from gates.errors import UsageError

ADDRESS = "https://github.com/quality-gates/quality-gates"
ACTION = "quality-gates/quality-gates"
WORKFLOWS = ".github/workflows"
WORKFLOW = f"{WORKFLOWS}/gates.yml"
HOOKS = ".pre-commit-config.yaml"
#: Where pre-commit and prek look for their hooks.
_HOOK_FILES = (HOOKS, ".pre-commit-config.yml", "prek.toml")
TAG = f"v{gates.__version__}"
#: No tag is safe from being moved, and which commit it will name can't be known by what is a part of that commit.
PIN = f"git ls-remote {ADDRESS} 'refs/tags/{TAG}*'"
_ACTION_LINE = f"{ACTION}@{TAG} # a tag can be moved: put its full commit id here"
#: docs/github.md shows it, by scripts/generate.py.
_WORKFLOW = """\
name: gates
on:
  pull_request:
    branches: [{branch}] # the check is kept by the commit alone: one into another branch would count here
  merge_group:
  push:
    branches: [{branch}]
permissions:
  contents: read
jobs:
  gates:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          fetch-depth: 0 # what is new is told by what was there before
          persist-credentials: false
{install}      - uses: {action}
        id: gates
"""
_INSTALL = "      - run: {command}   # whatever your tests need\n"
_PLAIN_BRANCH = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_OF_COMMIT = "each commit: every gate of the commit stage, in one process"
_OF_PUSH = ("tests", "dependencies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Which gates a policy has: whether any is for the commit stage, and the names of those for changes."""

    at_commit: bool
    at_change: frozenset[str]


def shown_workflow() -> str:
    """The workflow as the documentation shows it."""
    return _WORKFLOW.format(
        branch="main",
        install=_INSTALL.format(command="python3 -I -m venv .venv && .venv/bin/pip install -e .[dev]"),
        action=f"{ACTION}@main # pin the full commit id",
    )


def shown_hooks() -> str:
    """The file with hooks as the documentation shows it."""
    return hook_file(Planned(at_commit=True, at_change=frozenset({"tests"})))


def workflow(survey: Survey, planned: Planned) -> str:
    """The workflow for a repository: its own branch, and an environment for its tests where it has some."""
    install = _INSTALL.format(command=installing.command(survey)) if "tests" in planned.at_change else ""
    return _WORKFLOW.format(branch=_branch(survey.root), install=install, action=_ACTION_LINE)


def hooks(planned: Planned) -> str:
    """The lines below `repos:` that name the hooks which a policy has something for; empty where it has nothing."""
    ids = [("gates", _OF_COMMIT)] if planned.at_commit else []
    ids += [(f"gates-{name}", "each push") for name in _OF_PUSH if name in planned.at_change]
    if not ids:
        return ""
    lines = [f"      - id: {name:<18} # {what}" for name, what in ids]
    return "\n".join([f"  - repo: {ADDRESS}", f"    rev: {TAG}", "    hooks:", *lines, ""])


def hook_file(planned: Planned) -> str:
    """A whole `.pre-commit-config.yaml`. Raises `UsageError` where there is nothing to hook."""
    lines = hooks(planned)
    if not lines:
        raise UsageError("the policy has no gate for a hook", help="give one to the commit stage (`stages: [commit, change, release]`)")
    return f"repos:\n{lines}default_install_hook_types: [{', '.join(hook_types(planned))}]\n"


def hook_types(planned: Planned) -> list[str]:
    """What `pre-commit install` has to be told to install."""
    return ["pre-commit"] * planned.at_commit + ["pre-push"] * any(name in planned.at_change for name in _OF_PUSH)


def standing_hooks(root: Path) -> tuple[str, str] | None:
    """The name and the text of the file with hooks that a repository has; None where it has none."""
    return next(((name, _text(root / name)) for name in _HOOK_FILES if _is_taken(root / name)), None)


def refuse_workflow(root: Path) -> None:
    """Raises `UsageError` where a workflow of that name stands, another runs the action, or its folder leads out of the repository."""
    folder = root / WORKFLOWS
    if not folder.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{WORKFLOWS} leads out of the repository", where=str(folder), help="take the link away, or use `--print`")
    if _is_taken(root / WORKFLOW):
        raise UsageError(
            f"{WORKFLOW} exists and is never overwritten",
            where=str(root / WORKFLOW),
            help="edit it, or see what would be written with `gates init --workflow --print`",
        )
    other = next((path for path in sorted(folder.glob("*.y*ml")) if re.search(rf"uses:\s*['\"]?{ACTION}@", _text(path))), None)
    if other is not None:
        raise UsageError(f"{WORKFLOWS}/{other.name} runs the gates already", where=str(other), help="two checks of one kind say no more")


def _is_taken(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _branch(root: Path) -> str:
    """The branch that changes go into, as YAML: the remote's, else the one that is checked out where it is called as such are."""
    remote = history.default_branch(root)
    if remote is not None:
        name = remote.removeprefix("refs/remotes/").partition("/")[2]
    else:
        here = (git.line(root, "symbolic-ref", "--quiet", "--short", "HEAD") or "") if git.is_repository(root) else ""
        name = here if here in ("main", "master", "trunk", "develop") else "main"
    return name if _PLAIN_BRANCH.fullmatch(name) else "'" + name.replace("'", "''") + "'"
