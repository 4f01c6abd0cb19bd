"""Signatures of approvers under a change of a policy, by keys that are the same in every run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gates import registry
from gates.model import PolicyApproval, Waiver
from gates.policy import approvers, insertion, load, signing, whole
from tests.repository import Repository
from tests.weakening.proposing import Prepare

ANNA, FRIEND = (Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (1, 2))


def named(**keys: Ed25519PrivateKey) -> str:
    """The line of a policy that makes them approvers."""
    lines = (f'"@{name} {approvers.written(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}"' for name, key in keys.items())
    return f"approvers: [{', '.join(lines)}]\n"


def signed(by: str, key: Ed25519PrivateKey, *, afterwards: tuple[str, str] = ("", "")) -> Prepare:
    """The policy of the working tree, signed in the place of that of `main`; then one text of it is replaced."""

    def sign(repository: Repository) -> None:
        path = repository.root / "gates.yaml"
        before = repository.git("show", "main:gates.yaml").encode() + b"\n"
        item = PolicyApproval(
            of=whole.digest(load.collect_from("gates.yaml", {"gates.yaml": before}.get), registry.find),
            to=whole.digest(load.collect_text(repository.root, "gates.yaml", path.read_text("utf-8")), registry.find),
            by=by,
            created=date(2026, 11, 20),
            expires=date(2026, 11, 30),
        )
        item = replace(item, signature=signing.written(key.sign(signing.payload(item))))
        path.write_text(insertion.set_approved(path.read_text("utf-8"), item).replace(*afterwards), "utf-8")

    return sign


def signed_waiver(key: Ed25519PrivateKey, *, folder: str | None = None) -> str:
    """The waiver of a finding of `INSECURE`, signed for a folder; None: for the whole repository."""
    item = Waiver(
        id="W-1",
        gate="security",
        match={"rule": "B602", "path": "app.py"},
        waiver_class="accepted-risk",
        reason="in haste",
        owner="@dev",
        approver="@anna",
        created=date(2026, 11, 20),
        expires=date(2026, 12, 10),
        folder=folder,
    )
    item = replace(item, signature=signing.written(key.sign(signing.payload(item))))
    return "waivers:\n" + "".join(f"  {line}\n" for line in insertion.written(item).splitlines())
