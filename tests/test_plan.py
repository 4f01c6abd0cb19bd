"""Which gates a policy has observed."""

from __future__ import annotations

import pytest

from gates import registry
from gates.errors import UsageError
from gates.model import Stage
from gates.plan import plan
from tests.policy.making import find_gate, policy

TEXT = """
version: 1
gates:
  security: {timeout: 2m, options: {paths: [src]}}
  tests: {enforcement: shadow}
  secrets: {}
  external: {enforcement: off}
  accessibility: {not-applicable: there are no pages}
  payments: {uses: security, stages: [release]}
"""


def test_what_the_policy_runs_at_its_stage_is_observed_in_its_order() -> None:
    assert [step.name for step in plan(policy(TEXT), find_gate)] == ["security", "tests", "secrets"]
    assert [step.name for step in plan(policy(TEXT, stage=Stage.RELEASE), find_gate)] == ["security", "tests", "secrets", "payments"]
    assert [step.name for step in plan(policy(TEXT, stage=Stage.COMMIT), find_gate)] == ["secrets"]


def test_a_step_has_the_gate_its_options_and_its_time() -> None:
    step = plan(policy(TEXT, stage=Stage.RELEASE), find_gate)[0]
    assert (step.gate, step.options, step.timeout_seconds) == (find_gate("security"), {"paths": ["src"]}, 120)


def test_a_selection_narrows_and_keeps_the_policys_order() -> None:
    assert [step.name for step in plan(policy(TEXT), find_gate, ("secrets", "security"))] == ["security", "secrets"]


def test_an_engine_s_name_means_its_gate() -> None:
    with pytest.raises(UsageError, match="no gate 'bandit', did you mean 'security'"):
        plan(policy(TEXT), registry.find, ("bandit",))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("scurity", "the policy has no gate 'scurity', did you mean 'security'?"),
        ("Scan-Secrets", "the policy has no gate 'Scan-Secrets', did you mean 'secrets'?"),
        ("pay", "the policy has no gate 'pay', did you mean 'payments'?"),
        ("xyz", "the policy has no gate 'xyz'"),
        ("external", "the gate 'external' can't be run: the policy turns it off"),
        ("accessibility", "the gate 'accessibility' can't be run: the policy says it is not applicable: there are no pages"),
        ("payments", "the gate 'payments' can't be run: the policy runs it at release, not at change"),
    ],
)
def test_a_selection_that_would_observe_nothing_is_refused(name: str, error: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(policy(TEXT), find_gate, ("secrets", name))
    assert str(caught.value) == error
    assert caught.value.problems[0].help
