"""Where findings stand: what makes two lines the same, and what the evidence must not tell of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.change.places import LONG_ENOUGH, Secrets, Side, lines_of, places
from gates.model import Finding, Location, Place
from tests.judge.making import finding
from tests.runners.samples import SECRETS

TOKEN = SECRETS["github"]
NONE = Secrets()


def found(path: str, line: int, *, column: int | None = 1, rule: str = "secrets/x") -> Finding:
    return finding(1, gate="secrets", rule=rule, location=Location(path=path, line=line, column=column))


def side(root: Path, files: dict[str, str | bytes], *findings: Finding) -> Side:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Side(root=root, findings={"secrets": findings}, names={name: name for name in files})


def both(tmp_path: Path, was: str | bytes, now: str | bytes, *lines: tuple[int, int], secrets: Secrets = NONE) -> list[tuple[Place, Place]]:
    """The places of pairs of lines (before, now) of one file."""
    there = side(tmp_path / "there", {"a.py": was}, *(found("a.py", one) for one, _ in lines))
    here = side(tmp_path / "here", {"a.py": now}, *(found("a.py", other) for _, other in lines))
    at_here, at_there = ({place.line: place for place in made} for made in places(here, there, {"secrets": secrets}))
    return [(at_there[one], at_here[other]) for one, other in lines]


def test_a_line_is_known_by_its_text_without_the_space_around_it(tmp_path: Path) -> None:
    ((one, other),) = both(tmp_path, "a\nb\n  x = 1  \nc\n", "\tx = 1\r\n", (3, 1))
    assert one.text == other.text
    assert one.around != other.around
    ((one, other),) = both(tmp_path, "x = 1\n", "x =  1\n", (1, 1))
    assert one.text != other.text


def test_with_the_nearest_lines_that_are_not_blank(tmp_path: Path) -> None:
    ((one, other),) = both(tmp_path, "a\n\n\nx\n  \nb\n", "z\n  a\nx\nb\n", (4, 3))
    assert one.around == other.around
    ((one, other),) = both(tmp_path, "a\nx\nb\n", "a\nx\nc\n", (2, 2))
    assert (one.text == other.text, one.around == other.around) == (True, False)


def test_with_the_definitions_around_it(tmp_path: Path) -> None:
    was = "class A:\n    def f(self):\n        if x:\n            run(shell=True)\n"
    now = "import y\n\nclass A:\n    async def f(self, y):\n        run(shell=True)\n"
    ((one, other),) = both(tmp_path, was, now, (4, 5))
    assert one.within == other.within is not None
    for renamed in ("class B:\n    def f(self):\n        run(shell=True)\n", "class A:\n    def g(self):\n        run(shell=True)\n"):
        ((one, other),) = both(tmp_path, was, renamed, (4, 3))
        assert one.within != other.within


@pytest.mark.parametrize(
    "definition",
    ["export default async function f(a) {", "public static f\nfunc f() {", "pub(crate) fn f() {", "interface f {", "private class f {"],
)
def test_definitions_of_other_languages(tmp_path: Path, definition: str) -> None:
    lines = definition.count("\n") + 2
    ((one, other),) = both(tmp_path, f"{definition}\n  eval(request.body)\n}}\n", "def f():\n  eval(request.body)\n", (lines, 2))
    assert one.within == other.within


def test_a_short_line_is_known_within_nothing(tmp_path: Path) -> None:
    line = "x" * LONG_ENOUGH
    ((one, _), (other, _)) = both(tmp_path, f"{line}\n{line[1:]}\n", f"{line}\n{line[1:]}\n", (1, 1), (2, 2))
    assert (one.within is None, other.within is None) == (False, True)


def test_lines_end_at_any_newline(tmp_path: Path) -> None:
    ((one, other),) = both(tmp_path, b"a\rb\r\nx = 1\rc\n", b"a\nb\nx = 1\nc", (3, 3))
    assert (one.text, one.around) == (other.text, other.around)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-be-mark"])
def test_a_text_with_a_mark_is_read_as_the_mark_says(tmp_path: Path, encoding: str) -> None:
    text = f"a\r\nkey = '{TOKEN}'\r\nb\r\n"
    content = b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-mark" else text.encode(encoding)
    ((one, other),) = both(tmp_path, text, content, (2, 2), secrets=Secrets(values=frozenset({TOKEN})))
    assert (one.text, one.around, one.values) == (other.text, other.around, other.values)
    assert len(one.values) == 1


def test_what_can_be_read_in_several_ways_or_not_at_all_has_no_place(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "nul.py": b"a\0b\n",
        "wide.py": "a\n".encode("utf-16-le"),
        "broken.py": b"\xff\xfea",
        "short.py": "a\n",
    }
    findings = [*(found(name, 1) for name in files), found("short.py", 2), found("none.py", 1)]
    here = side(tmp_path / "here", files, *findings)
    (tmp_path / "here" / "link.py").symlink_to("short.py")
    here = Side(
        root=here.root,
        findings={"secrets": [*findings, found("link.py", 1)]},
        names={**here.names, "none.py": "none.py", "link.py": "link.py"},
    )
    nothing = Side(root=tmp_path, findings={}, names={})
    assert [(place.path, place.line) for place in places(here, nothing, {})[0]] == [("short.py", 1)]


def test_a_file_without_a_known_name_is_never_read(tmp_path: Path) -> None:
    here = side(tmp_path / "here", {"a.py": "a\n"}, found("a.py", 1), found("../secret", 1))
    (tmp_path / "secret").write_text("x\n", "utf-8")
    assert [place.path for place in places(here, Side(root=tmp_path, findings={}, names={}), {})[0]] == ["a.py"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(64 * 2**20 + 1)
    assert lines_of(tmp_path / "large") == []


# -- secrets


KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\n{}\nabc=\n-----END RSA PRIVATE " + "KEY-----\n"
BODIES = [f"MII{number * 13:061d}" for number in range(1, 4)]


def test_a_private_key_is_known_by_all_of_it(tmp_path: Path) -> None:
    secrets = Secrets(values=frozenset(BODIES))
    was, now = KEY.format(BODIES[0]), KEY.format(BODIES[1])
    ((one, other),) = both(tmp_path, was, now, (1, 1), secrets=secrets)
    assert (one.text == other.text, one.around == other.around, one.within == other.within) == (False, False, False)
    assert not set(one.values) & set(other.values)
    indented = "key: |\n" + "".join(f"  {line}\n" for line in was.splitlines()) + "next: 1\n"
    ((one, other),) = both(tmp_path, was, indented, (1, 2), secrets=secrets)
    assert (one.text, one.values) == (other.text, other.values)
    ((one, other),) = both(tmp_path, was + "a\n", was + now, (1, 1), secrets=secrets)
    assert (one.text, one.values) == (other.text, other.values)


def test_a_key_on_one_line_ends_on_it(tmp_path: Path) -> None:
    line = "key = '" + KEY.format(BODIES[0]).replace("\n", "\\n") + "'\n"
    ((one, other),) = both(tmp_path, f"{line}a\n", f"{line}b\n", (1, 1), secrets=Secrets(values=frozenset(BODIES)))
    assert (one.text, len(one.values)) == (other.text, 1)


def test_a_key_without_an_end_is_known_by_what_follows(tmp_path: Path) -> None:
    head = "PuTTY-User-" + "Key-File-3: ssh-rsa\n"
    ((one, other),) = both(tmp_path, f"{head}{BODIES[0]}\n", f"{head}{BODIES[1]}\n", (1, 1))
    assert one.text != other.text


def test_a_secret_that_is_not_on_its_line_is_known_by_what_belongs_to_it(tmp_path: Path) -> None:
    """As YAML has it: the scan names the key's line, and gives no column."""
    secrets = Secrets(unsearched=frozenset({"secrets/other"}))

    def place(text: str) -> Place | None:
        here = side(tmp_path / "here", {"a.yaml": text}, found("a.yaml", 2, column=None))
        return next(iter(places(here, Side(root=tmp_path, findings={}, names={}), {"secrets": secrets})[0]), None)

    there = Side(root=tmp_path, findings={}, names={})
    two = side(
        tmp_path / "two",
        {
            "a.yaml": "a: 1\npassword: >\n  one\nb: 2\n",
            "b.yaml": "a: 1\npassword: >\n  two\nb: 2\n",
            "c.yaml": "a: 1\npassword: >\n    one\nb: 3\n",
        },
        *(found(name, 2, column=None) for name in ("a.yaml", "b.yaml", "c.yaml")),
    )
    one, other, again = places(two, there, {"secrets": secrets})[0]
    assert (one.text == other.text, one.text == again.text) == (False, True)
    assert place("a: 1\npassword: *one\nb: 2\n") is None


def test_what_else_a_tool_gives_no_column_for_is_known_by_its_line(tmp_path: Path) -> None:
    here = side(tmp_path / "here", {"a.py": "def f():\n    a\ndef f():\n    b\n"}, *(found("a.py", line, column=None) for line in (1, 3)))
    one, other = places(here, Side(root=tmp_path, findings={}, names={}), {})[0]
    assert one.text == other.text


def test_a_line_with_a_secret_that_is_not_searched_for_says_nothing_of_values(tmp_path: Path) -> None:
    line = f"a = '{TOKEN}'; password = 'hunter2'\n"
    for rule, number in (("secrets/x", 0), ("secrets/y", 1)):
        here = side(tmp_path / "here", {"a.py": line}, found("a.py", 1, rule="secrets/x"))
        secrets = {"secrets": Secrets(values=frozenset({TOKEN}), unsearched=frozenset({rule}))}
        (place,) = places(here, Side(root=tmp_path, findings={}, names={}), secrets)[0]
        assert len(place.values) == number


def test_values_are_those_of_the_gates_that_found_something_on_the_line(tmp_path: Path) -> None:
    here = side(tmp_path / "here", {"a.py": f"a = '{TOKEN}'\n"}, found("a.py", 1))
    nothing = Side(root=tmp_path, findings={}, names={})
    (place,) = places(here, nothing, {"others": Secrets(values=frozenset({TOKEN})), "secrets": Secrets(values=frozenset({"", "none"}))})[0]
    assert place.values == ()


# -- what the evidence tells

TEXTS = st.lists(st.sampled_from(["a", "b", "  a", "def f():", "", "x = call(1, 2, 3)", "    x = call(1, 2, 3)"]), min_size=1, max_size=8)


@given(TEXTS, TEXTS)
def test_two_places_have_the_same_numbers_where_their_texts_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, was: list[str], now: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("sides")
    there = side(folder / "there", {"a.py": "\n".join(was)}, *(found("a.py", line + 1) for line in range(len(was))))
    here = side(folder / "here", {"a.py": "\n".join(now)}, *(found("a.py", line + 1) for line in range(len(now))))
    at_here, at_there = places(here, there, {})
    texts = [(now[place.line - 1].strip(), place) for place in at_here] + [(was[place.line - 1].strip(), place) for place in at_there]
    assert all(text for text, _ in texts)
    for text, place in texts:
        for other_text, other in texts:
            assert (text == other_text) == (place.text == other.text)
            assert place.around != other.around or text == other_text
            assert place.within is None or place.within != other.within or text == other_text
    numbers = {number for _, place in texts for number in (place.text, place.around, place.within) if number is not None}
    assert numbers == set(range(len(numbers)))


def test_each_line_is_looked_at_once_however_many_findings_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def counted(line: bytes) -> int:
        nonlocal looked
        looked += 1
        return len(line) - len(line.lstrip())

    monkeypatch.setattr("gates.change.places._indent", counted)
    lines = "".join(f"{' ' * (number % 7)}call_number({number})\n" for number in range(1000))
    here = side(tmp_path / "here", {"a.py": lines}, *(found("a.py", line) for line in range(1, 1001)))
    assert len(places(here, Side(root=tmp_path, findings={}, names={}), {})[0]) == 1000
    assert looked == 1000
