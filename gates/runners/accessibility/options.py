"""What a policy may say of the pages to examine."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from gates.api import Duration, Fewer, More, Neither, Serve, Towards, option
from gates.dataclass import dataclass

Standard = Literal["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
#: What each standard adds to those before it, as axe-core names the rules of a success criterion.
_TAGS: tuple[tuple[Standard, tuple[str, ...]], ...] = (
    ("wcag2a", ("wcag2a",)),
    ("wcag2aa", ("wcag2aa",)),
    ("wcag21aa", ("wcag21a", "wcag21aa")),
    ("wcag22aa", ("wcag22aa",)),
    ("best-practice", ("best-practice",)),
)
_VIEWPORT = re.compile(r"([1-9]\d{2,3})x([1-9]\d{2,3})")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How somebody signs in, and how one sees that he is: what the pages show depends on it."""

    command: tuple[str, ...] = option(
        "program and arguments: it signs in at `{url}` (GATES_BASE_URL) and prints a storage state, or writes it to the file `{state}`"
    )
    proof: str = option("CSS selector of what is visible on every page to somebody who is signed in, and to nobody else")
    timeout: Duration = option("how long the program may take", default=60, minimum=1, looser=Neither())

    def __post_init__(self) -> None:
        if not (self.command and self.command[0].strip() and self.proof.strip()):
            raise ValueError("`login` needs a `command`, and a `proof` that somebody is signed in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of the gate, as a policy writes them."""

    pages: tuple[str, ...] = option(
        "paths such as /cart, addresses, files or globs below `serve.directory`, or a sitemap (a file, path or address that ends in .xml)",
        looser=Fewer(),
    )
    url: str = option("address of a site that runs already; paths are below it", default="")
    serve: Serve | None = option("how to start the site under test", default=None)
    standard: Standard = option(
        "rules of this standard and of those it builds on", default="wcag22aa", looser=Towards(*(name for name, _ in _TAGS))
    )
    exclude_rules: tuple[str, ...] = option("rules whose findings are listed as suppressed", default=(), looser=More())
    viewports: tuple[str, ...] = option(
        "sizes of the window in pixels, such as 1280x800 and 390x844", default=("1280x800",), looser=Fewer()
    )
    color_schemes: tuple[Literal["light", "dark"], ...] = option("what the reader prefers", default=("light",), looser=Fewer())
    wait_for: str = option("CSS selector of an element that must be visible before a page is examined", default="")
    login: Login | None = option("how to sign in before pages are visited", default=None)
    needs: tuple[str, ...] = option(
        "variables that must be set, or the gate is errored; a service that is started and the program of `login` get them",
        default=(),
        looser=Fewer(),
    )
    page_timeout: Duration = option("how long a page may take to load, and again to be examined", default=30, minimum=1, looser=Neither())
    axe_script: str = option("an axe.min.js of this repository, 4.9 or later; without it the newest installed", default="")
    axe_sha256: str = option("sha256 of `axe-script`, where it is not a copy that an installed package carries", default="")
    inputs: tuple[str, ...] = option(
        "files, folders or globs that the site is made of: where none changed, what was seen before counts (default: every file)",
        default=(),
        looser=Fewer(empty="all"),
    )

    def __post_init__(self) -> None:
        if bool(self.url) == (self.serve is not None):
            raise ValueError("accessibility needs either `url` or `serve`")
        parts = urlsplit(self.url)
        if self.url and (parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.query or parts.fragment):
            raise ValueError("`url` is an http(s) address without user, query or anchor")
        wrong = [size for size in self.viewports if not _VIEWPORT.fullmatch(size)]
        if wrong:
            raise ValueError(f"viewport {wrong[0]!r} is not a width and a height of 100 to 9999 pixels, such as 1280x800")
        if self.axe_sha256 and not (self.axe_script and _SHA256.fullmatch(self.axe_sha256)):
            raise ValueError("`axe-sha256` is the sha256 of `axe-script` in 64 hex digits")
        if not (self.pages and self.viewports and self.color_schemes):
            raise ValueError("`pages`, `viewports` and `color-schemes` need at least one entry each")

    def tags(self) -> list[str]:
        """The tags of axe-core whose rules are run."""
        names = [name for name, _ in _TAGS]
        return [tag for _, tags in _TAGS[: names.index(self.standard) + 1] for tag in tags]

    def views(self) -> list[tuple[str, str]]:
        """Each size of the window with each colour scheme, once."""
        return [(size, scheme) for size in dict.fromkeys(self.viewports) for scheme in dict.fromkeys(self.color_schemes)]
