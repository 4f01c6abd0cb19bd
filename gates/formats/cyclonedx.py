"""CycloneDX JSON, 1.4 to 1.7: components, vulnerabilities, and what their authors say of them (VEX)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from gates.api import Finding, GateError, Location, Raw, Severity
from gates.dataclass import dataclass
from gates.formats.report import Places, Report, document, mapping, objects, severity_of_score, text

VERSIONS = ("1.4", "1.5", "1.6", "1.7")
#: States of an analysis after which a vulnerability no longer asks for anything (CycloneDX, impactAnalysisState).
_SETTLED = frozenset({"resolved", "resolved_with_pedigree", "false_positive", "not_affected"})
_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.INFO,
    "none": Severity.INFO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    name: str
    version: str
    purl: str


def read(raw: Raw, name: str, places: Places) -> Report:
    """The report's vulnerabilities as findings, one an affected component; its components as what was examined."""
    bom = _bom(raw, name)
    if "vulnerabilities" not in bom:
        raise GateError(
            f"{name} has no list of vulnerabilities",
            remedy="a plain bill of materials says nothing about them: let the tool write the list, empty where there are none",
        )
    findings = [
        _finding(raw, vulnerability, entry, component, places)
        for vulnerability, affected in vulnerabilities(bom, name)
        for entry, component in affected
    ]
    tool, version = _tool(bom, name)
    examined = tuple(sorted({component.purl for component in dict(_components(bom, name)).values()}))
    return Report(findings=tuple(findings), examined=examined, tool=tool, version=version)


def _bom(raw: Raw, name: str) -> dict[str, Any]:
    if raw.content(name).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise GateError(f"{name} is XML", remedy="let the tool write CycloneDX as JSON")
    return checked(mapping(document(raw, name), name), name)


def checked(bom: dict[str, Any], name: str) -> dict[str, Any]:
    """A document that is CycloneDX of a version that is known; raises `GateError` for any other."""
    if bom.get("bomFormat") != "CycloneDX":
        raise GateError(
            f"{name} is not CycloneDX: its bomFormat is {bom.get('bomFormat')!r}", remedy="let the tool write CycloneDX as JSON"
        )
    if bom.get("specVersion") not in VERSIONS:
        raise GateError(
            f"{name} is CycloneDX {bom.get('specVersion')!r}, which can't be read",
            remedy=f"let the tool write one of {', '.join(VERSIONS)}",
        )
    return bom


def vulnerabilities(bom: dict[str, Any], where: str) -> Iterator[tuple[dict[str, Any], list[tuple[dict[str, Any], Component]]]]:
    """Each vulnerability with its entries of `affects` and their components."""
    components = dict(_components(bom, where))
    subject = _component(mapping(mapping(bom.get("metadata"), where).get("component"), where))
    for vulnerability in objects(bom, "vulnerabilities", where):
        yield vulnerability, list(_affected(vulnerability, components, subject, where))


def _components(bom: dict[str, Any], where: str) -> Iterator[tuple[str, Component]]:
    """All components by `bom-ref`, those inside others too."""
    for item in objects(bom, "components", where):
        component = _component(item)
        yield text(item.get("bom-ref")) or component.purl, component
        yield from _components(item, where)


def _component(item: dict[str, Any]) -> Component:
    name = "/".join(part for part in (text(item.get("group")), text(item.get("name"))) if part)
    version = text(item.get("version"))
    made_up = f"pkg:generic/{quote(name or 'without-a-name', safe='/')}" + (f"@{quote(version, safe='')}" if version else "")
    return Component(name=name or "a package without a name", version=version, purl=text(item.get("purl")) or made_up)


def _affected(
    vulnerability: dict[str, Any], components: dict[str, Component], subject: Component, where: str
) -> Iterator[tuple[dict[str, Any], Component]]:
    """Each entry of `affects` with its component; without any, the subject of the whole report."""
    entries = objects(vulnerability, "affects", where)
    if not entries:
        yield {}, subject
    for entry in entries:
        reference = text(entry.get("ref"))
        local = reference.rpartition("#")[2] if reference.startswith("urn:cdx:") else reference
        made_up = Component(name=local, version="", purl=local if local.startswith("pkg:") else f"pkg:generic/{quote(local, safe='/')}")
        yield entry, components.get(local, made_up)


def _finding(raw: Raw, item: dict[str, Any], affected: dict[str, Any], component: Component, places: Places) -> Finding:
    advisory = text(item.get("id")) or "without-an-id"
    aliases = {text(reference.get("id")) for reference in objects(item, "references", advisory)} - {""}
    severity, word = _severity(item, advisory)
    summary = text(item.get("description")) or text(item.get("detail")) or "no description was given"
    title = f"{component.name} {component.version}".strip()
    return raw.finding(
        rule=advisory,
        severity=severity,
        message=places.scrub(f"{title}: {summary.splitlines()[0]}"),
        location=Location(purl=component.purl),
        identity=(component.name, min({advisory} | aliases)),
        remedy=text(item.get("recommendation"))
        or text(item.get("workaround"))
        or f"update {component.name} to a version without {advisory}",
        help_url=_help_url(item, advisory),
        suppressed_by=_settled(item, affected, component, advisory),
        properties={"severity": word, "package": component.name, "version": component.version, "aliases": ",".join(sorted(aliases))},
    )


def _severity(item: dict[str, Any], where: str) -> tuple[Severity, str]:
    """The worst of the ratings, and the tool's word for it. Without a rating that can be read it counts as high."""
    rated = [rating for entry in objects(item, "ratings", where) if (rating := _rating(entry))]
    return max(rated) if rated else (Severity.HIGH, "unknown")


def _rating(entry: dict[str, Any]) -> tuple[Severity, str] | None:
    word = text(entry.get("severity")).lower()
    if word in _WORDS:
        return _WORDS[word], word
    score = entry.get("score")
    found = severity_of_score(score)
    return (found, str(score)) if found is not None else None


def _settled(item: dict[str, Any], affected: dict[str, Any], component: Component, where: str) -> str | None:
    analysis = mapping(item.get("analysis"), where)
    state = text(analysis.get("state"))
    if state in _SETTLED:
        words = [f"vex: {state}", text(analysis.get("justification")), text(analysis.get("detail"))]
        return ", ".join(word for word in words if word)
    for version in objects(affected, "versions", where):
        if component.version and version.get("version") == component.version and version.get("status") == "unaffected":
            return f"vex: version {component.version} is unaffected"
    return None


def _help_url(item: dict[str, Any], where: str) -> str:
    source = mapping(item.get("source"), where)
    addresses = [text(source.get("url")), *(text(advisory.get("url")) for advisory in objects(item, "advisories", where))]
    return next((address for address in addresses if address.startswith(("https://", "http://"))), "")


def _tool(bom: dict[str, Any], where: str) -> tuple[str, str]:
    tools = mapping(bom.get("metadata"), where).get("tools")
    entries = objects(tools, "components", where) if isinstance(tools, dict) else objects({"tools": tools}, "tools", where)
    return (text(entries[0].get("name")), text(entries[0].get("version"))) if entries else ("", "")
