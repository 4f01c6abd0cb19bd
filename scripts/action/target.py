"""For which branch this run makes its check, and whether that is one that the check protects.

GitHub keeps a check by its name and the commit alone: one that was made for another branch would count for a protected one.
"""

from __future__ import annotations

import os
import re
from typing import Any

from runner import StepError, event, given

#: Events of a pull request that a workflow can't hold to branches, as it can `pull_request`.
_UNFILTERED = ("pull_request_review", "pull_request_review_comment")
_BRANCH = "refs/heads/"


def check_target() -> None:
    """Raise `StepError` where the check would be made for a branch that is none of `into`, or it can't be told for which.

    Without `into`, events that can't be held to branches are held to the repository's default branch.
    """
    name, said = os.environ.get("GITHUB_EVENT_NAME", ""), event()
    protected = [word.removeprefix(_BRANCH) for word in re.split(r"[,\s]+", given("into")) if word]
    if not protected and name not in _UNFILTERED:
        return
    of_tag = os.environ.get("GITHUB_REF", "").startswith("refs/tags/")
    if of_tag and not _of_change(said):
        return  # a tag goes nowhere
    target = _target(said)
    if target is None:
        raise StepError(f"the event `{name}` does not say for which branch it is, and this check is for {_named(protected)} alone")
    named = protected or [_within(said, "repository", "default_branch")]
    if not any(isinstance(pattern, str) and _fits(target, pattern) for pattern in named):
        raise StepError(
            f"this check is for {_named(protected)} alone, and this run is for {target}: nothing was judged. GitHub keeps a check "
            f"by the commit, so it would count there too; where {target} is protected by it as well, name it in `into`"
        )


def _named(protected: list[str]) -> str:
    return ", ".join(protected) or "the default branch"


def _fits(branch: str, pattern: str) -> bool:
    """Whether a pattern in which `*` stands for any characters means a branch."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), branch, re.DOTALL))


def _of_change(said: dict[str, Any]) -> bool:
    return "pull_request" in said or "merge_group" in said


def _target(said: dict[str, Any]) -> str | None:
    """The branch that the pull request or the merge group goes into, else the one that the run is of; None where none is said."""
    if _of_change(said):
        found = _within(said, "pull_request", "base", "ref") or _within(said, "merge_group", "base_ref")
    else:
        ref = os.environ.get("GITHUB_REF", "")
        found = ref if ref.startswith(_BRANCH) else None
    return found.removeprefix(_BRANCH) if isinstance(found, str) and found else None


def _within(said: Any, *names: str) -> Any:
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    return said
