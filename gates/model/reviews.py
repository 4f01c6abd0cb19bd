"""What people said of a change on the code host: fetched by whoever judges, and put into the evidence."""

from __future__ import annotations

from typing import Literal

from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One person's yes or no to one commit (full id).

    `reviewer` is a login without `@`; `person` is false for bots and for accounts that are gone.
    """

    reviewer: str
    verdict: Literal["approved", "changes-requested", "dismissed"]
    commit: str
    person: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Which reviewers a team has as active members, by login. `unknown` says why that can't be told; empty where it can."""

    name: str
    members: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """The reviews of one change, in the order in which they were given.

    `commit` is what is judged (full id): the change's `head`, or what the code host merged it into to try it. `author` is the
    login of whoever opened the change at `url`. `unknown` says in words why nothing is known of a change; then all else is empty.
    """

    commit: str | None = None
    head: str = ""
    url: str = ""
    author: str = ""
    reviews: tuple[Review, ...] = ()
    teams: tuple[Team, ...] = ()
    unknown: str = ""
