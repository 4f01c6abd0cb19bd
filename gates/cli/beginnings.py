"""What `gates init` writes beside a policy: the workflow that runs the check on GitHub, and the hooks of a developer's machine."""

from __future__ import annotations

import os
import posixpath
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
HOOKS = ".pre-commit-config.yaml"
#: Where pre-commit and prek look for their hooks.
_HOOK_FILES = (HOOKS, ".pre-commit-config.yml", "prek.toml")
TAG = f"v{gates.__version__}"
#: No tag is safe from being moved, and which commit it will name can't be known by what is a part of that commit.
PIN = f"git ls-remote {ADDRESS} 'refs/tags/{TAG}*'"
_ACTION_LINE = f"{ACTION}@{TAG} # a tag can be moved: put its full commit id here"
#: docs/github.md shows it, by scripts/generate.py.
_WORKFLOW = """\
name: {name}
on:
  pull_request:
    branches: [{branch}] # the check is kept by the commit alone: one into another branch would count here
  merge_group:
  push:
    branches: [{branch}]
permissions:
  contents: read
jobs:
  {name}:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          fetch-depth: 0 # what is new is told by what was there before
          persist-credentials: false
{submodules}{install}      - uses: {action}
        id: gates
{folder}"""
_SUBMODULES = "          submodules: true\n"
_INSTALL = "      - run: {command}   # whatever your tests need\n"
_IN_FOLDER = "        working-directory: {folder}\n"
_OF_FOLDER = """\
        with:
          working-directory: {folder}
          name: {name}
"""
_PLAIN_BRANCH = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
#: No character that YAML, a shell or an expression of GitHub's would read as something else.
_PLAIN_FOLDER = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z_.][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.-]+)*", re.IGNORECASE)
HOOK_ID = re.compile(r"\bid\s*[:=]\s*[\"']?(gates[\w-]*)")
_OF_COMMIT = "each commit: every gate of the commit stage, in one process"
_OF_PUSH = ("tests", "dependencies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a policy is, and where its repository begins, where GitHub and pre-commit look. `folder` is empty where both are one."""

    root: Path
    top: Path
    folder: str

    @property
    def name(self) -> str:
        """What the check is called: a repository may have several."""
        return "-".join(["gates", *re.findall(r"[A-Za-z0-9_]+", self.folder)])

    @property
    def workflow(self) -> str:
        """The workflow's file, relative to `top`."""
        return f"{WORKFLOWS}/{self.name}.yml"


def place(root: Path) -> Place:
    """Where the policy of a folder is. Raises `UsageError` for a folder that a workflow and a hook can't name as it is."""
    told = git.ask(root, ["rev-parse", "--show-toplevel"]) if git.is_repository(root) else None
    top = root if told is None else Path(os.fsdecode(told.removesuffix(b"\n"))).resolve()
    folder = "" if top == root.resolve() else root.resolve().relative_to(top).as_posix()
    if folder and not _PLAIN_FOLDER.fullmatch(folder):
        raise UsageError(
            f"the folder {folder!r} can't be named in a workflow or a hook as it is",
            where=str(root),
            help="write them by hand, with its name quoted as each of them wants it: docs/github.md and docs/hooks.md",
        )
    return Place(root=root, top=top, folder=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a policy has: gates for the commit stage, the names of those for changes, and plug-ins that its tests ask pytest for."""

    at_commit: bool
    at_change: frozenset[str]
    plugins: tuple[str, ...] = ()


def shown_workflow() -> str:
    """The workflow as the documentation shows it."""
    return _WORKFLOW.format(
        name="gates",
        branch="main",
        submodules="",
        install=_INSTALL.format(command="python3 -I -m venv .venv && .venv/bin/pip install -e .[dev]"),
        action=f"{ACTION}@main # pin the full commit id",
        folder="",
    )


def shown_hooks() -> str:
    """The file with hooks as the documentation shows it."""
    return hook_file(Planned(at_commit=True, at_change=frozenset({"tests"})))


def workflow(survey: Survey, planned: Planned, where: Place) -> str:
    """The workflow for a policy: its repository's branch, its folder, and an environment for its tests where it has some."""
    install = ""
    if "tests" in planned.at_change:
        install = _INSTALL.format(command=installing.command(survey, where.top, planned.plugins))
        install += _IN_FOLDER.format(folder=where.folder) if where.folder else ""
    return _WORKFLOW.format(
        name=where.name,
        branch=_branch(where.root),
        submodules=_SUBMODULES if (where.top / ".gitmodules").is_file() else "",
        install=install,
        action=_ACTION_LINE,
        folder=_OF_FOLDER.format(folder=where.folder, name=where.name) if where.folder else "",
    )


def hooks(planned: Planned, folder: str = "") -> str:
    """The lines below `repos:` that name the hooks which a policy has something for; empty where it has nothing.

    Hooks are started at the repository's top: one of a folder says so in its `entry`, and is handed the folder's files alone.
    """
    ids = [("gates", _OF_COMMIT)] if planned.at_commit else []
    ids += [(f"gates-{name}", "each push") for name in _OF_PUSH if name in planned.at_change]
    if not ids:
        return ""
    lines = [line for name, what in ids for line in (f"      - id: {name:<18} # {what}", *_of_folder(name, folder))]
    return "\n".join([f"  - repo: {ADDRESS}", f"    rev: {TAG}", "    hooks:", *lines, ""])


def _of_folder(id: str, folder: str) -> list[str]:
    if not folder:
        return []
    gate = id.removeprefix("gates").lstrip("-")
    asked = f"--stage change --gate {gate}" if gate else "--stage commit"
    files = [] if gate else [f"        files: ^{re.escape(folder)}/"]
    return [f"        name: {id} in {folder}", f"        entry: gates -C {folder} run {asked}", *files]


def hook_file(planned: Planned, folder: str = "") -> str:
    """A whole `.pre-commit-config.yaml`. Raises `UsageError` where there is nothing to hook."""
    lines = hooks(planned, folder)
    if not lines:
        raise UsageError("the policy has no gate for a hook", help="give one to the commit stage (`stages: [commit, change, release]`)")
    return f"repos:\n{lines}default_install_hook_types: [{', '.join(hook_types(planned))}]\n"


def hook_types(planned: Planned) -> list[str]:
    """What `pre-commit install` has to be told to install."""
    return ["pre-commit"] * planned.at_commit + ["pre-push"] * any(name in planned.at_change for name in _OF_PUSH)


def standing_hooks(top: Path) -> tuple[str, str] | None:
    """The name and the text of the file with hooks that a repository has at its top; None where it has none."""
    return next(((name, _text(top / name)) for name in _HOOK_FILES if _is_taken(top / name)), None)


def has_hooks(text: str, folder: str) -> bool:
    """Whether a file with hooks names those of the policy in a folder."""
    if folder:
        return ADDRESS in text and f"gates -C {folder} run" in text
    return ADDRESS in text and len(HOOK_ID.findall(text)) > text.count("entry: gates -C ")


def refuse_workflow(where: Place) -> None:
    """Raises `UsageError` where a workflow of that name stands, another judges the folder, or GitHub's folder leads elsewhere."""
    folder = where.top / WORKFLOWS
    if not folder.resolve().is_relative_to(where.top.resolve()):
        raise UsageError(f"{WORKFLOWS} leads out of the repository", where=str(folder), help="take the link away, or use `--print`")
    if _is_taken(where.top / where.workflow):
        raise UsageError(
            f"{where.workflow} exists and is never overwritten",
            where=str(where.top / where.workflow),
            help="edit it, or see what would be written with `gates init --workflow --print`",
        )
    other = next((path for path in sorted(folder.glob("*.y*ml")) if _judges(_text(path), where.folder)), None)
    if other is not None:
        raise UsageError(f"{WORKFLOWS}/{other.name} runs the gates already", where=str(other), help="two checks of one kind say no more")


def _judges(text: str, folder: str) -> bool:
    """Whether a workflow runs the action for a folder; a matrix of folders may name any, and so may what can't be read."""
    if ACTION not in text:
        return False
    import yaml

    try:
        jobs = (yaml.safe_load(text) or {}).get("jobs") or {}
        steps = [step for job in jobs.values() for step in job.get("steps") or ()]
        named = [(step.get("with") or {}).get("working-directory", "") for step in steps if str(step.get("uses")).startswith(f"{ACTION}@")]
    except (yaml.YAMLError, AttributeError, TypeError):
        return re.search(rf"uses:\s*['\"]?{ACTION}@", text) is not None
    return any("${{" in str(name) or posixpath.normpath(str(name)) == (folder or ".") for name in named)


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
