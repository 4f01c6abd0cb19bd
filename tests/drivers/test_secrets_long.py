"""Long lines: a keyword pattern that is tried where a keyword begins finds what it finds when it is tried everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from detect_secrets.plugins import keyword
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.drivers import secrets_long

#: detect-secrets' own, by name: the tables may hold what stands for them.
PATTERNS = {name: pattern for name, pattern in vars(keyword).items() if isinstance(pattern, re.Pattern)}
WORDS = [word.replace("_?", mark) for word in keyword.DENYLIST for mark in ("_", "")]
#: Letters that fold to those of a keyword, and one keyword within another.
FOLDED = ["\u017fecret", "api_\u212aey", "contrase\u00d1a", "pr\u0130vate_key", "key_password"]
#: A keyword of some patterns alone, and within it one of all.
MIXED = ["DB_password", "KEY_passwd", "key_PASSword", "Database_password"]
BETWEEN = [
    "x",
    "_",
    "é",
    "日",
    "1",
    " ",
    "[3]",
    "]",
    "\t",
    ",",
    "@",
    ".assign",
    "(",
    ":",
    ":=",
    "=",
    "==",
    "!==",
    "=>",
    ";",
    "'",
    '"',
    "`",
    "\x0b",
]
PIECES = st.sampled_from([*WORDS, *map(str.upper, WORDS), *FOLDED, *MIXED, *BETWEEN, '"value"', "'value'", "value"])
ASSIGNED = st.tuples(st.sampled_from([*WORDS, *MIXED]), st.sampled_from(BETWEEN), st.sampled_from(['"a b"', "'x'", "y", '"z";'])).map(
    "".join
)
LINES = st.lists(st.one_of(PIECES, ASSIGNED), max_size=10).map("".join)


@pytest.fixture(autouse=True, scope="module")
def _every_line_is_long() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets_long, "LONG", 0)
        yield


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_the_first_match_is_the_same(line: str) -> None:
    for name, pattern in PATTERNS.items():
        expected, found = pattern.search(line), secrets_long.Anchored(pattern).search(line)
        if not pattern.pattern.startswith(keyword.DENYLIST_REGEX):
            continue
        assert (found and (found.span(), found.groups())) == (expected and (expected.span(), expected.groups())), name


@pytest.mark.parametrize("line", [f'{word}{call}("hunter2x");' for word in MIXED for call in ("", ".assign")])
def test_a_keyword_that_begins_within_another_in_capitals_is_found(line: str) -> None:
    """In C++ keywords are in small letters alone: a scan that takes `DB_pass` for one passes over `password`."""
    case_sensitive = [pattern for pattern in PATTERNS.values() if not pattern.flags & re.IGNORECASE]
    assert [pattern for pattern in case_sensitive if pattern.search(line)] or "PASSword" in line
    for pattern in case_sensitive:
        expected, found = pattern.search(line), secrets_long.Anchored(pattern).search(line)
        if pattern.pattern.startswith(keyword.DENYLIST_REGEX):
            assert (found and found.span()) == (expected and expected.span())


@pytest.mark.parametrize("name", [name for name, pattern in PATTERNS.items() if pattern.pattern.startswith(keyword.DENYLIST_REGEX)])
def test_each_pattern_finds_a_secret_far_behind(name: str) -> None:
    """Behind words that are no keyword, a keyword that is none of this pattern's, and letters beyond Latin-1."""
    forms = (
        'my_password: "horse"',
        'PASSWORD = "horse"',
        'secret("horse")',
        "db_pass := 'horse'",
        'pwd "horse";',
        "secret => 'horse'",
        "api_key=horse",
    )
    line = "key passing 日本 é secret-free " * 400 + " ".join(forms)
    pattern = PATTERNS[name]
    expected, found = pattern.search(line), secrets_long.Anchored(pattern).search(line)
    assert expected is not None
    assert found is not None
    assert found.span() == expected.span()


def test_the_tables_keep_their_order_and_groups() -> None:
    before = {
        kind: [(pattern.pattern, group) for pattern, group in table.items() if isinstance(pattern, re.Pattern)]
        for kind, table in keyword.REGEX_BY_FILETYPE.items()
    }
    secrets_long.anchor()
    secrets_long.anchor()
    anchored = 0
    for kind, table in keyword.REGEX_BY_FILETYPE.items():
        plain = [(getattr(pattern, "_pattern", pattern).pattern, group) for pattern, group in table.items()]
        assert not before[kind] or [item for item in plain if item in before[kind]] == before[kind]
        anchored += sum(isinstance(pattern, secrets_long.Anchored) for pattern in table)
    assert anchored > 20
    assert any(isinstance(pattern, secrets_long.Anchored) for pattern in keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP)
