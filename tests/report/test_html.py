"""The page as text: what it holds, what it escapes, and that it is the same twice. `test_page.py` looks at it in a browser."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.judge.compare import compare
from gates.model import Examined, Kind, Limit, LimitCheck, Record, Skip
from gates.report import html
from gates.report.safe import shown, unicode_text
from gates.report.view import Claim
from tests.report.record_factory import BUNDLE, HOSTILE, compared, full, hostile, large, nothing, passed, with_texts
from tests.report.sample_gates import security

TEXTS = st.lists(st.text(st.characters(exclude_categories=())).filter(str.strip), min_size=1, max_size=2).map(tuple)
#: Elements and attributes that the templates write; anything else would have come from a record.
TAGS = frozenset(
    {
        *("html", "head", "meta", "title", "link", "style", "script", "body", "header", "nav", "main", "section", "footer", "div", "p"),
        *("a", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd", "code", "span", "strong", "br", "details", "summary", "svg", "rect"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "fieldset", "legend", "label", "input", "select", "option", "button"),
    }
)
EVENTS = re.compile(r"on\w+|style|src|srcdoc|formaction")


class Reader(HTMLParser):
    """Collects tags, attributes, links and the text that people read."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.headings: list[int] = []
        self.assets: dict[str, str] = {}
        self.data = ""
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside = "data" if ("type", "application/json") in attrs else tag
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in {"style", "script"}:
            self.assets[self._inside] = data
        elif self._inside == "data":
            self.data += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def page(record: Record) -> str:
    return html.render(record, bundle=BUNDLE)


@pytest.mark.parametrize("record", [full(), passed(), nothing(), hostile()])
def test_the_same_record_gives_the_same_page(record: Record) -> None:
    assert page(record) == page(record)


@pytest.mark.parametrize("record", [full(), passed(), nothing(), hostile()])
def test_headings_are_in_order(record: Record) -> None:
    levels = Reader(page(record)).headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_content_policy_names_the_hashes_of_what_is_inline() -> None:
    text = page(full())
    reader = Reader(text)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    for asset in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(reader.assets[asset].encode()).digest()).decode()
        assert f"{asset}-src &#39;sha256-{digest}&#39;" in policy[1].replace("&#x3D;", "=")
    assert (reader.tags.count("style"), reader.tags.count("script")) == (1, 2)
    assert text.count("<script>") == text.count('<script type="application/json"') == 1
    assert not {name for name in reader.attributes if EVENTS.fullmatch(name)}


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = page(full())
    assert not re.search(r"(?:src|srcset|poster|action)=|@import|url\(", text)
    assert set(re.findall(r"<link [^>]+>", text)) == {'<link rel="icon" href="data:,">'}


def test_the_first_screen_answers_what_and_why_and_what_next() -> None:
    text = page(full()).partition("<body>")[2]
    order = ["<h1", ">Failed</h1>", "failures is 2", "9f2c4e7a1b3d", "What to do next", "Upgrade to urllib3 2.6.0", 'id="gates"']
    positions = [text.index(part) for part in order]
    assert positions == sorted(positions)


def test_each_finding_has_its_place_remedy_fingerprint_and_raw_output() -> None:
    text = Reader(page(full())).text
    for facts in full().facts:
        for finding in facts.findings:
            assert finding.fingerprint in text
            assert str(finding.location) in text
            assert finding.remedy in text
        assert not facts.findings or f"raw/{facts.gate}/" in text


def test_waivers_limits_sources_skips_tools_and_decisions_stand_in_it() -> None:
    text = Reader(page(full())).text
    for part in (
        *("W-12", "@shop/security", "accepted-risk", "2026-12-01", "line-coverage is 87, at least 85 required", "broken", "34" * 32),
        *("public/fonts/bold.woff2", "needs a mail server", "bandit", "1.9.4", "Ship without dark mode", "docs/runbooks/release.md"),
        *("contracts examined nothing: the service did not answer at /health", "load examined nothing: not of the stage change"),
    ):
        assert part in text


def test_times_have_words_beside_their_bars() -> None:
    text = page(full())
    assert text.count('<svg class="bar" aria-hidden="true"') == len(full().run.gates)
    assert '5.3 s<span class="unseen">, started after 12 ms</span>' in text


def test_a_run_without_time_has_no_bars() -> None:
    record = full()
    gates = tuple(replace(gate, started_ms=0, duration_ms=0) for gate in record.run.gates)
    assert "<svg" not in page(replace(record, run=replace(record.run, duration_ms=0, gates=gates)))


@pytest.mark.parametrize("kind", list(Kind))
def test_what_a_marker_suppresses_is_listed_with_its_place_whatever_it_is(kind: Kind) -> None:
    """A rule that a policy leaves out suppresses what a person would have to review, too: that is no finding."""
    record = full()
    facts = record.facts_of("security")
    assert facts is not None
    marked = [replace(item, kind=kind) if item.suppressed_by else item for item in facts.findings]
    others = [item for item in record.facts if item.gate != "security"]
    found = page(replace(record, facts=(replace(facts, findings=tuple(marked)), *others)))
    section = found[found.index('<h2 id="suppressions">') :]
    assert "<code>src/shop/tokens.py:30</code>" in section
    assert "<code># nosec B324</code>" in section
    assert "1 finding suppressed by a marker in the code" in section


def test_empty_states_say_what_they_mean() -> None:
    assert "No findings: secrets (detect-secrets 1.5.0) examined 409 files." in page(passed())
    assert "No suppressions: no marker in the code" in page(nothing())
    assert "No raw output is kept for any gate." in page(nothing())
    assert "No findings, because nothing was examined." in page(nothing())
    assert "No waivers: every finding counts." in page(nothing())
    assert "Nothing: every enforced gate met its limits." in page(passed())
    assert "No gate is enforced here" in page(nothing())


def test_no_findings_of_a_gate_that_could_not_tell_say_little() -> None:
    record = full()
    gates = tuple(gate for gate in record.decision.gates if gate.gate == "contracts")
    facts = tuple(facts for facts in record.facts if facts.gate == "contracts")
    text = page(replace(record, facts=facts, decision=replace(record.decision, gates=gates)))
    assert "No findings, but that says little: contracts could not tell." in text


def test_only_addresses_of_the_web_are_links() -> None:
    links = Reader(page(full())).links
    assert "https://osv.dev/vulnerability/PYSEC-2026-114" in links
    assert "https://code.example/shop/shop/wiki/rollback" in links
    assert all(link.startswith(("#", "https://", "data:,")) for link in links)


def test_lineage_leads_from_the_policy_s_line_to_the_raw_output_and_back() -> None:
    text = page(full())
    row = text[text.index("<tr>\n<td><span", text.index('id="findings-table"')) :]
    assert re.search(
        r'<a href="#limit-6-0">findings is 1, at most 0 allowed</a> <span class="badge bad">broken</span> <code>gates.yaml:68<', row
    )
    assert '<tr id="limit-6-0">' in text
    assert '<a href="#findings" class="show" data-limit="limit-6-0">1 finding</a>' in text
    assert '<details id="evidence-0" class="skips">' in text
    assert "raw/tests/: 2 files, 1.2 MB" in text
    assert f"<code>{f'{1_204_977 % 256:02x}' * 32}</code>" in text
    for link in Reader(text).links:
        assert not link.startswith("#") or f'id="{link[1:]}"' in text, link


def test_a_new_limit_counts_new_findings_and_another_all() -> None:
    decision, facts, _ = security()
    assert facts is not None
    limit = Limit(name="findings", max=Decimal(1), new_max=Decimal(0))
    checks = tuple(LimitCheck(limit=limit, value=Decimal(1), met=True, text=text) for text in ("findings", "new findings"))
    record = replace(full(), facts=(facts,), decision=replace(full().decision, gates=(replace(decision, checks=checks),)))
    rows = json.loads(Reader(page(record)).data)["rows"]
    assert sorted(row[13] for row in rows) == [[], [0], [0, 1]]  # suppressed, existing, new


def test_what_became_of_the_run_since_the_previous_bundle_stands_in_it() -> None:
    text = Reader(page(compared())).text
    for part in (
        "Failed, was passed. Compared with commit 1c0ffee254e7, judged on 2026-11-18, bundle 5e5e",
        "secrets examined fewer files: 409; before it was 530.",
        "secrets skipped more files: 3; before it was 0.",
        "security: 1 finding that counted before is waived or suppressed now.",
        "The policy is looser in 1 place: gates.tests.require.flakes.max.",
        "1 new finding of tests",
        "src/shop/old.py:3 pickle reads what others wrote",
        "41.3 s, was 12.0 s: slower",
        "Waiver W-15 of secrets added",
        "tests: pytest: 8.4.2, was 8.4.1",
        "tests: line-coverage: 87 percent, was 88.5",
        "Quality Gates: 1.0.0, was 0.9.0",
    ):
        assert part in text, part
    assert "Since the previous" not in Reader(page(full())).text
    first_screen = page(compared()).partition('id="next"')[0]
    assert '<a href="#since">passed, on 2026-11-18</a> <span class="badge warn">4 things to mind</span>' in first_screen


def test_a_run_that_is_as_before_says_so() -> None:
    record = full()
    text = Reader(page(replace(record, comparison=compare(record, record, previous="5e" * 32)))).text
    assert "The policy says the same as before." in text
    assert "The same waivers, versions of tools and measured values as before." in text
    assert "alarms" not in page(replace(record, comparison=compare(record, record, previous="5e" * 32))).partition("</style>")[2]


def test_what_passed_in_part_is_not_green_and_says_so_in_its_large_word() -> None:
    record = passed()
    whole, part = page(record), page(replace(record, decision=replace(record.decision, partial=("left out by the selection: tests",))))
    assert '<section class="verdict good"' in whole
    assert '<h1 id="verdict">Passed</h1>' in whole
    assert '<section class="verdict warn"' in part
    assert '<h1 id="verdict">Passed, in part</h1>' in part
    assert "<title>Passed, in part: quality gates" in part


def test_what_nobody_has_verified_says_so_before_its_verdict_and_asks_for_it() -> None:
    text = html.render(passed(), bundle=BUNDLE, claim=Claim(bundle="b.zip"))
    assert text.index("Not verified.") < text.index('<h1 id="verdict">Passed</h1>')
    assert "<title>Passed, as the bundle claims: quality gates" in text
    assert "Verify it before you rely on it." in text
    assert "Not verified." not in page(passed())


def test_lists_are_cut_and_say_where_the_rest_is() -> None:
    record = large(620)
    (facts,) = record.facts
    skips = tuple(Skip(item=f"f{number}", reason="why") for number in range(150))
    facts = replace(facts, examined=Examined(unit="files", expected=247, done=97, skipped=skips))
    text = page(replace(record, facts=(facts,)))
    assert text.count("<tr>\n<td><span") == 500
    assert "These are the first 500 of 620. All are in the bundle" in text
    assert "f99" in text
    assert "f100<" not in text
    assert "facts/security.json</code> has all" in text
    assert len(json.loads(Reader(text).data)["rows"]) == 620


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    text = page(hostile())
    reader = Reader(text)
    assert set(reader.tags) <= TAGS
    assert "<script>alert(1)</script>" in reader.text
    assert "\\x1b[31mred" in reader.text
    assert "{{ 7*7 }} {% raw %}" in reader.text
    assert not [payload for payload in HOSTILE if "<" in payload and payload in text]


@settings(max_examples=20, deadline=None)
@given(TEXTS)
def test_no_text_becomes_markup(texts: tuple[str, ...]) -> None:
    text = page(with_texts(texts))
    text.encode()
    reader = Reader(text)
    assert set(reader.tags) <= TAGS
    assert reader.tags.count("script") == 2
    assert not re.search("[<>&]|##\\[", reader.data)
    data = json.loads(reader.data)
    messages = {data["texts"][row[8]] for row in data["rows"]}
    assert messages == {unicode_text(shown(made)) for made in texts}
    assert all(link.startswith(("#", "http://", "https://", "data:,")) for link in reader.links)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
