"""Run by pytest through the external gate, never by our own suite."""

import pytest
from src.cart import total


@pytest.mark.parametrize("prices", [[], [1, 2]])
def test_total(prices: list[int]) -> None:
    assert total(prices) == sum(prices)


@pytest.mark.skip(reason="no printer here")
def test_receipt() -> None:
    raise AssertionError
