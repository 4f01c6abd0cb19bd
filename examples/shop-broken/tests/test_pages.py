"""The pages for people."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from shop.app import price


@pytest.mark.parametrize(("path", "heading"), [("/", "Teas"), ("/products/oolong", "Oolong"), ("/cart", "Cart"), ("/about", "About us")])
def test_pages(client: FlaskClient, path: str, heading: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert f"<h1>{heading}</h1>" in answer.text


def test_every_picture_says_what_it_shows(client: FlaskClient) -> None:
    assert 'alt="A bowl of pale green tea"' in client.get("/").text


def test_search_shows_what_was_found_and_escapes_the_words(client: FlaskClient) -> None:
    assert "1 found for “milk”" in client.get("/?q=milk").text
    assert "&lt;b&gt;" in client.get("/?q=<b>").text


def test_a_product_that_is_not_sold(client: FlaskClient) -> None:
    answer = client.get("/products/coffee")
    assert answer.status_code == 404
    assert "sell that tea." in answer.text


def test_from_the_shelf_to_the_order(client: FlaskClient) -> None:
    answer = client.post("/cart/items", data={"sku": "assam", "quantity": "2"}, follow_redirects=True)
    assert "17.80 €" in answer.text
    assert "the number 1 and costs" in client.post("/cart/checkout").text
    assert "Your cart is empty" in client.get("/cart").text


def test_taking_something_out(client: FlaskClient) -> None:
    client.post("/cart/items", data={"sku": "assam", "quantity": "2"})
    assert "Your cart is empty" in client.post("/cart/items/assam/remove", follow_redirects=True).text


@pytest.mark.parametrize(("sku", "quantity", "code"), [("assam", "", 400), ("assam", "0", 400), ("assam", "²", 400), ("coffee", "1", 404)])
def test_what_can_not_be_put_into_the_cart(client: FlaskClient, sku: str, quantity: str, code: int) -> None:
    assert client.post("/cart/items", data={"sku": sku, "quantity": quantity}).status_code == code


def test_nothing_to_order(client: FlaskClient) -> None:
    assert client.post("/cart/checkout").status_code == 409


def test_a_cookie_that_someone_made_up_is_not_used(client: FlaskClient) -> None:
    client.set_cookie("cart", "../../etc")
    assert "Your cart is empty" in client.get("/cart").text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    cookie = client.post("/cart/items", data={"sku": "assam", "quantity": "1"}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_browser_is_told_to_do_no_more_than_needed(client: FlaskClient) -> None:
    assert client.get("/").headers["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'none'"


@pytest.mark.parametrize(("cents", "text"), [(5, "0.05 €"), (1250, "12.50 €"), (100000, "1000.00 €")])
def test_prices_as_people_read_them(cents: int, text: str) -> None:
    assert price(cents) == text
