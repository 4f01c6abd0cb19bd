"""`gates verify`: is a bundle intact, trusted, about the right thing, does its verdict follow, and is it complete.

Needs no tool, network or repository: raw output is parsed again and the policies judge again, and both must give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

import gates
from gates import canonical, registry
from gates.errors import BundleError, PluginError, PolicyError, VerifyCode
from gates.evidence import bundle, redactions
from gates.evidence.attestation import Place
from gates.evidence.bundle import Contents
from gates.evidence.signed import Signed, examine
from gates.evidence.trust import Trust, Trusted
from gates.facts import read_facts
from gates.judge.compare import disagreements
from gates.judge.decide import is_observed
from gates.judge.versions import JUDGES
from gates.model import Record, Stage, Verdict
from gates.policy import load
from gates.policy.compose import compose, origins

_WHERE: dict[Place | None, str] = {
    "apart": "apart from the project's code",
    "same-job": "in the job that ran the project's own code",
    None: "and does not say where",
}
#: Makes the page of a record.
Render = Callable[[Record], str]


class Question(StrEnum):
    INTACT = "intact"
    TRUSTED = "trusted"
    ABOUT = "about"
    FOLLOWS = "follows"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question. `holds` is None where an earlier answer left nothing to ask."""

    question: Question
    holds: bool | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the verifier demands of the bundle; None: does not care."""

    allow_unsigned: bool = False
    digest: str | None = None
    trusted: Trusted = field(default_factory=Trusted)
    signed: bool = False
    timestamped: bool = False
    min_trust: Trust = Trust.SELF_REPORTED
    min_sequence: int | None = None
    commit: str | None = None
    repository: str | None = None
    ref: str | None = None
    stage: Stage | None = None
    policy_digest: str | None = None
    not_before: date | None = None
    not_after: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All answers, the exit code that follows, and the contents where the bundle is intact."""

    answers: tuple[Answer, ...]
    code: VerifyCode
    contents: Contents | None = None
    notes: tuple[str, ...] = field(default=())


_FAULTS = {
    Question.INTACT: VerifyCode.NOT_INTACT,
    Question.TRUSTED: VerifyCode.NOT_TRUSTED,
    Question.ABOUT: VerifyCode.ABOUT_SOMETHING_ELSE,
    Question.FOLLOWS: VerifyCode.DOES_NOT_FOLLOW,
    Question.COMPLETE: VerifyCode.INCOMPLETE,
}
#: The code of a verdict that can be relied on.
CODES = {Verdict.PASSED: VerifyCode.PASSED, Verdict.FAILED: VerifyCode.FAILED, Verdict.ERRORED: VerifyCode.ERRORED}


def verify(path: Path, expected: Expectation, render_page: Render | None = None) -> Verification:
    """Answer the five questions about the bundle at `path`. Never raises for what is wrong with the bundle.

    `render_page` makes the page of a record: that of a bundle of this version must be the same.
    """
    try:
        contents = bundle.read(path)
    except BundleError as error:
        problem = error.problems[0]
        words = f"{problem.error} ({problem.where})" if problem.where else problem.error
        rest = tuple(Answer(question=question, holds=None, words="not asked: the bundle is not intact") for question in list(Question)[1:])
        return Verification(answers=(Answer(question=Question.INTACT, holds=False, words=words), *rest), code=VerifyCode.NOT_INTACT)
    signed = examine(contents, expected.trusted, timestamped=expected.timestamped)
    answers = (
        Answer(question=Question.INTACT, holds=True, words=f"{len(contents.members)} members, each as the manifest lists it"),
        _answer(Question.TRUSTED, lambda: _trusted(contents, signed, expected)),
        _answer(Question.ABOUT, lambda: _about(contents, signed, expected)),
        *_judged_again(contents, render_page),
    )
    failed = [_FAULTS[answer.question] for answer in answers if answer.holds is False]
    code = min(failed) if failed else CODES[contents.record.decision.verdict]
    return Verification(answers=answers, code=code, contents=contents)


def _answer(question: Question, ask: Callable[[], tuple[bool, str]]) -> Answer:
    holds, words = ask()
    return Answer(question=question, holds=holds, words=words)


def _trusted(contents: Contents, signed: Signed | None, expected: Expectation) -> tuple[bool, str]:
    """Whether who vouches for the bundle is whom the verifier named: by a signature, by its digest, or by asking for neither."""
    if signed is not None and signed.untrue:
        return False, f"its signature can't be true: {signed.untrue}"
    if expected.digest is not None and expected.digest.removeprefix("sha256:").lower() != contents.digest:
        return False, f"its digest is {contents.digest}, not the one you named"
    if expected.timestamped and (signed is None or signed.stamp.at is None):
        return False, f"you ask for a timestamp: {signed.stamp.why if signed is not None and signed.stamp.why else 'it has none'}"
    if signed is not None and signed.by is not None:
        return True, f"signed by {signed.by.words}, {_WHERE[signed.place]}{_when(signed)}"
    if expected.trusted.names_signers or expected.signed:
        if signed is None and expected.allow_unsigned and not expected.signed:
            return True, "unsigned, and you allow that: this notices accidents, not enemies"
        return False, signed.why if signed is not None else "it is unsigned, and you ask for a signature"
    if expected.digest is not None:
        return True, "its digest is the one you named"
    if expected.allow_unsigned:
        return True, f"{'unsigned' if signed is None else 'signed by somebody'}, and you allow that: this notices accidents, not enemies"
    return False, f"{signed.why if signed else 'it is unsigned'}: name --key, --identity, --trust or its --digest, or say --allow-unsigned"


def _when(signed: Signed) -> str:
    return f", seen {signed.stamp.at:%Y-%m-%dT%H:%M:%SZ} by {signed.stamp.by}" if signed.stamp.at is not None else ""


def _about(contents: Contents, signed: Signed | None, expected: Expectation) -> tuple[bool, str]:
    context, decision = contents.record.context, contents.record.decision
    pairs = [
        ("commit", expected.commit, context.commit),
        ("repository", expected.repository, context.repository),
        ("ref", expected.ref, context.ref),
        ("stage", expected.stage, context.stage),
        ("policy digest", expected.policy_digest, decision.policy_digest),
    ]
    differing = [f"its {name} is {is_ or 'not known'}, not {wanted}" for name, wanted, is_ in pairs if wanted is not None and wanted != is_]
    if expected.commit is not None and context.dirty:
        differing.append("it was made on a dirty tree, which is never the commit")
    if expected.not_before is not None and context.day < expected.not_before:
        differing.append(f"it was judged on {context.day}, before {expected.not_before}")
    if expected.not_after is not None and context.day > expected.not_after:
        differing.append(f"it was judged as on {context.day}, which is yet to come")
    at = signed.stamp.at if signed is not None and expected.timestamped else None
    if at is not None and at.date() != context.day:
        differing.append(f"it was judged as on {context.day}, and its timestamp is of {at.date()}")
    trust = signed.trust if signed is not None else Trust.SELF_REPORTED
    if trust < expected.min_trust:
        differing.append(f"it is {trust.word}, and you ask for {expected.min_trust.word}")
    sequence = contents.manifest.sequence
    if expected.min_sequence is not None and sequence < expected.min_sequence:
        differing.append(f"it is number {sequence} of its chain, and you know of number {expected.min_sequence}")
    asked = [name for name, wanted, _ in pairs if wanted is not None]
    if differing:
        return False, "; ".join(differing)
    subject = f"commit {context.commit}" if context.commit else "no commit"
    dirty = " with changes that are not committed" if context.dirty and context.commit else ""
    return True, f"{subject}{dirty}, stage {context.stage}, judged on {context.day}" + (f" (compared: {', '.join(asked)})" if asked else "")


def _judged_again(contents: Contents, render_page: Render | None) -> tuple[Answer, Answer]:
    """The last two questions: parsing and judging again is what both need."""
    unknown = _unknown_judges(contents)
    if unknown:
        why = f"{unknown}: this version can't judge it again"
        return Answer(question=Question.FOLLOWS, holds=None, words=why), Answer(question=Question.COMPLETE, holds=False, words=why)
    differing = _differences(contents)
    if not differing and render_page is not None and contents.record.run.version == gates.__version__:
        same = contents.members.get(bundle.PAGE) == render_page(contents.record).encode("utf-8")
        differing = [] if same else [f"{bundle.PAGE} is not the page of this run"]
    follows = "; ".join(differing) or f"facts of {len(contents.record.facts)} gates from their raw output, the decision from the facts"
    missing = _missing(contents)
    complete = "; ".join(missing) or f"all {len(contents.record.facts)} gates that the policy demands at this stage"
    return (
        Answer(question=Question.FOLLOWS, holds=not differing, words=follows),
        Answer(question=Question.COMPLETE, holds=not missing, words=complete),
    )


def _unknown_judges(contents: Contents) -> str:
    """Which judge or parser of the bundle this version doesn't have, in words; empty where it has all."""
    if contents.manifest.judge not in JUDGES:
        return f"it was judged by judge {contents.manifest.judge}"
    for facts in contents.record.facts:
        try:
            gate = registry.find(facts.uses)
        except (KeyError, PluginError):
            return f"the gate {facts.uses!r} is not installed here"
        if gate.parser_of(facts.parser) is None:
            return f"{facts.gate} was read by parser {facts.parser} of {facts.uses}"
    return ""


def _differences(contents: Contents) -> list[str]:
    """What does not come out the same when it is done again."""
    record = contents.record
    differing = []
    if contents.manifest.parsers != {facts.gate: facts.parser for facts in record.facts}:
        differing.append("the manifest names other parsers than the facts")
    if record.base:
        differing.append("there are facts of a base, and no raw output from which they could follow")
    if record.comparison is not None:
        differing += disagreements(record.comparison, record)
        if record.comparison.previous != contents.manifest.previous:
            differing.append("it is compared with another bundle than the one that it follows")
    differing += redactions.faults(contents.members)
    differing += [f"it holds {name}, which is no part of a run" for name in _strange_members(contents)]
    orphans = sorted(set(contents.raw) - {facts.gate for facts in record.facts})
    differing += [f"there is raw output of {gate} and no facts" for gate in orphans]
    for facts in record.facts:
        again = read_facts(registry.find(facts.uses), facts.gate, contents.raw.get(facts.gate, {}), facts.parser)
        if canonical.of(again) != canonical.of(facts):
            differing.append(f"the facts of {facts.gate} do not follow from its raw output")
    try:
        if _extended(contents) != [source.name for source in contents.sources]:
            differing.append("the policy files are not those that the policy extends")
        effective = compose(contents.sources, record.context.stage, registry.find)
        if canonical.of(effective.policy) != canonical.of(record.policy):
            differing.append("the effective policy does not follow from the policy files")
        if record.origins is not None and record.origins != origins(effective):
            differing.append("the places of the policy are not those of its files")
    except PolicyError as error:
        differing.append(f"the policy files can't be composed again: {error}")
    try:
        decision = JUDGES[contents.manifest.judge](record.policy, record.context, record.facts, record.base)
        if canonical.of(decision) != canonical.of(record.decision):
            differing.append("the decision does not follow from policy, context and facts")
    except ValueError as error:
        differing.append(f"nothing can be decided from it: {error}")
    return differing


def _strange_members(contents: Contents) -> list[str]:
    """Members that no run writes: whoever finds them in a bundle that verifies would believe them."""
    written = bundle.members_of(contents.record, contents.sources, contents.raw)
    return sorted(set(contents.members) - set(written) - bundle.BESIDE - bundle.SIGNATURES)


def _extended(contents: Contents) -> list[str]:
    """The names of the policy file and of all that it extends, found anew. Raises `PolicyError` where one of them is not there."""
    if not contents.sources:
        return []
    read_file = {source.name: source.content for source in contents.sources}.get
    return [source.name for source in load.collect_from(contents.sources[-1].name, read_file)]


def _missing(contents: Contents) -> Sequence[str]:
    record = contents.record
    reported = {facts.gate for facts in record.facts}
    silent = [gate.name for gate in record.policy.gates if is_observed(gate, record.context) and gate.name not in reported]
    return (*(f"the gate {name} did not report" for name in silent), *record.decision.partial)
