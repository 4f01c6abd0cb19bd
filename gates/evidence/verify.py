"""`gates verify`: is a bundle intact, trusted, about the right thing, does its verdict follow, and is it complete.

Needs no tool, network or repository: raw output is parsed again and the policies judge again, and both must give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from gates.errors import BundleError, VerifyCode, cut
from gates.evidence import bundle, follows
from gates.evidence.attestation import Place
from gates.evidence.bundle import Contents
from gates.evidence.signed import Signed, examine
from gates.evidence.trust import Trust, Trusted
from gates.judge.strictest import missing_facts
from gates.model import Record, Stage, Verdict

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
    """The answer to one question. `holds` is None where it was not asked: an earlier answer left nothing, or nothing was named."""

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
        return not_intact(error)
    signed = examine(contents, expected.trusted, timestamped=expected.timestamped)
    answers: tuple[Answer, ...] = (
        Answer(question=Question.INTACT, holds=True, words=f"{len(contents.members)} members, each as the manifest lists it"),
        _answer(Question.TRUSTED, lambda: _trusted(contents, signed, expected)),
        _answer(Question.ABOUT, lambda: _about(contents, signed, expected)),
        *_judged_again(contents, render_page),
    )
    answers = tuple(replace(answer, words=cut(answer.words)) for answer in answers)
    failed = [_FAULTS[answer.question] for answer in answers if answer.holds is False]
    code = min(failed) if failed else CODES[contents.record.decision.verdict]
    return Verification(answers=answers, code=code, contents=contents)


def not_intact(error: BundleError) -> Verification:
    """The answers about a bundle that could not be read."""
    problem = error.problems[0]
    words = f"{problem.error} ({problem.where})" if problem.where else problem.error
    rest = tuple(Answer(question=question, holds=None, words="not asked: the bundle is not intact") for question in list(Question)[1:])
    return Verification(answers=(Answer(question=Question.INTACT, holds=False, words=words), *rest), code=VerifyCode.NOT_INTACT)


def _answer(question: Question, ask: Callable[[], tuple[bool | None, str]]) -> Answer:
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


def _about(contents: Contents, signed: Signed | None, expected: Expectation) -> tuple[bool | None, str]:
    """Whether the bundle is about what the verifier named; None where nothing was named: then it could be about anything."""
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
        grants = "" if expected.trusted.from_file else " (only a trust file says how far a signer is believed)"
        said = (
            f"its signer is believed as {trust.word}"
            if signed is not None and signed.by is not None
            else "nobody whom you name vouches for it"
        )
        differing.append(f"{said}, and you ask for {expected.min_trust.word}{grants}")
    sequence = contents.manifest.sequence
    if expected.min_sequence is not None and sequence < expected.min_sequence:
        differing.append(f"it is number {sequence} of its chain, and you know of number {expected.min_sequence}")
    if differing:
        return False, "; ".join(differing)
    asked = [name for name, wanted, _ in pairs if wanted is not None] + list(_asked_besides(expected, trust))
    subject = f"commit {context.commit}" if context.commit else "no commit"
    dirty = " with changes that are not committed" if context.dirty and context.commit else ""
    said = f"{subject}{dirty}, stage {context.stage}, judged on {context.day}"
    return (True, f"{said} (compared: {', '.join(asked)})") if asked else (None, f"{said}: name what it should be about with --commit")


def _asked_besides(expected: Expectation, trust: Trust) -> Iterator[str]:
    if expected.not_before is not None:
        yield f"no older than {expected.not_before}"
    if expected.min_trust > Trust.SELF_REPORTED:
        yield f"believed as {trust.word}"
    if expected.min_sequence is not None:
        yield f"number {expected.min_sequence} or later"
    if expected.timestamped:
        yield "the timestamp's day"


def _judged_again(contents: Contents, render_page: Render | None) -> tuple[Answer, Answer]:
    """The last two questions: parsing and judging again is what both need."""
    unknown = follows.unknown_judges(contents)
    if unknown:
        why = f"{unknown}: this version can't judge it again"
        return Answer(question=Question.FOLLOWS, holds=None, words=why), Answer(question=Question.COMPLETE, holds=False, words=why)
    differing = follows.differences(contents)
    if not differing and render_page is not None and follows.made_by_this_version(contents):
        same = contents.members.get(bundle.PAGE) == render_page(contents.record).encode("utf-8")
        differing = [] if same else [f"{bundle.PAGE} is not the page that this version makes of the run: read `gates report` instead"]
    words = "; ".join(differing) or f"facts of {len(contents.record.facts)} gates from their raw output, the decision from the facts"
    if not differing and not follows.made_by_this_version(contents):
        words += f"; {bundle.PAGE} is by version {contents.record.run.version}, which could say anything: believe `gates report`"
    missing = _missing(contents)
    complete = "; ".join(missing) or f"all {len(contents.record.facts)} gates that the policy demands at this stage"
    return (
        Answer(question=Question.FOLLOWS, holds=not differing, words=words),
        Answer(question=Question.COMPLETE, holds=not missing, words=complete),
    )


def _missing(contents: Contents) -> Sequence[str]:
    record = contents.record
    silent = missing_facts(record.judgings(), record.context, record.facts)
    return (*(f"the gate {name} did not report" for name in silent), *record.decision.partial)
