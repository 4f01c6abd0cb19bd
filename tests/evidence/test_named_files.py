"""The files that a verifier names himself, spoilt: none hangs, none is read in part, and each is refused in words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gates.errors import PolicyError, UsageError
from gates.evidence import keys, trust_file

PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.write_pair(tmp_path / "release")
    keys.write_pair(tmp_path / "other")
    return tmp_path


def _elliptic(path: Path) -> None:
    path.write_bytes(ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*PEM))


def _rsa(path: Path) -> None:
    path.write_bytes(rsa.generate_private_key(65537, 2048).public_key().public_bytes(*PEM))


def _private(path: Path) -> None:
    path.write_bytes((path.parent / "release").read_bytes())


def _two(path: Path) -> None:
    path.write_bytes((path.parent / "other.pub").read_bytes() + (path.parent / "release.pub").read_bytes())


def _long(path: Path) -> None:
    path.write_bytes((path.parent / "release.pub").read_bytes() + b"\n" * 20_000)


KEYS: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: path.write_bytes(b""), "holds no public key in PEM"),
    "bytes": (lambda path: path.write_bytes(bytes(100)), "holds no public key in PEM"),
    "a folder": (lambda path: path.mkdir(), "can't be read"),
    "a device that never ends": (lambda path: path.symlink_to("/dev/zero"), "larger than"),
    "a key with 20 KB behind it": (_long, "larger than"),
    "a link to itself": (lambda path: path.symlink_to(path), "can't be read"),
    "a private key": (_private, "this is a private key"),
    "two keys": (_two, "holds 2 keys"),
    "a key on another curve": (_elliptic, "holds no Ed25519 key"),
    "an RSA key": (_rsa, "holds no Ed25519 key"),
}


@pytest.mark.parametrize("what", KEYS)
def test_what_is_no_key_is_refused(folder: Path, what: str) -> None:
    make, words = KEYS[what]
    make(folder / "spoilt.pub")
    with pytest.raises(UsageError) as raised:
        keys.load_public(folder / "spoilt.pub")
    assert words in raised.value.problems[0].error
    assert raised.value.problems[0].help


def test_a_trust_file_is_read_whole_or_not_at_all(folder: Path) -> None:
    """What would be cut off could be the revocation."""
    path = folder / "trust.yaml"
    path.write_text(
        "version: 1\nkeys:\n  - name: release\n    file: release.pub\n" + "# \n" * 2**19 + "    revoked: {on: 2026-01-01, why: stolen}\n"
    )
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        trust_file.read(path)


TRUST: dict[str, str] = {
    "aliases that grow": "version: 1\na: &a [x, x]\nb: &b [*a, *a]\nkeys: [*b]\n",
    "a key twice, one revoked": "version: 1\nkeys: [{name: a, file: release.pub}, "
    "{name: b, file: release.pub, revoked: {on: 2026-01-01, why: x}}]\n",
    "a setting twice": "version: 1\nkeys: [{name: a, file: release.pub, valid-until: 2020-01-01, valid-until: 2999-01-01}]\n",
    "a tag": "version: 1\nkeys: !!python/object/apply:os.system [x]\n",
    "deep nesting": "version: 1\nkeys: " + "[" * 5000,
    "another document behind": "version: 1\nkeys: [{name: a, file: release.pub}]\n---\nversion: 1\nkeys: [{name: b, file: other.pub}]\n",
    "no keys": "version: 1\nkeys: []\n",
    "a byte-order mark and nulls": "\ufeff\0\0version: 1\n",
    "a device for a key": "version: 1\nkeys: [{name: a, file: /dev/zero}]\n",
}


@pytest.mark.parametrize("what", TRUST)
def test_what_is_no_trust_file_is_refused(folder: Path, what: str) -> None:
    (folder / "trust.yaml").write_text(TRUST[what])
    with pytest.raises(PolicyError) as raised:
        trust_file.read(folder / "trust.yaml")
    assert all(problem.error and problem.help for problem in raised.value.problems)


def test_a_device_is_no_trust_file() -> None:
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        trust_file.read(Path(os.sep, "dev", "zero"))
