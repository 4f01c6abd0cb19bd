"""Text from outside can't move a cursor, turn a line around or command a CI runner."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.report.safe import terminal, unicode_text, visible, visible_lines, web_address

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b2J", "\\x9b2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\U000e0041", "\\U000e0041"),
        ("\udc80", "\\udc80"),
        ("Größe 漢字 👩‍🚀", "Größe 漢字 👩‍🚀"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT)
def test_no_control_is_left_and_all_can_be_encoded(text: str) -> None:
    for line in (visible(text), *visible_lines(text), terminal(text)):
        line.encode()
        assert not [char for char in line if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in "\u202a\u202b\u202d\u202e"]


@given(ANY_TEXT, st.sampled_from(["::error::x", "  ::set-output name=a::b", "##[error]x", "a ##[debug]"]))
def test_no_line_is_a_command(text: str, command: str) -> None:
    for line in (terminal(f"{text}{command}"), terminal(command + text)):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@given(ANY_TEXT)
def test_surrogates_alone_are_replaced(text: str) -> None:
    unicode_text(text).encode()
    assert len(unicode_text(text)) == len(text)


@pytest.mark.parametrize("address", ["https://osv.dev/vulnerability/A-1?x=1&y=%20#z", "http://127.0.0.1:8000/"])
def test_addresses_of_the_web_are_links(address: str) -> None:
    assert web_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        " https://a.example",
        'https://a.example/"x',
        "https://a\u202e.example",
        "//a.example",
        "docs/x.md",
        "",
        "https://a.example\n",
    ],
)
def test_all_else_is_text(text: str) -> None:
    assert web_address(text) == ""
