import pytest


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def prices():
    found = [1, 2]
    yield found
    found.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    item.user_properties.append(("owner", "shop"))
    yield
