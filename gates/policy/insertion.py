"""Puts a waiver, or its signature, into a policy's text where a person would: every other byte stays as it is.

The parser's marks say where the text of the file ends, so nothing has to be written anew that is there already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from gates.model import Waiver
from gates.policy.show import quoted

_WAIVERS = "waivers"
_SIGNATURE = "signature"


class NoPlaceError(Exception):
    """There is no place in the text where it could stand."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A value with where its text begins and ends (characters from the start), and the column of its beginning.

    `end` is where its last scalar or bracket ends, whatever comments follow. `items` are the values of a list, or keys and values of a
    mapping in turn.
    """

    start: int
    column: int
    end: int
    flow: bool = False
    text: str | None = None
    items: list[_Node] = field(default_factory=list)

    def get(self, key: str) -> _Node | None:
        """The value of a key."""
        return next((value for name, value in zip(self.items[::2], self.items[1::2], strict=True) if name.text == key), None)


@dataclass(frozen=True, slots=True)
class _Outline:
    """The nodes of a file, and where the document ends that they make."""

    root: _Node
    end: int


def add_waiver(text: str, waiver: Waiver) -> str:
    """The text with a waiver at the end of the list `waivers`, which is made where there is none. Raises `NoPlaceError`."""
    outline = _outline(text)
    root, listed = outline.root, outline.root.get(_WAIVERS)
    if listed is None and root.flow:
        return _inserted(text, root.items[-1].end, f", {_WAIVERS}: [{_flow(waiver)}]")
    if listed is None:
        block = [f"{_WAIVERS}:", *_block(waiver, "  ")]
        return _with_lines(text, outline.end, [" " * root.column + line for line in block], apart=True)
    if listed.flow and listed.items:
        return _inserted(text, listed.items[-1].end, f", {_flow(waiver)}")
    if listed.flow and root.flow:
        return _inserted(text, listed.start + 1, _flow(waiver))
    if listed.flow:
        before, after = text[: listed.start].rstrip(" "), text[listed.end :]
        return _with_lines(before + after, _line_end(before + after, len(before)), _block(waiver, " " * (root.column + 2)))
    if not listed.items:
        raise NoPlaceError
    return _with_lines(text, _after(text, listed), _block(waiver, " " * listed.column))


def add_signature(text: str, id: str, signature: str) -> str:
    """The text with a signature at the end of the waiver of that id, or in the place of the one there. Raises `NoPlaceError`."""
    listed = _outline(text).root.get(_WAIVERS)
    found = [item for item in (listed.items if listed else []) if (named := item.get("id")) and named.text == id]
    if len(found) != 1:
        raise NoPlaceError
    (waiver,) = found
    there = waiver.get(_SIGNATURE)
    if there is not None:
        return text[: there.start] + quoted(signature) + text[there.end :]
    if waiver.flow:
        return _inserted(text, waiver.items[-1].end, f", {_SIGNATURE}: {quoted(signature)}")
    return _with_lines(text, _after(text, waiver), [f"{' ' * waiver.column}{_SIGNATURE}: {quoted(signature)}"])


def written(waiver: Waiver) -> str:
    """The waiver as a person would write it, an item of a list."""
    return "\n".join(_block(waiver, ""))


# -- what is written ----------------------------------------------------------------------------


def _said(waiver: Waiver) -> Iterable[tuple[str, str]]:
    """Keys and values in the order in which they are written."""
    values: Mapping[str, str | None] = {
        "id": quoted(waiver.id),
        "gate": quoted(waiver.gate),
        "match": f"{{{', '.join(f'{key}: {quoted(value)}' for key, value in waiver.match.items())}}}",
        "class": quoted(waiver.waiver_class),
        "reason": quoted(waiver.reason),
        "owner": quoted(waiver.owner),
        "approver": quoted(waiver.approver),
        "created": waiver.created.isoformat(),
        "expires": waiver.expires.isoformat(),
        _SIGNATURE: waiver.signature and quoted(waiver.signature),
    }
    return ((key, value) for key, value in values.items() if value is not None)


def _block(waiver: Waiver, indent: str) -> list[str]:
    lines = [f"{key}: {value}" for key, value in _said(waiver)]
    return [f"{indent}- {lines[0]}", *(f"{indent}  {line}" for line in lines[1:])]


def _flow(waiver: Waiver) -> str:
    return f"{{{', '.join(f'{key}: {value}' for key, value in _said(waiver))}}}"


# -- where it goes ------------------------------------------------------------------------------


def _inserted(text: str, place: int, words: str) -> str:
    return text[:place] + words + text[place:]


def _with_lines(text: str, place: int, lines: Iterable[str], *, apart: bool = False) -> str:
    """Whole lines at a place where one begins, or at the end of a file whose last line does not end. `apart`: after a blank line."""
    newline = "\r\n" if "\r\n" in text else "\n"
    before, after = text[:place], text[place:]
    if before and not before.endswith(("\n", "\r")):
        before += newline
    if apart and before.splitlines()[-1:] != [""]:
        before += newline
    return before + "".join(f"{line}{newline}" for line in lines) + after


def _after(text: str, node: _Node) -> int:
    """Where the line begins that follows a node of a block; blank lines after a text of several lines are left below."""
    if node.end and text[node.end - 1] in "\r\n":
        blank = re.search(r"(?<=\n)(?:[ \t]*\r?\n)+\Z", text[: node.end])
        return blank.start() if blank else node.end
    return _line_end(text, node.end)


def _line_end(text: str, place: int) -> int:
    """Where the next line begins; the end of the text where there is none."""
    found = re.compile(r"\r\n|\r|\n").search(text, place)
    return found.end() if found else len(text)


def _outline(text: str) -> _Outline:
    """The nodes of a file that is known to be a policy. Raises `NoPlaceError` where it is no mapping with something in it."""
    opened: list[tuple[yaml.CollectionStartEvent, list[_Node]]] = []
    root, end = None, len(text)
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        node = None
        match event:
            case yaml.ScalarEvent():
                node = _Node(_index(event.start_mark), _column(event), _index(event.end_mark), text=event.value)
            case yaml.CollectionStartEvent():
                opened.append((event, []))
            case yaml.CollectionEndEvent():
                node = _closed(*opened.pop(), _index(event.end_mark))
            case yaml.DocumentEndEvent(explicit=True):
                end = _index(event.start_mark)
        if node is not None and opened:
            opened[-1][1].append(node)
        elif node is not None:
            root = node
    if root is None or not root.items:
        raise NoPlaceError
    return _Outline(root, end)


def _closed(begun: yaml.CollectionStartEvent, items: list[_Node], end: int) -> _Node:
    flow = bool(begun.flow_style)
    return _Node(_index(begun.start_mark), _column(begun), end if flow or not items else items[-1].end, flow=flow, items=items)


def _index(mark: Any) -> int:
    """The parser marks every event; its types say that it might not."""
    return int(mark.index)


def _column(event: yaml.Event) -> int:
    return int(cast("Any", event.start_mark).column)
