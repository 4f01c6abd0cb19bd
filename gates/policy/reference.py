"""The reference page of the policy, derived from the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gates.api import Gate
from gates.dataclass import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A key that a policy may have. Words are Markdown: code stands between backticks."""

    key: str
    value: str
    default: str
    required: bool
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Keys that stand together, and what is said of them."""

    title: str
    rows: tuple[Row, ...]
    planned: tuple[str, ...] = ()
    #: Of a gate: what it examines, and what it measures, by name.
    words: str = ""
    measurements: tuple[tuple[str, str], ...] = ()


def sections(gates: Iterable[Gate]) -> Iterator[Section]:
    """Every key that a policy may have, for these gates."""
    yield _section("Keys of the file", [_row(key, "") for key in POLICY.keys], POLICY.planned)
    yield _section("Keys of a gate", _rows(GATE, deep=("at",)))
    yield _section("Limits", _limit_rows())
    yield _section("Keys of a waiver", _rows(WAIVER), WAIVER.planned)
    yield _section("`waiver-rules`", _rows(WAIVER_RULES), WAIVER_RULES.planned)
    yield _section("Keys of an override", _rows(OVERRIDE))
    yield _section("Keys of a recorded decision", _rows(RECORDED_DECISION))
    yield from (_gate(gate) for gate in gates)


def reference(gates: Iterable[Gate]) -> str:
    """Markdown of every key that a policy may have, for these gates."""
    return "\n".join(_markdown(section) for section in sections(gates))


def insert(page: str, gates: Iterable[Gate]) -> str:
    """A page with its generated part renewed. Raises `ValueError` where the page does not mark it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{reference(gates)}\n{END}{after}"


def _gate(gate: Gate) -> Section:
    stages = ", ".join(f"`{stage}`" for stage in gate.stages)
    return Section(
        title=f"The gate `{gate.id}`: {gate.title}",
        rows=tuple(_rows(options(gate))),
        words=f"It examines {gate.unit}, and runs at {stages} unless the policy says otherwise.",
        measurements=tuple(gate.measurements.items()),
    )


def _section(title: str, rows: Iterable[Row], planned: Iterable[str] = ()) -> Section:
    return Section(title=title, rows=tuple(rows), planned=tuple(planned))


def _markdown(section: Section) -> str:
    lines = [f"### {section.title}", ""]
    if section.rows:
        lines += ["| key | value | default | meaning |", "| --- | --- | --- | --- |", *map(_line, section.rows)]
    else:
        lines += ["It has no options."]
    if section.planned:
        lines += ["", f"Planned, and refused until they work: {', '.join(f'`{name}`' for name in section.planned)}."]
    if section.words:
        lines += ["", section.words]
    if section.measurements:
        lines += ["", "It measures, beside what is counted for every gate:", ""]
        lines += [f"- `{name}`: {help}" for name, help in section.measurements]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    default = "**required**" if row.required else f"`{_cell(row.default)}`" if row.default else ""
    return f"| `{row.key}` | {_cell(row.value)} | {default} | {_cell(row.help)} |"


def _rows(table: Keys, prefix: str = "", deep: tuple[str, ...] | None = None) -> list[Row]:
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


def _row(key: Key, prefix: str) -> Row:
    return Row(key=f"{prefix}{key.name}", value=_value(key.of), default=key.default, required=key.required, help=key.help)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _limit_rows() -> Iterator[Row]:
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
