"""Which files a list or an address may seem to name where it names another."""

from __future__ import annotations

import pytest

from gates.api import Raw
from gates.formats import named_files
from gates.formats.report import Places

PLACES = Places(known={"/work/shop": "{root}"})


@pytest.mark.parametrize(
    "name",
    [
        "x\nsrc/a.py",
        "src/a.py\nx",
        "x\r\nsrc/a.py",
        "x\u2028src/a.py",
        "x\x0csrc/a.py",
        "x\n./src/a.py",
        "x\n/work/shop/src/a.py",
        "x\nfile:///work/shop/src/a.py",
        " src/a.py",
        "src/a.py\t",
        "src\\a.py",
        "src%2Fa.py",
        "src/%61.py",
        "file:src/a.py",
        "file:/work/shop/src/a.py",
        "src/a.py?x",
        "src/a.py#L1",
        "src/a\t.py",
    ],
)
def test_a_name_that_is_read_as_another_s_is_noticed(name: str) -> None:
    assert named_files.mistakable([name, "src/a.py"], {"src/a.py", name}, PLACES) == {"src/a.py": name}


@pytest.mark.parametrize("name", ["src/b.py", "my file.py", "a:b.py", "50% off.py", "what?.py", "src/ä.py", "other/src/a.py", "[a].py"])
def test_a_name_that_is_not_takes_nothing_away(name: str) -> None:
    assert named_files.mistakable([name, "src/a.py"], {"src/a.py", name}, PLACES) == {}


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        (b"a.py\nb.py\n", ("a.py", "b.py")),
        (b"a.py\0b.py\0", ("a.py", "b.py")),
        (b"a.py\nb.py\0", ("a.py\nb.py",)),
    ],
)
def test_with_a_nul_behind_each_a_name_may_hold_a_line_end(listed: bytes, found: tuple[str, ...]) -> None:
    raw = Raw(gate="lint", uses="external", parser=2, members={"seen": listed})
    assert named_files.read(raw, "seen", PLACES) == found
