"""The search finds what it is to find; without that, to find nothing would prove nothing."""

from __future__ import annotations

import pytest

from gates.redact import Redactor
from tests.leaks.places import FOUND_MARK, canary
from tests.leaks.search import ENCODINGS, traces

SECRET = canary("search")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_it_finds_a_secret_in_every_encoding(encoding: str) -> None:
    content = b'{"a": "before ' + ENCODINGS[encoding](SECRET) + b' after"}\n'
    assert traces(content, [SECRET], [FOUND_MARK])


WITHIN = [
    ("gzip", "percent"),
    ("zip", "HTML, decimal"),
    ("gzip", "base64 in lines"),
    ("percent, twice", "base64, alignment 2"),
    ("HTML, decimal", "percent"),
    ("JSON, every character", "hex"),
    ("UTF-16, little end first", "HTML, hexadecimal"),
]


@pytest.mark.parametrize(("outer", "inner"), WITHIN)
def test_it_finds_one_encoding_within_another(outer: str, inner: str) -> None:
    content = ENCODINGS[outer](ENCODINGS[inner](SECRET).decode("ascii"))
    assert traces(content, [SECRET], [FOUND_MARK])


def test_it_finds_nothing_where_there_is_nothing() -> None:
    content = b" ".join(encode(canary("another").replace(FOUND_MARK, "x" * 12)) for encode in ENCODINGS.values())
    assert traces(content, [SECRET], [FOUND_MARK]) == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_redactor_masks_every_encoding(encoding: str) -> None:
    content = ENCODINGS[encoding](SECRET)
    redactor = Redactor([SECRET])
    assert redactor.finds(content)
    assert traces(redactor.redact(content), [SECRET], [FOUND_MARK]) == []
