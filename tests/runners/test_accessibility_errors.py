"""The accessibility gate with a real Chromium: every way in which it could have said "clean" and must not."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gates.adapters.browser import newest_axe
from gates.api import Facts, GateError, Kind, Serve, Status, Survey
from gates.facts import read_facts
from gates.model import Outcome
from gates.runners.accessibility import GATE, Options
from gates.runners.accessibility.visits import observe
from gates.testing import observe_and_parse, observe_raw
from tests.api.making import a_context
from tests.guarantees import decision_of
from tests.runners.pages import BROKEN, EXAMPLES, PUBLIC, copied, good, left_behind, look, not_examined, rules

# -- pages that can't


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Pages that end quickly, all in one browser, and one with a fault that all can see."""
    pages = ["moved", "script-missing", "frame-missing", "text", "download"]
    return look(EXAMPLES / "broken", tmp_path_factory.mktemp("broken"), ["/faulty", *(f"/{page}" for page in pages)], **BROKEN)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("/moved", "it leads to /login"),
        ("/script-missing", "its script /gone.js could not be loaded"),
        ("/frame-missing", "its frame html > body > iframe:nth-child(2) could not be examined: it answered 404"),
        ("/text", "it is not a page but text/plain"),
        ("/download", "the browser shows nothing"),
    ],
)
def test_a_page_that_was_not_examined_is_named_with_its_reason(broken: Facts, page: str, reason: str) -> None:
    assert not_examined(broken)[page].startswith(reason)
    (finding,) = [finding for finding in broken.findings if finding.location.url == page]
    assert finding.kind is Kind.NEEDS_REVIEW
    assert finding.remedy


def test_pages_that_were_not_examined_are_missing_and_what_was_found_elsewhere_stands(broken: Facts) -> None:
    assert broken.examined is not None
    assert (broken.examined.expected, broken.examined.done, broken.examined.skipped) == (6, 1, ())
    assert rules(broken, "/faulty") == [("accessibility/image-alt", "img")]
    decision = decision_of(broken)
    assert decision.outcome is Outcome.FAILED
    assert [reason.partition(": ")[0] for reason in decision.reasons] == [
        "new findings from high is 1, at most 0 allowed",
        "5 of 6 pages could not be examined",
    ]
    assert "wait-for" in decision.remedy


def test_pages_that_never_end_are_given_up_and_the_next_is_examined(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "broken", tmp_path, ["/endless", "/unfinished", "/faulty"], **{**BROKEN, "page_timeout": 2})
    assert not_examined(facts) == {
        "/endless": "the browser did not answer: a script of the page may never end",
        "/unfinished": "it did not finish loading in 2 s",
    }
    assert rules(facts, "/faulty") == [("accessibility/image-alt", "img")]
    assert left_behind(tmp_path) == []


def test_when_the_time_of_the_gate_is_up_what_was_found_stands(tmp_path: Path) -> None:
    options = {"pages": ["/faulty", "/unfinished", "/unfinished?2"], **BROKEN}
    facts = observe_and_parse(GATE, root=EXAMPLES / "broken", work=tmp_path, options=options, timeout_seconds=20)
    assert list(not_examined(facts)) == ["/unfinished", "/unfinished?2"]
    assert not_examined(facts)["/unfinished?2"] == "the time of the gate was up before the browser came to it"
    assert rules(facts, "/faulty") == [("accessibility/image-alt", "img")]
    assert left_behind(tmp_path) == []


# -- tools that can't be trusted


def with_axe(folder: Path, change: Callable[[str], str]) -> tuple[Path, str]:
    """A project with an axe-core of its own, and the sha256 of that."""
    root = copied("fail", folder)
    content = change(newest_axe().path.read_text("utf-8")).encode()
    (root / "axe.min.js").write_bytes(content)
    return root, hashlib.sha256(content).hexdigest()


def test_an_old_axe_is_refused(tmp_path: Path) -> None:
    root, sha256 = with_axe(tmp_path, lambda text: text.replace(f"axe v{newest_axe()}", "axe v4.8.4", 1))
    facts = look(root, tmp_path / "work", ["/"], axe_script="axe.min.js", axe_sha256=sha256)
    assert facts.reason.startswith("`axe-script` is axe-core 4.8.4")


def test_a_page_on_which_axe_itself_fails_was_not_examined(tmp_path: Path) -> None:
    fails = "\n;{const run = axe.runPartial; axe.runPartial = (...more) => document.querySelector('form') ? null.fails : run(...more);}"
    root, sha256 = with_axe(tmp_path, lambda text: text + fails)
    (root / "public" / "form.html").write_text(good("<form></form>"), "utf-8")
    facts = look(root, tmp_path / "work", ["/form.html"], axe_script="axe.min.js", axe_sha256=sha256)
    assert "/form.html: axe-core could not examine it: TypeError: " in facts.reason


def test_a_copy_of_an_installed_axe_needs_nobody_to_vouch_for_it_and_another_does(tmp_path: Path) -> None:
    root, sha256 = with_axe(tmp_path, str)
    facts = look(root, tmp_path / "work", ["/"], axe_script="axe.min.js")
    assert facts.tools[-2].argv == ("axe.min.js", f"sha256:{sha256}"), facts.reason
    (root / "axe.min.js").write_text(newest_axe().path.read_text("utf-8") + "\n", "utf-8")
    unknown = look(root, tmp_path / "unknown", ["/"], axe_script="axe.min.js")
    assert "nobody vouches for it" in unknown.reason
    assert "axe-sha256: " in unknown.remedy
    changed = look(root, tmp_path / "changed", ["/"], axe_script="axe.min.js", axe_sha256=sha256)
    assert changed.reason == "`axe-script` is not the copy that `axe-sha256` names"


def test_a_blind_axe_is_found_out_by_the_canary(tmp_path: Path) -> None:
    root, sha256 = with_axe(
        tmp_path,
        lambda text: text + ";const finish = axe.finishRun; axe.finishRun = async (...all) => ({...await finish(...all), violations: []})",
    )
    facts = look(root, tmp_path / "work", ["/"], axe_script="axe.min.js", axe_sha256=sha256)
    assert facts.reason.startswith("axe-core is blind")


def test_a_selector_that_is_none_is_said_before_it_is_waited_for(tmp_path: Path) -> None:
    facts = look(EXAMPLES / "pass", tmp_path, ["/"], wait_for="#cart >> 'x'")
    assert "`wait-for` (#cart >> 'x') is no CSS selector" in facts.reason
    assert "#cart .price" in facts.remedy


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


@pytest.mark.parametrize(("canaries", "blind"), [([3], False), ([3, 3], False), ([], True), ([3, 2], True)], ids=str)
def test_each_browser_that_was_used_has_found_the_faults_of_our_own_page(canaries: list[int], blind: bool) -> None:
    """One that was never tried proves nothing."""
    visit = {
        "item": "/",
        "examined": True,
        "frames": 0,
        "rules": {"passes": 9},
        "violations": [],
        "incomplete": [],
        "unseen": [],
        "closed": [],
    }
    members = {
        "observe.json": {"status": "completed"},
        "tools.json": [],
        "inventory.json": {"items": [{"item": "/", "route": "/", "view": "1280x800 light"}]},
        "axe.json": {"axe": "4.10.0", "canaries": canaries, "excluded": [], "visits": [visit]},
    }
    facts = read_facts(GATE, GATE.id, {name: json.dumps(data).encode() for name, data in members.items()})
    assert facts.reason == ("axe-core is blind: it did not find the faults of our own page" if blind else "")
    assert facts.status is (Status.ERROR if blind else Status.COMPLETED)


@pytest.mark.parametrize("script", ['echo {} > "$5"; echo why >&2; exit 1', "echo why >&2"], ids=["after its result", "without a result"])
def test_a_driver_that_breaks_proves_nothing_and_its_last_words_are_said(tmp_path: Path, script: str) -> None:
    with pytest.raises(GateError, match="the driver of the browser broke: why"):
        observe(a_context(tmp_path, script), Options(pages=("/",), url="http://127.0.0.1:9"))


def test_a_secret_in_an_address_of_a_sitemap_is_known_before_any_browser_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the policy itself says is none."""
    monkeypatch.setenv("CHROME_BIN", shutil.which("false") or "")
    places = ("/reset?token=tok-58fa0911c2&amp;page=2", "/private?session=shown-by-us")
    sitemap = f"<urlset>{''.join(f'<url><loc>{place}</loc></url>' for place in places)}</urlset>"
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "map.xml").write_text(sitemap, "utf-8")
    options = {"pages": ["map.xml", "/private?session=shown-by-us"], "url": "http://127.0.0.1:9"}
    (tmp_path / "work").mkdir()
    seen = observe_raw(GATE, root=tmp_path / "root", work=tmp_path / "work", options=options)
    assert seen.secrets.keys() == {"tok-58fa0911c2"}
    assert b"tok-58fa0911c2" in seen.members["inventory.json"], "masking is needed"


# -- options, proposals, needs


@pytest.mark.parametrize(
    "options",
    [
        {"pages": ("/",)},
        {"pages": (), "url": "https://shop.example"},
        {"pages": ("/",), "url": "https://user:word@shop.example"},
        {"pages": ("/",), "url": "file:///etc"},
        {"pages": ("/",), "url": "https://shop.example", "viewports": ("wide",)},
        {"pages": ("/",), "url": "https://shop.example", "axe_sha256": "0" * 64},
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"url|viewport|pages|sha256"):
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
