"""Ed25519 keys (RFC 8032) as PEM files: a private one in PKCS #8, a public one as SubjectPublicKeyInfo (RFC 5958, RFC 8410).

`cryptography` is imported where a key is used, and nowhere else.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from gates.dataclass import dataclass
from gates.errors import EvidenceError, UsageError
from gates.extras import need_signatures

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: A key in PEM takes less than 200 bytes.
_LARGEST = 16 * 1024
_MAKE = "make a pair with `gates keygen PATH`"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key. `id` is the sha256, in hex, of its SubjectPublicKeyInfo in DER: what `openssl pkey -pubin -outform DER` gives."""

    id: str
    _key: Ed25519PublicKey = field(compare=False, repr=False)

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the key (RFC 8032)."""
        from cryptography.hazmat.primitives import serialization

        return self._key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def verifies(self, signature: bytes, content: bytes) -> bool:
        """Whether the holder of the private key signed this content."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key and its public half."""

    public: PublicKey
    _key: Ed25519PrivateKey = field(compare=False, repr=False)

    def sign(self, content: bytes) -> bytes:
        """A signature of 64 bytes."""
        return self._key.sign(content)


def write_pair(path: Path) -> PublicKey:
    """Make a new pair: `path` for its owner alone (mode 0600), and `path` with `.pub`. Neither may be there: a key is never overwritten.

    Raises `UsageError` or `EvidenceError`.
    """
    need_signatures()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    beside = path.with_name(f"{path.name}.pub")
    for place in (path, beside):
        if place.exists() or place.is_symlink():
            raise UsageError(f"{place} is there already", where=str(place), help="name another file: a key that is overwritten is lost")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for place, content, mode in ((path, private, 0o600), (beside, public, 0o644)):
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
                stream.write(content)
    except OSError as error:
        raise EvidenceError(
            f"{path} could not be written: {error.strerror or error}", where=str(path), help="name a file in a folder that you may write to"
        ) from error
    return read_public(public, str(beside))


def load_private(path: Path) -> PrivateKey:
    """The private key in a file that its owner alone may read. Raises `UsageError`."""
    need_signatures()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    content = _content(path, "private")
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"others may read the private key {path}",
            where=str(path),
            help=f"chmod 600 {path}, and make a new pair if anyone could have read it",
        )
    try:
        key = serialization.load_pem_private_key(content, None)
    except TypeError as error:
        raise UsageError(
            f"{path} is encrypted", where=str(path), help="give a key without a passphrase, from the CI's store of secrets"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path} holds no private key in PEM", where=str(path), help=_MAKE) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} holds no Ed25519 key", where=str(path), help=_MAKE)
    return PrivateKey(_public(key.public_key()), key)


def load_public(path: Path) -> PublicKey:
    """The public key in a file. Raises `UsageError`."""
    return read_public(_content(path, "public"), str(path))


def read_public(content: bytes, where: str) -> PublicKey:
    """The public key of a PEM text; `where` is the place that an error names. Raises `UsageError`."""
    need_signatures()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if b"PRIVATE KEY" in content:
        raise UsageError("this is a private key: whoever verifies must not have it", where=where, help="give the file that ends in .pub")
    count = content.count(b"-----BEGIN ")
    if count > 1:
        raise UsageError(f"{where} holds {count} keys", where=where, help="name a file for each: which of them counts would be chance")
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{where} holds no public key in PEM", where=where, help="give the file that ends in .pub") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{where} holds no Ed25519 key", where=where, help=_MAKE)
    return _public(key)


def _public(key: Ed25519PublicKey) -> PublicKey:
    from cryptography.hazmat.primitives import serialization

    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(hashlib.sha256(der).hexdigest(), key)


def _content(path: Path, kind: str) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"the {kind} key can't be read: {error.strerror or error}", where=str(path), help=_MAKE) from error
    if len(content) > _LARGEST:
        raise UsageError(f"the {kind} key is larger than {_LARGEST} bytes", where=str(path), help=_MAKE)
    return content
