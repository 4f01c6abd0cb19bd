"""The trust file: whose keys, for which days, and which are worth nothing any more; every mistake with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gates.errors import PolicyError, UsageError
from gates.evidence import keys, trust_file
from gates.evidence.trust import Trust, TrustedKey, named_identities
from tests.evidence.authorities.timestamping import Authority

DAY = date(2026, 11, 25)
IDENTITY = "{name: a, identity: b, issuer: https://x}"


@pytest.fixture
def pem(tmp_path: Path) -> str:
    keys.write_pair(tmp_path / "release")
    return (tmp_path / "release.pub").read_text()


def read(folder: Path, text: str) -> tuple[TrustedKey, ...]:
    path = folder / "trust.yaml"
    path.write_text(text)
    return trust_file.read(path).keys


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


@pytest.mark.parametrize(
    ("more", "stamped", "words"),
    [
        ("revoked: {on: 2026-11-27, why: lost}", date(2026, 11, 26), ""),
        (
            "revoked: {on: 2026-11-27, why: lost}",
            date(2026, 11, 27),
            "was revoked: lost (2026-11-27), and its signature is stamped 2026-11-27",
        ),
        ("revoked: {on: 2026-11-27, why: lost}", None, "was revoked: lost (2026-11-27)"),
        ("valid-until: 2026-11-25", date(2026, 11, 25), ""),
        ("valid-until: 2026-11-25", date(2026, 11, 26), "was valid until 2026-11-25, and its timestamp is of 2026-11-26"),
    ],
)
def test_a_stamp_says_whether_a_key_was_good_when_it_signed(tmp_path: Path, pem: str, more: str, stamped: date | None, words: str) -> None:
    (key,) = read(tmp_path, inline(pem, f"    {more}\n"))
    assert key.objection(DAY, stamped) == (f"the key 'release' {words}" if words else "")


def test_identities_and_authorities_have_their_days_too(tmp_path: Path) -> None:
    (tmp_path / "tsa.pem").write_text(Authority().pem)
    (tmp_path / "trust.yaml").write_text(
        "version: 1\nidentities: [{name: a, identity: b@c, issuer: https://x, valid-until: 2026-11-24, trust: base-policy}]\n"
        "timestamp-authorities:\n  - {name: t, file: tsa.pem, valid-from: 2026-11-25}\n"
    )
    trusted = trust_file.read(tmp_path / "trust.yaml")
    (identity,), (authority,) = trusted.identities, trusted.authorities
    assert (identity.identity, identity.issuer, identity.trust) == ("b@c", "https://x", Trust.BASE_POLICY)
    assert identity.objection(DAY) == "the identity 'a' was valid until 2026-11-24, and the run is of 2026-11-25"
    assert len(authority.certificates) == 2
    assert authority.objection(DAY) == ""
    assert (
        authority.objection(date(2026, 11, 24))
        == "the timestamp authority 't' is valid from 2026-11-25, and its timestamp is of 2026-11-24"
    )


def test_what_a_revoked_authority_stamped_is_nothing_whenever_that_was(tmp_path: Path) -> None:
    (tmp_path / "tsa.pem").write_text(Authority().pem)
    (tmp_path / "trust.yaml").write_text(
        "version: 1\ntimestamp-authorities: [{name: t, file: tsa.pem, revoked: {on: 2026-11-26, why: stolen}}]\n"
    )
    (authority,) = trust_file.read(tmp_path / "trust.yaml").authorities
    assert authority.objection(DAY) == "the timestamp authority 't' was revoked: stolen (2026-11-26)"


def test_an_identity_on_the_command_line_ends_with_its_issuer() -> None:
    workflow = "https://github.com/a/b/.github/workflows/c.yml@refs/heads/main"
    one, two = named_identities([f"{workflow}@https://x", "a@b.example@https://y"])
    assert (one.identity, one.issuer, two.identity, two.issuer) == (workflow, "https://x", "a@b.example", "https://y")
    for wrong in (workflow, "a@b.example", "@https://x", "https://x"):
        with pytest.raises(UsageError, match="is not IDENTITY@ISSUER"):
            named_identities([wrong])


@pytest.mark.parametrize("level", Trust)
def test_how_far_a_key_is_believed_is_the_verifiers_word(tmp_path: Path, pem: str, level: Trust) -> None:
    (key,) = read(tmp_path, inline(pem, f"    trust: {level.word}\n"))
    assert key.trust is level


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 2\nkeys: [{name: a, file: release.pub}]\n", "trust.yaml:1:10: version has to be 1, not '2'"),
        ("version: 1\n", "trust.yaml:1:1: the trust file needs one of keys, identities, sigstore, timestamp-authorities"),
        ("version: 1\nkeys: []\n", "trust.yaml:2:1: keys is an empty list"),
        ("version: 1\nkeys: [{file: release.pub}]\n", "trust.yaml:2:8: keys[0] needs the key 'name'"),
        ("version: 1\nkeys: [{name: a}]\n", "trust.yaml:2:8: a key needs either `public-key` or `file`"),
        ("version: 1\nkeys: [{name: a, file: release.pub, public-key: x}]\n", "trust.yaml:2:8: a key needs either"),
        ("version: 1\nkeys: [{name: a, public-key: x}]\n", "trust.yaml:2:18: trust.yaml:2:18 holds no public key in PEM"),
        ("version: 1\nkeys: [{name: a, file: missing.pub}]\n", "trust.yaml:2:18: the public key can't be read"),
        ("version: 1\nkeys: [{name: a, file: release}]\n", "trust.yaml:2:18: this is a private key"),
        ("version: 1\nkeys: [{name: a, fiel: release.pub}]\n", "trust.yaml:2:18: unknown key 'fiel' in keys[0], did you mean 'file'?"),
        ("version: 1\nkeys: [{name: a, file: release.pub}, {name: b, file: release.pub}]\n", "trust.yaml:2:38: a key stands twice"),
        ("version: 1\nidentities: []\n", "trust.yaml:2:1: identities is an empty list"),
        ("version: 1\nidentities: [{name: a, issuer: https://x}]\n", "trust.yaml:2:14: identities[0] needs the key 'identity'"),
        (
            "version: 1\nidentities: [{name: a, identity: b, issuer: x}]\n",
            "trust.yaml:2:45: identities[0].issuer has to be an address that",
        ),
        (f"version: 1\nidentities: [{IDENTITY}, {IDENTITY}]\n", "trust.yaml:2:57: an identity stands twice"),
        ("version: 1\nsigstore: {trusted-root: missing.json}\n", "trust.yaml:2:12: there is no file missing.json"),
        ("version: 1\ntimestamp-authorities: [{name: a}]\n", "trust.yaml:2:25: a timestamp authority needs either `certificates` or"),
        ("version: 1\ntimestamp-authorities: [{name: a, file: x.pem}]\n", "trust.yaml:2:35: the certificates can't be read"),
        ("version: 1\ntimestamp-authorities: [{name: a, file: release.pub}]\n", "trust.yaml:2:35: there are no certificates in PEM"),
        ("version: 1\ntimestamp-authorities: [{name: a, file: leaf.pem}]\n", "trust.yaml:2:35: no certificate among them is a root"),
        (
            "version: 1\nkeys: [{name: a, file: release.pub, revoked: {on: 2026-02-30, why: x}}]\n",
            "trust.yaml:2:51: keys[0].revoked.on has to be",
        ),
        ("- x\n", "trust.yaml:1:1: the trust file has to be a mapping of keys, not a list"),
    ],
)
def test_every_mistake_has_its_place(tmp_path: Path, pem: str, text: str, words: str) -> None:
    assert pem
    (tmp_path / "leaf.pem").write_text(Authority().pem.split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
    with pytest.raises(PolicyError) as raised:
        read(tmp_path, text)
    said = [f"{problem.where}: {problem.error}" for problem in raised.value.problems]
    assert said[0].startswith(words), said
    assert all(problem.help for problem in raised.value.problems)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the trust file can't be read: No such file"):
        trust_file.read(tmp_path / "trust.yaml")
