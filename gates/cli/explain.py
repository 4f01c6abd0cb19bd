"""`gates explain THING`: a gate, a rule, a finding of the last run, or an exit code, in words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from gates import registry
from gates.api import Gate
from gates.cli.bundles import bundles_here, last_bundle
from gates.cli.candidates import names
from gates.cli.parser import nearest
from gates.errors import BundleError, ExitCode, UsageError
from gates.evidence import bundle
from gates.model import Finding, GateDecision
from gates.report.safe import terminal

EXIT_CODES = {
    0: "passed: every gate that is enforced examined what it should and found nothing that the policy forbids",
    1: "failed: the policy says no. Mend what is listed, or waive it in gates.yaml with owner, reason and end",
    2: "usage, policy or plug-in is wrong: nothing was judged. Each problem is listed with its place",
    3: "errored: an enforced gate could not tell. Its reason says what was missing; `gates doctor` checks this machine",
    4: "evidence could not be written: no space, no permission, or a secret stood in it",
    5: "`gates verify`: the bundle is not intact",
    6: "`gates verify`: the bundle is not trusted: unsigned and that was not allowed, signed by nobody you named, by one who was revoked or"
    " was not valid on the day of the run, a signature that can't be true, no timestamp where you ask for one, or another digest",
    7: "`gates verify`: the bundle is about another commit, repository, ref, stage or policy than you named; or it was made on a dirty"
    " tree, which is never the commit; is older than `--max-age`, judged on a day to come or on another than its timestamp's; comes"
    " before `--min-sequence` in its chain; or its signer is believed less than `--min-trust`",
    8: "`gates verify`: facts, decision or page do not follow from what they are made of, or a run of a chain from the one before it",
    9: "`gates verify`: the bundle is incomplete, or was made by a judge that this version doesn't have",
    70: "a defect of Quality Gates: please report it with the text that was written",
    130: "interrupted: what was finished is kept and marked as partial",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "thing", metavar="THING", help="a rule (security/B602), a place (app.py:12), a fingerprint (fp1:…), a gate, or an exit code"
    )
    parser.add_argument("--bundle", type=Path, metavar="BUNDLE", help="the run to look into (default: the last one)")


def execute(options: argparse.Namespace) -> int:
    thing: str = options.thing
    if thing.isdecimal() and int(thing) in EXIT_CODES:
        lines = [f"exit code {thing}", EXIT_CODES[int(thing)]]
    elif thing in registry.names():
        lines = list(_gate(registry.find(thing)))
    else:
        lines = list(_findings(thing, options.bundle or _last(options.root, thing)))
    sys.stdout.write("\n".join(terminal(line) for line in lines) + "\n")
    return ExitCode.PASSED


def _gate(gate: Gate) -> Iterator[str]:
    yield f"{gate.id}: {gate.title}"
    yield f"examines {gate.unit}; {'runs' if gate.executes_project else 'does not run'} the project's own code"
    if gate.requires:
        yield f"needs {', '.join(gate.requires)}" + (f" (pip install 'quality-gates[{gate.extra}]')" if gate.extra else "")
    for limit in gate.limits:
        bounds = {
            "max": limit.max,
            "min": limit.min,
            "new: max": limit.new_max,
            "severity": limit.severity.word if limit.severity else None,
        }
        yield f"limit on {limit.name}, unless the policy says otherwise: " + ", ".join(
            f"{key} {value}" for key, value in bounds.items() if value is not None
        )
    for name, help_line in gate.measurements.items():
        yield f"measures {name}: {help_line}"
    yield f"docs/gates/{gate.id}.md tells all; docs/runbooks/{gate.id}.md what to do when it is red"


def _last(root: Path, thing: str) -> Path:
    """The last run's bundle. Where there is none, what is like the name of a gate is taken for one, mistyped."""
    guess = nearest(thing, registry.names(), "gates explain ")
    if guess and not bundles_here(root):
        raise UsageError(f"{thing!r} is no gate and no exit code, and there is no last run here", help=f"{guess}`gates run` makes a run")
    return last_bundle(root)


def _findings(thing: str, path: Path) -> Iterator[str]:
    try:
        record = bundle.read(path).record
    except BundleError as error:
        raise UsageError(f"the last run's bundle can't be read: {error}", where=str(path), help="run `gates run` again") from error
    found = False
    for decision in record.decision.gates:
        facts = record.facts_of(decision.gate)
        for index, finding in enumerate(facts.findings if facts else ()):
            if names(thing, finding):
                found = True
                yield from _finding(finding, decision, index)
    gate = thing.partition("/")[0]
    if not found and gate in {decision.gate for decision in record.decision.gates} and gate != thing:
        raise UsageError(f"the last run found nothing of {thing}", where=str(path), help=f"`gates explain {gate}` says what it looks for")
    if not found:
        raise UsageError(
            f"{thing!r} is no gate, exit code, rule, place or fingerprint of the last run",
            where=str(path),
            help=f"{nearest(thing, registry.names(), 'gates explain ')}name one as the report shows it",
        )


def _finding(finding: Finding, decision: GateDecision, index: int) -> Iterator[str]:
    state = decision.findings[index]
    yield f"{finding.location}: {finding.message}"
    yield f"  rule {finding.rule}, severity {finding.severity.word}, {state.state}, fingerprint {finding.fingerprint}"
    if state.waiver:
        yield f"  waived by {state.waiver}"
    if finding.suppressed_by:
        yield f"  suppressed by {finding.suppressed_by}"
    if finding.remedy:
        yield f"  what to do: {finding.remedy}"
    if finding.help_url:
        yield f"  see: {finding.help_url}"
