"""A part comes from a job that ran the change's code: what is not the plan's, not whole or not its own is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gates import canonical, machines, redact
from gates.cache import Mask
from gates.errors import EvidenceError, PartError
from gates.evidence import archive
from gates.model import CachedFrom, GateRun
from gates.parts import GatePart, Part, read_part, write_part
from tests.parts.making import PLAN, RAW, gate, part, written

OBSERVE = b'{"status":"completed"}'


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    said = part(
        gates=(gate("tests", masks=(Mask(name="run.json", line=3, rules=("tests/token",), count=2),)),),
        base=(gate("tests"),),
    )
    digest = write_part(
        tmp_path / "part.zip", said, {"tests": {"run.json": b"[]", "observe.json": OBSERVE}}, {"tests": {"x": b""}}, redact.Redactor({})
    )
    read = read_part(tmp_path / "part.zip", PLAN)
    assert (read.part, read.digest) == (said, digest)
    assert read.here["tests"].members == {"run.json": b"[]", "observe.json": OBSERVE}
    assert [(place.line, place.count) for place in read.here["tests"].places] == [(3, 2)]
    assert read.there["tests"].members == {"x": b""}


def test_a_part_with_a_secret_in_it_is_not_written(tmp_path: Path) -> None:
    redactor = redact.Redactor({"hunter2-hunter2": frozenset({"token"})})
    with pytest.raises(EvidenceError, match="the part would hold a secret"):
        write_part(tmp_path / "part.zip", part(), {"tests": {"hunter2-hunter2.txt": b""}}, {}, redactor)
    assert not (tmp_path / "part.zip").exists()


@pytest.mark.parametrize(
    ("said", "raw", "words"),
    [
        (part(plan=f"sha256:{'0' * 64}"), RAW, "of another plan: sha256:0000"),
        (part(commit="d" * 40), RAW, "of commit dddd"),
        (part(version="0.0.1"), RAW, "by version 0.0.1 of gates"),
        (part(part=3), RAW, "this is part 3, and the plan has 2"),
        (part(part=0), RAW, "this is part 0"),
        (part(), {**RAW, "raw/security/report.json": b"{}"}, "part 1 holds raw output of security, which is not its to observe"),
        (part(), {**RAW, "raw/secrets/report.json": b"{}"}, "part 1 holds raw output of secrets"),
        (part(), {**RAW, "raw/api/report.json": b"{}"}, "part 1 holds raw output of api"),
        (part(), {**RAW, "raw/unknown/report.json": b"{}"}, "part 1 holds raw output of unknown"),
        (part(), {**RAW, "base-raw/security/report.json": b"{}"}, "part 1 holds raw output of security"),
        (part(gates=(gate("tests"), gate("security"))), RAW, "part 1 holds raw output of security"),
        (part(base=(gate("security"),)), RAW, "part 1 holds raw output of security"),
        (part(gates=(gate("tests"), gate("tests"))), RAW, "a gate stands in this part twice"),
        (part(), {**RAW, "raw/tests/observe.json": b'{"status":"not-applicable","reason":"no"}'}, "nothing was named for tests to examine"),
        (part(gates=()), RAW, "says one thing of tests and holds another"),
        (part(), {}, "says one thing of tests and holds another"),
        (part(), {**RAW, "decision.json": b"{}"}, "it holds decision.json, which is no part of what a part writes"),
        (part(), {**RAW, "facts/tests.json": b"{}"}, "it holds facts/tests.json"),
        (part(), {**RAW, "raw/tests": b"{}"}, "it holds raw/tests"),
        (part(duration_ms=-1), RAW, "says more than a part has to say"),
        (part(changed="x" * 2000), RAW, "says more than a part has to say"),
        (part(gates=(gate("tests", masks=(Mask(name="a", line=1, rules=("r" * 2000,), count=1),)),)), RAW, "says more than a part"),
        (part(gates=(GatePart(run=GateRun(gate="tests", started_ms=0, duration_ms=-5)),)), RAW, "less than no time"),
        (part(gates=(gate("tests", masks=(Mask(name="a", line=1, rules=("r",), count=-1),)),)), RAW, "says of masks"),
        (part(gates=(gate("tests", masks=(Mask(name="a", line=-1, rules=("r",), count=1),)),)), RAW, "says of masks"),
        (
            part(
                gates=(
                    GatePart(
                        run=GateRun(
                            gate="tests", started_ms=0, duration_ms=0, cached_from=CachedFrom(started="", commit=None, bundle="e" * 64)
                        )
                    ),
                )
            ),
            RAW,
            "was not observed for this part",
        ),
        (part(), {**RAW, **{f"raw/tests/{number}": b"" for number in range(400)}}, "larger than evidence may be"),
    ],
)
def test_a_part_that_is_not_the_plan_s_own_is_refused(tmp_path: Path, said: Part, raw: Mapping[str, bytes], words: str) -> None:
    with pytest.raises(PartError) as raised:
        read_part(written(tmp_path / "part.zip", said, raw), PLAN)
    problem = raised.value.problems[0]
    assert words in problem.error
    assert problem.where.endswith("part.zip")
    assert problem.help


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"{}", "the schema of part.json is not gates/part/v1"),
        (b"[]", "the schema"),
        (b"{ }", "not canonical JSON"),
        (b"\xff", "not canonical JSON"),
        (b"[" * 100_000, "not canonical JSON"),
        (canonical.of({"schema": "gates/part/v1"}), "is missing"),
        (canonical.of(part()).replace(b'"part":1', b'"part":"1"'), "expected an integer"),
        (canonical.of(part())[:-1] + b',"yes":"passed"}', "unknown key"),
    ],
)
def test_a_part_that_says_nothing_readable_is_refused(tmp_path: Path, said: bytes, words: str) -> None:
    path = tmp_path / "part.zip"
    path.write_bytes(archive.pack({"part.json": said, **RAW}))
    with pytest.raises(PartError) as raised:
        read_part(path, PLAN)
    assert words in raised.value.problems[0].error


def test_an_archive_without_part_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "part.zip"
    path.write_bytes(archive.pack(RAW))
    with pytest.raises(PartError, match=r"there is no part\.json"):
        read_part(path, PLAN)


def zipped(path: Path, name: str, content: bytes, method: int) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("part.json", canonical.of(part()))
        file.writestr(name, content)


@pytest.mark.parametrize(
    ("name", "method", "words"),
    [
        ("raw/tests/bomb", zipfile.ZIP_DEFLATED, "not simply stored"),
        ("raw/../../escape", zipfile.ZIP_STORED, "not a part that can be read"),
        ("/etc/passwd", zipfile.ZIP_STORED, "not a part that can be read"),
    ],
)
def test_other_archives_are_refused_and_nothing_is_extracted(tmp_path: Path, name: str, method: int, words: str) -> None:
    zipped(tmp_path / "part.zip", name, b"0" * 10_000_000, method)
    with pytest.raises(PartError) as raised:
        read_part(tmp_path / "part.zip", PLAN)
    assert words in raised.value.problems[0].error
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["part.zip"]


@pytest.mark.parametrize("left", [0, 1, 10, 60, 200, -1, -30])
def test_a_truncated_part_is_refused(tmp_path: Path, left: int) -> None:
    path = written(tmp_path / "part.zip")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(PartError, match="not a part that can be read"):
        read_part(path, PLAN)


def test_a_part_with_something_behind_it_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "part.zip")
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(PartError, match="not a part that can be read"):
        read_part(path, PLAN)


def test_a_part_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(PartError, match="can't be read: No such file"):
        read_part(tmp_path / "none.zip", PLAN)


def test_a_link_or_a_pipe_is_no_part(tmp_path: Path) -> None:
    with pytest.raises(PartError, match="not a part that can be read"):
        read_part(Path("/dev/zero"), PLAN)


def test_of_a_part_of_two_plans_the_other_one_refuses_it(tmp_path: Path) -> None:
    other = replace(PLAN, parts=2, isolated=False)
    with pytest.raises(PartError, match="of another plan"):
        read_part(written(tmp_path / "part.zip"), other)


def test_a_missing_part_that_no_gate_waits_for_is_refused(tmp_path: Path) -> None:
    read = read_part(written(tmp_path / "part.zip"), PLAN)
    machines._refuse_lost(PLAN, {})  # what its gates say is enough where they wait for it
    with pytest.raises(PartError, match="part 3 of 3 is missing: it had nothing to observe"):
        machines._refuse_lost(replace(PLAN, parts=3), {1: read, 2: read})
