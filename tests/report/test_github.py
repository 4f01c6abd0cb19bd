"""Annotations: ten of a level, the most urgent first, and no text that is a command of its own."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from gates.report import github
from tests.report.record_factory import full, hostile, large, nothing, passed, with_texts

TEXTS = st.lists(st.text(st.characters(exclude_categories=())).filter(str.strip), min_size=1, max_size=3).map(tuple)
COMMAND = re.compile(r"::(error|warning|notice) ((?:\w+=[^,:]*)(?:,\w+=[^,:]*)*)::(.*)")


def levels(lines: list[str]) -> Counter[str]:
    matches = [COMMAND.fullmatch(line) for line in lines]
    return Counter(match[1] for match in matches if match)


def test_a_place_a_title_and_a_message() -> None:
    line = next(line for line in github.render(full()).splitlines() if "B602" in line)
    assert line == (
        "::warning file=src/shop/export.py,line=112,endLine=112,col=9,endColumn=58,title=security/B602 (high%2C new)::"
        "subprocess call with shell=True and a variable command%0AW-7 waived it until 2026-11-20, and is over"
        "%0APass a list of arguments and leave shell=True out"
    )


def test_a_gate_that_could_not_tell_comes_first() -> None:
    assert github.render(full()).startswith("::error title=contracts could not tell::the service did not answer at /health%0AStart it")


def test_new_findings_stand_before_old_ones_and_severe_before_mild() -> None:
    titles = re.findall(r"title=\S+ \((\w+)%2C (\w+)\)", github.render(full()))
    ranks = ["info", "low", "medium", "high", "critical"]
    keys = [(state != "new", -ranks.index(severity)) for severity, state in titles]
    assert keys == sorted(keys)


def test_what_stops_nothing_is_no_error() -> None:
    errors = [line for line in github.render(full()).splitlines() if line.startswith("::error")]
    assert not [line for line in errors if "accessibility/" in line or "security/" in line]


def test_excused_findings_and_shadow_gates_are_not_annotated() -> None:
    text = github.render(full())
    assert not [word for word in ("CVE-2024-0001", "B324", "no-eval") if word in text]


def test_ten_of_a_level_and_how_many_were_left_out() -> None:
    lines = github.render(large(100)).splitlines()
    assert levels(lines) == {"error": 10, "warning": 10, "notice": 10}
    assert lines[-1].startswith("70 findings not annotated")


def test_nothing_to_say_is_nothing() -> None:
    assert github.render(passed()) == github.render(nothing()) == ""


def test_hostile_text_stays_in_its_place() -> None:
    lines = github.render(hostile()).splitlines()
    assert sum(levels(lines).values()) == len(lines) - 1


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_one_command_a_line_whatever_it_holds(texts: tuple[str, ...]) -> None:
    text = github.render(with_texts(texts))
    text.encode()
    lines = text.split("\n")[:-1]
    assert sum(levels(lines).values()) in {len(lines), len(lines) - 1}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
