"""The application: one store of carts, an interface under `/api`, and pages."""

from __future__ import annotations

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from shop import api, pages
from shop.carts import Carts


def create_app(filled: str | None = None) -> Flask:
    """A shop whose carts live as long as it does. There is a bag of tea in the cart `filled` to begin with."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
    app.extensions["carts"] = Carts()
    if filled:
        app.extensions["carts"].put(filled, "sencha", 1)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_error_handler(HTTPException, refuse)
    app.after_request(harden)
    app.add_template_filter(price)
    return app


def refuse(error: HTTPException) -> Response | tuple[str, int]:
    """An error in the form that fits: a problem document (RFC 9457) for programs, a page for people."""
    code = error.code or 500
    if not request.path.startswith(("/api/", "/health")):
        return render_template("error.html", error=error), code
    response = jsonify(status=code, title=error.name, detail=error.description)
    response.status_code = code
    response.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    response.content_type = "application/problem+json"
    return response


def harden(response: Response) -> Response:
    """Headers that keep a browser from doing more than the pages need."""
    response.headers.setdefault("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def price(cents: int) -> str:
    """Cents as people read them: 1250 is 12.50 €."""
    return f"{cents // 100}.{cents % 100:02d} €"
