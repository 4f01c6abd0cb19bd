"""Envelopes: the standard's own vector, another implementation in both directions, and everything that is not exactly one envelope."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

from gates.errors import BundleError
from gates.evidence import dsse, keys
from gates.evidence.keys import PrivateKey

PAYLOAD = b'{"a":1}'


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    keys.write_pair(tmp_path / "key")
    return keys.load_private(tmp_path / "key")


def test_the_encoding_is_that_of_the_standard() -> None:
    """https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, its test vector."""
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert dsse.pae("ü", b"") == b"DSSEv1 2 \xc3\xbc 0 "


def test_what_is_written_is_read_again(key: PrivateKey) -> None:
    envelope = dsse.sign(PAYLOAD, key)
    again = dsse.decode(dsse.encode(envelope), "x")
    assert again == envelope
    assert again.signed_by([key.public]) == {key.public: key.public.id}
    assert dsse.read_payload(again, "x") == {"a": 1}


def test_another_implementation_verifies_ours(key: PrivateKey, tmp_path: Path) -> None:
    theirs = TheirEnvelope.from_dict(json.loads(dsse.encode(dsse.sign(PAYLOAD, key))))
    public = serialization.load_pem_public_key((tmp_path / "key.pub").read_bytes())
    assert theirs.verify([SSlibKey.from_crypto(public, keyid=key.public.id)], threshold=1)


def test_we_verify_what_another_implementation_signed() -> None:
    private = Ed25519PrivateKey.generate()
    theirs = TheirEnvelope(payload=PAYLOAD, payload_type=dsse.IN_TOTO, signatures={})
    theirs.sign(CryptoSigner(private))
    content = json.dumps(theirs.to_dict(), indent=2).encode()
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public = keys.read_public(pem, "theirs")
    assert list(dsse.decode(content, "x").signed_by([public])) == [public]
    with pytest.raises(BundleError, match="not canonical"):
        dsse.decode_member(content, "x")


def test_a_key_id_is_never_believed(key: PrivateKey, tmp_path: Path) -> None:
    other = keys.write_pair(tmp_path / "other")
    (signature,) = dsse.sign(PAYLOAD, key).signatures
    named = dsse.Signature(keyid=other.id, sig=signature.sig)
    envelope = dsse.Envelope(payload=PAYLOAD, payload_type=dsse.IN_TOTO, signatures=(named,))
    assert envelope.signed_by([other]) == {}
    assert envelope.signed_by([key.public, other]) == {key.public: other.id}


def test_the_type_is_signed_too(key: PrivateKey) -> None:
    envelope = dsse.sign(PAYLOAD, key)
    moved = dsse.Envelope(payload=PAYLOAD, payload_type="text/plain", signatures=envelope.signatures)
    assert moved.signed_by([key.public]) == {}
    with pytest.raises(BundleError, match="not an in-toto statement"):
        dsse.read_payload(moved, "x")


def test_either_alphabet_of_base64_will_do(key: PrivateKey) -> None:
    payload = b"\xfb\xff\xfe>>>???"
    data = json.loads(dsse.encode(dsse.sign(payload, key)))
    data["payload"] = base64.urlsafe_b64encode(payload).decode()
    assert dsse.decode(json.dumps(data).encode(), "x").payload == payload


def changed(**changes: Any) -> Callable[[dict[str, Any]], bytes]:
    return lambda data: json.dumps({**data, **changes}).encode()


WRONG: dict[str, tuple[Callable[[dict[str, Any]], bytes], str]] = {
    "no JSON": (lambda _: b"{", "can't be read"),
    "no UTF-8": (lambda _: b'{"payload": "\xff"}', "can't be read"),
    "a byte-order mark": (lambda data: b"\xef\xbb\xbf" + json.dumps(data).encode(), "can't be read"),
    "a list": (lambda _: b"[]", "other keys"),
    "one more key": (changed(more=1), "other keys"),
    "no signature": (changed(signatures=[]), "0 signatures"),
    "too many signatures": (lambda data: json.dumps({**data, "signatures": data["signatures"] * 17}).encode(), "17 signatures"),
    "a signature twice": (lambda data: json.dumps({**data, "signatures": data["signatures"] * 2}).encode(), "stands twice"),
    "signatures of another form": (changed(signatures=["x"]), "other keys than keyid and sig"),
    "a signature with a certificate": (changed(signatures=[{"sig": "AAAA", "cert": "x"}]), "other keys than keyid and sig"),
    "a key id that is a number": (changed(signatures=[{"sig": "AAAA", "keyid": 1}]), "other keys than keyid and sig"),
    "a signature that is a number": (changed(signatures=[{"sig": 1}]), "no text"),
    "a type that is a number": (changed(payloadType=1), "no text"),
    "no base64": (changed(payload="!"), "is none"),
    "letters beyond ASCII": (changed(payload="ü"), "is none"),
    "base64 with loose bits": (changed(payload="AB=="), "unusual"),
    "a large payload": (changed(payload=base64.b64encode(bytes(100_001)).decode()), "larger than 100000 bytes"),
    "a large envelope": (changed(payload="A" * 200_000), "larger than 200000 bytes"),
    "a key twice": (lambda data: json.dumps(data)[:-1].encode() + b', "payload": ""}', "holds one key twice"),
    "NaN": (lambda _: b'{"payload": NaN}', "not a JSON number"),
    "nested without end": (lambda _: b"[" * 100_000, "can't be read"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_exactly_one_envelope_is_refused(key: PrivateKey, name: str) -> None:
    change, words = WRONG[name]
    with pytest.raises(BundleError, match=words):
        dsse.decode(change(json.loads(dsse.encode(dsse.sign(PAYLOAD, key)))), "attestation.dsse.json")


@pytest.mark.parametrize(
    "change", [{"payloadType": "\ud800"}, {"signatures": [{"sig": "AAAA", "keyid": "\ud800"}]}], ids=["type", "key id"]
)
def test_halves_of_characters_are_refused(key: PrivateKey, change: dict[str, Any]) -> None:
    content = changed(**change)(json.loads(dsse.encode(dsse.sign(PAYLOAD, key))))
    with pytest.raises(BundleError, match="can't be read"):
        dsse.decode_member(content, "attestation.dsse.json")


@pytest.mark.parametrize(("payload", "words"), [(b"[]", "not a JSON object"), (b"{", "not JSON"), (b'{"a":1,"a":2}', "one key twice")])
def test_what_is_signed_has_to_be_one_object(key: PrivateKey, payload: bytes, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        dsse.read_payload(dsse.sign(payload, key), "x")


def test_a_payload_beyond_the_bounds_is_not_signed(key: PrivateKey) -> None:
    with pytest.raises(ValueError, match="at most 100000 bytes"):
        dsse.sign(bytes(100_001), key)
