"""`gates verify BUNDLE`: five questions, a line each, and an exit code of its own."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta
from pathlib import Path

from gates.adapters import clock
from gates.cli import output
from gates.errors import UsageError
from gates.evidence import trust, trust_file
from gates.evidence.trust import TRUST_WORDS, Trust, Trusted
from gates.evidence.verify import Answer, Expectation, Verification, verify
from gates.model import Stage
from gates.report import html
from gates.report.safe import terminal

_REQUIRABLE = ("signed", "timestamped")
_MARKS = {True: "yes", False: "NO", None: "not asked"}
_WORDS = {"intact": "intact", "trusted": "trusted", "about": "about the right thing", "follows": "follows", "complete": "complete"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, nargs="?", metavar="BUNDLE", help="a bundle: a .zip file or a folder")
    parser.add_argument("--allow-unsigned", action="store_true", help="take a bundle that nobody signed")
    parser.add_argument(
        "--key", action="append", default=[], type=Path, metavar="FILE", help="take one that this public key signed; repeatable"
    )
    parser.add_argument(
        "--identity",
        action="append",
        default=[],
        metavar="IDENTITY@ISSUER",
        help="take one that this identity signed by Sigstore, such as a workflow at a ref; repeatable",
    )
    parser.add_argument("--trust", type=Path, metavar="FILE", help="take one that a signer of this trust file signed, within its validity")
    parser.add_argument(
        "--require",
        type=_required,
        default=(),
        metavar="WHAT",
        help="`signed`: a digest alone won't do; `timestamped`: an authority of the trust file saw it on the day it was judged; or both",
    )
    parser.add_argument(
        "--min-trust", choices=tuple(TRUST_WORDS), default=Trust.SELF_REPORTED.word, help="how far its signer must be trusted"
    )
    parser.add_argument("--min-sequence", type=_number, metavar="N", help="it must be this one of its chain, or a later one")
    parser.add_argument("--digest", metavar="SHA256", help="take the bundle whose manifest has this sha256")
    parser.add_argument("--commit", metavar="ID", help="it must be about this commit (full id), on a clean tree")
    parser.add_argument("--repository", metavar="ADDRESS", help="it must be about this repository")
    parser.add_argument("--ref", metavar="NAME", help="it must be about this branch or tag (full name)")
    parser.add_argument("--stage", type=Stage, choices=list(Stage), help="it must have been judged for this stage")
    parser.add_argument("--policy-digest", metavar="SHA256", help="it must have been judged by this policy")
    parser.add_argument("--max-age", type=_days, metavar="DAYS", help="it must have been judged at most so many days ago")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what is printed (default: text)")


def execute(options: argparse.Namespace) -> int:
    if options.bundle is None:
        raise UsageError("name the bundle to verify", help="gates verify BUNDLE --allow-unsigned")
    today, aged = clock.today(), options.max_age is not None
    expected = Expectation(
        allow_unsigned=options.allow_unsigned,
        digest=options.digest,
        trusted=_trusted(options),
        signed="signed" in options.require,
        timestamped="timestamped" in options.require,
        min_trust=TRUST_WORDS[options.min_trust],
        min_sequence=options.min_sequence,
        commit=options.commit,
        repository=options.repository,
        ref=options.ref,
        stage=options.stage,
        policy_digest=options.policy_digest,
        not_before=today - timedelta(days=min(options.max_age, today.toordinal() - 1)) if aged else None,
        not_after=today if aged else None,
    )
    found = verify(options.bundle, expected, lambda record: html.render(record, bundle=None))
    sys.stdout.write(_json(found) if options.format == "json" else _text(found, color=output.wants_color(sys.stdout)))
    return found.code


def _trusted(options: argparse.Namespace) -> Trusted:
    """Whom the verifier names, on the command line and in the trust file. Raises `UsageError` or `PolicyError`."""
    file = trust_file.read(options.trust) if options.trust else Trusted()
    return file.and_named(trust.named_keys(options.key), trust.named_identities(options.identity))


def _text(found: Verification, *, color: bool) -> str:
    lines = [_line(answer, color=color) for answer in found.answers]
    if found.contents is not None:
        lines.append(
            f"verdict: {found.contents.record.decision.verdict}" + ("" if found.code in {0, 1, 3} else ", but it can't be relied on")
        )
        lines.append(f"digest: sha256:{found.contents.digest}")
    return "\n".join(lines) + "\n"


def _line(answer: Answer, *, color: bool) -> str:
    mark = _MARKS[answer.holds]
    if color:
        mark = f"\x1b[{ {True: 32, False: 31, None: 33}[answer.holds] }m{mark}\x1b[0m"
    return f"{_WORDS[answer.question]}: {mark}: {terminal(answer.words)}"


def _json(found: Verification) -> str:
    document = {
        "schema": "gates/verification/v1",
        "exit_code": int(found.code),
        "verdict": found.contents.record.decision.verdict.value if found.contents else None,
        "digest": f"sha256:{found.contents.digest}" if found.contents else None,
        "answers": [{"question": answer.question.value, "holds": answer.holds, "words": answer.words} for answer in found.answers],
    }
    return json.dumps(document, indent=2) + "\n"


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
