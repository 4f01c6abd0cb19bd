"""Who signed a bundle, among those that a verifier trusts, when that was seen, and how far that makes it believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

from gates.dataclass import dataclass
from gates.errors import BundleError
from gates.evidence import attestation, dsse, sigstore, timestamps
from gates.evidence.attestation import ATTESTATION, SIGSTORE, SUMMARY, TIMESTAMP, Place
from gates.evidence.bundle import Contents
from gates.evidence.timestamps import Stamp
from gates.evidence.trust import Trust, Trusted, TrustedIdentity, TrustedKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What became of a bundle's signatures. `by` is who vouches for it, None where nobody does: then `why` says so.

    `untrue` says what can't be true of them: then no other signature and no leniency makes the bundle trusted. `place` is where it
    was made, None where it does not say.
    """

    by: TrustedKey | TrustedIdentity | None = None
    why: str = ""
    untrue: str = ""
    place: Place | None = None
    stamp: Stamp = field(default_factory=Stamp)

    @property
    def trust(self) -> Trust:
        """A signature that was made beside the project's code, or may have been, could be the code's own."""
        return self.by.trust if self.by and self.place == "apart" else Trust.SELF_REPORTED


def examine(contents: Contents, trusted: Trusted, *, timestamped: bool = False) -> Signed | None:
    """The signature of a bundle that vouches best for it; None where it has none. `timestamped`: a timestamp is asked for.

    Raises `UsageError` where a library that this needs is missing; what is wrong with the bundle is in the answer.
    """
    if not contents.signatures:
        return None
    try:
        return _best(list(_examined(contents, trusted, timestamped=timestamped)), timestamped=timestamped)
    except BundleError as error:
        return Signed(untrue=error.problems[0].error)


def _best(found: list[Signed], *, timestamped: bool) -> Signed:
    """The signature that counts: of those with somebody behind them the one that is believed furthest."""
    vouched = [item for item in found if item.by is not None]
    if vouched:
        return max(vouched, key=lambda item: (timestamped and item.stamp.at is not None, item.trust, item.stamp.at is not None))
    stamps = [item.stamp for item in found]
    stamp = next((stamp for stamp in stamps if stamp.at is not None), Stamp(why="; ".join(stamp.why for stamp in stamps if stamp.why)))
    return Signed(why="; ".join(item.why for item in found if item.why), stamp=stamp)


def _examined(contents: Contents, trusted: Trusted, *, timestamped: bool) -> Iterator[Signed]:
    """What became of each signature. Raises `BundleError` where one can't be true."""
    members = contents.members
    orphans = [name for name in (SUMMARY, TIMESTAMP) if name in members and ATTESTATION not in members]
    if orphans:
        raise BundleError(f"it holds {orphans[0]} without the attestation that belongs to it", where=orphans[0])
    by_key = _by_key(contents, trusted, timestamped=timestamped) if ATTESTATION in members else None
    by_identity = _by_identity(contents, trusted) if SIGSTORE in members else None
    # What a verifier did not ask about is no answer, unless it is all that there is.
    asked = [(by_key, bool(trusted.keys)), (by_identity, bool(trusted.identities))]
    answers = [signed for signed, named in asked if signed is not None and named]
    yield from answers or [signed for signed, _ in asked if signed is not None]


def _by_key(contents: Contents, trusted: Trusted, *, timestamped: bool) -> Signed:
    members, keys = contents.members, trusted.keys
    content, summary = members[ATTESTATION], members.get(SUMMARY)
    envelope = dsse.decode_member(content, ATTESTATION)
    differing, place = attestation.differences(contents, envelope, summary, content)
    if differing:
        raise BundleError("; ".join(differing), where=ATTESTATION)
    stamp = _stamp(contents, trusted, timestamped=timestamped)
    signers = envelope.signed_by([item.key for item in keys])
    summarised = dsse.decode_member(summary, SUMMARY).signed_by(signers) if summary is not None else {}
    found = [item for item in keys if item.key in signers]
    if not found:
        why = "it is signed by none of the keys that you name" if keys else "it is signed, and you name no key to hold that against"
        return Signed(why=why, stamp=stamp)
    # The summary names the attestation by its digest, key ids and all; what the summary itself calls a key is held against that.
    if not any(summarised.get(item.key) == signers[item.key] for item in found):
        return Signed(why=f"{SUMMARY} is signed by another key", stamp=stamp)
    return _valid(contents, found, place, stamp)


def _by_identity(contents: Contents, trusted: Trusted) -> Signed:
    content = contents.members[SIGSTORE]
    envelope = sigstore.read(content)
    differing, place = attestation.differences_of_other(contents, envelope)
    if differing:
        raise BundleError("; ".join(differing), where=SIGSTORE)
    if not trusted.identities:
        return Signed(why="it is signed by an identity of Sigstore, and you name none to hold that against")
    vouched = sigstore.examine(content, envelope, trusted.identities, trusted.root)
    if not vouched.identities:
        return Signed(why=vouched.why)
    return _valid(contents, vouched.identities, place, vouched.stamp)


def _valid(contents: Contents, found: Sequence[TrustedKey | TrustedIdentity], place: Place | None, stamp: Stamp) -> Signed:
    """Those who signed, held against the days on which their word counts."""
    day, seen = contents.record.context.day, stamp.at.date() if stamp.at else None
    held = [(item, item.objection(day, seen)) for item in found]
    sound = [item for item, objection in held if not objection]
    if not sound:
        return Signed(why="; ".join(objection for _, objection in held), stamp=stamp)
    return Signed(by=max(sound, key=lambda item: item.trust), place=place, stamp=stamp)


def _stamp(contents: Contents, trusted: Trusted, *, timestamped: bool) -> Stamp:
    """The attestation's timestamp. What nobody asks about is examined as far as this installation can."""
    token = contents.members.get(TIMESTAMP)
    if token is None:
        return Stamp(why="it has no timestamp")
    if not (trusted.authorities or timestamped or timestamps.can_examine()):
        return Stamp()
    return timestamps.examine(token, contents.members[ATTESTATION], trusted.authorities)
