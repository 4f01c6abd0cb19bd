"""One question to a service on the network, with bounds: only what a person asks for, on the command line or in the policy."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gates.dataclass import dataclass
from gates.errors import EvidenceError, UsageError

_SECONDS = 30


def post(address: str, content: bytes, *, kind: str, limit: int) -> bytes:
    """The body of the answer, of at most `limit` bytes. `kind` is the media type of what is sent.

    Raises `UsageError` for an address that can't be asked, `EvidenceError` where nobody answers as they should.
    """
    _host(address, "https://timestamp.example.org")
    request = urllib.request.Request(address, content, {"Content-Type": kind})  # noqa: S310  # its scheme is checked above
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  # nosec B310 - http and https alone
            return _body(answer, address, limit)
    except urllib.error.HTTPError as error:
        error.close()
        raise _unanswered(address, f"HTTP {error.code}: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _unanswered(address, _why(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service answered: the status of HTTP, and the body."""

    status: int
    body: bytes


def get(address: str, headers: Mapping[str, str], *, limit: int) -> Answer:
    """The answer to a question, whatever its status, of at most `limit` bytes. No redirect is followed: headers may hold a token.

    Raises `UsageError` for an address that can't be asked, and for one without TLS that is not of this machine; `EvidenceError` where
    nobody answers.
    """
    host = _host(address, "https://api.github.com")
    if urlsplit(address).scheme != "https" and host not in {"127.0.0.1", "::1", "localhost"}:
        raise UsageError(f"{host} would be asked without TLS", where=address, help="write an address that begins with https://")
    request = urllib.request.Request(address, headers=dict(headers))  # noqa: S310  # its scheme is checked above
    opener = urllib.request.OpenerDirector()
    # What is not here follows no redirect and takes no status for an error.
    for handler in (urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()):
        opener.add_handler(handler)
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            return Answer(status=answer.status, body=_body(answer, address, limit))
    except (OSError, http.client.HTTPException) as error:
        raise _unanswered(address, _why(error)) from error


def _host(address: str, example: str) -> str:
    try:
        host, scheme = urlsplit(address).hostname, urlsplit(address).scheme
    except ValueError:
        host = scheme = None
    if not host or scheme not in {"http", "https"}:
        raise UsageError(f"{address!r} is no address of a service", where=address, help=f"write it as in {example}")
    return host


def _body(answer: Any, address: str, limit: int) -> bytes:
    body: bytes = answer.read(limit + 1)
    if len(body) > limit:
        host = urlsplit(address).hostname
        raise EvidenceError(f"{host} answered with more than {limit} bytes", where=address, help="is the address right?")
    return body


def _why(error: Exception) -> str:
    why = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(why) or type(error).__name__


def _unanswered(address: str, why: str) -> EvidenceError:
    host = urlsplit(address).hostname
    return EvidenceError(f"{host} did not answer: {why}", where=address, help="is the address right, and the network there?")
