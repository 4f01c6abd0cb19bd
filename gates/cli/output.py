"""What commands print and write: a record in any format, and the exit code that follows from it."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from gates.adapters import files
from gates.errors import EvidenceError, ExitCode, UsageError
from gates.model import BundleInfo, Record, Verdict
from gates.report.view import Claim

if TYPE_CHECKING:
    from gates.request import Result

FORMATS = ("text", "json", "markdown", "html", "sarif", "junit", "github", "gitlab", "comment")
FORMATS_OF_RUN = ("text", "json", "github")
_CODES = {Verdict.PASSED: ExitCode.PASSED, Verdict.FAILED: ExitCode.FAILED, Verdict.ERRORED: ExitCode.ERRORED}


def exit_code(record: Record) -> ExitCode:
    """The exit code of a verdict. It never depends on a report's format."""
    return _CODES[record.decision.verdict]


def render(
    kind: str, record: Record, *, bundle: BundleInfo | None, code: int, stream: TextIO | None = None, claim: Claim | None = None
) -> str:
    """A record in one of `FORMATS`. `stream` is where text goes: it decides on colour and width.

    `claim` is of a bundle that nobody has verified: what people read (text, markdown, html) says so.
    """
    settings: dict[str, Any] = {}
    match kind:
        case "json":
            settings = {"bundle": bundle, "exit_code": code, "problems": ()}
        case "text":
            settings = {"bundle": bundle, "color": wants_color(stream), "width": width(stream), "claim": claim}
        case "markdown" | "html" | "comment":
            settings = {"bundle": bundle, "claim": claim}
    return str(importlib.import_module(f"gates.report.{kind}").render(record, **settings))


def tell(result: Result, kind: str, reports: Sequence[tuple[str, Path]]) -> ExitCode:
    """Write the reports of a run that has ended, print one of a kind, and return its exit code. Raises `EvidenceError`."""
    code = ExitCode.INTERRUPTED if result.interrupted else exit_code(result.record)
    for report, path in reports:
        write_report(path, render(report, result.record, bundle=result.bundle, code=code))
    say(render(kind, result.record, bundle=result.bundle, code=code, stream=sys.stdout))
    return code


def say(text: str) -> None:
    """Print to the last byte. Raises `EvidenceError` where it can't be written, `BrokenPipeError` where nobody reads."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EvidenceError(
            f"the report could not be printed: {error.strerror or error}",
            help="free some space or print to another place; the bundle is written",
        ) from error


def wants_color(stream: TextIO | None) -> bool:
    """Colour on a terminal, unless NO_COLOR; FORCE_COLOR wins everywhere (see no-color.org, force-color.org)."""
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream is not None and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width(stream: TextIO | None) -> int:
    """Columns to write for: COLUMNS, else the terminal's, else 100."""
    if os.environ.get("COLUMNS", "").isdecimal():
        return max(40, int(os.environ["COLUMNS"]))
    return shutil.get_terminal_size((100, 24)).columns if stream is not None and stream.isatty() else 100


def parse_destination(text: str) -> tuple[str, Path]:
    """`FORMAT=PATH` taken apart; raises `UsageError` with what would be right."""
    kind, equals, path = text.partition("=")
    if kind not in FORMATS or not equals or not path:
        raise UsageError(f"--report {text!r} is not FORMAT=PATH", help=f"FORMAT is one of {', '.join(FORMATS)}")
    return kind, Path(path)


def write_report(path: Path, content: str) -> None:
    """Write a report whole or not at all; raises `EvidenceError`."""
    files.write_atomically(path, content.encode("utf-8", "replace"))
