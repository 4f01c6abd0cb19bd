"""What a run at the base saw, taken from its bundle: the same states as by looking again, else nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import gates
from gates import registry
from gates.adapters import history
from gates.api import Facts, Gate, Status
from gates.api.tree import Tree
from gates.change.base import Base
from gates.change.compare import NOT_ASKED, Against, Here, against
from gates.change.earlier import Earlier
from gates.facts import read_facts
from gates.judge.match import match
from gates.model import Context, FileChange, Limit, Stage, ToolRun
from gates.observe import Observation, Observed, Progress, Setting, observe
from gates.plan import Step
from tests.change.test_compare import GATE, IDENTITY, WHOLE
from tests.judge.making import NONE_AT_ALL, NOTHING_NEW, gate_policy
from tests.repository import Repository

SOME = "".join(f"value {number}\n" for number in range(12))
LONG = "this line is BAD and long enough to be told\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A repository whose base was observed when it was checked out."""

    repository: Repository
    work: Path

    def setting(self) -> Setting:
        root = self.repository.root
        return Setting(root=root, work=self.work, environment=os.environ, offline=True, tree=Tree.of(root))

    def seen(self, gate: Gate, **options: Any) -> Observation:
        step = Step(name="sample", gate=gate, options=options, timeout_seconds=60)
        return observe([step], self.setting(), jobs=1, progress=Progress()).observations[0]

    def earlier(self, commit: str, gate: Gate, **options: Any) -> Earlier:
        """The run at a commit that is checked out."""
        seen = self.seen(gate, **options)
        return Earlier(
            digest="ab" * 32,
            signed_by="release job",
            context=Context(day=date(2026, 1, 1), stage=Stage.CHANGE, commit=commit),
            version=gates.__version__,
            policies={"sample": replace(gate_policy("sample", NOTHING_NEW), uses="sample", options=options)},
            facts={"sample": read_facts(gate, "sample", seen.members)},
            raw={"sample": seen.members},
            places={},
        )

    def against(self, base: str, gate: Gate, earlier: Earlier | None, *require: Limit, **options: Any) -> tuple[Facts, Against]:
        step = Step(name="sample", gate=gate, options=options, timeout_seconds=60)
        facts = read_facts(gate, "sample", self.seen(gate, **options).members)
        here = Here(policy=gate_policy("sample", *(require or (NOTHING_NEW,))), step=step, facts=facts)

        def read(observed: Observed) -> Mapping[str, Facts]:
            return {item.name: read_facts(gate, item.name, item.members) for item in observed.observations}

        found = against(Base(commit=base, found_by="a test"), self.setting(), [here], read, jobs=1, progress=Progress(), earlier=earlier)
        return facts, found


@pytest.fixture
def lab(repository: Repository, tmp_path: Path) -> Lab:
    return Lab(repository=repository, work=tmp_path / "work")


def judged(facts: Facts, found: Against) -> Any:
    return match(facts, found.facts[0] if found.facts else None, found.change)


CHANGES: dict[str, tuple[dict[str, str], dict[str, str | None]]] = {
    "a line is added": ({"a.py": f"BAD\n{SOME}"}, {"a.py": f"BAD\n{SOME}BAD too\n"}),
    "lines are moved": ({"a.py": LONG + SOME}, {"a.py": SOME + LONG}),
    "a file is moved": ({"a.py": LONG + SOME}, {"a.py": None, "lib/b.py": SOME + LONG}),
    "a line is copied from a file that stays": ({"a.py": LONG, "b.py": SOME}, {"b.py": SOME + LONG}),
    "one is mended": ({"a.py": f"BAD\n{SOME}BAD too\n", "b.py": LONG}, {"a.py": f"BAD\n{SOME}good\n"}),
    "a file is gone": ({"a.py": LONG, "b.py": LONG}, {"a.py": None, "c.py": f"x\n{LONG}"}),
    "nothing is found there": ({"a.py": SOME}, {"a.py": f"BAD\n{SOME}"}),
}


@pytest.mark.parametrize("gate", [GATE, WHOLE, IDENTITY], ids=["by file", "by line", "by identity"])
@pytest.mark.parametrize("name", CHANGES)
def test_an_earlier_run_tells_what_looking_again_tells(lab: Lab, gate: Gate, name: str) -> None:
    was, now = CHANGES[name]
    base = lab.repository.commit({**was, "same.py": LONG})
    earlier = lab.earlier(base, gate)
    for path in (path for path, content in now.items() if content is None):
        (lab.repository.root / path).unlink()
    lab.repository.commit({path: content for path, content in now.items() if content is not None})
    facts, looked = lab.against(base, gate, None)
    same, told = lab.against(base, gate, earlier)
    assert facts == same
    assert judged(facts, told) == judged(facts, looked)
    if looked.observed.observations:
        assert told.change.gates[0].bundle == earlier.digest
        assert [item.run.cached for item in told.observed.observations] == [True]


def test_a_gate_that_can_t_be_observed_at_the_base_is_compared_by_an_earlier_run(lab: Lab) -> None:
    gate = replace(IDENTITY, executes_project=True)
    base = lab.repository.commit({"a.py": "BAD\n"})
    earlier = lab.earlier(base, gate)
    lab.repository.commit({"b.py": "BAD\n"})
    facts, found = lab.against(base, gate, None)
    assert [state.value for state in judged(facts, found).states] == ["new", "new"]
    facts, found = lab.against(base, gate, earlier)
    assert [state.value for state in judged(facts, found).states] == ["existing", "new"]
    assert found.change.gates[0].reason == ""


def test_what_is_old_is_told_although_no_limit_asks_since_nothing_has_to_be_run(lab: Lab) -> None:
    gate = replace(IDENTITY, executes_project=True)
    base = lab.repository.commit({"a.py": "BAD\n"})
    earlier = lab.earlier(base, gate)
    lab.repository.commit({"b.py": "BAD\n"})
    _, alone = lab.against(base, gate, None, NONE_AT_ALL)
    assert (alone.facts, alone.change.gates[0].reason) == ((), NOT_ASKED)
    facts, found = lab.against(base, gate, earlier, NONE_AT_ALL)
    assert [state.value for state in judged(facts, found).states] == ["existing", "new"]
    assert (found.change.gates[0].bundle, found.change.gates[0].reason) == (earlier.digest, "")


# -- what is not believed of it

COMMIT = "c" * 40
WHY_NOT: dict[str, tuple[dict[str, Any], str]] = {
    "another commit": ({"commit": "d" * 40}, "it is of commit dddddddddddd, and the base is cccccccccccc"),
    "no commit": ({"commit": None}, "it is of commit none, and the base is cccccccccccc"),
    "a tree with changes": ({"dirty": True}, "it is of a tree with changes that were not committed"),
    "a folder of it": ({"folder": "shop"}, "it is of the folder shop, and this run is of the whole repository"),
    "a part": ({"limited": ("3 files that were named",)}, "it is not of the whole commit: 3 files that were named"),
}


def of_commit(**said: Any) -> Earlier:
    context = replace(Context(day=date(2026, 1, 1), stage=Stage.CHANGE, commit=COMMIT), **said)
    none: dict[str, Any] = {}
    return Earlier(digest="ab", signed_by="x", context=context, version=gates.__version__, policies=none, facts=none, raw=none, places=none)


@pytest.mark.parametrize("name", WHY_NOT)
def test_a_run_of_something_else_tells_nothing(name: str) -> None:
    said, why = WHY_NOT[name]
    assert of_commit(**said).why_not(COMMIT, None) == why


def test_a_run_by_another_version_tells_nothing() -> None:
    assert of_commit().why_not(COMMIT, None) == ""
    assert "made by version 0.0.1 of gates" in replace(of_commit(), version="0.0.1").why_not(COMMIT, None)


def _of_gate(base: Earlier, **said: Any) -> Earlier:
    return replace(base, facts={"sample": replace(base.facts["sample"], **said)})


def _policy(base: Earlier, **said: Any) -> Earlier:
    return replace(base, policies={"sample": replace(base.policies["sample"], **said)})


TOOL = ToolRun(tool="sampler", version="1.0", argv=(), exit_code=0)
OTHERWISE: dict[str, tuple[Any, str]] = {
    "it has no such gate": (lambda base: replace(base, policies={}), "it has no sample"),
    "it was another gate": (lambda base: _policy(base, uses="other"), "it has no sample"),
    "it has no facts": (lambda base: replace(base, facts={}), "it has no sample"),
    "it could not tell": (lambda base: _of_gate(base, status=Status.ERROR, reason="broke"), "sample could not tell"),
    "another parser": (lambda base: _of_gate(base, parser=7), "its raw output is read by parser 7, and that of today by 1"),
    "other options": (lambda base: _policy(base, options={"at_base": "x"}), "it looked with other options"),
    "a tool that is not here": (lambda base: _of_gate(base, tools=(TOOL,)), "it was made with sampler 1.0, and here it is missing"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_was_seen_in_another_way_is_looked_at_again(lab: Lab, name: str) -> None:
    alter, why = OTHERWISE[name]
    base = lab.repository.commit({"a.py": "BAD\n"})
    earlier = alter(lab.earlier(base, GATE))
    lab.repository.commit({"a.py": "BAD\nBAD\n"})
    facts, found = lab.against(base, GATE, earlier)
    assert [item.run.cached for item in found.observed.observations] == [False]
    assert [state.value for state in judged(facts, found).states] == ["existing", "new"]
    unable = replace(GATE, by_file=False, executes_project=True)
    facts, found = lab.against(base, unable, earlier)
    assert f"the bundle of the base does not tell: {why}" in found.change.gates[0].reason
    assert [state.value for state in judged(facts, found).states] == ["new", "new"]


def test_another_version_of_the_tool_is_looked_at_again(lab: Lab) -> None:
    step = Step(name="sample", gate=GATE, options={}, timeout_seconds=60)
    base = lab.repository.commit({"a.py": "BAD\n"})
    earlier = _of_gate(lab.earlier(base, GATE), tools=(TOOL,))
    here = earlier.facts["sample"]
    assert earlier.why_not_of(step, here, (), set()) == ""
    newer = replace(here, tools=(replace(TOOL, version="2.0"),))
    assert earlier.why_not_of(step, newer, (), set()) == "it was made with sampler 1.0, and here it is 2.0"


def test_a_gate_whose_answers_change_with_the_days_is_looked_at_again(lab: Lab) -> None:
    base = lab.repository.commit({"a.py": "BAD\n"})
    gate = replace(GATE, lasting=False)
    earlier = lab.earlier(base, gate)
    lab.repository.commit({"a.py": "BAD\nBAD\n"})
    _, found = lab.against(base, gate, earlier)
    assert found.change.gates[0].bundle is None


def test_with_another_file_that_steers_the_gate_it_is_looked_at_again(lab: Lab) -> None:
    gate = replace(GATE, steered_by=lambda _: ("rules.txt",))
    base = lab.repository.commit({"a.py": "BAD\n", "rules.txt": "all\n"})
    earlier = lab.earlier(base, gate)
    step = Step(name="sample", gate=gate, options={}, timeout_seconds=60)
    here = earlier.facts["sample"]
    assert earlier.why_not_of(step, here, (FileChange(base="a.py", path="a.py"),), set()) == ""
    for changed in (FileChange(base="rules.txt"), FileChange(path="rules.txt"), FileChange(base="x", path="rules.txt")):
        assert earlier.why_not_of(step, here, (changed,), set()) == "rules.txt, which steers it, is not the same"
    assert earlier.why_not_of(step, here, (), {"rules.txt"}) == "rules.txt, which steers it, is not the same"


def test_where_a_file_moved_into_what_is_looked_at_it_is_looked_at_again(lab: Lab) -> None:
    base = lab.repository.commit({"a.py": "BAD\n"})
    made = lab.earlier(base, GATE)
    here = made.facts["sample"]
    moved = (FileChange(base="old/a.py", path="src/a.py"),)
    for options, why in (
        ({"paths": ["src"]}, "old/a.py moved into or out of what it looks at"),
        ({"paths": ["src", "old"]}, ""),
        ({"paths": ["src", "old"], "exclude": ["src"]}, "old/a.py moved into or out of what it looks at"),
        ({"exclude": ["old"]}, "old/a.py moved into or out of what it looks at"),
        ({"exclude": ["other"]}, ""),
        ({"paths": []}, ""),
    ):
        earlier = _policy(made, uses="secrets", options=options)
        step = Step(name="sample", gate=registry.find("secrets"), options=options, timeout_seconds=60)
        assert earlier.why_not_of(step, here, moved, set()) == why


def test_a_step_of_another_policy_is_told_by_the_gate_that_it_is_of(lab: Lab) -> None:
    base = lab.repository.commit({"a.py": "BAD\n"})
    earlier = lab.earlier(base, GATE)
    here = earlier.facts["sample"]
    step = Step(name="sample@tip", gate=GATE, options={}, timeout_seconds=60, renamed={}, policy="tip")
    assert earlier.why_not_of(step, here, (), set()) == ""
    assert earlier.observation(step).name == "sample@tip"
    for other in (replace(step, selected=("a.py",)), replace(step, judged=Path("x"))):
        assert earlier.why_not_of(other, here, (), set()) == "another policy has it look in another way"


def test_no_tree_of_the_base_is_made_where_no_line_tells(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    base = lab.repository.commit({"a.py": "BAD\n"})
    earlier = lab.earlier(base, IDENTITY)
    lab.repository.commit({"b.py": "BAD\n"})
    monkeypatch.setattr(history, "base_tree", lambda *_: pytest.fail("a tree of the base was made"))
    facts, found = lab.against(base, IDENTITY, earlier)
    assert [state.value for state in judged(facts, found).states] == ["existing", "new"]
