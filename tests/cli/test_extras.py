"""Without the extra with keys nothing passes for signed or unsigned: who asks is told what to install, and all else works."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.errors import ExitCode, UsageError
from gates.evidence import keys, trust_file
from gates.policy import signing
from tests.cli.conftest import Outcome
from tests.judge.making import waiver
from tests.judge.test_approval import NAMED, signed
from tests.repository import Repository

REMEDY = "pip install 'quality-gates[signatures]'"
TRUST = "version: 1\ntimestamp-authorities: [{name: stamps, file: chain.pem}]\n"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is not there, as in a hook's environment."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)


ASKING: dict[str, Callable[[Path], object]] = {
    "a pair": lambda folder: keys.write_pair(folder / "release"),
    "a private key": lambda folder: keys.load_private(folder / "chain.pem"),
    "a public key": lambda folder: keys.load_public(folder / "chain.pem"),
    "a trust file": lambda folder: trust_file.read(folder / "trust.yaml"),
}


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize("asked", list(ASKING))
def test_who_asks_for_a_key_is_told_what_to_install(tmp_path: Path, asked: str) -> None:
    (tmp_path / "chain.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "trust.yaml").write_text(TRUST)
    with pytest.raises(UsageError, match="need cryptography") as raised:
        ASKING[asked](tmp_path)
    assert raised.value.problems[0].help.startswith(REMEDY)


def test_a_signed_waiver_is_not_taken_for_unsigned(request: pytest.FixtureRequest) -> None:
    item = signed(waiver())
    request.getfixturevalue("without")
    with pytest.raises(UsageError, match="need cryptography"):
        signing.signer(item, [NAMED])
    assert signing.signer(waiver(), [NAMED]) is None, "what bears no signature needs no library"


@pytest.mark.usefixtures("without")
def test_a_commit_needs_no_keys(gates: Callable[..., Outcome], repository: Repository, tmp_path: Path) -> None:
    repository.commit({"gates.yaml": "version: 1\ngates: {secrets: {}}\n", "shop.py": "PRICES = {}\n"})
    outcome = gates("-C", repository.root, "run", "--stage", "commit", "--bundle", tmp_path / "bundle.zip")
    assert outcome.code == ExitCode.PASSED
    assert gates("-C", repository.root, "verify", tmp_path / "bundle.zip", "--allow-unsigned").code == 0


@pytest.mark.parametrize(("approver", "extras"), [("@anna", "\n"), (NAMED, "signatures\n")])
def test_the_extra_is_named_where_the_policy_has_keys(
    gates: Callable[..., Outcome], repository: Repository, approver: str, extras: str
) -> None:
    repository.commit({"gates.yaml": f'version: 1\napprovers: ["{approver}"]\ngates: {{secrets: {{}}}}\n'})
    assert gates("-C", repository.root, "doctor", "--extras").out == extras


def test_each_job_is_told_what_it_needs(gates: Callable[..., Outcome], repository: Repository) -> None:
    """Who observes has the engines that run the project's code, who judges has what reads signatures; who plans runs none."""
    pages = "{options: {pages: ['*.html'], serve: {directory: public}}}"
    named = f'version: 1\napprovers: ["{NAMED}"]\ngates: {{secrets: {{}}, tests: {{}}, dependencies: {{}}, accessibility: {pages}}}\n'
    repository.commit({"gates.yaml": named})
    told = {job: gates("-C", repository.root, "doctor", "--extras", job).out.strip() for job in ("run", "plan", "observe", "judge")}
    assert told == {
        "run": "accessibility,dependencies,signatures,tests",
        "plan": "",
        "observe": "accessibility,tests",
        "judge": "dependencies,signatures",
    }
