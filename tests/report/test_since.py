"""The words of a comparison: what must not be overlooked is said, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gates.judge.compare import compare
from gates.model import Amount, Comparison, GateComparison, Outcome, Record, Stage
from gates.report import diff
from gates.report.since import alarms, is_slower
from tests.report.record_factory import compared, large, passed

FILES = Amount(unit="files", expected=10, done=10, skipped=0)


def gate(**changes: Any) -> GateComparison:
    values: dict[str, Any] = {"gate": "secrets", "outcome_then": Outcome.PASSED, "outcome_now": Outcome.PASSED, "comparable": True}
    return GateComparison(**(values | {"examined_then": FILES, "examined_now": FILES} | changes))


def told(*gates: GateComparison, **changes: Any) -> list[str]:
    record = passed()
    return alarms(replace(compare(record, record, previous=""), gates=gates, **changes), record)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"examined_now": replace(FILES, done=11, expected=11)}, []),
        ({"examined_now": replace(FILES, done=9, expected=9)}, ["secrets examined fewer files: 9; before it was 10."]),
        ({"examined_now": replace(FILES, expected=11, skipped=1)}, ["secrets skipped more files: 1; before it was 0."]),
        ({"examined_now": None}, ["secrets examined nothing; before it was 10 files."]),
        ({"examined_now": replace(FILES, unit="lines", done=1)}, []),
        ({"outcome_now": None, "examined_now": None}, ["The gate secrets is gone."]),
        ({"outcome_then": None, "examined_then": None}, []),
        ({"excused": ("a", "b")}, ["secrets: 2 findings that counted before are waived or suppressed now."]),
    ],
)
def test_less_work_is_said_and_more_is_not(change: dict[str, Any], words: list[str]) -> None:
    assert told(gate(**change)) == words


def test_two_runs_that_can_hardly_be_compared_say_why() -> None:
    then = replace(passed().context, repository=None, stage=Stage.RELEASE, ref="refs/tags/v1")
    found = told(context=then, partial_then=("left out",), started_then="2027-01-01T00:00:00Z")
    assert found == [
        "The previous bundle is the later of the two: name the earlier one first.",
        "The previous bundle is of another repository: none.",
        "The previous bundle was judged at another stage: release.",
        "The previous bundle is of another branch or tag: refs/tags/v1.",
        "The previous bundle was partial: left out.",
    ]


@pytest.mark.parametrize(
    ("then", "now", "slower"), [(1000, 1999, False), (1000, 2000, True), (10_000, 12_000, False), (None, 9000, False), (9000, None, False)]
)
def test_slower_is_a_second_and_a_quarter_more(then: int | None, now: int | None, slower: bool) -> None:
    assert is_slower(gate(duration_then_ms=then, duration_now_ms=now)) is slower


def comparison(record: Record) -> Comparison:
    assert record.comparison is not None
    return record.comparison


def test_the_terminal_says_it_all_and_says_nothing_twice() -> None:
    record = compared()
    text = diff.render(record, comparison(record), digest="ab" * 32, color=False, width=120)
    lines = text.splitlines()
    assert lines[0] == "FAILED  was passed"
    for part in (
        "mind: secrets examined fewer files",
        "tests: new (1)",
        "security: mended (1)",
        "tighter  gates.tests.require.line-coverage.min",
    ):
        assert text.count(part) == 1, part
    for part in (
        "added  W-15 of secrets",
        "tests  line-coverage: 87 percent, was 88.5",
        "tests  pytest: 8.4.2, was 8.4.1",
        "took 41.9 s, was 41.9 s",
    ):
        assert text.count(part) == 1, part
    assert "\x1b[" in diff.render(record, comparison(record), digest="", color=True, width=120)


def test_the_terminal_is_cut_and_the_json_is_not() -> None:
    before, after = large(0), large(70)
    found = compare(before, after, previous="5e" * 32)
    text = diff.render(after, found, digest="", color=False, width=120)
    assert text.count("is not checked") == diff.MOST_FINDINGS
    assert "and 50 more: see --format json" in text
    document = json.loads(diff.render_json(after, found, digest="ab"))
    assert len(document["gates"][0]["new"]) == 70
    assert document["gates"][0]["new"][0]["location"] == {"path": "src/package_0/module_0.py", "line": 1}
