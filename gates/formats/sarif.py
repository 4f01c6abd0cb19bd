"""SARIF 2.1.0: results of all runs as findings, and what the runs say of themselves.

Section numbers are of OASIS SARIF 2.1.0. A run that says it failed, or that keeps its results elsewhere, can't be judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gates.api import Finding, GateError, Kind, Measurement, Raw, Severity, count
from gates.dataclass import dataclass
from gates.formats.report import Places, Report, document, mapping, objects, severity_of_score, text
from gates.formats.sarif_places import Artifacts

#: 3.27.10; `none` is for results that are no problem.
_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.INFO}
#: 3.27.9: these say that nothing is wrong.
_FINE = frozenset({"pass", "notApplicable", "informational"})
#: 3.27.10: only a failure has a level. A result that claims both is taken at its worse word.
_SERIOUS = frozenset({"error", "warning"})
_UNSURE = frozenset({"open", "review"})
_LINK = re.compile(r"(?<!\\)\[((?:[^\[\]\\]|\\.)*)\]\(\d+\)")
_PLACEHOLDER = re.compile(r"\{(\d{1,4})\}")
#: CodeQL names the files that it could read in notifications of this kind, and lists no artifacts for them.
_EXTRACTED = "successfully-extracted-files"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run: its data, its rules by id and place, its artifacts."""

    where: str
    data: dict[str, Any]
    driver: dict[str, Any]
    components: tuple[dict[str, Any], ...]
    artifacts: Artifacts


def read(raw: Raw, name: str, places: Places, *, in_full: bool = True) -> Report:
    """All runs of the log as one report.

    `in_full` is whether a rule's description stands in where it has no help, and whether it is said where the tool met an error.
    """
    log = mapping(document(raw, name), name)
    if log.get("version") != "2.1.0":
        raise GateError(f"{name} is not SARIF 2.1.0: its version is {log.get('version')!r}", remedy="let the tool write SARIF 2.1.0")
    runs = [_open(data, f"{name}, run {number}", places) for number, data in enumerate(objects(log, "runs", name), 1)]
    if not runs:
        raise GateError(
            f"{name} holds no run: nothing says that the tool looked at anything",
            remedy="see what the tool printed; it is kept as evidence",
        )
    for run in runs:
        _check(run, places, in_full)
    targets = {path for run in runs for path in _targets(run)}
    said = [_succeeded(run) for run in runs]
    return Report(
        findings=tuple(finding for run in runs for finding in _findings(raw, run, places, in_full)),
        examined=tuple(sorted(targets)) or None,
        measurements=_measurements(runs),
        tool=text(runs[0].driver.get("name")),
        version=text(runs[0].driver.get("semanticVersion")) or text(runs[0].driver.get("version")),
        succeeded=None if None in said else all(said),
    )


def _measurements(runs: list[_Run]) -> tuple[Measurement, ...]:
    rules = sum(len(objects(component, "rules", run.where)) for run in runs for component in run.components)
    aside = sum(_is_aside(result) for run in runs for result in objects(run.data, "results", run.where))
    warnings = sum(len(_notifications(run, "warning")) for run in runs)
    return count("rules", rules, "rules"), count("set-aside", aside, "results"), count("tool-warnings", warnings, "warnings")


def _open(data: dict[str, Any], where: str, places: Places) -> _Run:
    tool = mapping(data.get("tool"), where)
    driver = mapping(tool.get("driver"), where)
    return _Run(
        where=where,
        data=data,
        driver=driver,
        components=(driver, *objects(tool, "extensions", where)),
        artifacts=Artifacts(data, where, places),
    )


# -- what a run says of itself


def _check(run: _Run, places: Places, in_full: bool) -> None:
    """Raise `GateError` where the run says that it did not work, or does not hold its results."""
    if "results" in mapping(run.data.get("externalPropertyFileReferences"), run.where):
        raise GateError(f"{run.where} keeps its results in other files", remedy="let the tool write one file that holds everything")
    if not isinstance(run.data.get("results"), list):
        raise GateError(
            f"{run.where} has no list of results: the tool did not scan", remedy="see what the tool printed; it is kept as evidence"
        )
    errors = _notifications(run, "error")
    if errors:
        words = places.scrub(text(mapping(errors[0].get("message"), run.where).get("text")) or "no message was given")
        location, _ = run.artifacts.location(errors[0], fallback="the whole run")
        if in_full and location.path and location.path not in words:
            words = f"{location}: {words}"
        raise GateError(
            f"{run.where}: the tool met an error: {words}", remedy="mend what it could not read; what it did not read may hold findings"
        )
    if _succeeded(run) is False:
        raise GateError(f"{run.where}: the tool says that it did not succeed", remedy="see what the tool printed; it is kept as evidence")


def _succeeded(run: _Run) -> bool | None:
    invocations = objects(run.data, "invocations", run.where)
    return all(item.get("executionSuccessful") is True for item in invocations) if invocations else None


def _notifications(run: _Run, level: str) -> list[dict[str, Any]]:
    """What the tool said about its own work at a level; `warning` is the level of those that name none (3.58.6)."""
    return [item for item in _every_notification(run) if item.get("level", "warning") == level]


def _every_notification(run: _Run) -> Iterator[dict[str, Any]]:
    for invocation in objects(run.data, "invocations", run.where):
        for key in ("toolExecutionNotifications", "toolConfigurationNotifications"):
            yield from objects(invocation, key, run.where)


def _targets(run: _Run) -> Iterator[str]:
    """Paths of the files that the run says it looked at."""
    yield from run.artifacts.targets()
    for notification in _every_notification(run):
        if text(mapping(notification.get("descriptor"), run.where).get("id")).endswith(_EXTRACTED):
            yield from (path for place in objects(notification, "locations", run.where) if (path := run.artifacts.path(place)))


# -- results


def _findings(raw: Raw, run: _Run, places: Places, in_full: bool) -> Iterator[Finding]:
    for result in objects(run.data, "results", run.where):
        if not _is_aside(result):
            yield _finding(raw, run, result, places, in_full)


def _is_aside(result: dict[str, Any]) -> bool:
    """Whether the report itself says that this result is no problem, or no longer there."""
    if result.get("baselineState") == "absent":
        return True
    return text(result.get("kind")) in _FINE and text(result.get("level")) not in _SERIOUS


def _finding(raw: Raw, run: _Run, result: dict[str, Any], places: Places, in_full: bool) -> Finding:
    rule_id, rule = _rule(run, result)
    location, marks = run.artifacts.location(result, fallback=text(run.driver.get("name")) or "the whole run")
    message = places.scrub(_message(run, result, rule)) or rule_id
    severity, words = _severity(run, result, rule)
    return raw.finding(
        rule=(in_full and rule_id.removeprefix(f"{raw.gate}/")) or rule_id,  # the gate's name stands before it anyway
        severity=severity,
        message=message,
        location=location,
        identity=_identity(run, result, location.path or str(location), message),
        kind=Kind.NEEDS_REVIEW if result.get("kind") in _UNSURE else Kind.FINDING,
        remedy=_remedy(run, result, rule, message, in_full),
        help_url=_address(rule.get("helpUri")),
        suppressed_by=_suppression(run, result),
        properties={**words, **marks},
    )


def _rule(run: _Run, result: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The rule's id and its descriptor (empty where the run has none): by place, else by id, else by the id's first part (3.27.5)."""
    reference = mapping(result.get("rule"), run.where)
    found = _component(run, mapping(reference.get("toolComponent"), run.where))
    rules = objects(found, "rules", run.where)
    index = result.get("ruleIndex", reference.get("index"))
    rule_id = text(result.get("ruleId")) or text(reference.get("id"))
    if isinstance(index, int) and 0 <= index < len(rules):
        return rule_id or text(rules[index].get("id")) or "without-a-name", rules[index]
    by_id = {text(rule.get("id")): rule for component in run.components for rule in objects(component, "rules", run.where)}
    return rule_id or "without-a-name", by_id.get(rule_id) or by_id.get(rule_id.rpartition("/")[0]) or {}


def _component(run: _Run, reference: dict[str, Any]) -> dict[str, Any]:
    extensions = run.components[1:]
    index = reference.get("index")
    if isinstance(index, int) and 0 <= index < len(extensions):
        return extensions[index]
    named = [item for item in extensions if text(reference.get("name")) and item.get("name") == reference.get("name")]
    return named[0] if named else run.driver


def _severity(run: _Run, result: dict[str, Any], rule: dict[str, Any]) -> tuple[Severity, dict[str, str]]:
    """`security-severity` (a CVSS score) before the level; the tool's own words beside. What can't be read counts as high."""
    scores = (mapping(item.get("properties"), run.where).get("security-severity") for item in (result, rule))
    score = next((item for item in scores if item is not None), None)
    level = _level(run, result, rule)
    words = {"level": level} | ({"security-severity": str(score)} if score is not None else {})
    severity = _LEVELS.get(level) if score is None else severity_of_score(score)
    return (Severity.HIGH if severity is None else severity), words


def _level(run: _Run, result: dict[str, Any], rule: dict[str, Any]) -> str:
    if "level" in result:
        return str(result["level"])
    configured = mapping(rule.get("defaultConfiguration"), run.where)
    return str(configured.get("level", "warning"))


def _message(run: _Run, result: dict[str, Any], rule: dict[str, Any]) -> str:
    """The result's words: its own text, or the rule's message of that id with the arguments filled in (3.11)."""
    message = mapping(result.get("message"), run.where)
    words = text(message.get("text")) or text(message.get("markdown"))
    if not words:
        shared = {**mapping(run.driver.get("globalMessageStrings"), run.where), **mapping(rule.get("messageStrings"), run.where)}
        words = text(mapping(shared.get(str(message.get("id"))), run.where).get("text"))
    arguments = message.get("arguments")
    if isinstance(arguments, list):
        words = _PLACEHOLDER.sub(lambda found: str(arguments[int(found[1])]) if int(found[1]) < len(arguments) else found[0], words)
    return _LINK.sub(r"\1", words).strip()


def _remedy(run: _Run, result: dict[str, Any], rule: dict[str, Any], message: str, in_full: bool) -> str:
    """The first fix that the tool describes, else the first words of the rule's help that say more than the message, else what the rule
    says of itself, where that is more than the message and the rule's name.
    """
    fixes = (text(mapping(fix.get("description"), run.where).get("text")) for fix in objects(result, "fixes", run.where))
    lines = (line.strip() for line in text(mapping(rule.get("help"), run.where).get("text")).splitlines())
    advice = (line for line in lines if line and not line.startswith("#") and line != message)
    about = [text(mapping(rule.get(key), run.where).get("text")) for key in ("fullDescription", "shortDescription") if in_full]
    told = (words.splitlines()[0] for words in about if words and words != message and text(rule.get("id")) not in words)
    tool = text(run.driver.get("name")) or "the tool"
    return next((fix for fix in fixes if fix), next(advice, next(told, f"follow what {tool} says of this rule")))


def _address(value: Any) -> str:
    address = text(value)
    return address if address.startswith(("https://", "http://")) else ""


def _suppression(run: _Run, result: dict[str, Any]) -> str | None:
    """Who silenced the result, where all its suppressions are accepted (3.27.23)."""
    entries = objects(result, "suppressions", run.where)
    if not entries or any(entry.get("status", "accepted") != "accepted" for entry in entries):
        return None
    reasons = [text(entry.get("justification")) for entry in entries]
    words = [f"sarif: {entries[0].get('kind', 'external')}", *dict.fromkeys(reason for reason in reasons if reason)]
    return ", ".join(words)


def _identity(run: _Run, result: dict[str, Any], place: str, message: str) -> tuple[str, ...]:
    """The tool's own fingerprints with the place; else the place and the line's text; else the place and the message."""
    own: Mapping[str, Any] = mapping(result.get("fingerprints"), run.where) or mapping(result.get("partialFingerprints"), run.where)
    if own:
        return (place, *(f"{key}={own[key]}" for key in sorted(own)))
    return (place, run.artifacts.line_text(result) or message)
