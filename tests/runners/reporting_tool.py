"""A tool of a project's own that writes whatever report a test gives it, and ends as it is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gates.api import Facts
from gates.runners.external import GATE
from gates.testing import observe_and_parse
from tests.guarantees import Seen, judged

#: A tool that ends with a code after it wrote what lies in `output`, and beside it what lies in `seen`, if anything does.
TOOL = """
import shutil, sys
from pathlib import Path
if Path("output").exists():
    shutil.copyfile("output", sys.argv[1])
if Path("seen").exists():
    shutil.copyfile("seen", Path(sys.argv[1]).with_name("seen"))
sys.exit(int(sys.argv[2]))
"""
NAMES = {"sarif": "report.sarif", "junit": "report.xml", "cyclonedx": "bom.json"}


@dataclass(frozen=True, slots=True)
class Tool:
    """A project with a tool, what the gate makes of it, and how the tool ends by hand."""

    root: Path
    work: Path

    def observe(self, output: bytes | None, *, format: str = "sarif", code: int = 0, **options: Any) -> Facts:
        """The gate's facts of the tool with this output and exit code; the project has one file, `app.py`."""
        (self.root / "tool.py").write_text(TOOL, "utf-8")
        (self.root / "app.py").write_text("print(1)\n", "utf-8")
        if output is not None:
            (self.root / "output").write_bytes(output)
        command = ["{python}", "tool.py", "{raw}/" + NAMES[format], str(code)]
        chosen: dict[str, Any] = {"command": command, format: NAMES[format], **options}
        if format == "sarif":
            chosen.setdefault("inventory", ["app.py"])
        return self.judge(**chosen)

    def judge(self, **options: Any) -> Facts:
        return observe_and_parse(GATE, root=self.root, work=self.work, options=options)

    def alone(self, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "tool.py", str(self.work.parent / "by-hand"), str(code)], cwd=self.root, check=False, timeout=60
        )
        return f"exit code {done.returncode}"

    def seen(self, output: bytes | None, *, format: str = "sarif", code: int = 0, **options: Any) -> Seen:
        return judged(self.observe(output, format=format, code=code, **options), alone=self.alone(code))


def sarif(*results: Mapping[str, Any], **more: Any) -> bytes:
    run = {"tool": {"driver": {"name": "Linter"}}, "results": list(results), **more}
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


def result(**more: Any) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": 1}}}
    return {"ruleId": "R1", "level": "error", "message": {"text": "It prints"}, "locations": [place], **more}


def tool_in(folder: Path) -> Tool:
    """A tool in an empty project below `folder`."""
    (folder / "project").mkdir()
    (folder / "work").mkdir()
    return Tool(folder / "project", folder / "work")
