"""Every line of two tables: what weakens a gate, beside a change that is stopped without it, and changes that must not be stopped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from gates.model import Outcome
from tests.adapters.code_host import code_host, job
from tests.weakening.healthy import HEALTHY, Healthy
from tests.weakening.proposing import PullRequest, Ran
from tests.weakening.weakenings import WEAKENINGS, Weakening

_CODES = {"passed": 0, "failed": 1, "errored": 3}
Judge = Callable[[Weakening], int]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """The exit code of the change without what weakens its gate. Several weakenings share one."""
    known: dict[str, int] = {}

    def code(weakening: Weakening) -> int:
        key = json.dumps([dict(weakening.before), dict(weakening.bad), dict(weakening.meanwhile), list(weakening.options)])
        if weakening.begun or key not in known:
            request = PullRequest(tmp_path_factory.mktemp("stopped"), weakening.stopped)
            known[key] = request.judge(*_filled(request, weakening.options)).code
        return known[key]

    return code


def judged(request: PullRequest, words: Sequence[str], variables: Mapping[str, str], approved_by: Sequence[str]) -> Ran:
    options = _filled(request, words)
    if not approved_by:
        return request.judge(*options, variables=variables)
    with code_host() as host:
        host.head = request.head
        for login in approved_by:
            host.review(login)
        return request.judge(*options, variables=job(host, request.folder, request.event()), online=True)


def _filled(request: PullRequest, words: Sequence[str]) -> list[str]:
    return [word.replace("{root}", str(request.repository.root)) for word in words]


@pytest.mark.parametrize("weakening", WEAKENINGS, ids=lambda item: f"{item.part}: {item.what}"[:90])
def test_a_change_does_not_weaken_its_own_gate(weakening: Weakening, stopped: Judge, tmp_path: Path) -> None:
    assert stopped(weakening) in {1, 3}, "the change would not be stopped without it"
    request = PullRequest(tmp_path, weakening.weakened)
    ran = judged(request, [*weakening.options, *weakening.named], weakening.variables, weakening.approved_by)
    seen = ran.seen()
    assert seen.outcome == weakening.here.outcome, f"here: {seen.outcome}, not {weakening.here.outcome}\n{seen.text}"
    assert weakening.here.words in seen.text, f"{weakening.here.words!r} is not said in:\n{seen.text}"
    if ran.bundle.exists():
        assert request.verify(ran) == (9 if ran.report["partial"] else _CODES[seen.outcome.value]), request.said


@pytest.mark.parametrize("healthy", HEALTHY, ids=lambda item: item.what)
def test_a_healthy_change_is_not_stopped(healthy: Healthy, tmp_path: Path) -> None:
    request = PullRequest(tmp_path, healthy.proposal)
    ran = judged(request, healthy.options, {}, healthy.approved_by)
    seen = ran.seen()
    assert seen.outcome is Outcome.PASSED, f"{seen.outcome}\n{seen.text}"
    assert healthy.words in seen.text, f"{healthy.words!r} is not said in:\n{seen.text}"
    assert request.verify(ran) == 0, request.said


def test_what_gets_through_says_why_and_nothing_else_does() -> None:
    assert [item.what for item in WEAKENINGS if bool(item.why) != (item.here.outcome is Outcome.PASSED)] == []
    assert [name for name, count in Counter((item.part, item.what) for item in WEAKENINGS).items() if count > 1] == []
