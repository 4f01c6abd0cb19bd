"""Parameters in the ways in which their number may not be what their marks seem to say."""

import functools
import sys
import unittest

import pytest
from shop import total

MORE = []


def once(function):
    def inner():
        return function(0)

    return inner


def keeps(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


@pytest.mark.parametrize("number", [1, 1, 2])  # noqa: PT014
@pytest.mark.parametrize(("more", "most"), [(0, 0), pytest.param(0, 1, id="one")], ids=["a", None])
def test_stacked(number, more, most):
    assert total([number, more]) == number
    assert most >= more


@once
@pytest.mark.parametrize("number", [1, 2])
def test_lost(number):
    assert total([number]) == number


@pytest.mark.parametrize("number", [1, 2])
@keeps
@pytest.mark.parametrize("more", [3, *MORE])
def test_in_between(number, more):
    assert total([number, more]) == number + 3


@pytest.mark.parametrize("prices", [1, 2], indirect=True)
def test_indirect(prices):
    assert total(prices) == 3


@pytest.mark.parametrize(argnames="number", argvalues=(1, 2), scope="module")  # noqa: PT007
def test_named(number):
    assert total([number]) == number


@pytest.mark.parametrize("number", [1, 2])
def test_one_of_two(number):
    assert total([number]) == number


if sys.version_info:

    @pytest.mark.parametrize("number", [1])
    def test_one_of_two(number):
        assert total([number]) == number


@pytest.mark.parametrize("number", [1, 2])
def test_rebound(number=0):  # noqa: PT028
    assert total([number]) == number


test_rebound = once(test_rebound)


@pytest.mark.parametrize("number", [1, 2])
class Base:
    @pytest.mark.parametrize("more", [0, 0])  # noqa: PT014
    def test_of_the_base(self, number, more):
        assert total([number, more]) == number

    @pytest.mark.parametrize("more", [0, 0])  # noqa: PT014
    def test_again(self, number, more):
        assert total([number, more]) == number


class TestHeir(Base):
    @pytest.mark.parametrize("more", [0])
    def test_again(self, number, more):
        assert total([number, more]) == number

    def of_the_heir(self, number):
        assert total([number]) == number

    test_of_the_base = of_the_heir


def without_marks(kind):
    del kind.test_without_marks.pytestmark
    return kind


@without_marks
class TestWithoutMarks:
    @pytest.mark.parametrize("number", [1, 2])
    def test_without_marks(self, number=1):  # noqa: PT028
        assert total([number]) == 1


class TestUnit(unittest.TestCase):
    @pytest.mark.parametrize("number", [1, 2])
    def test_without_parameters(self, number=1):  # noqa: PT028
        assert total([number]) == 1
