"""Any other test runner: a command that writes JUnit XML. What it says is its own word, so the proof is `claimed`."""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from gates.api import Examined, Facts, GateError, Kind, ObserveContext, Raw, count
from gates.formats import junit
from gates.formats.report import Places
from gates.runners.tests import coverage
from gates.runners.tests.coverage import stamp
from gates.runners.tests.options import Options

MEMBER = "command.json"
REPORT = "report.xml"


def observe(context: ObserveContext, options: Options) -> None:
    """Run the command and keep the report that it wrote; raises `GateError` where that is not of this run."""
    raw_folder = context.raw_folder.absolute()
    argv = [word.replace("{raw}", str(raw_folder)).replace("{python}", context.python) for word in options.command]
    argv[0] = context.program(argv[0])
    own = context.inside(options.junit)
    before = stamp(own)
    done = context.run_tool(argv, tool=Path(options.command[0]).name)
    report = _written(raw_folder / options.junit, None) or _written(own, before)
    if report is None:
        raise GateError(
            f"the command did not write {options.junit}: {done.last_words()}",
            remedy=f"let it write {{raw}}/{options.junit}, or {options.junit} below the root",
        )
    target = context.raw_path(REPORT)
    if report != target:
        shutil.copyfile(report, target)
    files = _perhaps_named(target.read_bytes(), context.files)
    context.raw_json(MEMBER, {"exit_code": done.exit_code, "places": dict(context.places), "files": files})


def _perhaps_named(report: bytes, files: Sequence[str]) -> list[str]:
    """The files whose names could stand in a report, be it as paths or as modules."""
    words = set(re.findall(r"\w+", report.decode("utf-8", "replace")))
    return [path for path in files if words.issuperset(re.findall(r"\w+", posixpath.splitext(posixpath.basename(path))[0]))]


def _written(path: Path, before: tuple[int, int] | None) -> Path | None:
    return path if path.is_file() and not path.is_symlink() and stamp(path) != before else None


def read_facts(raw: Raw) -> Facts:
    """Facts of the report; raises `GateError` where it lists no test or the exit code says something else."""
    observed = raw.json(MEMBER)
    cases, files = junit.read_cases(raw.content(REPORT), REPORT), observed.get("files")
    report = junit.report_of(raw, cases, Places(known=observed["places"]), None if files is None else tuple(files))
    done = len(report.examined or ())
    if not done and not report.skipped:
        raise GateError("the report lists no tests", remedy="check that the command finds its tests")
    if observed["exit_code"] != 0 and not any(finding.kind is Kind.FAILURE for finding in report.findings):
        raise GateError(
            f"the command ended with exit code {observed['exit_code']} although its report lists no failure",
            remedy="its own output is kept with the evidence and says why",
        )
    flakes = sum(finding.kind is Kind.FLAKE for finding in report.findings)
    failures = sum(finding.kind is Kind.FAILURE for finding in report.findings)
    return raw.facts(
        examined=Examined(unit="tests", expected=done + len(report.skipped), done=done, skipped=report.skipped),
        findings=report.findings,
        measurements=(
            count("tests", done + len(report.skipped), "tests"),
            count("passed", done - failures, "tests"),
            count("skipped", len(report.skipped), "tests"),
            count("flakes", flakes, "tests"),
            *coverage.measurements(raw),
        ),
    )
