"""Which gates there are: the built-in ones and those of third parties, found without importing an engine."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points

from gates.api import Gate
from gates.errors import PluginError

GROUP = "gates.runners"
BUILT_IN = ("tests", "contracts", "accessibility", "dependencies", "secrets", "security", "external")


@cache
def _plugins() -> dict[str, str]:
    """Third parties' gates: id to `module:attribute`. Two of one id, or one of ours, is an error, not a matter of order."""
    found: dict[str, str] = {}
    for entry in entry_points(group=GROUP):
        if entry.name in BUILT_IN or entry.name in found:
            raise PluginError(
                f"the gate {entry.name!r} is offered twice", where=entry.value, help="uninstall one of the distributions that offer it"
            )
        found[entry.name] = entry.value
    return found


def names() -> tuple[str, ...]:
    """Ids of all gates: built-in ones in their order, then others by name."""
    return (*BUILT_IN, *sorted(_plugins()))


@cache
def find(gate: str) -> Gate:
    """The gate of an id. Raises `KeyError` for an unknown id and `PluginError` for one that can't be loaded."""
    if gate in BUILT_IN:
        return _checked(importlib.import_module(f"gates.runners.{gate}").GATE, gate, f"gates.runners.{gate}")
    address = _plugins()[gate]
    module, _, attribute = address.partition(":")
    try:
        value = getattr(importlib.import_module(module), attribute or "GATE")
    except Exception as error:
        raise PluginError(
            f"the gate {gate!r} can't be loaded: {error}", where=address, help="mend or uninstall the distribution that offers it"
        ) from error
    return _checked(value, gate, address)


def every() -> Iterator[Gate]:
    return (find(gate) for gate in names())


def _checked(value: object, gate: str, where: str) -> Gate:
    if not isinstance(value, Gate) or value.id != gate:
        raise PluginError(f"the entry point of {gate!r} is not a Gate of that id", where=where, help="see docs/adding-a-gate.md")
    return value
