"""What a policy says, with the place where it is said: the tree that reading gives and composing merges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from gates.dataclass import dataclass
from gates.errors import Problem
from gates.policy.nodes import Keys, ListOf, MapOf, Node, OneOrMany
from gates.policy.syntax import Place


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and where it stands: the place of its key, or of the value in a list.

    `value` is a dict or list of entries, a typed scalar (`text` is how it was written), a `Later`, or None for
    what was wrong and has been reported.
    """

    value: Any
    place: Place
    text: str = ""

    def get(self, key: str) -> Entry | None:
        """The entry of a key, None where it is not said or was wrong."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return None if found is None or found.value is None else found

    def said(self, key: str, otherwise: Any = None) -> Any:
        """The value of a key, else another."""
        found = self.get(key)
        return otherwise if found is None else found.value

    def items(self) -> Iterator[tuple[str, Entry]]:
        """The entries of a mapping that were read."""
        if isinstance(self.value, dict):
            yield from ((key, entry) for key, entry in self.value.items() if entry.value is not None)

    def __iter__(self) -> Iterator[Entry]:
        """The entries of a list that were read."""
        if isinstance(self.value, list):
            yield from (entry for entry in self.value if entry.value is not None)


@dataclass(frozen=True, slots=True)
class Later:
    """A part that is read once its table is known. `read` gives the entry and what is wrong in it."""

    read: Callable[[Node], tuple[Entry, list[Problem]]]


def plain(node: Node, entry: Entry) -> Any:
    """JSON data of an entry with the names of fields in place of keys: what `gates.codec.decode` reads. None where it was wrong."""
    value = entry.value
    match node:
        case Keys():
            return {key.field: plain(key.of, found) for key in node.keys if (found := entry.get(key.name)) is not None}
        case MapOf(of=of):
            return {name: plain(of, found) for name, found in entry.items()}
        case ListOf(of=of) | OneOrMany(of=of):
            return [plain(of, item) for item in entry]
    return number_text(value) if isinstance(value, Decimal) else value


def number_text(value: Decimal) -> str:
    """The shortest plain text of a decimal number."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def made(value: Any, origin: str) -> Entry:
    """An entry that stands in no file: plain data of dicts, lists and scalars, said by `origin`."""
    place = Place(origin)
    match value:
        case Mapping():
            return Entry({key: made(item, origin) for key, item in value.items()}, place)
        case list() | tuple():
            return Entry([made(item, origin) for item in value], place)
    return Entry(value, place, number_text(value) if isinstance(value, Decimal) else str(value))
