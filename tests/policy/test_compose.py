"""Composing: what wins over what, and what can't be taken away."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from gates import canonical, codec
from gates.model import Enforcement, GatePolicy, Limit, Policy, Severity, Stage
from gates.policy.compose import digest, origins
from tests.policy.making import complaints, effective, policy, source

ONE = "version: 1\ngates: {tests: {}}\n"
EXAMINED = Limit(name="examined", min=Decimal(1))


def gate(value: Policy, name: str = "tests") -> GatePolicy:
    return next(gate for gate in value.gates if gate.name == name)


def limits(value: GatePolicy, name: str) -> list[Limit]:
    return [limit for limit in value.require if limit.name == name]


def test_a_gate_brings_its_own_limits_and_stages() -> None:
    assert gate(policy(ONE)) == GatePolicy(
        name="tests",
        uses="tests",
        require=(Limit(name="failures", max=Decimal(0)), Limit(name="flakes", max=Decimal(3)), EXAMINED),
    )
    assert gate(policy("version: 1\ngates: {secrets: {}}\n"), "secrets").stages == (Stage.COMMIT, Stage.CHANGE, Stage.RELEASE)


def test_the_order_of_precedence() -> None:
    base = (
        "version: 1\n"
        "defaults: {tests: {owner: default, why: default, runbook: default, timeout: 1m}}\n"
        "gates: {tests: {why: base, runbook: base}}\n"
    )
    own = "version: 1\ndefaults: {tests: {owner: later}}\ngates: {tests: {runbook: own, at: {change: {runbook: at}}}}\n"
    found = gate(policy(base, own))
    assert (found.timeout_seconds, found.owner, found.why, found.runbook) == (60, "later", "base", "at")
    assert gate(policy(base, own, stage=Stage.RELEASE)).runbook == "own"


def test_a_word_on_a_gate_wins_over_defaults_of_its_kind_even_those_for_one_stage() -> None:
    base = "version: 1\ndefaults: {tests: {at: {release: {enforcement: warn, timeout: 1h}}}}\n"
    own = "version: 1\ngates: {tests: {enforcement: block}}\n"
    found = gate(policy(base, own, stage=Stage.RELEASE))
    assert (found.enforcement, found.timeout_seconds) == (Enforcement.BLOCK, 3600)


def test_defaults_reach_every_gate_of_a_kind_and_add_none() -> None:
    text = (
        "version: 1\n"
        "defaults: {security: {owner: us}, external: {owner: us}}\n"
        "gates: {security: {}, payments: {uses: security}, tests: {}}\n"
    )
    assert [(gate.name, gate.owner) for gate in policy(text).gates] == [("security", "us"), ("payments", "us"), ("tests", "")]


def test_limits_merge_by_name_and_replace_all_of_it() -> None:
    base = "version: 1\ngates: {tests: {require: {findings: [{severity: high, max: 0}, {max: 5}], line-coverage: {min: 80}}}}\n"
    own = "version: 1\ngates: {tests: {require: {findings: {severity: low, new: {max: 1}}}}}\n"
    found = gate(policy(base, own))
    assert limits(found, "findings") == [Limit(name="findings", severity=Severity.LOW, new_max=Decimal(1))]
    assert limits(found, "line-coverage") == [Limit(name="line-coverage", min=Decimal(80))]


def test_a_limit_is_dropped_with_unlimited_alone() -> None:
    found = gate(policy("version: 1\ngates: {tests: {require: {failures: {max: unlimited}, slowest: {max: unlimited, min: 1}}}}\n"))
    assert limits(found, "failures") == []
    assert limits(found, "slowest") == [Limit(name="slowest", min=Decimal(1))]
    assert limits(found, "flakes") == [Limit(name="flakes", max=Decimal(3))]


def test_at_least_one_item_is_examined_whatever_the_policy_says() -> None:
    assert limits(gate(policy(ONE)), "examined") == [EXAMINED]
    assert limits(gate(policy("version: 1\ngates: {tests: {require: {examined: {min: 38}}}}\n")), "examined") == [
        Limit(name="examined", min=Decimal(38))
    ]
    assert limits(gate(policy("version: 1\ngates: {tests: {not-applicable: there are none}}\n")), "examined") == []


def test_options_merge_by_name_and_replace_all_of_it() -> None:
    base = "version: 1\ngates: {tests: {options: {paths: [a, b], coverage: {source: [a], report: r.json}, retries: 1}}}\n"
    own = "version: 1\ngates: {tests: {options: {paths: [c], coverage: {source: [b]}}}}\n"
    assert gate(policy(base, own)).options == {"paths": ["c"], "coverage": {"source": ["b"]}, "retries": 1}


def test_only_what_is_said_is_among_the_options() -> None:
    """A gate's own defaults may change between versions: they stay out, so that a verifier composes the same policy."""
    assert gate(policy(ONE)).options == {}


def test_options_a_gate_can_not_do_without_may_come_from_another_file_or_stage() -> None:
    base = "version: 1\ngates: {contracts: {options: {schema: a.yaml}}}\n"
    assert complaints(base, "version: 1\ngates: {contracts: {options: {url: http://localhost}}}\n") == []
    at = "version: 1\ngates: {contracts: {stages: [release], options: {schema: a.yaml}, at: {release: {options: {url: http://localhost}}}}}\n"
    assert complaints(at, stage=Stage.CHANGE) == []
    assert complaints(at, stage=Stage.RELEASE) == []


@pytest.mark.parametrize("excuse", ["enforcement: off", "not-applicable: no pages", "stages: [release]"])
def test_a_gate_that_does_not_run_needs_no_options(excuse: str) -> None:
    assert complaints(f"version: 1\ngates: {{accessibility: {{{excuse}}}}}\n") == []


def test_a_slip_at_another_stage_shows_at_every_stage() -> None:
    text = "version: 1\ngates: {tests: {at: {release: {options: {pathz: [a]}}}}}\n"
    assert {stage: len(complaints(text, stage=stage)) for stage in Stage} == dict.fromkeys(Stage, 1)


def test_a_gate_may_change_what_it_uses() -> None:
    base = "version: 1\ngates: {scan: {uses: security, owner: us}}\n"
    found = gate(policy(base, "version: 1\ngates: {scan: {uses: secrets}}\n"), "scan")
    assert (found.uses, found.owner) == ("secrets", "us")


def test_gates_keep_the_order_in_which_they_are_first_named() -> None:
    base = "version: 1\ngates: {tests: {}, secrets: {}}\n"
    assert [gate.name for gate in policy(base, "version: 1\ngates: {security: {}, tests: {}}\n").gates] == ["tests", "secrets", "security"]


WAIVER = (
    "{{id: {id}, gate: tests, match: {{rule: failure, path: a.py}}, class: mitigated, reason: r, "
    "owner: o, approver: a, created: 2026-01-01, expires: 2026-01-01}}"
)
DECISION = "decisions: [{{id: {id}, date: 2026-01-01, by: me, why: so}}]"


def test_waivers_and_decisions_of_all_files_hold() -> None:
    base = f"version: 1\nwaivers: [{WAIVER.format(id='W-1')}]\n{DECISION.format(id='D-1')}\n"
    own = f"version: 1\ngates: {{tests: {{}}}}\nwaivers: [{WAIVER.format(id='W-2')}]\n{DECISION.format(id='D-2')}\n"
    found = policy(base, own)
    assert [waiver.id for waiver in found.waivers] == ["W-1", "W-2"]
    assert [decision.id for decision in found.decisions] == ["D-1", "D-2"]


def test_the_same_waiver_id_in_two_files_is_a_mistake() -> None:
    base = f"version: 1\nwaivers: [{WAIVER.format(id='W-1')}]\n"
    own = f"version: 1\ngates: {{tests: {{}}}}\nwaivers: [{WAIVER.format(id='W-1')}]\n"
    assert complaints(base, own) == ["gates.yaml:3:12 the waiver 'W-1' stands twice, first at 1.yaml:2:12"]


def test_rules_for_waivers_merge_key_by_key() -> None:
    base = "version: 1\nwaiver-rules: {max-days: {high: 7, low: 60}, unused: fail, approval: signed}\n"
    rules = policy(base, "version: 1\ngates: {tests: {}}\nwaiver-rules: {max-days: {low: 30}, too-long: fail}\n").waiver_rules
    assert rules.max_days == {"critical": 14, "high": 7, "medium": 90, "low": 30, "info": 180}
    assert (rules.too_long, rules.unused, rules.approval) == ("fail", "fail", "signed")


def test_approvers_and_runbooks_of_later_files_win() -> None:
    base = "version: 1\napprovers: [a, b]\nrunbook: one\nrollback: back\n"
    found = policy(base, "version: 1\ngates: {tests: {}}\napprovers: [c]\nrunbook: two\n")
    assert (found.approvers, found.runbook, found.rollback) == (("c",), "two", "back")


def test_origins_name_the_line_of_each_part() -> None:
    base = "version: 1\ndefaults:\n  tests:\n    require:\n      slowest: {max: 5}\n"
    own = f"version: 1\ngates:\n  tests:\n    owner: us\n    at:\n      change: {{timeout: 2m}}\nwaivers:\n  - {WAIVER.format(id='W-1')}\n"
    origins = effective(base, own).origins
    assert origins["gates.tests.require.slowest.max"] == "1.yaml:5"
    assert origins["gates.tests.owner"] == "gates.yaml:4"
    assert origins["gates.tests.timeout"] == "gates.yaml:6"
    assert origins["gates.tests.enforcement"] == "default of tests"
    assert origins["waivers.W-1.reason"] == "gates.yaml:8"


def test_each_limit_of_the_policy_has_a_place() -> None:
    base = "version: 1\ndefaults:\n  tests:\n    require:\n      slowest: {max: 5}\n      flakes: {max: unlimited}\n"
    own = f"version: 1\ngates:\n  tests:\n    require:\n      failures: {{new: {{max: 0}}}}\nwaivers:\n  - {WAIVER.format(id='W-1')}\n"
    found = effective(base, own)
    (gate,) = origins(found).gates
    limits = {limit.name: place for limit, place in zip(found.policy.gates[0].require, gate.require, strict=True)}
    assert (limits["slowest"], limits["failures"], limits["examined"]) == ("1.yaml:5", "gates.yaml:5", "always")
    assert "flakes" not in limits
    assert (gate.gate, gate.place) == ("tests", "gates.yaml:3")
    assert [(waiver.id, waiver.place) for waiver in origins(found).waivers] == [("W-1", "gates.yaml:7")]


def test_the_digest_names_the_policy_and_its_sources() -> None:
    one = policy(ONE)
    assert digest(one) == digest(policy(ONE))
    assert digest(one) != digest(policy(ONE + "# more\n"))
    assert digest(one) != digest(replace(one, stage=Stage.RELEASE))
    assert one.sources[0].sha256 == source(ONE).sha256


def test_a_policy_survives_its_canonical_form() -> None:
    found = policy("version: 1\ngates: {tests: {options: {share: 0.50, patience: 2m}, require: {line-coverage: {min: 85.10}}}}\n")
    assert codec.decode(Policy, canonical.loads(canonical.of(found))) == found
