"""`gates report BUNDLE`: every format from the bundle alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gates.cli import output
from gates.evidence import bundle
from gates.model import BundleInfo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a bundle: a .zip file or a folder")
    parser.add_argument("--format", choices=output.FORMATS, default="text", help="what to render (default: text)")
    parser.add_argument("--output", type=Path, metavar="PATH", help="write it there instead of printing it")


def execute(options: argparse.Namespace) -> int:
    """Print the report. The exit code says that it could be rendered, not what the verdict is: `gates verify` does."""
    contents = bundle.read(options.bundle)
    info = BundleInfo(path=str(options.bundle), digest=contents.digest, signed=bool(contents.signatures))
    code = output.exit_code(contents.record)
    if options.output:
        output.write_report(options.output, output.render(options.format, contents.record, bundle=info, code=code))
    else:
        sys.stdout.write(output.render(options.format, contents.record, bundle=info, code=code, stream=sys.stdout))
    return 0
