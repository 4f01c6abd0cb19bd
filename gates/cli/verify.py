"""`gates verify BUNDLE`: five questions, a line each, and an exit code of its own; and the same for a chain of bundles."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import date, timedelta
from pathlib import Path

from gates.adapters import clock
from gates.cli import answers, output, signers, sources
from gates.errors import UsageError, VerifyCode
from gates.evidence.chain import verify_chain
from gates.evidence.rejudge import Rejudged, by_another
from gates.evidence.trust import TRUST_WORDS, Trust
from gates.evidence.verify import CODES, Expectation, Verification, verify
from gates.model import Record, Stage
from gates.report import html

_REQUIRABLE = ("signed", "timestamped")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundles", type=Path, nargs="*", metavar="BUNDLE", help="a bundle, one: a .zip file or a folder")
    parser.add_argument("--chain", type=Path, metavar="DIR", help="verify all bundles of a branch in this folder, and that none is missing")
    parser.add_argument("--policy", metavar="FILE", help="judge it by this policy too, as on today: the exit code is that of its verdict")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what is printed (default: text)")
    trusted = parser.add_argument_group("whom to trust")
    trusted.add_argument("--allow-unsigned", action="store_true", help="take a bundle that nobody signed")
    signers.add_arguments(trusted)
    trusted.add_argument("--digest", metavar="SHA256", help="trust the bundle whose manifest has this sha256")
    trusted.add_argument(
        "--require",
        type=_required,
        default=(),
        metavar="WHAT",
        help="`signed`: a digest alone won't do; `timestamped`: an authority of the trust file saw it on the day it was judged; "
        "or both: signed,timestamped",
    )
    trusted.add_argument(
        "--min-trust",
        choices=tuple(TRUST_WORDS),
        default=Trust.SELF_REPORTED.word,
        help="how far the trust file must believe its signer (default: self-reported)",
    )
    about = parser.add_argument_group("what it has to be about")
    about.add_argument("--commit", type=_commit, metavar="ID", help="this commit (full id), on a clean tree")
    about.add_argument("--repository", metavar="ADDRESS", help="this repository")
    about.add_argument("--ref", metavar="NAME", help="this branch or tag (full name, such as refs/heads/main)")
    about.add_argument("--folder", metavar="DIR", help="this folder of the repository, which was judged by itself")
    about.add_argument("--base", type=_commit, metavar="ID", help="held against this commit (full id), such as that of the last release")
    about.add_argument("--stage", type=Stage, choices=list(Stage), help="judged for this stage")
    about.add_argument("--policy-digest", metavar="SHA256", help="judged by this policy")
    about.add_argument("--max-age", type=_days, metavar="DAYS", help="judged at most so many days ago")
    about.add_argument("--min-sequence", type=_number, metavar="N", help="this number of its chain, or a later one")


def execute(options: argparse.Namespace) -> int:
    if len(options.bundles) > 1:
        raise UsageError(
            f"{len(options.bundles)} bundles are named, and `gates verify` answers for one at a time",
            help="verify each by itself, or with --chain DIR those of a branch whose runs name each other",
        )
    if bool(options.bundles) == (options.chain is not None):
        raise UsageError("name one bundle to verify, or a folder of them with --chain", help="gates verify BUNDLE --allow-unsigned")
    if options.chain is not None and options.policy:
        raise UsageError("--policy judges one bundle again, not a chain", help="name the bundle instead of --chain")
    today, aged = clock.today(), options.max_age is not None
    expected = Expectation(
        allow_unsigned=options.allow_unsigned,
        digest=options.digest,
        trusted=signers.named(options),
        signed="signed" in options.require,
        timestamped="timestamped" in options.require,
        min_trust=TRUST_WORDS[options.min_trust],
        min_sequence=options.min_sequence,
        commit=options.commit,
        repository=options.repository,
        ref=options.ref,
        folder=options.folder,
        base=options.base,
        stage=options.stage,
        policy_digest=options.policy_digest,
        not_before=today - timedelta(days=min(options.max_age, today.toordinal() - 1)) if aged else None,
        not_after=today if aged else None,
    )
    color = output.wants_color(sys.stdout)
    if options.chain is not None:
        chain = verify_chain(options.chain, expected, _page)
        output.say(answers.chain_document(chain) if options.format == "json" else answers.chain_text(chain, color=color))
        return chain.code
    found = verify(options.bundles[0], expected, _page)
    other, code = _by_another(found, options, today)
    output.say(answers.document(found, other, code) if options.format == "json" else answers.text(found, other, color=color))
    return code


def _by_another(found: Verification, options: argparse.Namespace, today: date) -> tuple[Rejudged | None, VerifyCode]:
    """What another policy says, where one is named and the bundle can be relied on; then the code is that of its verdict."""
    if not options.policy:
        return None, found.code
    named = sources.anywhere(options.root, options.policy)
    if found.contents is None or found.code not in CODES.values():
        return None, found.code
    other = by_another(found.contents, named, today)
    return other, CODES[other.decision.verdict]


def _page(record: Record) -> str:
    return html.render(record, bundle=None)


def _commit(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is not the full id of a commit: `git rev-parse` gives it")
    return text.lower()


def _days(text: str) -> int:
    return _number(text, "a number of days")


def _number(text: str, what: str = "a number") -> int:
    if not text.isdecimal() or len(text) > 15:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return int(text)


def _required(text: str) -> tuple[str, ...]:
    words = tuple(text.split(","))
    for word in words:
        if word not in _REQUIRABLE:
            raise argparse.ArgumentTypeError(f"{word!r} can't be required; `signed` and `timestamped` can")
    return words
