"""Who signed a bundle, among those that a verifier trusts, and how far that makes it believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gates.errors import BundleError
from gates.evidence import attestation, dsse
from gates.evidence.bundle import Contents
from gates.evidence.trust import Trust, TrustedKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What became of a bundle's signatures. `by` is the key that vouches for it, None where none does: then `why` says so.

    `untrue` says what can't be true of them: then no other signature and no leniency makes the bundle trusted.
    """

    by: TrustedKey | None = None
    why: str = ""
    untrue: str = ""
    same_job: bool = False

    @property
    def trust(self) -> Trust:
        """A signature that was made beside the project's code could be the code's own."""
        return self.by.trust if self.by and not self.same_job else Trust.SELF_REPORTED


def examine(contents: Contents, keys: Sequence[TrustedKey]) -> Signed | None:
    """The signature of a bundle; None where it has none."""
    try:
        return _examined(contents, keys)
    except BundleError as error:
        return Signed(untrue=error.problems[0].error)


def _examined(contents: Contents, keys: Sequence[TrustedKey]) -> Signed | None:
    """The same. Raises `BundleError` where there is one and it can't be true."""
    members = contents.members
    content, summary = members.get(attestation.ATTESTATION), members.get(attestation.SUMMARY)
    if content is None:
        if contents.signatures:
            raise BundleError(f"it holds {contents.signatures[0]} without the attestation that belongs to it", where=contents.signatures[0])
        return None
    envelope = dsse.decode_member(content, attestation.ATTESTATION)
    differing, place = attestation.differences(contents, envelope, summary, content)
    if differing:
        raise BundleError("; ".join(differing), where=attestation.ATTESTATION)
    signers = envelope.signed_by([item.key for item in keys])
    summarised = dsse.decode_member(summary, attestation.SUMMARY).signed_by(signers) if summary is not None else {}
    found = [item for item in keys if item.key in signers]
    if not found:
        return Signed(
            why="it is signed by none of the keys that you name" if keys else "it is signed, and you name no key to hold that against"
        )
    # The summary names the attestation by its digest, key ids and all; what the summary itself calls a key is held against that.
    if not any(summarised.get(item.key) == signers[item.key] for item in found):
        return Signed(why=f"{attestation.SUMMARY} is signed by another key")
    day = contents.record.context.day
    objections = {item.name: item.objection(day) for item in found}
    sound = [item for item in found if not objections[item.name]]
    if not sound:
        return Signed(why="; ".join(objections.values()))
    return Signed(by=max(sound, key=lambda item: item.trust), same_job=place == "same-job")
