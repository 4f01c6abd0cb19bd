"""Several policies judge one run: the verdict is never better than that of any that counts, whatever each of them says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates import canonical
from gates.judge.decide import NOTHING_ENFORCED, decide, is_observed
from gates.judge.strictest import POLICY_ALONE, judge, missing_facts, source_of
from gates.model import (
    CHANGE_POLICY,
    TIP_POLICY,
    Change,
    Compared,
    Enforcement,
    Facts,
    FileChange,
    GatePolicy,
    Judging,
    Limit,
    Outcome,
    PolicyDecision,
    Review,
    Reviews,
    Severity,
    SourceRef,
    Stage,
    Verdict,
    WaiverRules,
    WaiverState,
)
from tests.judge.making import NONE_AT_ALL, NOTHING_NEW, context, error, facts, finding, gate_policy, policy, waiver

COMMIT, HEAD = "c" * 40, "d" * 40
CONTEXT = context(commit=COMMIT)
_WORST = [Verdict.PASSED, Verdict.ERRORED, Verdict.FAILED]
WORDS = "gates.yaml of dddddddddddd, where the change goes"
SOURCE = SourceRef(name="gates.yaml", sha256="0" * 64)
WARNS = Enforcement.WARN


def own(*gates: GatePolicy, **changes: Any) -> Judging:
    return Judging(name=CHANGE_POLICY, words="the policy of the change", policy=replace(policy(*gates), sources=(SOURCE,), **changes))


def tip(*gates: GatePolicy, apart: tuple[str, ...] | None = None, steered_by: tuple[str, ...] | None = None, **changes: Any) -> Judging:
    made = replace(policy(*gates), sources=(SOURCE,), **changes)
    return Judging(name=TIP_POLICY, words=WORDS, policy=made, apart=apart, steered_by=steered_by)


def floor(*gates: GatePolicy, number: int = 1) -> Judging:
    return Judging(name=f"from-{number}", words=f"the policy floor-{number}.yaml", policy=policy(*gates))


def changed(*paths: str, links: tuple[str, ...] | None = None, gates: Sequence[Compared] = ()) -> Change:
    files = tuple(FileChange(base=path, path=path) for path in paths)
    return Change(base="b" * 40, found_by="a test", files=files, links=links, gates=tuple(gates))


def by_tip(judgings: Sequence[Judging], seen: Sequence[Facts], change: Change | None = None, **more: Any) -> PolicyDecision:
    """What is said of the policy where the change goes."""
    policies = judge(judgings, CONTEXT, seen, [], change, **more).policies
    assert policies is not None
    return next(item for item in policies if item.name == TIP_POLICY)


# -- whatever policies say ---------------------------------------------------------------------

_LIMITS = st.builds(
    Limit,
    name=st.sampled_from(["findings", "suppressed", "examined"]),
    severity=st.none() | st.sampled_from(Severity),
    max=st.none() | st.integers(0, 2).map(Decimal),
    new_max=st.none() | st.integers(0, 2).map(Decimal),
)


def _gate(name: str) -> st.SearchStrategy[GatePolicy]:
    return st.builds(
        GatePolicy,
        name=st.just(name),
        uses=st.just("security"),
        enforcement=st.sampled_from(Enforcement),
        stages=st.sampled_from([(Stage.CHANGE,), (Stage.RELEASE,), tuple(Stage)]),
        not_applicable=st.sampled_from(["", "", "", "there is none"]),
        options=st.sampled_from([{}, {}, {"exclude": ["a"]}]),
        require=st.lists(_LIMITS, max_size=2, unique_by=lambda limit: limit.name).map(tuple),
    )


_POLICIES = st.lists(st.sampled_from(["security", "payments"]), unique=True, max_size=2).flatmap(
    lambda names: st.tuples(*(_gate(name) for name in names)).map(lambda gates: policy(*gates))
)
_FINDINGS = st.lists(
    st.builds(
        lambda number, severity, hidden: finding(number, severity=severity, suppressed_by="# nosec" if hidden else None),
        st.integers(1, 9),
        st.sampled_from(Severity),
        st.booleans(),
    ),
    max_size=3,
    unique_by=lambda item: item.fingerprint,
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Judging], list[Facts]]:
    """Some policies, and facts for each way in which one of them has a gate look."""
    judgings = [Judging(name=CHANGE_POLICY, words="own", policy=draw(_POLICIES))]
    if draw(st.booleans()):
        judgings.append(Judging(name=TIP_POLICY, words=WORDS, policy=draw(_POLICIES), apart=draw(st.none() | st.just(("security",)))))
    judgings += [
        Judging(name=f"from-{number}", words=f"floor {number}", policy=draw(_POLICIES)) for number in range(1, draw(st.integers(1, 4)))
    ]
    names = {source_of(gate, item, judgings[0]): None for item in judgings for gate in item.policy.gates if is_observed(gate, CONTEXT)}
    return judgings, [_observed(name, draw(_FINDINGS), broken=draw(st.integers(0, 5)) == 0) for name in names]


def _observed(name: str, found: list[Any], *, broken: bool) -> Facts:
    if broken:
        return error(gate=name)
    return _called(facts(*found), name)


def _alone(item: Judging, own: Judging, seen: Sequence[Facts]) -> Verdict:
    """What a policy says by itself, of the facts under the names that it gives its gates."""
    by_name = {each.gate: each for each in seen}
    asked = [gate for gate in item.policy.gates if is_observed(gate, CONTEXT)]
    mine = [(gate.name, by_name[source_of(gate, item, own)]) for gate in asked]
    return decide(item.policy, CONTEXT, [_called(each, name) for name, each in mine], []).verdict


def _called(seen: Facts, name: str) -> Facts:
    findings = (replace(item, gate=name, rule=f"{name}/{item.rule.partition('/')[2]}") for item in seen.findings)
    return replace(seen, gate=name, findings=tuple(findings))


@given(runs())
def test_the_verdict_is_the_strictest_of_all_policies(run: tuple[list[Judging], list[Facts]]) -> None:
    judgings, seen = run
    decision = judge(judgings, CONTEXT, seen, [])
    alone = [_alone(item, judgings[0], seen) for item in judgings]
    assert decision.verdict == max(alone, key=_WORST.index)
    assert [item.verdict for item in decision.policies or ()] == (alone if len(judgings) > 1 else [])
    assert missing_facts(judgings, CONTEXT, seen) == []


@given(runs())
def test_one_policy_more_never_betters_a_verdict(run: tuple[list[Judging], list[Facts]]) -> None:
    judgings, seen = run
    asked = {source_of(gate, item, judgings[0]) for item in judgings[:-1] for gate in item.policy.gates}
    fewer = judge(judgings[:-1] or judgings, CONTEXT, [item for item in seen if "@" not in item.gate or item.gate in asked], [])
    assert _WORST.index(judge(judgings, CONTEXT, seen, []).verdict) >= _WORST.index(fewer.verdict)


@given(runs(), st.randoms(use_true_random=False))
def test_the_order_of_policies_beside_the_runs_own_does_not_matter(run: tuple[list[Judging], list[Facts]], order: random.Random) -> None:
    judgings, seen = run
    others, shuffled = judgings[1:], list(seen)
    order.shuffle(others)
    order.shuffle(shuffled)
    one, other = judge(judgings, CONTEXT, seen, []), judge([judgings[0], *others], CONTEXT, shuffled, [])
    assert (one.verdict, one.would_be, one.enforced, set(one.reasons)) == (
        other.verdict,
        other.would_be,
        other.enforced,
        set(other.reasons),
    )
    assert {(gate.gate, gate.outcome) for gate in one.gates} == {(gate.gate, gate.outcome) for gate in other.gates}


@given(runs())
def test_a_policy_that_is_judged_by_twice_says_nothing_new(run: tuple[list[Judging], list[Facts]]) -> None:
    judgings, seen = run
    alone = [item for item in seen if "@" not in item.gate]
    same = Judging(name="from-9", words="the same", policy=judgings[0].policy)
    once, twice = judge(judgings[:1], CONTEXT, alone, []), judge([judgings[0], same], CONTEXT, alone, [])
    assert canonical.of(replace(twice, policies=None)) == canonical.of(once)


# -- what each has observed --------------------------------------------------------------------


def test_a_gate_that_looks_alike_is_judged_by_the_same_facts() -> None:
    judgings = [own(gate_policy(enforcement=WARNS)), tip(gate_policy("security", NONE_AT_ALL))]
    decision = judge(judgings, CONTEXT, [facts(finding())], [])
    assert (decision.verdict, [(gate.gate, gate.outcome, gate.by) for gate in decision.gates]) == (
        Verdict.FAILED,
        [("security", Outcome.FAILED, TIP_POLICY)],
    )
    assert decision.reasons == (f"by {WORDS}: security failed: findings is 1, at most 0 allowed",)


def test_a_gate_that_looks_otherwise_has_a_row_of_its_own() -> None:
    judgings = [own(gate_policy("security", NONE_AT_ALL, options={"skips": ["B1"]})), tip(gate_policy("security", NONE_AT_ALL))]
    seen = [facts(), facts(finding(gate="security@tip"), gate="security@tip")]
    decision = judge(judgings, CONTEXT, seen, [])
    assert [(gate.gate, gate.outcome) for gate in decision.gates] == [("security", Outcome.PASSED), ("security@tip", Outcome.FAILED)]


def test_a_gate_that_only_files_tell_apart_needs_facts_of_its_own() -> None:
    judgings = [own(gate_policy()), tip(gate_policy("security", NONE_AT_ALL), apart=("security",))]
    assert missing_facts(judgings, CONTEXT, [facts()]) == ["security@tip"]
    decision = judge(judgings, CONTEXT, [facts()], [])
    assert (decision.verdict, decision.gates[1].reasons) == (Verdict.ERRORED, ("it did not report: the run ended before it did",))


def test_a_gate_that_only_one_policy_turns_on_is_no_concern_of_the_other() -> None:
    judgings = [own(gate_policy("security", NONE_AT_ALL)), tip(gate_policy(enforcement=Enforcement.OFF))]
    assert judge(judgings, CONTEXT, [facts()], []).verdict is Verdict.PASSED
    assert by_tip(judgings, [facts()]).verdict is Verdict.PASSED


def test_the_base_of_each_is_its_own() -> None:
    judgings = [own(gate_policy("security", NOTHING_NEW, options={"skips": ["B1"]})), tip(gate_policy("security", NOTHING_NEW))]
    there = finding(gate="security@tip")
    seen = [facts(), facts(there, gate="security@tip")]
    change = changed("src/app.py", gates=[Compared(gate="security"), Compared(gate="security@tip")])
    assert judge(judgings, CONTEXT, seen, [facts(there, gate="security@tip")], change).verdict is Verdict.PASSED
    assert judge(judgings, CONTEXT, seen, [facts(gate="security@tip")], change).verdict is Verdict.FAILED


@pytest.mark.parametrize("name", ["security@tip", "security@from-1", "payments@tip"])
def test_facts_that_no_policy_asked_for_are_refused(name: str) -> None:
    for judgings in ([own(gate_policy())], [own(gate_policy()), tip(gate_policy("security", NONE_AT_ALL))]):
        with pytest.raises(ValueError, match=f"the gate '{name}' reports and was not asked"):
            judge(judgings, CONTEXT, [facts(), facts(gate=name)], [])
        with pytest.raises(ValueError, match=f"the gate '{name}' reports and was not asked"):
            judge(judgings, CONTEXT, [facts()], [facts(gate=name)])


def test_that_nothing_is_enforced_is_said_where_no_policy_enforces_anything() -> None:
    quiet = [own(gate_policy(enforcement=WARNS)), tip(gate_policy(enforcement=WARNS, why="known"))]
    assert judge(quiet, CONTEXT, [facts()], []).reasons == (NOTHING_ENFORCED,)
    assert judge([*quiet, floor(gate_policy())], CONTEXT, [facts()], []).reasons == ()


def test_a_waiver_that_nobody_needs_fails_the_change_s_own_policy_alone() -> None:
    unused = waiver(created=waiver().created.replace(month=9), expires=waiver().expires)
    rules = WaiverRules(unused="fail", too_long="warn")
    theirs = tip(gate_policy(), waivers=(unused,), waiver_rules=rules)
    assert judge([own(gate_policy()), theirs], CONTEXT, [facts()], []).verdict is Verdict.PASSED
    ours = own(gate_policy(), waivers=(unused,), waiver_rules=rules)
    decision = judge([ours, tip(gate_policy())], CONTEXT, [facts()], [])
    assert (decision.verdict, decision.waivers[0].state) == (Verdict.FAILED, WaiverState.UNUSED)


# -- what sets a policy aside ------------------------------------------------------------------

LOOSENED = [own(gate_policy(enforcement=WARNS)), tip(gate_policy("security", NONE_AT_ALL))]
BAD = [facts(finding())]


def test_a_change_to_policy_files_alone_is_judged_by_its_own_policy() -> None:
    assert judge(LOOSENED, CONTEXT, BAD, [], changed("gates.yaml")).verdict is Verdict.PASSED
    assert (by_tip(LOOSENED, BAD, changed("gates.yaml")).why, by_tip(LOOSENED, BAD).counts) == (POLICY_ALONE, True)


@pytest.mark.parametrize(
    "change",
    [
        changed(),
        changed("gates.yaml", "app.py"),
        changed("gates.yaml", links=("module",)),
        replace(changed("gates.yaml"), files=(FileChange(base="gates.yaml", path="gates.yaml"), FileChange(base="app.py"))),
        replace(changed(), files=(FileChange(base="app.py", path="gates.yaml"),)),
    ],
)
def test_what_changes_something_else_is_not(change: Change) -> None:
    assert by_tip(LOOSENED, BAD, change).counts
    assert judge(LOOSENED, CONTEXT, BAD, [], change).verdict is Verdict.FAILED


def test_a_file_that_the_change_alone_calls_a_policy_has_to_look_like_one() -> None:
    def extended(name: str) -> list[Judging]:
        ours = replace(LOOSENED[0].policy, sources=(SourceRef(name=name, sha256="1" * 64), SOURCE))
        return [replace(LOOSENED[0], policy=ours), LOOSENED[1]]

    assert not by_tip(extended("team.yml"), BAD, changed("gates.yaml", "team.yml")).counts
    assert by_tip(extended("lib.py"), BAD, changed("gates.yaml", "lib.py")).counts


def test_files_that_steer_the_gates_that_stand_are_a_part_of_the_policy() -> None:
    judgings = [LOOSENED[0], replace(LOOSENED[1], steered_by=("advisories", "known.json"))]
    assert not by_tip(judgings, BAD, changed("advisories/a.json", "known.json")).counts
    told = by_tip([LOOSENED[0], replace(judgings[1], apart=("security",))], [*BAD, facts(gate="security@tip")], changed("known.json"))
    assert (told.counts, told.why) == (False, f"{POLICY_ALONE}; security is steered otherwise than there")
    for path in ("advisories.py", "advisories-b/a.json", "more/known.json"):
        assert by_tip(judgings, BAD, changed("gates.yaml", path)).counts
    assert by_tip([replace(LOOSENED[0], steered_by=("app.py",)), LOOSENED[1]], BAD, changed("app.py")).counts


def test_self_approval_counts_where_it_stands_already() -> None:
    assert by_tip([own(gate_policy(enforcement=WARNS), self_approval=True), LOOSENED[1]], BAD).counts
    told = by_tip([LOOSENED[0], tip(gate_policy("security", NONE_AT_ALL), self_approval=True)], BAD)
    assert (told.counts, told.why) == (False, f"self-approval: {WORDS} lets whoever keeps it loosen it at once")


def test_an_approver_of_the_policy_that_stands_sets_it_aside() -> None:
    def said(who: str) -> Reviews:
        given = Review(reviewer=who, verdict="approved", commit=HEAD)
        return Reviews(commit=COMMIT, head=HEAD, url="https://example.org", author="dev", reviews=(given,))

    judgings = [
        own(gate_policy(enforcement=WARNS), approvers=("@friend",)),
        tip(gate_policy("security", NONE_AT_ALL), approvers=("@anna",)),
    ]
    told = by_tip(judgings, BAD, changed("gates.yaml", "app.py"), reviews=said("anna"))
    assert (told.counts, told.why) == (False, "@anna, one of its approvers, approved this very change")
    assert by_tip(judgings, BAD, changed("gates.yaml", "app.py"), reviews=said("friend")).counts
    assert by_tip(judgings, BAD, changed("gates.yaml", "app.py"), reviews=said("dev")).counts


def test_nothing_sets_a_floor_aside() -> None:
    judgings = [own(gate_policy(enforcement=WARNS)), replace(floor(gate_policy("security", NONE_AT_ALL)), steered_by=("gates.yaml",))]
    decision = judge(judgings, CONTEXT, BAD, [], changed("gates.yaml"))
    assert (decision.verdict, [item.counts for item in decision.policies or ()]) == (Verdict.FAILED, [True, True])


# -- no policy in what is judged ---------------------------------------------------------------


def test_a_policy_that_is_taken_away_fails_whatever_the_gates_say() -> None:
    gone = replace(changed(), files=(FileChange(base="gates.yaml"), FileChange(base="app.py", path="app.py")))
    decision = judge([tip(gate_policy())], CONTEXT, [facts()], [], gone)
    assert (decision.verdict, decision.would_be) == (Verdict.FAILED, Verdict.FAILED)
    assert decision.reasons == (f"the change takes its policy away, and {WORDS} stands: it judges alone",)
    moved = replace(changed(), files=(FileChange(base="gates.yaml", path="old.yaml"),))
    assert judge([tip(gate_policy())], CONTEXT, [facts()], [], moved).verdict is Verdict.FAILED
    assert judge([tip(gate_policy())], CONTEXT, [facts()], []).verdict is Verdict.FAILED


def test_a_branch_from_before_the_policy_takes_none_away() -> None:
    assert judge([tip(gate_policy())], CONTEXT, [facts()], [], changed("app.py")).verdict is Verdict.PASSED
    assert judge([tip(gate_policy("security", NONE_AT_ALL))], CONTEXT, BAD, [], changed("app.py")).verdict is Verdict.FAILED


def test_policies_are_told_apart_by_what_they_say() -> None:
    decision = judge(LOOSENED, CONTEXT, BAD, [])
    digests = [f"sha256:{canonical.sha256(canonical.of(item.policy))}" for item in LOOSENED]
    assert [item.digest for item in decision.policies or ()] == digests
    assert decision.policy_digest == digests[0]
