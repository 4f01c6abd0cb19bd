"""Known vulnerabilities in what a project depends on: pip-audit, asked about every package that its lock files list.

Green needs proof: the advisories must find a package known to be vulnerable in the same run, every package that the
files declare must have been answered for, and nothing is ever resolved or installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import posixpath
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from gates.api import Depends, Gate, GateError, Limit, Need, ObserveContext, Severity, ask_driver, read_answer
from gates.runners.dependencies import beside, sources, vex
from gates.runners.dependencies.facts import parse, parse_1
from gates.runners.dependencies.options import Options
from gates.runners.dependencies.proposal import detect

DRIVER = "audit_driver"
ASKING = "audit_ask"
#: The service may be silent for three, and the engine takes one or two to start.
_SECONDS = 10


def observe(context: ObserveContext, options: Options) -> None:
    """Read the inventory and audit it in a child; what it could not tell is raised as it said it."""
    version = context.distribution("pip-audit")
    if options.network and context.offline:
        raise GateError(
            f"the advisories {options.advisories!r} are on the network, and this run is offline",
            remedy="give `advisories` a folder or .zip of OSV records, or run without --offline",
        )
    chosen = sources.choose(context, options.sources)
    if options.vex:
        vex.keep(context, options.vex)
    context.report_progress(f"auditing {', '.join(chosen)}")
    asked = {
        "root": str(context.root.absolute()),
        "sources": chosen,
        "beside": beside.find(context, chosen),
        "projects": beside.projects(context, chosen),
        "advisories": _service(options) | ({} if options.network else {"where": _folder(context, options)}),
    }
    scratch, folder = context.scratch.absolute(), context.raw_folder.absolute()
    (scratch / "request.json").write_text(json.dumps(asked), "utf-8")
    result = context.run_driver(DRIVER, [scratch / "request.json", folder], tool="pip-audit", version=version)
    problem = folder / "problem.json"
    if problem.is_file():
        said = read_answer(problem, tool="pip-audit")
        raise GateError(said["reason"], remedy=said["remedy"])
    if result.exit_code != 0:
        raise GateError(
            f"the audit ended with exit code {result.exit_code}: {result.last_words()}", remedy="its output is kept with the evidence"
        )
    _check_age(context.day, read_answer(folder / "advisories.json", tool="pip-audit"), options)


def _service(options: Options) -> dict[str, str]:
    """Which advisories are asked, as the driver wants it; where a folder or zip of records lies is added by whoever knows."""
    name = options.advisories
    if name in {"pypi", "osv"}:
        return {"kind": name, "name": name, "where": ""}
    if name.startswith("pypi+"):
        return {"kind": "pypi", "name": name, "where": name.removeprefix("pypi+").rstrip("/")}
    if "://" in name:
        query = name if name.endswith("/query") else f"{name.rstrip('/')}/v1/query"
        return {"kind": "osv", "name": name, "where": query}
    return {"kind": "records", "name": name}


def _folder(context: ObserveContext, options: Options) -> str:
    path = Path(options.advisories)
    return str((path if path.is_absolute() else context.steering(options.advisories)).absolute())


def needs(root: Path, options: Options) -> Iterable[Need]:
    """What `gates doctor` shows: that the advisories are there, and, asked just now, know what is known to be vulnerable."""
    name = f"advisories {options.advisories}"
    if not options.network:
        path = root / options.advisories
        remedy = f"{path} is not there: put a folder or .zip of OSV records there, or mend `advisories` in the policy"
        yield Need(name=name, found=str(path) if path.exists() else None, remedy=remedy)
        return
    if importlib.util.find_spec("pip_audit") is None:
        return  # which is said already, and nothing else can ask
    said = ask_driver(ASKING, [json.dumps(_service(options))], os.environ, seconds=_SECONDS)
    try:
        answer = json.loads(said or "{}")
    except ValueError:
        answer = {}
    found = f"they know {', '.join(answer['found'])}" if answer.get("found") else None
    reason = answer.get("reason", f"no usable answer in {_SECONDS} seconds")
    remedy = answer.get("remedy", "let this machine reach the service, or give `advisories` a folder or .zip of OSV records")
    yield Need(name=name, found=found, remedy=f"{reason}; {remedy}: docs/gates/dependencies.md")


def depends(context: ObserveContext, options: Options) -> Depends | str:
    """What locks or asks for packages, and a folder of advisories. A service on the network may have learned of more since."""
    if options.network:
        return "its advisories are on the network, and may be others by now"
    absolute = [Path(options.advisories)] if Path(options.advisories).is_absolute() else []
    chosen = sources.choose(context, options.sources)
    known = json.dumps([chosen, beside.find(context, chosen), beside.projects(context, chosen)])
    # A file may include any other, but none of code: of that only what it asks for counts, which was found just now.
    files = [name for name in context.files if not name.endswith(".py")]
    return Depends(files=[*files, *context.links, *chosen], known=known, places=absolute, day=True)


def steered_by(options: Options) -> tuple[str, ...]:
    """Advisories in the repository say what is known to be vulnerable, and VEX files what of it counts."""
    local = not options.network and not Path(options.advisories).is_absolute()
    return tuple(dict.fromkeys(posixpath.normpath(name) for name in ([options.advisories] * local + [*options.vex])))


def _check_age(day: date, advisories: Mapping[str, Any], options: Options) -> None:
    """Old records know nothing of what was found since. A date in the future would hide that for ever."""
    if "newest" not in advisories or not options.max_age:
        return
    newest = date.fromisoformat(advisories["newest"])
    if newest > day + timedelta(days=1):
        raise GateError(
            f"the advisories {options.advisories!r} hold a record of {newest}, which is in the future",
            remedy="fetch them again; check the clock of this machine",
        )
    if (day - newest) > timedelta(seconds=options.max_age):
        raise GateError(
            f"the newest of the advisories {options.advisories!r} is of {newest}: older than max-age allows",
            remedy="fetch them again; or allow more with `max-age`, 0d for no limit",
        )


GATE = Gate(
    id="dependencies",
    title="Known vulnerabilities in dependencies",
    unit="packages",
    options=Options,
    executes_project=False,
    parser=2,
    observe=observe,
    parse=parse,
    earlier={1: parse_1},
    requires=("pip-audit",),
    extra="dependencies",
    limits=(Limit(name="findings", severity=Severity.MEDIUM, new_max=Decimal(0)),),
    measurements={
        "advisories": "how many records of a folder or zip are in force",
        "advisories-date": "the day on which the newest record of a folder or zip was modified, as a number: 20261120",
        "vex-statements": "statements that the VEX files hold",
        "vex-unused": "those of them that are about nothing that was found",
    },
    detect=detect,
    needs=needs,
    steered_by=steered_by,
    depends=depends,
    # The base is audited with the advisories of today, as the change is.
    lasting=False,
)
