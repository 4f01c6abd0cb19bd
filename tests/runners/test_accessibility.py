"""The accessibility gate with a real Chromium and a real axe-core: what it finds, and every way it could have said "clean"."""

from __future__ import annotations

import json
import os
import select
import shutil
from pathlib import Path
from typing import Any

import pytest

from gates import codec
from gates.adapters.browser import newest_axe
from gates.api import Facts, Kind, Serve, Severity, Status, Survey
from gates.facts import read_facts
from gates.observe import Observation, redacted
from gates.redact import Redactor
from gates.runners.accessibility import GATE, Options
from gates.testing import observe_and_parse, observe_raw

EXAMPLES = Path(__file__).parents[1] / "examples" / "accessibility"
FAULTY = ["/", "/frames.html", "/private.html", "/review.html", "/spoofed.html"]
PUBLIC = {"serve": {"directory": "public"}}
BROKEN = {"serve": {"command": ["{python}", "site.py", "{port}"]}, "page_timeout": 20}


def copied(example: str, folder: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / example, folder / "project"))


def look(root: Path, work: Path, pages: list[str], **options: Any) -> Facts:
    work.mkdir(exist_ok=True)
    served = {} if {"serve", "url"} & set(options) else PUBLIC
    return observe_and_parse(GATE, root=root, work=work, options={"pages": pages, **served, **options})


def rules(facts: Facts, route: str, kind: Kind = Kind.FINDING) -> list[tuple[str, str]]:
    """The rules and selectors of the findings of one kind on one page."""
    here = [finding for finding in facts.findings if finding.kind is kind and finding.location.url == route]
    return sorted((finding.rule, finding.location.selector or "") for finding in here)


def left_behind(work: Path) -> list[int]:
    """Processes that were started for a work folder and do not end."""
    stubborn = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(work).encode() not in (entry / "cmdline").read_bytes():
                continue
            handle = os.pidfd_open(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if not select.select([handle], [], [], 10)[0]:
            stubborn.append(int(entry.name))
        os.close(handle)
    return stubborn


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
    assert [(measured.name, int(measured.value)) for measured in faulty.measurements] == [("needs-review", everywhere)]


def test_nothing_that_people_typed_stands_in_the_evidence(observed: Observation) -> None:
    assert {"correct-horse-battery", "c2ru9fk3la02"} <= observed.secrets
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


def test_an_excluded_rule_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "fail", tmp_path, ["/"], exclude_rules=["image-alts"])
    assert facts.status is Status.ERROR
    assert "'image-alts'" in facts.reason


def test_a_page_that_is_drawn_late_is_waited_for_and_a_frame_of_another_site_is_examined(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "broken", tmp_path, ["/late", "/two-sites"], wait_for="#ready", **BROKEN)
    assert rules(facts, "/late") == [("accessibility/image-alt", "img")], facts.reason
    assert rules(facts, "/two-sites") == [("accessibility/image-alt", 'iframe[title="a"] > img')]
    doubts = [(finding.rule, finding.message) for finding in facts.findings if finding.kind is Kind.NEEDS_REVIEW]
    assert doubts == [("accessibility/frame-tested", "A frame was not examined: it could not be loaded")]


# -- pages that can't


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Pages that end quickly, all in one browser."""
    pages = ["redirected", "moved", "error", "missing", "blank", "script-error", "script-missing", "frame-missing", "text", "download"]
    return look(EXAMPLES / "broken", tmp_path_factory.mktemp("broken"), ["/", *(f"/{page}" for page in pages)], **BROKEN)


@pytest.mark.parametrize(
    "reason",
    [
        "/redirected: it leads to /login",
        "/moved: it leads to /login",
        "/error: it answered 500",
        "/missing: it answered 404",
        "/blank: it shows nothing",
        "/script-error: a script of the page failed",
        "/script-missing: its script /gone.js could not be loaded",
        "/frame-missing: its frame html > body > iframe:nth-child(2) could not be examined: it answered 404",
        "/text: it is not a page but text/plain",
        "/download: the browser shows nothing",
    ],
)
def test_a_page_that_was_not_examined_is_named_with_its_reason(broken: Facts, reason: str) -> None:
    assert broken.status is Status.ERROR
    assert broken.reason.startswith("10 of 11 pages could not be examined: ")
    assert reason in broken.reason


def test_pages_that_never_end_are_given_up_and_the_next_is_examined(tmp_path: Path) -> None:
    options = {**BROKEN, "page_timeout": 4}
    facts = look(EXAMPLES / "broken", tmp_path, ["/endless", "/sandboxed", "/unfinished", "/"], **options)
    assert facts.reason == (
        "3 of 4 pages could not be examined: "
        "/endless: the browser did not answer: a script of the page may never end, or its sandbox may allow no scripts; "
        "/sandboxed: the browser did not answer: a script of the page may never end, or its sandbox may allow no scripts; "
        "/unfinished: it did not finish loading in 4 s"
    )
    assert left_behind(tmp_path) == []


def test_an_element_that_never_appears_is_an_error(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "pass", tmp_path, ["/"], wait_for="#never", page_timeout=3)
    assert "/: nothing that fits `wait-for` (#never) appeared in 3 s" in facts.reason


def test_a_port_where_nothing_listens_is_an_error(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "pass", tmp_path, ["/"], url="http://127.0.0.1:1")
    assert facts.reason == "1 of 1 pages could not be examined: /: the browser could not load it"


def test_a_browser_that_is_killed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chromium = shutil.which("chromium")
    wrapper, note = tmp_path / "chromium", tmp_path / "browser-id"
    wrapper.write_text(f'#!/bin/sh\necho $$ > {note}\nexec {chromium} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("CHROME_BIN", str(wrapper))
    serve = {"command": ["{python}", "site.py", "{port}"], "environment": {"BROWSER_ID": str(note)}}
    facts = look(EXAMPLES / "broken", tmp_path / "work", ["/crash"], serve=serve)
    assert facts.reason == "1 of 1 pages could not be examined: /crash: the browser ended or lost the page while it was examined"
    assert left_behind(tmp_path) == []


def test_the_deadline_of_the_gate_leaves_no_process_behind(tmp_path: Path) -> None:
    facts = observe_and_parse(
        GATE, root=EXAMPLES / "broken", work=tmp_path, options={"pages": ["/unfinished"], **BROKEN}, timeout_seconds=4
    )
    assert facts.reason == "axe-selenium-python did not end in time and was stopped"
    assert left_behind(tmp_path) == []


# -- tools that can't be trusted


def with_axe(folder: Path, change: Any) -> Path:
    root = copied("fail", folder)
    (root / "axe.min.js").write_text(change(newest_axe().path.read_text("utf-8")), "utf-8")
    return root


def test_an_old_axe_is_refused(tmp_path: Path) -> None:
    root = with_axe(tmp_path, lambda text: text.replace(f"axe v{newest_axe()}", "axe v4.8.4", 1))
    facts = look(root, tmp_path / "work", ["/"], axe_script="axe.min.js")
    assert facts.reason.startswith("`axe-script` is axe-core 4.8.4")


def test_a_blind_axe_is_found_out_by_the_canary(tmp_path: Path) -> None:
    root = with_axe(
        tmp_path,
        lambda text: text + ";const finish = axe.finishRun; axe.finishRun = async (...all) => ({...await finish(...all), violations: []})",
    )
    facts = look(root, tmp_path / "work", ["/"], axe_script="axe.min.js")
    assert facts.reason.startswith("axe-core is blind")


def test_rules_that_the_standard_does_not_reach_are_an_error(tmp_path: Path) -> None:
    root = with_axe(tmp_path, lambda text: text + ";axe._audit.rules.forEach(rule => { rule.tags = ['nothing'] })")
    facts = look(root, tmp_path / "work", ["/"], axe_script="axe.min.js")
    assert facts.reason == "1 of 1 pages could not be examined: /: no rule of axe-core ran"


def test_without_a_browser_the_remedy_is_a_command(tmp_path: Path) -> None:
    options = {"pages": ["/"], **PUBLIC}
    environment = {"PATH": str(tmp_path)}
    facts = observe_and_parse(GATE, root=EXAMPLES / "pass", work=tmp_path, options=options, environment=environment)
    assert facts.reason == "Chromium or Chrome was not found on PATH"
    assert "apt-get install chromium" in facts.remedy


def test_a_driver_that_is_none_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROME_BIN", shutil.which("false") or "")
    facts = look(EXAMPLES / "pass", tmp_path, ["/"])
    assert facts.reason.startswith("the browser could not be started: ")


def test_a_run_that_is_offline_asks_no_site_on_the_network(tmp_path: Path) -> None:
    options = {"pages": ["/"], "url": "https://shop.example"}
    facts = observe_and_parse(GATE, root=EXAMPLES / "pass", work=tmp_path, options=options, offline=True)
    assert "offline" in facts.reason


# -- options, proposals, needs


@pytest.mark.parametrize(
    "options",
    [
        {"pages": ("/",)},
        {"pages": (), "url": "https://shop.example"},
        {"pages": ("/",), "url": "https://user:word@shop.example"},
        {"pages": ("/",), "url": "file:///etc"},
        {"pages": ("/",), "url": "https://shop.example", "viewports": ("wide",)},
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"url|viewport|pages"):
        Options(**options)


def test_a_static_site_is_proposed_and_a_template_is_not(tmp_path: Path) -> None:
    assert GATE.detect is not None
    found = GATE.detect(Survey(root=EXAMPLES / "pass", files=("public/about.html", "public/index.html")))
    assert found is not None
    assert found.options == {"serve": {"directory": "public"}, "pages": ["**/*.html"]}
    (tmp_path / "public").mkdir()
    (tmp_path / "public/index.html").write_text("<p>{{ name }}</p>")
    assert GATE.detect(Survey(root=tmp_path, files=("public/index.html",))) is None
    assert GATE.detect(Survey(root=tmp_path, files=("README.md",))) is None


def test_doctor_is_told_of_browser_driver_and_axe() -> None:
    assert GATE.needs is not None
    needs = list(GATE.needs(EXAMPLES, Options(pages=("/",), url="https://shop.example")))
    assert [need.name for need in needs] == ["Chromium or Chrome", "chromedriver", "axe-core 4.9 or later"]
    assert all(need.found and need.remedy for need in needs)
    served = Options(pages=("/",), serve=Serve(command=("no-such-server", "{port}")))
    (program, *_) = GATE.needs(EXAMPLES, served)
    assert (program.name, program.found) == ("no-such-server", None)
    assert "serve.command" in program.remedy
