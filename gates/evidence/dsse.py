"""DSSE envelopes (Dead Simple Signing Envelope, version 1.0.2): a payload, its type, and signatures over both.

https://github.com/secure-systems-lab/dsse. What is written is canonical JSON; what is read may be another implementation's, but
nothing in it may be ambiguous: no key twice, no unknown form, nothing beyond the bounds of evidence.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from gates import canonical, jsontext
from gates.dataclass import dataclass
from gates.errors import BundleError
from gates.evidence.keys import PrivateKey, PublicKey

#: The type of an in-toto statement: https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md
IN_TOTO = "application/vnd.in-toto+json"
PAYLOAD_LIMIT = 100_000
#: Base64 and signatures around the largest payload.
ENVELOPE_LIMIT = 200_000
SIGNATURES_LIMIT = 16
_ADDRESS_TO_PLAIN = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """`keyid` is a hint of the signer's, and never believed."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def signed_by(self, keys: Iterable[PublicKey]) -> dict[PublicKey, str]:
        """Those of the keys that signed, whatever the key ids say, and under which key id."""
        content = pae(self.payload_type, self.payload)
        return {key: item.keyid for key in keys for item in self.signatures if key.verifies(item.sig, content)}


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed: the pre-authentication encoding of type and payload."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: PrivateKey, payload_type: str = IN_TOTO) -> Envelope:
    """An envelope with one signature. Raises `ValueError` for a payload beyond the bounds."""
    if len(payload) > PAYLOAD_LIMIT:
        raise ValueError(f"a signed payload has at most {PAYLOAD_LIMIT} bytes, not {len(payload)}")
    signature = Signature(keyid=key.public.id, sig=key.sign(pae(payload_type, payload)))
    return Envelope(payload=payload, payload_type=payload_type, signatures=(signature,))


def encode(envelope: Envelope) -> bytes:
    """The envelope as canonical JSON."""
    return canonical.dumps(
        {
            "payload": base64.b64encode(envelope.payload).decode("ascii"),
            "payloadType": envelope.payload_type,
            "signatures": [{"keyid": item.keyid, "sig": base64.b64encode(item.sig).decode("ascii")} for item in envelope.signatures],
        }
    )


def decode(content: bytes, where: str) -> Envelope:
    """The envelope in a file. Raises `BundleError`, naming `where`, for all that is not exactly one envelope."""
    if len(content) > ENVELOPE_LIMIT:
        raise BundleError(f"the envelope is larger than {ENVELOPE_LIMIT} bytes", where=where)
    try:
        return envelope_of(jsontext.loads(content.decode("utf-8")))
    except (ValueError, RecursionError, UnicodeDecodeError) as error:
        raise BundleError(f"the envelope can't be read: {error}", where=where) from error


def decode_member(content: bytes, where: str) -> Envelope:
    """The envelope in a bundle, where no byte may be another without anyone noticing: it has to be canonical. Raises `BundleError`."""
    envelope = decode(content, where)
    try:
        again = encode(envelope)
    except ValueError as error:  # halves of characters
        raise BundleError(f"the envelope can't be read: {error}", where=where) from error
    if again != content:
        raise BundleError("the envelope is not canonical JSON", where=where)
    return envelope


def envelope_of(data: Any) -> Envelope:
    """The envelope of JSON data. Raises `ValueError`."""
    if not isinstance(data, dict) or set(data) != {"payload", "payloadType", "signatures"}:
        raise ValueError("it has other keys than payload, payloadType and signatures")
    if not isinstance(data["payloadType"], str) or not isinstance(data["signatures"], list):
        raise ValueError("its payloadType is no text, or its signatures are no list")
    if not 1 <= len(data["signatures"]) <= SIGNATURES_LIMIT:
        raise ValueError(f"it has {len(data['signatures'])} signatures, not 1 to {SIGNATURES_LIMIT}")
    payload = _base64(data["payload"])
    if len(payload) > PAYLOAD_LIMIT:
        raise ValueError(f"its payload is larger than {PAYLOAD_LIMIT} bytes")
    signatures = tuple(_signature(item) for item in data["signatures"])
    if len({item.sig for item in signatures}) != len(signatures):
        raise ValueError("a signature stands twice")
    return Envelope(payload=payload, payload_type=data["payloadType"], signatures=signatures)


def _signature(data: Any) -> Signature:
    if not isinstance(data, dict) or not {"sig"} <= set(data) <= {"sig", "keyid"} or not isinstance(data.get("keyid", ""), str):
        raise ValueError("a signature has other keys than keyid and sig")
    return Signature(keyid=data.get("keyid", ""), sig=_base64(data["sig"]))


def _base64(text: Any) -> bytes:
    """Either alphabet will do (the standard says so), in one spelling each."""
    if not isinstance(text, str):
        raise ValueError("what should be base64 is no text")
    try:
        plain = text.encode("ascii").translate(_ADDRESS_TO_PLAIN)
        content = base64.b64decode(plain, validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("what should be base64 is none") from error
    if base64.b64encode(content) != plain:
        raise ValueError("base64 is written in an unusual way")
    return content


def read_payload(envelope: Envelope, where: str) -> dict[str, Any]:
    """The JSON object in an envelope of an in-toto statement. Raises `BundleError`."""
    if envelope.payload_type != IN_TOTO:
        raise BundleError(f"it holds {envelope.payload_type!r}, not an in-toto statement", where=where)
    try:
        data = jsontext.loads(envelope.payload.decode("utf-8"))
    except (ValueError, RecursionError, UnicodeDecodeError) as error:
        raise BundleError(f"what was signed is not JSON that can be read: {error}", where=where) from error
    if not isinstance(data, dict):
        raise BundleError("what was signed is not a JSON object", where=where)
    return data
