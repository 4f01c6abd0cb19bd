"""A plan and its parts, made without a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import gates
from gates import canonical
from gates.evidence import archive
from gates.model import GateRun, Stage
from gates.parts import Asking, GatePart, Part, Plan, Planned, PolicyDigest

COMMIT = "a" * 40
PLAN = Plan(
    schema="gates/plan/v1",
    version=gates.__version__,
    day=date(2026, 11, 28),
    commit=COMMIT,
    tree="b" * 40,
    dirty=False,
    content=None,
    base=None,
    asked=Asking(stage=Stage.CHANGE),
    policies=(PolicyDigest(name="change", digest=f"sha256:{'c' * 64}"),),
    isolated=True,
    parts=2,
    steps=(
        Planned(gate="secrets", uses="secrets", parser=2),
        Planned(gate="security", uses="security", parser=1),
        Planned(gate="tests", uses="tests", parser=1, parts=(1, 2), shared=True),
        Planned(gate="api", uses="contracts", parser=1, parts=(2,)),
    ),
)


def gate(name: str, **settings: Any) -> GatePart:
    return GatePart(run=GateRun(gate=name, started_ms=0, duration_ms=5), **settings)


def part(**changes: Any) -> Part:
    """What the first part of the plan says."""
    made = Part(
        schema="gates/part/v1",
        plan=PLAN.digest,
        part=1,
        version=gates.__version__,
        commit=COMMIT,
        started="2026-11-28T12:00:00Z",
        duration_ms=10,
        python="3.11.7",
        platform="Linux",
        gates=(gate("tests"),),
    )
    return replace(made, **changes)


RAW = {"raw/tests/observe.json": b'{"status":"completed"}'}


def written(path: Path, said: Part | None = None, raw: Mapping[str, bytes] = RAW) -> Path:
    """The archive of a part."""
    path.write_bytes(archive.pack({"part.json": canonical.of(said or part()), **raw}))
    return path
