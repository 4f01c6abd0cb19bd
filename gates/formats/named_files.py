"""Names of files in a tool's own output: one a line, with a NUL behind each, or at a place of a JSON document.

A place is a JSON pointer (RFC 6901) in which `*` stands for every entry of a list and every value of an object.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from gates.api import GateError, Raw
from gates.formats.report import Places, document
from gates.formats.sarif_places import below_root

#: A name without any of these is read as itself, in a list as in an address.
_ODD = re.compile(r"[\s\x00-\x1f\x7f-\x9f\\%?#:]")


def read(raw: Raw, where: str, places: Places) -> tuple[str, ...]:
    """The files that `where` names, a member with or without `#` and a place: sorted paths of the repository.

    Absolute paths and `file:` addresses become relative; what lies outside the repository is left out, and so is what is at the place
    and no text. A document that has nothing at the place names no file: the tool looked at none. Raises `GateError` for a member that
    can't be read.
    """
    name, is_json, place = where.partition("#")
    if is_json:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in place.split("/")[1:]]
        found = [value for value in _at(document(raw, name), steps) if isinstance(value, str)]
    else:
        found = _lines(raw, name)
    return tuple(sorted({path for item in found if (path := below_root(item.strip(), places))}))


def mistakable(names: Iterable[str], wanted: Collection[str], places: Places) -> dict[str, str]:
    """Files of `wanted` that a tool may seem to name where it names another: each with the name of that one.

    A file may be called `x`, a line end and the path of another. In addresses `%2F` stands for a slash, and not every tool escapes.
    """
    found = {}
    for name in names:
        if _ODD.search(name):
            found.update({path: name for path in _readings(name, places) if path != name and path in wanted})
    return found


def _readings(name: str, places: Places) -> Iterator[str]:
    """All that a file's name may be taken for."""
    lines = (name, *name.splitlines())
    for text in {part for line in lines for part in (line, line.strip())}:
        for address in (text, f"file:{text}", *(f"file://{root}/{text}" for root in places.roots)):
            path = below_root(address, places)
            if path:
                yield path


def _lines(raw: Raw, name: str) -> list[str]:
    try:
        text = raw.content(name).decode("utf-8-sig")
        return text.split("\0") if "\0" in text else text.splitlines()
    except UnicodeDecodeError as error:
        raise GateError(f"{name} is not text in UTF-8: {error}", remedy="let the command write one file's name a line") from error


def _at(data: Any, steps: list[str]) -> Iterator[Any]:
    """All that stands at a place; nothing where a step leads nowhere."""
    if not steps:
        yield data
        return
    for child in _children(data, steps[0]):
        yield from _at(child, steps[1:])


def _children(data: Any, step: str) -> list[Any]:
    if isinstance(data, dict):
        return list(data.values()) if step == "*" else [data[step]] if step in data else []
    if isinstance(data, list):
        return data if step == "*" else data[int(step) : int(step) + 1] if step.isascii() and step.isdigit() else []
    return []
