"""The accessibility gate with a real Chromium: every way in which it could have said "clean" and must not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from gates.adapters.browser import newest_axe
from gates.api import Facts, Serve, Status, Survey
from gates.runners.accessibility import GATE, Options
from gates.testing import observe_and_parse
from tests.runners.pages import BROKEN, EXAMPLES, PUBLIC, copied, left_behind, look

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
