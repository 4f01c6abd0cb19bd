"""A storage state: the cookies and the local storage of somebody who is signed in, in the form that Playwright writes.

`{"cookies": [{"name", "value", "domain", "path", "expires", "httpOnly", "secure", "sameSite"}],
"origins": [{"origin", "localStorage": [{"name", "value"}]}]}`. All of it is secret: no error here holds a value.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from gates.dataclass import dataclass
from gates.errors import GateError
from gates.redact import MINIMUM_LENGTH

_NAME = r"[\w-]+(?:\.[\w-]+)*|\[[0-9A-Fa-f:.]+\]"
_HOST = re.compile(rf"\.?(?:{_NAME})")
_ORIGIN = re.compile(rf"(https?://(?:{_NAME})(?::\d+)?)/?")
_SAME_SITE = ("Strict", "Lax", "None")
_REMEDY = (
    'let it give what Playwright calls a storage state: {"cookies": [{"name", "value", "domain", "path"}], '
    '"origins": [{"origin", "localStorage": [{"name", "value"}]}]}'
)
#: How deep JSON is looked for within texts of JSON.
_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`cookies` are parameters of `Network.setCookie` in DevTools; `origins` gives the local storage of each origin, by name.

    `hosts` are those that the cookies are for; one with a dot before it is a domain.
    """

    cookies: tuple[Mapping[str, Any], ...]
    origins: Mapping[str, Mapping[str, str]]
    hosts: frozenset[str]

    def fits(self, address: str) -> bool:
        """Whether any of it is for pages at an address: a cookie by host or domain, local storage by origin."""
        parts = urlsplit(address)
        host = parts.hostname or ""
        known = any(host == own or (own.startswith(".") and f".{host}".endswith(own)) for own in self.hosts)
        return known or bool(self.origins.get(f"{parts.scheme}://{parts.netloc}"))

    def secrets(self) -> Iterator[str]:
        """Every value, and what it is made of: tools write the token of a text of JSON alone, and a cookie's value decoded."""
        for cookie in self.cookies:
            yield from {cookie["value"], unquote(cookie["value"])}
        for items in self.origins.values():
            for value in items.values():
                yield value
                yield from (leaf for leaf in _leaves(value, _DEPTH) if len(leaf) >= MINIMUM_LENGTH)


def read_state(content: bytes) -> State:
    """A storage state as a login program wrote it. Raises `GateError` where it is none, or empty."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise _wrong("it is not JSON") from None
    if not isinstance(data, dict):
        raise _wrong("it is not a JSON object")
    cookies = tuple(_cookie(item, f"cookies[{number}]") for number, item in _items(data, "cookies"))
    origins: dict[str, dict[str, str]] = {}
    for number, item in _items(data, "origins"):
        origin, items = _origin(item, f"origins[{number}]")
        origins.setdefault(origin, {}).update(items)
    if not cookies and not any(origins.values()):
        raise GateError(
            "`login` gave a state without a cookie and without an item of local storage: nobody is signed in",
            remedy="let it sign in first, and give the state that the browser has then",
        )
    return State(cookies=cookies, origins=origins, hosts=frozenset(map(_host, cookies)))


def _cookie(item: Any, where: str) -> dict[str, Any]:
    name, value, domain = (_text(item, key, where) for key in ("name", "value", "domain"))
    if not name:
        raise _wrong(f"{where} has an empty name")
    if not _HOST.fullmatch(domain):
        raise _wrong(f"{where}.domain is no host, such as 127.0.0.1 or .shop.example")
    path = _text(item, "path", where, default="/")
    secure = _flag(item, "secure", where)
    cookie = {"name": name, "value": value, "path": path, "secure": secure, "httpOnly": _flag(item, "httpOnly", where)}
    # Without a dot it is for that host alone, which DevTools takes from an address.
    cookie |= {"domain": domain} if domain.startswith(".") else {"url": f"{'https' if secure else 'http'}://{domain}/"}
    same_site = item.get("sameSite")
    if same_site not in (*_SAME_SITE, None):
        raise _wrong(f"{where}.sameSite is none of {', '.join(_SAME_SITE)}")
    if same_site:
        cookie["sameSite"] = same_site
    expires = item.get("expires", -1)
    if isinstance(expires, bool) or not isinstance(expires, int | float) or not math.isfinite(expires):
        raise _wrong(f"{where}.expires is no number of seconds since 1970")
    if expires >= 0:
        cookie["expires"] = expires
    if item.get("partitionKey"):
        cookie["partitionKey"] = {
            "topLevelSite": _text(item, "partitionKey", where),
            "hasCrossSiteAncestor": _flag(item, "_crHasCrossSiteAncestor", where),
        }
    return cookie


def _origin(item: Any, where: str) -> tuple[str, dict[str, str]]:
    found = _ORIGIN.fullmatch(_text(item, "origin", where))
    if not found:
        raise _wrong(f"{where}.origin is no origin, such as http://127.0.0.1:8000")
    if item.get("indexedDB"):
        raise GateError(
            f"`login` gave a state whose {where} holds an IndexedDB, which can't be set here",
            remedy="let the application keep its session in a cookie or in local storage where it is tested",
        )
    items = {}
    for number, entry in _items(item, "localStorage", f"{where}."):
        place = f"{where}.localStorage[{number}]"
        items[_text(entry, "name", place)] = _text(entry, "value", place)
    return found[1], items


def _items(data: Mapping[str, Any], key: str, where: str = "") -> Iterator[tuple[int, Any]]:
    found = data.get(key) or []
    if not isinstance(found, list):
        raise _wrong(f"{where}{key} is no list")
    yield from enumerate(found)


def _text(item: Any, key: str, where: str, default: str | None = None) -> str:
    if not isinstance(item, dict):
        raise _wrong(f"{where} is no JSON object")
    value = item.get(key, default)
    if not isinstance(value, str):
        raise _wrong(f"{where} has no text {key!r}")
    if _writable(value) != value:
        raise _wrong(f"{where}.{key} holds half a character (a lone surrogate)")
    return value


def _flag(item: Mapping[str, Any], key: str, where: str) -> bool:
    value = item.get(key, False)
    if not isinstance(value, bool):
        raise _wrong(f"{where}.{key} is neither true nor false")
    return value


def _host(cookie: Mapping[str, Any]) -> str:
    """A domain with its dot, or a host."""
    return str(cookie["domain"]).lower() if "domain" in cookie else str(urlsplit(cookie["url"]).hostname)


def _leaves(text: str, depth: int) -> Iterator[str]:
    """Texts and whole numbers in JSON that a text holds; nothing where it holds none."""
    try:
        waiting = [json.loads(text)] if depth and text.lstrip()[:1] in ("{", "[", '"') else []
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            yield _writable(value)
            yield from _leaves(value, depth - 1)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield str(value)


def _writable(text: str) -> str:
    """A text without halves of characters, which JSON can hold and no encoding can."""
    return text.encode("utf-8", "ignore").decode()


def _wrong(what: str) -> GateError:
    return GateError(f"`login` gave no storage state: {what}", remedy=_REMEDY)
