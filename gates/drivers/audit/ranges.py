"""Whether an OSV record affects a version: its `versions` list or its ECOSYSTEM ranges (OSV schema, "Evaluation").

Versions are compared as PEP 440 says. A range that can't be compared, or none at all, counts as affecting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Record = Mapping[str, Any]
#: At one version a range ends before the next begins, so that ranges that touch leave no gap.
_ORDER = {"fixed": 0, "last_affected": 1, "introduced": 2}
_LOWEST = Version("0.dev0")


def affected_parts(record: Record, name: str) -> Iterator[Mapping[str, Any]]:
    """The parts of a record that are about one PyPI package, by canonical name."""
    for part in record.get("affected", []):
        package = part.get("package", {})
        if package.get("ecosystem") == "PyPI" and canonicalize_name(package.get("name", "")) == name:
            yield part


def affects(record: Record, name: str, version: Version) -> bool:
    return any(_part_affects(part, version) for part in affected_parts(record, name))


def fix_versions(record: Record, name: str) -> list[Version]:
    """All versions that a record calls fixed, in order."""
    fixed = {
        version
        for part in affected_parts(record, name)
        for events in _ranges(part)
        for event in events
        if "fixed" in event and (version := _parse(event["fixed"])) is not None
    }
    return sorted(fixed)


def example(record: Record) -> tuple[str, Version] | None:
    """A package and a version of it that the record names as affected; None where it names none."""
    for part in record.get("affected", []):
        package = part.get("package", {})
        if package.get("ecosystem") == "PyPI":
            version = _named_version(part)
            if version is not None:
                return canonicalize_name(package["name"]), version
    return None


def _named_version(part: Mapping[str, Any]) -> Version | None:
    named = [*part.get("versions", [])]
    named += [event["last_affected"] for events in _ranges(part) for event in events if "last_affected" in event]
    named += [event["introduced"] for events in _ranges(part) for event in events if "introduced" in event]
    return next((version for text in named if (version := _parse(text)) is not None), None)


def _ranges(part: Mapping[str, Any]) -> list[list[Mapping[str, str]]]:
    return [found.get("events", []) for found in part.get("ranges", []) if found.get("type") == "ECOSYSTEM"]


def _part_affects(part: Mapping[str, Any], version: Version) -> bool:
    listed, ranges = part.get("versions", []), _ranges(part)
    if any(_parse(text) == version for text in listed):
        return True
    if not listed and not ranges:
        return True
    inside = [_inside(events, version) for events in ranges]
    return True in inside or (None in inside and not listed)


def _inside(events: list[Mapping[str, str]], version: Version) -> bool | None:
    """Whether the version lies between an `introduced` and its end; None where an event can't be compared."""
    points = []
    for event in events:
        for kind, text in event.items():
            if kind not in _ORDER:
                continue
            at = _LOWEST if text == "0" else _parse(text)
            if at is None:
                return None
            points.append((at, _ORDER[kind], kind))
    inside = False
    for at, _, kind in sorted(points):
        if kind == "introduced" and version >= at:
            inside = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            inside = False
    return inside


def _parse(text: str) -> Version | None:
    try:
        return Version(text)
    except (InvalidVersion, TypeError):  # anything may stand in a record
        return None
