"""Which commit a change is held against: the one that is named, the one that CI says, else where the branch began."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gates import jsontext
from gates.adapters import git, history
from gates.dataclass import dataclass
from gates.errors import RepositoryError, UsageError
from gates.model import Stage

#: A payload of an event holds a whole pull request; no more than this is read.
_EVENT_LIMIT = 16 * 2**20
_DEEPEN = "fetch it whole: `git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout; or name another commit with --base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A commit by its full id, and in words why it is the base.

    `tip` is the tip of the branch that the change goes into, whose policy judges it too; None where there is none to judge by.
    """

    commit: str
    found_by: str
    tip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A revision that would be the base, and how it was come by.

    `exact` where it is the base itself, not a branch that went on; `judges` where its policy judges what goes there.
    """

    revision: str
    found_by: str
    exact: bool = True
    judges: bool = True


def find(root: Path, *, named: str | None, stage: Stage, environment: Mapping[str, str], offline: bool = False) -> Base | None:
    """The base of what is checked out at `root`; None where there is none, and every finding counts as new.

    Raises `UsageError` for a revision that is named and not there, `RepositoryError` where it may mean several commits, and where the base
    is known and can't be had.
    """
    head = git.head(root)
    if head is None:
        if named:
            raise UsageError(
                f"--base {named} has no commit to stand against: nothing is committed here", help="commit first, or leave it out"
            )
        return None
    if named:
        git.check_one(root, named)
    wanted = _wanted(root, head, named, stage, environment)
    if wanted is None:
        return None
    commit = _commit(root, wanted, offline=offline)
    if commit is None and named:
        raise UsageError(
            f"--base {named} is not a commit of this repository", help=f"name a commit, branch or tag that is here; or {_DEEPEN}"
        )
    if commit is None:
        raise RepositoryError(
            f"the base {wanted.revision[:12]} ({wanted.found_by}) is not in this clone, and could not be fetched", help=_DEEPEN
        )
    tip = commit if wanted.judges else None
    if not wanted.exact:
        commit = _where_it_began(root, head, commit, wanted, offline=offline)
    if commit == head and not git.checkout(root).dirty:
        return None
    for known in {commit, tip} - {None} if not offline else ():
        history.supply(root, str(known))
    return Base(commit=commit, found_by=wanted.found_by, tip=tip)


def _wanted(root: Path, head: str, named: str | None, stage: Stage, environment: Mapping[str, str]) -> Wanted | None:
    if named:
        return Wanted(revision=named, found_by=f"--base {named}")
    if stage is Stage.COMMIT:
        return Wanted(revision=head, found_by="the last commit", judges=False)
    if stage is Stage.RELEASE:
        tag = history.last_release(root)
        return Wanted(revision=tag, found_by=f"the last release, {tag}", judges=False) if tag else None
    return _of_event(root, head, environment) or _of_branch(root)


def _of_branch(root: Path) -> Wanted | None:
    branch = history.default_branch(root)
    if branch is None:
        return None
    return Wanted(revision=branch, found_by=f"where the branch began on {branch.removeprefix('refs/remotes/')}", exact=False)


def _commit(root: Path, wanted: Wanted, *, offline: bool) -> str | None:
    """The full id of a revision whose tree is at hand, fetched where it is not."""
    commit = history.commit_of(root, wanted.revision)
    if commit is None and history.is_commit_id(wanted.revision):
        commit = wanted.revision
    if commit is None or history.has(root, commit):
        return commit
    return commit if not offline and history.fetch(root, commit) else None


def _where_it_began(root: Path, head: str, tip: str, wanted: Wanted, *, offline: bool) -> str:
    """The commit at which the branch of `head` left that of `tip`. A shallow clone may have to be deepened to know it."""
    commit = history.merge_base(root, head, tip)
    if commit is None and not offline and history.is_shallow(root) and history.deepen(root):
        commit = history.merge_base(root, head, tip)
    if commit is not None:
        return commit
    if history.is_shallow(root):
        raise RepositoryError(f"this clone is shallow, and does not tell {wanted.found_by}", help=_DEEPEN)
    return tip  # two histories without a common commit: all that differs is the change


# -- what CI says ------------------------------------------------------------------------------


def _of_event(root: Path, head: str, environment: Mapping[str, str]) -> Wanted | None:
    """The base by GitHub's event; None outside of one that has any.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads
    """
    match environment.get("GITHUB_EVENT_NAME"):
        case "pull_request" | "pull_request_target" | "pull_request_review" | "pull_request_review_comment":
            return _of_pull_request(root, head, _payload(environment))
        case "merge_group":
            event = _payload(environment)
            _check_asked(root, head, _within(event, "merge_group", "head_sha"), "merge group")
            commit = _within(event, "merge_group", "base_sha")
            return Wanted(revision=commit, found_by="the base of the merge group") if history.is_commit_id(commit) else None
        case "push":
            event = _payload(environment)
            commit = event.get("before")
            # A branch that was pushed by force may have left its old tip: then it is compared with where it began.
            gone = event.get("forced") is True or not history.is_commit_id(commit)
            return None if gone or commit == head else Wanted(revision=str(commit), found_by="what was pushed to before", judges=False)
    return None


def _of_pull_request(root: Path, head: str, event: Mapping[str, Any]) -> Wanted | None:
    """Where the merge that GitHub makes for a test is checked out, its first parent is the branch's tip of that moment."""
    of_head, of_base = (_within(event, "pull_request", side, "sha") for side in ("head", "base"))
    parents = history.parents(root, head)
    if len(parents) == 2 and parents[1] == of_head:
        return Wanted(revision=parents[0], found_by="the branch that the pull request goes into")
    _check_asked(root, head, of_head, "pull request")
    tip = history.commit_of(root, f"refs/remotes/origin/{_within(event, 'pull_request', 'base', 'ref')}")
    if tip is None and not history.is_commit_id(of_base):
        return None
    return Wanted(revision=tip or str(of_base), found_by="where the pull request began", exact=False)


def _check_asked(root: Path, head: str, asked: Any, what: str) -> None:
    """Raise `RepositoryError` where what is checked out does not have the commit that the event asks about: the answer would be of another.

    `pull_request_target` checks out the branch that the pull request goes into; a change can put a submodule in the place of a folder.
    """
    if history.is_commit_id(asked) and head != asked and not history.is_ancestor(root, asked, head):
        raise RepositoryError(
            f"the {what} is about {asked[:12]}, and {head[:12]}, which is checked out, does not have it",
            help="check out what the event asks about, with its history (`fetch-depth: 0`); never use `pull_request_target`",
        )


def _within(event: Mapping[str, Any], *names: str) -> Any:
    found: Any = event
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _payload(environment: Mapping[str, str]) -> dict[str, Any]:
    """The event's payload; empty where there is none. Raises `RepositoryError` for one that can't be read: it says what the base is."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    if not path:
        return {}
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 (a path of the environment's, as it is)
            content = stream.read(_EVENT_LIMIT)
        found = jsontext.loads(content)
    except (OSError, ValueError, RecursionError) as error:
        said = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise RepositoryError(
            f"the event of this run can't be read: {said}", where="GITHUB_EVENT_PATH", help="name the base with --base"
        ) from error
    return found if isinstance(found, dict) else {}
