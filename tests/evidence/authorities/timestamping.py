"""A timestamp authority (RFC 3161) that stamps whatever time a test wants, written from the standards (RFC 3161, 5652, 5816)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.evidence.authorities.certificates import BEGIN, END, Issuer, new_key, usage

SEQUENCE, SET, INTEGER, OCTETS, IDENTIFIER, TIME, FIRST = 0x30, 0x31, 0x02, 0x04, 0x06, 0x18, 0xA0
SHA256 = "2.16.840.1.101.3.4.2.1"
_TIMESTAMPING: tuple[x509.ExtensionType, bool] = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)


def der(tag: int, *parts: bytes) -> bytes:
    """One value in DER."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def number(value: int) -> bytes:
    return der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def identifier(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytes([first * 40 + second])
    for part in rest:
        groups = [part & 0x7F]
        while part := part >> 7:
            groups.append(part & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return der(IDENTIFIER, content)


def values(content: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of the values that stand one after the other."""
    found = []
    while content:
        size, start = content[1], 2
        if size & 0x80:
            start = 2 + (size & 0x7F)
            size = int.from_bytes(content[2:start], "big")
        found.append((content[0], content[start : start + size]))
        content = content[start + size :]
    return found


@dataclass
class Authority:
    """An authority. Its own certificate is valid from `begin` to `end`; `uses` are its extended uses."""

    common: str = "a timestamp authority"
    begin: datetime = BEGIN
    end: datetime = END
    uses: tuple[x509.ExtensionType, bool] | None = _TIMESTAMPING
    root: Issuer = field(default_factory=lambda: Issuer("a root"))

    def __post_init__(self) -> None:
        self.key = new_key()
        extensions = [usage("digital_signature"), *([self.uses] if self.uses else [])]
        self.certificate = self.root.issue(self.root.begin(self.common, self.key.public_key(), extensions, self.begin, self.end))

    @property
    def pem(self) -> str:
        """Its chain, as an authority publishes it."""
        chain = (self.certificate, self.root.certificate)
        return "".join(item.public_bytes(serialization.Encoding.PEM).decode() for item in chain)

    def stamp(self, content: bytes, at: datetime, **changes: Any) -> bytes:
        """The answer to a question about some content."""
        return self.answer(hashlib.sha256(content).digest(), at, **changes)

    def answer(self, digest: bytes, at: datetime, *, nonce: bytes | None = None, algorithm: str = SHA256, status: int = 0) -> bytes:
        """The answer to a question about a digest. `nonce` is the content of the question's integer."""
        if status:
            return der(SEQUENCE, der(SEQUENCE, number(status), der(SEQUENCE, der(0x0C, b"not today"))))
        info = der(
            SEQUENCE,
            number(1),
            identifier("1.2.3.4.1"),
            der(SEQUENCE, der(SEQUENCE, identifier(algorithm)), der(OCTETS, digest)),
            number(7),
            der(TIME, at.strftime("%Y%m%d%H%M%SZ").encode()),
            *([der(INTEGER, nonce)] if nonce is not None else []),
        )
        return der(SEQUENCE, der(SEQUENCE, number(0)), self._signed(info))

    def reply(self, question: bytes, at: datetime) -> bytes:
        """The answer to a question as a client asks it."""
        ((_, inside),) = values(question)
        _, (_, imprint), *rest = values(inside)
        nonces = [content for tag, content in rest if tag == INTEGER]
        return self.answer(values(imprint)[1][1], at, nonce=nonces[0] if nonces else None)

    def _signed(self, info: bytes) -> bytes:
        """`ContentInfo` with `SignedData` over a `TSTInfo`."""
        encoded, kind = self.certificate.public_bytes(serialization.Encoding.DER), identifier("1.2.840.113549.1.9.16.1.4")
        digest = der(SEQUENCE, identifier(SHA256))
        attributes = sorted(
            [
                der(SEQUENCE, identifier("1.2.840.113549.1.9.3"), der(SET, kind)),
                der(SEQUENCE, identifier("1.2.840.113549.1.9.4"), der(SET, der(OCTETS, hashlib.sha256(info).digest()))),
                der(SEQUENCE, identifier("1.2.840.113549.1.9.16.2.47"), der(SET, self._own(encoded))),
            ]
        )
        signature = self.key.sign(der(SET, *attributes), ec.ECDSA(hashes.SHA256()))
        signer = der(
            SEQUENCE,
            number(1),
            der(SEQUENCE, self.certificate.issuer.public_bytes(), number(self.certificate.serial_number)),
            digest,
            der(FIRST, *attributes),
            der(SEQUENCE, identifier("1.2.840.10045.4.3.2")),
            der(OCTETS, signature),
        )
        content = der(SEQUENCE, kind, der(FIRST, der(OCTETS, info)))
        data = der(SEQUENCE, number(3), der(SET, digest), content, der(FIRST, encoded), der(SET, signer))
        return der(SEQUENCE, identifier("1.2.840.113549.1.7.2"), der(FIRST, data))

    @staticmethod
    def _own(certificate: bytes) -> bytes:
        """Which certificate it is, in an attribute that is signed (RFC 5816)."""
        return der(SEQUENCE, der(SEQUENCE, der(SEQUENCE, der(OCTETS, hashlib.sha256(certificate).digest()))))
