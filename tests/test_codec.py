"""Model values to JSON data and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates import codec
from gates.model import Location, Severity


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Sample:
    name: str
    number: int = 0
    exact: Decimal | None = None
    on: bool = False
    day: date = date(2026, 1, 1)
    colour: Colour = Colour.RED
    severity: Severity = Severity.HIGH
    word: Literal["a", "b"] = "a"
    items: tuple[str, ...] = ()
    table: Mapping[str, int] = field(default_factory=dict)
    inner: Sample | None = None


samples = st.builds(
    Sample,
    name=st.text(),
    number=st.integers(-1000, 1000),
    exact=st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    on=st.booleans(),
    day=st.dates(),
    severity=st.sampled_from(Severity),
    word=st.sampled_from(["a", "b"]),
    items=st.lists(st.text()).map(tuple),
    table=st.dictionaries(st.text(), st.integers(0, 9)),
)


@given(samples, st.none() | samples)
def test_what_is_written_is_read_back(sample: Sample, inner: Sample | None) -> None:
    value = Sample(name="outer", inner=inner, table=sample.table)
    assert codec.decode(Sample, codec.encode(value)) == value
    assert codec.decode(Sample, codec.encode(sample)) == sample


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], r"\$: expected an object"),
        ({}, "key 'name' is missing"),
        ({"name": "x", "nmae": "y"}, "unknown key 'nmae'"),
        ({"name": 1}, r"\$\.name: expected a text"),
        ({"name": "x", "number": True}, r"\$\.number: expected an integer"),
        ({"name": "x", "exact": 1.5}, "expected a text"),
        ({"name": "x", "exact": "1.50"}, "is not a Decimal, plainly"),
        ({"name": "x", "exact": "abc"}, "is not a Decimal"),
        *(({"name": "x", "exact": text}, "is not a Decimal, plainly") for text in ("NaN", "sNaN", "Infinity", "-Infinity", "1_0")),
        ({"name": "x", "day": "2026-02-30"}, "is not a date"),
        ({"name": "x", "colour": "blue"}, "is not a Colour"),
        ({"name": "x", "severity": "dire"}, "unknown severity"),
        ({"name": "x", "word": "c"}, "one of"),
        ({"name": "x", "items": "abc"}, "expected a list"),
        ({"name": "x", "items": ["a", 1]}, r"items\[1\]: expected a text"),
        ({"name": "x", "inner": {"name": 3}}, r"\$\.inner\.name"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        codec.decode(Sample, data)


def test_a_value_that_refuses_to_be_built_wrong_says_where() -> None:
    with pytest.raises(ValueError, match=r"\$: line counts from 1, not 0"):
        codec.decode(Location, {"path": "a.py", "line": 0})


@pytest.mark.parametrize(("value", "text"), [("84.60", "84.6"), ("100", "100"), ("1E+2", "100"), ("-0.0", "0"), ("0.001", "0.001")])
def test_decimals_are_plain_and_short(value: str, text: str) -> None:
    assert codec.decimal_text(Decimal(value)) == text


def test_a_type_that_nobody_planned_for_is_not_read() -> None:
    with pytest.raises(TypeError, match="is not supported"):
        codec.decode(bytes, "text")


def test_floats_and_large_integers_are_not_written() -> None:
    for value in (1.5, 2**53, object()):
        with pytest.raises(TypeError):
            codec.encode(value)
