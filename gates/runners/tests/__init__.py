"""The tests gate: the project's own tests, run by the project's own pytest, or by any command that writes JUnit XML.

`observe` lists the tests that stand in the files, then runs pytest with a plug-in that writes down what it does;
`parse` holds one against the other. An exit code alone proves nothing: a test can set any.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from gates.api import Depends, Division, Facts, Gate, Limit, Need, ObserveContext, Raw
from gates.runners.tests import command, coverage, facts, interpreter, inventory, parts, plugins, removed, tampering
from gates.runners.tests.detection import detect
from gates.runners.tests.engine import Engine
from gates.runners.tests.options import Coverage, Options

__all__ = ["GATE", "Coverage", "Options"]


def observe(context: ObserveContext, options: Options) -> None:
    """Run the tests and write down what should have run and what did."""
    covered = options.coverage
    added = coverage.changed_lines(context) if covered else None
    before = coverage.stamp(context.inside(covered.report)) if covered and covered.report else None
    if options.command:
        command.observe(context, options)
    else:
        _observe_pytest(context, options)
    if covered and covered.report:
        coverage.take_report(context, covered, before)
    if covered:
        context.raw_json(coverage.CHANGED, added)


def _observe_pytest(context: ObserveContext, options: Options) -> None:
    for path in options.paths:
        context.inside(path.partition("::")[0])
    project = interpreter.ask(context, options)
    settings = inventory.read_settings(context.root, options, major=project.major)
    context.report_progress("listing the tests")
    tampering.check_names(context, covered=options.coverage is not None)
    files = inventory.files_of_tests(context.files, options, settings)
    before = tampering.digests(context, files)
    found = inventory.find(context, options, project, settings, files)
    at_base = removed.find(context, options, project, settings)
    engine = Engine(context, options, project, settings)
    context.report_progress("running the tests")
    try:
        if options.coverage and not options.coverage.report:
            coverage.run_covered(context, engine, project, options.coverage)
        else:
            engine.run()
    finally:
        # Not before the project's code has ended: it could have written there.
        context.raw_json(inventory.MEMBER, found)
        context.raw_json(removed.MEMBER, at_base)
        engine.write_results()
    tampering.check_raw(context, attempts=engine.attempts)
    tampering.check_sources(context, before)


def depends(context: ObserveContext, options: Options) -> Depends:
    """Tests may read any file, and the base says which lines are new; what they fetch from elsewhere is not known."""
    files = None
    if options.inputs:
        settings = [name for name in context.files if inventory.is_settings(name)]
        files = [*context.select((*options.inputs, *(path.partition("::")[0] for path in options.paths))), *settings]
    python = [context.root / options.python] if "/" in options.python else []
    return Depends(files=files, places=python, machine=True, base=True)


def parse(raw: Raw) -> Facts:
    """Facts of the run. Raises `GateError` where it broke off or can't be believed."""
    return command.read_facts(raw) if command.MEMBER in raw else facts.read_facts(parts.joined(raw))


def needs(root: Path, options: Options) -> Iterator[Need]:
    yield from interpreter.needs(root, options, os.environ, () if options.command else plugins.asked_for(root, options))
    yield from plugins.needs(root, options, os.environ)


GATE = Gate(
    id="tests",
    title="Tests",
    unit="tests",
    options=Options,
    executes_project=True,
    parser=2,
    observe=observe,
    parse=parse,
    earlier={1: parse},
    extra="tests",
    limits=(Limit(name="failures", max=Decimal(0)),),
    measurements={
        "tests": "tests that were collected",
        "passed": "tests that passed, at once or when they were run again",
        "skipped": "tests that did not run: skipped, deselected or not collected",
        "xfailed": "tests that failed as their mark expects",
        "flakes": "tests that failed and then passed when they were run again",
        "removed-tests": "tests that stood in files of the base and stand nowhere here, by their names; 0 without a base",
        "line-coverage": "covered lines in percent of those that count, two decimals, never rounded up",
        "changed-lines": "lines that count for the coverage and that the change brings",
        "changed-line-coverage": "covered lines of those that the change brings, in percent, as `line-coverage`; of none, a limit is met",
        "excluded-lines": "lines that a comment or a setting takes out of the coverage",
        "unmeasured-files": "files of `coverage.source` that are missing from the coverage report",
    },
    rising=("line-coverage",),
    detect=detect,
    needs=needs,
    depends=depends,
    puts_back=True,
    division=Division(why_not=parts.why_not, files=parts.files, milliseconds=parts.milliseconds),
)
