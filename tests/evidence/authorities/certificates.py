"""Certificates of authorities that exist for a test."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey
Extension = tuple[x509.ExtensionType, bool]

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2039, 1, 1, tzinfo=UTC)
_USES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
_NOT_USED = {**dict.fromkeys((*_USES, "key_cert_sign", "crl_sign"), False), "encipher_only": False, "decipher_only": False}


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]) if common else x509.Name([])


def usage(*allowed: str) -> Extension:
    return x509.KeyUsage(**{**_NOT_USED, **dict.fromkeys(allowed, True)}), True


class Issuer:
    """A root that issues certificates."""

    def __init__(self, common: str) -> None:
        self.key, self.name = new_key(), name(common)
        public = self.key.public_key()
        builder = begun(self.name, self.name, public, BEGIN, END)
        extensions: list[Extension] = [
            (x509.BasicConstraints(ca=True, path_length=None), True),
            usage("key_cert_sign", "crl_sign"),
            (x509.SubjectKeyIdentifier.from_public_key(public), False),
        ]
        self.certificate = added(builder, extensions).sign(self.key, hashes.SHA256())

    def begin(
        self, common: str, public: ec.EllipticCurvePublicKey, extensions: Iterable[Extension], begin: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        """A certificate of somebody else that lacks nothing but the signature."""
        builder = begun(name(common), self.name, public, begin, end)
        known: Extension = (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        return added(builder, [*extensions, known])

    def issue(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self.key, hashes.SHA256())


def begun(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(
        subject_name=subject, issuer_name=issuer, public_key=public, serial_number=x509.random_serial_number()
    )
    return builder.not_valid_before(begin).not_valid_after(end)


def added(builder: x509.CertificateBuilder, extensions: Iterable[Extension]) -> x509.CertificateBuilder:
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder
