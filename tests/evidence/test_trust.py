"""The trust file: whose keys, for which days, and which are worth nothing any more; every mistake with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gates.errors import PolicyError, UsageError
from gates.evidence import keys, trust
from gates.evidence.trust import Trust

DAY = date(2026, 11, 25)


@pytest.fixture
def pem(tmp_path: Path) -> str:
    keys.write_pair(tmp_path / "release")
    return (tmp_path / "release.pub").read_text()


def read(folder: Path, text: str) -> tuple[trust.TrustedKey, ...]:
    path = folder / "trust.yaml"
    path.write_text(text)
    return trust.read(path)


def inline(pem: str, more: str = "") -> str:
    block = "".join(f"      {line}\n" for line in pem.splitlines())
    return f"version: 1\nkeys:\n  - name: release\n    public-key: |\n{block}{more}"


def test_a_key_stands_in_the_file_or_beside_it(tmp_path: Path, pem: str) -> None:
    (here,) = read(tmp_path, inline(pem))
    (beside,) = read(tmp_path, "version: 1\nkeys: [{name: release, file: release.pub}]\n")
    assert here.key.id == beside.key.id == keys.load_public(tmp_path / "release.pub").id
    assert (here.name, here.trust, here.objection(DAY)) == ("release", Trust.SELF_REPORTED, "")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("    valid-from: 2026-11-25\n    valid-until: 2026-11-25\n", ""),
        ("    valid-from: 2026-11-26\n", "the key 'release' is valid from 2026-11-26, and the run is of 2026-11-25"),
        ("    valid-until: 2026-11-24\n", "the key 'release' was valid until 2026-11-24, and the run is of 2026-11-25"),
        ("    revoked: {on: 2027-01-01, why: lost}\n", "the key 'release' was revoked: lost (2027-01-01)"),
    ],
)
def test_a_key_has_its_days(tmp_path: Path, pem: str, more: str, words: str) -> None:
    (key,) = read(tmp_path, inline(pem, more))
    assert key.objection(DAY) == words


@pytest.mark.parametrize("level", Trust)
def test_how_far_a_key_is_believed_is_the_verifiers_word(tmp_path: Path, pem: str, level: Trust) -> None:
    (key,) = read(tmp_path, inline(pem, f"    trust: {level.word}\n"))
    assert key.trust is level


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 2\nkeys: [{name: a, file: release.pub}]\n", "trust.yaml:1:10: version has to be 1, not '2'"),
        ("version: 1\n", "trust.yaml:1:1: the trust file needs the key 'keys'"),
        ("version: 1\nkeys: []\n", "trust.yaml:2:1: keys is an empty list"),
        ("version: 1\nkeys: [{file: release.pub}]\n", "trust.yaml:2:8: keys[0] needs the key 'name'"),
        ("version: 1\nkeys: [{name: a}]\n", "trust.yaml:2:8: a key needs either `public-key` or `file`"),
        ("version: 1\nkeys: [{name: a, file: release.pub, public-key: x}]\n", "trust.yaml:2:8: a key needs either"),
        ("version: 1\nkeys: [{name: a, public-key: x}]\n", "trust.yaml:2:18: trust.yaml:2:18 holds no public key in PEM"),
        ("version: 1\nkeys: [{name: a, file: missing.pub}]\n", "trust.yaml:2:18: the public key can't be read"),
        ("version: 1\nkeys: [{name: a, file: release}]\n", "trust.yaml:2:18: this is a private key"),
        ("version: 1\nkeys: [{name: a, fiel: release.pub}]\n", "trust.yaml:2:18: unknown key 'fiel' in keys[0], did you mean 'file'?"),
        ("version: 1\nkeys: [{name: a, file: release.pub}, {name: b, file: release.pub}]\n", "trust.yaml: a key stands twice"),
        ("version: 1\nidentities: []\nkeys: [{name: a, file: release.pub}]\n", "trust.yaml:2:1: 'identities' is planned and not built yet"),
        (
            "version: 1\nkeys: [{name: a, file: release.pub, revoked: {on: 2026-02-30, why: x}}]\n",
            "trust.yaml:2:51: keys[0].revoked.on has to be",
        ),
        ("- x\n", "trust.yaml:1:1: the trust file has to be a mapping of keys, not a list"),
    ],
)
def test_every_mistake_has_its_place(tmp_path: Path, pem: str, text: str, words: str) -> None:
    assert pem
    with pytest.raises(PolicyError) as raised:
        read(tmp_path, text)
    said = [f"{problem.where}: {problem.error}" for problem in raised.value.problems]
    assert said[0].startswith(words), said
    assert all(problem.help for problem in raised.value.problems)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the trust file can't be read: No such file"):
        trust.read(tmp_path / "trust.yaml")
