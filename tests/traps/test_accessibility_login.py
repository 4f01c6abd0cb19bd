"""Traps of pages behind a login: what looks signed in and isn't. And what is seen where somebody is, in the same two browsers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.adapters import host
from gates.api import Facts, Kind
from gates.facts import read_facts
from gates.observe import Observation, redacted
from gates.redact import Redactor
from gates.runners.accessibility import GATE, visits
from gates.testing import observe_raw
from tests.guarantees import Seen, errored, judged, trap
from tests.runners.behind_login import COOKIE, LOGIN, NOT_SEEN, SEEN, SITE, TOKEN, a_project, printing
from tests.runners.pages import left_behind, look, not_examined, rules, web
from tests.traps.accessibility_sites import CLEAN, ByHand, running_by_hand


@pytest.fixture(scope="module")
def by_hand() -> Iterator[ByHand]:
    """All that is asked of axe-core by hand, by somebody who is not signed in."""
    with running_by_hand(SITE) as run:
        yield run


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observation:
    """All pages, shared by two browsers that are given the same session."""
    folder = tmp_path_factory.mktemp("login")
    (folder / "work").mkdir()
    with pytest.MonkeyPatch.context() as patch, web(SITE) as address:
        patch.setattr(visits, "_VISITS", 1)
        patch.setattr(host, "cores", lambda: 2)
        options = {"pages": [*SEEN, *NOT_SEEN], "url": address, "login": LOGIN, "page_timeout": 3}
        seen = observe_raw(GATE, root=a_project(folder), work=folder / "work", options=options)
    assert left_behind(folder) == []
    return seen


@pytest.fixture(scope="module")
def facts(observed: Observation) -> Facts:
    return read_facts(GATE, GATE.id, redacted(observed, Redactor(observed.secrets)))


# -- what looks signed in


@trap(
    "X12",
    "a page shows a login at its own address, and the session is none that it takes",
    alone=CLEAN,
    here=errored("/settings was not examined: nothing that fits `login.proof` (#sign-out) appeared in 3 s: nobody is signed in there"),
)
def test_x12_a_form_at_the_address_that_was_asked_for(facts: Facts, by_hand: ByHand) -> Seen:
    return judged(facts, alone=by_hand("/settings"))


@trap(
    "X12",
    "what is to prove that somebody is signed in is visible to everybody",
    alone=CLEAN,
    here=errored("/help was not examined: what `login.proof` (#sign-out) names is visible without the login too"),
)
def test_x12_a_proof_that_everybody_sees(facts: Facts, by_hand: ByHand) -> Seen:
    return judged(facts, alone=by_hand("/help"))


@trap(
    "X12",
    "a page leads to a login, although somebody signed in",
    alone=CLEAN,
    here=errored("/leads was not examined: it leads to /login"),
)
def test_x12_a_redirect_to_a_login_all_the_same(facts: Facts, by_hand: ByHand) -> Seen:
    return judged(facts, alone=by_hand("/leads"))


@trap("X12", "a program signs nobody in and ends with 0", alone=CLEAN, here=errored("nobody is signed in"))
def test_x12_an_empty_session(tmp_path: Path, by_hand: ByHand) -> Seen:
    root = a_project(tmp_path, printing({"cookies": [], "origins": []}))
    with web(SITE) as address:
        return judged(look(root, tmp_path / "work", ["/panel"], url=address, login=LOGIN), alone=by_hand("/panel"))


# -- who is signed in


def test_pages_are_seen_as_by_somebody_who_is_signed_in_by_a_cookie_or_by_local_storage(facts: Facts) -> None:
    assert not_examined(facts).keys() == NOT_SEEN.keys()
    seen = {route: [rule for rule, _ in rules(facts, route, Kind.NEEDS_REVIEW)] for route in SEEN}
    assert set(map(tuple, seen.values())) == {("accessibility/color-contrast",)}


def test_each_page_was_opened_without_the_login_too(observed: Observation) -> None:
    results = json.loads(observed.members["axe.json"])
    assert len(results["canaries"]) == 2
    assert results["login"] == {"proof": "#sign-out"}
    assert {visit["item"]: visit["without_login"] for visit in results["visits"] if visit["examined"]} == {
        "/account": "it leads to /login",
        "/denied": "it answered 401",
        "/drawn": "the page is there, without the proof",
        "/named": "the page is there, without the proof",
        "/panel": "the page is there, without the proof",
    }


def test_a_page_that_nobody_opened_without_the_login_was_not_examined(observed: Observation) -> None:
    results = json.loads(observed.members["axe.json"])
    for visit in results["visits"]:
        visit.pop("without_login", None) if visit["item"] == "/panel" else None
    facts = read_facts(GATE, GATE.id, {**observed.members, "axe.json": json.dumps(results).encode()})
    assert not_examined(facts)["/panel"].startswith("it was not opened without the login")


def test_nothing_of_the_session_stands_in_the_evidence(observed: Observation, facts: Facts) -> None:
    """One page writes it into the name of an element, which stands in the place of a finding."""
    assert {COOKIE, TOKEN} <= observed.secrets.keys()
    assert COOKIE.encode() in observed.members["axe.json"], "masking is needed"
    for name, content in redacted(observed, Redactor(observed.secrets)).items():
        for value in (COOKIE, TOKEN):
            assert value.encode() not in content, name
    assert rules(facts, "/named", Kind.NEEDS_REVIEW) == [("accessibility/color-contrast", "#[redacted]")]
    (login,) = [tool for tool in facts.tools if tool.tool == "login"]
    assert login.argv == ("{python}", "login.py")
