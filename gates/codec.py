"""Frozen dataclasses to plain JSON data and back, strictly.

Numbers that are not integers become decimal strings, so that no two readers round them differently.
None is left out. Reading refuses unknown keys, missing keys and wrong types, naming the place.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from gates.model import Severity

T = TypeVar("T")
JSON = Any
MAX_INTEGER = 2**53 - 1
_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?", re.ASCII)


def encode(value: Any) -> JSON:
    """Plain JSON data of a model value. Raises `TypeError` for what JSON (as evidence uses it) can't hold."""
    match value:
        case Severity():
            return value.word
        case Enum():
            return value.value
        case None | str() | bool():
            return value
        case int():
            if abs(value) > MAX_INTEGER:
                raise TypeError(f"{value} is larger than a JSON integer may be")
            return value
        case Decimal():
            return decimal_text(value)
        case date():
            return value.isoformat()
        case tuple() | list():
            return [encode(item) for item in value]
        case Mapping():
            return {str(key): encode(item) for key, item in value.items() if item is not None}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: encode(item) for name, item in pairs if item is not None}
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def decimal_text(value: Decimal) -> str:
    """The shortest plain decimal text: no exponent, no trailing zeros, no negative zero; exact at any length."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def decode(cls: type[T], data: JSON, where: str = "$") -> T:
    """The value of type `cls` that `data` stands for. Raises `ValueError` naming the place of what is wrong."""
    return typing.cast("T", _decode(cls, data, where))


@cache
def _fields(cls: type) -> dict[str, tuple[Any, bool]]:
    hints = typing.get_type_hints(cls)
    found = {}
    for field in dataclasses.fields(cls):
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        found[field.name] = (hints[field.name], required)
    return found


def _decode(kind: Any, data: JSON, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if data is None:
            return None
        (inner,) = (arg for arg in get_args(kind) if arg is not type(None))
        return _decode(inner, data, where)
    if kind is Any:
        return data
    if origin is Literal:
        return _expect(data in get_args(kind), data, where, f"one of {get_args(kind)}")
    if origin is tuple:
        _expect(isinstance(data, list), data, where, "a list")
        return tuple(_decode(get_args(kind)[0], item, f"{where}[{index}]") for index, item in enumerate(data))
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(data, dict), data, where, "an object")
        return {key: _decode(get_args(kind)[1], item, f"{where}.{key}") for key, item in data.items()}
    if dataclasses.is_dataclass(kind):
        return _decode_object(typing.cast("type", kind), data, where)
    return _decode_scalar(kind, data, where)


def _decode_object(cls: type, data: JSON, where: str) -> Any:
    _expect(isinstance(data, dict), data, where, "an object")
    fields = _fields(cls)
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}")
    missing = [name for name, (_, required) in fields.items() if required and name not in data and not _optional(fields[name][0])]
    if missing:
        raise ValueError(f"{where}: key {missing[0]!r} is missing")
    values = {name: _decode(kind, data[name], f"{where}.{name}") for name, (kind, _) in fields.items() if name in data}
    for name, (kind, required) in fields.items():
        if required and name not in values and _optional(kind):
            values[name] = None
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)


def _decode_scalar(kind: Any, data: JSON, where: str) -> Any:
    if kind is Severity:
        _expect(isinstance(data, str), data, where, "a severity")
        return Severity.from_word(data)
    if kind is bool:
        return _expect(isinstance(data, bool), data, where, "true or false")
    if kind is int:
        return _expect(isinstance(data, int) and not isinstance(data, bool), data, where, "an integer")
    if kind is str:
        return _expect(isinstance(data, str), data, where, "a text")
    _expect(isinstance(data, str), data, where, "a text")
    try:
        if kind is date:
            return date.fromisoformat(data)
        if kind is Decimal:
            return _decimal(data)
        if issubclass(kind, Enum):
            return kind(data)
    except (ValueError, InvalidOperation) as error:
        raise ValueError(f"{where}: {data!r} is not a {kind.__name__}, plainly written") from error
    raise TypeError(f"{where}: type {kind!r} is not supported")


def _decimal(text: str) -> Decimal:
    if not _PLAIN_DECIMAL.fullmatch(text):
        raise ValueError(text)
    value = Decimal(text)
    if decimal_text(value) != text:
        raise ValueError(text)
    return value


def _expect(holds: bool, value: Any, where: str, what: str) -> Any:
    if not holds:
        raise ValueError(f"{where}: expected {what}, found {value!r}")
    return value
