"""For authors of gates: run both halves of a gate on a folder, as `gates run` would.

>>> facts = observe_and_parse(GATE, root=project, options={"paths": ["src"]}, work=tmp_path)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gates import redact
from gates.api import Gate, Share
from gates.facts import read_facts
from gates.model import Facts
from gates.observe import Observation, Progress, Setting, observe, redacted
from gates.plan import Step


def observe_raw(
    gate: Gate,
    *,
    root: Path,
    work: Path,
    options: Mapping[str, Any] | None = None,
    name: str | None = None,
    environment: Mapping[str, str] | None = None,
    timeout_seconds: int = 300,
    offline: bool = False,
    selected: tuple[str, ...] | None = None,
    share: Share | None = None,
) -> Observation:
    """Run `observe` alone. `options` is plain data with the names of the options' fields; `work` is an empty folder."""
    setting = Setting(
        root=root, work=work, environment=dict(os.environ if environment is None else environment), offline=offline, selected=selected
    )
    step = Step(name=name or gate.id, gate=gate, options=dict(options or {}), timeout_seconds=timeout_seconds, share=share)
    (observation,) = observe([step], setting, jobs=1, progress=Progress()).observations
    return observation


def observe_and_parse(gate: Gate, *, root: Path, work: Path, **settings: Any) -> Facts:
    """Run `observe`, redact what it wrote, and `parse` it: the facts that the judge would be given."""
    observation = observe_raw(gate, root=root, work=work, **settings)
    members = redacted(observation, redact.Redactor(observation.secrets))
    return read_facts(gate, observation.name, members)
