"""Bundles of released parsers and judges: each later version gives the same facts, decision and code. `scripts/golden` makes them."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from gates import registry
from gates.evidence import archive, bundle
from gates.evidence.bundle import Contents
from gates.evidence.verify import Expectation, verify
from gates.judge.versions import JUDGES
from gates.model import Outcome

FOLDER = Path(__file__).parent / "golden"
#: The bundle, the code that `gates verify` gives it, and its content digest.
GOLDEN: dict[str, tuple[int, str]] = {
    "passed": (0, "sha256:6fb2cda8a3d1cb9aea8acd43b4b5857276200c32c1e45235de5f34947bb1e329"),
    "reports": (1, "sha256:d4829892c23b8bece8ca6bb73919faffd465b7713c4c9adb3ca30e99e32cf558"),
    "secrets": (1, "sha256:f578184e83beeaa506e2822d3fa5b4b7ca5bd0d0cb172cad3467711ff0a0c51c"),
    "named": (1, "sha256:ccef95451c2e760c392c0c57702c88cfc3fa55887310e585bc19e630146c98f0"),
    "marked": (1, "sha256:a3715daa93495b6e2d4e915937d2d8f9b1b83dbb83d0ddfb218d2e92b24a9b97"),
    "told": (1, "sha256:c4808365da06f43e31a89780c174d78f62126517abef137dca696df9d8184fe2"),
    "failed": (1, "sha256:e87e7d731f8db51dfd5dfefcaf9237f3ea42af89c1e47dbc876684e885090eaa"),
    "vex": (1, "sha256:a9a7f0a5380b4a211ff8b3d73dd51f57890c6ec4f9860cf49ca0e345efe09404"),
}


@pytest.fixture
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(lzma.decompress((FOLDER / f"{request.param}.zip.xz").read_bytes()))
    return path


def contents(name: str) -> Contents:
    return bundle.open_members(archive.unpack(lzma.decompress((FOLDER / f"{name}.zip.xz").read_bytes())))


@pytest.mark.parametrize(("golden", "code", "digest"), [(name, *rest) for name, rest in GOLDEN.items()], indirect=["golden"])
def test_it_is_judged_as_it_was(golden: Path, code: int, digest: str) -> None:
    found = verify(golden, Expectation(allow_unsigned=True))
    assert [(answer.question, answer.words) for answer in found.answers if answer.holds is False] == []
    assert found.code == code
    assert found.contents is not None
    assert found.contents.manifest.content_digest == digest


def test_every_version_of_every_parser_and_judge_has_one() -> None:
    records = [contents(name) for name in GOLDEN]
    gates = [registry.find(name) for name in registry.BUILT_IN]
    read = {(facts.uses, facts.parser) for item in records for facts in item.record.facts}
    assert read == {(gate.id, version) for gate in gates for version in (gate.parser, *gate.earlier)}
    assert {item.manifest.judge for item in records} == set(JUDGES)


def test_they_hold_every_format_and_outcome_and_come_from_two_pythons() -> None:
    records = [contents(name).record for name in GOLDEN]
    options = {key for record in records for gate in record.policy.gates for key in gate.options}
    assert {"sarif", "junit", "cyclonedx", "command"} <= options
    outcomes = {(gate.uses, gate.outcome) for record in records for gate in record.decision.gates}
    built_in = set(registry.BUILT_IN)
    assert {uses for uses, outcome in outcomes if outcome is Outcome.FAILED} == built_in
    assert {uses for uses, outcome in outcomes if outcome is Outcome.PASSED} >= built_in - {"external"}
    assert len({record.run.python.rpartition(".")[0] for record in records}) == 2


def test_each_file_is_one_of_them() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{name}.zip.xz" for name in GOLDEN)
