"""Subprocesses end when they should, with everything that they started."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from gates.adapters import process
from gates.errors import InterruptedRunError, ToolMissingError

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def run(code: str, tmp_path: Path, timeout: float = 30) -> process.Completed:
    return process.run([sys.executable, "-I", "-c", code], cwd=tmp_path, env=ENVIRONMENT, timeout=timeout, scratch=tmp_path)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_output_and_exit_code_are_kept(tmp_path: Path) -> None:
    done = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)", tmp_path)
    assert (done.exit_code, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    assert not list(tmp_path.iterdir())


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match="no-such-program was not found"):
        process.run(["no-such-program"], cwd=tmp_path, env=ENVIRONMENT, timeout=5, scratch=tmp_path)


@pytest.mark.parametrize(
    ("mode", "said"),
    [(0o644, "Permission denied"), (0o755, "Exec format error")],
    ids=["not executable", "no program"],
)
def test_a_program_that_can_not_be_started_is_said(tmp_path: Path, mode: int, said: str) -> None:
    (tmp_path / "tool").write_bytes(b"\0")
    (tmp_path / "tool").chmod(mode)
    with pytest.raises(ToolMissingError, match=f"tool could not be started: {said}") as raised:
        process.run([str(tmp_path / "tool")], cwd=tmp_path, env=ENVIRONMENT, timeout=5, scratch=tmp_path)
    assert "chmod" in raised.value.remedy


@pytest.mark.parametrize(
    ("first", "said"),
    [("#!/no/such/python -B\n", "/no/such/python"), ("#!/bin/sh\r\n", "/bin/sh\\r"), ("#! /usr/bin/no-env python3", "/usr/bin/no-env")],
    ids=["path", "line end", "space"],
)
def test_a_script_whose_interpreter_is_not_there_is_said(tmp_path: Path, first: str, said: str) -> None:
    tool = tmp_path / "tool"
    tool.write_text(f"{first}exit 0\n" if first.endswith("\n") else first, "ascii", newline="")
    tool.chmod(0o755)
    with pytest.raises(ToolMissingError) as raised:
        process.run([str(tool)], cwd=tmp_path, env=ENVIRONMENT, timeout=5, scratch=tmp_path)
    assert raised.value.reason == f"{tool} could not be started: its interpreter {said} was not found"
    assert f"install {said}" in raised.value.remedy


def test_a_script_on_the_path_of_the_child_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/no/such/ruby\n", "ascii")
    (tmp_path / "tool").chmod(0o755)
    with pytest.raises(ToolMissingError, match="its interpreter /no/such/ruby was not found"):
        process.run(["tool"], cwd=tmp_path, env={"PATH": str(tmp_path)}, timeout=5, scratch=tmp_path)


def test_a_folder_to_run_in_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match="could not be started: the folder that it was to run in is gone"):
        process.run([sys.executable], cwd=tmp_path / "gone", env=ENVIRONMENT, timeout=5, scratch=tmp_path)


def test_a_command_line_that_is_too_long_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match="could not be started: Argument list too long") as raised:
        process.run([sys.executable, "x" * 4 * 2**20], cwd=tmp_path, env=ENVIRONMENT, timeout=5, scratch=tmp_path)
    assert "fewer or shorter" in raised.value.remedy


def test_a_program_that_prints_too_much_is_not_waited_for(tmp_path: Path) -> None:
    """It goes on for ever in silence: what it has printed is reason enough to stop it, long before its time is up."""
    code = f"import os, signal\nfor _ in range({process.OUTPUT_LIMIT // 2**20 + 1}):\n    os.write(1, bytes(2**20))\nsignal.pause()"
    done = process.run([sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, timeout=60, scratch=tmp_path)
    assert (done.cut, done.exit_code) == (True, None)
    assert done.duration < 60


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    assert run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path).exit_code == -9


def test_the_deadline_stops_it_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    done = run(code, tmp_path, timeout=1.5)
    assert (done.exit_code, done.cut, done.flooded) == (None, False, False)
    assert not is_alive(int((tmp_path / "pid").read_text("utf-8")))


def test_a_child_that_left_its_group_is_stopped_too(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
    )
    assert run(code, tmp_path).exit_code == 0
    assert not is_alive(int((tmp_path / "pid").read_text("utf-8")))


def test_one_that_ignores_term_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    assert run(code, tmp_path, timeout=0.5).exit_code is None


def test_too_much_output_is_cut_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "OUTPUT_LIMIT", 10)
    done = run("print('x' * 100)", tmp_path)
    assert (len(done.stdout), done.cut) == (10, True)


def test_stopping_all_ends_what_runs_and_lets_nothing_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_stopping", threading.Event())  # for this test alone: a run that is stopped stays so
    outcome: list[BaseException] = []
    begun = tmp_path / "begun"
    os.mkfifo(begun)

    def work() -> None:
        try:
            run("open('begun', 'w').close(); import time; time.sleep(600)", tmp_path)
        except InterruptedRunError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    begun.read_bytes()  # a pipe: answers when the child has opened it
    process.stop_all()
    thread.join(30)
    assert len(outcome) == 1
    with pytest.raises(InterruptedRunError):
        run("open('late', 'w').close()", tmp_path)
    assert not (tmp_path / "late").exists()
