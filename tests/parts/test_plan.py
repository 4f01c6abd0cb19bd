"""A plan as a file, and whether what stands here is what was planned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gates import canonical, registry
from gates.api import Share
from gates.errors import PartError
from gates.model import Stage
from gates.parts import Asking, Plan, Planned, PolicyDigest, Shared, check_same, read_plan, shares_of
from gates.parts.plan import by_part
from gates.plan import Step
from tests.parts.making import PLAN

STEPS = tuple(Step(name=step.gate, gate=registry.find(step.uses), options={}, timeout_seconds=1) for step in PLAN.steps)


def stored(path: Path, plan: Plan) -> Path:
    path.write_bytes(canonical.of(plan))
    return path


def test_a_plan_is_read_as_it_was_written_and_named_by_its_bytes(tmp_path: Path) -> None:
    path = stored(tmp_path / "plan.json", PLAN)
    assert read_plan(path) == PLAN
    assert PLAN.digest == f"sha256:{canonical.sha256(path.read_bytes())}"


def test_the_digest_changes_with_anything_in_it() -> None:
    others = [replace(PLAN, isolated=False), replace(PLAN, day=date(2026, 11, 29)), replace(PLAN, asked=Asking(stage=Stage.RELEASE))]
    assert len({PLAN.digest, *(plan.digest for plan in others)}) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "this is not a plan"),
        (b"{}", "its schema is not gates/plan/v1"),
        (b'{"schema":"gates/plan/v1"}', "is missing"),
        (canonical.of(PLAN) + b"\n", "not canonical JSON"),
        (canonical.of(PLAN).replace(b'"isolated":true', b'"isolated":1'), "expected true or false"),
        (canonical.of(replace(PLAN, parts=0)), "it has 0 parts"),
        (canonical.of(replace(PLAN, parts=257, steps=())), "it has 257 parts"),
        (canonical.of(replace(PLAN, steps=(PLAN.steps[0], PLAN.steps[0]))), "a gate stands in it twice"),
        (canonical.of(replace(PLAN, steps=(Planned(gate="api", uses="contracts", parser=1, parts=(3,)),))), "observed in the parts 3"),
        (canonical.of(replace(PLAN, steps=(Planned(gate="api", uses="contracts", parser=1, parts=(1, 2)),))), "observed in the parts 1, 2"),
        (
            canonical.of(replace(PLAN, steps=(Planned(gate="tests", uses="tests", parser=1, parts=(1,), shared=True),))),
            "tests is observed in the parts 1",
        ),
        (canonical.of(replace(PLAN, shares=(Shared(gate="api", part=1),))), "part 1 has a share of api"),
        (canonical.of(replace(PLAN, shares=(Shared(gate="tests", part=3),))), "part 3 has a share of tests"),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(PartError) as raised:
        read_plan(tmp_path / "plan.json")
    assert words in raised.value.problems[0].error
    assert raised.value.problems[0].help


def test_a_plan_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(PartError, match="can't be read: No such file"):
        read_plan(tmp_path / "none.json")


def test_what_was_planned_may_stand_here_with_nothing_assigned() -> None:
    check_same(PLAN, replace(PLAN, steps=tuple(replace(step, parts=(), shared=False) for step in PLAN.steps)), STEPS)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": "9.9"}, "and this is 9.9"),
        ({"commit": "e" * 40}, "checked out is eeee"),
        ({"commit": None}, "checked out is none"),
        ({"folder": "shop"}, "the plan is of the whole repository, and this is shop"),
        ({"dirty": True}, "changes that are not committed, and the plan's had none"),
        ({"tree": "e" * 40}, "the files here are not those"),
        ({"content": f"sha256:{'e' * 64}"}, "the files here are not those"),
        ({"base": "e" * 40}, "here the base is eeee"),
        ({"limited": ("3 files are not checked out",)}, "not as whole as the plan's: 3 files are not checked out"),
        ({"policies": (PolicyDigest(name="change", digest="sha256:0"),)}, "the policy 'change' is not the one"),
        ({"policies": (*PLAN.policies, PolicyDigest(name="tip", digest="sha256:0"))}, "the policy 'tip' is not the one"),
        ({"steps": PLAN.steps[:2]}, "of other gates than the policy asks for"),
        ({"day": date(2020, 1, 1)}, "the day of the plan is another than here"),
    ],
)
def test_what_was_not_planned_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PartError) as raised:
        check_same(PLAN, replace(PLAN, **changes), STEPS)
    assert words in raised.value.problems[0].error
    assert raised.value.problems[0].help


def with_step(name: str, **changes: Any) -> Plan:
    return replace(PLAN, steps=tuple(replace(step, **changes) if step.gate == name else step for step in PLAN.steps))


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (with_step("security", parts=(1,)), "lets a part observe security, which is the judge's"),
        (replace(with_step("secrets", parts=(1,)), isolated=False), "lets a part observe secrets, which is the judge's"),
        (with_step("api", parts=()), "lets nobody but the judge observe api"),
        (with_step("api", parts=(1, 2), shared=True), "shares api among parts, and it can't be shared"),
    ],
)
def test_a_plan_that_was_altered_gives_nobody_what_is_not_theirs(plan: Plan, words: str) -> None:
    with pytest.raises(PartError) as raised:
        check_same(plan, plan, STEPS)
    assert words in raised.value.problems[0].error


def test_each_part_is_told_of_all_shares() -> None:
    shares = tuple(by_part({"tests": ({"a.py": 1, "b.py": 2}, {"c.py::t": 2})}, 2))
    assert [(item.part, item.files, item.items) for item in shares] == [(1, ("a.py",), ()), (2, ("b.py",), ("c.py::t",))]
    plan = replace(PLAN, shares=shares)
    expected = Share(part=2, parts=2, files={"a.py": 1, "b.py": 2}, items={"c.py::t": 2})
    assert shares_of(plan, "tests", 2) == expected
    assert plan.of_part(1) == (PLAN.steps[2],)
