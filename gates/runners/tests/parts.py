"""Tests that several machines share: what each saw is held against the others, and joined to what one alone would have seen."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gates.api import GateError, Raw
from gates.runners.tests import coverage, inventory, removed
from gates.runners.tests.engine import RUN, retry_member
from gates.runners.tests.inventory import Settings
from gates.runners.tests.options import Options
from gates.runners.tests.results import Run, read_run

TOOLS = "tools.json"
#: What does not depend on which tests a part runs.
_ALIKE = (inventory.MEMBER, removed.MEMBER, coverage.SOURCES, coverage.CHANGED)
#: The tests gate itself starts a handful.
_MOST_TOOLS = 200
_RETRY_JUNIT = re.compile(r"retry-\d+-junit\.xml")
_OTHERS_SHARE = "let no conftest.py or plug-in choose tests by what it finds on the machine; make a new plan, and run each part once"
_DIFFER = "let each part have the same files, programs and settings, and let collection not depend on the machine or on chance"


# -- before: who runs what ---------------------------------------------------------------------


def why_not(options: Options) -> str:
    return "its command runs all tests in one go" if options.command else ""


def files(root: Path, names: Sequence[str], options: Options) -> Sequence[str]:
    """The files in which tests are looked for, as far as that is known without asking the project's pytest for its version."""
    try:
        settings = inventory.read_settings(root, options, major=9)
    except GateError:
        settings = Settings(path=None, values={})
    return inventory.files_of_tests(names, options, settings)


def milliseconds(raw: Raw) -> Mapping[str, Mapping[str, int]]:
    """How long each test took, with its fixtures; nothing of a run that did not write that down."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for part in raw.parts() or (raw,):
        for stream in part.json(RUN)["streams"]:
            ids = [event["id"] for event in stream if event["event"] == "test"]
            for event in stream:
                if event["event"] == "report" and "ms" in event:
                    id = ids[event["test"]]
                    times = found[id.partition("::")[0]]
                    times[id] = times.get(id, 0) + int(event["ms"])
    return found


# -- after: what all of them saw ---------------------------------------------------------------


def joined(raw: Raw) -> Raw:
    """Raw output as one run would have written it. Raises `GateError` where the parts do not make a whole."""
    parts = raw.parts()
    if not parts:
        return raw
    runs = [_read(part, number, len(parts)) for number, part in enumerate(parts, 1)]
    _check_alike(parts, runs)
    _check_once(runs)
    members = {name: parts[0].content(name) for name in _ALIKE if name in parts[0]}
    members[RUN] = _json(_run(parts))
    members |= {retry_member(number): _json(data) for number, data in enumerate(_retries(parts), 1)}
    members[TOOLS] = _json(_tools(parts, {test.id: number for number, test in enumerate(runs[0].tests)}))
    if coverage.SOURCES in members:
        members[coverage.REPORT] = _json(coverage.combined([part.json(coverage.REPORT) for part in parts]))
    return raw.with_members(members)


def _json(data: Any) -> bytes:
    return json.dumps(data).encode()


def _read(part: Raw, number: int, many: int) -> Run:
    try:
        return read_run(part.json(RUN), shared=True)
    except GateError as error:
        raise GateError(f"part {number} of {many}: {error.reason}", remedy=error.remedy) from None


def _check_alike(parts: Sequence[Raw], runs: Sequence[Run]) -> None:
    """Raise `GateError` where the parts did not look at the same tests in the same way."""
    for number, (part, run) in enumerate(zip(parts, runs, strict=True), 1):
        difference = next(_differences(runs[0], run), "") or next(_other_files(parts[0], part), "")
        if difference:
            raise GateError(f"part {number} and part 1 are not of one run: {difference}", remedy=_DIFFER)


def _differences(first: Run, other: Run) -> Iterator[str]:
    ids = [[test.id for test in run.tests] for run in (first, other)]
    lost, added = (sorted(set(one) - set(two)) for one, two in (ids, ids[::-1]))
    if lost or added:
        yield f"they collected different tests, such as {(lost or added)[0]}"
    if ids[0] != ids[1]:
        yield "they collected the same tests in another order"
    out = next((a.id for a, b in zip(first.tests, other.tests, strict=True) if a.deselected != b.deselected), None)
    if out is not None:
        yield f"one of them deselected {out}, and the other did not"
    problems = [{(problem["id"], problem["outcome"]) for problem in run.problems} for run in (first, other)]
    if problems[0] != problems[1]:
        yield f"one of them could not collect {min(problems[0] ^ problems[1])[0] or 'its tests'}, and the other could"


def _other_files(first: Raw, other: Raw) -> Iterator[str]:
    for name in _ALIKE:
        if (name in first) != (name in other) or (name in first and first.content(name) != other.content(name)):
            yield f"their {name} is not the same"
    versions = [{item["tool"]: item["version"] for item in part.json(TOOLS)} for part in (first, other)]
    for tool in sorted(versions[0].keys() & versions[1].keys()):
        if versions[0][tool] != versions[1][tool]:
            yield f"one has {tool} {versions[0][tool]}, and the other {versions[1][tool]}"


def _check_once(runs: Sequence[Run]) -> None:
    """Raise `GateError` unless each test was to be run in exactly one of the parts."""
    for number, test in enumerate(runs[0].tests):
        owners = [str(part) for part, run in enumerate(runs, 1) if run.tests[number].selected]
        if len(owners) > 1:
            raise GateError(f"{test.id} was run in the parts {' and '.join(owners)}", remedy=_OTHERS_SHARE)
        if not owners and not test.deselected:
            raise GateError(f"{test.id} was run in no part", remedy=_OTHERS_SHARE)


def _run(parts: Sequence[Raw]) -> dict[str, Any]:
    """The streams of all parts, as though they were the processes of one run."""
    found = [part.json(RUN) for part in parts]
    streams = [[event for event in stream if event["event"] != "share"] for data in found for stream in data["streams"]]
    return {**found[0], "exit_code": _exit_code([data["exit_code"] for data in found]), "streams": streams}


def _exit_code(codes: Sequence[int | None]) -> int | None:
    """What pytest would have ended with: what is unusual counts, then a failure; no tests, where no part had any."""
    odd = next((code for code in codes if code not in (0, 1, 5)), 0)
    return odd if odd != 0 else 1 if 1 in codes else 0 if 0 in codes else 5


def _retries(parts: Sequence[Raw]) -> Iterator[dict[str, Any]]:
    """All runs of failed tests. Which attempt one was makes no difference, and the numbers of tests are the same in all parts."""
    for part in parts:
        attempt = 1
        while retry_member(attempt) in part:
            yield part.json(retry_member(attempt))
            attempt += 1


_Key = tuple[Any, ...]


def _tools(parts: Sequence[Raw], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """The programs of one run: what each part has started counts once."""
    lists = [_keyed(part.json(TOOLS)) for part in parts]
    order: list[_Key] = []
    for entries in sorted(lists, key=lambda entries: -len(entries)):
        place = 0
        for key in entries:
            if key not in order:
                order.insert(place, key)
            place = order.index(key) + 1
    return [_tool([entries[key] for entries in lists if key in entries], numbers) for key in order]


def _keyed(tools: Sequence[dict[str, Any]]) -> dict[_Key, dict[str, Any]]:
    """Each program by what it is in every part: the same words, or the same attempt at what failed."""
    if len(tools) > _MOST_TOOLS:
        raise GateError(f"a part says that it started more than {_MOST_TOOLS} programs", remedy="run it again")
    found: dict[_Key, dict[str, Any]] = {}
    times: Counter[_Key] = Counter()
    for tool in tools:
        retry = [name.group() for word in tool["argv"] if (name := _RETRY_JUNIT.search(word))]
        key = (tool["tool"], *(retry or tool["argv"]))
        found[(*key, times[key])] = tool
        times[key] += 1
    return found


def _tool(entries: Sequence[dict[str, Any]], numbers: Mapping[str, int]) -> dict[str, Any]:
    argv = [entry["argv"] for entry in entries]
    shared = [words[0] for words in itertools.takewhile(_are_one, zip(*argv, strict=False))] if len(argv) > 1 else argv[0]
    chosen = [word for words in argv for word in words[len(shared) :]]
    return {
        **entries[0],
        "argv": [*shared, *sorted(chosen, key=lambda word: numbers.get(word, len(numbers)))],
        "exit_code": _exit_code([entry["exit_code"] for entry in entries]),
    }


def _are_one(words: Sequence[str]) -> bool:
    return len(set(words)) == 1
