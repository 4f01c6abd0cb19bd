"""Run by pytest through the external gate, never by our own suite."""

from src.cart import total


def test_total() -> None:
    assert total([1, 2]) == 3


def test_discount() -> None:
    assert total([100]) == 90
