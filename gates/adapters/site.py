"""Which pages a site has, found without a browser: a list, files of a folder, or a sitemap."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from gates.adapters import clock, files
from gates.errors import GateError

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

_SITEMAP_LIMIT = 50 * 2**20
_MOST_PAGES = 5000
_SECONDS = 60
_WILD = frozenset("*?")
#: Folders that are reached by way of links: links to folders of links multiply without end.
_MOST_LINKED = 2_000
#: What lies at the root of a repository and is no part of a site: git's own files and our evidence.
_NO_SITE = (".git", ".gates")


class Site:
    """A site under test: its address, and the folder (with its files by relative name) where it is served from one.

    All the sitemaps that are asked of it together may take `seconds`.
    """

    def __init__(self, *, address: str, root: Path, folder: Path | None, seconds: float = _SECONDS) -> None:
        self.address = address.rstrip("/")
        self.root = root
        self.folder = folder
        self._seconds = seconds
        self._deadline: float | None = None

    def routes(self, pages: Sequence[str]) -> tuple[str, ...]:
        """The paths of all pages of a list, from `/`, each once and sorted.

        An entry is an address below the site's, a path from `/`, a file or glob below the served folder, or a sitemap:
        a path from `/` or an address that ends in `.xml` (asked of the site), or a file of the repository.
        Raises `GateError` for one that stands for nothing.
        """
        found = {route for entry in pages for route in self._expand(entry)}
        if not found:
            raise GateError("`pages` names no page", remedy="list the paths of the pages, such as /")
        if len(found) > _MOST_PAGES:
            raise GateError(f"`pages` stands for more than {_MOST_PAGES} pages", remedy="name a sitemap or globs that hold fewer")
        return tuple(sorted(found))

    def file_of(self, route: str) -> Path | None:
        """The file that is served as a route, None where the site isn't a folder or has no such file."""
        if self.folder is None:
            return None
        path = unquote(urlsplit(route).path).lstrip("/")
        file = self.folder / path / "index.html" if path in ("", ".") or path.endswith("/") else self.folder / path
        return file if file.is_file() else None

    def _expand(self, entry: str) -> list[str]:
        if entry.split("?", 1)[0].endswith(".xml"):
            return self._sitemap(entry, depth=0)
        if "://" in entry:
            return [self._below(entry)]
        if entry.startswith("/"):
            return [entry]
        return self._files(entry)

    def _below(self, address: str) -> str:
        """The route of an address of this site."""
        if address != self.address and not address.startswith((f"{self.address}/", f"{self.address}?")):
            raise GateError(
                f"{address} is not a page of {self.address}", remedy="name its path alone, or judge the other site in a gate of its own"
            )
        return address[len(self.address) :] or "/"

    def _files(self, pattern: str) -> list[str]:
        if self.folder is None:
            raise GateError(
                f"{pattern!r} in `pages` is neither an address nor a path from /", remedy="start it with /; files need `serve.directory`"
            )
        names = sorted(name for name in self._served(self.folder, pattern) if files.within(name, pattern))
        if not _WILD & set(pattern):
            names = [name for name in names if name == pattern]
        if not names:
            raise GateError(
                f"no file below `serve.directory` fits {pattern!r}", remedy="write it relative to that folder, such as **/*.html"
            )
        return [self._route(name) for name in names]

    def _served(self, folder: Path, pattern: str) -> Iterator[str]:
        """Every file that is served where the pattern may fit, by each of its names: links are followed as the server does.

        A link back to a folder that it lies in is not: what is there has shorter names.
        """
        top, other = folder.resolve(), {self.root.resolve() / name for name in _NO_SITE}
        waiting: list[tuple[str, tuple[Path, ...], bool]] = [("", (top,), False)]
        linked = 0
        while waiting:
            below, chain, by_link = waiting.pop()
            linked += by_link
            if linked > _MOST_LINKED:
                raise GateError(
                    f"links below `serve.directory` lead to more than {_MOST_LINKED} folders", remedy="name globs that fit fewer folders"
                )
            for path in _children(chain[-1], below):
                name = f"{below}/{path.name}" if below else path.name
                real = _followed(path, top, name, pattern) if path.is_symlink() else path
                if real.is_file():
                    yield name
                elif real.is_dir() and real not in chain and real not in other and _may_hold(name, pattern):
                    waiting.append((name, (*chain, real), by_link or real is not path))

    @staticmethod
    def _route(name: str) -> str:
        short = name.removesuffix("index.html") if name == "index.html" or name.endswith("/index.html") else name
        return f"/{quote(short)}"

    # -- sitemaps

    def _sitemap(self, entry: str, depth: int) -> list[str]:
        kind, places = _parsed(entry, self._read(entry))
        if kind != "sitemapindex":
            routes = [_path(place) for place in places]
        elif depth:
            raise GateError(f"the sitemap {entry} is an index within an index", remedy="name the sitemaps themselves")
        else:
            routes = [route for place in places for route in self._sitemap(_path(place), depth + 1)]
        if not routes:
            raise GateError(f"the sitemap {entry} names no page", remedy="see whether it is the right file, and whether it is filled")
        return routes

    def _read(self, entry: str) -> bytes:
        if not entry.startswith("/") and "://" not in entry:
            return self._read_file(entry)
        route = self._below(entry) if "://" in entry else entry
        self._deadline = self._deadline or clock.monotonic() + self._seconds
        content, why = _download(f"{self.address}{route}", self._deadline - clock.monotonic())
        if content is not None and len(content) > _SITEMAP_LIMIT:
            content, why = None, f"it has more than {_SITEMAP_LIMIT >> 20} MiB"
        if content is None:
            raise GateError(f"the sitemap {entry} could not be read: {why}", remedy="see that the site serves it, or name a file")
        return content

    def _read_file(self, entry: str) -> bytes:
        path = (self.root / entry).resolve()
        try:
            if not path.is_relative_to(self.root.resolve()):
                raise GateError(f"{entry!r} leads out of the repository", remedy="name a file inside it")
            return path.read_bytes()
        except OSError as error:
            raise GateError(f"the sitemap {entry} can't be read: {error.strerror}", remedy="name a file of this repository") from error


def _children(folder: Path, name: str) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise GateError(f"the folder {name or '.'} of the site can't be read: {error.strerror}", remedy="let it be read") from error


def _followed(path: Path, top: Path, name: str, pattern: str) -> Path:
    """What a link leads to, itself where that is nothing. Raises `GateError` where a page may lie outside of the served folder."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return path
    fits = _may_hold(name, pattern) if real.is_dir() else files.within(name, pattern)
    if fits and not real.is_relative_to(top):
        raise GateError(
            f"{name!r} below `serve.directory` is a link that leads out of it",
            remedy="put what it leads to below that folder, serve a folder that holds both, or name globs that it does not fit",
        )
    return real


def _may_hold(folder: str, pattern: str) -> bool:
    """Whether something below a folder may fit a pattern."""
    words = pattern.removeprefix("./").strip("/").split("/")
    for part, word in zip(folder.split("/"), words, strict=False):
        if "**" in word:
            return True
        if not files.within(part, word):
            return False
    return True


def _download(address: str, seconds: float) -> tuple[bytes | None, str]:
    """The answer of a site, or None and why there is none. It is given up after so many seconds, however slowly it drips.

    A time-out of the socket begins anew with each byte; so a thread waits for the answer, and may be left behind.
    """
    answers: SimpleQueue[tuple[bytes | None, str]] = SimpleQueue()
    seconds = max(seconds, 0.001)
    threading.Thread(target=lambda: answers.put(_answer(address, seconds)), daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        return None, "its answer did not end in time"


def _answer(address: str, seconds: float) -> tuple[bytes | None, str]:
    from http.client import HTTPException  # most runs ask no site for a sitemap, and it brings all of HTTP and TLS
    from urllib.error import URLError

    try:
        with _opener(address).open(address, timeout=seconds) as answer:
            return bytes(answer.read(_SITEMAP_LIMIT + 1)), ""
    except TimeoutError:
        return None, "it did not answer in time"
    except (URLError, OSError, ValueError, HTTPException) as error:
        code = getattr(error, "code", None)
        return None, f"it answered {code}" if code else "it did not answer"


def _opener(address: str) -> OpenerDirector:
    """How to ask a site: never through a proxy where it is on this machine."""
    from urllib.request import ProxyHandler, build_opener

    here = urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1")
    return build_opener(ProxyHandler({} if here else None))


def _parsed(entry: str, content: bytes) -> tuple[str, list[str]]:
    """The kind of a sitemap (`urlset` or `sitemapindex`) and the addresses in it."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise GateError(f"the sitemap {entry} is not XML that can be read", remedy="see what it really holds") from error
    places = [(item.text or "").strip() for item in root.iter() if _local(item.tag) == "loc"]
    return _local(root.tag), [place for place in places if place]


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _path(address: str) -> str:
    """The route of an address in a sitemap, which holds those of the published site, whatever its host."""
    parts = urlsplit(address)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))
