"""What schemathesis is told, and what is believed of what it says."""

from __future__ import annotations

import tomllib

import pytest

from gates.api import GateError
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
