"""Whether the page that a browser shows is the one that was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from gates.drivers import axe_visit
from gates.drivers.axe_visit import NotExaminedError


@pytest.mark.parametrize(
    ("wanted", "final", "changed"),
    [
        ("page=account", "page=login", ["page"]),
        ("page=account", "", ["page"]),
        ("account", "login", ["account"]),
        ("page=account&sort=up", "page=account", ["sort"]),
        ("page=account", "page=account&page=login", ["page"]),
        ("page=account", "lang=en&page=account", []),
        ("q=a%20b&empty=", "empty&q=a+b", []),
        ("", "session=1", []),
    ],
)
def test_values_of_a_query_that_have_changed(wanted: str, final: str, changed: list[str]) -> None:
    assert axe_visit.changed_values(wanted, final) == changed


@pytest.mark.parametrize(
    ("arrived", "shown"),
    [("?page=login", "?page=login"), ("?page=login", "?page=account"), ("?page=account", "?page=login"), ("", "?page=login")],
)
def test_a_page_of_another_query_is_another_page_wherever_it_shows(arrived: str, shown: str) -> None:
    page = "https://shop.example/index.php"
    state: dict[str, Any] = {"href": page + shown, "arrived": arrived and page + arrived, "status": 200, "type": "text/html"}
    with pytest.raises(NotExaminedError, match=r"it leads to /index\.php where 'page' in the query is gone or another"):
        axe_visit.check_arrival(state, {"address": f"{page}?page=account"})
