"""One question to a service on the network, with bounds. Only what a person asks for on the command line goes through here."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from gates.errors import EvidenceError, UsageError

_SECONDS = 30


def post(address: str, content: bytes, *, kind: str, limit: int) -> bytes:
    """The body of the answer, of at most `limit` bytes. `kind` is the media type of what is sent.

    Raises `UsageError` for an address that can't be asked, `EvidenceError` where nobody answers as they should.
    """
    try:
        host, scheme = urlsplit(address).hostname, urlsplit(address).scheme
        request = urllib.request.Request(address, content, {"Content-Type": kind})  # noqa: S310  # its scheme is checked below
    except ValueError:
        host = scheme = None
    if not host or scheme not in {"http", "https"}:
        raise UsageError(f"{address!r} is no address of a service", where=address, help="write it as in https://timestamp.example.org")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  # nosec B310 - http and https alone
            body: bytes = answer.read(limit + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise _unanswered(address, f"HTTP {error.code}: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        raise _unanswered(address, str(why) or type(error).__name__) from error
    if len(body) > limit:
        raise EvidenceError(f"{host} answered with more than {limit} bytes", where=address, help="is the address right?")
    return body


def _unanswered(address: str, why: str) -> EvidenceError:
    host = urlsplit(address).hostname
    return EvidenceError(f"{host} did not answer: {why}", where=address, help="is the address right, and the network there?")
