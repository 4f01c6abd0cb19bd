# SPDX-License-Identifier: Apache-2.0
"""A gate: every source file says under which licence it is, in a line that SPDX defines, near its top.

It is also the example to copy: a frozen dataclass of options, `observe` that looks and writes down what it saw, `parse`
that turns what was written into facts. It imports `gates.api` and nothing else of Quality Gates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from gates.api import (
    Examined,
    Facts,
    Finding,
    Gate,
    Limit,
    Location,
    ObserveContext,
    Proof,
    Raw,
    Severity,
    Skip,
    Suggestion,
    Survey,
    count,
    option,
)

HEADERS = "headers.json"
LINES = 20
HELP = "https://spdx.dev/learn/handling-license-info/"
SOURCES = ("**/*.py", "**/*.js", "**/*.ts", "**/*.sh", "**/*.css")
_HEADER = re.compile(r"SPDX-License-Identifier:\s*(?P<licence>[A-Za-z0-9.+ ()-]*[A-Za-z0-9.+)])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which files, and which licences they may name."""

    allowed: tuple[str, ...] = option("licences that a file may name, as SPDX expressions")
    paths: tuple[str, ...] = option("files, folders or globs to look at", default=SOURCES)
    exclude: tuple[str, ...] = option("files, folders or globs to leave out", default=())


def observe(context: ObserveContext, options: Options) -> None:
    """Write down what each file says. It judges nothing: that is `parse`, which can be run again from this output alone."""
    context.report_progress("reading the first lines of the sources")
    paths = [path for path in options.paths if path not in SOURCES or _has_any(context, path)]
    files = context.select(paths, options.exclude) if paths else ()
    context.raw_json(HEADERS, {"allowed": list(options.allowed), "files": {path: _header(context.root / path) for path in files}})


def _has_any(context: ObserveContext, glob: str) -> bool:
    """Whether a default glob fits a file: a repository needs no source of every kind, but a path that its policy names must exist."""
    return any(Path(name).suffix == Path(glob).suffix for name in context.files)


def _header(path: Path) -> dict[str, Any]:
    """The licence that a file names and its line; `licence` is None where it names none, `unread` says why it could not be read."""
    try:
        lines = path.read_text("utf-8").splitlines()[:LINES]
    except UnicodeDecodeError:
        return {"unread": "it is not UTF-8 text"}
    for number, line in enumerate(lines, 1):
        found = _HEADER.search(line)
        if found:
            return {"line": number, "licence": found["licence"]}
    return {"line": 1, "licence": None}


def parse(raw: Raw) -> Facts:
    """Facts of what `observe` wrote. Pure: it sees no disk, clock or environment."""
    seen = raw.json(HEADERS)
    read = {path: header for path, header in seen["files"].items() if "unread" not in header}
    skipped = tuple(Skip(item=path, reason=header["unread"]) for path, header in seen["files"].items() if "unread" in header)
    findings = [finding for path, header in read.items() if (finding := _judged(raw, path, header, seen["allowed"]))]
    return raw.facts(
        examined=Examined(unit="files", expected=len(seen["files"]), done=len(read), skipped=skipped, proof=Proof.INVENTORY),
        findings=findings,
        measurements=[count("licensed-files", sum(header["licence"] is not None for header in read.values()), "files")],
    )


def _judged(raw: Raw, path: str, header: dict[str, Any], allowed: list[str]) -> Finding | None:
    licence = header["licence"]
    if licence in allowed:
        return None
    first = allowed[0] if allowed else "its licence"
    if licence is None:
        rule, severity, message = "missing", Severity.MEDIUM, f"none of its first {LINES} lines says under which licence it is"
        remedy = f"add a comment near its top: SPDX-License-Identifier: {first}"
    else:
        rule, severity, message = "not-allowed", Severity.HIGH, f"it is under {licence}, which is not among the allowed licences"
        remedy = f"replace the file, or ask whoever owns the policy to allow {licence}"
    return raw.finding(
        rule=rule,
        severity=severity,
        message=message,
        location=Location(path=path, line=header["line"]),
        identity=(path, licence or ""),
        remedy=remedy,
        help_url=HELP,
    )


def detect(survey: Survey) -> Suggestion | None:
    """What `gates init` proposes: nothing, unless some source already names its licence."""
    named = {
        found["licence"]
        for path in survey.files
        if Path(path).suffix in {Path(glob).suffix for glob in SOURCES}
        for found in [_HEADER.search(survey.read(path) or "")]
        if found
    }
    return Suggestion(options={"allowed": sorted(named)}, comments=("the licences that its files name today",)) if named else None


GATE = Gate(
    id="licences",
    title="Licence headers",
    unit="files",
    options=Options,
    executes_project=False,
    parser=1,
    observe=observe,
    parse=parse,
    limits=(Limit(name="findings", severity=Severity.MEDIUM, new_max=Decimal(0)),),
    measurements={"licensed-files": "files that name a licence"},
    detect=detect,
)
