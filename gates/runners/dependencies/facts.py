"""From the inventory and pip-audit's answers to facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gates.api import (
    Examined,
    Facts,
    Finding,
    GateError,
    Location,
    Measurement,
    Proof,
    Raw,
    Severity,
    Skip,
    count,
)
from gates.formats.report import severity_of_score
from gates.formats.vex import Statement, normalized
from gates.runners.dependencies import vex
from gates.runners.dependencies.vex import Statements

SUMMARY_LIMIT = 300
#: Databases whose records have a page; a record of someone's own has none.
_PUBLIC_ID = re.compile(r"(PYSEC|GHSA|CVE|OSV|MAL)-[\w-]+")
_UNFIXED = "no fixed version is published: replace the package, or waive it with a date and a reason"
_WORDS = {"moderate": Severity.MEDIUM, **{severity.word: severity for severity in Severity}}


def parse(raw: Raw) -> Facts:
    """What was declared, held against what was answered, and what the project's VEX files say of that."""
    return _facts(raw, vex.read(raw))


def parse_1(raw: Raw) -> Facts:
    """The same without VEX files."""
    return _facts(raw, None)


def _facts(raw: Raw, statements: Sequence[Statement] | None) -> Facts:
    inventory, answers = raw.json("inventory.json"), raw.json("audit.json")["dependencies"]
    declared = {_key(package): package for package in inventory["packages"]}
    if sorted(map(_key, answers)) != sorted(declared):
        raise GateError(
            "pip-audit did not answer for exactly the packages that are declared", remedy="its output is kept with the evidence"
        )
    unknown = [{**declared[_key(answer)], "reason": answer["skip_reason"]} for answer in answers if "skip_reason" in answer]
    unread = [Skip(item=beside["path"], reason=beside["reason"]) for beside in inventory["unread"]]
    skipped = [*unread, *(_skip(package) for package in [*inventory["skipped"], *unknown])]
    audited = [answer for answer in answers if "skip_reason" not in answer]
    names = frozenset(normalized(package["name"]) for package in [*inventory["packages"], *inventory["skipped"]])
    said = Statements(held=tuple(statements or ()), declared=names)
    findings = [found for answer in audited for found in _findings(raw, declared[_key(answer)], answer, said)]
    measured = _measurements(raw.json("advisories.json"))
    return raw.facts(
        examined=Examined(
            unit="packages",
            expected=len(declared) + len(inventory["skipped"]) + len(unread),
            done=len(audited),
            skipped=tuple(sorted(skipped, key=lambda skip: (skip.item, skip.reason))),
            proof=Proof.INVENTORY,
        ),
        findings=findings,
        measurements=measured if statements is None else [*measured, *_counted(said, findings)],
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


def _counted(said: Statements, findings: Iterable[Finding]) -> Iterator[Measurement]:
    """How many statements there are, and how many of them are about nothing that was found."""
    used: set[str] = set()
    for finding in findings:
        known = finding.properties
        package = {"name": known["package"], "version": known["version"]}
        used |= {statement.place for statement in said.about(package, [known["advisory"], *known["aliases"].split(",")])}
    yield count("vex-statements", len(said.held), "statements")
    yield count("vex-unused", len(said.held) - len(used), "statements")


def _findings(raw: Raw, package: Mapping[str, Any], answer: Mapping[str, Any], said: Statements) -> Iterator[Finding]:
    """One finding for each advisory, known by its smallest id: two records of one advisory are one finding."""
    same: dict[str, list[Mapping[str, Any]]] = {}
    for found in sorted(answer["vulns"], key=lambda found: str(found["id"])):
        same.setdefault(min([found["id"], *found["aliases"]]), []).append(found)
    for records in same.values():
        yield _finding(raw, package, answer["purl"], records, said)


def _finding(raw: Raw, package: Mapping[str, Any], purl: str, records: list[Mapping[str, Any]], said: Statements) -> Finding:
    name, version = _key(package)
    id, smallest = records[0]["id"], min([records[0]["id"], *records[0]["aliases"]])
    aliases = sorted({alias for record in records for alias in (record["id"], *record["aliases"])} - {id})
    fixes: list[str] = next((record["fix_versions"] for record in records if record["fix_versions"]), [])
    severity, source = max(_severity(record["severity"]) for record in records)
    first, *others = package["places"]
    word = said.weigh(package, [id, *aliases])
    remedy = f"upgrade {name} to {fixes[0]} or later" if fixes else _UNFIXED
    return raw.finding(
        rule=id,
        severity=severity,
        message=f"{name} {version}: {_summary(records[0])}",
        location=Location(path=first["path"], line=first["line"] or None, purl=purl),
        identity=(name, smallest),
        remedy="; ".join(filter(None, (remedy, word.remedy))),
        help_url=f"https://osv.dev/vulnerability/{id}" if _PUBLIC_ID.fullmatch(id) else "",
        suppressed_by=word.suppressed_by,
        properties={
            "advisory": id,
            "aliases": ",".join(aliases),
            "package": name,
            "version": version,
            "fixed_in": ",".join(fixes),
            "severity_source": source,
            "also_in": _words(others),
            **({"vex": word.kept_by} if word.kept_by else {}),
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
