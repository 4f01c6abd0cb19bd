"""A run on a terminal, its live lines and all, that is interrupted when every gate but one has ended: no secret comes out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.evidence import archive
from tests.faults.lab import GATES
from tests.leaks import project
from tests.leaks.places import CANARIES, FOUND_MARK, PLACES, PLAIN_MARK
from tests.leaks.search import traces

#: A gate that never ends holds the run, so that it can be interrupted when all others have said what they say.
HELD = """\
  held:
    uses: external
    options: {command: ["{python}", hold.py], junit: report.xml}
"""
#: Wide enough for every line: what is cut can't be searched.
COLUMNS = 1000
SECONDS = 120


def shown(child: subprocess.Popen[bytes], terminal: int) -> Iterator[bytes]:
    """What the terminal is told, piece by piece, until whoever wrote to it has ended."""
    while select.select([terminal], [], [], SECONDS)[0]:
        try:
            yield os.read(terminal, 65536)
        except OSError:  # the other end is closed
            return
    child.kill()
    raise AssertionError(f"nothing more came in {SECONDS} s")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, bytes, Path]:
    """The exit code, all that the terminal was told, and the folder of the bundles."""
    folder = tmp_path_factory.mktemp("terminal")
    repository = project.make(folder)
    repository.commit({"gates.yaml": project.POLICY + HELD, "hold.py": "import signal\nsignal.pause()\n"})
    terminal, other_end = pty.openpty()
    fcntl.ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    known = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GIT_", "PYTEST_")) and name != "CI"}
    child = subprocess.Popen(
        [sys.executable, *GATES, "-C", str(repository.root), "run", "--jobs", "3"],
        env=known | project.variables() | {"TERM": "xterm-256color", "PYTHONUTF8": "1"},
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        start_new_session=True,
    )
    os.close(other_end)
    told, others, asked = b"", {place.gate for place in PLACES} - {""}, False
    for piece in shown(child, terminal):
        told += piece
        if not asked and set(re.findall(r"• +(\w+)", told.decode("utf-8", "ignore"))) >= others:
            asked = True
            child.send_signal(signal.SIGINT)
    os.close(terminal)
    return child.wait(SECONDS), told, repository.root / ".gates" / "evidence"


def test_nothing_stands_on_the_terminal(interrupted: tuple[int, bytes, Path]) -> None:
    code, told, _ = interrupted
    assert code == 130
    assert b"\x1b[" in told
    assert b"[redacted]" in told
    assert traces(told, CANARIES.values(), [FOUND_MARK, PLAIN_MARK]) == []


def test_nothing_stands_in_the_bundle_of_what_was_finished(interrupted: tuple[int, bytes, Path]) -> None:
    (path,) = interrupted[2].glob("*.zip")
    members = archive.unpack(path.read_bytes())
    assert {name for name in members if name.startswith("facts/")} >= {"facts/secrets.json", "facts/tests.json", "facts/contracts.json"}
    leaks = {name: found for name, content in members.items() if (found := traces(content, CANARIES.values(), [FOUND_MARK, PLAIN_MARK]))}
    assert not leaks, leaks
