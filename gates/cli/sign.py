"""`gates sign BUNDLE --sign-key FILE`: sign a bundle that is intact and follows, in a job that runs none of the project's code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gates.adapters import clock
from gates.errors import BundleError, EvidenceError, ExitCode, Problem, UsageError
from gates.evidence import attestation, bundle, keys
from gates.evidence.verify import Expectation, Question, verify
from gates.report import html
from gates.report.safe import terminal

#: What has to hold before anyone puts a name under it. That a bundle is partial is said in what is signed.
_NEEDED = (Question.INTACT, Question.FOLLOWS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a bundle: a .zip file or a folder")
    parser.add_argument("--sign-key", type=Path, required=True, metavar="FILE", help="the private key, as `gates keygen` makes it")


def execute(options: argparse.Namespace) -> int:
    key = keys.load_private(options.sign_key)
    found = verify(options.bundle, Expectation(allow_unsigned=True), lambda record: html.render(record, bundle=None))
    wrong = [answer for answer in found.answers if answer.question in _NEEDED and not answer.holds]
    if wrong or found.contents is None:
        raise EvidenceError(
            f"nothing was signed: {wrong[0].words}",
            where=str(options.bundle),
            help="see `gates verify`; sign the bundle that the run wrote",
        )
    if found.contents.signatures:
        raise UsageError("the bundle is signed already", where=str(options.bundle), help="see by whom with `gates verify --key FILE`")
    try:
        signatures = attestation.sign(found.contents, key, place="apart", time=clock.now_text())
    except BundleError as error:
        problem: Problem = error.problems[0]
        raise EvidenceError(f"nothing was signed: {problem.error}", where=str(options.bundle), help=problem.help) from error
    written = bundle.add_signatures(options.bundle, found.contents, signatures)
    sys.stdout.write(terminal(f"signed: {written.path} (sha256:{written.digest}) with the key {key.public.id}") + "\n")
    return ExitCode.PASSED
