"""A site that shows one thing to somebody who is signed in and another to everybody else, and programs that sign in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.runners.pages import Answer, good, page
from tests.traps.accessibility_sites import GRADIENT

#: What the site takes; in two parts, so that no scan of this repository finds it.
COOKIE, TOKEN = "c00kie" + "-58fa0911c2d3", "t0ken" + "-b7e61d40aa95"
SIGN_OUT = '<a id="sign-out" href="/">Sign out</a>'
FORM = page("<main><h1>Sign in</h1><label>Name <input></label></main>")
#: An application that draws itself by what it has kept, a moment after it was loaded.
DRAWN = f"""<script>setTimeout(() => {{
  const known = JSON.parse(localStorage.getItem("user") || "{{}}").token === "{TOKEN}";
  document.querySelector("main").innerHTML += known ? `{SIGN_OUT}{GRADIENT}` : "<label>Name <input></label>";
}}, 50)</script>"""


def to_whom(inside: str, outside: Answer) -> Callable[[BaseHTTPRequestHandler], None]:
    """A page that is shown to who has the cookie, and an answer for all others."""
    status, headers, text = (200, {}, outside) if isinstance(outside, str) else outside if isinstance(outside, tuple) else (500, {}, "")

    def answer(request: BaseHTTPRequestHandler) -> None:
        known = f"session={COOKIE}" in request.headers.get("Cookie", "")
        request.send_response(200 if known else status)
        for name, value in {"Content-Type": "text/html", "Cache-Control": "max-age=600", **({} if known else headers)}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write((inside if known else text).encode())

    return answer


#: Pages that are seen with the login, each with something to review that is there with it alone.
SEEN: dict[str, Answer] = {
    "/account": to_whom(good(SIGN_OUT + GRADIENT), (302, {"Location": "/login"}, "")),
    "/denied": to_whom(good(SIGN_OUT + GRADIENT), (401, {}, "")),
    "/drawn": good(head="", body=DRAWN),
    "/named": to_whom(good(SIGN_OUT + GRADIENT.replace("gradient", COOKIE, 1)), FORM),
    "/panel": to_whom(good(SIGN_OUT + GRADIENT), FORM),
}
#: Pages that are not, whatever the browser has, and look fine.
NOT_SEEN: dict[str, Answer] = {
    "/help": good(SIGN_OUT),
    "/leads": (302, {"Location": "/login"}, ""),
    "/settings": FORM,
}
SITE: dict[str, Answer] = {**SEEN, **NOT_SEEN, "/login": FORM}
#: What signs in, as far as this site knows: it has the cookie for the host and the token for the origin.
SIGNS_IN = f"""
import json, os
address = os.environ["GATES_BASE_URL"]
host = address.partition("://")[2].partition(":")[0]
cookie = {{"name": "session", "value": "{COOKIE}", "domain": host, "path": "/", "expires": -1, "httpOnly": True, "sameSite": "Lax"}}
items = [{{"name": "user", "value": json.dumps({{"token": "{TOKEN}", "theme": "dark"}})}}]
print(json.dumps({{"cookies": [cookie], "origins": [{{"origin": address, "localStorage": items}}]}}))
"""
LOGIN = {"command": ["{python}", "login.py"], "proof": "#sign-out"}


def a_project(folder: Path, program: str = SIGNS_IN) -> Path:
    """A project whose program of `LOGIN` is this one."""
    root = folder / "root"
    root.mkdir(exist_ok=True)
    (root / "login.py").write_text(program, "utf-8")
    return root


def printing(state: object) -> str:
    """A program that prints a state, or any other JSON data."""
    return f"print({json.dumps(state)!r})"


def a_state(*cookies: Mapping[str, Any], origin: str = "http://127.0.0.1", items: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A state with cookies, each with what it says besides, and local storage of one origin."""
    cookie: dict[str, Any] = {"name": "session", "value": COOKIE, "domain": "127.0.0.1", "path": "/"}
    storage = [{"name": name, "value": value} for name, value in (items or {}).items()]
    return {"cookies": [cookie | dict(one) for one in cookies], "origins": [{"origin": origin, "localStorage": storage}] if storage else []}
