"""JUnit XML: well-formed whatever it holds, and its numbers are those of its cases."""

from __future__ import annotations

from typing import Any

import defusedxml.ElementTree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.model import Record
from gates.report import junit
from tests.report.record_factory import full, hostile, nothing, passed, with_texts

TEXTS = st.lists(st.text(st.characters(exclude_categories=())).filter(str.strip), min_size=1, max_size=3).map(tuple)
RESULTS = {"errors": "error", "failures": "failure", "skipped": "skipped"}


def suites(record: Record) -> dict[str, Any]:
    root = defusedxml.ElementTree.fromstring(junit.render(record).encode())
    assert root.tag == "testsuites"
    for suite in root:
        check_suite(suite)
    return {suite.attrib["name"]: suite for suite in root}


def check_suite(suite: Any) -> None:
    assert set(suite.keys()) == {"name", "tests", "errors", "failures", "skipped", "time"}
    assert int(suite.get("tests")) == len(suite)
    for attribute, result in RESULTS.items():
        assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{result}"))
    for case in suite:
        assert set(case.keys()) == {"classname", "name"}
        assert len(case) <= 1
        assert all(child.tag in RESULTS.values() and set(child.keys()) <= {"message", "type"} for child in case)


def results(suite: Any) -> dict[str, str]:
    return {case.get("name"): case[0].tag if len(case) else "passed" for case in suite}


@pytest.mark.parametrize("record", [full(), passed(), nothing(), hostile()])
def test_a_suite_a_gate(record: Record) -> None:
    assert list(suites(record)) == [gate.gate for gate in record.decision.gates]


def test_findings_fail_where_their_gate_failed() -> None:
    found = suites(full())
    assert results(found["tests"])["tests/failure at tests/test_cart.py:41"] == "failure"
    assert results(found["tests"])["tests/flake at tests/test_stock.py:88"] == "skipped"
    assert set(results(found["security"]).values()) == {"skipped"}
    assert results(found["dependencies"])["dependencies/CVE-2024-0001 at pkg:pypi/jinja2@3.1.3"] == "skipped"


def test_limits_are_cases() -> None:
    tests = results(suites(full())["tests"])
    assert (tests["failures"], tests["line-coverage"], tests["flakes"]) == ("failure", "passed", "passed")


def test_a_gate_that_could_not_tell_is_an_error() -> None:
    (case,) = suites(full())["contracts"]
    assert (case[0].tag, case[0].get("message")) == ("error", "the service did not answer at /health")
    assert "Start it yourself" in (case[0].text or "")


def test_a_skipped_gate_says_why() -> None:
    (case,) = suites(full())["load"]
    assert (case[0].tag, case[0].get("message")) == ("skipped", "not of the stage change")


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_any_text_is_well_formed(texts: tuple[str, ...]) -> None:
    assert int(suites(with_texts(texts))["security"].get("failures")) >= 4 * len(set(texts))
