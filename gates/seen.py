"""What the gates saw of both sides, masked by all secrets that any of them met, and read into facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property

from gates import redact
from gates.api import Gate
from gates.change.compare import Against, Here, Read
from gates.change.policies import Policies
from gates.dataclass import dataclass
from gates.evidence.bundle import RawByGate
from gates.facts import read_facts
from gates.model import BaseBundle, Change, Facts
from gates.observe import Masked, Observation, Observed, Place, mask
from gates.plan import Step


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the gates saw on both sides, not yet redacted, with the secrets of the environment, and what lies between the two."""

    steps: Sequence[Step]
    secrets: Mapping[str, frozenset[str]]
    here: Sequence[Observation]
    there: Sequence[Observation] = ()
    change: Change | None = None
    interrupted: bool = False
    #: Facts by what they were read from: raw output of both sides is read before the two are compared, and again once all is masked.
    known: dict[tuple[str, tuple[tuple[str, bytes], ...]], Facts] = field(default_factory=dict)
    redactors: dict[frozenset[tuple[str, frozenset[str]]], redact.Redactor] = field(default_factory=dict)
    #: By the identities of an observation, which is kept beside, and of one of `redactors`.
    masks: dict[tuple[int, int], tuple[Observation, Masked]] = field(default_factory=dict)

    def told_of(self, said: BaseBundle | None) -> Seen:
        """The same with what is said of the base's bundle."""
        return self if self.change is None or said is None else replace(self, change=replace(self.change, bundle=said))

    @property
    def all(self) -> list[Observation]:
        return [*self.here, *self.there]

    @cached_property
    def redactor(self) -> redact.Redactor:
        """What masks all of it. It takes long to make, and is asked for many times in a run."""
        secrets = _with_found(self.secrets, self.all)
        key = frozenset(secrets.items())
        if key not in self.redactors:
            self.redactors[key] = redact.Redactor(secrets)
        return self.redactors[key]

    def masked(self, observations: Sequence[Observation]) -> dict[str, Masked]:
        """Raw output by gate, with every secret masked that any gate met on either side."""
        return {item.name: self.mask(item) for item in observations}

    def mask(self, item: Observation) -> Masked:
        """The same of one gate: masked once by the secrets of one side, and again only where the other side met more."""
        key = id(item), id(self.redactor)
        if key not in self.masks:
            self.masks[key] = item, mask(item, self.redactor)
        return self.masks[key][1]

    def facts(self, raw: RawByGate) -> tuple[Facts, ...]:
        return tuple(self._facts(name, members) for name, members in raw.items())

    def _facts(self, name: str, members: Mapping[str, bytes]) -> Facts:
        key = name, tuple(members.items())
        if key not in self.known:
            self.known[key] = read_facts(self._gates[name], name, members)
        return self.known[key]

    @cached_property
    def _gates(self) -> dict[str, Gate]:
        return {step.name: step.gate for step in self.steps}


def with_base(seen: Seen, policies: Policies, compare_with: Callable[[Sequence[Here], Read], Against]) -> Seen:
    """The same with what was seen at the base."""
    facts = {item.gate: item for item in seen.facts({name: item.members for name, item in seen.masked(seen.here).items()})}
    secrets = {item.name: frozenset(item.secrets) for item in seen.here}
    unsearched = {item.name: frozenset(found.rule for found in item.unsearched) for item in seen.here}
    here = [
        Here(
            policy=policies.policy_of(step), step=step, facts=facts[step.name], secrets=secrets[step.name], unsearched=unsearched[step.name]
        )
        for step in seen.steps
        if step.name in facts
    ]

    def read(observed: Observed) -> Mapping[str, Facts]:
        both = replace(seen, there=observed.observations)
        return {item.gate: item for item in both.facts({name: item.members for name, item in both.masked(both.there).items()})}

    found = compare_with(here, read)
    return replace(seen, there=found.observed.observations, change=found.change, interrupted=seen.interrupted or found.observed.interrupted)


def places_in(folder: str, masked: Mapping[str, Masked]) -> list[Place]:
    """What was masked, by the names of members of the bundle."""
    return [replace(place, name=f"{folder}/{gate}/{place.name}") for gate, item in masked.items() for place in item.places]


def _with_found(secrets: Mapping[str, frozenset[str]], observations: Sequence[Observation]) -> dict[str, frozenset[str]]:
    """All secrets of a run, each with the rules by which it is one."""
    found = dict(secrets)
    for observation in observations:
        for secret, rules in observation.secrets.items():
            found[secret] = found.get(secret, frozenset()) | rules
    return found
