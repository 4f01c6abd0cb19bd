"""The store of carts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from shop.carts import Carts, EmptyCartError


def test_the_least_recently_used_cart_is_forgotten_first() -> None:
    carts = Carts(limit=2)
    for cart in ("first1", "second", "first1", "third3"):
        carts.put(cart, "assam", 1)
    assert [bool(carts.document(cart)["items"]) for cart in ("first1", "second", "third3")] == [True, False, True]


def test_orders_are_numbered_without_gaps_also_from_many_threads() -> None:
    carts = Carts()
    names = [f"cart{number:03}" for number in range(50)]
    for name in names:
        carts.put(name, "assam", 1)
    with ThreadPoolExecutor(8) as pool:
        orders = [order["order"] for order in pool.map(carts.check_out, names)]
    assert sorted(orders) == list(range(1, 51))


def test_nothing_can_be_bought_twice() -> None:
    carts = Carts()
    carts.put("abc123", "assam", 1)
    carts.check_out("abc123")
    with pytest.raises(EmptyCartError):
        carts.check_out("abc123")


@pytest.mark.parametrize(("sku", "quantity", "error"), [("coffee", 1, KeyError), ("assam", 0, ValueError), ("assam", 100, ValueError)])
def test_what_no_cart_takes(sku: str, quantity: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        Carts().put("abc123", sku, quantity)
