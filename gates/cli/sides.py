"""The two policies that `gates policy diff` holds against each other: each from a commit, a file, or the working tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gates.adapters import git
from gates.cli import sources
from gates.dataclass import dataclass
from gates.errors import PolicyError, RepositoryError, UsageError
from gates.model import PolicySource
from gates.policy import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two policies. `sources` is None where there is none; `commit` is a full id, None for files."""

    name: str
    commit: str | None
    sources: tuple[PolicySource, ...] | None


def read_side(root: Path, named: str | None, policy: str | None) -> Side:
    """The policy at a revision, or in a file; `named` None means the working tree.

    `policy` names the file to look for, as `--policy` does. Raises `PolicyError`, `UsageError` and `RepositoryError`.
    """
    if named is None:
        path = root / _inside(root, policy)
        return Side(name="the working tree", commit=None, sources=load.collect(root, path) if path.exists() else None)
    file = Path.cwd() / named
    if file.is_file():
        return Side(name=named, commit=None, sources=sources.anywhere(root, named))
    return _at_revision(root, named, _inside(root, policy))


def _inside(root: Path, policy: str | None) -> str:
    """The policy's path in the repository."""
    if policy is None:
        return sources.POLICY_FILE
    path = (Path.cwd() / policy).resolve()
    if not path.is_relative_to(root):
        raise UsageError(f"{policy} lies outside {root}", help="name a file of the repository, or name two files instead of revisions")
    return path.relative_to(root).as_posix()


def _at_revision(root: Path, revision: str, policy: str) -> Side:
    try:
        commit = git.resolve(root, revision)
    except RepositoryError as error:
        wrong = error.problems[0]
        raise UsageError(f"{revision!r} is neither a file nor a commit of this repository", where=str(root), help=wrong.help) from error
    if git.file_at(root, commit, policy) is None:
        return Side(name=revision, commit=commit, sources=None)
    try:
        found = load.collect_from(policy, lambda path: git.file_at(root, commit, path))
    except PolicyError as error:
        raise at_side(error, revision) from error
    return Side(name=revision, commit=commit, sources=found)


def at_side(error: PolicyError, name: str) -> PolicyError:
    """The same problems, said to be those of one of the two policies."""
    return PolicyError(tuple(replace(problem, where=f"{problem.where} (of {name})") for problem in error.problems))


def both(root: Path, revisions: Sequence[str], policy: str | None) -> tuple[Side, Side]:
    """The sides of `BASE [HEAD]`. Raises `UsageError` where neither has a policy."""
    before = read_side(root, revisions[0], policy)
    after = read_side(root, revisions[1] if len(revisions) > 1 else None, policy)
    if before.sources is None and after.sources is None:
        raise UsageError(
            f"there is no {_inside(root, policy)}, neither in {before.name} nor in {after.name}",
            where=str(root),
            help="name the policy with --policy, or let `gates init` write one",
        )
    return before, after
