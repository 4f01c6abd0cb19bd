"""`bundle.sigstore.json`: a statement about a bundle, signed by an identity of Sigstore instead of a key.

https://docs.sigstore.dev/about/bundle. What it says is read here; whether the identity said it is asked of the `sigstore` library,
which is loaded where an identity is named or signs, and nowhere else. Verifying needs no network: the verifier names the trusted
root, or takes the one that the library carries.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gates import canonical, jsontext
from gates.dataclass import dataclass
from gates.errors import BundleError, EvidenceError, UsageError
from gates.evidence import dsse, timestamps
from gates.evidence.attestation import SIGSTORE
from gates.evidence.dsse import Envelope
from gates.evidence.timestamps import Stamp
from gates.evidence.trust import TrustedIdentity

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.models import Bundle, TrustedRoot

#: A payload of the largest size in base64, and certificate, proofs and time around it.
LIMIT = 400_000
#: Where Sigstore's library keeps the public root that was current when it was published.
_CARRIED = ("sigstore._store", "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev", "trusted_root.json")
_ONE = "give one Sigstore bundle with a DSSE envelope, such as `actions/attest` writes it"
_EXTRA = "pip install 'quality-gates[sigstore]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Who signed, of those that the verifier names, and when that was seen. No `identities`: none did, and `why` says what is wrong."""

    identities: tuple[TrustedIdentity, ...] = ()
    stamp: Stamp = Stamp()
    why: str = ""


def read(content: bytes) -> Envelope:
    """The envelope in a Sigstore bundle, whoever signed it. Raises `BundleError` for what is no bundle with exactly one envelope."""
    if len(content) > LIMIT:
        raise BundleError(f"{SIGSTORE} is larger than {LIMIT} bytes", where=SIGSTORE)
    try:
        data = jsontext.loads(content.decode("utf-8"))
        if canonical.dumps(data) != content:
            raise ValueError("it is not canonical JSON")
        return dsse.envelope_of(data.get("dsseEnvelope") if isinstance(data, dict) else None)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{SIGSTORE} can't be read: {error}", where=SIGSTORE) from error


def load(path: Path) -> bytes:
    """The Sigstore bundle in another tool's file, as canonical JSON. Raises `UsageError` where there is none."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LIMIT + 1)
        made = canonical.dumps(jsontext.loads(content.decode("utf-8")))
        read(made)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}", where=str(path), help=_ONE) from error
    except (ValueError, RecursionError, BundleError) as error:
        raise UsageError(f"{path} holds no Sigstore bundle: {error}", where=str(path), help=_ONE) from error
    return made


def examine(content: bytes, envelope: Envelope, identities: Sequence[TrustedIdentity], root: Path | None) -> Vouched:
    """Which of the identities signed a Sigstore bundle, `envelope` being what was read of it.

    Raises `UsageError` where the library or the trusted root is missing.
    """
    trusted = _trusted_root(root)
    asked = _Asked(identities)
    try:
        models, verifying = import_module("sigstore.models"), import_module("sigstore.verify")
        theirs: Bundle = models.Bundle.from_json(content)
        signed = verifying.Verifier(trusted_root=trusted).verify_dsse(theirs, asked)
    except Exception as error:
        return Vouched(why=f"{SIGSTORE} is not to be trusted: {_objection(error)}")
    if signed != (envelope.payload_type, envelope.payload):
        return Vouched(why=f"{SIGSTORE} is not to be trusted: another payload was signed")
    return Vouched(identities=asked.found, stamp=_stamp(theirs, trusted))


class _Asked:
    """Asks a certificate that the library found sound for its names: what it calls a policy."""

    def __init__(self, identities: Sequence[TrustedIdentity]) -> None:
        self.identities = identities
        self.found: tuple[TrustedIdentity, ...] = ()

    def verify(self, cert: Certificate) -> None:
        """Raises the library's `VerificationError` where the certificate is of none of the identities."""
        self.found = tuple(item for item in self.identities if _matches(item, cert))
        if not self.found:
            raise _errors().VerificationError(f"its certificate is of {_names(cert)}, which you do not name")


def _matches(identity: TrustedIdentity, certificate: Certificate) -> bool:
    policy = import_module("sigstore.verify.policy")
    issuers = policy.AnyOf([policy.OIDCIssuerV2(identity.issuer), policy.OIDCIssuer(identity.issuer)])
    try:
        policy.AllOf([policy.Identity(identity=identity.identity), issuers]).verify(certificate)
    except _errors().VerificationError:
        return False
    return True


def _names(certificate: Certificate) -> str:
    """What a certificate says of itself, in words."""
    from cryptography import x509

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    said = ", ".join(str(name.value) for name in names)
    for extension in certificate.extensions:
        if extension.oid.dotted_string == "1.3.6.1.4.1.57264.1.1" and isinstance(extension.value, x509.UnrecognizedExtension):
            return f"{said} of {extension.value.value.decode('utf-8', 'replace')}"
    return said


def _stamp(bundle: Bundle, root: TrustedRoot) -> Stamp:
    """When the signature was first seen, by the log or by an authority of the trusted root. The library has found the bundle sound."""
    material = json.loads(bundle.to_json())["verificationMaterial"]
    seen = [
        (datetime.fromtimestamp(int(entry["integratedTime"]), UTC), "Sigstore's log")
        for entry in material["tlogEntries"]
        if entry.get("inclusionPromise") and int(entry.get("integratedTime") or 0)
    ]
    for item in (material.get("timestampVerificationData") or {}).get("rfc3161Timestamps") or ():
        seen += [(at, "Sigstore's timestamp authority") for at in _times(item["signedTimestamp"], bundle.signature, root)]
    at, by = min(seen, default=(None, ""))
    return Stamp(at=at, by=by, why="" if at else f"nothing in {SIGSTORE} says when it was signed")


def _times(token: str, signature: bytes, root: TrustedRoot) -> list[datetime]:
    """When one of the root's authorities stamped a signature; empty where none did."""
    found = []
    for authority in root.get_timestamp_authorities():
        try:
            at = timestamps.time_of(timestamps.decode(base64.b64decode(token)), signature, authority.certificates(allow_expired=True))
        except timestamps.RefusedError:
            continue
        start, end = authority.validity_period_start, authority.validity_period_end
        if start <= at and (end is None or at < end):
            found.append(at)
    return found


def _trusted_root(path: Path | None) -> TrustedRoot:
    """The root that the verifier names, or the library's own. Raises `UsageError`."""
    models = _library("sigstore.models")
    try:
        package, *place = _CARRIED
        with resources.as_file(resources.files(package).joinpath(*place)) as carried:
            root: TrustedRoot = models.TrustedRoot.from_file(str(path or carried))
        return root
    except Exception as error:
        where = str(path) if path else "the trusted root that Sigstore's library carries"
        raise UsageError(
            f"no trusted root can be read: {_said(error)}",
            where=where,
            help="name a `trusted_root.json` in the trust file: `sigstore: {trusted-root: FILE}`",
        ) from error


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError("identities of Sigstore need its library, which is not installed", help=_EXTRA) from error


def _errors() -> Any:
    return import_module("sigstore.errors")


def _objection(error: Exception) -> str:
    """What the library has against a signature; of one thing it speaks in riddles."""
    if isinstance(error, _errors().CertValidationError):
        return f"no authority of the trusted root issued its certificate for the time at which it signed ({_said(error)})"
    return _said(error)


def _said(error: Exception) -> str:
    """The first line of what a library says, bounded: pydantic and its like say pages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (" ".join(lines[:3]) or type(error).__name__)[:300]


def sign(statement: bytes, config: Path | None) -> bytes:
    """The Sigstore bundle of a statement, signed by the identity of the CI job that this runs in.

    `config` is a `ClientTrustConfig` of Sigstore (services and trusted root); None: the public instance. Needs the network.
    Raises `UsageError` where there is no identity, `EvidenceError` where a service does not do its part.
    """
    _library("sigstore.sign")
    token = _token()
    try:
        bundle = _signed(statement, token, config)
    except UsageError:
        raise
    except Exception as error:
        raise EvidenceError(
            f"nothing was signed: Sigstore did not do its part: {_said(error) or type(error).__name__}",
            where=str(config) if config else "sigstore.dev",
            help="it needs the network; sign with a key (--sign-key) where there is none",
        ) from error
    return canonical.dumps(jsontext.loads(bundle.to_json()))


def _token() -> Any:
    """The identity of the CI job. Raises `UsageError`."""
    oidc = import_module("sigstore.oidc")
    help = "on GitHub Actions give the job `permissions: {id-token: write}`; elsewhere sign with a key (--sign-key)"
    try:
        raw = oidc.detect_credential()
        token = oidc.IdentityToken(raw) if raw else None
    except Exception as error:
        raise UsageError(f"the identity of this CI job can't be had: {_said(error)}", where="--sigstore", help=help) from error
    if token is None:
        raise UsageError("there is no identity to sign with: this is no CI job that has one", where="--sigstore", help=help)
    return token


def _signed(statement: bytes, token: Any, config: Path | None) -> Bundle:
    models, signing, theirs = import_module("sigstore.models"), import_module("sigstore.sign"), import_module("sigstore.dsse")
    if config is None:
        trusted = models.ClientTrustConfig.production()
    else:
        try:
            trusted = models.ClientTrustConfig.from_json(config.read_text("utf-8"))
        except (OSError, ValueError) as error:
            help = "name a file as `sigstore --trust-config` takes it"
            raise UsageError(f"no configuration of Sigstore can be read: {_said(error)}", where=str(config), help=help) from error
    with signing.SigningContext.from_trust_config(trusted).signer(token) as signer:
        bundle: Bundle = signer.sign_dsse(theirs.Statement(statement))
        return bundle
