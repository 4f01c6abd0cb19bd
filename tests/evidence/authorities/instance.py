"""A small instance of Sigstore: an authority that certifies identities, a log of certificates, one of signatures, and their root of trust.

Written from the specifications: certificates as Fulcio issues them, RFC 6962 for both logs, and the first version of Rekor's interface.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gates import canonical
from tests.evidence.authorities.certificates import Issuer, Key, new_key, usage
from tests.evidence.authorities.timestamping import OCTETS, Authority, der

WORKFLOW = "https://github.com/acme/shop/.github/workflows/gates.yml@refs/heads/main"
GITHUB = "https://token.actions.githubusercontent.com"
_IN_TOTO = "application/vnd.in-toto+json"
_VALID = {"start": "2020-01-01T00:00:00Z"}
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_AS_DER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")


def text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def public(key: Key | x509.Certificate) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def digest(key: Key | x509.Certificate) -> bytes:
    return hashlib.sha256(public(key)).digest()


def signed(key: Key, content: bytes) -> bytes:
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def root_of(leaves: list[bytes]) -> bytes:
    """The hash of a Merkle tree (RFC 6962, 2.1)."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def path_to(index: int, leaves: list[bytes]) -> list[bytes]:
    """The audit path of a leaf (RFC 6962, 2.1.1)."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*path_to(index, leaves[:split]), root_of(leaves[split:])]
    return [*path_to(index - split, leaves[split:]), root_of(leaves[:split])]


@dataclass
class Instance:
    """One instance. Whoever asks is certified: it looks at no token's signature."""

    authority: Issuer = field(default_factory=lambda: Issuer("certifies identities"))
    certificates: Key = field(default_factory=new_key)
    log: Key = field(default_factory=new_key)
    timestamps: Authority | None = None
    leaves: list[bytes] = field(default_factory=lambda: [b"somebody else's %d" % number for number in range(5)])

    # -- the root of trust

    def trusted_root(self) -> dict[str, Any]:
        stamping = self.timestamps
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._log("https://log.example.org", self.log)],
            "certificateAuthorities": [self._chain("https://fulcio.example.org", self.authority.certificate)],
            "ctlogs": [self._log("https://ct.example.org", self.certificates)],
            "timestampAuthorities": [self._chain("https://tsa.example.org", stamping.certificate, stamping.root.certificate)]
            if stamping
            else [],
        }

    @staticmethod
    def _log(address: str, key: Key) -> dict[str, Any]:
        public_key = {"rawBytes": text(public(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": _VALID}
        return {"baseUrl": address, "hashAlgorithm": "SHA2_256", "publicKey": public_key, "logId": {"keyId": text(digest(key))}}

    @staticmethod
    def _chain(address: str, *chain: x509.Certificate) -> dict[str, Any]:
        certificates = [{"rawBytes": text(item.public_bytes(serialization.Encoding.DER))} for item in chain]
        subject = {"organization": "example", "commonName": "example"}
        return {"subject": subject, "uri": address, "certChain": {"certificates": certificates}, "validFor": _VALID}

    # -- certificates

    def certify(
        self, key: ec.EllipticCurvePublicKey, begin: datetime, *, identity: str = WORKFLOW, issuer: str = GITHUB, logged: Key | None = None
    ) -> x509.Certificate:
        """A certificate of an identity for ten minutes, with the word of the log of certificates that it holds it."""
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            usage("digital_signature"),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
            (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), True),
            (x509.UnrecognizedExtension(_ISSUER, issuer.encode()), False),
            (x509.UnrecognizedExtension(_ISSUER_AS_DER, der(0x0C, issuer.encode())), False),
        ]
        builder = self.authority.begin("", key, extensions, begin, begin + timedelta(minutes=10))
        sct = self._sct(self.authority.issue(builder).tbs_certificate_bytes, begin, logged or self.certificates)
        scts = struct.pack("!HH", len(sct) + 2, len(sct)) + sct
        return self.authority.issue(builder.add_extension(x509.UnrecognizedExtension(_SCTS, der(OCTETS, scts)), critical=False))

    def _sct(self, unsigned: bytes, at: datetime, log: Key) -> bytes:
        """The log's promise to hold a certificate (RFC 6962, 3.2)."""
        time = int(at.timestamp()) * 1000
        entry = digest(self.authority.certificate) + len(unsigned).to_bytes(3, "big") + unsigned
        signature = signed(log, struct.pack("!BBQH", 0, 0, time, 1) + entry + struct.pack("!H", 0))
        return struct.pack("!B32sQHBBH", 0, digest(log), time, 0, 4, 3, len(signature)) + signature

    # -- the log of signatures

    def enter(self, body: bytes, at: datetime) -> dict[str, Any]:
        """The log's entry of a body, as the first version of its interface answers."""
        self.leaves.append(body)
        index, size, root, log_id = len(self.leaves) - 1, len(self.leaves), root_of(self.leaves), digest(self.log)
        note = f"log.example.org - 1\n{size}\n{text(root)}\n"
        checkpoint = f"{note}\n\u2014 log.example.org {text(log_id[:4] + signed(self.log, note.encode()))}\n"
        time = int(at.timestamp())
        promised = {"body": text(body), "integratedTime": time, "logID": log_id.hex(), "logIndex": index}
        proof = {
            "checkpoint": checkpoint,
            "hashes": [item.hex() for item in path_to(index, self.leaves)],
            "logIndex": index,
            "rootHash": root.hex(),
            "treeSize": size,
        }
        return {
            **promised,
            "verification": {"inclusionProof": proof, "signedEntryTimestamp": text(signed(self.log, canonical.dumps(promised)))},
        }

    # -- a whole signature

    def sign(self, payload: bytes, at: datetime, *, key: Key | None = None, certificate: x509.Certificate | None = None) -> dict[str, Any]:
        """A Sigstore bundle of a payload, signed and entered at that time."""
        key = key or new_key()
        certificate = certificate or self.certify(key.public_key(), at)
        kind = _IN_TOTO.encode()
        signature = signed(key, b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload))
        envelope = {"payload": text(payload), "payloadType": _IN_TOTO, "signatures": [{"sig": text(signature)}]}
        entry = self.enter(body_of(envelope, certificate), at)
        proof = entry["verification"]["inclusionProof"]
        logged = {
            "logIndex": str(entry["logIndex"]),
            "logId": {"keyId": text(bytes.fromhex(entry["logID"]))},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(entry["integratedTime"]),
            "inclusionPromise": {"signedEntryTimestamp": entry["verification"]["signedEntryTimestamp"]},
            "inclusionProof": {
                "logIndex": str(proof["logIndex"]),
                "rootHash": text(bytes.fromhex(proof["rootHash"])),
                "treeSize": str(proof["treeSize"]),
                "hashes": [text(bytes.fromhex(item)) for item in proof["hashes"]],
                "checkpoint": {"envelope": proof["checkpoint"]},
            },
            "canonicalizedBody": entry["body"],
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": text(certificate.public_bytes(serialization.Encoding.DER))},
                "tlogEntries": [logged],
            },
            "dsseEnvelope": envelope,
        }

    # -- as a service

    def answer(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Tokens, certificates and entries, for `gates sign --sigstore` as it is used in a CI job."""
        now = datetime.now(UTC)
        if path.startswith("/token"):
            return 200, "application/json", json.dumps({"value": token(now)}).encode()
        asked = json.loads(body)
        if path == "/api/v2/signingCert":
            request = x509.load_pem_x509_csr(base64.b64decode(asked["certificateSigningRequest"]))
            key = request.public_key()
            assert isinstance(key, ec.EllipticCurvePublicKey)
            chain = [self.certify(key, now - timedelta(minutes=1)), self.authority.certificate]
            certificates = [item.public_bytes(serialization.Encoding.PEM).decode() for item in chain]
            return 201, "application/json", json.dumps({"signedCertificateEmbeddedSct": {"chain": {"certificates": certificates}}}).encode()
        assert path == "/api/v1/log/entries", path
        proposed = asked["spec"]["proposedContent"]
        certificate = x509.load_pem_x509_certificate(base64.b64decode(proposed["verifiers"][0]))
        entry = self.enter(body_of(json.loads(proposed["envelope"]), certificate), now)
        return 201, "application/json", json.dumps({"0": entry}).encode()

    def config(self, address: str) -> dict[str, Any]:
        """Where a client finds the services, and what it trusts."""
        service = [{"url": address, "majorApiVersion": 1, "validFor": _VALID, "operator": "example"}]
        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root(),
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": service,
                "rekorTlogUrls": service,
                "rekorTlogConfig": {"selector": "ANY"},
            },
        }


def body_of(envelope: dict[str, Any], certificate: x509.Certificate) -> bytes:
    """What the log holds of an envelope: digests, signature and certificate."""
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    payload = base64.b64decode(envelope["payload"])
    spec = {
        "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(canonical.dumps(envelope)).hexdigest()},
        "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
        "signatures": [{"signature": envelope["signatures"][0]["sig"], "verifier": text(pem)}],
    }
    return canonical.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})


def token(now: datetime) -> str:
    """An identity token that nobody signed: this instance asks for no signature."""
    claims = {"iss": GITHUB, "aud": "sigstore", "sub": "repo:acme/shop:ref:refs/heads/main"}
    claims_of_time = {"iat": int(now.timestamp()), "nbf": int(now.timestamp()) - 5, "exp": int(now.timestamp()) + 600}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims | claims_of_time)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return f"{encoded[0]}.{encoded[1]}.c2ln"
