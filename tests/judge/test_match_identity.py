"""Packages and elements of pages held against the base: what is known by its identity, and by its line where the page changed."""

from __future__ import annotations

from collections.abc import Sequence

from gates.judge.match import match
from gates.model import Change, Compared, Facts, FileChange, Finding, Hunk, Location, Place, State
from tests.judge.making import facts, finding

PAGE = "public/index.html"
Places = tuple[Place, ...]
NEW, OLD = State.NEW, State.EXISTING


def element(selector: str, line: int | None, *, page: str = "index") -> Finding:
    where = Location(url=f"/{page}.html", selector=selector, path=f"public/{page}.html", line=line)
    return finding(gate="accessibility", location=where, fingerprint=f"fp1:{page} {selector}")


def package(version: str, path: str = "uv.lock") -> Finding:
    where = Location(path=path, line=1, purl=f"pkg:pypi/teapot@{version}")
    return finding(gate="dependencies", location=where, fingerprint=f"fp1:{version}")


def states(gate: str, here: Sequence[Finding], there: Sequence[Finding], change: Change) -> list[State]:
    compared: Facts = facts(*here, gate=gate)
    return list(match(compared, facts(*there, gate=gate), change).states)


def changed(*hunks: Hunk, gate: str = "accessibility", files: Sequence[FileChange] = (), here: Places = (), there: Places = ()) -> Change:
    known = [FileChange(base=PAGE, path=PAGE, hunks=hunks)] if hunks else []
    return Change(base="0" * 40, found_by="a test", files=(*known, *files), here=here, there=there, gates=(Compared(gate=gate),))


def on(*texts: int, page: str = PAGE) -> Places:
    """Places on lines 3, 4 and so on, by the numbers of their texts."""
    return tuple(Place(path=page, line=line, text=text, around=text) for line, text in enumerate(texts, 3))


def added(at: int) -> Hunk:
    return Hunk(base_start=at - 1, base_lines=0, start=at, lines=1)


def test_an_element_that_is_put_before_others_is_the_new_one_though_it_has_the_selector_of_an_old_one() -> None:
    here = [element("p:nth-child(1)", 3), element("p:nth-child(2)", 4), element("p:nth-child(3)", 5)]
    there = [element("p:nth-child(1)", 3), element("p:nth-child(2)", 4)]
    assert states("accessibility", here, there, changed(added(3), here=on(9, 1, 2), there=on(1, 2))) == [NEW, OLD, OLD]


def test_an_element_is_known_by_its_line_in_a_page_that_was_renamed() -> None:
    renamed = FileChange(base="public/old.html", path=PAGE, hunks=())
    change = changed(files=[renamed], here=on(1), there=on(1, page="public/old.html"))
    assert states("accessibility", [element("p", 3)], [element("p", 3, page="old")], change) == [OLD]


def test_an_element_that_moved_within_its_page_is_known_by_its_text() -> None:
    moved = changed(
        Hunk(base_start=3, base_lines=1, start=2, lines=0),
        added(9),
        here=(Place(path=PAGE, line=9, text=1, around=4),),
        there=(Place(path=PAGE, line=3, text=1, around=3),),
    )
    assert states("accessibility", [element("p:nth-child(7)", 9)], [element("p:nth-child(1)", 3)], moved) == [OLD]


def test_an_element_that_moved_with_its_neighbours_is_known_in_another_page_unless_it_is_a_copy() -> None:
    there = (Place(path=PAGE, line=4, text=2, around=5),)
    here = (*there, Place(path="public/other.html", line=7, text=2, around=5))
    other = FileChange(path="public/other.html")
    moved = changed(files=[FileChange(base=PAGE), other], here=here, there=there)
    assert states("accessibility", [element("a", 7, page="other")], [element("a", 4)], moved) == [OLD]
    copied = changed(files=[other], here=here, there=there)
    assert states("accessibility", [element("a", 4), element("a", 7, page="other")], [element("a", 4)], copied) == [OLD, NEW]


def test_a_line_in_another_page_does_not_take_an_element_from_its_own() -> None:
    there = on(1)
    change = changed(
        Hunk(base_start=3, base_lines=1, start=3, lines=1),
        files=[FileChange(base="public/other.html", path="public/other.html", hunks=(Hunk(base_start=3, base_lines=1, start=3, lines=1),))],
        here=(*on(2), *on(1, page="public/other.html")),
        there=there,
    )
    here = [element("img", 3), element("img", 3, page="other")]
    assert states("accessibility", here, [element("img", 3)], change) == [OLD, NEW]


def test_the_selector_tells_in_a_page_that_is_as_it_was_even_where_all_stands_on_one_line() -> None:
    here, there = [element("p:nth-child(2)", 1), element("#total", 1)], [element("p:nth-child(1)", 1), element("#total", 1)]
    elsewhere = changed(files=[FileChange(base="public/style.css", path="public/style.css", hunks=(added(1),))])
    assert states("accessibility", here, there, elsewhere) == [NEW, OLD]


def test_an_element_whose_line_was_edited_is_known_by_its_selector() -> None:
    edited = Hunk(base_start=3, base_lines=1, start=3, lines=1)
    here, there = (Place(path=PAGE, line=3, text=1, around=1),), (Place(path=PAGE, line=3, text=2, around=2),)
    change = changed(edited, here=here, there=there)
    assert states("accessibility", [element("#total", 3)], [element("#total", 3)], change) == [OLD]
    assert states("accessibility", [element("#sum", 3)], [element("#total", 3)], change) == [NEW]


def test_what_one_file_pins_is_compared_with_that_file_first_though_it_was_renamed() -> None:
    renamed = changed(gate="dependencies", files=[FileChange(base="uv.lock", path="locks/uv.lock"), FileChange(path="a.txt")])
    here = [package("1.0", "a.txt"), package("2.0", "locks/uv.lock")]
    assert states("dependencies", here, [package("1.0")], renamed) == [NEW, OLD]


def test_a_package_is_the_same_at_another_version_and_in_another_file() -> None:
    moved = changed(gate="dependencies", files=[FileChange(base="uv.lock"), FileChange(path="a.txt")])
    assert states("dependencies", [package("2.0", "a.txt")], [package("1.0")], moved) == [OLD]
    twice = [package("1.0", "a.txt"), package("2.0", "a.txt")]
    assert states("dependencies", twice, [package("2.0")], moved) == [NEW, OLD]
