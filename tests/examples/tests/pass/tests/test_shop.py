import unittest

import pytest
from shop import total


def test_adds():
    assert total([100, 250]) == 350


@pytest.mark.parametrize(("discount", "expected"), [(0, 200), (50, 100), (100, 0)])
def test_discount(discount, expected):
    assert total([200], discount) == expected


class TestEmpty:
    def test_nothing_costs_nothing(self):
        assert total([]) == 0

    @pytest.mark.skip(reason="prices in fractions come with version 2")
    def test_fractions(self):
        assert total([0.5]) == 0.5

    @pytest.mark.xfail(reason="negative prices are not refused yet")
    def test_negative(self):
        assert total([-1]) == 0


class Limits(unittest.TestCase):
    def test_all_off_is_free(self):
        assert total([1, 2], 100) == 0
