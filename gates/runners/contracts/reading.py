"""The contracts gate's second half: facts from the engine's report and events, held against the operations of the contract."""

from __future__ import annotations

from gates.api import Examined, Facts, GateError, Proof, Raw, Skip, count
from gates.formats import openapi, schemathesis, schemathesis_canary
from gates.formats.curl import Requests
from gates.formats.openapi import Operation
from gates.formats.schemathesis import Run, Seen
from gates.formats.schemathesis_canary import Asked
from gates.runners.contracts import findings
from gates.runners.contracts.trying import INVENTORY


def parse(raw: Raw) -> Facts:
    """Facts from the engine's report and events, held against the operations that the contract describes."""
    inventory = raw.json(INVENTORY)
    operations = openapi.read(inventory["operations"])
    requests = Requests(**inventory["requests"])
    run = schemathesis.read(raw)
    schemathesis_canary.require(raw, Asked(**{name: tuple(names) for name, names in inventory["asked"].items()}))
    unknown = sorted(run.tested - set(operations))
    if unknown:
        raise GateError(
            f"schemathesis tested {unknown[0]}, which our own reading of the contract does not know",
            remedy="this is a defect of the gate: please report it with the contract",
        )
    reasons = {name: _unanswered(operation, run) for name, operation in operations.items()}
    skipped = tuple(Skip(item=name, reason=reason) for name, reason in reasons.items() if reason)
    if len(skipped) == len(operations):
        raise _nothing_accepted(run)
    done = len(operations) - len(skipped)
    return raw.facts(
        examined=Examined(unit="operations", expected=len(operations), done=done, skipped=skipped, proof=Proof.INVENTORY),
        findings=[
            *(findings.failure_of(raw, failure, operations, requests) for failure in run.failures),
            *findings.errors_of(raw, run, operations),
            *findings.warnings_of(raw, run, operations, {item.item for item in skipped}),
        ],
        measurements=[count("unanswered", len(skipped), "operations"), count("cases", run.cases, "requests")],
    )


def _unanswered(operation: Operation, run: Run) -> str:
    """Why an operation doesn't count as examined; empty where it does."""
    seen = run.operations.get(operation.name, Seen())
    broken = sorted(seen.errors - schemathesis.NO_ANSWER)
    if broken:
        return f"schemathesis could not test it: {broken[0]}"
    if operation.name not in run.tested:
        return "schemathesis checked no answer of it"
    statuses = sorted(seen.answers)
    if any(map(operation.keeps_to, statuses)):
        return ""
    if len(statuses) > 1:
        return f"no answer was a documented success: {', '.join(map(str, statuses))}"
    return f"every request was answered {statuses[0]}" if statuses else "no request was answered"


def _nothing_accepted(run: Run) -> GateError:
    answered = {status for seen in run.operations.values() for status in seen.answers}
    remedy = "check the address, its base path and the contract's `servers`"
    if {401, 403} & answered:
        remedy = "send credentials with `headers`, and name their variables"
    words = f"the answers were {', '.join(map(str, sorted(answered)))}" if answered else "there was no answer"
    return GateError(f"the service accepted nothing on any operation: {words}", remedy=remedy)
