"""The pages for people. A cart is known by a cookie that holds nothing but its id."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop import catalogue
from shop.api import CART, carts
from shop.carts import MAX_QUANTITY, EmptyCartError

blueprint = Blueprint("pages", __name__)
COOKIE = "cart"


@blueprint.get("/")
def home() -> str:
    words = request.args.get("q", "")[:50]
    return render_template("home.html", products=catalogue.search(words), words=words)


@blueprint.get("/products/<sku>")
def product(sku: str) -> str:
    found = catalogue.PRODUCTS.get(sku)
    if found is None:
        abort(404, "We don't sell that tea.")
    return render_template("product.html", product=found, most=MAX_QUANTITY)


@blueprint.get("/about")
def about() -> str:
    return render_template("about.html")


@blueprint.get("/cart")
def cart() -> str:
    return render_template("cart.html", cart=carts().document(cart_of_visitor()), products=catalogue.PRODUCTS)


@blueprint.post("/cart/items")
def add_item() -> BaseResponse:
    cart_id = cart_of_visitor()
    quantity = request.form.get("quantity", "")
    if not quantity.isascii() or not quantity.isdigit():
        abort(400, "Say how many bags you want, as a number.")
    try:
        carts().put(cart_id, request.form.get("sku", ""), int(quantity))
    except KeyError:
        abort(404, "We don't sell that tea.")
    except ValueError:
        abort(400, f"We sell 1 to {MAX_QUANTITY} bags at a time.")
    return remembered(redirect(url_for("pages.cart"), 303), cart_id)


@blueprint.post("/cart/items/<sku>/remove")
def remove_item(sku: str) -> BaseResponse:
    carts().remove(cart_of_visitor(), sku)
    return redirect(url_for("pages.cart"), 303)


@blueprint.post("/cart/checkout")
def check_out() -> Response:
    try:
        order = carts().check_out(cart_of_visitor())
    except EmptyCartError:
        abort(409, "Your cart is empty.")
    return make_response(render_template("thanks.html", order=order))


def cart_of_visitor() -> str:
    """The id in the visitor's cookie, or a new one that can't be guessed."""
    known = request.cookies.get(COOKIE, "")
    return known if CART.fullmatch(known) else secrets.token_hex(16)


def remembered(response: BaseResponse, cart_id: str) -> BaseResponse:
    response.set_cookie(COOKIE, cart_id, httponly=True, samesite="Lax", secure=request.is_secure)
    return response
