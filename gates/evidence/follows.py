"""Does a bundle's verdict follow: what its raw output and policies stand for, found anew, must be what it says, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import gates
from gates import canonical, registry
from gates.errors import PluginError, PolicyError
from gates.evidence import bundle, redactions
from gates.evidence.bundle import Contents
from gates.facts import read_facts
from gates.judge.compare import disagreements
from gates.judge.versions import JUDGES
from gates.model import Judging, PolicySource, Stage
from gates.policy import load, whole
from gates.policy.compose import Effective, compose, origins


def made_by_this_version(contents: Contents) -> bool:
    """Whether the bundle says so. Then its page, and each byte of what is ours in it, can be made again."""
    return contents.record.run.version == gates.__version__


def unknown_judges(contents: Contents) -> str:
    """Which judge or parser of the bundle this version doesn't have, in words; empty where it has all."""
    if contents.manifest.judge not in JUDGES:
        return f"it was judged by judge {contents.manifest.judge}"
    for facts in (*contents.record.facts, *contents.record.base):
        try:
            gate = registry.find(facts.uses)
        except (KeyError, PluginError):
            return f"the gate {facts.uses!r} is not installed here"
        if gate.parser_of(facts.parser) is None:
            return f"{facts.gate} was read by parser {facts.parser} of {facts.uses}"
    return ""


def differences(contents: Contents) -> list[str]:
    """What does not come out the same when it is done again, in words. Every judge and parser has to be known."""
    written = bundle.members_of(contents.record, contents.all_sources, contents.raw, contents.base_raw)
    return [
        *_of_listing(contents, written),
        *_of_comparison(contents),
        *redactions.faults(contents.members),
        *_of_facts(contents, written),
        *_of_policy(contents, written),
        *_of_decision(contents, written),
    ]


def _of_listing(contents: Contents, written: Mapping[str, bytes]) -> Iterator[str]:
    """Members that no run writes, or not so: whoever finds them in a bundle that verifies would believe them."""
    if contents.manifest.parsers != {facts.gate: facts.parser for facts in contents.record.facts}:
        yield "the manifest names other parsers than the facts"
    for name in sorted(set(contents.members) - set(written) - bundle.BESIDE - bundle.SIGNATURES):
        yield f"it holds {name}, which is no part of a run"
    if made_by_this_version(contents):  # another has its own way of writing what reads the same here
        ours = {**written, bundle.MANIFEST: canonical.of(contents.manifest)}
        for name in sorted(ours):
            if contents.members.get(name) != ours[name]:
                yield f"no run writes {name} as it is there"


def _of_comparison(contents: Contents) -> Iterator[str]:
    """What is said of the run before that one stands against this run; the rest only a chain can tell."""
    said = contents.record.comparison
    if said is None:
        return
    yield from disagreements(said, contents.record)
    if said.previous != contents.manifest.previous:
        yield "it is compared with another bundle than the one that it follows"


def _of_facts(contents: Contents, written: Mapping[str, bytes]) -> Iterator[str]:
    record = contents.record
    for gate in sorted(set(contents.raw) - {facts.gate for facts in record.facts}):
        yield f"there is raw output of {gate} and no facts"
    for facts in record.facts:
        again = read_facts(registry.find(facts.uses), facts.gate, contents.raw.get(facts.gate, {}), facts.parser)
        if canonical.of(again) != written[f"facts/{facts.gate}.json"]:
            yield f"the facts of {facts.gate} do not follow from its raw output"
    yield from _of_base(contents, written)


def _of_base(contents: Contents, written: Mapping[str, bytes]) -> Iterator[str]:
    """The base's facts follow from its raw output, and both are of gates that the change names as compared."""
    change = contents.record.change
    if (change.base if change else None) != contents.record.context.base:
        yield "the change is from another base than the one that the run was held against"
    named = change.bundle.digest if change and change.bundle and not change.bundle.unused else None
    for gate in sorted(item.gate for item in (change.gates if change else ()) if item.bundle not in (None, named)):
        yield f"what {gate} saw at the base is said to be of a bundle that the run was not given"
    reported = {facts.gate for facts in contents.record.base}
    for gate in sorted((reported | set(contents.base_raw)) - {item.gate for item in (change.gates if change else ())}):
        yield f"there is something of {gate} at the base, and nothing that says how it is compared"
    for gate in sorted(set(contents.base_raw) - reported):
        yield f"there is raw output of {gate} at the base and no facts"
    for facts in contents.record.base:
        again = read_facts(registry.find(facts.uses), facts.gate, contents.base_raw.get(facts.gate, {}), facts.parser)
        if canonical.of(again) != written[f"base/{facts.gate}.json"]:
            yield f"the facts of {facts.gate} at the base do not follow from its raw output there"


def _of_policy(contents: Contents, written: Mapping[str, bytes]) -> Iterator[str]:
    record = contents.record
    try:
        effective = _composed(contents.sources, record.context.stage)
    except PolicyError as error:
        yield f"the policy files can't be composed again: {error}"
        return
    if effective is None:
        yield "the policy files are not those that the policy extends"
    else:
        if canonical.of(effective.policy) != written["policies/effective.json"]:
            yield "the effective policy does not follow from the policy files"
        if record.origins is not None and record.origins != origins(effective):
            yield "the places of the policy are not those of its files"
    for other in record.others:
        yield from _of_another(other, contents.others[other.name], record.context.stage)
    for judging, sources in zip(
        record.judgings(), (contents.sources, *(contents.others[other.name] for other in record.others)), strict=True
    ):
        if judging.whole is not None and judging.whole != whole.digest_where_known(sources, registry.find):
            yield f"what {judging.words} says at every stage does not follow from its files"


def _of_another(other: Judging, sources: Sequence[PolicySource], stage: Stage) -> Iterator[str]:
    try:
        effective = _composed(sources, stage)
    except PolicyError as error:
        yield f"the files of {other.words} can't be composed again: {error}"
        return
    if effective is None or effective.policy != other.policy:
        yield f"{other.words} does not follow from its files"


def _composed(sources: Sequence[PolicySource], stage: Stage) -> Effective | None:
    """The policy that files make; None where they are not those that the policy extends. Raises `PolicyError`."""
    return compose(sources, stage, registry.find) if _extended(sources) == [source.name for source in sources] else None


def _extended(sources: Sequence[PolicySource]) -> list[str]:
    """The names of the policy file and of all that it extends, found anew. Raises `PolicyError` where one of them is not there."""
    if not sources:
        return []
    read_file = {source.name: source.content for source in sources}.get
    return [source.name for source in load.collect_from(sources[-1].name, read_file)]


def _of_decision(contents: Contents, written: Mapping[str, bytes]) -> Iterator[str]:
    record = contents.record
    try:
        judge = JUDGES[contents.manifest.judge]
        decision = judge(record.judgings(), record.context, record.facts, record.base, record.change, reviews=record.reviews)
    except ValueError as error:
        yield f"nothing can be decided from it: {error}"
        return
    if canonical.of(decision) != written["decision.json"]:
        yield "the decision does not follow from policy, context and facts"
