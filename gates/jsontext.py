"""JSON that comes from outside, taken only where every reader would read the same in it."""

from __future__ import annotations

import json
from typing import Any

_DIGITS = 100


def loads(content: bytes | str) -> Any:
    """JSON data. Refused are a key that stands twice, `NaN` and its like, and whole numbers of more than 100 digits.

    Raises `ValueError`, and `RecursionError` where it is nested too deeply.
    """
    return json.loads(content, object_pairs_hook=_unique, parse_int=_whole, parse_constant=_refuse_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("an object holds one key twice")
    return data


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number has more than {_DIGITS} digits")
    return int(digits)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
