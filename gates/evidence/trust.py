"""Whom a verifier trusts: keys that were named on the command line, or those of a `trust.yaml` with their validity and revocation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from pathlib import Path

from gates.errors import PolicyError, Problem, UsageError
from gates.evidence import keys
from gates.evidence.keys import PublicKey
from gates.policy.entry import Entry
from gates.policy.nodes import Choice, Day, Key, Keys, ListOf, Text
from gates.policy.reader import read_table
from gates.policy.syntax import problem

_LARGEST = 2**20


class Trust(IntEnum):
    """How far a bundle can be believed, by who signed it: never by its own word."""

    SELF_REPORTED = 0
    BASE_POLICY = 1
    REQUIRED_WORKFLOW = 2

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", "-")


TRUST_WORDS = {level.word: level for level in Trust}

_REVOKED = Keys(
    keys=(
        Key(name="on", of=Day(), help="the day from which nobody believes it", required=True),
        Key(name="why", of=Text(blank=False), help="what happened", required=True),
    )
)
_KEY = Keys(
    keys=(
        Key(name="name", of=Text(blank=False), help="who holds it, in words", required=True),
        Key(name="public-key", of=Text(), help="the key in PEM, as `gates keygen` writes it to the file that ends in .pub"),
        Key(name="file", of=Text(), help="or the file that holds it, relative to this one"),
        Key(name="valid-from", of=Day(), help="the first day of runs that it may sign"),
        Key(name="valid-until", of=Day(), help="the last day of runs that it may sign"),
        Key(name="revoked", of=_REVOKED, help="when and why it lost its worth; whatever it signed is refused"),
        Key(
            name="trust",
            of=Choice(values=tuple(TRUST_WORDS)),
            help="how far what it signs is believed: `required-workflow` where no change can edit the job that holds it",
            default=Trust.SELF_REPORTED.word,
        ),
    )
)
TABLE = Keys(
    keys=(
        Key(name="version", of=Choice(values=("1",)), help="the version of this form", required=True),
        Key(name="keys", of=ListOf(of=_KEY, at_least=1), help="keys that may sign", required=True),
    ),
    planned=("identities",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A key that the verifier names. Days are those of the run that was signed; `revoked` says why nobody believes it any more."""

    key: PublicKey
    name: str
    valid_from: date | None = None
    valid_until: date | None = None
    revoked: str = ""
    trust: Trust = Trust.SELF_REPORTED

    def objection(self, day: date) -> str:
        """Why this key can't vouch for a run of that day, in words; empty where it can."""
        if self.revoked:
            return f"the key {self.name!r} was revoked: {self.revoked}"
        if self.valid_from is not None and day < self.valid_from:
            return f"the key {self.name!r} is valid from {self.valid_from}, and the run is of {day}"
        if self.valid_until is not None and day > self.valid_until:
            return f"the key {self.name!r} was valid until {self.valid_until}, and the run is of {day}"
        return ""


def named(paths: Sequence[Path]) -> tuple[TrustedKey, ...]:
    """Keys that were named on the command line, valid for ever. Raises `UsageError`."""
    return tuple(TrustedKey(key=keys.load_public(path), name=path.name) for path in paths)


def read(path: Path) -> tuple[TrustedKey, ...]:
    """The keys of a trust file. Raises `UsageError` where it can't be read, `PolicyError` with all that is wrong in it."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST)
    except OSError as error:
        raise UsageError(
            f"the trust file can't be read: {error.strerror or error}", where=str(path), help="see docs/evidence.md"
        ) from error
    root, problems = read_table(path.name, content, TABLE, "the trust file")
    found = [_trusted(entry, path.parent, problems) for entry in (root and root.get("keys")) or ()]
    trusted = [item for item in found if item is not None]
    if len({item.key.id for item in trusted}) != len(trusted):
        problems.append(
            Problem(error="a key stands twice", where=path.name, help="keep one: which of two validities counts would be chance")
        )
    if problems:
        raise PolicyError(tuple(problems))
    return tuple(trusted)


def _trusted(entry: Entry, folder: Path, problems: list[Problem]) -> TrustedKey | None:
    """One entry as a key; None, and what is wrong, where it is none."""
    text, file = entry.get("public-key"), entry.get("file")
    if (text is None) == (file is None):
        problems.append(problem("a key needs either `public-key` or `file`", entry.place, "write the key itself, or name its file"))
        return None
    try:
        key = keys.read_public(text.value.encode(), str(text.place)) if text else keys.load_public(folder / file.value) if file else None
    except UsageError as error:
        place = text or file or entry
        problems.append(problem(error.problems[0].error, place.place, error.problems[0].help))
        return None
    if key is None:
        return None
    revoked = entry.get("revoked")
    return TrustedKey(
        key=key,
        name=entry.said("name", ""),
        valid_from=entry.said("valid-from"),
        valid_until=entry.said("valid-until"),
        revoked=f"{revoked.said('why')} ({revoked.said('on')})" if revoked else "",
        trust=TRUST_WORDS[entry.said("trust", Trust.SELF_REPORTED.word)],
    )
