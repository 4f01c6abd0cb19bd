"""The accessibility gate with a real Chromium and a real axe-core: what it finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gates import codec
from gates.adapters import host
from gates.adapters.browser import newest_axe
from gates.api import Facts, GateError, Kind, Severity, Status
from gates.facts import read_facts
from gates.observe import Observation, redacted
from gates.redact import Redactor
from gates.runners.accessibility import GATE, visits
from gates.runners.accessibility.visits import lines_of
from gates.testing import observe_raw
from tests.runners.pages import BROKEN, EXAMPLES, FAULTY, PUBLIC, copied, left_behind, look, rules

# -- pages that can be examined


def test_a_clean_site_has_no_findings_and_says_what_was_examined(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "pass", tmp_path, ["**/*.html"])
    assert facts.status is Status.COMPLETED, facts.reason
    assert facts.findings == ()
    assert facts.examined is not None
    assert (facts.examined.unit, facts.examined.expected, facts.examined.done, facts.examined.proof.value) == ("pages", 2, 2, "inventory")
    axe = next(tool for tool in facts.tools if tool.tool == "axe-core")
    assert axe.version == str(newest_axe())
    assert axe.argv == ("axe.min.js", f"sha256:{newest_axe().sha256}")
    assert left_behind(tmp_path) == []


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observation:
    """The faulty pages, all in one browser."""
    return observe_raw(GATE, root=EXAMPLES / "fail", work=tmp_path_factory.mktemp("fail"), options={"pages": FAULTY, **PUBLIC})


@pytest.fixture(scope="module")
def faulty(observed: Observation) -> Facts:
    return read_facts(GATE, GATE.id, redacted(observed, Redactor(observed.secrets)))


def test_a_fault_has_its_place_severity_remedy_and_help(faulty: Facts) -> None:
    assert rules(faulty, "/") == [("accessibility/button-name", "#buy"), ("accessibility/image-alt", "img")]
    (image,) = [finding for finding in faulty.findings if finding.rule == "accessibility/image-alt" and finding.location.url == "/"]
    assert image.severity is Severity.CRITICAL
    assert (image.location.path, image.location.line) == ("public/index.html", 7)
    assert image.message == "Images must have alternative text: Element does not have an alt attribute"
    assert "alt attribute" in image.remedy
    assert image.help_url.startswith("https://dequeuniversity.com/rules/axe/")
    assert image.properties == {"impact": "critical", "seen-at": "1280x800 light"}


def test_browsers_that_share_the_pages_see_what_one_sees(faulty: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "_VISITS", 1)
    monkeypatch.setattr(host, "cores", lambda: 2)
    seen = observe_raw(GATE, root=EXAMPLES / "fail", work=tmp_path, options={"pages": FAULTY, **PUBLIC})
    assert len(json.loads(seen.members["axe.json"])["canaries"]) == 2
    assert read_facts(GATE, GATE.id, redacted(seen, Redactor(seen.secrets))) == faulty
    assert left_behind(tmp_path) == []


def test_browsers_that_are_not_the_same_prove_nothing() -> None:
    answers = [{"about": {"version": version}, "canaries": [3], "visits": []} for version in ("1", "2")]
    with pytest.raises(GateError, match="not the same"):
        visits._joined(answers)


@pytest.mark.parametrize(
    ("html", "line"),
    [
        ('<a href="/cart"></a>', 3),  # an opening tag that stands there once
        ('<p class="dim">Two</p>', 2),  # one that does not, but the element does
        ('<p class="dim">Same</p>', None),
        ("<b>not in the file</b>", None),
        ("", None),
    ],
)
def test_an_element_has_a_line_where_its_tag_or_all_of_it_stands_in_the_file_once(html: str, line: int | None) -> None:
    text = '<p class="dim">One</p>\n<p class="dim">Two</p>\n<a href="/cart">\n</a>\n<p class="dim">Same</p>\n<p class="dim">Same</p>\n'
    assert lines_of([html], text) == [line]


@pytest.mark.parametrize(
    ("elements", "lines"),
    [
        (['<p class="dim">Same</p>'] * 2, [5, 6]),  # as many as the file has
        (['<p class="dim">Same</p>'] * 3, [None] * 3),
        (['<p class="dim">One</p>', '<p class="dim">Two</p>', '<p class="dim">Same</p>', '<p class="dim">Same</p>'], [1, 2, 5, 6]),
        (['<p class="dim">Two</p>', '<a href="/cart"></a>', '<p class="dim">Same</p>'], [2, 3, None]),
        ([], []),
    ],
)
def test_elements_that_are_alike_have_lines_where_as_many_stand_in_the_file(elements: list[str], lines: list[int | None]) -> None:
    text = '<p class="dim">One</p>\n<p class="dim">Two</p>\n<a href="/cart">\n</a>\n<p class="dim">Same</p>\n<p class="dim">Same</p>\n'
    assert lines_of(elements, text) == lines


def test_facts_are_the_same_in_a_folder_of_another_name_and_at_another_port(faulty: Facts, tmp_path: Path) -> None:
    again = look(copied("fail", tmp_path), tmp_path / "work", FAULTY)
    assert codec.encode(again) == codec.encode(faulty)


def test_faults_in_frames_are_found_and_a_frame_that_cannot_be_entered_needs_review(faulty: Facts) -> None:
    assert rules(faulty, "/frames.html") == [
        ("accessibility/image-alt", 'iframe[title="inner"] > img'),
        ("accessibility/image-alt", 'iframe[title="late"] > img'),
    ]
    doubts = [rule for rule, _ in rules(faulty, "/frames.html", Kind.NEEDS_REVIEW)]
    assert doubts.count("accessibility/frame-tested") == 1


def test_a_page_that_replaces_axe_and_the_language_is_found_out(faulty: Facts) -> None:
    assert rules(faulty, "/spoofed.html") == [("accessibility/image-alt", "img")]


def test_what_axe_cannot_decide_needs_review_and_is_measured(faulty: Facts) -> None:
    doubts = dict(rules(faulty, "/review.html", Kind.NEEDS_REVIEW))
    assert doubts["accessibility/color-contrast"] == "#gradient"
    assert doubts["accessibility/closed-shadow-root"] == "html > body > main:nth-of-type(1) > div:nth-of-type(1)"
    assert rules(faulty, "/review.html") == []
    everywhere = sum(finding.kind is Kind.NEEDS_REVIEW for finding in faulty.findings)
    assert {measured.name: int(measured.value) for measured in faulty.measurements} == {"needs-review": everywhere, "frames": 2}


def test_nothing_that_people_typed_stands_in_the_evidence(observed: Observation) -> None:
    assert {"correct-horse-battery", "c2ru9fk3la02"} <= observed.secrets.keys()
    written = b"".join(content for name, content in observed.members.items() if name != "service.log")
    visits = {visit["item"]: visit for visit in json.loads(observed.members["axe.json"])["visits"]}
    assert {result["id"] for result in visits["/private.html"]["violations"]} >= {"label", "link-name"}
    for value in (b"correct-horse-battery", b"c2ru9fk3la02", b"tok-58fa0911c2"):
        assert value not in written


def test_dark_mode_has_faults_of_its_own_and_one_finding_serves_several_views(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "fail", tmp_path, ["/", "/dark.html"], color_schemes=["light", "dark"], viewports=["1280x800", "390x844"])
    assert facts.examined is not None
    assert facts.examined.done == 8
    seen = {(finding.location.url, finding.location.selector): finding.properties["seen-at"] for finding in facts.findings}
    assert seen["/dark.html", "#note"] == "1280x800 dark, 390x844 dark"
    assert seen["/", "img"] == "1280x800 dark, 1280x800 light, 390x844 dark, 390x844 light"


def test_a_narrow_standard_and_an_excluded_rule_say_less(tmp_path: Path) -> None:
    options = {"standard": "wcag2a", "exclude_rules": ["image-alt"], "color_schemes": ["dark"]}
    facts = look(EXAMPLES / "fail", tmp_path, ["/", "/dark.html"], **options)
    assert {(finding.location.url, finding.rule): finding.suppressed_by for finding in facts.findings} == {
        ("/", "accessibility/button-name"): None,
        ("/", "accessibility/image-alt"): "exclude-rules",
    }


def test_a_page_that_is_drawn_late_is_waited_for_and_a_frame_of_another_site_is_examined(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "broken", tmp_path, ["/late", "/two-sites"], wait_for="#ready", **BROKEN)
    assert rules(facts, "/late") == [("accessibility/image-alt", "img")], facts.reason
    assert rules(facts, "/two-sites") == [("accessibility/image-alt", 'iframe[title="a"] > img')]
    doubts = [(finding.rule, finding.message) for finding in facts.findings if finding.kind is Kind.NEEDS_REVIEW]
    assert doubts == [("accessibility/frame-tested", "A frame was not examined: it could not be loaded")]
