"""A shop of its own for each test."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from shop.app import create_app


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()
