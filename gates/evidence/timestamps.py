"""`timestamp.tsr`: a timestamp authority's word (RFC 3161) that an attestation was there at some time.

It is asked for with `rfc3161-client`, which is loaded where a timestamp is made or examined, and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

from gates.adapters import http
from gates.dataclass import dataclass
from gates.errors import BundleError, EvidenceError, UsageError
from gates.evidence.attestation import ATTESTATION, TIMESTAMP
from gates.evidence.trust import TrustedAuthority

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse, Verifier

#: An answer with a whole chain of certificates takes less than 10 KiB.
LIMIT = 64 * 2**10
_GRANTED = 0
_HASHES = {"2.16.840.1.101.3.4.2.1": hashlib.sha256, "2.16.840.1.101.3.4.2.2": hashlib.sha384, "2.16.840.1.101.3.4.2.3": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a signature was seen (UTC), and by whom. `at` is None where nobody whom the verifier trusts saw it: then `why` says so."""

    at: datetime | None = None
    by: str = ""
    why: str = ""


class RefusedError(Exception):
    """A timestamp that an authority did not make."""


def ask(content: bytes, address: str) -> bytes:
    """The timestamp of an attestation's bytes by the authority at an address (http or https).

    Raises `EvidenceError` where it does not answer with one, `UsageError` where no authority can be asked at all.
    """
    client = _library()
    request = client.TimestampRequestBuilder().data(content).hash_algorithm(client.HashAlgorithm.SHA256).build()
    token = http.post(address, request.as_bytes(), kind="application/timestamp-query", limit=LIMIT)
    try:
        response = decode(token)
        _check_imprint(response, content)
        if response.tst_info.nonce != request.nonce:
            raise RefusedError("answers another question")
    except RefusedError as error:
        raise EvidenceError(
            f"nothing was signed: what the timestamp authority gave {error}",
            where=address,
            help="name an authority that speaks RFC 3161, or try again",
        ) from error
    return token


def examine(token: bytes, content: bytes, authorities: Sequence[TrustedAuthority]) -> Stamp:
    """When an attestation's bytes were stamped, by one of these authorities. Raises `BundleError` where that is no timestamp of them.

    A certificate has to have been valid at that time; what became of it later does not matter, unless the verifier says so.
    """
    try:
        response = decode(token)
        _check_imprint(response, content)
    except RefusedError as error:
        raise BundleError(f"{TIMESTAMP} {error}", where=TIMESTAMP) from error
    reasons = []
    for authority in authorities:
        try:
            at = time_of(response, content, authority.certificates)
        except RefusedError as error:
            reasons.append(f"{authority.name}: {error}")
            continue
        objection = authority.objection(at.date())
        if not objection:
            return Stamp(at=at, by=authority.name)
        reasons.append(objection)
    none = "it is timestamped, and you name no timestamp authority to hold that against"
    return Stamp(why=f"its timestamp is by no authority that you name ({'; '.join(reasons)})" if reasons else none)


def decode(token: bytes) -> TimeStampResponse:
    """An authority's answer. Raises `RefusedError` for what is none, and for a refusal."""
    if len(token) > LIMIT:
        raise RefusedError(f"is larger than {LIMIT} bytes")
    try:
        response: TimeStampResponse = _library().decode_timestamp_response(token)
        granted = response.status == _GRANTED and response.tst_info is not None
        said = " ".join(response.status_string or ())
    except UsageError:
        raise
    except Exception as error:
        raise RefusedError(f"is no timestamp: {error}") from error
    if not granted:
        raise RefusedError(f"is no timestamp but a refusal{f': {said}' if said else ''}")
    return response


def time_of(response: TimeStampResponse, content: bytes, certificates: Sequence[Certificate]) -> datetime:
    """When an authority with these certificates stamped this content (UTC). Raises `RefusedError` where it did not."""
    try:
        _verifier(certificates).verify_message(response, content)
        return response.tst_info.gen_time
    except UsageError:
        raise
    except Exception as error:
        raise RefusedError(_said(error)) from error


def _verifier(certificates: Sequence[Certificate]) -> Verifier:
    """A verifier that trusts these roots, with the others as links; a certificate that can't issue any is the only one that may stamp."""
    builder = _library().VerifierBuilder()
    for certificate in certificates:
        if certificate.issuer == certificate.subject:
            builder = builder.add_root_certificate(certificate)
        elif _issues(certificate):
            builder = builder.add_intermediate_certificate(certificate)
        else:
            builder = builder.tsa_certificate(certificate)
    verifier: Verifier = builder.build()
    return verifier


def _issues(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _check_imprint(response: TimeStampResponse, content: bytes) -> None:
    """That it is the content's digest which was stamped, whoever stamped it. Raises `RefusedError`."""
    try:
        imprint = response.tst_info.message_imprint
        algorithm, digest = imprint.hash_algorithm.dotted_string, imprint.message
    except Exception as error:
        raise RefusedError(f"is no timestamp: {error}") from error
    if algorithm not in _HASHES:
        raise RefusedError(f"stamps a digest of a kind that is not SHA-256, SHA-384 or SHA-512 ({algorithm})")
    if _HASHES[algorithm](content).digest() != digest:
        raise RefusedError(f"is a timestamp of something else than {ATTESTATION}")


def _said(error: Exception) -> str:
    """What OpenSSL has against it, out of its stack of errors; else what the library says."""
    found = re.search(r'Verify error: ([^"]+)"', str(error)) or re.search(r'reason: "([^"]+)"', str(error))
    return found[1] if found else (str(error) or type(error).__name__)[:300]


def can_examine() -> bool:
    """Whether the library that timestamps need is installed."""
    return find_spec("rfc3161_client") is not None


def _library() -> ModuleType:
    try:
        import rfc3161_client
    except ImportError as error:
        raise UsageError("timestamps need rfc3161-client, which is not installed", help="pip install 'quality-gates[timestamp]'") from error
    return rfc3161_client
