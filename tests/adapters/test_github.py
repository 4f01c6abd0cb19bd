"""Reviews of a pull request, asked of a server that answers as GitHub does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gates.adapters import github
from gates.model import Review, Reviews, Team
from tests.adapters.code_host import PULL, REVIEWS, TOKEN, CodeHost, code_host, job

COMMIT, HEAD, EARLIER = "c" * 40, "d" * 40, "e" * 40
EVENT = {"pull_request": {"number": 7}}
Ask = Callable[..., Reviews]


@pytest.fixture
def host() -> Iterator[CodeHost]:
    with code_host() as made:
        made.head = HEAD
        yield made


@pytest.fixture
def ask(host: CodeHost, tmp_path: Path) -> Ask:
    def answer(event: Any = EVENT, *, token: str = TOKEN, teams: tuple[str, ...] = (), **changes: Any) -> Reviews:
        environment = job(host, tmp_path, event, token=token) | changes.pop("environment", {})
        settings: dict[str, Any] = {"commit": COMMIT, "parents": ("b" * 40, HEAD)} | changes
        return github.reviews(environment, teams=teams, **settings)

    return answer


def test_the_reviews_of_the_pull_request_in_their_order(host: CodeHost, ask: Ask) -> None:
    host.review("anna", "COMMENTED")
    host.review("anna", "APPROVED", EARLIER)
    host.review("ben", "CHANGES_REQUESTED")
    host.review("anna", "PENDING")
    host.review("anna", "DISMISSED")
    assert ask() == Reviews(
        commit=COMMIT,
        head=HEAD,
        url="https://github.com/shop/web/pull/7",
        author="dev",
        reviews=(
            Review(reviewer="anna", verdict="approved", commit=EARLIER),
            Review(reviewer="ben", verdict="changes-requested", commit=HEAD),
            Review(reviewer="anna", verdict="dismissed", commit=HEAD),
        ),
    )


def test_bots_apps_and_accounts_that_are_gone_are_no_people(host: CodeHost, ask: Ask) -> None:
    host.review("renovate", kind="Bot")
    host.review("helper[bot]")
    host.review("imported", kind="Mannequin")
    host.review("gone")
    host.reviews[-1]["user"] = None
    assert [(item.reviewer, item.person) for item in ask().reviews] == [
        ("renovate", False),
        ("helper[bot]", False),
        ("imported", False),
        ("ghost", False),
    ]


def test_a_change_without_an_author_has_none(host: CodeHost, ask: Ask) -> None:
    host.author = None
    assert (ask().author, ask().unknown) == ("", "")


def test_all_pages_are_read(host: CodeHost, ask: Ask) -> None:
    for number in range(200):
        host.review(f"p{number}")
    host.review("anna")
    assert len(ask().reviews) == 201
    assert host.asked.count(REVIEWS) == 3


def test_more_than_can_be_read_are_not_read_in_part(host: CodeHost, ask: Ask) -> None:
    host.reviews = [{"user": {"login": "x", "type": "User"}, "state": "COMMENTED", "commit_id": HEAD}] * 2000
    found = ask()
    assert (found.reviews, found.unknown) == ((), "there are more than 2000 reviews: the last of them can't be known")


def test_the_head_itself_may_be_what_is_judged(ask: Ask) -> None:
    assert ask(commit=HEAD, parents=()).unknown == ""


def test_a_head_that_is_not_what_is_judged_is_another_change(ask: Ask) -> None:
    """Somebody pushed since, or the job checked out something else."""
    found = ask(parents=("b" * 40, EARLIER))
    assert (found.reviews, found.unknown) == ((), "the head of the pull request is dddddddddddd, and this run judges cccccccccccc")


QUEUE = "refs/heads/gh-readonly-queue/main/pr-7-" + "a" * 40


def test_a_merge_queue_asks_about_the_pull_request_in_its_branch(host: CodeHost, ask: Ask) -> None:
    host.review("anna")
    group = {"merge_group": {"head_ref": QUEUE, "head_sha": COMMIT}}
    assert [item.reviewer for item in ask(group, parents=()).reviews] == ["anna"]


def test_a_job_of_a_pull_request_is_about_no_queue_whatever_its_event_s_file_says(host: CodeHost, ask: Ask) -> None:
    group = {"merge_group": {"head_ref": QUEUE, "head_sha": COMMIT}}
    found = ask(group, environment={"GITHUB_EVENT_NAME": "pull_request"})
    assert (found.unknown.startswith("this run is not about a pull request"), host.asked) == (True, [])
    assert ask(group, environment={"GITHUB_EVENT_NAME": "merge_group"}).unknown == ""


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (
            {"merge_group": {"head_ref": QUEUE, "head_sha": EARLIER}},
            "the merge queue asks about eeeeeeeeeeee, and this run judges cccccccccccc",
        ),
        ({"merge_group": {"head_ref": "refs/heads/pr-7", "head_sha": COMMIT}}, "this run is not about a pull request"),
        ({"ref": "refs/heads/main"}, "this run is not about a pull request"),
        ({"pull_request": {"number": "7"}}, "this run is not about a pull request"),
        ([], "this run is not about a pull request"),
    ],
)
def test_what_is_about_no_pull_request_has_no_reviews(host: CodeHost, ask: Ask, event: Any, why: str) -> None:
    found = ask(event)
    assert (found.reviews, host.asked) == ((), [])
    assert why in found.unknown


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"token": ""}, "no token to read reviews with: give the job's as GITHUB_TOKEN"),
        ({"offline": True}, "with --offline no reviews are fetched"),
        ({"commit": None}, "there is no commit"),
        ({"environment": {"GITHUB_EVENT_PATH": ""}}, "this run is no job of GitHub"),
        ({"environment": {"GITHUB_REPOSITORY": "shop/web/../../x"}}, "this run is no job of GitHub"),
        ({"environment": {"GITHUB_EVENT_PATH": "/nowhere"}}, "the event of this job (GITHUB_EVENT_PATH) can't be read"),
        ({"environment": {"GITHUB_API_URL": "http://code.example.org"}}, "code.example.org would be asked without TLS"),
        ({"environment": {"GITHUB_API_URL": "file:///etc"}}, "is no address of a service"),
    ],
)
def test_nothing_is_asked_where_it_could_not_be_answered(host: CodeHost, ask: Ask, changes: dict[str, Any], why: str) -> None:
    found = ask(**changes)
    assert why in found.unknown
    assert (found.reviews, host.asked) == ((), [])


def test_a_token_that_is_wrong_is_said(ask: Ask) -> None:
    found = ask(token="another")
    assert found.unknown.startswith("the code host answered the question for the pull request with HTTP 401: the token needs")
    assert "another" not in found.unknown


def test_a_token_of_its_own_goes_before_the_job_s(host: CodeHost, ask: Ask) -> None:
    assert ask(token="another", environment={"GATES_GITHUB_TOKEN": TOKEN}).unknown == ""


@pytest.mark.parametrize(
    ("path", "answer", "why"),
    [
        (PULL, (404, b"{}"), "for the pull request with HTTP 404"),
        (PULL, (200, b"<html>"), "for the pull request with HTTP 200"),
        (PULL, (200, b"[]"), "in a form that is not known here"),
        (PULL, (200, b'{"head": {"sha": 7}, "user": null, "html_url": "x"}'), "in a form that is not known here"),
        (PULL, (200, b"[" * 100_000), "for the pull request with HTTP 200"),
        (REVIEWS, (403, b"{}"), "for reviews with HTTP 403"),
        (REVIEWS, (500, b""), "for reviews with HTTP 500"),
        (REVIEWS, (200, b"{}"), "for reviews with no list"),
        (REVIEWS, (200, b"[1]"), "in a form that is not known here"),
        (REVIEWS, (200, b'[{"state": "APPROVED", "user": [], "commit_id": 4}]'), "in a form that is not known here"),
        (REVIEWS, (200, b" " * (8 * 2**20 + 1)), "answered with more than 8388608 bytes"),
    ],
)
def test_an_answer_that_is_none_is_no_review(host: CodeHost, ask: Ask, path: str, answer: tuple[int, bytes], why: str) -> None:
    host.review("anna")
    host.answers[path] = answer
    found = ask()
    assert (found.reviews, found.head) == ((), "")
    assert why in found.unknown


def test_the_token_is_sent_to_no_other_place(host: CodeHost, ask: Ask) -> None:
    with code_host() as other:
        other.head = HEAD
        host.answers[PULL] = (307, f"{other.address}{PULL}".encode())
        assert "HTTP 307" in ask().unknown
        assert other.asked == []


def test_a_host_that_does_not_answer_is_said(host: CodeHost, ask: Ask) -> None:
    with code_host() as gone:
        address = gone.address
    assert "the code host could not be asked: 127.0.0.1 did not answer" in ask(environment={"GITHUB_API_URL": address}).unknown


# -- teams --------------------------------------------------------------------------------------


def test_active_members_of_a_team_are_found(host: CodeHost, ask: Ask) -> None:
    host.review("anna")
    host.review("ben")
    host.review("carl")
    host.teams["shop/security"] = {"anna": "active", "ben": "pending"}
    assert ask(teams=("@shop/security",)).teams == (Team(name="@shop/security", members=("anna",)),)


def test_only_those_who_approved_the_head_are_asked_about(host: CodeHost, ask: Ask) -> None:
    host.review("anna", "CHANGES_REQUESTED")
    host.review("ben", "APPROVED", EARLIER)
    host.review("robot", kind="Bot")
    assert ask(teams=("@shop/security",)).teams == ()
    assert host.asked == [PULL, REVIEWS]


def test_a_team_that_the_token_can_not_see_is_not_known(host: CodeHost, ask: Ask) -> None:
    """GitHub answers as though it did not exist: that says nothing about anybody."""
    host.review("anna")
    (team,) = ask(teams=("@shop/security",)).teams
    assert team.members == ()
    assert team.unknown.startswith("the code host answers HTTP 404; a job's own token can't see teams")


def test_a_membership_that_can_not_be_read_makes_the_team_unknown(host: CodeHost, ask: Ask) -> None:
    host.review("anna")
    host.review("ben")
    host.teams["shop/security"] = {"anna": "active"}
    host.answers["/orgs/shop/teams/security/memberships/ben"] = (403, b"{}")
    (team,) = ask(teams=("@shop/security",)).teams
    assert (team.members, team.unknown[:30]) == ((), "the code host answers HTTP 403")


def test_names_can_not_lead_to_another_question(host: CodeHost, ask: Ask) -> None:
    host.review("anna")
    ask(teams=("@shop/../../user?x=",))
    assert host.asked[-1] == "/orgs/shop/teams/..%2F..%2Fuser%3Fx%3D"
