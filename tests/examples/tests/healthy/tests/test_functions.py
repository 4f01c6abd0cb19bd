"""Functions, with fixtures, marks and the decorators that people write."""

import asyncio
import contextlib
import functools
import unittest
from unittest import mock

import anyio
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from shop import total


def without_wraps(function):
    def inner():
        return function()

    return inner


def expects_a_value_error(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        with pytest.raises(ValueError, match="no"):
            function(*args, **kwargs)

    return inner


def twice(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        with contextlib.suppress(AssertionError):
            function(*args, **kwargs)
        function(*args, **kwargs)

    return inner


def test_fixtures(prices, tmp_path):
    with (tmp_path / "prices").open("w") as file:
        print(prices, file=file)
    assert total(prices) == 3


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.usefixtures("prices")
def test_parameters(number):
    assert total([number]) == number


@without_wraps
def test_decorated():
    assert total([]) == 0


@expects_a_value_error
def test_raises():
    raise ValueError("no")


TRIES = []


@twice
def test_second_try():
    TRIES.append(1)
    assert len(TRIES) == 2


@mock.patch("shop.total", return_value=7)
def test_patched(patched):
    assert patched() == 7


def test_returns_early():
    try:
        return
    finally:
        total([])


def test_in_between():
    for number in range(3):
        if number == 2:
            break
    else:
        pytest.fail("never")


test_lambda = lambda: print(total([]))  # noqa: E731


def make(number):
    def inner():
        assert total([number]) == number

    return inner


test_made = make(1)
exec("def test_executed():\n    assert total([]) == 0\n")


@pytest.mark.anyio
async def test_awaits(prices):
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0)
    assert total(prices) == 3


@given(st.lists(st.integers()))
def test_property(numbers):
    assume(len(numbers) != 1)
    assert total(numbers) == sum(numbers)


@pytest.mark.parametrize("start", [0])
@settings(max_examples=5)
@given(number=st.integers())
def test_property_with_parameters(start, number):
    assert total([start, number]) == number


class Machine(RuleBasedStateMachine):
    @rule()
    def step(self):
        assert total([]) == 0


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=2, stateful_step_count=2)


class Base(unittest.TestCase):
    def test_inherited(self):
        assert total([]) == 0


class Shop(Base):
    def setUp(self):
        self.prices = [1, 2]

    def test_parts(self):
        for price in self.prices:
            with self.subTest(price=price):
                assert total([price]) == price

    @mock.patch("shop.total")
    def test_patched(self, patched):
        assert patched


class Later(unittest.IsolatedAsyncioTestCase):
    async def test_awaits(self):
        await asyncio.sleep(0)
        assert total([]) == 0


class TestMethods:
    @staticmethod
    def test_static():
        assert total([]) == 0

    @classmethod
    def test_class(cls):
        assert total([]) == 0

    def test_method(self, prices):
        assert total(prices) == 3


class TestAbstract:
    __test__ = False

    def test_of_the_abstract(self):
        assert total(self.prices) == 3


class TestConcrete(TestAbstract):
    __test__ = True
    prices = (1, 2)
