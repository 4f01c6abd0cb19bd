"""The report at a terminal: the verdict first, then what needs a person, and nothing from outside is obeyed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.errors import Problem
from gates.model import Change, Record, Severity, Verdict
from gates.report import text
from gates.report.view import Claim
from tests.report.record_factory import BUNDLE, full, hostile, large, nothing, passed, with_texts

TEXTS = st.lists(st.text(st.characters(exclude_categories=())).filter(str.strip), min_size=1, max_size=3).map(tuple)
COLOR = re.compile("\x1b\\[[0-9;]+m")


def plain(record: Record, width: int = 100) -> str:
    return text.render(record, bundle=BUNDLE, color=False, width=width)


def test_the_verdict_and_its_reason_come_first() -> None:
    assert plain(full()).splitlines()[0] == "FAILED  tests failed: failures is 2, at most 0 allowed (and 2 more reasons)"
    assert plain(passed()).splitlines()[0] == "PASSED  1 gate is enforced, and every limit is met"


def test_without_a_base_it_says_why_all_is_new() -> None:
    record, words = full(), "there is no base to compare with: every finding counts as new"
    assert words not in plain(record)
    assert words in plain(replace(record, context=replace(record.context, base=None)))
    assert words not in plain(passed())


def test_where_nothing_is_enforced_it_says_so() -> None:
    assert "no gate is enforced" in plain(nothing()).splitlines()[0]


def test_what_a_stricter_policy_would_say_and_what_was_left_out() -> None:
    record = passed()
    decision = replace(record.decision, would_be=Verdict.FAILED, partial=("the gate tests was left out by the selection",))
    lines = plain(replace(record, decision=decision)).splitlines()
    assert lines[0].startswith("PASSED, IN PART  ")
    assert lines[2:4] == ["  with every gate enforced it would be: failed", "  partial: the gate tests was left out by the selection"]


def test_what_failed_did_so_whole_or_in_part() -> None:
    record = full()
    assert plain(replace(record, decision=replace(record.decision, partial=("interrupted",)))).startswith("FAILED  ")


def test_what_nobody_has_verified_is_no_green_word() -> None:
    claim = Claim(bundle="b.zip", headline="Does not follow", doubt="the decision does not follow")
    lines = text.render(passed(), bundle=BUNDLE, color=True, width=200, claim=claim).splitlines()
    assert lines[0] == "\x1b[1;31mDOES NOT FOLLOW\x1b[0m"
    assert lines[4] == "claimed: passed  1 gate is enforced, and every limit is met"


def test_errored_gates_stand_before_failed_ones_with_their_remedy() -> None:
    page = plain(full())
    assert page.index("contracts errored") < page.index("tests failed  (owner") < page.index("security warned")
    assert "  help: Start it yourself" in page


def test_each_finding_has_place_message_rule_and_remedy() -> None:
    page = plain(full())
    for part in ("src/shop/export.py:112:9", "high new  security/B602", "subprocess call with", "help: Pass a list of arguments"):
        assert part in page


def test_excused_findings_and_shadow_gates_disturb_nobody() -> None:
    page = plain(full())
    assert "CVE-2024-0001" not in page
    assert "B324" not in page
    assert "no-eval" not in page
    assert "warned (shadow)" in page


def test_findings_are_capped() -> None:
    page = plain(large(25))
    assert page.count("Check what it returns") == text.MOST_FINDINGS
    assert "and 15 more: see the page" in page


def test_what_is_the_same_in_many_places_is_said_once_with_the_places() -> None:
    record = large(25)
    (facts,) = record.facts
    same = tuple(replace(item, rule="security/B1", severity=Severity.HIGH, message="No settings") for item in facts.findings[:20])
    page = plain(replace(record, facts=(replace(facts, findings=(*same, *facts.findings[20:])),)))
    assert page.count("No settings") == 1
    assert "  src/package_0/module_0.py:1\n" in page
    more = page.partition("    the same 19 more times: ")[2].partition("\n    and at")[0]
    assert len(set(re.findall(r"src/package_(\d+)/module_\d+\.py:\d+", more)) - {"0"}) == 10
    assert "    and at 9 more places: see the page" in page
    assert all(f"Call number {number} is not checked" in page for number in range(20, 25))


def test_the_base_is_named_with_how_it_was_found() -> None:
    base = "30e37ff0909d" + "0" * 28
    record = passed()
    known = replace(record, context=replace(record.context, base=base), change=Change(base=base, found_by="where the branch began on main"))
    assert "  compared with: 30e37ff0909d, where the branch began on main\n" in plain(known)
    assert "compared with" not in plain(record)


def test_waivers_to_look_at_are_shown() -> None:
    page = plain(full())
    assert "W-7 expired" in page
    assert "W-12 expires-soon" in page
    assert "W-15" not in page


def test_the_table_names_every_gate_once() -> None:
    table = plain(full()).partition("gate           outcome")[2]
    names = re.findall(r"^(\w+) ", table, re.MULTILINE)
    assert [name for name in names if name not in {"evidence", "page"}] == [gate.gate for gate in full().decision.gates]


def test_the_bundle_is_named_and_so_is_its_absence() -> None:
    assert f"evidence: {BUNDLE.path}  (not signed)" in plain(full())
    assert "no bundle was written" in text.render(full(), bundle=None, color=False, width=80)


def test_colour_is_an_addition() -> None:
    colored = text.render(full(), bundle=BUNDLE, color=True, width=100)
    assert COLOR.search(colored)
    assert COLOR.sub("", colored) == plain(full())


@pytest.mark.parametrize("width", [40, 80])
def test_messages_keep_within_the_width(width: int) -> None:
    lines = plain(full(), width=width).splitlines()
    assert all(len(line) <= width for line in lines if line.startswith(("  help: Start", "    subprocess")))


def test_hostile_text_is_written_out() -> None:
    page = plain(hostile())
    assert "\\x1b[31mred" in page
    assert "abc\\u202egnp.exe" in page


@settings(max_examples=30, deadline=None)
@given(TEXTS, st.booleans())
def test_nothing_from_outside_is_obeyed(texts: tuple[str, ...], color: bool) -> None:
    page = COLOR.sub("", text.render(with_texts(texts), bundle=BUNDLE, color=color, width=60))
    page.encode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)
    assert not re.search(r"^\s*::|##\[", page, re.MULTILINE)


def test_problems_have_their_four_lines() -> None:
    problems = (Problem(error="a\x1bb", where="gates.yaml:3:1", help="do this\nthen that", see="docs/x.md"), Problem(error="::error::c"))
    assert text.render_problems(problems, color=False).splitlines() == [
        "error: a\\x1bb",
        "where: gates.yaml:3:1",
        "help: do this",
        "       then that",
        "see: docs/x.md",
        "",
        "error: ::error::c",
    ]


def test_no_problems_are_no_text() -> None:
    assert text.render_problems((), color=True) == ""
