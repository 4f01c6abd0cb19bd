"""A pytest plug-in for `mutate.py`: coverage notes which test reached a line; what a fixture reaches belongs to the whole file."""

from __future__ import annotations

from collections.abc import Generator

import coverage
import pytest


def _switch(context: str) -> None:
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.switch_context(context)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    _switch(item.nodeid.partition("::")[0])
    yield


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    _switch(item.nodeid)
    yield
    _switch("")
