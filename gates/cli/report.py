"""`gates report BUNDLE`: every format from the bundle alone."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from gates.cli import output
from gates.cli.bundles import last_bundle, read_bundle
from gates.errors import UsageError, cut
from gates.evidence import bundle, follows
from gates.evidence.bundle import Contents
from gates.judge.compare import compare
from gates.model import BundleInfo, Record
from gates.report.safe import terminal
from gates.report.view import Claim


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", nargs="?", type=Path, metavar="BUNDLE", help="a bundle: a .zip file or a folder (default: the last run)")
    parser.add_argument("--format", choices=output.FORMATS, default="text", help="what to render (default: text)")
    parser.add_argument("--previous", type=Path, metavar="BUNDLE", help="show on the page what became of the run since this earlier one")
    parser.add_argument("--output", type=Path, metavar="PATH", help="write it there instead of printing it")


def execute(options: argparse.Namespace) -> int:
    """Print the report. The exit code says that it could be rendered, not what the verdict is: `gates verify` does."""
    if options.previous and options.format != "html":
        raise UsageError(f"--previous is for the page, not for {options.format}", help="add --format html, or compare with `gates diff`")
    path = options.bundle or last_bundle(options.root)
    contents = bundle.read(path)
    claim = _claim(contents, str(path))
    if claim.doubt:
        sys.stderr.write(terminal(f"warning: {claim.doubt}; see `gates verify`") + "\n")
    record = _since(contents, options.previous) if options.previous else contents.record
    info = BundleInfo(path=str(path), digest=contents.digest, signed=bool(contents.signatures))
    code = output.exit_code(record)
    if options.output:
        output.write_report(options.output, output.render(options.format, record, bundle=info, code=code, claim=claim))
    else:
        sys.stdout.write(output.render(options.format, record, bundle=info, code=code, stream=sys.stdout, claim=claim))
    return 0


def _claim(contents: Contents, bundle: str) -> Claim:
    """A report repeats what a bundle says: say first where that can't be true, or can't be judged again."""
    unknown = follows.unknown_judges(contents)
    if unknown:
        return Claim(bundle=bundle, headline="Not judged again", doubt=f"this version can't judge this bundle again: {cut(unknown)}")
    wrong = "; ".join(follows.differences(contents))
    if wrong:
        doubt = f"what this bundle says does not follow from what it holds: {cut(wrong)}"
        return Claim(bundle=bundle, headline="Does not follow", doubt=doubt)
    return Claim(bundle=bundle)


def _since(contents: Contents, previous: Path) -> Record:
    """The record with what became of it since another bundle. Raises `BundleError`."""
    before = read_bundle(previous)
    return replace(contents.record, comparison=compare(before.record, contents.record, previous=before.digest))
