"""Frozen dataclasses to plain JSON data and back, strictly.

Numbers that are not integers become decimal strings, so that no two readers round them differently.
None is left out. Reading refuses unknown keys, missing keys and wrong types, naming the place.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, partial
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

from gates.errors import cut
from gates.model import Severity

T = TypeVar("T")
JSON = Any
MAX_INTEGER = 2**53 - 1
_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?", re.ASCII)


#: What stands in JSON as it is.
_PLAIN: frozenset[type] = frozenset({str, bool, type(None)})


def encode(value: Any) -> JSON:
    """Plain JSON data of a model value. Raises `TypeError` for what JSON (as evidence uses it) can't hold."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple or kind is list:
        return [encode(item) for item in value]
    if (names := _names(kind)) is not None:
        return {name: encode(item) for name in names if (item := getattr(value, name)) is not None}
    return _encode_other(value)


def _encode_other(value: Any) -> JSON:
    match value:
        case Severity():
            return value.word
        case Enum():
            return value.value
        case str():
            return value
        case int():
            if abs(value) > MAX_INTEGER:
                raise TypeError(f"{cut(str(value), 40)} is larger than a JSON integer may be")
            return value
        case Decimal():
            return decimal_text(value)
        case date():
            return value.isoformat()
        case tuple() | list():
            return [encode(item) for item in value]
        case Mapping():
            return {str(key): encode(item) for key, item in value.items() if item is not None}
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


@cache
def _names(cls: Any) -> tuple[str, ...] | None:
    """The names of a dataclass's fields; None for every other type."""
    return tuple(field.name for field in dataclasses.fields(cls)) if dataclasses.is_dataclass(cls) else None


def decimal_text(value: Decimal) -> str:
    """The shortest plain decimal text: no exponent, no trailing zeros, no negative zero; exact at any length."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


class _WrongError(ValueError):
    """What is wrong; the place is put together on the way out, so that it costs nothing where all is right."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.place: list[str] = []


def decode(cls: type[T], data: JSON, where: str = "$") -> T:
    """The value of type `cls` that `data` stands for. Raises `ValueError` naming the place of what is wrong."""
    try:
        return typing.cast("T", _decoder(typing.cast("Any", cls))(data))
    except _WrongError as error:
        raise ValueError(f"{where}{''.join(reversed(error.place))}: {error}") from error.__cause__


_Decoder = Callable[[JSON], Any]


@cache
def _decoder(kind: Any) -> _Decoder:
    """What reads values of a type. Of a dataclass the fields are looked up later: it may hold itself."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (inner,) = (arg for arg in get_args(kind) if arg is not type(None))
        return partial(_decode_optional, _decoder(inner))
    if kind is Any:
        return _decode_anything
    if origin is Literal:
        return partial(_decode_literal, get_args(kind))
    if origin is tuple:
        return partial(_decode_list, _decoder(get_args(kind)[0]))
    if origin is not None and issubclass(origin, Mapping):
        return partial(_decode_mapping, _decoder(get_args(kind)[1]))
    if dataclasses.is_dataclass(kind):
        return partial(_decode_object, typing.cast("type", kind))
    return _scalar(kind)


def _decode_anything(data: JSON) -> Any:
    return data


def _decode_optional(inner: _Decoder, data: JSON) -> Any:
    return None if data is None else inner(data)


def _decode_literal(choices: tuple[Any, ...], data: JSON) -> Any:
    return data if data in choices else _refuse(data, f"one of {choices}")


def _decode_list(inner: _Decoder, data: JSON) -> tuple[Any, ...]:
    if not isinstance(data, list):
        _refuse(data, "a list")
    found = []
    try:
        for item in data:
            found.append(inner(item))  # noqa: PERF401 (how many there are says where it went wrong)
    except _WrongError as error:
        error.place.append(f"[{len(found)}]")
        raise
    return tuple(found)


def _decode_mapping(inner: _Decoder, data: JSON) -> dict[str, Any]:
    if not isinstance(data, dict):
        _refuse(data, "an object")
    return {key: _at(key, inner, item) for key, item in data.items()}


def _at(key: str, inner: _Decoder, data: JSON) -> Any:
    try:
        return inner(data)
    except _WrongError as error:
        error.place.append(f".{cut(str(key), 100)}")
        raise


@cache
def _fields(cls: type) -> tuple[dict[str, _Decoder], frozenset[str], tuple[str, ...]]:
    """What reads each field, the fields that must be there, and those that are None where they are not, without saying so by a default."""
    hints = typing.get_type_hints(cls)
    needed = [
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    decoders = {field.name: _decoder(hints[field.name]) for field in dataclasses.fields(cls)}
    none = tuple(name for name in needed if _optional(hints[name]))
    return decoders, frozenset(needed) - frozenset(none), none


def _decode_object(cls: type, data: JSON) -> Any:
    if not isinstance(data, dict):
        _refuse(data, "an object")
    decoders, needed, none = _fields(cls)
    if not data.keys() <= decoders.keys():
        raise _WrongError(f"unknown key {cut(repr(min(data.keys() - decoders.keys())), 100)}")
    if not needed <= data.keys():
        raise _WrongError(f"key {min(needed - data.keys())!r} is missing")
    values = {name: _at(name, decoders[name], item) for name, item in data.items()}
    for name in none:
        values.setdefault(name, None)
    try:
        return cls(**values)
    except ValueError as error:
        raise _WrongError(str(error)) from error


def _optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)


def _scalar(kind: Any) -> _Decoder:
    if kind in _EXACT:
        return partial(_decode_exactly, kind, _EXACT[kind])
    if kind is date:
        return partial(_decode_word, kind, date.fromisoformat)
    if kind is Decimal:
        return partial(_decode_word, kind, _decimal)
    if kind is Severity:
        return _decode_severity
    if isinstance(kind, type) and issubclass(kind, Enum):
        return partial(_decode_word, kind, kind)
    raise TypeError(f"the type {kind!r} is not supported")


_EXACT: dict[Any, str] = {bool: "true or false", int: "an integer", str: "a text"}


def _decode_exactly(kind: type, what: str, data: JSON) -> Any:
    return data if type(data) is kind else _refuse(data, what)


def _decode_severity(data: JSON) -> Severity:
    if not isinstance(data, str):
        _refuse(data, "a severity")
    try:
        return Severity.from_word(data)
    except ValueError as error:
        raise _WrongError(cut(str(error), 300)) from error


def _decode_word(kind: type, read: Callable[[str], Any], data: JSON) -> Any:
    if not isinstance(data, str):
        _refuse(data, "a text")
    try:
        return read(data)
    except (ValueError, InvalidOperation) as error:
        raise _WrongError(f"{cut(repr(data), 100)} is not a {kind.__name__}, plainly written") from error


def _decimal(text: str) -> Decimal:
    if not _PLAIN_DECIMAL.fullmatch(text):
        raise ValueError(text)
    value = Decimal(text)
    if decimal_text(value) != text:
        raise ValueError(text)
    return value


def _refuse(value: Any, what: str) -> NoReturn:
    raise _WrongError(f"expected {what}, found {cut(repr(value), 100)}")
