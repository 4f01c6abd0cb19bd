"""The reference page of the policy, derived from the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gates.api import Gate
from gates.policy.nodes import Boolean, Choice, Day, Integer, Key, Keys, ListOf, MapOf, Node, Number, OfGate, OneOrMany, Span
from gates.policy.table import (
    COUNTS,
    FINDINGS_LIMIT,
    GATE,
    MEASUREMENT_LIMIT,
    OVERRIDE,
    POLICY,
    RECORDED_DECISION,
    WAIVER,
    WAIVER_RULES,
    options,
)

BEGIN = "<!-- generated: begin -->"
END = "<!-- generated: end -->"

_Row = tuple[str, str, str, str]


def reference(gates: Iterable[Gate]) -> str:
    """Markdown of every key that a policy may have, for these gates."""
    known = tuple(gates)
    parts = [
        _section("Keys of the file", [_row(key, "") for key in POLICY.keys], POLICY.planned),
        _section("Keys of a gate", _rows(GATE, deep=("at",))),
        _section("Limits", [*_limit_rows()]),
        _section("Keys of a waiver", _rows(WAIVER), WAIVER.planned),
        _section("`waiver-rules`", _rows(WAIVER_RULES), WAIVER_RULES.planned),
        _section("Keys of an override", _rows(OVERRIDE)),
        _section("Keys of a recorded decision", _rows(RECORDED_DECISION)),
        *(_gate(gate) for gate in known),
    ]
    return "\n".join(parts)


def insert(page: str, gates: Iterable[Gate]) -> str:
    """A page with its generated part renewed. Raises `ValueError` where the page does not mark it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{reference(gates)}\n{END}{after}"


def _gate(gate: Gate) -> str:
    title, rows = f"The gate `{gate.id}`: {gate.title}", _rows(options(gate))
    stages = ", ".join(f"`{stage}`" for stage in gate.stages)
    parts = [
        _section(title, rows) if rows else f"### {title}\n\nIt has no options.\n",
        f"It examines {gate.unit}, and runs at {stages} unless the policy says otherwise.\n",
    ]
    if gate.measurements:
        measured = "".join(f"- `{name}`: {help}\n" for name, help in gate.measurements.items())
        parts.append(f"It measures, beside what is counted for every gate:\n\n{measured}")
    return "\n".join(parts)


def _section(title: str, rows: list[_Row], planned: Iterable[str] = ()) -> str:
    lines = [f"### {title}", "", "| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| `{key}` | {value} | {default} | {help} |" for key, value, default, help in rows]
    later = ", ".join(f"`{name}`" for name in planned)
    return "\n".join([*lines, *(["", f"Planned, and refused until they work: {later}."] if later else [])]) + "\n"


def _rows(table: Keys, prefix: str = "", deep: tuple[str, ...] | None = None) -> list[_Row]:
    """A row for each key, and for the keys within it; not within those that `deep` names."""
    found = []
    for key in table.keys:
        found.append(_row(key, prefix))
        inner = _inner(key.of)
        if inner is not None and key.name not in (deep or ()):
            found += _rows(inner, f"{prefix}{key.name}.")
    return found


def _inner(node: Node) -> Keys | None:
    match node:
        case Keys():
            return node
        case ListOf(of=of) | OneOrMany(of=of):
            return _inner(of)
    return None


def _row(key: Key, prefix: str) -> _Row:
    default = "**required**" if key.required else f"`{_cell(key.default)}`" if key.default else ""
    return f"{prefix}{key.name}", _cell(_value(key.of)), default, _cell(key.help)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _limit_rows() -> Iterator[_Row]:
    """What can be limited, then the keys of a limit."""
    measured = Key(name="(a measurement)", of=MEASUREMENT_LIMIT, help="what the gate measures: see there")
    yield from (_row(key, "") for key in (*COUNTS, measured))
    limits = [_inner(node) or Keys(keys=()) for node in (FINDINGS_LIMIT, MEASUREMENT_LIMIT)]
    keys = {key.name: key for limit in limits for key in limit.keys}
    yield from (_row(key, "….") for key in keys.values())


def _value(node: Node) -> str:
    match node:
        case Keys(keys=keys):
            return f"mapping of {', '.join(f'`{key.name}`' for key in keys)}" if len(keys) <= 5 else "mapping"
        case MapOf(noun=noun):
            return f"mapping by {noun}"
        case ListOf(of=of):
            return f"list: {_value(of)}"
        case OneOrMany(of=of):
            return f"{_value(of)}; or a list of those"
        case OfGate():
            return "mapping, as the gate has it"
        case Choice(values=values):
            return ", ".join(f"`{value}`" for value in values)
        case Number(unlimited=unlimited):
            return "number or `unlimited`" if unlimited else "number"
        case Integer(minimum=minimum):
            return "whole number" if minimum is None else f"whole number, at least {minimum}"
        case Boolean():
            return "`true`, `false`"
        case Span():
            return "length of time"
        case Day():
            return "date"
    return "text"
