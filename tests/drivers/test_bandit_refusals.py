"""bandit's driver by itself, on a bandit that does not do as it is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine("bandit")

#: The driver changes settings of its process, so it gets one; bandit is made there without what it is to ignore.
PROGRAM = """
import json, sys
from bandit.core.manager import BanditManager
from gates.drivers import bandit_driver as driver
driver.BanditManager = lambda config, kind, **_: BanditManager(config, kind)
json.dump(driver._run(["app.py", "other.py"]), sys.stdout)
"""


def test_a_bandit_that_obeys_comments_has_not_examined_the_file(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("exec('pass')\nx = 1  # nosec B101\n", "utf-8")
    (tmp_path / "other.py").write_text("exec('pass')\n", "utf-8")
    argv = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    answer = json.loads(subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True, timeout=60).stdout)
    broke, fine = (item["skipped"] for item in answer["files"])
    assert (broke.endswith(" broke on it (ValueError)"), fine) == (True, "")
    assert [item["path"] for item in answer["issues"]] == ["other.py"]
