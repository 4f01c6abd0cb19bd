"""Which gates are looked at again at the base, in which files, and what is said where they can't be."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gates.adapters import history
from gates.api import Examined, Facts, Gate, GateError, Location, ObserveContext, Raw, Severity, Status
from gates.api.tree import Tree
from gates.change.base import Base
from gates.change.compare import NOT_ASKED, Against, Here, against, needs_base, shown
from gates.facts import read_facts
from gates.judge.match import match
from gates.model import Change, Compared, FileChange, Limit, State
from gates.observe import Observed, Progress, Setting, observe
from gates.plan import Step
from tests.judge.making import NONE_AT_ALL, NOTHING_NEW, facts, finding, gate_policy
from tests.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the sample gate does at the base: nothing strange, where it is empty."""

    at_base: str = ""


def look(context: ObserveContext, options: Options) -> None:
    """Finds every line that says BAD. The raw output says which files it looked at."""
    if context.judged and options.at_base == "error":
        raise GateError("the tool broke")
    if context.judged and options.at_base == "touch":
        (context.root / context.files[0]).write_text("BAD\n", "utf-8")
    names = list(context.select())
    context.expect_files(names, what="file")
    lines = {
        shown(name): [number for number, line in enumerate((context.root / name).read_bytes().splitlines(), 1) if b"BAD" in line]
        for name in names
    }
    context.raw_json("lines.json", lines)


def read(raw: Raw) -> Facts:
    lines = raw.json("lines.json")
    found = [
        raw.finding(rule="bad", severity=Severity.HIGH, message="it is bad", location=Location(path=path, line=line), identity=(path,))
        for path, numbers in lines.items()
        for line in numbers
    ]
    return raw.facts(examined=Examined(unit="files", expected=len(lines), done=len(lines)), findings=found)


GATE = Gate(
    id="sample",
    title="Sample",
    unit="files",
    options=Options,
    executes_project=False,
    parser=1,
    observe=look,
    parse=read,
    by_line=True,
    by_file=True,
)
WHOLE = replace(GATE, by_file=False)
IDENTITY = replace(GATE, by_file=False, by_line=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the gate saw here, held against the base."""

    here: Facts
    against: Against

    @property
    def change(self) -> Change:
        return self.against.change

    @property
    def states(self) -> dict[str, State]:
        """The judge's word on each finding, by its place."""
        there = self.against.facts[0] if self.against.facts else None
        matched = match(self.here, there, self.change)
        return {str(item.location): state for item, state in zip(self.here.findings, matched.states, strict=True)}

    @property
    def looked_at(self) -> set[str]:
        """The files in which the gate looked at the base; none where it was not asked."""
        members = [item.members for item in self.against.observed.observations]
        return {path for item in members for path in Raw(gate="sample", uses="sample", parser=1, members=item).json("lines.json")}


Compare = Callable[..., Held]


@pytest.fixture
def compare(repository: Repository, tmp_path: Path) -> Compare:
    """Observes the working tree with a gate, and holds it against a commit."""

    def call(base: str, gate: Gate = GATE, *require: Limit, root: Path | None = None, **options: Any) -> Held:
        place = root or repository.root
        setting = Setting(root=place, work=tmp_path / "work", environment=os.environ, offline=True, tree=Tree.of(place))
        step = Step(name="sample", gate=gate, options=options, timeout_seconds=60)
        (seen,) = observe([step], setting, jobs=1, progress=Progress()).observations
        here = Here(policy=gate_policy("sample", *(require or (NOTHING_NEW,))), step=step, facts=read_facts(gate, "sample", seen.members))

        def read_observed(observed: Observed) -> Mapping[str, Facts]:
            return {item.name: read_facts(gate, item.name, item.members) for item in observed.observations}

        found = against(Base(commit=base, found_by="a test"), setting, [here], read_observed, jobs=1, progress=Progress())
        assert not list((tmp_path / "work").glob("base-*"))
        assert not list((tmp_path / "work").glob("lines-*"))
        return Held(here=here.facts, against=found)

    return call


# -- what is looked at


def test_a_gate_by_file_is_looked_at_in_what_differs_and_only_where_that_has_findings(repository: Repository, compare: Compare) -> None:
    base = repository.commit({"a.py": "BAD\n", "b.py": "x\n", "same.py": "BAD\n", "gone.py": "BAD\nof it\n"})
    (repository.root / "gone.py").unlink()
    repository.commit({"b.py": "y\n"})
    found = compare(base)
    assert (found.looked_at, found.against.facts, found.change.here) == (set(), (), ())
    assert found.change.gates == (Compared(gate="sample", by="line", only_changed=True),)
    assert found.change.files == (FileChange(base="b.py", path="b.py"), FileChange(base="gone.py"))
    assert found.states == {"a.py:1": State.EXISTING, "same.py:1": State.EXISTING}
    repository.commit({"b.py": "BAD\n"})
    found = compare(base)
    assert found.looked_at == {"b.py", "gone.py"}
    assert found.states == {"a.py:1": State.EXISTING, "b.py:1": State.NEW, "same.py:1": State.EXISTING}


def test_a_gate_that_is_not_by_file_is_looked_at_whole(repository: Repository, compare: Compare) -> None:
    base = repository.commit({"a.py": "BAD\n", "same.py": "BAD\n"})
    repository.commit({"a.py": "x\nBAD\nBAD\n"})
    found = compare(base, WHOLE)
    assert found.looked_at == {"a.py", "same.py"}
    assert sorted(found.states.values()) == [State.EXISTING, State.EXISTING, State.NEW]


def test_a_gate_by_identity_needs_no_lines(repository: Repository, compare: Compare) -> None:
    base = repository.commit({"a.py": "BAD\n"})
    repository.commit({"a.py": "x\nBAD\n", "b.py": "BAD\n"})
    found = compare(base, IDENTITY)
    assert (found.change.here, found.change.files[0].hunks) == ((), None)
    assert found.states == {"a.py:2": State.EXISTING, "b.py:1": State.NEW}


def test_nobody_looks_where_no_limit_asks(repository: Repository, compare: Compare) -> None:
    base = repository.commit({"a.py": "BAD\n"})
    repository.commit({"a.py": "BAD\nx\n"})
    found = compare(base, WHOLE, NONE_AT_ALL)
    assert (found.against.facts, found.change.gates[0].reason) == ((), NOT_ASKED)
    assert set(found.states.values()) == {State.NEW}


def test_a_file_that_a_sparse_checkout_leaves_out_covers_nothing(repository: Repository, compare: Compare) -> None:
    """It is still there, where nobody looks: what was found in it at the base is no other finding."""
    base = repository.commit({"in/a.py": "x\n", "out/b.py": "BAD\n"})
    repository.commit({"in/a.py": "BAD\n"})
    repository.git("sparse-checkout", "set", "in")
    found = compare(base, WHOLE)
    assert found.looked_at == {"in/a.py"}
    assert found.states == {"in/a.py:1": State.NEW}


def test_a_root_below_the_repository_s_is_compared_alone(repository: Repository, compare: Compare) -> None:
    base = repository.commit({"shop/a.py": "BAD\n", "beside.py": "BAD\n"})
    repository.commit({"shop/a.py": "x\nBAD\n", "shop/b.py": "BAD\n"})
    for gate in (GATE, WHOLE):
        found = compare(base, gate, root=repository.root / "shop")
        assert found.looked_at == {"a.py"}
        assert found.states == {"a.py:2": State.EXISTING, "b.py:1": State.NEW}


# -- what can't be known


@pytest.mark.parametrize(
    ("at_base", "reason"),
    [("error", "it could not tell what was there: the tool broke"), ("touch", "something changed the base's files while the gates looked")],
)
@pytest.mark.parametrize("gate", [GATE, WHOLE])
def test_a_base_that_says_nothing_makes_everything_new(
    repository: Repository, compare: Compare, gate: Gate, at_base: str, reason: str
) -> None:
    base = repository.commit({"a.py": "BAD\n", "same.py": "BAD\n"})
    repository.commit({"a.py": "x\nBAD\n"})
    found = compare(base, gate, at_base=at_base)
    assert found.change.gates[0].reason.startswith(reason)
    assert set(found.states.values()) == {State.NEW}


def test_a_gate_that_could_not_tell_here_is_not_asked_there(repository: Repository, compare: Compare) -> None:
    base = repository.commit({"a.py": "BAD\n"})
    (repository.root / "a.py").unlink()
    found = compare(base)
    assert (found.against.facts, found.change.gates[0].reason) == ((), "it could not tell what is here")


def test_a_file_that_git_does_not_know_was_not_there(repository: Repository, compare: Compare) -> None:
    base = repository.commit({"a.py": "x\n", "tool.cfg": "x\n"})
    (repository.root / "made.py").write_text("BAD\n", "utf-8")
    assert compare(base).states == {"made.py:1": State.NEW}


def test_a_file_that_is_the_same_to_git_alone_is_looked_at(repository: Repository, compare: Compare) -> None:
    base = repository.commit({"a.py": "BAD\nx\n", ".gitattributes": "* text\n"})
    (repository.root / "a.py").write_bytes(b"BAD\r\nx\r\n")
    found = compare(base)
    assert found.looked_at == {"a.py"}
    assert found.change.files == (FileChange(base="a.py", path="a.py", hunks=()),)
    assert found.states == {"a.py:1": State.EXISTING}


def test_names_that_facts_can_not_tell_apart_have_no_places(repository: Repository, compare: Compare) -> None:
    one, other = os.fsdecode(b"\xff.py"), "?.py"
    base = repository.commit({one: "BAD\n", other: "x\n"})
    repository.commit({other: "BAD\n"})
    found = compare(base)
    assert found.change.here == ()
    assert set(found.states.values()) == {State.NEW}


def test_names_are_those_of_facts(repository: Repository) -> None:
    assert shown("a\\b/ü.py") == "a%5Cb/ü.py"
    assert shown(os.fsdecode(b"\xff.py")) == "?.py"


def test_the_map_is_the_same_again(repository: Repository, compare: Compare) -> None:
    base = repository.commit({f"{name}.py": f"BAD\n{name}\n" for name in "abc"})
    repository.commit({f"{name}.py": f"{name}\nBAD\nBAD {name}\n" for name in "abcd"})
    assert compare(base).change == compare(base).change


# -- what it takes


def test_a_change_of_many_files_takes_little_memory(repository: Repository, tmp_path: Path) -> None:
    """Git's answer is read in parts: what it takes does not grow with the change."""

    def peak(files: int) -> int:
        lines = [b"x" * 99 + b"%d" % number for number in range(1000)]
        tracemalloc.start()
        history.hunks(tmp_path / f"lines-{files}", ((lines, lines[::-1]) for _ in range(files)))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(600) < 1.5 * peak(300)


@pytest.mark.parametrize(
    ("limit", "found", "needed"),
    [
        (NOTHING_NEW, [finding(1)], True),
        (NOTHING_NEW, [], False),
        (NONE_AT_ALL, [finding(1)], False),
        (Limit(name="suppressed", new_max=Decimal(0)), [finding(1)], True),
        (Limit(name="flakes", new_max=Decimal(0)), [finding(1)], False),
        (Limit(name="line-coverage", regression=Decimal(0)), [], True),
    ],
)
def test_the_base_is_needed_where_a_limit_can_not_be_checked_without(limit: Limit, found: list[Any], needed: bool) -> None:
    assert facts(*found).status is Status.COMPLETED
    assert needs_base(gate_policy("security", limit), facts(*found)) is needed
