"""What holds of every policy: policies are made up from the table itself."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates.model import Stage
from gates.policy import layers
from gates.policy.entry import Entry
from gates.policy.nodes import Boolean, Choice, Day, Integer, Keys, ListOf, MapOf, Node, Number, OfGate, OneOrMany, Span
from gates.policy.reader import read
from gates.policy.show import show
from gates.policy.table import SETTINGS, WAIVER_RULES, options, requirements
from tests.policy.making import EXAMPLES, complaints, effective, find_gate, policy, source, unnamed

#: Gates whose options need nothing of each other.
FREE = ("tests", "dependencies", "secrets", "security", "external")
STAGES = st.sampled_from(list(Stage))

#: Texts that YAML takes for something else, and texts of characters that mean something to it.
TEXTS = st.one_of(
    st.sampled_from(
        ["on", "no", "null", "~", "1.10", "-", "---", "...", "a: b # c", "{port}", "@shop", "%x", "é 🌍", "tab\there", "two\nlines"]
    ),
    st.text("aé0:#'\"\\{}[],&*!|>%@` -~=.\n", max_size=6).map(lambda text: f"x{text}"),
)
QUOTED = TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False))


def written(node: Node) -> st.SearchStrategy[str]:
    """What may stand for a node, as flow YAML."""
    match node:
        case Keys():
            return st.lists(st.sampled_from(node.keys), unique=True).flatmap(lambda keys: _mapping(node, keys))
        case MapOf(of=of):
            pairs = st.dictionaries(st.sampled_from(["A", "b-c", "on"]), written(of), max_size=2)
            return pairs.map(_braces)
        case ListOf(of=of, at_least=at_least):
            return st.lists(written(of), min_size=at_least, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        case OneOrMany(of=of):
            return st.one_of(written(of), st.lists(written(of), min_size=1, max_size=2).map(lambda items: f"[{', '.join(items)}]"))
        case OfGate():
            return st.just("{}")
    return _scalar(node)


def _mapping(node: Keys, keys: list[Any]) -> st.SearchStrategy[str]:
    chosen = {key.name: key for key in keys} | {key.name: key for key in node.keys if key.required and not node.partial}
    if node.some and not chosen.keys() & set(node.some):
        chosen[node.some[0]] = next(key for key in node.keys if key.name == node.some[0])
    return st.fixed_dictionaries({name: written(key.of) for name, key in chosen.items()}).map(_braces)


def _braces(pairs: dict[str, str]) -> str:
    return f"{{{', '.join(f'{name}: {value}' for name, value in pairs.items())}}}"


def _scalar(node: Node) -> st.SearchStrategy[str]:
    match node:
        case Integer(minimum=minimum):
            return st.integers(minimum or -5, 10**9).map(str)
        case Number(minimum=minimum, unlimited=unlimited):
            numbers = st.decimals(minimum, 10**6, places=2, allow_nan=False, allow_infinity=False).map(lambda value: format(value, "f"))
            return st.one_of(numbers, st.just("unlimited")) if unlimited else numbers
        case Boolean():
            return st.sampled_from(["true", "false"])
        case Span():
            return st.sampled_from(["1s", "90s", "10m", "2h", "7d"])
        case Choice(values=values):
            return st.sampled_from(values)
        case Day():
            return st.dates().map(str)
    return QUOTED


def _body(id: str, *, at: bool) -> st.SearchStrategy[str]:
    """What may be said of a gate of a kind."""
    gate = find_gate(id)
    parts: dict[str, st.SearchStrategy[str]] = {key.name: written(key.of) for key in SETTINGS.keys}
    parts |= {"options": written(options(gate)), "require": written(requirements(gate))}
    if at:
        parts |= {"at": st.dictionaries(STAGES.map(str), _body(id, at=False), max_size=2).map(_braces)}
        parts |= {"stages": st.lists(STAGES, min_size=1, max_size=3, unique=True).map(lambda stages: f"[{', '.join(stages)}]")}
    return st.fixed_dictionaries({}, optional=parts).map(_braces)


def _policies() -> st.SearchStrategy[str]:
    bodies = {id: _body(id, at=True) for id in FREE}
    gates = st.fixed_dictionaries({"tests": bodies["tests"]}, optional={id: bodies[id] for id in FREE[1:]}).map(_braces)
    defaults = st.fixed_dictionaries({}, optional=bodies).map(_braces)
    parts = st.fixed_dictionaries(
        {"version": st.just("1"), "gates": gates}, optional={"defaults": defaults, "waiver-rules": written(WAIVER_RULES)}
    )
    return parts.map(_braces)


POLICIES = _policies()
BODIES = _body("tests", at=True)
relaxed = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def bound(body: str) -> Entry:
    root = read(source(f"version: 1\ngates: {{tests: {body}}}\n")).root
    assert root is not None
    problems: list[Any] = []
    entry = layers.bind(root.value["gates"].value["tests"], find_gate("tests"), problems)
    assert problems == []
    return entry


def said(entry: Entry) -> Any:
    """What an entry says, without where it says it."""
    match entry.value:
        case dict():
            return {key: said(item) for key, item in entry.value.items()}
        case list():
            return [said(item) for item in entry.value]
    return entry.value


@relaxed
@given(POLICIES, STAGES)
def test_a_policy_that_is_shown_and_read_again_is_the_same(text: str, stage: Stage) -> None:
    first = effective(text, stage=stage)
    again = effective(show(first), stage=stage)
    assert unnamed(again.policy) == unnamed(first.policy)
    assert said(again.document) == said(first.document)


@relaxed
@given(BODIES, BODIES, BODIES)
def test_merging_is_associative(first: str, second: str, third: str) -> None:
    a, b, c = bound(first), bound(second), bound(third)
    assert said(layers.over(layers.over(a, b), c)) == said(layers.over(a, layers.over(b, c)))


@relaxed
@given(BODIES)
def test_merging_with_nothing_or_itself_changes_nothing(body: str) -> None:
    entry = bound(body)
    assert said(layers.over(entry, Entry({}, entry.place))) == said(entry) == said(layers.over(entry, entry))


@relaxed
@given(POLICIES, STAGES, _body("tests", at=False))
def test_what_is_said_of_one_stage_changes_no_other(text: str, stage: Stage, body: str) -> None:
    added = f"version: 1\ngates: {{tests: {{at: {{{stage}: {body}}}}}}}\n"
    for other in Stage:
        if other is not stage:
            assert unnamed(policy(text, added, stage=other)) == unnamed(policy(text, stage=other))


PIECES = ["{}", "[]", ": ", "- ", "null", "unlimited", "new", "uses: tests", "\n", "  ", '"', "#", "*a", "&a ", "!t ", "<<", "|", "at", ""]


@settings(deadline=None, max_examples=100)
@given(st.data(), STAGES)
def test_whatever_is_typed_is_read_or_refused_in_words(data: st.DataObject, stage: Stage) -> None:
    path = data.draw(st.sampled_from(sorted((EXAMPLES / "positive").glob("*.yaml"))))
    text = path.read_text("utf-8")
    start = data.draw(st.integers(0, len(text)))
    typed = text[:start] + data.draw(st.sampled_from(PIECES)) + text[start + data.draw(st.integers(0, 12)) :]
    if not complaints(typed, stage=stage):
        found = effective(typed, stage=stage)
        assert unnamed(effective(show(found), stage=stage).policy) == unnamed(found.policy)
