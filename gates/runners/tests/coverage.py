"""Line coverage by coverage.py: measured under the project's interpreter, and held against the files that should be in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from gates.api import GateError, Measurement, ObserveContext, Raw, ToolMissingError, count
from gates.runners.tests.engine import Engine
from gates.runners.tests.interpreter import Project
from gates.runners.tests.options import Coverage

REPORT = "coverage.json"
SOURCES = "coverage-sources.json"
CHANGED = "changed-lines.json"
_EVERY_LINE = (1, 2**31 - 1)


def run_covered(context: ObserveContext, engine: Engine, project: Project, coverage: Coverage) -> None:
    """Run the tests under coverage.py and write its JSON report as raw output."""
    if not project.coverage:
        raise ToolMissingError(
            "the project's interpreter has no coverage.py", remedy=f"install it there: {project.by_hand} -m pip install coverage"
        )
    sources = _sources(context, coverage)
    folder = context.scratch / "coverage"
    folder.mkdir()
    data = folder / "data"
    env = {"COVERAGE_FILE": str(data), "COVERAGE_PROCESS_START": ""}
    # coverage.py takes folders and packages alone; of a folder, the files that were meant are picked out afterwards.
    measured = [str(Path(source).parent) if source.endswith(".py") else source for source in coverage.source]
    engine.run(["-m", "coverage", "run", f"--source={','.join(measured)}"], env)
    # Written anew: a link that the tests have put there is not written through.
    context.raw_path(REPORT).unlink(missing_ok=True)
    if not data.is_file() and any(folder.iterdir()):
        _coverage(context, project, ["combine", "--quiet"], env)
    if context.share is not None and not data.is_file():
        context.raw_json(REPORT, {"files": {}})  # no test of its share runs a line; whether others do, their parts say
    else:
        _report(context, project, env)
    # Not before the project's code has ended: reading its data may run plug-ins of the project's.
    context.raw_json(SOURCES, sources)


def _report(context: ObserveContext, project: Project, env: dict[str, str]) -> None:
    _coverage(context, project, ["json", "--quiet", "--fail-under=0", "-o", str(context.raw_path(REPORT))], env)


def changed_lines(context: ObserveContext) -> dict[str, list[list[int]]] | None:
    """Which lines of Python the change brings, asked before the tests run; None where there is no base to tell."""
    added = context.added_lines([path for path in context.files if path.endswith(".py")])
    return None if added is None else {path: [list(span) for span in spans] for path, spans in added.items()}


def _coverage(context: ObserveContext, project: Project, words: list[str], env: dict[str, str]) -> None:
    done = context.run_tool([project.python, "-m", "coverage", *words], tool="coverage", version=project.coverage, env=env)
    if done.exit_code != 0:
        raise GateError(
            f"coverage.py could not report: {done.last_words()}",
            remedy="check `coverage.source` in the policy, and that the tests run the project's code",
        )


def _sources(context: ObserveContext, coverage: Coverage) -> list[str]:
    """The files whose lines should be counted."""
    files = [path for path in context.files if path.endswith(".py") and (context.root / path).stat().st_size > 0]
    wanted: set[str] = set()
    for source in coverage.source:
        folders = [source.strip("/"), *(f"{start}{source.replace('.', '/')}" for start in ("", "src/", "lib/"))]
        found = next((inside for folder in folders if (inside := _below(folder, files))), None)
        if found is None:
            raise GateError(
                f"coverage.source {source!r} names no Python file of the repository",
                remedy="name a folder or a package of the project, such as src/shop",
            )
        wanted |= found
    return sorted(wanted)


def _below(folder: str, files: list[str]) -> set[str]:
    return {path for path in files if folder in {".", ""} or path == folder or path.startswith(f"{folder}/")}


def stamp(path: Path) -> tuple[int, int] | None:
    """What tells whether a file was written anew; None where there is none."""
    return (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None


def take_report(context: ObserveContext, coverage: Coverage, before: tuple[int, int] | None) -> None:
    """Keep the report that the tests wrote themselves; raises `GateError` where it is not of this run."""
    context.raw_json(SOURCES, _sources(context, coverage))
    path = context.inside(coverage.report)
    after = stamp(path)
    if after is None or after == before:
        raise GateError(
            f"the tests did not write the coverage report {coverage.report}",
            remedy="let them write it (`--cov-report=json`), or leave out `coverage.report` to measure here",
        )
    context.raw_bytes(REPORT, path.read_bytes())


def combined(reports: Sequence[Any]) -> dict[str, Any]:
    """One report of several on the same lines: a line that ran in one of them was run. Raises `GateError` for reports on others."""
    found: dict[str, dict[str, Any]] = {}
    try:
        for report in reports:
            for path, entry in report["files"].items():
                before = found.get(path)
                found[path] = entry if before is None else _added(path, before, entry)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise GateError("a part's coverage report is not coverage.py's JSON", remedy="write it with `coverage json`") from None
    return {"files": found}


def _added(path: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    counted, again = one["summary"], two["summary"]
    if any(counted[name] != again[name] for name in ("num_statements", "excluded_lines")):
        raise GateError(
            f"the parts counted different lines of {path} for the coverage",
            remedy="let each part have the same Python, coverage.py and settings",
        )
    missing = sorted(set(one["missing_lines"]) & set(two["missing_lines"]))
    summary = {**counted, "covered_lines": counted["num_statements"] - len(missing)}
    return {**one, "executed_lines": sorted({*one["executed_lines"], *two["executed_lines"]}), "missing_lines": missing, "summary": summary}


def measurements(raw: Raw) -> list[Measurement]:
    """Line coverage in percent with two decimals, never rounded up; lines and files that were left out of it."""
    if SOURCES not in raw:
        return []
    report, sources = raw.json(REPORT), raw.json(SOURCES)
    try:
        files: dict[str, Any] = {path.replace("\\", "/"): entry["summary"] for path, entry in report["files"].items()}
        wanted = {path: entry for path, entry in files.items() if path in set(sources)}
        covered, statements, excluded = (
            sum(int(entry[name]) for entry in wanted.values()) for name in ("covered_lines", "num_statements", "excluded_lines")
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        raise GateError("the coverage report is not coverage.py's JSON", remedy="write it with `coverage json`") from None
    if statements == 0:
        raise GateError(
            "coverage.py counted no line of `coverage.source`",
            remedy="check `omit` and `exclude_lines`, and that the tests import the checkout (`pip install -e .`), not a copy of it",
        )
    missing = [path for path in sources if path not in files]
    try:
        # Runs of before this was asked say nothing of it.
        of_changed = list(_of_changed_lines(report["files"], sources, raw.json(CHANGED))) if CHANGED in raw else []
    except (KeyError, TypeError, ValueError):
        raise GateError("the coverage report does not say which lines ran", remedy="write it with `coverage json`") from None
    return [
        *of_changed,
        Measurement(name="line-coverage", value=Decimal(covered * 10000 // statements) / 100, unit="percent"),
        count("excluded-lines", excluded, "lines"),
        count("unmeasured-files", len(missing), "files"),
    ]


def _of_changed_lines(
    entries: Mapping[str, Any], sources: Sequence[str], changed: Mapping[str, Sequence[Sequence[int]]] | None
) -> Iterator[Measurement]:
    """Coverage of the lines that the change brings, all lines where no base tells; none where such lines were not measured."""
    by_path = {path.replace("\\", "/"): entry for path, entry in entries.items()}
    covered = total = 0
    for path in sources:
        spans = [_EVERY_LINE] if changed is None else changed.get(path, ())
        if spans and path not in by_path:
            return
        entry = by_path.get(path, {"executed_lines": [], "missing_lines": []})
        executed = _within(entry["executed_lines"], spans)
        covered += executed
        total += executed + _within(entry["missing_lines"], spans)
    yield count("changed-lines", total, "lines")
    if total:
        yield Measurement(name="changed-line-coverage", value=Decimal(covered * 10000 // total) / 100, unit="percent")


def _within(lines: Iterable[int], spans: Sequence[Sequence[int]]) -> int:
    return sum(any(first <= line <= last for first, last in spans) for line in lines)
