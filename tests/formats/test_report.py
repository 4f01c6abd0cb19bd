"""The shapes that every format's reader asks for."""

from __future__ import annotations

from typing import Any

import pytest

from gates.api import GateError
from gates.formats.report import mapping, objects


@pytest.mark.parametrize("value", [7, {}, "text", [7], [{}, []]], ids=str)
def test_a_list_of_objects_holds_objects_alone(value: Any) -> None:
    with pytest.raises(GateError, match="'runs' is not a list of objects"):
        objects({"runs": value}, "runs", "report.json")


def test_a_list_that_is_not_there_is_empty() -> None:
    assert objects({}, "runs", "report.json") == []
    assert objects({"runs": [{"a": 1}]}, "runs", "report.json") == [{"a": 1}]


@pytest.mark.parametrize("value", [7, [], "text"], ids=str)
def test_an_object_is_one(value: Any) -> None:
    with pytest.raises(GateError, match=r"report\.json"):
        mapping(value, "report.json")
