"""What people said of a pull request on GitHub, asked with the token that the job was given.

REST, version 2022-11-28: https://docs.github.com/en/rest/pulls/reviews and https://docs.github.com/en/rest/teams/members.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from gates import codec
from gates.adapters import http
from gates.dataclass import dataclass
from gates.errors import EvidenceError, UsageError
from gates.model import Review, Reviews, Team

#: Variables that may hold the token, the first that does wins. A job's own can't see who belongs to a team.
TOKENS = ("GATES_GITHUB_TOKEN", "GITHUB_TOKEN")
_LIMIT = 8 * 1024 * 1024
_EVENT_LIMIT = 32 * 1024 * 1024
_PAGE = 100
_MOST_PAGES = 20
_OK, _NOT_FOUND = 200, 404
#: Comments and drafts are neither yes nor no.
_VERDICTS: Mapping[str, Literal["approved", "changes-requested", "dismissed"]] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "changes-requested",
    "DISMISSED": "dismissed",
}
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
#: The branch that a merge queue makes for a pull request.
_QUEUED = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-(\d+)-[0-9a-f]{40}")
_TEAM_HELP = (
    f"a job's own token can't see teams: give one that may read the organisation's members as {TOKENS[0]}, or name people in `approvers`"
)


class _UnknownError(Exception):
    """Why nothing can be known, in words."""


def reviews(
    environment: Mapping[str, str], *, commit: str | None, parents: Sequence[str], teams: Sequence[str], offline: bool = False
) -> Reviews:
    """The reviews of the pull request that this job judges, and which reviewers `teams` (`@organisation/team`) have.

    `commit` is what is checked out, `parents` the commits that it was made from: the pull request's head has to be among these, else
    the reviews are of something else. What can't be known is said in `unknown`; nothing is raised.
    """
    try:
        if offline:
            raise _UnknownError("with --offline no reviews are fetched")
        if commit is None:
            raise _UnknownError("there is no commit that somebody could have reviewed")
        change = _change_of(environment, commit)
        token = next((environment[name] for name in TOKENS if environment.get(name)), "")
        if not token:
            raise _UnknownError(f"no token to read reviews with: give the job's as {TOKENS[1]}, with the permission `pull-requests: read`")
        host = _Host(address=environment.get("GITHUB_API_URL") or "https://api.github.com", token=token)
        return _reviews(host, change, {commit, *parents}, teams)
    except _UnknownError as unknown:
        return Reviews(commit=commit, unknown=str(unknown))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A pull request of a repository. `merged`: the merge queue made the commit that is judged, in a way that hides the head."""

    repository: str
    number: int
    commit: str
    merged: bool


def _change_of(environment: Mapping[str, str], commit: str) -> _Change:
    """The pull request that the job is about, by its event. Raises `_UnknownError`."""
    repository, path = environment.get("GITHUB_REPOSITORY", ""), environment.get("GITHUB_EVENT_PATH", "")
    if not path or not _REPOSITORY.fullmatch(repository):
        raise _UnknownError("this run is no job of GitHub that judges a pull request, and reviews are fetched there alone")
    event = _event(Path(path))
    # Code of the change may have written the event's file, and a queue's commit tells nothing of whose reviews these are.
    kind = environment.get("GITHUB_EVENT_NAME") or "merge_group"
    pull, group = event.get("pull_request"), event.get("merge_group") if kind == "merge_group" else None
    if isinstance(pull, dict) and isinstance(pull.get("number"), int):
        return _Change(repository=repository, number=pull["number"], commit=commit, merged=False)
    if isinstance(group, dict) and (queued := _QUEUED.fullmatch(str(group.get("head_ref")))):
        if group.get("head_sha") != commit:
            raise _UnknownError(f"the merge queue asks about {str(group.get('head_sha'))[:12]}, and this run judges {commit[:12]}")
        return _Change(repository=repository, number=int(queued[1]), commit=commit, merged=True)
    raise _UnknownError("this run is not about a pull request, so nobody can have reviewed it as one")


def _event(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = json.loads(stream.read(_EVENT_LIMIT))
    except (OSError, ValueError, RecursionError) as error:
        raise _UnknownError("the event of this job (GITHUB_EVENT_PATH) can't be read") from error
    return data if isinstance(data, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """GitHub's interface. Every method raises `_UnknownError` where it does not answer as it should."""

    address: str
    token: str

    def ask(self, path: str) -> tuple[int, Any]:
        """The status and the JSON that it answers with; None where it is none."""
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "User-Agent": "quality-gates",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        try:
            answer = http.get(f"{self.address.rstrip('/')}{path}", headers, limit=_LIMIT)
        except (EvidenceError, UsageError) as error:
            raise _UnknownError(f"the code host could not be asked: {error.problems[0].error}") from error
        try:
            return answer.status, json.loads(answer.body)
        except (ValueError, RecursionError):
            return answer.status, None

    def get(self, path: str, what: str) -> Any:
        status, data = self.ask(path)
        if status != _OK or data is None:
            raise _UnknownError(
                f"the code host answered the question for {what} with HTTP {status}: the token needs the permission `pull-requests: read`"
            )
        return data

    def items(self, path: str, what: str) -> Iterator[Any]:
        """All items of a list, page by page."""
        for page in range(1, _MOST_PAGES + 1):
            found = self.get(f"{path}?per_page={_PAGE}&page={page}", what)
            if not isinstance(found, list):
                raise _UnknownError(f"the code host answered the question for {what} with no list")
            yield from found
            if len(found) < _PAGE:
                return
        raise _UnknownError(f"there are more than {_PAGE * _MOST_PAGES} {what}: the last of them can't be known")


def _reviews(host: _Host, change: _Change, judged: set[str], teams: Sequence[str]) -> Reviews:
    path = f"/repos/{change.repository}/pulls/{change.number}"
    try:
        pull = host.get(path, "the pull request")
        head, author, url = pull["head"]["sha"], (pull["user"] or {}).get("login", ""), pull["html_url"]
        found = [review for item in host.items(f"{path}/reviews", "reviews") if (review := _review(item)) is not None]
        said = Reviews(commit=change.commit, head=head, url=url, author=author, reviews=tuple(found))
        codec.decode(Reviews, codec.encode(said))  # every value has the type that it should
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _UnknownError("the code host answered in a form that is not known here") from error
    if not change.merged and head not in judged:
        raise _UnknownError(f"the head of the pull request is {head[:12]}, and this run judges {change.commit[:12]}")
    people = sorted({item.reviewer for item in found if item.person and item.verdict == "approved" and item.commit == head})
    return replace(said, teams=tuple(_team(host, team, people) for team in teams)) if people else said


def _review(item: Any) -> Review | None:
    """A review that says yes or no; None for a comment. Only accounts of people count: not apps, bots, or accounts that are gone."""
    verdict, user = _VERDICTS.get(item["state"]), item["user"] or {}
    if verdict is None:
        return None
    login = user.get("login", "ghost")
    person = user.get("type") == "User" and not login.endswith("[bot]")
    return Review(reviewer=login, verdict=verdict, commit=item["commit_id"] or "", person=person)


def _team(host: _Host, name: str, people: Sequence[str]) -> Team:
    """Which of the people are active members of a team. A team that the token can't see looks as though it did not exist."""
    organisation, _, slug = name.removeprefix("@").partition("/")
    path = f"/orgs/{quote(organisation, safe='')}/teams/{quote(slug, safe='')}"
    try:
        status, _ = host.ask(path)
        if status != _OK:
            return Team(name=name, unknown=f"the code host answers HTTP {status}; {_TEAM_HELP}")
        members = []
        for person in people:
            status, data = host.ask(f"{path}/memberships/{quote(person, safe='')}")
            if status not in {_OK, _NOT_FOUND}:
                return Team(name=name, unknown=f"the code host answers HTTP {status}; {_TEAM_HELP}")
            if status == _OK and isinstance(data, dict) and data.get("state") == "active":
                members.append(person)
    except _UnknownError as unknown:
        return Team(name=name, unknown=str(unknown))
    return Team(name=name, members=tuple(members))
