"""A list of pages becomes routes without a browser: files, addresses, sitemaps; and an entry that stands for nothing is an error."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from gates.adapters.site import Site, _children
from gates.errors import GateError

MAP = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{}</urlset>"
INDEX = "<sitemapindex><sitemap><loc>https://shop.example/{}</loc></sitemap></sitemapindex>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site of three pages, a style sheet and a sitemap, below a repository."""
    pages = tmp_path / "public"
    (pages / "docs").mkdir(parents=True)
    for name in ("index.html", "docs/index.html", "docs/été 1.html", "docs/style.css"):
        (pages / name).write_text("words")
    (pages / "sitemap.xml").write_text(MAP.format("<url><loc>https://shop.example/cart?a=1#top</loc></url><url><loc> /docs/ </loc></url>"))
    return pages


def site(folder: Path) -> Site:
    return Site(address="http://127.0.0.1:1", root=folder.parent, folder=folder)


@pytest.fixture
def served(folder: Path) -> Iterator[Site]:
    """The same site with a real server before it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield Site(address=f"http://127.0.0.1:{server.server_port}/", root=folder.parent, folder=None)
        server.shutdown()
        thread.join()


def test_globs_name_files_below_the_folder_and_index_pages_by_their_folder(folder: Path) -> None:
    assert site(folder).routes(["**/*.html"]) == ("/", "/docs/", "/docs/%C3%A9t%C3%A9%201.html")
    assert site(folder).routes(["*.html", "index.html"]) == ("/",)


def test_a_folder_of_any_name_is_walked(folder: Path) -> None:
    for name in ("venv", "node_modules", "docs/.tox"):
        (folder / name).mkdir()
        (folder / name / "page.html").write_text("words")
    assert site(folder).routes(["**/page.html"]) == ("/docs/.tox/page.html", "/node_modules/page.html", "/venv/page.html")
    assert site(folder).routes(["venv/*.html"]) == ("/venv/page.html",)


def test_what_lies_at_the_root_of_a_repository_and_is_no_site_is_left_out(folder: Path) -> None:
    for name in (".git", ".gates", "public/.gates"):
        (folder.parent / name).mkdir()
        (folder.parent / name / "page.html").write_text("words")
    whole = Site(address="http://127.0.0.1:1", root=folder.parent, folder=folder.parent)
    assert whole.routes(["**/page.html"]) == ("/public/.gates/page.html",)


def test_links_that_stay_in_the_folder_are_pages_by_their_own_names(folder: Path) -> None:
    (folder / "linked.html").symlink_to("docs/index.html")
    (folder / "again").symlink_to("docs")
    (folder / "docs/loop").symlink_to("..")
    (folder / "gone.html").symlink_to("missing.html")
    (folder / "self.html").symlink_to("self.html")
    again = ("/again/", "/again/%C3%A9t%C3%A9%201.html")
    assert site(folder).routes(["**/*.html"]) == ("/", *again, "/docs/", "/docs/%C3%A9t%C3%A9%201.html", "/linked.html")
    assert site(folder).routes(["again/**/*.html"]) == again
    assert site(folder).routes(["linked.html"]) == ("/linked.html",)


@pytest.mark.parametrize(
    ("link", "target", "pattern"),
    [
        ("out.html", "../outside/page.html", "**/*.html"),
        ("out.html", "../outside/page.html", "out.html"),
        ("out", "../outside", "**/*.html"),
        ("out", "../outside", "out/*.html"),
        ("docs/out", "../../outside", "*/out/page.html"),
    ],
)
def test_a_link_that_leads_out_of_the_folder_is_an_error(folder: Path, link: str, target: str, pattern: str) -> None:
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside/page.html").write_text("words")
    (folder / link).symlink_to(target)
    with pytest.raises(GateError, match=f"'{link}' below `serve.directory` is a link that leads out of it") as raised:
        site(folder).routes([pattern])
    assert raised.value.remedy


def test_a_link_out_of_the_folder_where_no_page_is_asked_for_is_none_of_ours(folder: Path) -> None:
    (folder.parent / "outside").mkdir()
    (folder / "images").symlink_to("../outside")
    (folder / "docs/print.css").symlink_to("../../gates.css")
    (folder.parent / "gates.css").write_text("words")
    assert site(folder).routes(["*.html", "docs/*.html"]) == ("/", "/docs/", "/docs/%C3%A9t%C3%A9%201.html")


def test_links_that_multiply_are_an_error(folder: Path) -> None:
    names = "abcdefgh"
    for name in names:
        (folder / name).mkdir()
    for name, other in ((name, other) for name in names for other in names if name != other):
        (folder / name / other).symlink_to(f"../{other}")
    with pytest.raises(GateError, match="lead to more than 2000 folders"):
        site(folder).routes(["**/*.html"])


def test_a_route_leads_back_to_its_file(folder: Path) -> None:
    known = site(folder)
    assert known.file_of("/") == folder / "index.html"
    assert known.file_of("/docs/?page=2") == folder / "docs/index.html"
    assert known.file_of("/docs/%C3%A9t%C3%A9%201.html") == folder / "docs/été 1.html"
    assert known.file_of("/missing.html") is None
    assert Site(address="http://127.0.0.1:1", root=folder, folder=None).file_of("/") is None


def test_paths_and_addresses_of_the_site_are_routes(folder: Path) -> None:
    known = Site(address="https://shop.example/app/", root=folder, folder=None)
    assert known.routes(["/cart", "https://shop.example/app/", "https://shop.example/app/cart?a=1"]) == ("/", "/cart", "/cart?a=1")


@pytest.mark.parametrize("address", ["https://shop.example.evil/", "https://other.example/"])
def test_an_address_of_another_site_is_an_error(folder: Path, address: str) -> None:
    with pytest.raises(GateError, match=r"is not a page of https://shop\.example"):
        Site(address="https://shop.example", root=folder.parent, folder=folder).routes([address])


@pytest.mark.parametrize("entry", ["*.htm", "missing.html", "docs", "../public/index.html"])
def test_an_entry_that_stands_for_no_file_is_an_error_even_beside_others(folder: Path, entry: str) -> None:
    with pytest.raises(GateError, match=r"no file below `serve\.directory` fits") as raised:
        site(folder).routes(["/", entry])
    assert repr(entry) in raised.value.reason


def test_a_list_that_names_no_page_is_an_error(folder: Path) -> None:
    with pytest.raises(GateError, match="`pages` names no page"):
        site(folder).routes([])


def test_more_pages_than_anyone_will_wait_for_are_an_error(folder: Path) -> None:
    most = [f"/{number}" for number in range(5000)]
    assert len(site(folder).routes([*most, "/0"])) == 5000
    with pytest.raises(GateError, match="stands for more than 5000 pages"):
        site(folder).routes([*most, "/5000"])


def test_a_file_without_a_folder_is_an_error(folder: Path) -> None:
    with pytest.raises(GateError, match="neither an address nor a path"):
        Site(address="https://shop.example", root=folder, folder=None).routes(["index.html"])


def test_a_sitemap_is_read_from_the_repository_and_from_the_site(served: Site, folder: Path) -> None:
    assert site(folder).routes(["public/sitemap.xml"]) == ("/cart?a=1", "/docs/")
    assert served.routes(["/sitemap.xml"]) == ("/cart?a=1", "/docs/")
    assert served.routes([f"{served.address}/sitemap.xml"]) == ("/cart?a=1", "/docs/")


def test_an_index_of_sitemaps_is_followed_once(served: Site, folder: Path) -> None:
    (folder / "index.xml").write_text(INDEX.format("sitemap.xml"))
    (folder / "loop.xml").write_text(INDEX.format("loop.xml"))
    assert served.routes(["/index.xml"]) == ("/cart?a=1", "/docs/")
    with pytest.raises(GateError, match="an index within an index"):
        served.routes(["/loop.xml"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not XML that can be read"),
        ("<html>", "is not XML that can be read"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><urlset><url><loc>&b;</loc></url></urlset>", "is not XML that can be read"),
        (MAP.format(""), "names no page"),
    ],
    ids=["empty", "broken", "entities", "no page"],
)
def test_a_sitemap_that_names_no_page_is_an_error_even_beside_others(folder: Path, content: str, said: str) -> None:
    (folder / "sitemap.xml").write_text(content)
    with pytest.raises(GateError, match=rf"the sitemap public/sitemap\.xml {said}"):
        site(folder).routes(["/", "public/sitemap.xml"])


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("/missing.xml", "the sitemap /missing.xml could not be read: it answered 404"),
        ("missing.xml", "the sitemap missing.xml can't be read: No such file or directory"),
        ("../outside.xml", "'../outside.xml' leads out of the repository"),
    ],
)
def test_a_sitemap_that_is_not_there_or_not_ours_is_an_error(served: Site, tmp_path: Path, entry: str, said: str) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "outside.xml").write_text(MAP.format("<url><loc>/</loc></url>"))
    with pytest.raises(GateError) as raised:
        Site(address=served.address, root=tmp_path / "repository", folder=None).routes(["/", entry])
    assert raised.value.reason == said


def test_an_answer_that_drips_is_given_up(folder: Path) -> None:
    """Each byte comes well within any time-out of a socket; the drops stop when the reader has gone."""
    given_up = Event()
    dropped: list[int] = []

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not given_up.wait(0.01):
                self.wfile.write(b" ")
                dropped.append(1)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        slow = Site(address=f"http://127.0.0.1:{server.server_port}", root=folder.parent, folder=None, seconds=0.3)
        try:
            with pytest.raises(GateError, match="its answer did not end in time"):
                slow.routes(["/sitemap.xml"])
            with pytest.raises(GateError, match="in time"):
                slow.routes(["/another.xml"])  # the time is that of all sitemaps together
        finally:
            given_up.set()
            server.shutdown()
            thread.join()
    assert dropped


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """One that is gone by the time that it is looked into stands for one that nobody may read: root may read all."""
    with pytest.raises(GateError, match="the folder pages of the site can't be read: No such file"):
        _children(tmp_path / "pages", "pages")
