"""The interface for programs, as `openapi.yaml` describes it. What is not in the contract is refused."""

from __future__ import annotations

import re
from typing import Any, cast

from flask import Blueprint, Response, abort, current_app, jsonify, request

from shop import catalogue
from shop.carts import MAX_QUANTITY, Carts, EmptyCartError

blueprint = Blueprint("api", __name__)

CART = re.compile(r"[a-z0-9]{6,32}")
EMAIL = re.compile(r"[a-z0-9._+-]{1,40}@[a-z0-9-]{1,40}\.[a-z]{2,12}")
LIMIT = re.compile(r"[1-9]|[1-4][0-9]|50")


@blueprint.get("/health")
def health() -> Response:
    known_parameters()
    return jsonify({"status": "ok"})


@blueprint.get("/api/products")
def list_products() -> Response:
    known_parameters("q", "limit")
    words, limit = request.args.get("q", ""), request.args.get("limit", "50")
    if len(words) > 50:
        abort(400, "q is at most 50 characters long")
    if not LIMIT.fullmatch(limit):
        abort(400, "limit is a whole number from 1 to 50")
    return jsonify([product.document() for product in catalogue.search(words, int(limit))])


@blueprint.get("/api/products/<sku>")
def get_product(sku: str) -> Response:
    known_parameters()
    return jsonify({**sold(sku).document(), "origin": None})


@blueprint.get("/api/carts/<cart>")
def get_cart(cart: str) -> Response:
    known_parameters()
    return jsonify(carts().document(cart_id(cart)))


@blueprint.put("/api/carts/<cart>/items/<sku>")
def put_item(cart: str, sku: str) -> Response:
    known_parameters()
    quantity = body("quantity")["quantity"]
    if not whole(quantity) or not 1 <= quantity <= MAX_QUANTITY:
        abort(400, f"quantity is a whole number from 1 to {MAX_QUANTITY}")
    carts().put(cart_id(cart), sold(sku).sku, int(quantity))
    return jsonify(carts().document(cart))


@blueprint.delete("/api/carts/<cart>/items/<sku>")
def remove_item(cart: str, sku: str) -> tuple[str, int]:
    known_parameters()
    carts().remove(cart_id(cart), sold(sku).sku)
    return "", 204


@blueprint.post("/api/carts/<cart>/checkout")
def check_out(cart: str) -> tuple[Response, int]:
    known_parameters()
    email = body("email")["email"]
    if not isinstance(email, str) or not EMAIL.fullmatch(email):
        abort(400, "email is an address such as ada@example.org")
    try:
        return jsonify(carts().check_out(cart_id(cart))), 201
    except EmptyCartError:
        abort(409, "the cart is empty")


def carts() -> Carts:
    return cast("Carts", current_app.extensions["carts"])


def cart_id(cart: str) -> str:
    if not CART.fullmatch(cart):
        abort(400, "a cart's id is 6 to 32 lower-case letters and digits")
    return cart


def sold(sku: str) -> catalogue.Product:
    product = catalogue.PRODUCTS.get(sku)
    if product is None:
        abort(404, "there is no such product")
    return product


def known_parameters(*names: str) -> None:
    """Refuse parameters that the contract does not name, and those given twice: a typing error should not pass in silence."""
    for name, values in request.args.lists():
        if name not in names:
            abort(400, "there is a parameter that this operation does not have")
        if len(values) > 1:
            abort(400, f"{name} is given more than once")


def body(*names: str) -> dict[str, Any]:
    """The request's JSON object, which has exactly these keys."""
    if request.mimetype != "application/json":
        abort(415, "send application/json")
    document = request.get_json()
    if not isinstance(document, dict) or set(document) != set(names):
        abort(400, f"the body is an object with {' and '.join(names)}, and nothing else")
    return document


def whole(value: object) -> bool:
    """Whether a JSON number is an integer: 2 and 2.0 are, true is not."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
