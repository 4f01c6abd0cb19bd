"""The contracts gate's first half: list the contract's operations, then let schemathesis try them on the service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from gates.api import GateError, ObserveContext
from gates.dataclass import dataclass
from gates.formats import openapi, schemathesis, schemathesis_canary
from gates.runners.contracts.options import Options

INVENTORY = "inventory.json"
EVENTS_LIMIT = 48 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the requests go: the address that every operation is under, and how the engine is told."""

    address: str
    flag: str


def observe(context: ObserveContext, options: Options) -> None:
    """List the contract's operations, then let schemathesis try them on the service."""
    version = context.distribution("schemathesis")
    values = context.needed((*options.needs, *options.headers.values()))
    if options.serve is None:
        _try_service(context, options, values, version, Target(address=options.url.rstrip("/"), flag="--url"))
        return
    given = {name: values[name] for name in options.needs}
    with context.serve(replace(options.serve, environment={**given, **options.serve.environment})) as service:
        flag = "--url" if options.base_path else "--origin"
        _try_service(context, options, values, version, Target(address=service.url + options.base_path.rstrip("/"), flag=flag))


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
    asked = {"checks": options.checks, "phases": options.phases}
    context.raw_json(INVENTORY, {"operations": operations, "requests": requests, "asked": asked})
    context.raw_text(
        "engine.toml", schemathesis.configuration(openapi.read(operations).values(), headers=tuple(options.headers), checks=options.checks)
    )
    context.report_progress(f"trying {len(operations)} operations")
    context.run_driver(
        "contracts_driver",
        _arguments(context, options, contract, target),
        tool="schemathesis",
        version=version,
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


def _arguments(context: ObserveContext, options: Options, contract: Path, target: Target) -> list[str | Path]:
    """The driver's arguments: those of the canary, then the engine's own. No secret stands on a command line."""
    return [
        *(context.scratch, context.raw_path(schemathesis_canary.EVENTS), context.raw_path("engine.toml"), ",".join(options.phases)),
        *(contract, target.flag, target.address, "--seed", str(options.seed), "--max-examples", str(options.max_examples)),
        *("--generation-database", "none", "--no-color", "--report", "json,ndjson"),
        *("--report-json-path", context.raw_path(schemathesis.REPORT)),
        *("--report-ndjson-path", context.raw_path(schemathesis.EVENTS)),
    ]
