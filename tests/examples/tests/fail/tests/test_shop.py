import pytest
from shop import total


def check(prices, expected):
    assert total(prices) == expected


def test_adds():
    check([100, 250], 350)


def test_is_wrong():
    prices = [1, 2]
    check(prices, 4)


@pytest.mark.parametrize("discount", [10, 200])
def test_discount(discount):
    assert total([100], discount) < 100


@pytest.fixture
def database():
    raise ConnectionError("no database")


def test_needs_a_database(database):
    assert database
