"""Statements that a vulnerability does or does not affect a product (VEX): OpenVEX 0.2 and before, and CycloneDX's analyses.

Read strictly: what a statement leaves open, or says of something else than a package from PyPI, it says of no package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from gates.api import GateError, Raw
from gates.dataclass import dataclass
from gates.formats import cyclonedx
from gates.formats.report import document, mapping, objects, text

CONTEXTS = ("https://openvex.dev/ns/v0.2.0", "https://openvex.dev/ns")
JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
#: CycloneDX's own (impactAnalysisJustification).
CYCLONEDX_JUSTIFICATIONS = (
    "code_not_present",
    "code_not_reachable",
    "requires_configuration",
    "requires_dependency",
    "requires_environment",
    "protected_by_compiler",
    "protected_at_runtime",
    "protected_at_perimeter",
    "protected_by_mitigating_control",
)
NOT_AFFECTED, FIXED = "not_affected", "fixed"
STATUSES = (NOT_AFFECTED, "affected", FIXED, "under_investigation")
#: CycloneDX's states, and those of OpenVEX that mean the same.
_STATES = {
    "not_affected": NOT_AFFECTED,
    "false_positive": NOT_AFFECTED,
    "resolved": FIXED,
    "resolved_with_pedigree": FIXED,
    "exploitable": "affected",
    "in_triage": "under_investigation",
}
_TEXT_LIMIT = 200
#: Without qualifiers and a path: those narrow it to one file or one index, and which of them is installed is not known.
_PYPI = re.compile(r"pkg:/*pypi/+(?P<name>[^/@?#]+)(?:@(?P<version>[^/@?#]+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package from PyPI that a statement is about: its name as PEP 503 has it, and the version; every version where that is empty.

    `used_by` is the package of whose use of it alone the statement speaks; empty where its product is none.
    """

    name: str
    version: str = ""
    used_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. `place` is for people: the file, and which of its statements. `author` is the file where nobody signs as one.

    `made` is when, None where nobody says. `vulnerabilities` are all names of the one that it is about, in lower case. `word` is the
    format's own for its `status`, `reason` its justification, or what its author says in place of one.
    """

    path: str
    place: str
    author: str
    made: datetime | None
    vulnerabilities: frozenset[str]
    packages: tuple[Package, ...]
    status: str
    word: str
    reason: str


def read(raw: Raw, member: str, path: str) -> tuple[Statement, ...]:
    """The statements of a file that was kept as a raw member. Raises `GateError` with the place for what can't be read as one."""
    data = document(raw, member, path)
    if not isinstance(data, dict):
        raise GateError(f"{path} is no VEX document: it is not a JSON object", remedy=_REMEDY)
    if "bomFormat" in data:
        found = tuple(_of_cyclonedx(cyclonedx.checked(data, path), path))
    elif "@context" in data:
        found = tuple(_of_openvex(data, path))
    else:
        raise GateError(f"{path} is neither OpenVEX nor CycloneDX: it has no `@context` and no `bomFormat`", remedy=_REMEDY)
    if not found:
        raise GateError(f"{path} holds no statement", remedy="write one, or name the file in `vex` no more")
    return found


def pypi(purl: str, *, used_by: str = "") -> Package | None:
    """The package that a purl names; None for one of another kind, and where qualifiers or a path narrow it down."""
    match = _PYPI.fullmatch(purl)
    if match is None:
        return None
    return Package(name=normalized(unquote(match["name"])), version=unquote(match["version"] or ""), used_by=used_by)


def normalized(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


# -- OpenVEX


def _of_openvex(data: dict[str, Any], path: str) -> Iterator[Statement]:
    if data["@context"] not in CONTEXTS:
        raise GateError(
            f"{path} is of the context {data['@context']!r}, which can't be read", remedy=f"write OpenVEX of {' or '.join(CONTEXTS)}"
        )
    for number, item in enumerate(objects(data, "statements", path), 1):
        place = f"{path}, statement {number}"
        status = _one_of(item, "status", STATUSES, place)
        yield Statement(
            path=path,
            place=place,
            author=_short(data.get("author")) or path,
            made=_moment(item.get("timestamp", data.get("timestamp")), place),
            vulnerabilities=_names(item.get("vulnerability"), place),
            packages=tuple(_packages(item, place)),
            status=status,
            word=status,
            reason=_reason(item, JUSTIFICATIONS, "impact_statement", place),
        )


def _names(vulnerability: Any, place: str) -> frozenset[str]:
    """The name and aliases; before 0.2 a vulnerability was a name alone."""
    item = {"name": vulnerability} if isinstance(vulnerability, str) else mapping(vulnerability, f"{place}: vulnerability")
    aliases = item.get("aliases") or []
    if not isinstance(aliases, list):
        raise GateError(f"{place}: `aliases` is not a list", remedy=_MEND)
    return _required_names([item.get("name"), *aliases], place)


def _required_names(names: list[Any], place: str) -> frozenset[str]:
    known = frozenset(text(name).lower() for name in names) - {""}
    if not known:
        raise GateError(f"{place} names no vulnerability", remedy=_MEND)
    return known


def _packages(item: dict[str, Any], place: str) -> Iterator[Package]:
    """What stands in a product is what the statement is about; without `subcomponents` it is the product itself."""
    shared = _components(item, "subcomponents", place)
    for product in _components(item, "products", place):
        parts = [*_components(product, "subcomponents", place), *shared]
        user = pypi(_purl(product, place))
        for part in parts or [product]:
            found = pypi(_purl(part, place), used_by=user.name if parts and user else "")
            if found:
                yield found


def _components(item: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    """A list of components; before 0.2 each was its id alone."""
    value = item.get(key)
    if isinstance(value, list):
        item = {key: [{"@id": entry} if isinstance(entry, str) else entry for entry in value]}
    return objects(item, key, place)


def _purl(component: dict[str, Any], place: str) -> str:
    return text(mapping(component.get("identifiers"), f"{place}: identifiers").get("purl")) or text(component.get("@id"))


# -- CycloneDX


def _of_cyclonedx(bom: dict[str, Any], path: str) -> Iterator[Statement]:
    metadata = mapping(bom.get("metadata"), path)
    authors = [_short(author.get("name")) for author in objects(metadata, "authors", path)]
    for number, (item, affected) in enumerate(cyclonedx.vulnerabilities(bom, path), 1):
        place = f"{path}, vulnerability {number}"
        analysis = mapping(item.get("analysis"), place)
        if not analysis:
            continue
        state = _one_of(analysis, "state", tuple(_STATES), place)
        aliases = [reference.get("id") for reference in objects(item, "references", place)]
        made = next((when for when in (analysis.get("lastUpdated"), analysis.get("firstIssued"), metadata.get("timestamp")) if when), None)
        yield Statement(
            path=path,
            place=place,
            author=", ".join(filter(None, authors)) or path,
            made=_moment(made, place) if made else None,
            vulnerabilities=_required_names([item.get("id"), *aliases], place),
            packages=tuple(package for entry, component in affected for package in _versions(component, objects(entry, "versions", place))),
            status=_STATES[state],
            word=state,
            reason=_reason(analysis, CYCLONEDX_JUSTIFICATIONS, "detail", place),
        )


def _versions(component: cyclonedx.Component, listed: list[dict[str, Any]]) -> Iterator[Package]:
    """A component without a version is about those that `affects` lists for it. A range of them is about none: it is not compared."""
    package = pypi(component.purl)
    if package is None:
        return
    if version := package.version or component.version:
        yield Package(name=package.name, version=version)
    elif listed:
        named = filter(None, (text(entry.get("version")) for entry in listed))
        yield from (Package(name=package.name, version=version) for version in named)
    else:
        yield package


# -- both


def _one_of(item: Mapping[str, Any], key: str, known: tuple[str, ...], place: str) -> str:
    value = item.get(key)
    if value not in known:
        raise GateError(f"{place}: `{key}` is {value!r}", remedy=f"write one of {', '.join(known)}")
    return str(value)


def _reason(item: Mapping[str, Any], known: tuple[str, ...], instead: str, place: str) -> str:
    """The justification; without one, what the author says instead."""
    return _one_of(item, "justification", known, place) if item.get("justification") else _short(item.get(instead))


def _moment(value: Any, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise GateError(
            f"{place}: its timestamp is {value!r}",
            remedy="write when it was made, with the time zone, such as 2026-11-20T10:00:00Z: a later statement takes its place",
        )
    return moment


def _short(value: Any) -> str:
    words = " ".join(text(value).split())
    return words if len(words) <= _TEXT_LIMIT else f"{words[:_TEXT_LIMIT].rstrip()}…"


_REMEDY = "name a document of OpenVEX, or of CycloneDX with `vulnerabilities` that have an `analysis`; a signature around it is not read"
_MEND = "mend it as its format has it: https://github.com/openvex/spec"
