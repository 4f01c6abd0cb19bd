"""Carts, kept in memory: a bounded number of them, the least recently used forgotten first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from shop.catalogue import PRODUCTS

MAX_CARTS = 10_000
MAX_QUANTITY = 99


class EmptyCartError(Exception):
    """There is nothing to buy."""


class Carts:
    """All carts by id. Safe to use from several threads."""

    def __init__(self, limit: int = MAX_CARTS) -> None:
        self._limit = limit
        self._carts: OrderedDict[str, dict[str, int]] = OrderedDict()
        self._orders = 0
        self._lock = threading.Lock()

    def put(self, cart: str, sku: str, quantity: int) -> None:
        """Set how many of a product are in a cart. Raises `KeyError` for a product that is not sold, `ValueError` for a quantity."""
        if sku not in PRODUCTS:
            raise KeyError(sku)
        if not 1 <= quantity <= MAX_QUANTITY:
            raise ValueError(f"a quantity is 1 to {MAX_QUANTITY}")
        with self._lock:
            self._carts.setdefault(cart, {})[sku] = quantity
            self._carts.move_to_end(cart)
            while len(self._carts) > self._limit:
                self._carts.popitem(last=False)

    def remove(self, cart: str, sku: str) -> None:
        """Take a product out of a cart; nothing happens where it is not in there."""
        with self._lock:
            self._carts.get(cart, {}).pop(sku, None)

    def document(self, cart: str) -> dict[str, Any]:
        """The cart as the interface shows it. A cart that nobody has filled is empty."""
        with self._lock:
            return self._document(cart)

    def check_out(self, cart: str) -> dict[str, Any]:
        """Buy what is in a cart, and empty it: the order's number, what was bought, the total in cents. Raises `EmptyCartError`."""
        with self._lock:
            bought = self._document(cart)
            if not bought["items"]:
                raise EmptyCartError
            self._carts.pop(cart)
            self._orders += 1
            return {"order": self._orders, "items": bought["items"], "total": bought["total"]}

    def _document(self, cart: str) -> dict[str, Any]:
        items = [{"sku": sku, "quantity": count, "price": PRODUCTS[sku].price} for sku, count in self._carts.get(cart, {}).items()]
        return {"cart": cart, "items": items, "total": sum(item["quantity"] * item["price"] for item in items)}
