"""Whom a verifier trusts: keys, identities and timestamp authorities, each with its days, and how far it is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from gates.dataclass import dataclass
from gates.errors import UsageError
from gates.evidence import keys
from gates.evidence.keys import PublicKey

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


class Trust(IntEnum):
    """How far a bundle can be believed, by who signed it: never by its own word."""

    SELF_REPORTED = 0
    BASE_POLICY = 1
    REQUIRED_WORKFLOW = 2

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", "-")


TRUST_WORDS = {level.word: level for level in Trust}


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The days on which a signer's word counts, first and last included, and the day from which nobody believes it any more."""

    first: date | None = None
    last: date | None = None
    revoked: date | None = None
    why: str = ""

    def objection(self, who: str, *, run: date | None = None, stamped: date | None = None) -> str:
        """Why `who` can't vouch for a run of that day, in words; empty where it can.

        `stamped` is the day on which somebody else saw the signature, None where nobody whom the verifier trusts did: then only
        the signer itself says when it signed, and what was revoked is refused whatever it says.
        """
        if self.revoked is not None and (stamped is None or stamped >= self.revoked):
            seen = f", and its signature is stamped {stamped}" if stamped else ""
            return f"{who} was revoked: {self.why} ({self.revoked}){seen}"
        for day, what in ((run, "the run"), (stamped, "its timestamp")):
            if day is not None and self.first is not None and day < self.first:
                return f"{who} is valid from {self.first}, and {what} is of {day}"
            if day is not None and self.last is not None and day > self.last:
                return f"{who} was valid until {self.last}, and {what} is of {day}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A key that the verifier names."""

    key: PublicKey
    name: str
    valid: Validity = field(default_factory=Validity)
    trust: Trust = Trust.SELF_REPORTED

    @property
    def words(self) -> str:
        return f"{self.name} (key {self.key.id[:16]})"

    def objection(self, run: date, stamped: date | None = None) -> str:
        """Why this key can't vouch for a run of that day, in words; empty where it can."""
        return self.valid.objection(f"the key {self.name!r}", run=run, stamped=stamped)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIdentity:
    """An identity of Sigstore that the verifier names: the certificate's subject alternative name, and the OpenID issuer behind it."""

    identity: str
    issuer: str
    name: str
    valid: Validity = field(default_factory=Validity)
    trust: Trust = Trust.SELF_REPORTED

    @property
    def words(self) -> str:
        return (
            f"{self.name} (identity {self.identity} of {self.issuer})"
            if self.name != self.identity
            else f"{self.identity} of {self.issuer}"
        )

    def objection(self, run: date, stamped: date | None = None) -> str:
        """Why this identity can't vouch for a run of that day, in words; empty where it can."""
        return self.valid.objection(f"the identity {self.name!r}", run=run, stamped=stamped)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedAuthority:
    """A timestamp authority (RFC 3161) that the verifier names: its certificates, a root among them."""

    name: str
    certificates: tuple[Certificate, ...]
    valid: Validity = field(default_factory=Validity)

    def objection(self, stamped: date) -> str:
        """Why this authority's stamp of that day counts for nothing, in words. Whoever took its key can stamp any day."""
        who = f"the timestamp authority {self.name!r}"
        return Validity(revoked=self.valid.revoked, why=self.valid.why).objection(who) or self.valid.objection(who, stamped=stamped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """All that a verifier trusts. `root` is a `trusted_root.json` of Sigstore; None: the one that Sigstore's library carries.

    `from_file`: a trust file says so, which alone can say how far somebody is believed.
    """

    keys: tuple[TrustedKey, ...] = ()
    identities: tuple[TrustedIdentity, ...] = ()
    authorities: tuple[TrustedAuthority, ...] = ()
    root: Path | None = None
    from_file: bool = False

    @property
    def names_signers(self) -> bool:
        return bool(self.keys or self.identities)

    def and_named(self, keys: Sequence[TrustedKey], identities: Sequence[TrustedIdentity]) -> Trusted:
        """With those of the command line. Where both name a signer, the days and the revocation of the file count."""
        known = {item.key for item in self.keys}, {(item.identity, item.issuer) for item in self.identities}
        return replace(
            self,
            keys=(*self.keys, *(item for item in keys if item.key not in known[0])),
            identities=(*self.identities, *(item for item in identities if (item.identity, item.issuer) not in known[1])),
        )


def named_keys(paths: Sequence[Path]) -> tuple[TrustedKey, ...]:
    """Keys that were named on the command line, valid for ever. Raises `UsageError`."""
    return tuple(TrustedKey(key=keys.load_public(path), name=path.name) for path in paths)


def named_identities(texts: Sequence[str]) -> tuple[TrustedIdentity, ...]:
    """Identities that were named on the command line as `IDENTITY@ISSUER`, valid for ever. Raises `UsageError`."""
    return tuple(_identity(text) for text in texts)


def _identity(text: str) -> TrustedIdentity:
    """An identity may hold `@` itself (an email, a workflow at a ref): an issuer, an address, does not."""
    identity, _, issuer = text.rpartition("@")
    if not identity or not issuer.startswith("https://"):
        raise UsageError(
            f"{text!r} is not IDENTITY@ISSUER",
            where="--identity",
            help="add who vouches for it: …/.github/workflows/gates.yml@refs/heads/main@https://token.actions.githubusercontent.com",
        )
    return TrustedIdentity(identity=identity, issuer=issuer, name=identity)
