"""What a gate's second half reads: a member that is not there, or not JSON, is an error and never an empty answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gates import registry
from gates.api import GateError, Raw, Status
from gates.api.raw import MOST_PARTS, PARTS
from gates.facts import OBSERVED, read_facts


def raw(content: bytes) -> Raw:
    return Raw(gate="demo", uses="demo", parser=1, members={"answer.json": content})


def test_json_data_is_read() -> None:
    assert raw(b'{"a": [1, 2.5, null]}').json("answer.json") == {"a": [1, 2.5, None]}


def test_a_member_that_was_not_written_is_an_error() -> None:
    with pytest.raises(GateError, match=r"the tool did not write other\.json"):
        raw(b"{}").json("other.json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}{}", b"<html>", b"\xff", b"[" * 100_000], ids=["empty", "cut", "two", "a page", "not text", "deep"]
)
def test_what_is_not_json_is_an_error(content: bytes) -> None:
    with pytest.raises(GateError, match=r"answer\.json is not JSON that can be read") as raised:
        raw(content).json("answer.json")
    assert raised.value.remedy


@pytest.mark.parametrize("many", [None, True, "2", 2.0, 0, 1, MOST_PARTS + 1])
def test_a_number_of_parts_that_none_can_have_is_an_error(many: Any) -> None:
    shared = Raw(gate="demo", uses="demo", parser=1, members={PARTS: json.dumps({"parts": many}).encode()})
    with pytest.raises(GateError, match=r"parts\.json does not say of how many parts"):
        shared.parts()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_an_error(number: str) -> None:
    with pytest.raises(GateError, match=f"{number} is not a JSON number"):
        raw(f'{{"score": {number}}}'.encode()).json("answer.json")


def test_what_two_readers_could_read_differently_is_an_error() -> None:
    with pytest.raises(GateError, match="an object holds one key twice"):
        raw(b'{"results": [], "results": [1]}').json("answer.json")
    with pytest.raises(GateError, match="a number has more than 100 digits"):
        raw(b'{"line": ' + b"9" * 101 + b"}").json("answer.json")
    assert raw(b'{"line": ' + b"9" * 100 + b"}").json("answer.json") == {"line": int("9" * 100)}


@pytest.mark.parametrize("said", [{"status": "error", "reason": 7}, {"status": "error", "reason": "x", "remedy": ["y"]}])
def test_a_reason_that_is_no_text_is_a_reason_to_know_nothing(said: dict[str, Any]) -> None:
    facts = read_facts(registry.find("external"), "checks", {OBSERVED: json.dumps(said).encode()})
    assert (facts.status, "holds" in facts.reason) == (Status.ERROR, True)
