"""Signatures by Sigstore, held by its own library against an instance that is made here: whole, of others, out of time, and broken.

What is built by hand in `authorities/instance.py` is verified by another's code; nothing of the library is replaced.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gates import canonical
from gates.errors import BundleError, UsageError
from gates.evidence import dsse, sigstore
from gates.evidence.sigstore import Vouched
from gates.evidence.trust import TrustedIdentity, Validity
from tests.evidence.authorities.certificates import Issuer, new_key
from tests.evidence.authorities.instance import GITHUB, WORKFLOW, Instance, path_to, root_of, signed, text
from tests.evidence.authorities.timestamping import Authority

AT = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
PAYLOAD = b'{"a":1}'
INSTANCE = Instance(timestamps=Authority())
IDENTITY = TrustedIdentity(identity=WORKFLOW, issuer=GITHUB, name="release")
Data = dict[str, Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sigstore") / "trusted_root.json"
    path.write_text(json.dumps(INSTANCE.trusted_root()))
    return path


def examined(data: Data, root: Path | None, *identities: TrustedIdentity) -> Vouched:
    content = canonical.dumps(data)
    return sigstore.examine(content, sigstore.read(content), identities or (IDENTITY,), root)


def entry(data: Data) -> Data:
    found: Data = data["verificationMaterial"]["tlogEntries"][0]
    return found


def test_an_identity_vouches_for_what_it_signed(root: Path) -> None:
    found = examined(INSTANCE.sign(PAYLOAD, AT), root)
    assert found == Vouched(identities=(IDENTITY,), stamp=found.stamp)
    assert (found.stamp.at, found.stamp.by) == (AT, "Sigstore's log")


def test_of_several_identities_the_one_that_signed_vouches(root: Path) -> None:
    other = TrustedIdentity(identity="someone@example.org", issuer=GITHUB, name="other")
    assert examined(INSTANCE.sign(PAYLOAD, AT), root, other, IDENTITY).identities == (IDENTITY,)


def test_a_timestamp_in_it_counts_where_it_is_earlier(root: Path) -> None:
    """Authorities of the trusted root may say when it was signed; one that it does not know says nothing."""
    assert INSTANCE.timestamps is not None
    data, stamps = INSTANCE.sign(PAYLOAD, AT), []
    signature = base64.b64decode(data["dsseEnvelope"]["signatures"][0]["sig"])
    for authority, at in ((INSTANCE.timestamps, AT + timedelta(seconds=5)), (Authority(), AT - timedelta(days=1))):
        stamps.append({"signedTimestamp": text(authority.stamp(signature, at))})
    data["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    assert examined(data, root).stamp.at == AT
    del entry(data)["inclusionPromise"]
    found = examined(data, root)
    assert (found.stamp.at, found.stamp.by) == (AT + timedelta(seconds=5), "Sigstore's timestamp authority")


@pytest.mark.parametrize(
    ("identity", "issuer"),
    [
        (WORKFLOW.replace("refs/heads/main", "refs/heads/other"), GITHUB),
        (WORKFLOW[:-1], GITHUB),
        (WORKFLOW.upper(), GITHUB),
        (WORKFLOW, "https://issuer.example.org"),
        (WORKFLOW, f"{GITHUB}/"),
    ],
)
def test_another_identity_does_not_vouch_for_it(root: Path, identity: str, issuer: str) -> None:
    found = examined(INSTANCE.sign(PAYLOAD, AT), root, TrustedIdentity(identity=identity, issuer=issuer, name="x"))
    assert found.identities == ()
    assert f"its certificate is of {WORKFLOW} of {GITHUB}, which you do not name" in found.why


def test_another_root_does_not_vouch_for_it(tmp_path: Path) -> None:
    (tmp_path / "root.json").write_text(json.dumps(Instance().trusted_root()))
    for other in (tmp_path / "root.json", None):  # None: the public one, which the library carries
        found = examined(INSTANCE.sign(PAYLOAD, AT), other)
        assert (found.identities, "no authority of the trusted root issued its certificate" in found.why) == ((), True), found.why


def _out_of_time(seconds: int) -> Data:
    """Signed so many seconds after its certificate began to be valid, which lasts for ten minutes."""
    key = new_key()
    return INSTANCE.sign(PAYLOAD, AT, key=key, certificate=INSTANCE.certify(key.public_key(), AT - timedelta(seconds=seconds)))


def _certificate_of_another_key() -> Data:
    return INSTANCE.sign(PAYLOAD, AT, certificate=INSTANCE.certify(new_key().public_key(), AT))


def _unlogged_certificate() -> Data:
    key = new_key()
    return INSTANCE.sign(PAYLOAD, AT, key=key, certificate=INSTANCE.certify(key.public_key(), AT, logged=new_key()))


def _changed(change: Callable[[Data], object]) -> Callable[[], Data]:
    def make() -> Data:
        data = INSTANCE.sign(PAYLOAD, AT)
        change(data)
        return data

    return make


def _another_payload(data: Data) -> None:
    data["dsseEnvelope"]["payload"] = text(b'{"a":2}')


def _another_entry(data: Data) -> None:
    """The proof of another signature's entry, which is in the log."""
    data["verificationMaterial"]["tlogEntries"] = INSTANCE.sign(b'{"a":3}', AT)["verificationMaterial"]["tlogEntries"]


def _proof_of_another_log(data: Data) -> None:
    """A log that holds the entry, and that nobody trusts."""
    other = Instance(log=new_key())
    body = base64.b64decode(entry(data)["canonicalizedBody"])
    made = other.enter(body, AT)
    proof, leaves = made["verification"]["inclusionProof"], other.leaves
    assert root_of(leaves).hex() == proof["rootHash"]
    entry(data)["inclusionProof"] |= {
        "checkpoint": {"envelope": proof["checkpoint"]},
        "hashes": [text(item) for item in path_to(len(leaves) - 1, leaves)],
        "logIndex": str(proof["logIndex"]),
        "rootHash": text(root_of(leaves)),
        "treeSize": str(proof["treeSize"]),
    }


def _forged_checkpoint(data: Data) -> None:
    """The tree's root as the log would sign it, signed by somebody else."""
    proof = entry(data)["inclusionProof"]
    note, _, signature = proof["checkpoint"]["envelope"].partition("\n\n")
    hint = base64.b64decode(signature.split(" ")[2])[:4]
    forged = text(hint + signed(new_key(), f"{note}\n".encode()))
    proof["checkpoint"]["envelope"] = f"{note}\n\n\u2014 log.example.org {forged}\n"


BROKEN: dict[str, tuple[Callable[[], Data], str]] = {
    "a certificate that had expired": (lambda: _out_of_time(601), "no authority of the trusted root issued its certificate for the time"),
    "a certificate that was not valid yet": (
        lambda: _out_of_time(-1),
        "no authority of the trusted root issued its certificate for the time",
    ),
    "a certificate of another key": (_certificate_of_another_key, "DSSE: invalid signature"),
    "a certificate that no log promised to hold": (_unlogged_certificate, "failed to verify SCT"),
    "another payload": (_changed(_another_payload), "DSSE: invalid signature"),
    "an entry of another signature": (_changed(_another_entry), "log entry payload hash does not match bundle"),
    "a proof without its last step": (
        _changed(lambda data: entry(data)["inclusionProof"]["hashes"].pop()),
        "inclusion proof has wrong size",
    ),
    "a proof with another step": (
        _changed(
            lambda data: entry(data)["inclusionProof"].update(hashes=[text(bytes(32))] * len(entry(data)["inclusionProof"]["hashes"]))
        ),
        "inclusion proof contains invalid root hash",
    ),
    "a proof of another place": (
        _changed(lambda data: entry(data)["inclusionProof"].update(logIndex="0")),
        "inclusion proof has wrong size",
    ),
    "a proof by another log": (_changed(_proof_of_another_log), "checkpoint: Signature not found for log ID"),
    "a checkpoint that the log did not sign": (_changed(_forged_checkpoint), "checkpoint: invalid signature"),
    "another time than the log promised": (
        _changed(lambda data: entry(data).update(integratedTime=str(int(AT.timestamp()) + 1))),
        "SET: invalid inclusion promise",
    ),
    "no promise and no timestamp": (
        _changed(lambda data: entry(data).pop("inclusionPromise")),
        "must contain an inclusion promise or signed timestamp",
    ),
    "no proof": (_changed(lambda data: entry(data).pop("inclusionProof")), "Field required"),
    "no entry": (_changed(lambda data: data["verificationMaterial"].update(tlogEntries=[])), "expected exactly one log entry"),
    "no certificate": (_changed(lambda data: data["verificationMaterial"].pop("certificate")), "must be set"),
    "a certificate that is none": (
        _changed(lambda data: data["verificationMaterial"].update(certificate={"rawBytes": "AAAA"})),
        "is not to be trusted",
    ),
    "another version": (_changed(lambda data: data.update(mediaType="x")), "is not to be trusted"),
    "something that the form does not have": (_changed(lambda data: data.update(more=1)), "failed to load bundle"),
    "a time beyond all calendars": (_changed(lambda data: entry(data).update(integratedTime="9" * 19)), "is not to be trusted"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_hold_is_refused_with_words(root: Path, name: str) -> None:
    make, words = BROKEN[name]
    found = examined(make(), root)
    assert found.identities == ()
    assert found.why.startswith("bundle.sigstore.json is not to be trusted: ")
    assert words in found.why


def test_no_letter_of_it_crashes_the_verifier(root: Path) -> None:
    content = canonical.dumps(INSTANCE.sign(PAYLOAD, AT))
    for place in range(0, len(content), 61):
        changed = bytearray(content)
        changed[place] ^= 1
        try:
            envelope = sigstore.read(bytes(changed))
        except BundleError:
            continue
        found = sigstore.examine(bytes(changed), envelope, (IDENTITY,), root)
        assert not found.identities or envelope == sigstore.read(content), place


def places(data: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """The way to every value of JSON data."""
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, *path, key)


WHOLE = INSTANCE.sign(PAYLOAD, AT)


@pytest.mark.parametrize("instead", [None, [], {}, "", 0, "AAAA", "9" * 30, [{}], True], ids=json.dumps)
def test_no_value_of_another_kind_crashes_the_verifier(root: Path, instead: Any) -> None:
    """At every place of it, and whoever is asked says no: nothing that was signed is there any more."""
    ways = list(places(WHOLE))
    assert len(ways) > 25
    for way in ways:
        data = json.loads(json.dumps({"": WHOLE}))
        holder = data
        for step in ("", *way)[:-1]:
            holder = holder[step]
        holder[("", *way)[-1]] = instead
        try:
            found = examined(data[""], root)
        except BundleError:
            continue
        assert found.identities == (), way
        assert found.why, way


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "can't be read"),
    "no JSON": (b"<html>", "can't be read"),
    "a list": (b"[]", "can't be read"),
    "no envelope": (b"{}", "other keys than payload"),
    "loosely written": (json.dumps(INSTANCE.sign(PAYLOAD, AT)).encode(), "it is not canonical JSON"),
    "a key twice": (b'{"a":1,"a":1}', "an object holds one key twice"),
    "nested without end": (b"[" * 100_000, "can't be read"),
    "too large": (b" " * (sigstore.LIMIT + 1), "is larger than 400000 bytes"),
    "halves of characters": (b'{"a":"\\ud800"}', "can't be read"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_sigstore_bundle_is_refused(name: str) -> None:
    content, words = UNREADABLE[name]
    with pytest.raises(BundleError, match=words):
        sigstore.read(content)


def test_its_envelope_is_read_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sigstore", "sigstore.models", "sigstore.verify"):
        monkeypatch.setitem(sys.modules, module, None)
    content = canonical.dumps(INSTANCE.sign(PAYLOAD, AT))
    envelope = sigstore.read(content)
    assert (envelope.payload, envelope.payload_type) == (PAYLOAD, dsse.IN_TOTO)
    with pytest.raises(UsageError, match="need its library") as raised:
        sigstore.examine(content, envelope, (IDENTITY,), None)
    assert raised.value.problems[0].help == "pip install 'quality-gates[sigstore]'"


@pytest.mark.parametrize("said", ["", "{}", "[]", '{"mediaType": "x"}'])
def test_a_trusted_root_that_is_none_is_said(tmp_path: Path, said: str) -> None:
    (tmp_path / "root.json").write_text(said)
    with pytest.raises(UsageError, match="no trusted root can be read"):
        examined(INSTANCE.sign(PAYLOAD, AT), tmp_path / "root.json")


def test_an_identity_that_is_revoked_was_good_before() -> None:
    """The log says when it signed, so nothing that it signed before is lost."""
    revoked = TrustedIdentity(identity=WORKFLOW, issuer=GITHUB, name="x", valid=Validity(revoked=date(2026, 11, 26), why="left"))
    assert revoked.objection(AT.date(), AT.date()) == ""
    assert "was revoked: left" in revoked.objection(AT.date(), date(2026, 11, 26))


def test_an_issuer_that_is_not_the_instances_certifies_nobody(root: Path) -> None:
    """The same names in a certificate that somebody issued who is called the same."""
    forger = Instance(authority=Issuer("certifies identities"), certificates=INSTANCE.certificates, log=INSTANCE.log)
    assert "no authority of the trusted root issued" in examined(forger.sign(PAYLOAD, AT), root).why
