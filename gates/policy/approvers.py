"""Who may approve: a person or a team of the code host, and a key whose signatures count as theirs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from gates.dataclass import dataclass
from gates.errors import Problem
from gates.policy.entry import Entry
from gates.policy.syntax import problem

#: What a public key of Ed25519 begins with as SubjectPublicKeyInfo in DER (RFC 8410); its 32 bytes follow.
_PREFIX = bytes.fromhex("302a300506032b6570032100")
#: What a policy writes before keys and signatures.
SCHEME = "ed25519:"
_HELP = "write `NAME`, or `NAME ed25519:KEY` with the line of base64 in the key's .pub file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """One of a policy's `approvers`: `@login`, `@organisation/team` or another name, and the 32 bytes of a public key of theirs."""

    name: str
    key: bytes | None = None

    @property
    def team(self) -> bool:
        return self.name.startswith("@") and "/" in self.name

    @property
    def login(self) -> str:
        """Their name on the code host, in small letters; empty for what is no person there."""
        return "" if self.team or not self.name.startswith("@") else login(self.name)


def login(name: str) -> str:
    """A name as the code host compares it: without `@`, in small letters."""
    return name.removeprefix("@").casefold()


def parse(text: str) -> Approver:
    """The approver of a policy's text. Raises `ValueError` saying what is wrong."""
    name, scheme, key = text.partition(SCHEME)
    if scheme and not name.strip():
        raise ValueError("a key without the name of whoever holds it")
    return Approver(name=name.strip(), key=_public(key.strip()) if scheme else None)


def written(key: bytes) -> str:
    """The 32 bytes of a public key as a policy names it."""
    return f"{SCHEME}{base64.b64encode(_PREFIX + key).decode('ascii')}"


def check(entries: Iterable[Entry], problems: list[Problem]) -> None:
    """Add to `problems` what is wrong with a policy's approvers."""
    for entry in entries:
        try:
            parse(entry.value)
        except ValueError as error:
            problems.append(problem(f"the approver {entry.value!r} is {error}", entry.place, _HELP))


def _public(text: str) -> bytes:
    try:
        der = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        der = b""
    if len(der) != len(_PREFIX) + 32 or not der.startswith(_PREFIX) or base64.b64encode(der).decode("ascii") != text:
        raise ValueError("named with a key that is none of Ed25519")
    return der.removeprefix(_PREFIX)
