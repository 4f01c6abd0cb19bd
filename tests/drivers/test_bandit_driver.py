"""bandit's driver by itself: files that take too long, that change under it, and what is written of a large literal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.engine("bandit")

#: The driver changes settings of its process, so it gets one: a line of ours, then bandit on the file.
PROGRAM = """
import json, sys
from pathlib import Path
from bandit.core.manager import BanditManager
from gates.drivers import bandit_driver as driver
{change}
json.dump(driver._run(["app.py", "other.py"]), sys.stdout)
"""
CHANGES = """
run = BanditManager.run_tests
def changing(manager):
    run(manager)
    Path("app.py").write_text("(")
BanditManager.run_tests = changing
"""


def run(folder: Path, text: str, change: str) -> Any:
    (folder / "app.py").write_text(text, "utf-8")
    (folder / "other.py").write_text("exec('pass')\n", "utf-8")
    argv = [sys.executable, "-W", "ignore", "-c", PROGRAM.format(change=change)]
    done = subprocess.run(argv, cwd=folder, capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no alarm clock")
def test_a_file_that_takes_too_long_is_listed_and_the_others_are_examined(tmp_path: Path) -> None:
    answer = run(tmp_path, "x = [\n" + '"a",\n' * 20_000 + "]\n", "driver.SECONDS_PER_FILE = 1")
    assert [item["skipped"] for item in answer["files"]] == ["bandit took more than 1 seconds for it", ""]
    assert [(item["path"], item["rule"]) for item in answer["issues"]] == [("other.py", "B102")]


def test_a_file_that_changes_is_listed(tmp_path: Path) -> None:
    answer = run(tmp_path, "exec('pass')\n", CHANGES)
    assert [item["skipped"] for item in answer["files"]] == ["changed while it was examined", ""]
    assert [item["path"] for item in answer["issues"]] == ["other.py"]
