"""Known vulnerabilities in what a project depends on: pip-audit, asked about every package that its lock files list.

Green needs proof: the advisories must find a package known to be vulnerable in the same run, every package that the
files declare must have been answered for, and nothing is ever resolved or installed.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from gates.api import Depends, Gate, GateError, Limit, ObserveContext, Severity, read_answer
from gates.runners.dependencies import beside, sources, vex
from gates.runners.dependencies.facts import parse, parse_1
from gates.runners.dependencies.options import Options
from gates.runners.dependencies.proposal import detect

DRIVER = "audit_driver"


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
        "advisories": _advisories(context, options),
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


def _advisories(context: ObserveContext, options: Options) -> dict[str, str]:
    name = options.advisories
    if name in {"pypi", "osv"}:
        return {"kind": name, "name": name, "where": ""}
    if name.startswith("pypi+"):
        return {"kind": "pypi", "name": name, "where": name.removeprefix("pypi+").rstrip("/")}
    if "://" in name:
        query = name if name.endswith("/query") else f"{name.rstrip('/')}/v1/query"
        return {"kind": "osv", "name": name, "where": query}
    path = Path(name) if Path(name).is_absolute() else context.steering(name)
    return {"kind": "records", "name": name, "where": str(path.absolute())}


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
    steered_by=steered_by,
    depends=depends,
    # The base is audited with the advisories of today, as the change is.
    lasting=False,
)
