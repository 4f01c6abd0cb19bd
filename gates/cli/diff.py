"""`gates diff A B`: what became of a run since an earlier one, from the two bundles alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gates.cli import output
from gates.cli.bundles import read_bundle
from gates.judge.compare import compare
from gates.report import diff


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", type=Path, metavar="A", help="the earlier bundle: a .zip file or a folder")
    parser.add_argument("after", type=Path, metavar="B", help="the later one")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what is printed (default: text)")


def execute(options: argparse.Namespace) -> int:
    """Print the comparison. The exit code is 0 whatever has changed: only a policy judges. Raises `BundleError`."""
    before, after = read_bundle(options.before), read_bundle(options.after)
    comparison = compare(before.record, after.record, previous=before.digest)
    if options.format == "json":
        text = diff.render_json(after.record, comparison, digest=after.digest)
    else:
        color, width = output.wants_color(sys.stdout), output.width(sys.stdout)
        text = diff.render(after.record, comparison, digest=after.digest, color=color, width=width)
    sys.stdout.write(text)
    return 0
