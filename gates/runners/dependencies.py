"""Known vulnerabilities in what a project depends on: pip-audit, asked about every package that its lock files list.

Green needs proof: the advisories must find a package known to be vulnerable in the same run, every package that the
files declare must have been answered for, and nothing is ever resolved or installed.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from gates.api import (
    Duration,
    Examined,
    Facts,
    Finding,
    Gate,
    GateError,
    Limit,
    Location,
    Measurement,
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
from gates.formats.report import severity_of_score

DRIVER = "audit_driver"
DAY_SECONDS = 24 * 60 * 60
SUMMARY_LIMIT = 300
LOCK_NAMES = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"})
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")
#: Folders whose lock files are rarely what a project depends on: `gates init` leaves them out, a run does not.
_SAMPLES = frozenset({"test", "tests", "testdata", "fixtures"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: Databases whose records have a page; a record of someone's own has none.
_PUBLIC_ID = re.compile(r"(PYSEC|GHSA|CVE|OSV|MAL)-[\w-]+")
_WORDS = {"moderate": Severity.MEDIUM, **{severity.word: severity for severity in Severity}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is audited, and against which advisories."""

    sources: tuple[str, ...] = option(
        "lock and requirements files, folders or globs of them (default: every one found; pyproject.toml where nothing is locked)",
        default=(),
    )
    advisories: str = option(
        "`pypi`, `osv`, the address of a service that answers like OSV (https://…) or like PyPI's JSON interface (pypi+https://…), "
        "or a folder or .zip of OSV records",
        default="pypi",
    )
    max_age: Duration = option(
        "how old the newest record of a folder or zip may be; `0d` for no limit. Services on the network are asked as they are now",
        default=7 * DAY_SECONDS,
        minimum=0,
    )

    def __post_init__(self) -> None:
        if "://" not in self.advisories:
            return
        address = urlsplit(self.advisories.removeprefix("pypi+"))
        if address.username or address.password:
            raise ValueError("`advisories` holds credentials: an address stands in the evidence, write it without them")
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise ValueError("`advisories` must be an https address: an answer without TLS could be anyone's")

    @property
    def network(self) -> bool:
        return self.advisories in {"pypi", "osv"} or "://" in self.advisories


# -- observe


def observe(context: ObserveContext, options: Options) -> None:
    """Read the inventory and audit it in a child; what it could not tell is raised as it said it."""
    version = context.distribution("pip-audit")
    if options.network and context.offline:
        raise GateError(
            f"the advisories {options.advisories!r} are on the network, and this run is offline",
            remedy="give `advisories` a folder or .zip of OSV records, or run without --offline",
        )
    sources = _sources(context, options.sources)
    context.report_progress(f"auditing {', '.join(sources)}")
    asked = {"root": str(context.root.absolute()), "sources": sources, "advisories": _advisories(context, options)}
    scratch, folder = context.scratch.absolute(), context.raw_folder.absolute()
    (scratch / "request.json").write_text(json.dumps(asked), "utf-8")
    result = context.run_driver(DRIVER, [scratch / "request.json", folder], tool="pip-audit", version=version)
    problem = folder / "problem.json"
    if problem.is_file():
        said = json.loads(problem.read_bytes())
        raise GateError(said["reason"], remedy=said["remedy"])
    if result.exit_code != 0:
        raise GateError(
            f"the audit ended with exit code {result.exit_code}: {result.last_words()}", remedy="its output is kept with the evidence"
        )
    _check_age(context.day, json.loads((folder / "advisories.json").read_bytes()), options)


def _sources(context: ObserveContext, named: tuple[str, ...]) -> list[str]:
    if named:
        return sorted({name for path in named for name in _named(context, path)})
    found = [name for name in context.files if is_source(name)]
    if not found and "pyproject.toml" in context.files:
        return _beside_pyproject(context) or ["pyproject.toml"]
    if not found:
        raise GateError(
            "there is no lock or requirements file, and no pyproject.toml",
            remedy="lock the dependencies (uv lock, pip-compile), name the files with `sources`, or say `not-applicable` in the policy",
        )
    return found


def _beside_pyproject(context: ObserveContext) -> list[str]:
    """The locks at the root that a commit hook did not name beside pyproject.toml: they say what it leaves open."""
    names = [*LOCK_NAMES, "pylock.toml", "requirements.txt"] if context.selected is not None else []
    return sorted(name for name in names if (context.root / name).is_file())


def _named(context: ObserveContext, path: str) -> list[str]:
    """A file as it is (it need not be tracked); of a folder or glob what is a lock or requirements file."""
    file = context.inside(path)
    if file.is_file():
        return [file.resolve().relative_to(context.root.resolve()).as_posix()]
    try:
        found = [name for name in context.select([path]) if is_source(name)]
    except GateError as error:
        raise GateError(error.reason.replace("`paths`", "`sources`"), remedy=error.remedy) from error
    if not found:
        raise GateError(f"`sources` names {path!r}, where there is no lock or requirements file", remedy="name one, or leave it out")
    return found


def is_source(path: str) -> bool:
    """Whether a file is a lock or requirements file by its name."""
    place = PurePosixPath(path)
    if place.name in LOCK_NAMES or _PYLOCK.fullmatch(place.name):
        return True
    return place.suffix == ".txt" and (fnmatch.fnmatchcase(place.name, "*requirements*") or place.parent.name == "requirements")


def _advisories(context: ObserveContext, options: Options) -> dict[str, str]:
    name = options.advisories
    if name in {"pypi", "osv"}:
        return {"kind": name, "name": name, "where": ""}
    if name.startswith("pypi+"):
        return {"kind": "pypi", "name": name, "where": name.removeprefix("pypi+").rstrip("/")}
    if "://" in name:
        query = name if name.endswith("/query") else f"{name.rstrip('/')}/v1/query"
        return {"kind": "osv", "name": name, "where": query}
    path = Path(name) if Path(name).is_absolute() else context.inside(name)
    return {"kind": "records", "name": name, "where": str(path.absolute())}


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


# -- parse


def parse(raw: Raw) -> Facts:
    """What was declared, held against what was answered."""
    inventory, answers = raw.json("inventory.json"), raw.json("audit.json")["dependencies"]
    declared = {_key(package): package for package in inventory["packages"]}
    if sorted(map(_key, answers)) != sorted(declared):
        raise GateError(
            "pip-audit did not answer for exactly the packages that are declared", remedy="its output is kept with the evidence"
        )
    unknown = [{**declared[_key(answer)], "reason": answer["skip_reason"]} for answer in answers if "skip_reason" in answer]
    skipped = [_skip(package) for package in [*inventory["skipped"], *unknown]]
    audited = [answer for answer in answers if "skip_reason" not in answer]
    return raw.facts(
        examined=Examined(
            unit="packages",
            expected=len(declared) + len(inventory["skipped"]),
            done=len(audited),
            skipped=tuple(sorted(skipped, key=lambda skip: (skip.item, skip.reason))),
            proof=Proof.INVENTORY,
        ),
        findings=[found for answer in audited for found in _findings(raw, declared[_key(answer)], answer)],
        measurements=_measurements(raw.json("advisories.json")),
    )


def _key(package: Mapping[str, Any]) -> tuple[str, str]:
    return package["name"], package["version"]


def _skip(package: Mapping[str, Any]) -> Skip:
    return Skip(item=f"{package['name']} {package['version']}".strip() + f" ({_words(package['places'])})", reason=package["reason"])


def _words(places: list[dict[str, Any]]) -> str:
    return ", ".join(f"{place['path']}:{place['line']}" if place["line"] else place["path"] for place in places)


def _measurements(advisories: Mapping[str, Any]) -> list[Measurement]:
    if "newest" not in advisories:
        return []
    day = int(advisories["newest"].replace("-", ""))
    return [count("advisories", advisories["records"], "records"), count("advisories-date", day, "yyyymmdd")]


def _findings(raw: Raw, package: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[Finding]:
    """One finding for each advisory, known by its smallest id: two records of one advisory are one finding."""
    same: dict[str, list[Mapping[str, Any]]] = {}
    for found in sorted(answer["vulns"], key=lambda found: str(found["id"])):
        same.setdefault(min(found["id"], *found["aliases"]), []).append(found)
    for smallest, records in same.items():
        yield _finding(raw, package, answer["purl"], smallest, records)


def _finding(raw: Raw, package: Mapping[str, Any], purl: str, smallest: str, records: list[Mapping[str, Any]]) -> Finding:
    name, version = _key(package)
    id = records[0]["id"]
    aliases = sorted({alias for record in records for alias in (record["id"], *record["aliases"])} - {id})
    fixes: list[str] = next((record["fix_versions"] for record in records if record["fix_versions"]), [])
    severity, source = max(_severity(record["severity"]) for record in records)
    first, *others = package["places"]
    return raw.finding(
        rule=id,
        severity=severity,
        message=f"{name} {version}: {_summary(records[0])}",
        location=Location(path=first["path"], line=first["line"] or None, purl=purl),
        identity=(name, smallest),
        remedy=f"upgrade {name} to {fixes[0]} or later"
        if fixes
        else "no fixed version is published: replace the package, or waive it with a date and a reason",
        help_url=f"https://osv.dev/vulnerability/{id}" if _PUBLIC_ID.fullmatch(id) else "",
        properties={
            "advisory": id,
            "aliases": ",".join(aliases),
            "package": name,
            "version": version,
            "fixed_in": ",".join(fixes),
            "severity_source": source,
            "also_in": _words(others),
        },
    )


def _summary(record: Mapping[str, Any]) -> str:
    text = " ".join(record["description"].split())
    if not text or text == "N/A":
        return f"{record['id']} affects this version"
    return text if len(text) <= SUMMARY_LIMIT else f"{text[:SUMMARY_LIMIT].rstrip()}…"


def _severity(data: Mapping[str, str]) -> tuple[Severity, str]:
    """The five levels from a CVSS score (the standard's own bounds), else the database's word; what is unknown counts as high."""
    if "score" in data:
        level = severity_of_score(data["score"])
        return Severity.HIGH if level is None else level, f"{data['vector']} ({data['score']})"
    known = _WORDS.get(data.get("word", "").lower())
    return (Severity.HIGH, "unknown") if known is None else (known, f"the database's word: {data['word']}")


# -- init


def detect(survey: Survey) -> Suggestion | None:
    """Suggest the gate where something is locked; what can't be audited or looks like test data is left out by name."""
    found = [name for name in survey.files if is_source(name)]
    if not found:
        return None
    left_out = {name: why for name in found if (why := _why_left_out(survey, name))}
    taken = [name for name in found if name not in left_out]
    if not taken:
        name = next(iter(left_out))
        return Suggestion(comments=(f"{name}: {left_out[name]}; until one is pinned the gate can't tell (uv pip compile, pip-compile)",))
    if not left_out:
        return Suggestion(comments=(f"audits {', '.join(taken)}",))
    return Suggestion(options={"sources": taken}, comments=tuple(f"{name} is left out: {why}" for name, why in left_out.items()))


def _why_left_out(survey: Survey, name: str) -> str:
    if _SAMPLES & set(PurePosixPath(name).parts[:-1]):
        return "it looks like data of tests"
    return "it is not pinned" if name.endswith(".txt") and not _looks_pinned(survey.read(name) or "") else ""


def _looks_pinned(text: str) -> bool:
    """A first look without the engine: each line that asks for a package by name has an exact version."""
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    asked = [line for line in lines if line and not line.startswith(("#", "-")) and " @ " not in line and "/" not in line.split(";")[0]]
    return all(re.search(r"===?\s*[^\s*,;]+(?![\w.]*\*)", line.split(";")[0]) for line in asked)


GATE = Gate(
    id="dependencies",
    title="Known vulnerabilities in dependencies",
    unit="packages",
    options=Options,
    executes_project=False,
    parser=1,
    observe=observe,
    parse=parse,
    requires=("pip-audit",),
    extra="dependencies",
    limits=(Limit(name="findings", severity=Severity.MEDIUM, new_max=Decimal(0)),),
    measurements={
        "advisories": "how many records of a folder or zip are in force",
        "advisories-date": "the day on which the newest record of a folder or zip was modified, as a number: 20261120",
    },
    detect=detect,
)
