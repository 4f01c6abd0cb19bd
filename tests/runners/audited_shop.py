"""A project whose dependencies are audited by the gate, and by pip-audit's own command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gates.api import Facts
from gates.runners.dependencies import GATE
from gates.testing import observe_and_parse

ADVISORIES = Path(__file__).parent.parent / "examples" / "dependencies" / "advisories"
#: The real command line of pip-audit, with PyPI's address, which it can't be told, answered by another host.
REDIRECTED = """
import sys
from urllib.parse import urlsplit
from requests.adapters import HTTPAdapter
from pip_audit._cli import audit
base, send = sys.argv.pop(1), HTTPAdapter.send
def elsewhere(self, request, *args, **words):
    request.url = base + urlsplit(request.url).path
    return send(self, request, *args, **words)
HTTPAdapter.send = elsewhere
sys.exit(audit())
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A project, what the gate makes of it, and what pip-audit makes of it by hand."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "shop"

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def observe(self, *, environment: Mapping[str, str] | None = None, **options: Any) -> Facts:
        """The gate's facts, with the example advisories (which know teapot 1.1) unless others are named."""
        (work := self.folder / "work").mkdir()
        if "advisories" not in options:
            shutil.copytree(ADVISORIES, self.folder / "advisories")
            options |= {"advisories": str(self.folder / "advisories"), "max_age": 0}
        return observe_and_parse(GATE, root=self.root, work=work, options=options, environment={**os.environ, **(environment or {})})

    def alone(self, *arguments: str, index: str = "", environment: Mapping[str, str] | None = None) -> str:
        """The exit code and the conclusion of pip-audit's command; `index` answers in PyPI's place."""
        start = ["-c", REDIRECTED, index] if index else ["-m", "pip_audit"]
        cache = str(self.folder / "cache")
        done = subprocess.run(
            [sys.executable, *start, *arguments, "--progress-spinner", "off", "--cache-dir", cache],
            cwd=self.root,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        lines = [line for line in done.stderr.splitlines() if line.startswith(("No known", "Found", "Traceback"))]
        return f"exit code {done.returncode}, {lines[-1].rstrip(':') if lines else done.stderr[-200:]}"


def shop_in(folder: Path) -> Shop:
    """An empty project below `folder`."""
    (folder / "shop").mkdir()
    return Shop(folder)
