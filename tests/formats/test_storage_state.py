"""What a login program gave: read whole, or refused in words that hold none of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gates.errors import GateError
from gates.formats.storage_state import read_state
from tests.runners.behind_login import COOKIE, TOKEN, a_state

DEEP = b"[" * 100_000


def read(data: Any) -> Any:
    return read_state(data if isinstance(data, bytes) else json.dumps(data).encode())


def test_cookies_are_told_as_devtools_takes_them() -> None:
    state = read(
        a_state(
            {"expires": -1, "httpOnly": True, "sameSite": "Lax"},
            {"domain": ".shop.example", "secure": True, "expires": 1890000000.5, "path": "/shop"},
            {"domain": "shop.example", "secure": True, "partitionKey": "https://shop.example", "_crHasCrossSiteAncestor": False},
        )
    )
    alone, shared, parted = state.cookies
    assert alone == {
        "name": "session",
        "value": COOKIE,
        "path": "/",
        "secure": False,
        "httpOnly": True,
        "url": "http://127.0.0.1/",
        "sameSite": "Lax",
    }
    assert (shared["domain"], shared["path"], shared["expires"], "url" in shared) == (".shop.example", "/shop", 1890000000.5, False)
    assert (parted["url"], parted["partitionKey"]["topLevelSite"]) == ("https://shop.example/", "https://shop.example")


@pytest.mark.parametrize(
    ("domain", "host", "fits"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "localhost", False),
        (".shop.example", "shop.example", True),
        (".shop.example", "www.shop.example", True),
        (".shop.example", "workshop.example", False),
        ("shop.example", "www.shop.example", False),
        ("Shop.example", "shop.example", True),
    ],
)
def test_a_state_fits_the_hosts_that_it_is_for(domain: str, host: str, fits: bool) -> None:
    assert read(a_state({"domain": domain})).fits(f"http://{host}:8000/shop") is fits


def test_local_storage_is_kept_by_origin_and_fits_its_host() -> None:
    state = read(a_state(origin="http://127.0.0.1:8000", items={"a": "1", "b": "2"}))
    assert state.origins == {"http://127.0.0.1:8000": {"a": "1", "b": "2"}}
    assert state.fits("http://127.0.0.1:8000")
    assert not state.fits("http://127.0.0.1:8001")
    assert not state.fits("https://127.0.0.1:8000")


def test_each_value_is_a_secret_and_so_are_the_texts_that_it_is_made_of() -> None:
    inner = json.dumps({"token": TOKEN, "short": "abc", "user": 1234567890, "list": ["first-of-all", "\ud800half-of-one"]})
    whole = json.dumps({"redux": inner, "on": True})
    secrets = set(read(a_state({"value": "s%3Adecoded-value"}, items={"state": whole})).secrets())
    assert {"s%3Adecoded-value", "s:decoded-value", whole, inner, TOKEN, "1234567890", "first-of-all", "half-of-one"} == secrets


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"signing in\n{}", "it is not JSON"),
        (b'{"cookies": [', "it is not JSON"),
        (DEEP, "it is not JSON"),
        (b"\xff", "it is not JSON"),
        ([{"name": "session", "value": COOKIE}], "it is not a JSON object"),
        ({}, "without a cookie and without an item of local storage"),
        ({"cookies": [], "origins": [{"origin": "http://127.0.0.1", "localStorage": []}]}, "without a cookie and without an item"),
        ({"cookies": {"session": COOKIE}}, "cookies is no list"),
        ({"cookies": [COOKIE]}, "cookies[0] is no JSON object"),
        (a_state({}, {"value": 12345678}), "cookies[1] has no text 'value'"),
        (a_state({"value": "\ud800" + COOKIE}), "cookies[0].value holds half a character"),
        (a_state({"name": ""}), "cookies[0] has an empty name"),
        (a_state({"domain": "."}), "cookies[0].domain is no host"),
        (a_state({"domain": "http://127.0.0.1"}), "cookies[0].domain is no host"),
        (a_state({"domain": "[::1"}), "cookies[0].domain is no host"),
        (a_state({"path": None}), "cookies[0] has no text 'path'"),
        (a_state({"secure": "yes"}), "cookies[0].secure is neither true nor false"),
        (a_state({"sameSite": COOKIE}), "cookies[0].sameSite is none of Strict, Lax, None"),
        (a_state({"sameSite": ["Lax"]}), "cookies[0].sameSite is none of Strict, Lax, None"),
        (a_state({"expires": COOKIE}), "cookies[0].expires is no number"),
        (a_state({"expires": float("nan")}), "cookies[0].expires is no number"),
        (a_state(origin="http://[::1", items={"a": TOKEN}), "origins[0].origin is no origin"),
        (a_state(origin="shop.example", items={"a": TOKEN}), "origins[0].origin is no origin"),
        (a_state(origin="https://shop.example/cart", items={"a": TOKEN}), "origins[0].origin is no origin"),
        ({"origins": [{"origin": "http://127.0.0.1", "localStorage": [{"name": "a"}]}]}, "origins[0].localStorage[0] has no text 'value'"),
        ({"origins": [{"origin": "http://127.0.0.1", "indexedDB": [{"name": TOKEN}]}]}, "origins[0] holds an IndexedDB"),
    ],
)
def test_what_is_no_state_is_refused_with_its_place_and_without_a_value(data: Any, reason: str) -> None:
    with pytest.raises(GateError) as error:
        read(data)
    assert reason in error.value.reason
    assert error.value.remedy
    assert COOKIE not in error.value.reason + error.value.remedy
    assert TOKEN not in error.value.reason + error.value.remedy
