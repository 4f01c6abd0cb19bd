"""The interface for programs."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from shop.app import create_app

CART = "/api/carts/abc123"


def test_health(client: FlaskClient) -> None:
    assert client.get("/health").get_json() == {"status": "ok"}


def test_all_products(client: FlaskClient) -> None:
    assert [item["sku"] for item in client.get("/api/products").get_json()] == ["sencha", "assam", "oolong", "rooibos"]


def test_products_by_words_and_number(client: FlaskClient) -> None:
    assert [item["sku"] for item in client.get("/api/products?q=BREW+minutes").get_json()] == ["assam"]
    assert len(client.get("/api/products?limit=2").get_json()) == 2


@pytest.mark.parametrize("query", ["limit=0", "limit=51", "limit=x", "limit=1&limit=2", "q=" + "x" * 51, "page=2"])
def test_parameters_outside_the_contract_are_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/products?{query}")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")


def test_one_product(client: FlaskClient) -> None:
    assert client.get("/api/products/assam").get_json()["price"] == 980


def test_no_such_product(client: FlaskClient) -> None:
    answer = client.get("/api/products/coffee")
    assert (answer.status_code, answer.get_json()["detail"]) == (404, "there is no such product")


def test_a_cart_that_nobody_filled_is_empty(client: FlaskClient) -> None:
    assert client.get(CART).get_json() == {"cart": "abc123", "items": [], "total": 0}


def test_a_shop_may_begin_with_a_filled_cart() -> None:
    assert create_app(filled="abc123").test_client().get(CART).get_json()["total"] == 1250


def test_total_of_a_cart(client: FlaskClient) -> None:
    client.put(f"{CART}/items/sencha", json={"quantity": 1})
    cart = client.put(f"{CART}/items/assam", json={"quantity": 2}).get_json()
    assert cart["total"] == 1250 + 2 * 890


def test_setting_a_quantity_again_replaces_it(client: FlaskClient) -> None:
    client.put(f"{CART}/items/sencha", json={"quantity": 5})
    assert client.put(f"{CART}/items/sencha", json={"quantity": 2.0}).get_json()["items"][0]["quantity"] == 2


def test_taking_out_twice_is_fine(client: FlaskClient) -> None:
    client.put(f"{CART}/items/sencha", json={"quantity": 1})
    assert [client.delete(f"{CART}/items/sencha").status_code for _ in range(2)] == [204, 204]
    assert client.get(CART).get_json()["items"] == []


@pytest.mark.parametrize("body", [{"quantity": 0}, {"quantity": 100}, {"quantity": "1"}, {"quantity": True}, {"quantity": 1.5}, {}, []])
def test_quantities_outside_the_contract_are_refused(client: FlaskClient, body: Any) -> None:
    assert client.put(f"{CART}/items/sencha", json=body).status_code == 400


def test_another_type_of_body_is_refused(client: FlaskClient) -> None:
    assert client.put(f"{CART}/items/sencha", data="quantity=1").status_code == 415


def test_a_body_that_is_no_json_is_refused(client: FlaskClient) -> None:
    assert client.put(f"{CART}/items/sencha", data="{", content_type="application/json").status_code == 400


@pytest.mark.parametrize("cart", ["short", "UPPERCASE", "x" * 33])
def test_ids_outside_the_contract_are_refused(client: FlaskClient, cart: str) -> None:
    assert client.get(f"/api/carts/{cart}").status_code == 400


def test_checking_out_empties_the_cart(client: FlaskClient) -> None:
    client.put(f"{CART}/items/rooibos", json={"quantity": 3})
    answer = client.post(f"{CART}/checkout", json={"email": "ada@example.org"})
    assert answer.status_code == 201
    assert answer.get_json() == {"order": 1, "items": [{"sku": "rooibos", "quantity": 3, "price": 640}], "total": 1920}
    assert client.get(CART).get_json()["items"] == []


def test_an_empty_cart_can_not_be_checked_out(client: FlaskClient) -> None:
    assert client.post(f"{CART}/checkout", json={"email": "ada@example.org"}).status_code == 409


@pytest.mark.parametrize("email", ["", "ada", "ada@example", 7, "ada@example.org\n"])
def test_an_address_is_needed_to_check_out(client: FlaskClient, email: Any) -> None:
    assert client.post(f"{CART}/checkout", json={"email": email}).status_code == 400


def test_a_method_that_is_not_there_says_which_are(client: FlaskClient) -> None:
    answer = client.patch(CART)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
