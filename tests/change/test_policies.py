"""Which policies judge a run, and what each of them has observed in its own way: on real repositories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gates import registry
from gates.adapters import git, history
from gates.api.tree import Tree
from gates.change.base import Base
from gates.change.policies import FIRST, UNREADABLE, Asked, Floor, Policies, find, steered_from
from gates.errors import PolicyError
from gates.model import CHANGE_POLICY, TIP_POLICY, Stage
from gates.policy import approvers, load, whole
from tests.repository import Repository

POLICY = "version: 1\nextends: [baseline]\ngates: {security: {}, secrets: {}}\n"
WEAK = POLICY.replace("security: {}", "security: {enforcement: warn}")
BASELINE = '{"results": {}}\n'


def policies(
    repository: Repository, tip: str, *, stage: Stage = Stage.CHANGE, proposed: bool = False, floors: Sequence[Floor] = ()
) -> Policies:
    root = repository.root
    sources = load.collect_text(root, "gates.yaml", POLICY) if proposed else load.collect(root, root / "gates.yaml")
    base = Base(commit=tip, found_by="a test", tip=tip)
    return find(root, Asked(sources=sources, proposed=proposed, floors=tuple(floors)), stage, base, Tree.of(root))


def names(found: Policies) -> list[str]:
    return [item.name for item in found.judgings]


def steps(found: Policies) -> list[str]:
    return [step.name for step in found.steps(())]


# -- which -------------------------------------------------------------------------------------


def test_where_the_policy_is_the_same_it_judges_alone(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": POLICY, "app.py": "1\n"})
    repository.commit({"app.py": "2\n"})
    found = policies(repository, tip)
    assert (names(found), found.named, steps(found)) == ([CHANGE_POLICY], None, ["security", "secrets"])


def test_where_it_is_another_the_one_at_the_tip_judges_too(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": POLICY})
    repository.commit({"gates.yaml": WEAK})
    found = policies(repository, tip)
    assert (names(found), steps(found)) == ([CHANGE_POLICY, TIP_POLICY], ["security", "secrets"])
    assert found.judgings[1].words == f"gates.yaml of {tip[:12]}, where the change goes"


@pytest.mark.parametrize("stage", [Stage.COMMIT, Stage.RELEASE])
def test_at_other_stages_there_is_no_tip(repository: Repository, stage: Stage) -> None:
    tip = repository.commit({"gates.yaml": POLICY})
    repository.commit({"gates.yaml": WEAK})
    assert names(policies(repository, tip, stage=stage)) == [CHANGE_POLICY]


def test_the_first_policy_is_called_so(repository: Repository) -> None:
    tip = repository.commit({"app.py": "1\n"})
    repository.commit({"gates.yaml": POLICY})
    named = policies(repository, tip).named
    assert named is not None
    assert [item.words for item in named] == [FIRST]


def test_one_that_can_not_be_read_is_mended_alone_or_not_at_all(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": "version: 2\n", "app.py": "1\n"})
    repository.commit({"gates.yaml": POLICY})
    named = policies(repository, tip).named
    assert named is not None
    assert [item.words for item in named] == [UNREADABLE]
    repository.commit({"app.py": "2\n"})
    with pytest.raises(PolicyError) as refused:
        policies(repository, tip)
    assert refused.value.problems[0].where == f"gates.yaml:1:1 (of {tip[:12]}, where the change goes)"


def test_where_it_was_taken_away_the_one_at_the_tip_judges_alone(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": POLICY, "app.py": "1\n"})
    (repository.root / "gates.yaml").unlink()
    repository.commit({})
    found = policies(repository, tip, proposed=True)
    assert (names(found), {step.policy for step in found.steps(())}) == ([TIP_POLICY], {TIP_POLICY})
    assert [found.policy_of(step).name for step in found.steps(())] == ["security", "secrets"]


def test_a_policy_that_is_a_link_is_read_as_a_checkout_reads_it(repository: Repository) -> None:
    (repository.root / "ci").mkdir()
    (repository.root / "ci/gates.yaml").write_text(POLICY.replace("baseline", "team.yaml"))
    (repository.root / "ci/team.yaml").symlink_to("../real.yaml")
    (repository.root / "gates.yaml").symlink_to("ci/gates.yaml")
    tip = repository.commit({"real.yaml": "version: 1\nextends: [baseline]\n"})
    assert names(policies(repository, tip)) == [CHANGE_POLICY]
    repository.commit({"real.yaml": "version: 1\nextends: [strict]\n"})
    found = policies(repository, tip)
    assert [source.name for source in found.others[TIP_POLICY]] == ["shipped/baseline.yaml", "ci/team.yaml", "ci/gates.yaml"]


# -- what a signature is held against ----------------------------------------------------------

KEYED = f'approvers: ["@anna {approvers.written(bytes(32))}"]\n'


def test_where_an_approver_there_has_a_key_both_policies_are_known_whole(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": POLICY + KEYED})
    repository.commit({"gates.yaml": WEAK})
    found = policies(repository, tip)
    assert [item.whole for item in found.judgings] == [
        whole.digest(sources, registry.find) for sources in (found.sources, found.others[TIP_POLICY])
    ]
    assert found.judgings[0].whole != found.judgings[1].whole
    assert (found.named, [item.touched for item in found.judgings]) == (tuple(item.named for item in found.judgings), [None, None])


def test_where_nobody_could_sign_it_is_not_asked(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": POLICY + 'approvers: ["@anna"]\n'})
    repository.commit({"gates.yaml": WEAK + KEYED, ".secrets.baseline": BASELINE})
    assert [(item.whole, item.touched) for item in policies(repository, tip).judgings] == [(None, None)] * 2


def test_one_that_is_no_policy_at_another_stage_is_not_known_whole(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": POLICY + KEYED})
    repository.commit({"gates.yaml": WEAK.replace("gates: {", "gates: {contracts: {stages: [release]}, ")})
    own, there = policies(repository, tip).judgings
    assert (own.whole, there.whole is None) == (None, False)


@pytest.mark.parametrize(
    ("gates", "own"),
    [
        ("security: {}, secrets: {}", "security: {enforcement: warn}, secrets: {}"),
        ("security: {}, secrets: {}", "secrets: {options: {exclude: [a]}}"),
        ("security: {}, secrets: {}", "security: {}"),
        ("security: {}", "security: {}, secrets: {}"),
    ],
)
def test_files_that_steer_a_gate_of_either_are_named_where_they_differ(repository: Repository, gates: str, own: str) -> None:
    tip = repository.commit({"gates.yaml": POLICY.replace("security: {}, secrets: {}", gates) + KEYED})
    repository.commit({"gates.yaml": POLICY.replace("security: {}, secrets: {}", own)})
    assert policies(repository, tip).judgings[1].touched is None
    repository.commit({".secrets.baseline": BASELINE})
    assert policies(repository, tip).judgings[1].touched == (".secrets.baseline",)


# -- floors ------------------------------------------------------------------------------------


def test_a_floor_of_the_repository_is_taken_from_the_tip(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": WEAK, "floor.yaml": POLICY})
    repository.commit({"floor.yaml": WEAK, "new.yaml": WEAK})
    held = [
        Floor(words=f"the policy {name}", sources=load.collect(repository.root, Path(name)), path=name)
        for name in ("floor.yaml", "new.yaml")
    ]
    found = policies(repository, tip, floors=held)
    assert [gate.enforcement for item in found.judgings[1:] for gate in item.policy.gates if gate.name == "security"] == ["block", "warn"]
    assert [item.words for item in found.judgings[1:]] == [
        f"the policy floor.yaml of {tip[:12]}, where the change goes",
        "the policy new.yaml",
    ]
    assert [item.within for item in found.judgings[1:]] == [None, True]


# -- how they look -----------------------------------------------------------------------------


@pytest.mark.parametrize("floored", [False, True])
def test_files_that_steer_a_gate_are_those_of_the_tip(repository: Repository, tmp_path: Path, floored: bool) -> None:
    tip = repository.commit({"gates.yaml": POLICY, ".secrets.baseline": BASELINE, "app.py": "1\n"})
    repository.commit({".secrets.baseline": "{}\n", **({"gates.yaml": WEAK} if floored else {})})
    floors = [Floor(words="a floor", sources=load.collect_text(repository.root, "gates.yaml", POLICY))] if floored else []
    found = policies(repository, tip, floors=floors)
    beside = ["secrets@tip", *(["secrets@from-1"] if floored else [])]
    assert [item.apart for item in found.judgings[1:]] == [("secrets",)] * len(beside)
    assert steps(found) == ["security", "secrets", *beside]
    with steered_from(found, found.steps(()), repository.root, tmp_path / "work") as steered:
        judged = {step.name: step.judged for step in steered.steps}
        there = judged["secrets@tip"]
        assert there is not None
        assert ((there / ".secrets.baseline").read_text(), (there / "app.py").exists()) == (BASELINE, False)
        assert {name for name, root in judged.items() if root is not None} == set(beside)
        assert steered.touched() == ""
        (there / "more.json").write_text("{}")
        assert steered.touched() == "something changed the files that steer gates while they looked"
    assert not there.exists()


def test_where_nothing_stands_at_a_tip_the_files_here_steer(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit({"gates.yaml": POLICY, ".secrets.baseline": BASELINE, "other.json": BASELINE})
    other = POLICY.replace("secrets: {}", "secrets: {options: {baseline: other.json}, stages: [release]}")
    floors = [Floor(words="a floor", sources=load.collect_text(repository.root, "gates.yaml", other))]
    found = policies(repository, commit, stage=Stage.RELEASE, floors=floors)
    assert steps(found) == ["security", "secrets", "secrets@from-1"]
    with steered_from(found, found.steps(()), repository.root, tmp_path / "work") as steered:
        assert [step.judged for step in steered.steps] == [None] * 3
        assert steered.touched() == ""


def test_a_link_that_leads_elsewhere_steers_too(repository: Repository) -> None:
    (repository.root / ".secrets.baseline").symlink_to("a.json")
    tip = repository.commit({"gates.yaml": POLICY, "a.json": BASELINE, "b.json": BASELINE})
    assert names(policies(repository, tip)) == [CHANGE_POLICY]
    (repository.root / ".secrets.baseline").unlink()
    (repository.root / ".secrets.baseline").symlink_to("b.json")
    repository.commit({})
    assert policies(repository, tip).judgings[1].apart == ("secrets",)


def test_a_file_that_is_called_otherwise_is_known_by_its_old_name(repository: Repository) -> None:
    text = "a\nb\nc\nd\ne\nf\n"
    before = POLICY.replace("security: {}", "security: {options: {paths: [src], exclude: [src/old]}}")
    tip = repository.commit({"gates.yaml": before, "src/app.py": text, "src/old/same.py": text * 2, "src/old/other.py": text * 3})
    for name, target in (("src/app.py", "lib/app.py"), ("src/old/same.py", "lib/same.py"), ("src/old/other.py", "lib/other.py")):
        (repository.root / "lib").mkdir(exist_ok=True)
        repository.git("mv", name, target)
    repository.commit({"gates.yaml": POLICY, "lib/other.py": text * 3 + "g\n"})
    [step] = [step for step in policies(repository, tip).steps(()) if step.policy == TIP_POLICY]
    assert (step.name, step.renamed) == ("security@tip", {"lib/app.py": "src/app.py", "lib/same.py": "src/old/same.py"})


def test_a_gate_by_file_has_no_say_of_what_is_gone(repository: Repository) -> None:
    before = POLICY.replace("security: {}", "security: {options: {paths: [a.py, b.py]}}")
    tip = repository.commit({"gates.yaml": before, "a.py": "1\n", "b.py": "2 + 2\n"})
    (repository.root / "a.py").unlink()
    repository.commit({"gates.yaml": POLICY})
    [step] = [step for step in policies(repository, tip).steps(()) if step.policy == TIP_POLICY]
    assert (step.options, step.selected) == ({"paths": ["b.py"]}, None)
    (repository.root / "b.py").unlink()
    repository.commit({})
    [step] = [step for step in policies(repository, tip).steps(()) if step.policy == TIP_POLICY]
    assert (step.options, step.selected) == ({"paths": ["a.py", "b.py"]}, ())


def test_the_base_is_asked_for_what_any_of_them_limits(repository: Repository) -> None:
    tip = repository.commit({"gates.yaml": POLICY})
    repository.commit({"gates.yaml": POLICY.replace("security: {}", "security: {require: {findings: {max: 3}, suppressed: {max: 3}}}")})
    found = policies(repository, tip)
    [step] = [step for step in found.steps(()) if step.name == "security"]
    assert {(limit.name, limit.max, limit.new_max) for limit in found.policy_of(step).require if limit.name == "findings"} == {
        ("findings", 3, None),
        ("findings", None, 0),
    }
    alone = replace(found, judgings=found.judgings[:1])
    assert [limit.max for limit in alone.policy_of(step).require if limit.name == "findings"] == [3]


# -- what git tells ----------------------------------------------------------------------------


def test_where_a_path_leads_in_a_commit(repository: Repository) -> None:
    root = repository.root
    (root / "a" / "b").mkdir(parents=True)
    links = {
        "link": "a/b/file",
        "a/up": "../a/./b",
        "round": "about",
        "about": "round",
        "out": "../other",
        "absolute": "/etc/passwd",
        "none": "nothing",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    commit = repository.commit({"a/b/file": "text"})
    found = {name: git.real_at(root, commit, name) for name in (*links, "a/up/file", "a/b/../b/file", "a", "gone", ".", "..")}
    assert found == {
        "link": "a/b/file",
        "a/up": "a/b",
        "a/up/file": "a/b/file",
        "a/b/../b/file": "a/b/file",
        "a": "a",
        **dict.fromkeys(("round", "about", "out", "absolute", "none", "gone", ".", "..")),
    }
    assert [git.real_at(root / "a", commit, name) for name in ("up/file", "../link", "../none")] == ["b/file", "b/file", None]


def test_links_and_submodules_that_differ(repository: Repository) -> None:
    root = repository.root
    (root / "same").symlink_to("a")
    (root / "other").symlink_to("a")
    (root / "gone").symlink_to("a")
    (root / "module").mkdir()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},module")
    before = repository.commit({"file": "text", "a": "a"})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'b' * 40},module")
    for name in ("other", "gone", "file"):
        (root / name).unlink()
    (root / "other").symlink_to("b")
    (root / "file").symlink_to("a")
    assert history.changed_links(root, before) == ("file", "gone", "module", "other")
