"""Canonical JSON (RFC 8785) of our own data: ASCII keys, integers below 2^53, other numbers as decimal strings.

With these bounds sorted keys and Python's shortest escapes are the canonical form; the tests hold it against another
implementation. Floats, lone surrogates and other keys are refused rather than written in two ways.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from gates import codec
from gates.errors import cut

MAX_DEPTH = 64


def dumps(data: Any) -> bytes:
    """Canonical bytes of JSON data. Raises `ValueError` for what evidence may not hold."""
    _check(data, 0)
    try:
        return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"text that is not Unicode can't stand in evidence: {error.reason}") from error


def of(value: Any) -> bytes:
    """Canonical bytes of a model value."""
    return dumps(codec.encode(value))


def loads(content: bytes) -> Any:
    """JSON data of canonical bytes; raises `ValueError` where writing it again does not give the same bytes."""
    try:
        data = json.loads(content.decode("utf-8"))
        again = dumps(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not canonical JSON: {error}") from error
    if again != content:
        raise ValueError("not canonical JSON: writing it again gives other bytes")
    return data


def sha256(content: bytes) -> str:
    """The sha256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def _check(data: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    kind = type(data)
    if kind is str or kind is bool or data is None:
        return
    if kind is int:
        if abs(data) > codec.MAX_INTEGER:
            raise ValueError(f"{cut(str(data), 40)} is larger than an integer may be")
    elif kind is list:
        for item in data:
            _check(item, depth + 1)
    elif kind is dict:
        for key, item in data.items():
            if not (isinstance(key, str) and key.isascii()):
                raise ValueError(f"the key {cut(ascii(key), 100)} is not ASCII")
            _check(item, depth + 1)
    else:
        raise ValueError(f"{kind.__name__} can't stand in evidence")
