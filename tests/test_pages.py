"""The site: every page has its place in the navigation and keeps its links where it is laid; a built page that is broken is told."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def pages() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("pages", ROOT / "scripts" / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pages"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["pages"]


@pytest.fixture(scope="module")
def laid(pages: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "pages"
    pages.lay(folder)
    return folder


def test_every_link_leads_to_a_laid_file_or_to_the_repository(pages: ModuleType, laid: Path) -> None:
    seen = 0
    for path in laid.rglob("*.md"):
        code = re.compile(r"^\s*```.*?^\s*```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
        for link in LINK.findall(code.sub("", path.read_text("utf-8"))):
            target = link.partition("#")[0]
            seen += 1
            if target.startswith(pages.REPOSITORY):
                assert (ROOT / target.partition("/main/")[2]).exists(), (path, link)
            elif target and "://" not in target:
                assert (path.parent / target).exists(), (path, link)
    assert seen > 500


def test_the_front_page_is_the_readme(laid: Path) -> None:
    front = (laid / "index.md").read_text("utf-8")
    assert front.startswith("# Quality Gates\n")
    assert "](policy.md#the-base)" in front
    assert "](contributing.md)" in front
    assert "](page.png)" in front
    assert "](https://github.com/quality-gates/quality-gates/blob/main/tests/" in (laid / "guarantees.md").read_text("utf-8")


def test_every_page_has_a_place_in_the_navigation(pages: ModuleType, laid: Path) -> None:
    placed = {name for names in pages.NAVIGATION.values() for name in names} | {"index"}
    found = {path.relative_to(laid).with_suffix("").as_posix() for path in laid.rglob("*.md")}
    assert {name for name in found if name.partition("/")[0] not in pages.LISTS or name.endswith("/index")} == placed


GOOD = (
    '<link href="site.css"><h1 id="top">A</h1><a href="b.html#end">b</a> <a href="https://example.org/">elsewhere</a><a href="#top">up</a>'
)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (GOOD, []),
        ('<a href="c.html">c</a>', ["a.html: c.html leads to no file"]),
        ('<a href="b.html#start">b</a>', ["a.html: b.html#start leads to no anchor"]),
        ('<a href="#start">b</a>', ["a.html: #start leads to no anchor"]),
        ('<img src="missing.png">', ["a.html: missing.png leads to no file"]),
        ('<script src="//cdn.example/x.js"></script>', ["a.html: loads //cdn.example/x.js from elsewhere"]),
        ('<link href="https://fonts.example/x.css">', ["a.html: loads https://fonts.example/x.css from elsewhere"]),
    ],
)
def test_what_is_broken_in_a_built_page_is_told(pages: ModuleType, tmp_path: Path, page: str, told: list[str]) -> None:
    for name, content in {"a.html": page, "b.html": '<p id="end">b</p>', "site.css": "p {}"}.items():
        (tmp_path / name).write_text(content, "utf-8")
    assert list(pages.faults(tmp_path)) == told


def test_a_style_sheet_that_loads_from_elsewhere_is_told(pages: ModuleType, tmp_path: Path) -> None:
    for name, content in {"a.html": "a", "b.html": "b", "x.css": "@import url('https://fonts.example/f.css');"}.items():
        (tmp_path / name).write_text(content, "utf-8")
    assert list(pages.faults(tmp_path)) == ["x.css: loads https://fonts.example/f.css from elsewhere"]


def test_no_pages_are_no_site(pages: ModuleType, tmp_path: Path) -> None:
    assert list(pages.faults(tmp_path)) == [f"{tmp_path}: there are no pages"]


def test_a_theme_that_has_changed_is_told(pages: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<pre>a</pre>", "utf-8")
    with pytest.raises(SystemExit, match="sidebar-drawer"):
        pages.mend(tmp_path)
    assert (tmp_path / "a.html").read_text("utf-8") == '<pre tabindex="0">a</pre>'
