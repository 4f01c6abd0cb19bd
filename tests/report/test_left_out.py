"""Folders that no gate was shown are said once, and make the verdict no less whole."""

from __future__ import annotations

from dataclasses import replace

from gates.report import html, markdown, text
from tests.report.record_factory import full

WHOLE = full()
FOLDERS = ("web/node_modules", ".venv", "a", "b", "c")
LESS = replace(WHOLE, context=replace(WHOLE.context, left_out=FOLDERS))
WORDS = "web/node_modules/, .venv/, a/ and 2 more: installed packages, of which git tracks nothing; name them in .gitignore"


def test_each_report_says_it_once() -> None:
    said = text.render(LESS, bundle=None, color=False, width=200)
    assert said.count(f"left out: {WORDS}") == 1
    assert "left out" not in text.render(WHOLE, bundle=None, color=False, width=200)
    assert "**Left out:** web/node&#95;modules/" in markdown.render(LESS, bundle=None)
    assert html.render(LESS, bundle=None).count(WORDS) == 1
