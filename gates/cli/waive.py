"""`gates waive`: add a waiver for a finding of the last run to the policy, or sign one, or an override, that is there."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar, cast, get_args

from gates.adapters import clock, git
from gates.cli import asking, sources
from gates.cli.bundles import last_bundle, read_bundle
from gates.cli.candidates import Candidate, candidates, chosen
from gates.cli.holders import holder
from gates.cli.policy_file import PolicyFile
from gates.errors import ExitCode, UsageError
from gates.evidence import keys
from gates.evidence.keys import PrivateKey
from gates.judge import waivers
from gates.model import Override, Policy, Record, Stage, Waiver, WaiverClass, WaiverState
from gates.policy import approvers, insertion, signing
from gates.policy.approvers import login
from gates.report.safe import terminal

_CLASSES: tuple[str, ...] = get_args(WaiverClass)
#: What bears a signature of an approver.
Signable = TypeVar("Signable", bound=Waiver | Override)
_NUMBERED = re.compile(r"W-([0-9]{1,9})")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "things",
        nargs="*",
        metavar="THING",
        help="the finding: a fingerprint, or words that all fit it (a gate, a rule, a path); "
        "with --sign-key also the id of a waiver or an override",
    )
    parser.add_argument("--bundle", type=Path, metavar="BUNDLE", help="the run to look into (default: the last one)")
    parser.add_argument("--policy", metavar="FILE", help=f"the policy file to write into (default: {sources.POLICY_FILE})")
    parser.add_argument("--reason", metavar="TEXT", help="why it is acceptable")
    parser.add_argument("--class", dest="kind", choices=_CLASSES, help="what kind of exception it is")
    parser.add_argument("--owner", metavar="NAME", help="who mends it")
    parser.add_argument("--approver", metavar="NAME", help="who agreed")
    parser.add_argument("--expires", metavar="DAY", type=_day, help="the last day on which it counts (YYYY-MM-DD)")
    parser.add_argument("--yes", action="store_true", help="ask nothing: what has a default gets it, and what has none must be given")
    parser.add_argument("--sign-key", type=Path, metavar="FILE", help="sign it with this private key, whose public half `approvers` names")


def execute(options: argparse.Namespace) -> int:
    file = PolicyFile.read(options.root, options.policy)
    key = keys.load_private(options.sign_key) if options.sign_key else None
    if key is not None and len(options.things) == 1:
        policy = file.policy(Stage.CHANGE)
        standing: tuple[Waiver | Override, ...] = (*policy.waivers, *(policy.overrides or ()))
        there = next((item for item in standing if item.id == options.things[0]), None)
        if there is not None:
            return _sign(options, file, policy, there, key)
    return _add(options, file, key)


def _asked(options: argparse.Namespace) -> bool:
    """Whether there is somebody to ask, who wants to be."""
    return asking.at_terminal() and not options.yes


# -- adding one ---------------------------------------------------------------------------------


def _add(options: argparse.Namespace, file: PolicyFile, key: PrivateKey | None) -> int:
    path = options.bundle or last_bundle(options.root)
    record = read_bundle(path).record
    policy = file.policy(record.context.stage)
    found = chosen(options.things, candidates(record, policy, clock.today()), path, asked=_asked(options))
    waiver = _signed(_waiver(options, policy, found, key, record.context.folder), policy, key)
    if _asked(options):
        sys.stderr.write(_shown(insertion.written(waiver)))
        if not asking.confirm(f"write this to {file.name}?"):
            raise UsageError("nothing was written", help="run it again with what should be otherwise")
    expected = replace(policy, waivers=(*policy.waivers, waiver))
    by_hand = f"add this to `waivers` by hand:\n{insertion.written(waiver)}"
    content = file.changed(lambda old: insertion.add_waiver(old, waiver), expected, by_hand)
    if not all(waivers.matches(waiver, finding) for finding in found.findings):
        raise UsageError(f"the waiver would not match {found.line}, so nothing was written", help=by_hand)
    file.write(content)
    sys.stdout.write(_shown(f"wrote {waiver.id} to {file.name}: {len(found.findings)} of {found.gate}, until {waiver.expires}"))
    sys.stdout.writelines(_shown(line) for line in _next(expected, record, waiver))
    return ExitCode.PASSED


# -- what it says -------------------------------------------------------------------------------


def _waiver(options: argparse.Namespace, policy: Policy, found: Candidate, key: PrivateKey | None, folder: str | None) -> Waiver:
    """The waiver of what was given, asked, or follows. Raises `UsageError` for what is missing or can't be.

    It names the folder that was judged by itself: nobody's signature counts without.
    """
    today = clock.today()
    longest = policy.waiver_rules.max_days.get(max(finding.severity for finding in found.findings).word)
    defaults = _defaults(policy, found, key) | ({"expires": (today + timedelta(days=longest)).isoformat()} if longest else {})
    given = {"reason": options.reason, "class": options.kind, "owner": options.owner, "approver": options.approver}
    given |= {"expires": options.expires.isoformat() if options.expires else None}
    said = {name: _answer(name, value, defaults.get(name, ""), options) for name, value in given.items()}
    missing = [f"--{name}" for name, value in said.items() if value is None]
    if missing:
        help = "give them as options, or run it on a terminal, where it asks; `--yes` takes what has a default"
        raise UsageError(f"a waiver is complete, and there is nobody to ask for {', '.join(missing)}", help=help)
    expires = _day(said["expires"] or "")
    _check_life(policy, today, expires, longest)
    return Waiver(
        id=_next_id(policy),
        gate=found.gate,
        match=found.match,
        waiver_class=cast("WaiverClass", said["class"]),
        reason=said["reason"] or "",
        owner=said["owner"] or "",
        approver=said["approver"] or "",
        created=today,
        expires=expires,
        folder=folder,
    )


def _defaults(policy: Policy, found: Candidate, key: PrivateKey | None) -> dict[str, str]:
    """Who owns what the gate finds, and who approves: whoever signs, else the first that the policy names."""
    named = [approvers.parse(text) for text in policy.approvers]
    signer = holder(policy.approvers, key).name if key else ""
    return {
        "owner": next((gate.owner for gate in policy.gates if gate.name == found.gate), ""),
        "approver": signer or next((who.name for who in named), ""),
    }


_QUESTIONS = {
    "reason": "why is it acceptable",
    "class": f"what kind of exception is it ({', '.join(_CLASSES)})",
    "owner": "who mends it",
    "approver": "who agreed",
    "expires": "the last day on which it counts",
}


def _answer(name: str, given: str | None, default: str, options: argparse.Namespace) -> str | None:
    """What was given, else what is answered, else the default where nothing is to be asked; None where it is missing."""
    if given is not None:
        if not given.strip():
            raise UsageError(f"--{name} is blank", help="say it in words, or leave it out to be asked")
        return given
    if options.yes:
        return default or None
    if not _asked(options):
        return None
    return asking.ask(_QUESTIONS[name], lambda text: _read(name, text), default=default)


def _read(name: str, text: str) -> str:
    if not text:
        raise ValueError("it can't be blank")
    if name == "class" and text not in _CLASSES:
        raise ValueError(f"one of {', '.join(_CLASSES)}")
    if name == "expires":
        try:
            _day(text)
        except argparse.ArgumentTypeError as error:
            raise ValueError(str(error)) from None
    return text


def _check_life(policy: Policy, today: date, expires: date, longest: int | None) -> None:
    if expires < today:
        raise UsageError(f"{expires} is over: the waiver would never count", help="name today (UTC) or a later day")
    if longest is not None and (expires - today).days > longest and policy.waiver_rules.too_long == "fail":
        latest = today + timedelta(days=longest)
        raise UsageError(
            f"it would last {(expires - today).days} days, and this policy allows {longest} for what it covers", help=f"end it by {latest}"
        )


def _next_id(policy: Policy) -> str:
    numbers = [int(found[1]) for waiver in policy.waivers if (found := _NUMBERED.fullmatch(waiver.id))]
    return f"W-{max(numbers, default=0) + 1}"


def _next(policy: Policy, record: Record, waiver: Waiver) -> Iterator[str]:
    """What is still to be done, a line each."""
    context = replace(record.context, day=waiver.created)
    known = {facts.gate: facts for facts in record.facts}
    decisions = waivers.apply(policy, context, known, record.reviews).decisions
    own = next(decision for decision in decisions if decision.id == waiver.id)
    if own.state not in {WaiverState.ACTIVE, WaiverState.EXPIRES_SOON}:
        yield f"note: {own.message}"
    for older in policy.waivers:
        if older.gate == waiver.gate and older.match == waiver.match and older.expires < waiver.created:
            yield f"note: {older.id} was for the same and is over: take it out"
    yield "next: commit it, and let it be reviewed like any other change. It counts once it stands where the change goes: merge it ahead"
    yield "      of what it waives, or let an approver sign it (docs/policy.md#waivers)"


# -- signing ------------------------------------------------------------------------------------


def _sign(options: argparse.Namespace, file: PolicyFile, policy: Policy, item: Waiver | Override, key: PrivateKey) -> int:
    """Sign what stands in the file. Raises `UsageError` for a waiver whose signature would not count here."""
    _check_folder(item, git.checkout(options.root).folder)
    if signing.signer(item, [f"{holder(policy.approvers, key).name} {approvers.written(key.public.raw)}"]):
        sys.stdout.write(_shown(f"{item.id} is signed by {holder(policy.approvers, key).name} already, as it stands"))
        return ExitCode.PASSED
    if _asked(options):
        sys.stderr.write(_shown(insertion.written(replace(item, signature=None))))
        if not asking.confirm(f"sign this as {holder(policy.approvers, key).name}?"):
            raise UsageError("nothing was signed", help="a signature says that you agree")
    signed = _signed(item, policy, key)
    content = file.changed(
        lambda old: insertion.add_signature(old, signed),
        _with(policy, signed),
        f"where {item.id} stands in another file, name that with --policy; else add this to it by hand:\nsignature: {signed.signature}",
    )
    file.write(content)
    sys.stdout.write(
        _shown(f"signed {item.id} in {file.name} as {holder(policy.approvers, key).name}; any change to it needs a new signature")
    )
    return ExitCode.PASSED


def _check_folder(item: Waiver | Override, folder: str | None) -> None:
    if isinstance(item, Waiver) and item.folder != folder:
        of, this = (f"the folder {name}" if name else "the whole repository" for name in (item.folder, folder))
        help = f"write `folder: {folder}` into it first" if folder else f"sign it in {item.folder}"
        raise UsageError(f"{item.id} is for {of}, and what is judged here is {this}: no signature would count", help=help)


def _with(policy: Policy, signed: Waiver | Override) -> Policy:
    """The policy with what was signed in the place of what bore its id."""
    if isinstance(signed, Waiver):
        return replace(policy, waivers=tuple(signed if item.id == signed.id else item for item in policy.waivers))
    return replace(policy, overrides=tuple(signed if item.id == signed.id else item for item in policy.overrides or ()))


def _signed(item: Signable, policy: Policy, key: PrivateKey | None) -> Signable:
    """The same with a signature, where there is a key. Raises `UsageError` for a key whose signature would not count."""
    if key is None:
        return item
    who = holder(policy.approvers, key)
    if login(who.name) == login(item.owner):
        raise UsageError(f"{who.name} owns {item.id}, and nobody approves for themselves", help="let another of `approvers` sign it")
    return replace(item, signature=signing.written(key.sign(signing.payload(item))))


def _shown(text: str) -> str:
    return "".join(f"{terminal(line)}\n" for line in text.split("\n"))


def _day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-12-31")
