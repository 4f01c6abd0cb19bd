"""The words of the field that several rooms use."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """How bad a finding is. Tools' own words are normalised to these five; the original word is kept beside."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Severity:
        """The severity of a lower-case word; raises `ValueError` for any other."""
        try:
            return cls[word.upper()] if word == word.lower() else cls[word]
        except KeyError:
            raise ValueError(f"unknown severity {word!r}") from None


class Status(StrEnum):
    COMPLETED = "completed"
    ERROR = "error"
    NOT_APPLICABLE = "not-applicable"


class Enforcement(StrEnum):
    OFF = "off"
    SHADOW = "shadow"
    WARN = "warn"
    BLOCK = "block"


class Stage(StrEnum):
    COMMIT = "commit"
    CHANGE = "change"
    RELEASE = "release"


class Outcome(StrEnum):
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"


class Kind(StrEnum):
    """What a finding counts as: `needs-review` and `flake` are shown and limited on their own, never as findings."""

    FINDING = "finding"
    FAILURE = "failure"
    NEEDS_REVIEW = "needs-review"
    FLAKE = "flake"


class State(StrEnum):
    NEW = "new"
    EXISTING = "existing"


class Proof(StrEnum):
    """How it is known what should have been examined: found independently of the engine, or the tool's word alone."""

    INVENTORY = "inventory"
    CLAIMED = "claimed"
