"""The effective policy as a file that says the same, each line with where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gates import canonical
from gates.policy.compose import Effective
from gates.policy.entry import Entry

_PLAIN = re.compile(r"-?[A-Za-z0-9_./][A-Za-z0-9_./@+-]*")
_NOT_PLAIN = frozenset({"null", "Null", "NULL"})
_COLUMN = 56


def show(effective: Effective) -> str:
    """YAML of the policy at its stage, with the digest that `gates verify` compares. Reading it back gives the same policy."""
    lines = [f"# The policy at the {effective.policy.stage} stage, composed of:"]
    lines += [f"#   {source.name}" for source in effective.policy.sources]
    lines += [f"# Its digest: sha256:{canonical.sha256(canonical.of(effective.policy))}"]
    for text, origin in _mapping(effective.document, ""):
        lines.append(f"{text:<{_COLUMN}}  # {origin}" if origin else text)
    return "\n".join(lines) + "\n"


def _mapping(entry: Entry, indent: str) -> Iterator[tuple[str, str]]:
    """Lines of a mapping's keys, each with its origin; a line that only opens a block has none."""
    for key, item in entry.value.items():
        yield from _value(f"{indent}{quoted(key)}:", item, f"{indent}  ")


def _value(head: str, entry: Entry, indent: str) -> Iterator[tuple[str, str]]:
    value = entry.value
    if isinstance(value, dict) and value:
        yield head, ""
        yield from _mapping(entry, indent)
    elif isinstance(value, list) and any(isinstance(item.value, dict) for item in value):
        yield head, ""
        for item in value:
            yield from _item(item, indent)
    else:
        yield f"{head} {_flow(entry)}", entry.place.short


def _item(entry: Entry, indent: str) -> Iterator[tuple[str, str]]:
    """A mapping as an item of a list: its first line bears the dash."""
    lines = list(_mapping(entry, f"{indent}  "))
    first, origin = lines[0] if lines else (f"{indent}  {{}}", entry.place.short)
    yield f"{indent}- {first[len(indent) + 2 :]}", origin
    yield from lines[1:]


def _flow(entry: Entry) -> str:
    match entry.value:
        case dict():
            return "{}"
        case list():
            return f"[{', '.join(_flow(item) for item in entry.value)}]"
    return quoted(entry.text)


def quoted(text: str) -> str:
    """A scalar that reads back as the same text: plain where that is safe."""
    if _PLAIN.fullmatch(text) and text not in _NOT_PLAIN:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return f'"{"".join(map(_escaped, escaped))}"'


def _escaped(character: str) -> str:
    return character if character.isprintable() else f"\\U{ord(character):08X}"
