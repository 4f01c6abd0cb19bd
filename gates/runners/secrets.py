"""The secret scan: detect-secrets on a list of files of our own, in a child, without ever verifying a secret over the network.

A found value is masked in everything that this run writes. What a comment or an existing baseline hides is listed as suppressed.
"""

from __future__ import annotations

import json
import os
import posixpath
import stat
from collections.abc import Iterable, Mapping, Sequence
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
    Kind,
    Limit,
    Location,
    Masked,
    Measurement,
    More,
    ObserveContext,
    Proof,
    Raw,
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
from gates.formats import detect_secrets as rules
from gates.formats import places

INVENTORY = "inventory.json"
SCAN = "scan.json"
_NOT_KEPT = frozenset({"value", "secrets", "unsearched", "masks"})
RESHAPED = "it is committed as another text than lies here ({} in .gitattributes): what is committed was not searched"
BASELINE = ".secrets.baseline"
_REINSTALL = "pip install --force-reinstall detect-secrets"
#: What must be found of what is planted in each run, by mode: a sample for each detector of the engine's, and for each of ours.
#: Addresses have none: a filter of the engine's drops all that is without a letter.
CANARY: dict[str, tuple[str, ...]] = {"compat": tuple(rule for rule in rules.RULES if rule not in {*rules.OURS_ALONE, "public-ip"})}
CANARY["strict"] = (*CANARY["compat"], *(f"own {rule}" for rule in (*rules.OURS_ALONE, *rules.OURS_TOO)))
#: What must be named in each run by the gates in front of the engine: every sample, one for each further gate of a detector,
#: and those that no quotes surround.
_FURTHER = (
    *("artifactory-credentials 2", "aws-access-key 2", "cloudant-credentials 2", "keyword 2", "keyword 3", "keyword 4", "keyword 5"),
    *("public-ip", "slack-token 2", "softlayer-credentials 2"),
)
_QUOTE_FREE = ("keyword", "high-entropy-base64", "high-entropy-hex", "assigned", "private-key", "authorization-header")
GATED = {mode: (*names, *_FURTHER, *(f"quote-free {name}" for name in _QUOTE_FREE)) for mode, names in CANARY.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is searched, and how."""

    paths: tuple[str, ...] = option(
        "files, folders or globs to search (default: everything that git tracks or would add)", default=(), looser=Fewer(empty="all")
    )
    exclude: tuple[str, ...] = option(
        "files, folders or globs to leave out; a name without a slash fits at any depth", default=(), looser=More()
    )
    mode: Literal["strict", "compat"] = option(
        "`strict`: detect-secrets and detectors of our own, every occurrence; `compat`: exactly the findings of `detect-secrets scan -n`",
        default="strict",
        looser=Towards("compat", "strict"),
    )
    baseline: str = option(
        f"a baseline of detect-secrets whose findings are suppressed (default: `{BASELINE}` where there is one); its settings are not used",
        default="",
    )


# -- the first half


def observe(context: ObserveContext, options: Options) -> None:
    version = context.distribution("detect-secrets")
    baseline = _baseline(context, options)
    files = list(context.select(options.paths, options.exclude))
    context.expect_files(files, what="file")
    context.report_progress(f"{len(files)} files")
    answer = _scan(context, version, files, options.mode, baseline)
    for hit in (hit for entry in answer["files"] for hit in entry["hits"]):
        for value in hit["secrets"]:
            context.add_secret(value, hit["rule"])
        for why in hit["unsearched"]:
            context.add_unsearched(hit["rule"], Why(why))
    context.raw_json(INVENTORY, {"files": files, "mode": options.mode, "baseline": baseline})
    context.raw_json(SCAN, {**answer, "files": [_without_values(entry) for entry in answer["files"]]})


def _baseline(context: ObserveContext, options: Options) -> str:
    """The baseline's path below the root, empty where there is none. One that is named must be there."""
    name = options.baseline or BASELINE
    path = context.steering(name)
    if not path.is_file():
        if options.baseline:
            raise GateError(f"there is no baseline {name!r}", remedy="mend `baseline`, or leave it out")
        return ""
    try:
        results = json.loads(path.read_text("utf-8"))["results"]
        valid = all({"type", "hashed_secret"} <= item.keys() for items in results.values() for item in items)
    except (ValueError, KeyError, TypeError, AttributeError):
        valid = False
    if not valid:
        raise GateError(f"{name} is not a baseline of detect-secrets", remedy=f"make it anew: detect-secrets scan -n > {name}")
    return Path(os.path.normpath(name)).as_posix()


def steered_by(options: Options) -> tuple[str, ...]:
    """The baseline hides what it names."""
    return (posixpath.normpath(options.baseline or BASELINE),)


def _scan(context: ObserveContext, version: str, files: list[str], mode: str, baseline: str) -> Any:
    present = [name for name in files if _is_regular(f"{context.root}{os.sep}{name}")]
    known = {name: piece for name in present if (piece := context.pieces.of(name)) is not None}
    asked = {"root": str(context.root.absolute()), "files": [name for name in present if name not in known], "names": present}
    asked |= {"mode": mode, "baseline": baseline}
    asked["accepted"] = str(context.steering(baseline).absolute()) if baseline else ""
    # detect-secrets opens files in the encoding of the locale
    answer = context.ask_driver("secrets_driver", asked, tool="detect-secrets", version=version, env={"LC_ALL": "C.UTF-8"})
    if answer["prefilter"]:
        context.record_tool(tool="google-re2", version=context.distribution("google-re2"))
    _hand_in(context, answer)
    gone = sorted(set(files) - set(present))
    answer = _of_what_is_committed(context, answer, present)
    missing = [{"path": name, "skipped": "not a regular file", "narrowed": False, "filtered": {}, "hits": []} for name in gone]
    seen = [{"path": name, **piece} for name, piece in known.items() if piece]
    return {
        **answer,
        "clean": sorted([*answer["clean"], *(name for name, piece in known.items() if not piece)]),
        "files": sorted([*answer["files"], *missing, *seen], key=lambda entry: entry["path"]),
    }


def _of_what_is_committed(context: ObserveContext, answer: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The answer, in which files count as skipped that a commit holds as another text: what that says was not searched."""
    reshaped = context.reshaped(names)
    if not reshaped:
        return answer
    entries = {entry["path"]: entry for entry in answer["files"]}
    for path, attribute in reshaped.items():
        known = entries.get(path) or {"path": path, "skipped": "", "narrowed": False, "filtered": {}, "hits": []}
        entries[path] = {**known, "skipped": known["skipped"] or RESHAPED.format(attribute)}
    return {**answer, "clean": [path for path in answer["clean"] if path not in reshaped], "files": list(entries.values())}


def _hand_in(context: ObserveContext, answer: Mapping[str, Any]) -> None:
    """What was found in single files, for later runs. Not of a file with a hit: that is not kept anywhere."""
    for name in answer["clean"]:
        context.pieces.put(name, {})
    for entry in answer["files"]:
        if not entry["hits"] and not entry["skipped"]:
            context.pieces.put(entry["path"], {key: value for key, value in entry.items() if key != "path"})


def _is_regular(path: str) -> bool:
    """Whether there is a file, and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _without_values(entry: Mapping[str, Any]) -> dict[str, Any]:
    hits = [{key: value for key, value in hit.items() if key not in _NOT_KEPT} for hit in entry["hits"]]
    masked = [{**kept, "text": Masked(hit["text"], hit["masks"])} for kept, hit in zip(hits, entry["hits"], strict=True)]
    return {**entry, "hits": masked}


# -- the second half


def parse(raw: Raw) -> Facts:
    """Lists the clean files by their names alone, and tells what the gates in front of the engine proved."""
    scan = raw.json(SCAN)
    _check_detectors(scan)
    mode = raw.json(INVENTORY)["mode"]
    if scan["prefilter"]:
        _check_canary(GATED[mode], scan["gated"], f"{_REINSTALL} google-re2")
    if scan["asked"] or not scan["prefilter"] or any(entry["hits"] for entry in scan["files"]):
        _check_canary(CANARY[mode], scan["canary"])
    return _facts(raw, scan, scan["clean"])


def parse_1(raw: Raw) -> Facts:
    """Every file with all that is known of it; each line was put to the engine."""
    scan = raw.json(SCAN)
    _check_detectors(scan)
    _check_canary(CANARY[raw.json(INVENTORY)["mode"]], scan["canary"])
    return _facts(raw, scan, [])


def _facts(raw: Raw, scan: Mapping[str, Any], clean: Sequence[str]) -> Facts:
    inventory = raw.json(INVENTORY)
    seen = [*clean, *(entry["path"] for entry in scan["files"])]
    if sorted(seen) != sorted(inventory["files"]):
        raise GateError("detect-secrets reports on other files than it was given", remedy="please report this with its raw output")
    skipped = tuple(Skip(item=entry["path"], reason=entry["skipped"]) for entry in scan["files"] if entry["skipped"])
    expected = len(inventory["files"])
    examined = Examined(unit="files", expected=expected, done=expected - len(skipped), skipped=skipped, proof=Proof.INVENTORY)
    strict = inventory["mode"] == "strict"
    findings = [_finding(raw, entry["path"], hit, strict) for entry in scan["files"] for hit in entry["hits"]]
    return raw.facts(examined=examined, findings=findings, measurements=_measurements(scan))


def _check_detectors(scan: Mapping[str, Any]) -> None:
    """An engine without detectors says "clean" of everything."""
    if not scan["detectors"]:
        raise GateError("detect-secrets had no detectors in force", remedy=_REINSTALL)
    if scan["verifies"]:
        raise GateError("detect-secrets was set to send what it finds to other services", remedy="please report this")


def _check_canary(planted: Sequence[str], found: Sequence[str], remedy: str = _REINSTALL) -> None:
    """One that does not see planted secrets does too."""
    unseen = sorted(set(planted) - set(found), key=planted.index)
    if unseen:
        raise GateError(f"the scan did not find the secrets that were planted for it: {', '.join(unseen)}", remedy=remedy)


def _finding(raw: Raw, path: str, hit: Mapping[str, Any], strict: bool) -> Finding:
    rule = rules.find(hit["rule"])
    kind, severity = rules.weigh(hit["rule"], hit["shape"], path) if strict else (Kind.FINDING, rule.severity)
    also = {"also-found-by": ", ".join(hit["also"])} if hit["also"] else {}
    return raw.finding(
        rule=hit["rule"],
        severity=severity,
        message=f"{rule.title}: {rule.meaning}",
        location=Location(path=places.shown(path), line=hit["line"], column=hit["column"]),
        identity=(path, hit["text"]),
        kind=kind,
        remedy=rules.remedy(rule, parser=raw.parser),
        suppressed_by=hit["suppressed_by"],
        properties={"line": hit["text"], "looks-like": hit["shape"], **also},
    )


def _measurements(scan: Mapping[str, Any]) -> Iterable[Measurement]:
    filtered = sum(number for entry in scan["files"] for number in entry["filtered"].values())
    yield count("detectors", len({*scan["detectors"], *scan["own_detectors"]}), "detectors")
    yield count("filtered", filtered, "values")
    yield count("narrowed", sum(entry["narrowed"] for entry in scan["files"]), "files")


# -- the rest of the gate


def depends(context: ObserveContext, options: Options) -> Depends:
    """The files that are searched. The baseline of detect-secrets steers it."""
    return Depends(files=context.select(options.paths, options.exclude))


def detect(survey: Survey) -> Suggestion | None:
    """Every repository has files in which a secret can stand."""
    if not survey.files:
        return None
    if BASELINE in survey.files:
        return Suggestion(comments=(f"{BASELINE} is read: its findings are shown as suppressed, its settings are not used",))
    return Suggestion(comments=("searches every file that git tracks or would add",))


GATE = Gate(
    id="secrets",
    title="Secret scan",
    unit="files",
    options=Options,
    executes_project=False,
    parser=3,
    observe=observe,
    parse=parse,
    earlier={1: parse_1, 2: parse},
    requires=("detect-secrets",),
    limits=(Limit(name="findings", new_max=Decimal(0)),),
    measurements={
        "detectors": "kinds of secret that were looked for",
        "filtered": "values that looked like a secret and were taken for an id, a checksum, a template or a reference",
        "narrowed": "files that were not searched for everything: lock files, notebooks, and the baseline of detect-secrets",
    },
    stages=(Stage.COMMIT, Stage.CHANGE, Stage.RELEASE),
    detect=detect,
    steered_by=steered_by,
    by_line=True,
    by_file=True,
    meets_secrets=True,
    depends=depends,
)
