"""The shipped policies on the gates that are built in."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from gates import registry
from gates.api import Gate
from gates.model import Limit, Policy, PolicySource, Stage
from gates.policy import load
from gates.policy.compose import compose
from gates.policy.show import show
from tests.policy.making import unnamed

#: Every gate that is built in, with the options that it can't do without.
GATES = """
gates:
  tests: {}
  contracts: {options: {schema: openapi.yaml, url: "http://127.0.0.1:8000"}}
  accessibility: {options: {pages: ["/"], serve: {directory: public}}}
  dependencies: {}
  secrets: {}
  security: {}
  external: {options: {sarif: report.sarif}}
"""


def sources(name: str) -> tuple[PolicySource, ...]:
    return load.collect_text(Path(), "gates.yaml", f"version: 1\nextends: [{name}]\n{GATES}")


def shipped(name: str, stage: Stage) -> Policy:
    return compose(sources(name), stage, registry.find).policy


def test_this_page_names_every_built_in_gate() -> None:
    assert tuple(gate.name for gate in shipped("baseline", Stage.CHANGE).gates) == registry.BUILT_IN


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("name", load.NAMES)
def test_a_shipped_policy_is_right_and_can_be_shown(name: str, stage: Stage) -> None:
    effective = compose(sources(name), stage, registry.find)
    again = compose(load.collect_text(Path(), "shown.yaml", show(effective)), stage, registry.find)
    assert unnamed(again.policy) == unnamed(effective.policy)


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize(("looser", "stricter"), list(pairwise(load.NAMES)))
def test_each_is_at_least_as_strict_as_the_one_before(looser: str, stricter: str, stage: Stage) -> None:
    above = {gate.name: gate.require for gate in shipped(stricter, stage).gates}
    for gate in shipped(looser, stage).gates:
        for limit in gate.require:
            assert any(_implies(other, limit) for other in above[gate.name]), f"{stricter} drops {limit} of {gate.name}"


def _implies(strict: Limit, loose: Limit) -> bool:
    """Whether what meets the one meets the other: a limit on all is one on the new, and from a lower severity one from a higher."""
    if strict.name != loose.name or (strict.severity or 0) > (loose.severity or 0):
        return False
    wanted = loose.new_max if loose.max is None else loose.max
    given = min((bound for bound in (strict.max, strict.new_max if loose.max is None else None) if bound is not None), default=None)
    return (wanted is None or (given is not None and given <= wanted)) and (loose.min is None or (strict.min or Decimal(0)) >= loose.min)


def test_only_the_gates_of_the_policy_are_loaded() -> None:
    """A commit hook pays for what it uses, though the shipped policies speak of every gate."""
    asked = []

    def find_gate(id: str) -> Gate:
        asked.append(id)
        return registry.find(id)

    text = "version: 1\nextends: [strict]\ngates: {secrets: {}, api-keys: {uses: secrets}}\n"
    compose(load.collect_text(Path(), "gates.yaml", text), Stage.COMMIT, find_gate)
    assert set(asked) == {"secrets"}


def test_secrets_are_looked_for_at_every_stage() -> None:
    for name in load.NAMES:
        secrets = next(gate for gate in shipped(name, Stage.COMMIT).gates if gate.name == "secrets")
        assert secrets.stages == tuple(Stage)


def test_baseline_only_warns_of_waivers_and_strict_does_not() -> None:
    rules = [shipped(name, Stage.CHANGE).waiver_rules for name in load.NAMES]
    assert [(rule.too_long, rule.unused) for rule in rules] == [("warn", "warn"), ("fail", "fail"), ("fail", "fail")]


def test_each_shipped_policy_wants_more_approval_than_the_one_before() -> None:
    assert [shipped(name, Stage.CHANGE).waiver_rules.approval for name in load.NAMES] == ["self", "reviewed", "signed"]
