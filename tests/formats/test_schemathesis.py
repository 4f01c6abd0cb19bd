"""What schemathesis is told, and what is believed of what it says."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from gates.api import GateError, Raw
from gates.formats import schemathesis
from gates.formats.openapi import Operation

GONE = Operation(name="GET /gone", path=None, line=None, answers=("410",))


def test_it_is_told_to_remember_nothing_and_to_stop_at_nothing() -> None:
    told = tomllib.loads(schemathesis.configuration([], headers=("X-Pass",), checks=()))
    assert (told["continue-on-failure"], told["max-redirects"], told["workers"]) == (True, 0, 1)
    assert (told["cache"], told["warnings"]) == ({"enabled": False}, {"fail-on": True})
    assert told["analysis"] == {"constants": {"enabled": False}}
    assert told["headers"] == {"X-Pass": "${GATES_HEADER_0}"}


def test_it_is_told_which_checks_to_make_and_what_refuses_always() -> None:
    told = tomllib.loads(schemathesis.configuration([GONE], headers=(), checks=("not-a-server-error",)))
    assert told["checks"] == {"enabled": False, "not_a_server_error": {"enabled": True}}
    (operation,) = told["operations"]
    assert (operation["include-name"], operation["checks"]) == ("GET /gone", {"positive_data_acceptance": {"enabled": False}})


@pytest.mark.parametrize(
    "error",
    [{"type": "ServerUnavailable", "message": "after 3 requests"}, {"type": "ConnectionError", "message": "Connection refused"}],
    ids=["its own word", "the system's"],
)
def test_a_service_that_is_gone_proves_nothing(error: dict[str, str]) -> None:
    with pytest.raises(GateError, match="the service stopped answering while it was tested"):
        schemathesis._error(error)


@pytest.mark.parametrize("code", [2, -9, None], ids=str)
def test_an_exit_code_that_means_neither_yes_nor_no_proves_nothing(code: int | None) -> None:
    """Whatever the report says: it may have been written before that."""
    report: dict[str, Any] = {
        "exit_code": code,
        "complete": True,
        "stop_reason": "completed",
        "test_cases": {"generated": 3, "without_checks": 0},
        "failures": [],
        "errors": [],
        "warnings": {},
    }
    tools: list[dict[str, Any]] = [{"tool": "schemathesis", "version": "4", "argv": [], "exit_code": code}]
    members = {schemathesis.REPORT: json.dumps(report).encode(), "tools.json": json.dumps(tools).encode()}
    with pytest.raises(GateError, match="which its report does not explain"):
        schemathesis._report(Raw(gate="contracts", uses="contracts", parser=1, members=members))
