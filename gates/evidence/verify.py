"""`gates verify`: is a bundle intact, trusted, about the right thing, does its verdict follow, and is it complete.

Needs no tool, network or repository: raw output is parsed again and the policies judge again, and both must give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from gates.dataclass import dataclass
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
    "same-job": "of a run in the job that ran the project's own code",
    None: "and does not say where it was judged",
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
    """The answer to one question. `holds` is None where it was not asked: an earlier answer left nothing, or nothing was named.

    `compared` and `not_compared`: of what the bundle is about, what the verifier named and what not. Whoever does not name the commit
    gets no True: what was not compared is the bundle's own word.
    """

    question: Question
    holds: bool | None
    words: str
    compared: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()


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
    folder: str | None = None
    base: str | None = None
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
    trusted, why = _trusted(contents, signed, expected)
    answers: tuple[Answer, ...] = (
        Answer(question=Question.INTACT, holds=True, words=f"{len(contents.members)} members, each as the manifest lists it"),
        Answer(question=Question.TRUSTED, holds=trusted, words=why),
        _about(contents, signed, expected, trusted=trusted),
        *_judged_again(contents, expected, render_page),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """One thing that a bundle is about, named as the option that asks for it. `fault`: how it differs, empty where it does not.

    `moot`: it was named, and another answer already says why there is nothing to compare.
    """

    name: str
    says: str
    asked: bool
    fault: str = ""
    moot: bool = False


def _about(contents: Contents, signed: Signed | None, expected: Expectation, *, trusted: bool) -> Answer:
    """Whether the bundle is about what the verifier named, thing by thing: True only where the commit is among what was compared."""
    things = [*_subject(contents, expected), *_besides(contents, signed, expected, trusted=trusted)]
    differing = [thing.fault for thing in things if thing.fault]
    asked = [thing for thing in things if thing.asked]
    same = [thing.says for thing in asked if not thing.fault]
    unnamed = expected.commit is None and not differing
    parts = [
        "; ".join(differing),
        _listed("the rest is as you ask: " if differing else "as you ask: ", same),
        _listed("not compared, the bundle's own word: ", [thing.says for thing in things if not thing.asked and not thing.moot]),
        *(thing.says for thing in things if thing.moot),
    ]
    if unnamed:  # what was not compared counts for more than what was
        parts = [parts[2].removeprefix("" if asked else "not compared, "), parts[1], *parts[3:], "`--commit ID` compares it with yours"]
    return Answer(
        question=Question.ABOUT,
        holds=False if differing else None if unnamed else True,
        words="; ".join(filter(None, parts)),
        compared=tuple(thing.name for thing in asked),
        not_compared=tuple(thing.name for thing in things if not thing.asked),
    )


def _listed(before: str, said: Sequence[str]) -> str:
    return before + ", ".join(said) if said else ""


def _subject(contents: Contents, expected: Expectation) -> Iterator[_Compared]:
    """What a run is about, in the words of its own evidence."""
    context, decision = contents.record.context, contents.record.decision
    dirty = context.dirty and context.commit is not None
    pairs = (
        ("commit", expected.commit, context.commit),
        ("repository", expected.repository, context.repository),
        ("ref", expected.ref, context.ref),
        ("folder", expected.folder, context.folder),
        ("stage", expected.stage, context.stage),
        ("policy-digest", expected.policy_digest, decision.policy_digest),
    )
    for name, wanted, is_ in pairs:
        if name == "folder" and wanted is None:
            yield from _part_of_it(context.folder, expected)
            continue
        noun = name.replace("-", " ")
        faults = [f"its {noun} is {is_ or 'not known'}, not {wanted}"] if wanted not in (None, is_) else []
        if name == "commit" and wanted is not None and context.dirty:
            faults.append("it was made on a dirty tree, which is never the commit")
        says = f"{noun} {is_ or 'not known'}{' with changes that are not committed' if name == 'commit' and dirty else ''}"
        if name == "policy-digest" and wanted is None:  # to copy it from here would hold the bundle against itself
            says = "policy"
        yield _Compared(name=name, says=says, asked=wanted is not None, fault="; ".join(faults))
    yield from _held_against(contents.record, expected)


def _held_against(record: Record, expected: Expectation) -> Iterator[_Compared]:
    """The base. At a release it is a tag, and whoever may push one chooses what counts as old: there it is spoken of unasked."""
    base, wanted = record.context.base, expected.base
    if wanted is None and (base is None or record.context.stage is not Stage.RELEASE):
        return
    found_by = f" ({record.change.found_by})" if record.change is not None else ""
    says = f"base {base}{found_by}" if base else "no base, so all findings are new"
    fault = f"it was held against {says.removeprefix('base ')}, not {wanted}" if wanted not in (None, base) else ""
    yield _Compared(name="base", says=says, asked=wanted is not None, fault=fault)


def _part_of_it(folder: str | None, expected: Expectation) -> Iterator[_Compared]:
    """Of a bundle of a folder: whoever asks about a commit would take it for the whole."""
    if folder is not None:
        fault = f"it is of the folder {folder} alone: name that with --folder" if expected.commit is not None else ""
        yield _Compared(name="folder", says=f"folder {folder}", asked=False, fault=fault)


def _besides(contents: Contents, signed: Signed | None, expected: Expectation, *, trusted: bool) -> Iterator[_Compared]:
    """The day, the timestamp's day, the signer's level and the number in the chain: of the last three only what was asked."""
    day, sequence = contents.record.context.day, contents.manifest.sequence
    at = signed.stamp.at if signed is not None and expected.timestamped else None
    yield _age(day, expected)
    if at is not None:
        other = f"it was judged as on {day}, and its timestamp is of {at.date()}" if at.date() != day else ""
        yield _Compared(name="timestamped", says="on the timestamp's day", asked=True, fault=other)
    if expected.min_trust > Trust.SELF_REPORTED:
        yield _level(signed, expected, trusted=trusted)
    if expected.min_sequence is not None:
        earlier = f"it is number {sequence} of its chain, and you know of number {expected.min_sequence}"
        says = f"number {sequence} of its chain"
        yield _Compared(name="min-sequence", says=says, asked=True, fault=earlier if sequence < expected.min_sequence else "")


def _age(day: date, expected: Expectation) -> _Compared:
    fault, bound = "", f", no older than {expected.not_before}" if expected.not_before is not None else ""
    if expected.not_before is not None and day < expected.not_before:
        fault = f"it was judged on {day}, before {expected.not_before}"
    elif expected.not_after is not None and day > expected.not_after:
        fault = f"it was judged as on {day}, which is yet to come"
    return _Compared(name="max-age", says=f"judged on {day}{bound}", asked=expected.not_before is not None, fault=fault)


def _level(signed: Signed | None, expected: Expectation, *, trusted: bool) -> _Compared:
    """How far the signer is believed. Where nobody vouches and that is why it is not trusted, this is no second fault."""
    trust, by = (signed.trust, signed.by) if signed is not None else (Trust.SELF_REPORTED, None)
    if by is None and not trusted:
        says = f"{expected.min_trust.word} is not compared: nobody whom you name vouches for it"
        return _Compared(name="min-trust", says=says, asked=False, moot=True)
    grants = "" if expected.trusted.from_file else " (only a trust file says how far a signer is believed)"
    said = f"its signer is believed as {trust.word}" if by is not None else "nobody whom you name vouches for it"
    fault = f"{said}, and you ask for {expected.min_trust.word}{grants}" if trust < expected.min_trust else ""
    return _Compared(name="min-trust", says=f"believed as {trust.word}", asked=True, fault=fault)


def _judged_again(contents: Contents, expected: Expectation, render_page: Render | None) -> tuple[Answer, Answer]:
    """The last two questions: parsing and judging again is what both need."""
    unknown = follows.unknown_judges(contents)
    if unknown:
        why = f"{unknown}: this version can't judge it again"
        return Answer(question=Question.FOLLOWS, holds=None, words=why), Answer(question=Question.COMPLETE, holds=False, words=why)
    differing = follows.differences(contents)
    if not differing and render_page is not None and follows.made_by_this_version(contents):
        page, wanted = contents.members.get(bundle.PAGE), contents.record.context.stage is not Stage.COMMIT
        same = page == render_page(contents.record).encode("utf-8") if page is not None or wanted else True
        differing = [] if same else [f"{bundle.PAGE} is not the page that this version makes of the run: read `gates report` instead"]
    count = len(contents.record.facts)
    gates = f"{count} gate{'' if count == 1 else 's'}"
    words = "; ".join(differing) or f"facts of {gates} from their raw output, the decision from the facts"
    if not differing and bundle.PAGE in contents.members and not follows.made_by_this_version(contents):
        words += f"; {bundle.PAGE} is by version {contents.record.run.version}, which could say anything: believe `gates report`"
    overridden = contents.record.decision.override
    if overridden is not None:
        words += f"; {overridden.verdict.value} but for the override {overridden.id} of {overridden.by}: {overridden.reason}"
    missing = _missing(contents)
    whose = (
        "the policy whose digest you name demands at this stage"
        if expected.policy_digest == contents.record.decision.policy_digest
        else "its own policy demands at this stage; --policy-digest or --policy FILE hold that policy against yours"
    )
    complete = "; ".join(missing) or f"{'the one gate' if count == 1 else f'all {gates}'} that {whose}"
    return (
        Answer(question=Question.FOLLOWS, holds=not differing, words=words),
        Answer(question=Question.COMPLETE, holds=not missing, words=complete),
    )


def _missing(contents: Contents) -> Sequence[str]:
    record = contents.record
    silent = missing_facts(record.judgings(), record.context, record.facts)
    return (*(f"the gate {name} did not report" for name in silent), *record.decision.partial)
