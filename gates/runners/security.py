"""Code security: bandit's checks on a list of Python files of our own, in a child, with no configuration of the project's.

`# nosec` comments do not hide a finding: they are matched by bandit's own rules and listed as suppressions.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from gates.api import (
    Depends,
    Examined,
    Facts,
    Fewer,
    Finding,
    Gate,
    GateError,
    Limit,
    Location,
    Masked,
    Measurement,
    More,
    ObserveContext,
    Proof,
    Raw,
    Severity,
    Skip,
    Stage,
    Suggestion,
    Survey,
    Towards,
    Why,
    count,
    option,
)
from gates.dataclass import dataclass
from gates.formats import bandit, places

INVENTORY = "inventory.json"
SCAN = "scan.json"
_SUFFIXES = (".py", ".pyw", ".wsgi")
_NAMES = ("SConstruct", "SConscript")
_SCRIPT = re.compile(rb"(?:\xef\xbb\xbf)?#!.*(?:\b(?:i?python|pypy)[\d.]*[dmtuw]*\b|\buv run\b)")
#: How much of a first line is read: no less than any system reads to find the program that runs a script.
_FIRST_LINE = 4096
#: bandit looks at so many bytes in about half a second, three times as long as it takes to start.
_PART_BYTES = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is examined, and which of bandit's findings count."""

    paths: tuple[str, ...] = option(
        "files, folders or globs to examine (default: every Python file that git tracks or would add)",
        default=(),
        looser=Fewer(empty="all"),
    )
    exclude: tuple[str, ...] = option(
        "files, folders or globs to leave out; a name without a slash fits at any depth", default=(), looser=More()
    )
    skips: tuple[str, ...] = option(
        "bandit's rules, such as B101, whose findings are listed as suppressed by the policy", default=(), looser=More()
    )
    confidence: Literal["low", "medium", "high"] = option(
        "bandit's confidence from which a finding keeps its severity; others are listed as info",
        default="low",
        looser=Towards("high", "medium", "low"),
    )
    tests: Literal["low", "same"] = option(
        "whether findings in test code count as `low` at most or the `same` as elsewhere", default="low", looser=Towards("low", "same")
    )

    def __post_init__(self) -> None:
        wrong = [rule for rule in self.skips if not re.fullmatch(r"B\d{3}", rule)]
        if wrong:
            raise ValueError(f"skips: {wrong[0]!r} is not a rule of bandit, such as B101")


# -- the first half


def observe(context: ObserveContext, options: Options) -> None:
    version = context.distribution("bandit")
    files = [name for name in context.select(options.paths, options.exclude) if _is_python(context.root, name)]
    context.expect_files(files, what="Python file")
    context.report_progress(f"{len(files)} files")
    answer = _examined(context, files, version)
    for issue in answer["issues"]:
        for value in issue.pop("secrets"):
            context.add_secret(value, issue["rule"])
        for why in issue.pop("unsearched"):
            context.add_unsearched(issue["rule"], Why(why))
        issue |= {key: Masked(issue[key], {"literal": count}) for key, count in issue.pop("masks").items() if count}
    chosen = {"skips": sorted(options.skips), "confidence": options.confidence, "tests": options.tests}
    context.raw_json(INVENTORY, {"files": files, **chosen})
    context.raw_json(SCAN, answer)


def _examined(context: ObserveContext, files: list[str], version: str) -> dict[str, Any]:
    """bandit's answer for all files. Those in which an earlier run found nothing, and that did not change, it is not asked about again."""
    known = {name: {"path": name, "skipped": "", "lines": lines} for name in files if (lines := context.pieces.of(name)) is not None}
    asked = [name for name in files if name not in known]
    questions = [{"root": str(context.root.absolute()), "files": part} for part in context.in_parts(asked, least=_PART_BYTES)]
    answer = _joined(context.ask_driver_in_parts("bandit_driver", questions, tool="bandit", version=version))
    found = {issue["path"] for issue in answer["issues"]}
    for entry in answer["files"]:
        if not entry["skipped"] and entry["path"] not in found:
            context.pieces.put(entry["path"], entry["lines"])
    entries = {entry["path"]: entry for entry in (*answer["files"], *known.values())}
    # A file that bandit was not asked for stays missing: the second half looks for it.
    return {
        **answer,
        "files": [entries[name] for name in files if name in entries],
        "lines": sum(entry["lines"] for entry in entries.values()),
    }


def _joined(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """One answer of those to all parts. What not every process of bandit's proved, none did."""
    return {
        "checks": min(answer["checks"] for answer in answers),
        "canary": sorted(set[str].intersection(*(set(answer["canary"]) for answer in answers))),
        "files": [entry for answer in answers for entry in answer["files"]],
        "issues": [issue for answer in answers for issue in answer["issues"]],
    }


def _is_python(root: Path, name: str) -> bool:
    """Whether a file holds Python: by its name, or by its first line."""
    if name.lower().endswith(_SUFFIXES) or name.rpartition("/")[2] in _NAMES:
        return True
    path = root / name
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            return bool(_SCRIPT.match(stream.readline(_FIRST_LINE)))
    except OSError:
        return False


# -- the second half


def parse(raw: Raw) -> Facts:
    inventory, scan = raw.json(INVENTORY), raw.json(SCAN)
    unseen = [rule for rule in bandit.CHECKS if rule not in scan["canary"]]
    if unseen or not scan["checks"]:
        raise GateError(f"bandit did not find what was planted for it: {', '.join(unseen)}", remedy="pip install --force-reinstall bandit")
    if sorted(entry["path"] for entry in scan["files"]) != sorted(inventory["files"]):
        raise GateError("bandit reports on other files than it was given", remedy="please report this with its raw output")
    skipped = tuple(Skip(item=entry["path"], reason=entry["skipped"]) for entry in scan["files"] if entry["skipped"])
    expected = len(inventory["files"])
    return raw.facts(
        examined=Examined(unit="files", expected=expected, done=expected - len(skipped), skipped=skipped, proof=Proof.INVENTORY),
        findings=[_finding(raw, issue, inventory) for issue in scan["issues"]],
        measurements=_measurements(scan, skipped),
    )


def _finding(raw: Raw, issue: Mapping[str, Any], chosen: Mapping[str, Any]) -> Finding:
    rule = issue["rule"]
    suppressed = "# nosec" if issue["nosec"] else "policy: skips" if rule in chosen["skips"] else None
    properties = {
        "check": issue["test"],
        "confidence": issue["confidence"].lower(),
        "severity": issue["severity"].lower(),
        "line": issue["text"],
    }
    return raw.finding(
        rule=rule,
        severity=_severity(issue, chosen),
        message=issue["message"],
        location=Location(
            path=places.shown(issue["path"]), line=issue["line"], column=issue["column"], end_line=max(issue["line"], issue["end_line"])
        ),
        identity=(issue["path"], issue["text"]),
        remedy=bandit.remedy(rule, parser=raw.parser),
        help_url=issue["help_url"],
        suppressed_by=suppressed,
        properties=properties | ({"cwe": f"CWE-{issue['cwe']}"} if issue["cwe"] else {}),
    )


def _severity(issue: Mapping[str, Any], chosen: Mapping[str, Any]) -> Severity:
    """bandit's severity, as far as the options let it count. bandit's own word is kept in the properties."""
    severity = bandit.SEVERITIES.get(issue["severity"], bandit.UNKNOWN)
    if bandit.RANKS.get(issue["confidence"], 0) < bandit.RANKS[chosen["confidence"].upper()]:
        return Severity.INFO
    return min(severity, Severity.LOW) if chosen["tests"] == "low" and places.is_test(issue["path"]) else severity


def _measurements(scan: Mapping[str, Any], skipped: Iterable[Skip]) -> Iterator[Measurement]:
    yield count("lines", scan["lines"], "lines")
    yield count("unread-files", len(tuple(skipped)), "files")


# -- the rest of the gate


def depends(context: ObserveContext, options: Options) -> Depends:
    """The files of which some are Python: a first line may say so too."""
    return Depends(files=context.select(options.paths, options.exclude))


def detect(survey: Survey) -> Suggestion | None:
    """Python files, and what the repository already tells bandit to leave out."""
    if not any(name.endswith(_SUFFIXES) for name in survey.files):
        return None
    settings, source = _settings(survey)
    skips = sorted(rule for rule in settings.get("skips", []) if re.fullmatch(r"B\d{3}", rule))
    exclude = [pattern for pattern in (_glob(name) for name in settings.get("exclude", [])) if pattern]
    options: dict[str, Any] = {}
    if skips:
        options["skips"] = skips
    if exclude:
        options["exclude"] = exclude
    comments = (f"taken over from {source}; findings of `skips` are listed as suppressed",) if options else ()
    return Suggestion(options=options, comments=comments)


def _settings(survey: Survey) -> tuple[dict[str, list[str]], str]:
    """`skips` and `exclude` of a repository's own configuration of bandit, and where they stand."""
    try:
        table = tomllib.loads(survey.read("pyproject.toml") or "").get("tool", {}).get("bandit", {})
    except tomllib.TOMLDecodeError:
        table = {}
    if table:
        return {"skips": _words(table.get("skips")), "exclude": _words(table.get("exclude_dirs"))}, "[tool.bandit]"
    ini = configparser.ConfigParser(interpolation=None)
    try:
        ini.read_string(survey.read(".bandit") or "")
    except configparser.Error:
        return {}, ""
    section = ini["bandit"] if ini.has_section("bandit") else {}
    return {"skips": _words(section.get("skips")), "exclude": _words(section.get("exclude"))}, ".bandit"


def _words(value: object) -> list[str]:
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [str(item).strip() for item in items if str(item).strip()]


def _glob(name: str) -> str:
    """A folder that bandit is told to leave out, as we write it: its own patterns are parts of a path."""
    return name.removeprefix("./").strip("/").removesuffix("/*")


GATE = Gate(
    id="security",
    title="Code security",
    unit="files",
    options=Options,
    executes_project=False,
    parser=2,
    observe=observe,
    parse=parse,
    earlier={1: parse},
    requires=("bandit",),
    limits=(Limit(name="findings", severity=Severity.MEDIUM, new_max=Decimal(0)),),
    measurements={
        "lines": "lines of code that were examined",
        "unread-files": "Python files that could not be examined, such as those in the syntax of another version",
    },
    stages=(Stage.COMMIT, Stage.CHANGE, Stage.RELEASE),
    detect=detect,
    by_line=True,
    by_file=True,
    depends=depends,
)
