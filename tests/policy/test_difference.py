"""Two policies at every stage: whatever a policy may hold is reported where it changes, with its direction and its places."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from gates import registry
from gates.api import Gate
from gates.model import Direction, GatePolicy, Policy, PolicySource, Stage
from gates.policy import load
from gates.policy.changes import policy_changes
from gates.policy.difference import Difference, difference
from gates.policy.nodes import Boolean, Choice, Integer, Keys, ListOf, MapOf, Node, Number, OfGate, OneOrMany, Span, Text
from gates.policy.table import POLICY, options, requirements
from tests.policy.making import GATES, find_gate

Path = tuple[str | int, ...]

#: Two values of a key that can't be made up from its kind alone.
SAMPLES: Mapping[str, tuple[Any, ...]] = {
    "extends": (["a.yaml"], ["b.yaml"]),
    "gate": ("tests", "security"),
    "uses": ("tests", "security"),
    "created": ("2026-01-01", "2026-01-02"),
    "expires": ("2026-01-05", "2026-01-06"),
    "commit": ("a" * 40, "b" * 40),
    "ref": ("refs/heads/a", "refs/heads/b"),
    "date": ("2026-01-01", "2026-01-02"),
    "signature": tuple(f"ed25519:{letter * 86}==" for letter in "AB"),
    "requires": ("quality-gates>=0.0.1", "quality-gates>=0.0.2"),
}
#: What a part needs beside the key that is looked at.
NEEDED: Mapping[str, Any] = {
    "coverage": {"source": ["a"]},
    "approved": {
        "of": f"sha256:{'2' * 64}",
        "to": f"sha256:{'3' * 64}",
        "by": "c",
        "created": "2026-01-01",
        "expires": "2026-01-05",
        "signature": f"ed25519:{'C' * 86}==",
    },
}
#: Texts that a pattern may ask for.
WORDS = ("a", "b", "W-1", "W-2", *(f"sha256:{digit * 64}" for digit in "01"))
#: Keys that have one value, so that they can't change.
FIXED = {("version",)}


def values(node: Node, name: str) -> tuple[Any, Any]:
    """Two different values of a leaf."""
    if name in SAMPLES:
        return SAMPLES[name]
    match node:
        case Text(pattern=pattern):
            first, second = [word for word in WORDS if not pattern or re.fullmatch(pattern, word)][:2]
            return first, second
        case Boolean():
            return True, False
        case Integer() | Number():
            return 1, 2
        case Span():
            return "1m", "2m"
        case Choice(values=(first, second, *_)):
            return first, second
        case ListOf(of=of):
            first, second = values(of, "")
            return [first], [first, second]
        case MapOf(of=of):
            first, second = values(of, "")
            return {"x": first}, {"x": second}
    raise AssertionError(f"no two values of {node} at {name}")


def leaves(node: Node, path: Path = (), gate: Gate = GATES["tests"]) -> Iterator[tuple[Path, Node]]:
    """Every place of a table at which a value stands. `gate` is the one whose own parts are walked."""
    match node:
        case Keys(keys=keys):
            for key in keys:
                yield from leaves(key.of, (*path, key.name), gate)
        case MapOf(of=Keys() as of):
            yield from leaves(of, (*path, gate.id), gate)
        case OneOrMany(of=of) | ListOf(of=Keys() as of):
            yield from leaves(of, (*path, 0), gate)
        case OfGate(part=part):
            yield from leaves({"options": options, "require": requirements}[part](gate), (*path, part) if path[-1] != part else path, gate)
        case _:
            yield path, node


LEAVES = {path: node for path, node in leaves(POLICY) if path not in FIXED}


def document(path: Path, second: bool) -> Any:
    """The smallest policy in which something stands at `path`: the first or the second of its values."""
    made: Any = {"version": 1, "gates": {"tests": {}, "security": {}}}
    here = made
    for step, following in itertools.pairwise(path):
        there: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            here.append(there)
            here = here[0]
        else:
            here[step] = here.get(step) or dict(NEEDED.get(step, {})) or there
            here = here[step]
        if isinstance(step, int):
            _fill(here, path[: path.index(step) + 1])
    here[path[-1]] = values(LEAVES[path], str(path[-1]))[second]
    return made


def _fill(record: Any, prefix: Path) -> None:
    """A record of a list in full: a waiver with one key is none."""
    for path, node in LEAVES.items():
        if path[: len(prefix)] == prefix:
            here = record
            for step in path[len(prefix) : -1]:
                here = here.setdefault(step, {})
            here[path[-1]] = values(node, str(path[-1]))[0]


def sources(made: Any) -> tuple[PolicySource, ...]:
    # A text without quotes is read by what its key expects, as in any policy.
    content = re.sub(r'"(\d+[smhd]|\d{4}-\d\d-\d\d)"', r"\1", json.dumps(made)).encode()
    more = dict.fromkeys(("a.yaml", "b.yaml"), b"version: 1\n")
    return load.collect_from("gates.yaml", {"gates.yaml": content, **more}.get)


def between(before: Any, after: Any) -> tuple[Difference, ...]:
    return difference(sources(before), sources(after), find_gate=find_gate)


def test_the_walk_sees_the_whole_table() -> None:
    assert {path[0] for path in LEAVES} == {key.name for key in POLICY.keys} - {"version"}
    assert {("gates", "tests", "at", "release", "options", "coverage", "source"), ("waivers", 0, "match", "path")} <= set(LEAVES)
    assert len(LEAVES) > 200


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: ".".join(map(str, path)))
def test_a_key_that_changes_is_reported(path: Path) -> None:
    found = between(document(path, second=False), document(path, second=True))
    named = {word for item in found for word in re.split(r"[.\[\]]", item.change.where)}
    assert said_as(path) in named
    assert between(document(path, second=False), document(path, second=False)) == ()


def said_as(path: Path) -> str:
    """The word under which a key's change is reported."""
    if path[0] in {"decisions", "approved"} or path[-1] == "id":
        return str(path[0])
    if {"match", "for"} & set(path):
        return "match" if "match" in path else "for"
    return "require" if path[-1] == "severity" else str(path[-1])


def option_changes(gate: Gate) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """For each option of a gate and each part of one: its dotted name, and the options with either value."""
    for path, node in leaves(options(gate), (), gate):
        first, second = values(node, str(path[-1]))
        yield ".".join(map(str, path)), nested(path, first), nested(path, second)


def nested(path: Path, value: Any) -> dict[str, Any]:
    """Plain data as a composed policy holds it: names of fields, lengths of time in seconds."""
    for step in reversed(path):
        value = {str(step).replace("-", "_"): {"1m": 60, "2m": 120}.get(value, value) if isinstance(value, str) else value}
    return dict(value)


@pytest.mark.parametrize("id", registry.BUILT_IN)
def test_every_option_of_every_gate_is_compared_part_by_part(id: str) -> None:
    gate = registry.find(id)
    seen = []
    for name, before, after in option_changes(gate):
        [change] = policy_changes(with_options(id, before), with_options(id, after))
        assert change.where == f"gates.{id}.options.{name}"
        assert change.direction is Direction.CHANGED or change.why
        seen.append(name.partition(".")[0])
    assert set(seen) == {field.name.replace("_", "-") for field in dataclasses.fields(gate.options)}


def with_options(id: str, said: Mapping[str, Any]) -> Policy:
    return Policy(stage=Stage.CHANGE, gates=(GatePolicy(name=id, uses=id, options=said),))


LOOSER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("security", {}, {"exclude": ["vendor"]}),
    ("security", {"skips": ["B101"]}, {"skips": ["B101", "B602"]}),
    ("security", {}, {"paths": ["shop"]}),
    ("security", {"paths": ["shop", "lib"]}, {"paths": ["shop"]}),
    ("security", {}, {"confidence": "high"}),
    ("security", {"tests": "same"}, {"tests": "low"}),
    ("security", {"tests": "same"}, {}),
    ("secrets", {}, {"mode": "compat"}),
    ("secrets", {"exclude": []}, {"exclude": ["docs"]}),
    ("dependencies", {}, {"max_age": 30 * 86400}),
    ("dependencies", {"max_age": 86400}, {"max_age": 0}),
    ("dependencies", {}, {"vex": ["vex/"]}),
    ("accessibility", {"exclude_rules": []}, {"exclude_rules": ["region"]}),
    ("accessibility", {"pages": ["/", "/cart"]}, {"pages": ["/"]}),
    ("accessibility", {}, {"standard": "wcag2a"}),
    ("accessibility", {"needs": ["PASSWORD"]}, {}),
    ("tests", {}, {"retries": 1}),
    ("tests", {"coverage": {"source": ["shop"]}}, {}),
    ("tests", {"coverage": {"source": ["a", "b"]}}, {"coverage": {"source": ["a"]}}),
    ("contracts", {"checks": []}, {"checks": ["ignored-auth"]}),
    ("contracts", {}, {"max_examples": 1}),
    ("external", {"inventory": ["a", "b"]}, {"inventory": ["a"]}),
    ("external", {"examined": "seen.json#/files/*"}, {}),
]


@pytest.mark.parametrize(("id", "tighter", "looser"), LOOSER)
def test_what_lets_more_pass_is_looser_and_the_other_way_tighter(id: str, tighter: dict[str, Any], looser: dict[str, Any]) -> None:
    assert [change.direction for change in policy_changes(with_options(id, tighter), with_options(id, looser))] == ["looser"]
    assert [change.direction for change in policy_changes(with_options(id, looser), with_options(id, tighter))] == ["tighter"]


UNWEIGHED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("tests", {"args": ["-x"]}, {"args": ["-x", "--deselect=a"]}),
    ("tests", {"paths": ["tests"]}, {}),
    ("external", {"command": ["a"]}, {"command": ["b"]}),
    ("external", {"examined": "a.txt"}, {"examined": "b.txt"}),
    ("security", {"exclude": ["a"]}, {"exclude": ["b"]}),
    ("dependencies", {"advisories": "pypi"}, {"advisories": "osv"}),
    ("dependencies", {"sources": ["a.txt"]}, {}),
    ("contracts", {"serve": {"command": ["a"]}}, {"serve": {"command": ["b"]}}),
    ("contracts", {"serve": {"command": ["a"]}}, {}),
    ("accessibility", {"login": {"command": ["a"], "proof": "#out"}}, {}),
    ("accessibility", {"login": {"command": ["a"], "proof": "#out"}}, {"login": {"command": ["a"], "proof": "main"}}),
    ("nobody-has-this", {"paths": ["a"]}, {"paths": ["a", "b"]}),
]


@pytest.mark.parametrize(("id", "before", "after"), UNWEIGHED)
def test_what_can_not_be_weighed_counts_as_looser(id: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    for one, other in ((before, after), (after, before)):
        [change] = policy_changes(with_options(id, one), with_options(id, other))
        assert (change.direction, change.direction.counts_as_looser) == (Direction.UNWEIGHED, True)
        assert "can't be weighed, so it counts as looser" in str(change.why)


@pytest.mark.parametrize(("id", "said"), [("tests", {"retries": 0}), ("security", {"confidence": "low"}), ("secrets", {"paths": []})])
def test_a_default_that_is_written_out_changes_nothing(id: str, said: dict[str, Any]) -> None:
    assert policy_changes(with_options(id, {}), with_options(id, said)) == ()


def test_leaving_out_a_file_that_may_forbid_what_another_allows_can_not_be_weighed() -> None:
    before, after = with_options("dependencies", {"vex": ["a.json", "b.json"]}), with_options("dependencies", {"vex": ["a.json"]})
    assert [change.direction for change in policy_changes(after, before)] == [Direction.LOOSER]
    [change] = policy_changes(before, after)
    assert change.direction is Direction.UNWEIGHED
    assert "leaves out b.json: can't be weighed, so it counts as looser" in str(change.why)


def test_the_order_of_a_list_lets_nothing_pass() -> None:
    before, after = with_options("security", {"exclude": ["a", "b"]}), with_options("security", {"exclude": ["b", "a"]})
    assert [(change.direction, change.why) for change in policy_changes(before, after)] == [
        (Direction.CHANGED, "the same in another order (files, folders or globs to leave out; a name without a slash fits at any depth)")
    ]


TWO_LIMITS = [{"severity": "high", "max": 0}, {"severity": "high", "new": {"max": 0}}]


def gate_policy(**said: Any) -> Any:
    return {"version": 1, "gates": {"security": said}}


def test_of_two_limits_at_one_severity_the_one_that_goes_is_reported() -> None:
    [found] = between(gate_policy(require={"findings": TWO_LIMITS}), gate_policy(require={"findings": TWO_LIMITS[1:]}))
    assert (found.change.direction, found.change.where) == (Direction.LOOSER, "gates.security.require.findings.max")


def test_a_change_is_said_once_with_the_stages_at_which_it_acts() -> None:
    strict = gate_policy(at={"release": {"require": {"findings": {"max": 0}}}})
    [found] = between(strict, gate_policy())
    assert (found.stages, found.partly) == ((Stage.RELEASE,), True)
    [everywhere] = between(gate_policy(owner="@a"), gate_policy(owner="@b"))
    assert (everywhere.stages, everywhere.partly) == ((Stage.CHANGE, Stage.RELEASE), False)


def test_what_is_looser_stands_first() -> None:
    before = gate_policy(owner="@a", require={"findings": {"max": 0}, "failures": {"max": 5}}, options={"paths": ["a"]})
    after = gate_policy(owner="@b", require={"findings": {"max": 1}, "failures": {"max": 0}}, options={"paths": ["b"]})
    assert [item.change.direction.value for item in between(before, after)] == ["looser", "unweighed", "tighter", "changed"]


LINES = """\
version: 1
gates:
  security:
    require:
      findings:
        - {severity: high, max: 0}
        - severity: medium
          new: {max: %s}
  tests:
    options: {retries: 0}
    require:
      flakes: {max: %s}
waivers:
  - id: W-1
    gate: tests
    match: {rule: a, path: a.py}
    class: mitigated
    reason: r
    owner: "@a"
    approver: "@b"
    created: 2026-01-01
    expires: %s
"""


def test_each_change_has_its_line_in_both() -> None:
    def read(text: str) -> tuple[PolicySource, ...]:
        return load.collect_from("gates.yaml", {"gates.yaml": text.encode()}.get)

    before, after = read(LINES % (0, 0, "2026-02-01")), read("\n" + LINES % (3, 2, "2026-02-02"))
    found = [(item.change.where, item.change.then_at, item.change.now_at) for item in difference(before, after, find_gate=find_gate)]
    assert found == [
        ("gates.security.require.findings.new.max", "gates.yaml:8", "gates.yaml:9"),
        ("gates.tests.require.flakes.max", "gates.yaml:12", "gates.yaml:13"),
        ("waivers.W-1.expires", "gates.yaml:22", "gates.yaml:23"),
    ]


def test_without_a_policy_on_one_side_every_gate_comes_or_goes() -> None:
    there = sources({"version": 1, "approvers": ["@a"], "gates": {"tests": {}, "security": {"enforcement": "off"}}})
    assert [(item.change.where, item.change.direction.value) for item in difference(None, there, find_gate=find_gate)] == [
        ("gates.tests", "tighter"),
        ("gates.security", "changed"),
    ]
    assert [item.change.direction.value for item in difference(there, None, find_gate=find_gate)] == ["looser", "changed"]
