"""What several sources say of one gate, laid over each other. Merging is by key; options and limits by their name, each replaced whole."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import reduce

from gates.api import Gate
from gates.errors import Problem
from gates.model import GatePolicy, Limit, Stage
from gates.policy.entry import Entry, Later, made
from gates.policy.nodes import Keys
from gates.policy.syntax import Place
from gates.policy.table import options, requirements, span_text


def over(lower: Entry, upper: Entry) -> Entry:
    """What both say of a gate, the upper winning. Associative: only the order of layers matters, not how they are grouped."""
    merged = dict(lower.value)
    for key, entry in upper.items():
        below = lower.get(key)
        merged[key] = entry if below is None else _joined(key, below, entry)
    return Entry(merged, upper.place)


def _joined(key: str, lower: Entry, upper: Entry) -> Entry:
    match key:
        case "options" | "require":
            return Entry({**lower.value, **dict(upper.items())}, upper.place)
        case "at" | "commit" | "change" | "release":
            return over(lower, upper)
    return upper


def at_stage(body: Entry, stage: Stage) -> Entry:
    """What is said of a gate at one stage; what is said of others is gone."""
    common = Entry({key: entry for key, entry in body.items() if key != "at"}, body.place)
    at = body.get("at")
    special = at.get(stage.value) if at else None
    return over(common, special) if special else common


def settle(gate: Gate, defaults: Iterable[Entry], own: Iterable[Entry], stage: Stage) -> Entry:
    """Everything that is said of a gate at a stage: the gate's own word, then of its kind, then of it by name."""
    settled = _built_in(gate)
    for layers in (defaults, own):
        spoken = reduce(over, layers, Entry({}, Place("")))
        settled = over(settled, at_stage(spoken, stage))
    if not settled.said("not-applicable") and "examined" not in settled.value["require"].value:
        always = made([{"min": Decimal(1)}], "always")
        settled = over(settled, Entry({"require": Entry({"examined": always}, always.place)}, settled.place))
    return settled


def _built_in(gate: Gate) -> Entry:
    origin = f"default of {gate.id}"
    limits: dict[str, list[dict[str, object]]] = {}
    for limit in gate.limits:
        limits.setdefault(limit.name, []).append(_written(limit))
    body = {"stages": [stage.value for stage in gate.stages], "enforcement": "block", "options": {}, "require": limits}
    seconds = GatePolicy(name=gate.id, uses=gate.id).timeout_seconds
    timeout = Entry(seconds, Place("default"), span_text(seconds))
    return Entry({**made(body, origin).value, "timeout": timeout}, Place(origin))


def _written(limit: Limit) -> dict[str, object]:
    said = {
        "severity": None if limit.severity is None else limit.severity.word,
        "max": limit.max,
        "min": limit.min,
        "new": None if limit.new_max is None else {"max": limit.new_max},
        "regression": limit.regression,
    }
    return {key: value for key, value in said.items() if value is not None}


def bind(body: Entry, gate: Gate, problems: list[Problem]) -> Entry:
    """What is said of a gate, with its options and limits read by the gate's own tables. Adds what is wrong to `problems`."""
    bound: dict[str, Entry] = {}
    for key, entry in body.items():
        match key:
            case "options":
                bound[key] = _read_later(entry, options(gate), problems)
            case "require":
                bound[key] = _read_later(entry, requirements(gate), problems)
            case "at":
                bound[key] = Entry({stage: bind(special, gate, problems) for stage, special in entry.items()}, entry.place)
            case _:
                bound[key] = entry
    return Entry(bound, body.place)


def _read_later(entry: Entry, table: Keys, problems: list[Problem]) -> Entry:
    later: Later = entry.value
    read, wrong = later.read(table)
    problems += wrong
    return read
