"""Each thing that does not follow is said in its own words, even where every other check would refuse it too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gates import canonical
from gates.cli.main import main
from gates.errors import BundleError
from gates.evidence import attestation, bundle, follows, keys
from gates.evidence.bundle import Contents
from gates.model import Comparison, Outcome, PolicySource, Verdict
from tests.repository import Repository

POLICY = "version: 1\nextends: [baseline]\ngates: {secrets: {}}\n"


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """A run that follows another, read from its bundle."""
    folder = tmp_path_factory.mktemp("follows")
    repository = Repository(folder)
    repository.commit({"gates.yaml": POLICY, "app.py": "print('hello')\n"})
    command = ["-C", str(repository.root), "run", "--bundle"]
    assert main([*command, str(folder / "first.zip")]) == 0
    assert main([*command, str(folder / "second.zip"), "--previous", str(folder / "first.zip")]) == 0
    read = bundle.read(folder / "second.zip")
    assert follows.differences(read) == []
    return read


def source(text: str) -> PolicySource:
    return PolicySource(name="gates.yaml", content=text.encode(), sha256=canonical.sha256(text.encode()))


def test_a_policy_without_what_it_extends(contents: Contents) -> None:
    alone = replace(contents, sources=contents.sources[-1:])
    assert "the policy files are not those that the policy extends" in follows.differences(alone)


def test_a_policy_that_extends_a_file_that_is_not_there(contents: Contents) -> None:
    extending = replace(contents, sources=(contents.sources[0], source(POLICY.replace("[baseline]", "[baseline, team.yaml]"))))
    assert any(words.startswith("the policy files can't be composed again: ") for words in follows.differences(extending))


def _other_gate(said: Comparison) -> Comparison:
    return replace(said, gates=(replace(said.gates[0], gate="tests"),))


DISAGREEMENTS: dict[str, tuple[Callable[[Comparison], Comparison], str]] = {
    "another verdict": (lambda said: replace(said, verdict_now=Verdict.FAILED), "the comparison names another verdict than the decision"),
    "another gate": (_other_gate, "the comparison is of other gates than the decision"),
    "another outcome": (
        lambda said: replace(said, gates=(replace(said.gates[0], outcome_now=Outcome.FAILED),)),
        "the comparison says otherwise of secrets than its facts and decision",
    ),
    "findings that are not there": (
        lambda said: replace(said, gates=(replace(said.gates[0], new=("fp1:0",)),)),
        "the comparison names findings of secrets that it does not have",
    ),
    "another run before": (
        lambda said: replace(said, previous="0" * 64),
        "it is compared with another bundle than the one that it follows",
    ),
}


@pytest.mark.parametrize("what", DISAGREEMENTS)
def test_a_comparison_that_is_not_of_this_run(contents: Contents, what: str) -> None:
    change, words = DISAGREEMENTS[what]
    said = contents.record.comparison
    assert said is not None
    changed = replace(contents, record=replace(contents.record, comparison=change(said)))
    assert words in follows.differences(changed)


def test_nothing_is_signed_that_is_larger_than_a_signature_may_be(contents: Contents, tmp_path: Path) -> None:
    keys.write_pair(tmp_path / "key")
    record = contents.record
    large = replace(contents, record=replace(record, context=replace(record.context, ref="x" * 200_000)))
    with pytest.raises(BundleError) as raised:
        attestation.sign(large, keys.load_private(tmp_path / "key"), place="apart", time="2026-11-28T00:00:00Z")
    assert raised.value.problems[0].help == "a policy with fewer gates has a smaller statement"
