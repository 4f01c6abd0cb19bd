"""The summary: trimmed to its limit, and nothing from outside is markup, a link or a mention."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.report import comment, markdown
from tests.report.record_factory import BUNDLE, full, hostile, large, nothing, passed, with_texts

TEXTS = st.lists(st.text(st.characters(exclude_categories=())).filter(str.strip), min_size=1, max_size=3).map(tuple)


def test_the_verdict_and_its_reason_come_first() -> None:
    lines = markdown.render(full(), bundle=BUNDLE).splitlines()
    assert lines[0] == "## ❌ Quality gates: failed"
    assert lines[2].startswith("**Why:** tests failed&#58; failures is 2")


def test_what_passed_in_part_says_so() -> None:
    record = passed()
    partial = replace(record, decision=replace(record.decision, partial=("left out by the selection: tests",)))
    assert markdown.render(partial, bundle=BUNDLE).startswith("## 🟡 Quality gates: passed, in part\n")


def test_every_gate_stands_in_the_table() -> None:
    page = markdown.render(full(), bundle=BUNDLE)
    assert re.findall(r"^\| (\w+) \| [✅❌🟡⚠⏭]", page, re.MULTILINE) == [gate.gate for gate in full().decision.gates]


def test_findings_are_folded_with_place_and_remedy() -> None:
    page = markdown.render(full(), bundle=BUNDLE)
    assert "<details><summary>dependencies: 1 finding</summary>" in page
    assert "<code>src/shop/export.py&#58;112&#58;9</code>" in page
    assert "<b>Remedy:</b> Upgrade to urllib3 2.6.0" in page
    assert '<a href="https://osv.dev/vulnerability/PYSEC-2026-114">' in page


def test_excused_findings_and_shadow_gates_stay_out() -> None:
    page = markdown.render(full(), bundle=BUNDLE)
    assert "CVE-2024-0001" not in page
    assert "no-eval" not in page


def test_the_evidence_is_named() -> None:
    assert "sha256 <code>5e5e" in markdown.render(full(), bundle=BUNDLE)
    assert "Evidence" not in markdown.render(full(), bundle=None)


def test_good_news_is_short() -> None:
    page = markdown.render(passed(), bundle=None)
    assert page.startswith("## ✅ Quality gates: passed")
    assert "<details>" not in page
    assert "What needs you" not in page


def test_no_gate_is_said() -> None:
    assert "nothing was examined" in markdown.render(nothing(), bundle=None)


@pytest.mark.parametrize("limit", [1500, 20_000, 65_000, markdown.SUMMARY_LIMIT])
def test_it_keeps_within_its_limit_and_says_what_is_left_out(limit: int) -> None:
    page = markdown.render(large(10_000), bundle=BUNDLE, limit=limit)
    assert len(page.encode()) <= limit
    assert "quality gates: failed" in page.lower()
    assert "sha256 <code>5e5e" in page
    left = re.search(r"([\d,]+) more findings left out here: see the page", page)
    assert left
    assert page.count("Check what it returns") + int(left[1].replace(",", "")) == 10_000
    assert page.count("<details>") == page.count("</details>")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("@everyone", "&#64;&#8203;everyone"),
        ("#12", "&#35;&#8203;12"),
        ("GH-12", "GH-&#8203;12"),
        ("https://a.example", "https&#58;&#8203;//a.example"),
        ("www.a.example", "www.&#8203;a.example"),
        ("a_b*c`d|e<f>", "a&#95;b&#42;c&#96;d&#124;e&#60;f&#62;"),
        ("a\nb", "a&#92;nb"),
        ("&lt;", "&#38;lt;"),
        ("[x](y) ![z] $m$ ~~s~~", "&#91;x&#93;&#40;y&#41; &#33;&#91;z&#93; &#36;m&#36; &#126;&#126;s&#126;&#126;"),
    ],
)
def test_markup_is_text(text: str, escaped: str) -> None:
    assert markdown.escape(text) == escaped


def test_hostile_text_makes_no_tags_links_or_rows() -> None:
    page = markdown.render(hostile(), bundle=BUNDLE)
    assert not re.search(r"<script|<img|\]\(|@everyone|evil\.example/? and www\.evil|https://evil", page)


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_only_our_own_tags_stand_in_it(texts: tuple[str, ...]) -> None:
    page = markdown.render(with_texts(texts), bundle=BUNDLE)
    page.encode()
    tags = re.sub(r"</?(?:code|details|summary|br|b)>|&#\d+;|<a href=\"https?://[^\"<>\s]+\">|</a>", "", page)
    assert not set(tags) & set("<>&@`[]{}\\~$")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} <= {4, 7}


def test_a_comment_fits_what_code_hosts_take_and_says_what_was_cut() -> None:
    text = comment.render(large(10_000), bundle=None)
    assert len(text.encode()) <= comment.LIMIT < 65_536
    assert "did not fit here" in text
