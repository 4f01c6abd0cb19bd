"""The site's pages: lays them out for the generator, and looks through what it built. Used by scripts/docs.

`lay FOLDER` copies README, CONTRIBUTING, CHANGELOG and docs/ so that README is the front page, with the navigation; links to files that are
no pages lead to the repository. `mend FOLDER` adds what the theme lacks for those who don't see a page. `check FOLDER` says which
link or anchor leads nowhere, and what a page would fetch from elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "https://github.com/quality-gates/quality-gates"
#: Where pages stand that don't lie in docs/.
MOVED = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
#: In the order in which somebody reads who is new here.
NAVIGATION = {
    "Start": ("adoption", "command-line", "glossary"),
    "The policy": ("policy", "cache"),
    "The gates": ("gates/index", "recipes", "runbooks/index", "adding-a-gate"),
    "CI": ("github", "other-ci", "many-machines"),
    "Hooks": ("hooks",),
    "Evidence": ("evidence", "reports", "guarantees"),
    "Reference": ("exit-codes", "benchmarks", "public-projects", "dependencies", "changelog"),
    "Contributing": ("contributing", "decisions/index"),
}
#: Folders whose pages are listed on one of their own.
LISTS = {
    "gates": "# The gates\n\nWhat each examines, its options and what it measures.",
    "runbooks": "# When a gate is red\n\nFor each gate: what its answers mean, and what to do.",
    "decisions": "# Decisions\n\nWhat somebody will ask about, and why it is as it is.",
}
#: What the theme leaves out for people who don't see a page, or have no mouse: what stands in a page, and what has to.
MENDED = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    '<aside class="toc-drawer': '<aside aria-label="This page" class="toc-drawer',
    '<div id="search-results">': '<h1>Search</h1><div id="search-results">',
    "<pre>": '<pre tabindex="0">',  # what is wider than the page is moved by keys
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_CODE = re.compile(r"^\s*(```|~~~).*?^\s*\1|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def main(argv: list[str]) -> int:
    match argv:
        case ["lay", folder]:
            lay(Path(folder))
            return 0
        case ["mend", folder]:
            mend(Path(folder))
            return 0
        case ["check", folder]:
            wrong = sorted(set(faults(Path(folder))))
            print("".join(f"error: {line}\n" for line in wrong), end="")
            return 1 if wrong else 0
    print("error: say `lay FOLDER`, `mend FOLDER` or `check FOLDER`")
    return 2


# -- laid out ------------------------------------------------------------------------------------


def lay(folder: Path) -> None:
    """Write the pages below a folder, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("site", "man"))
    for path in folder.rglob("*.md"):
        source = Path("docs") / path.relative_to(folder)
        path.write_text(relinked(path.read_text("utf-8"), source), "utf-8")
    for name, target in MOVED.items():
        (folder / target).write_text(relinked((ROOT / name).read_text("utf-8"), Path(name)), "utf-8")
    for name, words in LISTS.items():
        (folder / name / "index.md").write_text(f"{words}\n\n```{{toctree}}\n:maxdepth: 1\n:glob:\n\n*\n```\n", "utf-8")
    with (folder / "index.md").open("a", encoding="utf-8") as front:
        for caption, names in NAVIGATION.items():
            front.write("\n```{toctree}\n:hidden:\n:caption: " + caption + "\n\n" + "\n".join(names) + "\n```\n")


def relinked(text: str, source: Path) -> str:
    """A page's text with its links as they lead from where it is laid. `source` is its path in the repository."""
    parts, end = [], 0
    for code in _CODE.finditer(text):  # code is no link
        parts += [_LINK.sub(lambda link: _leads(link, source), text[end : code.start()]), code.group()]
        end = code.end()
    return "".join([*parts, _LINK.sub(lambda link: _leads(link, source), text[end:])])


def _leads(link: re.Match[str], source: Path) -> str:
    target, mark, anchor = link[2].partition("#")
    if not target or urlsplit(target).scheme:
        return link[0]
    path = os.path.normpath(source.parent / target)
    laid = _laid(path)
    if laid is None:
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{link[1]}{REPOSITORY}/{kind}/main/{path}{mark}{anchor}{link[3]}"
    return f"{link[1]}{os.path.relpath(laid, Path(_laid(str(source)) or '').parent)}{mark}{anchor}{link[3]}"


def _laid(path: str) -> str | None:
    """Where a file of the repository is laid; None where it is not."""
    inside = path.removeprefix("docs/")
    return MOVED.get(path) or (inside if inside != path and (ROOT / path).is_file() else None)


def mend(folder: Path) -> None:
    """Write into the built pages what `MENDED` says. Exits where one of it stands in no page: the theme has changed."""
    missing = set(MENDED)
    for path in folder.rglob("*.html"):
        text = path.read_text("utf-8")
        for old, new in MENDED.items():
            if old in text:
                missing.discard(old)
                text = text.replace(old, new)
        path.write_text(text, "utf-8")
    if missing:
        raise SystemExit(
            f"error: no page has {', '.join(sorted(missing))}: see what the theme writes now, and renew MENDED in scripts/pages.py"
        )


# -- looked through ------------------------------------------------------------------------------


@dataclass
class Page(HTMLParser):
    """What a built page links to, what it loads, and its anchors."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        loaded = "href" if tag == "link" else "src"
        if loaded in given:
            self.loads.append(given[loaded])


@cache
def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text("utf-8"))
    return page


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with the built pages below a folder, a line each."""
    pages = sorted(folder.rglob("*.html"))
    if len(pages) < 2:
        yield f"{folder}: there are no pages"
    for path in pages:
        page, name = read(path), path.relative_to(folder)
        yield from (f"{name}: loads {address} from elsewhere" for address in page.loads if urlsplit(address).netloc)
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if not target.is_file():
                yield f"{name}: {address} leads to no file"
            elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in read(target).anchors:
                yield f"{name}: {address} leads to no anchor"
    for sheet in sorted(folder.rglob("*.css")):
        found = re.findall(r"""(?:url\(|@import)\s*['"]?((?:https?:)?//[^'")\s]+)""", sheet.read_text("utf-8"))
        yield from (f"{sheet.relative_to(folder)}: loads {address} from elsewhere" for address in found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
