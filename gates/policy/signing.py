"""What an approver signs of a waiver, an override or a change of the policy, and whether they did: a question to its bytes alone."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace

from gates import canonical
from gates.extras import need_signatures
from gates.model import Override, PolicyApproval, Waiver
from gates.policy import approvers
from gates.policy.approvers import SCHEME, Approver

#: What stands before it in what is signed, so that no other signature of the same key can pass for one.
_DOMAINS = {
    Waiver: b"quality-gates waiver v1\n",
    Override: b"quality-gates override v1\n",
    PolicyApproval: b"quality-gates policy approval v1\n",
}


def payload(item: Waiver | Override | PolicyApproval) -> bytes:
    """The bytes to sign: everything that it says but its signature, as canonical JSON."""
    return _DOMAINS[type(item)] + canonical.of(replace(item, signature=None))


def written(signature: bytes) -> str:
    """A signature of 64 bytes as a policy bears it: with its scheme before it, which tells it from a secret too."""
    return f"{SCHEME}{base64.b64encode(signature).decode('ascii')}"


def signer(item: Waiver | Override | PolicyApproval, named: Sequence[str]) -> Approver | None:
    """The first of a policy's `approvers` whose key signed it as it stands; None where none did.

    Raises `UsageError` where the library that could tell is not installed.
    """
    if item.signature is None:
        return None
    try:
        signature, content = base64.b64decode(item.signature.removeprefix(SCHEME)), payload(item)
    except ValueError:  # no policy that was read has such a one; evidence that somebody made up may
        return None
    return next((who for text in named if (who := approvers.parse(text)).key and _verifies(who.key, signature, content)), None)


def _verifies(key: bytes, signature: bytes, content: bytes) -> bool:
    """Ed25519 (RFC 8032)."""
    need_signatures()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except InvalidSignature:
        return False
    return True
