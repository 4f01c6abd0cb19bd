"""Which findings are new: facts of both sides as multisets of fingerprints. Without a base everything is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeGuard

from gates.model import Facts, State, Status


def states(facts: Facts, base: Facts | None) -> tuple[State, ...]:
    """The state of each finding, in the order of the facts' findings."""
    if not comparable(base):
        return (State.NEW,) * len(facts.findings)
    left = Counter(finding.fingerprint for finding in base.findings) if base else Counter()
    found = []
    for finding in facts.findings:
        known = left[finding.fingerprint] > 0
        left[finding.fingerprint] -= known
        found.append(State.EXISTING if known else State.NEW)
    return tuple(found)


def mended(facts: Facts, base: Facts | None) -> tuple[str, ...]:
    """Fingerprints that the base had and this side has no longer, sorted."""
    if not comparable(base):
        return ()
    gone = Counter(finding.fingerprint for finding in base.findings)
    gone.subtract(finding.fingerprint for finding in facts.findings)
    return tuple(sorted(gone.elements()))


def comparable(base: Facts | None) -> TypeGuard[Facts]:
    """Whether the base could be observed: a base that could not tell makes nothing old."""
    return base is not None and base.status is Status.COMPLETED


def by_gate(facts: Sequence[Facts]) -> dict[str, Facts]:
    """Facts by gate; raises `ValueError` where a gate reports twice."""
    found: dict[str, Facts] = {}
    for item in facts:
        if item.gate in found:
            raise ValueError(f"the gate {item.gate!r} reports twice")
        found[item.gate] = item
    return found
