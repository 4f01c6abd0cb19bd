"""Keys: made once and never overwritten, read with clear errors, and the same keys for OpenSSL's users."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.errors import EvidenceError, UsageError
from gates.evidence import keys

PKCS8 = serialization.PrivateFormat.PKCS8
PEM = serialization.Encoding.PEM


def write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_pair_signs_and_verifies(tmp_path: Path) -> None:
    public = keys.write_pair(tmp_path / "new" / "release")
    private = keys.load_private(tmp_path / "new" / "release")
    assert private.public.id == public.id == keys.load_public(tmp_path / "new" / "release.pub").id
    signature = private.sign(b"content")
    assert public.verifies(signature, b"content")
    assert not public.verifies(signature, b"another")
    assert not public.verifies(signature[:-1], b"content")


def test_the_private_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    keys.write_pair(tmp_path / "release")
    assert stat.S_IMODE((tmp_path / "release").stat().st_mode) == 0o600
    assert b"PRIVATE" not in (tmp_path / "release.pub").read_bytes()


@pytest.mark.parametrize("taken", ["release", "release.pub"])
def test_no_key_is_written_where_a_link_leads(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).symlink_to(tmp_path / "nothing")
    with pytest.raises(UsageError, match="is there already"):
        keys.write_pair(tmp_path / "release")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("taken", ["release", "release.pub"])
def test_no_key_is_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        keys.write_pair(tmp_path / "release")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(taken, "mine")]


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="could not be written"):
        keys.write_pair(tmp_path / "file" / "release")


def test_the_id_is_what_openssl_hashes(tmp_path: Path) -> None:
    """So that anyone can compare the id of a key that they hold."""
    public = keys.write_pair(tmp_path / "release")
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", str(tmp_path / "release.pub"), "-outform", "DER"], capture_output=True, check=True
    ).stdout
    hashed = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, capture_output=True, check=True).stdout
    assert hashed.split()[0].decode() == public.id


def test_a_private_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys.write_pair(tmp_path / "release")
    (tmp_path / "release").chmod(0o640)
    with pytest.raises(UsageError, match="others may read the private key") as raised:
        keys.load_private(tmp_path / "release")
    assert "chmod 600" in raised.value.problems[0].help


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no private key in PEM"),
        (ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, serialization.NoEncryption()), "holds no Ed25519 key"),
        (Ed25519PrivateKey.generate().private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"x")), "is encrypted"),
    ],
    ids=["empty", "broken", "another algorithm", "encrypted"],
)
def test_what_is_no_private_key_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        keys.load_private(write(tmp_path / "key", content))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda _: b"nothing", "holds no public key in PEM"),
        (lambda folder: (folder / "release").read_bytes(), "this is a private key"),
        (
            lambda _: (
                ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            ),
            "holds no Ed25519 key",
        ),
    ],
    ids=["no key", "the private half", "another algorithm"],
)
def test_what_is_no_public_key_is_refused(tmp_path: Path, content: Callable[[Path], bytes], words: str) -> None:
    keys.write_pair(tmp_path / "release")
    with pytest.raises(UsageError, match=words):
        keys.load_public(write(tmp_path / "key.pub", content(tmp_path)))


@pytest.mark.parametrize("load", [keys.load_private, keys.load_public])
def test_a_file_that_is_not_there_is_said(tmp_path: Path, load: Callable[[Path], object]) -> None:
    with pytest.raises(UsageError, match="can't be read: No such file"):
        load(tmp_path / "missing")
