"""Classes whose file does not tell whether they hold tests: bases from other files, run here and in yet another file."""

import functools

import pytest
from foreign import Foreign, ForeignCase


def keeps(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)

    return inner


class CartChecks(ForeignCase):
    def test_cart(self):
        assert self.total([1]) == 1


class TestForeignCase(ForeignCase):
    @pytest.mark.parametrize("number", [1, 2])
    def test_without_parameters(self, number=1):  # noqa: PT028
        assert self.total([number]) == 1


class Mixin(Foreign):
    def test_mixed(self):
        assert self.total([1]) == 1

    def test_overridden(self):
        raise NotImplementedError


class TestMixed(Mixin):
    def test_overridden(self):
        assert self.total([]) == 0


class MixinForOthers(Foreign):
    def test_other(self):
        assert self.total([1]) == 1

    @keeps
    def test_decorated(self):
        assert self.total([1]) == 1


class Root:
    def test_below(self):
        raise NotImplementedError


class Left(Root):
    def test_beside(self):
        assert True


class Right(Root):
    def test_beside(self):
        raise NotImplementedError

    def test_below(self):
        assert True


class TestDiamond(Left, Right):
    pass
