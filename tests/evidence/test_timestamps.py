"""Timestamps: by whom, of what, and when; wrong authorities, other bytes, bad days and garbage are refused in words and crash nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.errors import BundleError, EvidenceError, UsageError
from gates.evidence import timestamps
from gates.evidence.timestamps import Stamp
from gates.evidence.trust import TrustedAuthority, Validity
from tests.evidence.authorities.certificates import Issuer
from tests.evidence.authorities.serving import served
from tests.evidence.authorities.timestamping import Authority

AT = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
CONTENT = b"an attestation"
AUTHORITY = Authority()
TOKEN = AUTHORITY.stamp(CONTENT, AT)


def named(authority: Authority, *, leaf: bool = False, valid: Validity | None = None) -> TrustedAuthority:
    certificates = (authority.certificate, authority.root.certificate) if leaf else (authority.root.certificate,)
    return TrustedAuthority(name="ours", certificates=certificates, valid=valid or Validity())


@pytest.mark.parametrize("leaf", [True, False], ids=["its own certificate is named", "its root is named"])
def test_a_stamp_says_when_and_by_whom(leaf: bool) -> None:
    assert timestamps.examine(TOKEN, CONTENT, [named(Authority()), named(AUTHORITY, leaf=leaf)]) == Stamp(at=AT, by="ours")


def test_another_implementation_takes_what_this_authority_makes(tmp_path: Path) -> None:
    """What the tests stamp is what OpenSSL calls a timestamp too."""
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "token").write_bytes(TOKEN)
    (tmp_path / "root").write_bytes(AUTHORITY.root.certificate.public_bytes(serialization.Encoding.PEM))
    done = openssl("ts", "-verify", "-data", "content", "-in", "token", "-CAfile", "root", folder=tmp_path)
    assert (done.returncode, b"Verification: OK" in done.stdout) == (0, True), done.stderr


def openssl(*words: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("openssl")
    assert program, "install openssl: it is the other implementation that this test asks"
    return subprocess.run([program, *words], cwd=folder, capture_output=True, check=False)


def past(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


NOT_TRUSTED: dict[str, tuple[Callable[[], tuple[Authority, TrustedAuthority]], str]] = {
    "another authority's": (lambda: (AUTHORITY, named(Authority())), "unable to get local issuer certificate"),
    "another authority's of the same name and root": (
        lambda: (Authority(root=AUTHORITY.root), named(AUTHORITY, leaf=True)),
        "Embedded certificate does not match",
    ),
    "a certificate that had expired": (lambda: both(Authority(end=past(2025))), "certificate has expired"),
    "a certificate that was not valid yet": (lambda: both(Authority(begin=past(2027))), "certificate is not yet valid"),
    "a certificate for something else": (
        lambda: both(Authority(uses=(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), True))),
        "unsuitable certificate purpose",
    ),
    "a certificate for anything": (lambda: both(Authority(uses=None)), "unsuitable certificate purpose"),
    "a purpose that nobody has to heed": (
        lambda: both(Authority(uses=(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), False))),
        "unsuitable certificate purpose",
    ),
    "an authority that is revoked": (
        lambda: (AUTHORITY, named(AUTHORITY, valid=Validity(revoked=date(2027, 1, 1), why="stolen"))),
        "the timestamp authority 'ours' was revoked: stolen (2027-01-01)",
    ),
    "an authority that is not valid yet": (
        lambda: (AUTHORITY, named(AUTHORITY, valid=Validity(first=date(2026, 11, 26)))),
        "is valid from 2026-11-26, and its timestamp is of 2026-11-25",
    ),
}


def both(authority: Authority) -> tuple[Authority, TrustedAuthority]:
    return authority, named(authority)


@pytest.mark.parametrize("name", NOT_TRUSTED)
def test_who_is_not_trusted_stamps_nothing(name: str) -> None:
    make, words = NOT_TRUSTED[name]
    authority, trusted = make()
    stamp = timestamps.examine(authority.stamp(CONTENT, AT), CONTENT, [trusted])
    assert stamp.at is None
    assert stamp.why.startswith("its timestamp is by no authority that you name (")
    assert words in stamp.why


def test_without_an_authority_nobody_stamped_it() -> None:
    assert timestamps.examine(TOKEN, CONTENT, []).why == "it is timestamped, and you name no timestamp authority to hold that against"


UNTRUE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is no timestamp"),
    "text": (b"<html>", "is no timestamp"),
    "cut": (TOKEN[:-1], "is no timestamp"),
    "followed by more": (TOKEN + b"\0", "is no timestamp"),
    "too large": (bytes(timestamps.LIMIT + 1), "is larger than 65536 bytes"),
    "a refusal": (AUTHORITY.answer(b"", AT, status=2), "is no timestamp but a refusal: not today"),
    "of other bytes": (AUTHORITY.stamp(b"another", AT), "is a timestamp of something else than attestation.dsse.json"),
    "of a weak digest": (
        AUTHORITY.stamp(CONTENT, AT, algorithm="1.3.14.3.2.26"),
        r"stamps a digest of a kind that is not SHA-256, SHA-384 or SHA-512 \(1.3.14.3.2.26\)",
    ),
}


@pytest.mark.parametrize("name", UNTRUE)
def test_what_can_not_be_a_timestamp_of_it_is_refused(name: str) -> None:
    token, words = UNTRUE[name]
    with pytest.raises(BundleError, match=rf"timestamp\.tsr {words}"):
        timestamps.examine(token, CONTENT, [named(AUTHORITY)])


@settings(max_examples=300)
@given(changes=st.lists(st.tuples(st.integers(0, len(TOKEN) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_no_change_moves_its_time(changes: list[tuple[int, int]]) -> None:
    """A few bytes of CMS mean nothing (versions, the algorithm's name); none of the others may be another, and none crashes."""
    content = bytearray(TOKEN)
    for place, value in changes:
        content[place] = value
    try:
        stamp = timestamps.examine(bytes(content), CONTENT, [named(AUTHORITY)])
    except BundleError:
        return
    assert stamp.at in {None, AT}


# -- asking for one


def test_an_authority_is_asked(tmp_path: Path) -> None:
    with served(lambda _, question: (200, "application/timestamp-reply", AUTHORITY.reply(question, AT))) as address:
        token = timestamps.ask(CONTENT, address)
    assert timestamps.examine(token, CONTENT, [named(AUTHORITY)]) == Stamp(at=AT, by="ours")


CONFIG = """\
[tsa]
serial = serial
signer_cert = leaf.pem
signer_key = key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def test_an_authority_of_another_make_is_asked(tmp_path: Path) -> None:
    """OpenSSL's own authority answers."""
    for name, content in (
        ("config", CONFIG.encode()),
        ("serial", b"01\n"),
        ("root.pem", AUTHORITY.root.certificate.public_bytes(serialization.Encoding.PEM)),
        ("leaf.pem", AUTHORITY.certificate.public_bytes(serialization.Encoding.PEM)),
        (
            "key.pem",
            AUTHORITY.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        ),
    ):
        (tmp_path / name).write_bytes(content)

    def answer(_: str, question: bytes) -> tuple[int, str, bytes]:
        (tmp_path / "question").write_bytes(question)
        done = openssl("ts", "-reply", "-queryfile", "question", "-config", "config", "-section", "tsa", "-out", "answer", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        return 200, "application/timestamp-reply", (tmp_path / "answer").read_bytes()

    before = datetime.now(UTC).replace(microsecond=0)
    with served(answer) as address:
        token = timestamps.ask(CONTENT, address)
    stamp = timestamps.examine(token, CONTENT, [named(AUTHORITY)])
    assert stamp.at is not None
    assert before <= stamp.at <= datetime.now(UTC)


Answering = Callable[[str, bytes], tuple[int, str, bytes]]

WRONG_ANSWERS: dict[str, tuple[Answering, str]] = {
    "an error": (lambda _, __: (503, "text/plain", b"later"), "127.0.0.1 did not answer: HTTP 503: Service Unavailable"),
    "a page": (lambda _, __: (200, "text/html", b"<html>"), "what the timestamp authority gave is no timestamp"),
    "a refusal": (lambda _, __: (200, "x/y", AUTHORITY.answer(b"", AT, status=2)), "gave is no timestamp but a refusal: not today"),
    "another digest": (lambda _, __: (200, "x/y", AUTHORITY.stamp(b"another", AT)), "is a timestamp of something else"),
    "another question": (lambda _, __: (200, "x/y", AUTHORITY.stamp(CONTENT, AT, nonce=b"\7")), "gave answers another question"),
    "an old answer": (lambda _, __: (200, "x/y", TOKEN), "gave answers another question"),
    "no end": (lambda _, __: (200, "x/y", bytes(timestamps.LIMIT + 1)), "answered with more than 65536 bytes"),
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_a_wrong_answer_is_no_timestamp(name: str) -> None:
    answer, words = WRONG_ANSWERS[name]
    with served(answer) as address, pytest.raises(EvidenceError, match=words) as raised:
        timestamps.ask(CONTENT, address)
    assert raised.value.problems[0].help


def test_nobody_answers() -> None:
    with served(lambda _, __: (200, "x/y", b"")) as address:
        pass
    with pytest.raises(EvidenceError, match=r"127\.0\.0\.1 did not answer: .*refused"):
        timestamps.ask(CONTENT, address)


@pytest.mark.parametrize("address", ["timestamp.example.org", "file:///etc/passwd", "ftp://x", "http://", "http://[", ""])
def test_what_is_no_address_is_not_asked(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a service"):
        timestamps.ask(CONTENT, address)


def test_without_the_library_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(UsageError, match="timestamps need rfc3161-client") as raised:
        timestamps.examine(TOKEN, CONTENT, [])
    assert raised.value.problems[0].help == "pip install 'quality-gates[timestamp]'"


def test_an_intermediate_links_to_the_root() -> None:
    """An authority whose certificate was issued below the root that the verifier names."""
    authority = Authority(root=Issuer("another root"))
    chain = TrustedAuthority(name="ours", certificates=(authority.certificate, authority.root.certificate, AUTHORITY.root.certificate))
    assert timestamps.examine(authority.stamp(CONTENT, AT), CONTENT, [chain]).at == AT
