"""The contracts gate: does a running service keep its OpenAPI contract? Driven by schemathesis, in a process of its own.

The engine ends with 0 where it tested the wrong address, tested nothing, or checked nothing. So the operations are listed
from the contract independently (`drivers/contracts_inventory.py`), and one counts as examined only where it was answered
as the contract documents: with a success, or with a refusal where it documents nothing else.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from gates.api import (
    Examined,
    Facts,
    Finding,
    Gate,
    GateError,
    Kind,
    Limit,
    Need,
    ObserveContext,
    Proof,
    Raw,
    Serve,
    Severity,
    Skip,
    count,
    option,
    program_needs,
)
from gates.formats import openapi, schemathesis
from gates.formats.curl import Requests, plain
from gates.formats.openapi import Operation
from gates.formats.schemathesis import Failure, Run, Seen

Phase = Literal["examples", "coverage", "fuzzing", "stateful"]
Check = Literal[
    "not-a-server-error",
    "status-code-conformance",
    "content-type-conformance",
    "response-headers-conformance",
    "response-schema-conformance",
    "negative-data-rejection",
    "positive-data-acceptance",
    "missing-required-header",
    "unsupported-method",
    "allow-header-conformance",
    "use-after-free",
    "ensure-resource-availability",
    "ignored-auth",
    "object-level-authorization",
]
INVENTORY = "inventory.json"
#: Warnings that an operation only ever refused.
ABOUT_ANSWERS = frozenset({"missing_auth", "missing_test_data", "validation_mismatch", "method_not_allowed"})
EVENTS_LIMIT = 48 * 1024 * 1024
#: Everything else is medium: the service answers, but not as documented.
SEVERE = frozenset({"not-a-server-error", "use-after-free", "ignored-auth", "object-level-authorization"})
#: Checks that follow what happens to one resource over several requests.
NEED_LINKS = frozenset({"use-after-free", "ensure-resource-availability"})
#: Checks whose details hold what the contract asks and no data of the service: those may vary, or be secret.
SAY_DETAIL = frozenset(
    {
        "status-code-conformance",
        "negative-data-rejection",
        "positive-data-acceptance",
        "unsupported-method",
        "allow-header-conformance",
        "missing-required-header",
    }
)
HELP = "https://schemathesis.readthedocs.io/en/stable/reference/checks/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of the gate, as a policy writes them."""

    schema: str = option("the contract: an OpenAPI file of the repository, or an address, where `{url}` stands for the service's own")
    url: str = option("address of a service that runs already, with its base path", default="")
    serve: Serve | None = option("how to start the service under test", default=None)
    base_path: str = option("where the operations begin on a service that is started; the contract's own base path without it", default="")
    needs: tuple[str, ...] = option("variables that must be set, or the gate is errored; a service that is started gets them", default=())
    headers: Mapping[str, str] = option("headers to send: to each name, the variable that holds its value", default={})
    phases: tuple[Phase, ...] = option("what to try; `stateful` follows links and is slow", default=("examples", "coverage", "fuzzing"))
    seed: int = option("the same seed and a fresh service give the same requests", default=1, minimum=0)
    max_examples: int = option("requests that fuzzing makes up for each operation", default=20, minimum=1)
    checks: tuple[Check, ...] = option("checks to make of each answer; all without it", default=())

    def __post_init__(self) -> None:
        if self.checks and set(self.checks) <= NEED_LINKS and "stateful" not in self.phases:
            raise ValueError(f"the checks {', '.join(self.checks)} need the phase `stateful`")
        if bool(self.url) == (self.serve is not None):
            raise ValueError("a contract needs either `url` or `serve`")
        if self.base_path and (self.serve is None or not self.base_path.startswith("/")):
            raise ValueError("`base-path` begins with / and goes with `serve`")
        if self.url and (urlsplit(self.url).scheme not in ("http", "https") or "@" in urlsplit(self.url).netloc):
            raise ValueError("`url` is an http(s) address without a user; send credentials with `headers`")


# -- observing


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the requests go: the address that every operation is under, and how the engine is told."""

    address: str
    flag: str


def observe(context: ObserveContext, options: Options) -> None:
    """List the contract's operations, then let schemathesis try them on the service."""
    version = context.distribution("schemathesis")
    values = _variables(context, options)
    if options.serve is None:
        _try_service(context, options, values, version, Target(address=options.url.rstrip("/"), flag="--url"))
        return
    given = {name: values[name] for name in options.needs}
    with context.serve(replace(options.serve, environment={**given, **options.serve.environment})) as service:
        flag = "--url" if options.base_path else "--origin"
        _try_service(context, options, values, version, Target(address=service.url + options.base_path.rstrip("/"), flag=flag))


def _variables(context: ObserveContext, options: Options) -> dict[str, str]:
    """Values of all variables that the policy names, masked from here on: each whole, and each word of it."""
    names = (*options.needs, *options.headers.values())
    values = {name: context.variable(name) or "" for name in names}
    missing = sorted(name for name, value in values.items() if not value)
    if missing:
        raise GateError(
            f"variables are not set: {', '.join(missing)}",
            remedy="set them where this gate runs; a change from a fork is given no secrets, so let a later stage run it",
        )
    for value in values.values():
        for word in value.split():
            context.add_secret(word)
    return values


def _try_service(context: ObserveContext, options: Options, values: Mapping[str, str], version: str, target: Target) -> None:
    headers = {name: values[variable] for name, variable in options.headers.items()}
    context.report_progress("reading the contract")
    contract, folder = _contract(context, options, headers, target)
    listed = context.run_driver(
        "contracts_inventory", [folder, contract], tool="inventory", version=context.distribution("pyyaml"), keep_output=False
    )
    if listed.exit_code != 0:
        raise GateError(f"the contract can't be read: {listed.last_words()}", remedy="mend the contract, or name another with `schema`")
    operations = json.loads(listed.stdout)
    if folder != context.root:
        operations = [{key: item[key] for key in ("operation", "answers")} for item in operations]
    shown = "http://127.0.0.1:{port}" + options.base_path.rstrip("/") if options.serve else target.address
    requests = {"address": target.address, "shown": shown, "variables": dict(options.headers)}
    context.raw_json(INVENTORY, {"operations": operations, "requests": requests})
    context.raw_text(
        "engine.toml", schemathesis.configuration(openapi.read(operations).values(), headers=tuple(options.headers), checks=options.checks)
    )
    context.report_progress(f"trying {len(operations)} operations")
    context.run_tool(
        _command(context, options, contract, target),
        tool="schemathesis",
        version=version,
        cwd=context.scratch,
        env={schemathesis.header_variable(number): value for number, value in enumerate(headers.values())}
        | (dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1") if options.serve else {}),
    )
    events = context.raw_path(schemathesis.EVENTS)
    if events.exists() and events.stat().st_size > EVENTS_LIMIT:
        events.unlink()
        raise GateError(
            f"the record of all requests is larger than {EVENTS_LIMIT // 2**20} MiB",
            remedy="lower `max-examples`, or split the contract between two gates",
        )


def _contract(context: ObserveContext, options: Options, headers: Mapping[str, str], target: Target) -> tuple[Path, Path]:
    """The contract's file, and the folder that it may refer to. From an address it is fetched once and kept as evidence."""
    address = options.schema.replace("{url}", target.address)
    if "://" not in address:
        path = context.inside(options.schema)
        if not path.is_file():
            raise GateError(f"there is no contract at {options.schema}", remedy="name an OpenAPI file of this repository with `schema`")
        return path, context.root
    own = urlsplit(address)[:2] == urlsplit(target.address)[:2]
    fetched = context.scratch / "contract"
    answer = context.run_driver(
        "contracts_fetch",
        [address, fetched],
        tool="requests",
        version=context.distribution("requests"),
        env={"GATES_HEADERS": json.dumps(headers if own else {})},
    )
    if answer.exit_code != 0:
        raise GateError(answer.last_words(), remedy="check the address in `schema`, and that it needs no more than `headers`")
    content = fetched.read_bytes()
    kept = context.raw_path("contract.json" if content.lstrip().startswith(b"{") else "contract.yaml")
    kept.write_bytes(content)
    return kept, kept.parent


def _command(context: ObserveContext, options: Options, contract: Path, target: Target) -> list[str | Path]:
    """The engine's command line. Isolated, so that nothing of the project is imported; no secret stands on it."""
    return [
        *(context.python, "-I", "-m", "schemathesis.cli"),
        *("--config-file", context.raw_path("engine.toml")),
        *("run", contract, target.flag, target.address),
        *("--phases", ",".join(options.phases), "--seed", str(options.seed), "--max-examples", str(options.max_examples)),
        *("--generation-database", "none", "--no-color", "--report", "json,ndjson"),
        *("--report-json-path", context.raw_path(schemathesis.REPORT)),
        *("--report-ndjson-path", context.raw_path(schemathesis.EVENTS)),
    ]


# -- parsing


def parse(raw: Raw) -> Facts:
    """Facts from the engine's report and events, held against the operations that the contract describes."""
    inventory = raw.json(INVENTORY)
    operations = openapi.read(inventory["operations"])
    requests = Requests(**inventory["requests"])
    run = schemathesis.read(raw)
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
            *(_failure(raw, failure, operations, requests) for failure in run.failures),
            *_errors(raw, run, operations),
            *_warnings(raw, run, operations, {item.item for item in skipped}),
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


def _failure(raw: Raw, failure: Failure, operations: Mapping[str, Operation], requests: Requests) -> Finding:
    return raw.finding(
        rule=failure.check,
        severity=Severity.HIGH if failure.check in SEVERE else Severity.MEDIUM,
        kind=Kind.FAILURE,
        message=f"{failure.title}: {_detail(failure)} Try it: {requests.command(failure.request)}",
        location=openapi.place(failure.operation, operations),
        identity=failure.operation.split(" ", 1),
        remedy="mend the service, or the contract where the service is right",
        help_url=f"{HELP}#{failure.check.replace('-', '_')}",
        properties={"code": failure.code, "tool-severity": failure.severity},
    )


def _detail(failure: Failure) -> str:
    status = f"it answered {failure.status}." if failure.status is not None else "it did not answer."
    if failure.check in SAY_DETAIL:
        return f"{status} {plain('; '.join(line.strip() for line in failure.detail.splitlines() if line.strip()))}."
    place = re.search(r"^Schema at (\S+):$", failure.detail, re.MULTILINE)
    return f"{status} The answer breaks the schema at {plain(place[1])}." if place else status


def _errors(raw: Raw, run: Run, operations: Mapping[str, Operation]) -> Iterator[Finding]:
    """Operations that broke the connection, or that the engine could make no request for: both are failures."""
    for name, seen in run.operations.items():
        for error in sorted({"" if error in schemathesis.NO_ANSWER else error for error in seen.errors}):
            yield raw.finding(
                rule="untestable" if error else "no-answer",
                severity=Severity.MEDIUM if error else Severity.HIGH,
                kind=Kind.FAILURE,
                message=f"schemathesis could not test it: {error}" if error else "The connection was dropped, or no answer came in time",
                location=openapi.place(name, operations),
                identity=name.split(" ", 1),
                remedy="mend this operation in the contract" if error else "look at the service's own output, kept with the evidence",
            )


def _warnings(raw: Raw, run: Run, operations: Mapping[str, Operation], skipped: set[str]) -> Iterator[Finding]:
    """What the engine says it could not look into. That an operation refuses is proved, and said, without it."""
    proved = skipped | {name for name, operation in operations.items() if operation.refuses_always}
    for name, labels in run.warnings.items():
        for label in labels:
            if name not in ABOUT_ANSWERS or label not in proved:
                yield raw.finding(
                    rule=name.replace("_", "-"),
                    severity=Severity.LOW,
                    kind=Kind.NEEDS_REVIEW,
                    message=f"schemathesis warns: {name.replace('_', ' ')}",
                    location=openapi.place(label, operations),
                    identity=[label],
                    remedy="read its output, kept with the evidence: a part of the contract was not tried",
                )


# -- the rest of the gate


def needs(root: Path, options: Options) -> Iterator[Need]:
    """The service's program and the variables; the engine is in `requires`."""
    if options.serve:
        yield from program_needs(root, options.serve.command, where="serve.command", environment=os.environ)
    for name in sorted({*options.needs, *options.headers.values()}):
        yield Need(name=f"${name}", found="set" if os.environ.get(name) else None, remedy=f"set the variable {name}")


GATE = Gate(
    id="contracts",
    title="API contracts",
    unit="operations",
    options=Options,
    executes_project=True,
    parser=1,
    observe=observe,
    parse=parse,
    requires=("schemathesis",),
    extra="contracts",
    limits=(Limit(name="failures", max=Decimal(0)),),
    measurements={
        "unanswered": "operations that were never answered as the contract documents",
        "cases": "requests that were made",
    },
    needs=needs,
)
