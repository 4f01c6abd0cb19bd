"""Canonical JSON, held against another implementation of RFC 8785."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gates import canonical

keys = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=5)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts
documents = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20)


@given(documents)
def test_our_bytes_are_those_of_another_implementation(data: Any) -> None:
    written = canonical.dumps(data)
    assert written == rfc8785.dumps(data)
    assert canonical.loads(written) == data


@pytest.mark.parametrize("data", [1.5, {"é": 1}, {1: 2}, "\ud800", 2**53, float("nan"), b"x", {"a": (1,)}])
def test_what_could_be_written_in_two_ways_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"can't stand|not ASCII|larger"):
        canonical.dumps(data)


def test_too_deep_is_refused() -> None:
    deep: object = 1
    for _ in range(canonical.MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(ValueError, match="nested deeper"):
        canonical.dumps(deep)


@pytest.mark.parametrize(
    "content",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b"[1.0]",
        b"NaN",
        b"\xef\xbb\xbf1",
        b'"\\ud800"',
        b"[" * 100_000,
        b"",
        b"1 ",
        b'"\\u0041"',
        b"\xff",
    ],
)
def test_only_canonical_bytes_are_read(content: bytes) -> None:
    with pytest.raises(ValueError, match="not canonical JSON"):
        canonical.loads(content)


def test_numbers_that_python_alone_reads_are_refused() -> None:
    assert json.loads("1E400") == float("inf")
    with pytest.raises(ValueError, match="not canonical JSON"):
        canonical.loads(b"1E400")
