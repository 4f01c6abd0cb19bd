"""The policy's JSON Schema, for editors and other checkers, derived from the table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gates.api import Gate
from gates.policy.nodes import (
    UNLIMITED,
    Boolean,
    Choice,
    Day,
    Integer,
    Keys,
    ListOf,
    MapOf,
    Node,
    Number,
    OfGate,
    OneOrMany,
    Span,
    Text,
)
from gates.policy.reference import reference
from gates.policy.table import DEFAULTS, FINDINGS_LIMIT, GATE, MEASUREMENT_LIMIT, NAME_PATTERN, POLICY, SETTINGS, options, requirements

__all__ = ["json_schema", "reference"]

#: Tables that stand in many places, written once.
_SHARED: dict[Node, str] = {
    FINDINGS_LIMIT: "limit-of-findings",
    MEASUREMENT_LIMIT: "limit-of-measurement",
    SETTINGS: "settings",
    GATE: "gate",
    DEFAULTS: "default",
}
ADDRESS = "https://json-schema.org/draft/2020-12/schema"


def json_schema(gates: Iterable[Gate]) -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of policies for these gates.

    It accepts whatever the reader accepts of one file; what needs several files or a calendar is the reader's alone.
    """
    known = tuple(gates)
    schema = _of(POLICY)
    schema["properties"]["gates"] = _gates(known)
    schema["properties"]["defaults"] = _defaults(known)
    return {"$schema": ADDRESS, "$id": "gates/policy/v1", "title": "Quality Gates policy", **schema, "$defs": _definitions(known)}


def _definitions(gates: Sequence[Gate]) -> dict[str, Any]:
    """For each gate its options, its limits, and both at their places in the gate's mapping."""
    definitions = {name: _written_out(node) for node, name in _SHARED.items()}
    definitions["uses"] = {
        "allOf": [
            {"if": {"properties": {"uses": {"const": kind.id}}, "required": ["uses"]}, "then": {"$ref": f"#/$defs/parts-{kind.id}"}}
            for kind in gates
        ]
    }
    for gate in gates:
        definitions[f"options-{gate.id}"] = _of(options(gate))
        definitions[f"require-{gate.id}"] = _of(requirements(gate))
        parts = {"options": {"$ref": f"#/$defs/options-{gate.id}"}, "require": {"$ref": f"#/$defs/require-{gate.id}"}}
        at = {"properties": {stage: {"properties": parts} for stage in ("commit", "change", "release")}}
        definitions[f"parts-{gate.id}"] = {"description": gate.title, "properties": {**parts, "at": at}}
    return definitions


def _gates(gates: Sequence[Gate]) -> dict[str, Any]:
    """A gate named after what it is has its own parts, unless `uses` says that it is another."""
    both = [{"$ref": "#/$defs/gate"}, {"$ref": "#/$defs/uses"}]
    named = {
        kind.id: {"allOf": [*both, {"if": {"not": {"required": ["uses"]}}, "then": {"$ref": f"#/$defs/parts-{kind.id}"}}]} for kind in gates
    }
    return {**_map_of("gates"), "properties": named, "additionalProperties": {"allOf": both}}


def _defaults(gates: Sequence[Gate]) -> dict[str, Any]:
    parts = {kind.id: {"allOf": [{"$ref": "#/$defs/default"}, {"$ref": f"#/$defs/parts-{kind.id}"}]} for kind in gates}
    return {**_map_of("defaults"), "properties": parts, "additionalProperties": {"$ref": "#/$defs/default"}}


def _map_of(name: str) -> dict[str, Any]:
    key = POLICY.find(name)
    return {
        "description": key.help if key else "",
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME_PATTERN}$", "maxLength": 64},
    }


def _of(node: Node) -> dict[str, Any]:
    """The schema of a node; of one that stands in many places, a reference."""
    name = _SHARED.get(node)
    return {"$ref": f"#/$defs/{name}"} if name else _written_out(node)


def _written_out(node: Node) -> dict[str, Any]:
    match node:
        case Keys():
            return _of_keys(node)
        case MapOf(of=of, name=name):
            names = {"pattern": f"^(?:{name.pattern})$", "maxLength": 64}
            return {"type": "object", "propertyNames": names, "additionalProperties": _of(of)}
        case ListOf(of=of, at_least=at_least):
            return {"type": "array", "items": _of(of), **({"minItems": at_least} if at_least else {})}
        case OneOrMany(of=of):
            one = _of(of)
            return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
        case OfGate():
            return {"type": "object"}
    return _of_scalar(node)


def _of_keys(node: Keys) -> dict[str, Any]:
    properties = {}
    for key in node.keys:
        default = f" Default: {key.default}." if key.default else ""
        properties[key.name] = {"description": f"{key.help}.{default}", **_of(key.of)}
    required = [key.name for key in node.keys if key.required and not node.partial]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    if node.some:
        schema["anyOf"] = [{"required": [name]} for name in node.some]
    return schema


def _of_scalar(node: Node) -> dict[str, Any]:
    match node:
        case Text(pattern=pattern, blank=blank):
            # Editors read `1.10` and `true` as other types; the reader takes them as the text they are.
            wanted = f"^(?:{pattern})$" if pattern else "" if blank else r"\S"
            return {"type": ["string", "number", "boolean"], **({"pattern": wanted} if wanted else {})}
        case Choice(values=values):
            return {"enum": [*values, *(int(value) for value in values if value.isdigit())]}
        case Integer(minimum=minimum):
            return {"type": "integer", **({} if minimum is None else {"minimum": minimum})}
        case Number(minimum=minimum, unlimited=unlimited):
            number = {"type": "number", "minimum": minimum}
            return {"anyOf": [number, {"const": UNLIMITED}]} if unlimited else number
        case Boolean():
            return {"type": "boolean"}
        case Span():
            return {"type": "string", "pattern": "^[0-9]{1,6}[smhd]$"}
        case Day():
            return {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "format": "date"}
    raise TypeError(f"{type(node).__name__} is not a scalar")
