"""One run of all gates over a project full of secrets: none of them comes out, by whatever way and in whatever encoding."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gates import seen
from gates.cli.main import main
from gates.cli.output import FORMATS
from gates.evidence import archive
from gates.observe import Masked, Observation, mask
from gates.redact import Redactor
from tests.leaks import project
from tests.leaks.places import CANARIES, FOUND_MARK, PLACES, PLAIN_MARK, Place
from tests.leaks.search import ENCODINGS, traces

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Every byte that the run gave, by what it is; and the raw output as the engines wrote it."""

    written: Mapping[str, bytes]
    before: Mapping[str, Mapping[str, bytes]]
    report: Mapping[str, object]


def command(*words: str | Path) -> tuple[bytes, bytes]:
    """What a command prints on both streams, whatever its exit code says."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main([str(word) for word in words])
    return out.getvalue().encode(), err.getvalue().encode()


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    folder = tmp_path_factory.mktemp("leaks")
    repository = project.make(folder)
    before: dict[str, Mapping[str, bytes]] = {}

    def watched(observation: Observation, redactor: Redactor) -> Masked:
        before[observation.name] = observation.members
        return mask(observation, redactor)

    bundle = folder / "bundle.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen, "mask", watched)
        for name in [name for name in os.environ if name.startswith(("GITHUB_", "GIT_", "PYTEST_"))]:
            patch.delenv(name)
        for name, value in project.variables().items():
            patch.setenv(name, value)
        written = dict(_run(repository.root, folder, bundle))
        report = json.loads(written["report: json"])
        written |= dict(_told(bundle, report)) | dict(_action(report, folder, patch)) | dict(_before(repository.root))
    members = archive.unpack(bundle.read_bytes())
    written |= {"bundle": bundle.read_bytes()} | {f"bundle: {name}": name.encode() + b"\n" + content for name, content in members.items()}
    return Outputs(written=written, before=before, report=report)


def _run(root: Path, folder: Path, bundle: Path) -> Iterator[tuple[str, bytes]]:
    """The run, its two streams, and a report in each format."""
    files = {kind: folder / f"report.{kind}" for kind in FORMATS}
    reports = [f"--report={kind}={path}" for kind, path in files.items()]
    yield from zip(("run: stdout", "run: stderr"), command("-C", root, "run", "--bundle", bundle, *reports), strict=True)
    for kind, path in files.items():
        yield f"report: {kind}", path.read_bytes()


def _told(bundle: Path, report: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    """What other commands tell of the bundle."""
    gates = report["gates"]
    assert isinstance(gates, list)
    rules = {finding["rule"] for gate in gates for finding in gate["findings"]}
    commands: dict[str, tuple[str | Path, ...]] = {
        f"gates report --format {kind}": ("report", bundle, "--format", kind) for kind in FORMATS
    }
    commands |= {f"gates verify --format {kind}": ("verify", bundle, "--allow-unsigned", "--format", kind) for kind in ("text", "json")}
    commands |= {f"gates explain {rule}": ("explain", rule, "--bundle", bundle) for rule in sorted(rules)}
    for name, words in commands.items():
        yield name, b"\n".join(command(*words))


def _before(root: Path) -> Iterator[tuple[str, bytes]]:
    """What commands tell of the repository without a run."""
    for words in (("doctor",), ("doctor", "--extras"), ("policy", "check"), ("policy", "show"), ("explain", "secrets")):
        told = command("-C", root, *words)
        assert any(told)
        yield f"gates {' '.join(words)}", b"\n".join(told)


def _action(report: Mapping[str, object], folder: Path, patch: pytest.MonkeyPatch) -> Iterator[tuple[str, bytes]]:
    """What the action hands to a CI runner."""
    patch.syspath_prepend(str(ROOT / "scripts" / "action"))
    judging = importlib.import_module("judging")
    places = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for name, path in places.items():
        patch.setenv(name, str(path))
    patch.setenv("INPUTS", "{}")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        judging.publish(report, {kind: folder / f"report.{kind}" for kind in judging.REPORTS}, folder / "bundle.zip", 1)
    yield "action: log", out.getvalue().encode()
    for name, path in places.items():
        yield f"action: {name}", path.read_bytes()


def test_no_secret_stands_anywhere(outputs: Outputs) -> None:
    leaks = {
        name: found for name, content in outputs.written.items() if (found := traces(content, CANARIES.values(), [FOUND_MARK, PLAIN_MARK]))
    }
    assert not leaks, "\n".join(f"{name}: {trace}" for name, found in leaks.items() for trace in found[:3])


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_it_was_masked_where_the_engine_wrote_it_and_else_left_out(outputs: Outputs, place: Place) -> None:
    """Without this, a secret that never came near a report would prove nothing."""
    secret = CANARIES[place.name]
    members = outputs.before.get(place.gate, {})
    written = any(traces(name.encode() + b"\n" + content, [secret], [secret]) for name, content in members.items())
    assert written == place.written


def test_every_gate_examined_something(outputs: Outputs) -> None:
    gates = outputs.report["gates"]
    assert isinstance(gates, list)
    examined = {gate["gate"]: (gate["examined"] or {"done": 0})["done"] for gate in gates}
    assert {place.gate for place in PLACES} - {""} == set(examined)
    assert all(examined.values()), examined


def test_every_format_and_encoding_was_tried(outputs: Outputs) -> None:
    assert {name.partition(": ")[2] for name in outputs.written if name.startswith("report: ")} == set(FORMATS)
    assert len({place.name for place in PLACES}) == len(PLACES)
    assert len(PLACES) * len(ENCODINGS) >= 1000
