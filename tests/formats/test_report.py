"""The shapes that every format's reader asks for."""

from __future__ import annotations

from typing import Any

import pytest

from gates.api import GateError, Raw
from gates.formats.report import document, mapping, objects


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


def test_a_document_that_is_nested_too_deeply_is_refused() -> None:
    raw = Raw(gate="checks", uses="external", parser=1, members={"report.json": b"[" * 100_000})
    with pytest.raises(GateError, match=r"report\.json is not JSON that can be read: it is nested too deeply"):
        document(raw, "report.json")
