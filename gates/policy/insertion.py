"""Puts a waiver, its signature, or the approval of a policy into a policy's text where a person would: every other byte stays as it is.

The parser's marks say where the text of the file ends, so nothing has to be written anew that is there already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, cast

import yaml

from gates.dataclass import dataclass
from gates.model import Override, PolicyApproval, Waiver
from gates.policy.show import quoted

_WAIVERS, _OVERRIDES = "waivers", "overrides"
_SIGNATURE = "signature"
_APPROVED = "approved"


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


def add_signature(text: str, signed: Waiver | Override) -> str:
    """The text with the signature of a waiver or an override at its end, or in the place of the one there. Raises `NoPlaceError`."""
    listed, signature = _outline(text).root.get(_WAIVERS if isinstance(signed, Waiver) else _OVERRIDES), signed.signature or ""
    found = [item for item in (listed.items if listed else []) if (named := item.get("id")) and named.text == signed.id]
    if len(found) != 1:
        raise NoPlaceError
    (item,) = found
    there = item.get(_SIGNATURE)
    if there is not None:
        return text[: there.start] + quoted(signature) + text[there.end :]
    if item.flow:
        return _inserted(text, item.items[-1].end, f", {_SIGNATURE}: {quoted(signature)}")
    return _with_lines(text, _after(text, item), [f"{' ' * item.column}{_SIGNATURE}: {quoted(signature)}"])


def set_approved(text: str, approved: PolicyApproval) -> str:
    """The text with the approval of the policy at its end, or in the place of the one there. Raises `NoPlaceError`."""
    outline = _outline(text)
    root, there = outline.root, outline.root.get(_APPROVED)
    lines = [f"{key}: {value}" for key, value in _of_approval(approved)]
    if there is not None and not there.items:
        raise NoPlaceError
    if there is None and not root.flow:
        block = [f"{_APPROVED}:", *(f"  {line}" for line in lines)]
        return _with_lines(text, outline.end, [" " * root.column + line for line in block], apart=True)
    if there is None:
        return _inserted(text, root.items[-1].end, f", {_APPROVED}: {{{', '.join(lines)}}}")
    newline = "\r\n" if "\r\n" in text else "\n"
    said = f"{{{', '.join(lines)}}}" if there.flow else f"{newline}{' ' * there.column}".join(lines)
    return text[: there.start] + said + text[there.end :]


def written_approval(approved: PolicyApproval) -> str:
    """The approval as it stands in a policy."""
    return "\n".join((f"{_APPROVED}:", *(f"  {key}: {value}" for key, value in _of_approval(approved))))


def written(item: Waiver | Override) -> str:
    """The waiver or override as a person would write it, an item of a list."""
    return "\n".join(_block(item, ""))


# -- what is written ----------------------------------------------------------------------------


def _said(item: Waiver | Override) -> Iterable[tuple[str, str]]:
    """Keys and values in the order in which they are written."""
    values: Mapping[str, str | None] = {
        "id": quoted(item.id),
        **(_of_waiver(item) if isinstance(item, Waiver) else _of_override(item)),
        "created": item.created.isoformat(),
        "expires": item.expires.isoformat(),
        "folder": quoted(item.folder) if isinstance(item, Waiver) and item.folder else None,
        _SIGNATURE: item.signature and quoted(item.signature),
    }
    return ((key, value) for key, value in values.items() if value is not None)


def _of_waiver(waiver: Waiver) -> dict[str, str]:
    return {
        "gate": quoted(waiver.gate),
        "match": _mapping(waiver.match),
        "class": quoted(waiver.waiver_class),
        "reason": quoted(waiver.reason),
        "owner": quoted(waiver.owner),
        "approver": quoted(waiver.approver),
    }


def _of_approval(approved: PolicyApproval) -> Iterable[tuple[str, str]]:
    values: Mapping[str, str | None] = {
        "of": quoted(approved.of),
        "to": quoted(approved.to),
        "repository": approved.repository and quoted(approved.repository),
        "folder": approved.folder and quoted(approved.folder),
        "by": quoted(approved.by),
        "created": approved.created.isoformat(),
        "expires": approved.expires.isoformat(),
        _SIGNATURE: approved.signature and quoted(approved.signature),
    }
    return ((key, value) for key, value in values.items() if value is not None)


def _of_override(override: Override) -> dict[str, str]:
    return {
        "for": _mapping(override.subject),
        "of": f"[{', '.join(override.of)}]",
        "reason": quoted(override.reason),
        "owner": quoted(override.owner),
    }


def _mapping(values: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{key}: {quoted(value)}' for key, value in values.items())}}}"


def _block(item: Waiver | Override, indent: str) -> list[str]:
    lines = [f"{key}: {value}" for key, value in _said(item)]
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
