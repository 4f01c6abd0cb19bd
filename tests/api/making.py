"""What a gate's first half is given, outside a run; with a script in the place of the interpreter that runs our drivers."""

from __future__ import annotations

import os
from pathlib import Path

from gates.adapters import clock
from gates.api import ObserveContext


def a_context(folder: Path, script: str = "exit 99") -> ObserveContext:
    """Of a gate with much time, in folders of its own. The script is given the words that the interpreter would be."""
    for name in ("root", "scratch", "raw"):
        (folder / name).mkdir()
    engine = folder / "engine"
    engine.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    engine.chmod(0o755)
    return ObserveContext(
        gate="demo",
        uses="demo",
        root=folder / "root",
        scratch=folder / "scratch",
        raw_folder=folder / "raw",
        environment={"PATH": os.environ["PATH"]},
        deadline=clock.monotonic() + 300,
        python=str(engine),
    )
