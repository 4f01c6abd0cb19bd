"""A bundle is judged again by the parser and the judge that judged it, whatever came after them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gates import registry
from gates.api import Gate, Raw
from gates.cli.main import main
from gates.errors import VerifyCode
from gates.evidence import follows
from gates.evidence.verify import Expectation, Question, Verification, verify
from gates.facts import read_facts
from gates.judge.versions import JUDGES
from gates.model import Decision, Facts, Verdict
from tests.repository import Repository

ANY = Expectation(allow_unsigned=True)


@pytest.fixture
def made(repository: Repository, tmp_path: Path) -> Path:
    repository.commit({"gates.yaml": "version: 1\nextends: [baseline]\ngates: {secrets: {}}\n", "app.py": "print('hello')\n"})
    assert main(["-C", str(repository.root), "run", "--bundle", str(tmp_path / "bundle.zip")]) == 0
    return tmp_path / "bundle.zip"


def later(raw: Raw) -> Facts:
    """A parser that came later, and finds less."""
    return replace(registry.find("secrets").parse(raw), reason="by the next parser")


GATE = registry.find("secrets")
NOW, NEXT = GATE.parser, GATE.parser + 1


def next_one(*, keeps_the_present: bool) -> Callable[[str], Gate]:
    newer = replace(GATE, parser=NEXT, parse=later, earlier={NOW: GATE.parse} if keeps_the_present else {})
    return lambda _name: newer


def answer(found: Verification, question: Question) -> tuple[bool | None, str]:
    (one,) = [answer for answer in found.answers if answer.question is question]
    return one.holds, one.words


def test_a_gate_that_keeps_its_earlier_parser_still_reads_old_bundles(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find", next_one(keeps_the_present=True))
    assert verify(made, ANY).code is VerifyCode.PASSED


def test_one_that_does_not_can_not(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find", next_one(keeps_the_present=False))
    found = verify(made, ANY)
    assert (found.code, answer(found, Question.FOLLOWS)[0]) == (VerifyCode.INCOMPLETE, None)
    assert answer(found, Question.COMPLETE) == (False, f"secrets was read by parser {NOW} of secrets: this version can't judge it again")


def test_facts_say_by_which_parser_they_were_read() -> None:
    gate = next_one(keeps_the_present=True)("secrets")
    assert [read_facts(gate, "secrets", {}, version).parser for version in (None, NOW, NEXT)] == [NEXT, NOW, NEXT]
    with pytest.raises(KeyError):
        read_facts(gate, "secrets", {}, NEXT + 1)


def test_the_judge_is_the_one_that_judged(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stricter(*seen: Any, **more: Any) -> Decision:
        return replace(JUDGES[1](*seen, **more), verdict=Verdict.FAILED)

    monkeypatch.setattr(follows, "JUDGES", {1: JUDGES[1], 2: stricter})
    assert verify(made, ANY).code is VerifyCode.PASSED
    monkeypatch.setattr(follows, "JUDGES", {2: stricter})
    found = verify(made, ANY)
    assert (found.code, answer(found, Question.COMPLETE)) == (
        VerifyCode.INCOMPLETE,
        (False, "it was judged by judge 1: this version can't judge it again"),
    )
