"""A service under test is waited for, watched, and gone with all its children afterwards. Each server here is a real process."""

from __future__ import annotations

import os
import select
import socket
import sys
import urllib.request
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gates.adapters.service import HOST, Service, _listeners, free_port, serving
from gates.adapters.service_output import CUT, LOG_LIMIT
from gates.errors import GateError, ToolTimeoutError

#: Answers 200 to every GET until it is asked for /die.
SERVER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        if self.path == "/die":
            self.wfile.flush()
            os._exit(7)
    def log_message(self, *arguments):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
#: Starts the server as a child, and one more that has left the group; their ids go to standard output.
FORKING = f"""
import os, subprocess, sys
server = subprocess.Popen([sys.executable, "-c", {SERVER!r}, sys.argv[1]])
astray = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
print(os.getpid(), server.pid, astray.pid, flush=True)
server.wait()
"""


def started(
    program: str, work: Path, *, port: int | None = None, ready: str = "/", timeout: float = 20, words: Sequence[str] = ()
) -> AbstractContextManager[Service]:
    number = free_port() if port is None else port
    argv = [sys.executable, "-c", program, str(number), *words]
    return serving(argv, port=number, ready=ready, timeout=timeout, cwd=work, env=dict(os.environ), log=work / "service.log")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def test_a_service_answers_while_the_block_runs_and_is_gone_after(tmp_path: Path) -> None:
    with started(SERVER, tmp_path) as service:
        assert service.url == f"http://{HOST}:{service.port}"
        with urllib.request.urlopen(f"{service.url}/anything") as answer:
            assert answer.status == 200
    assert not listens(service.port)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system does not show environments")
def test_children_are_stopped_too_even_one_that_left_the_group(tmp_path: Path) -> None:
    with started(FORKING, tmp_path):
        pids = [int(word) for word in (tmp_path / "service.log").read_text().split()]
        handles = [os.pidfd_open(pid) for pid in pids]
        assert len(handles) == 3
        assert select.select(handles, [], [], 0)[0] == []
    for handle in handles:
        assert select.select([handle], [], [], 10)[0] == [handle]
        os.close(handle)


def test_a_service_is_stopped_where_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(KeyError), started(SERVER, tmp_path) as service:
        raise KeyError
    assert not listens(service.port)


def test_a_failed_start_says_its_last_words_without_the_port(tmp_path: Path) -> None:
    program = "import sys; print('reading settings', flush=True); sys.exit(f'no database for port {sys.argv[1]}')"
    with pytest.raises(GateError) as caught, started(program, tmp_path):
        pytest.fail("it never started")
    assert caught.value.reason == (
        "the service under test ended by itself with exit code 1 before it was ready: its last words: no database for port {port}"
    )


def test_a_service_that_says_nothing_before_it_ends(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="exit code 5 before it was ready: it printed nothing"), started("raise SystemExit(5)", tmp_path):
        pytest.fail("it never started")


@pytest.mark.parametrize(
    ("program", "answer"),
    [(SERVER, "it answered 404"), ("import signal; print('thinking', flush=True); signal.pause()", "it did not answer")],
)
def test_a_service_that_is_not_ready_in_time(tmp_path: Path, program: str, answer: str) -> None:
    with pytest.raises(ToolTimeoutError) as caught, started(program, tmp_path, ready="/missing", timeout=1.5):
        pytest.fail("it was never ready")
    assert caught.value.reason.startswith(f"the service under test was not ready at /missing in time: {answer}; ")
    assert "serve.ready" in caught.value.remedy


def test_another_program_on_the_port_is_noticed_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        with pytest.raises(GateError, match="another program already listens"), started(SERVER, tmp_path, port=other.getsockname()[1]):
            pytest.fail("the other program was taken for the service")
    assert not (tmp_path / "service.log").exists()


def test_another_program_that_answers_after_the_command_has_ended_is_not_taken_for_it(tmp_path: Path) -> None:
    """The command hands over to a daemon, which listens once it has lost its parent: what answers can't be watched."""
    daemon = f"import os, sys\nwhile os.getppid() == int(sys.argv[2]): pass\n{SERVER}"
    program = f"import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', {daemon!r}, sys.argv[1], str(os.getpid())])"
    with pytest.raises(GateError, match="ended by itself with exit code 0"), started(program, tmp_path):
        pytest.fail("the daemon was taken for the service")


def test_a_service_that_dies_is_noticed_at_the_end_of_the_block(tmp_path: Path) -> None:
    service = started(SERVER, tmp_path)
    running = service.__enter__()
    running.check_alive()
    with urllib.request.urlopen(f"{running.url}/die") as answer:
        answer.read()
    while listens(running.port):
        pass
    with pytest.raises(GateError, match="ended by itself with exit code 7"):
        service.__exit__(None, None, None)


def test_a_service_that_runs_on_without_listening_is_noticed(tmp_path: Path) -> None:
    program = """
import http.server, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.socket.close()
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.connection.close()
        signal.pause()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
    with pytest.raises(GateError, match="no longer listens on its port"), started(program, tmp_path):
        pass


def test_an_answer_that_drips_holds_no_one_up(tmp_path: Path) -> None:
    """A letter at a time, each long before any limit on silence: only a limit on the whole ends it."""
    program = """
import itertools, select, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    for letter in itertools.chain(b"HTTP/1.1 2", itertools.repeat(48)):
        try:
            client.send(bytes([letter]))
        except OSError:
            break
        select.select([client], [], [], 0.05)
"""
    with pytest.raises(ToolTimeoutError, match="it did not answer"), started(program, tmp_path, timeout=1.5):
        pytest.fail("it was never ready")


def test_a_first_line_without_an_end_is_not_read_on(tmp_path: Path) -> None:
    program = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    try:
        while True:
            client.sendall(b"HTTP/1.1 200 " * 1000)
    except OSError:
        pass
"""
    with pytest.raises(ToolTimeoutError, match="it did not answer"), started(program, tmp_path, timeout=1):
        pytest.fail("it was never ready")


def test_what_a_service_prints_is_kept_up_to_a_limit_and_never_holds_it_up(tmp_path: Path) -> None:
    flood = f"import os\nfor _ in range(200): os.write(1, b'x' * {LOG_LIMIT // 100})\nos.write(1, b'\\nthe last line\\n')\n"
    with started(flood + SERVER, tmp_path):
        pass
    kept = (tmp_path / "service.log").read_bytes()
    assert kept == b"x" * LOG_LIMIT + CUT
    with pytest.raises(GateError, match=r"its last words: the last line$"), started(flood + "raise SystemExit(4)", tmp_path):
        pytest.fail("it never started")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not show who listens")
def test_a_service_that_is_restarted_under_its_port_is_noticed(tmp_path: Path) -> None:
    """What restarts a service that crashed hides the crash, and what it kept in memory is gone."""
    program = f"import subprocess, sys\nwhile True: subprocess.run([sys.executable, '-c', {SERVER!r}, sys.argv[1]])"
    service = started(program, tmp_path)
    running = service.__enter__()
    before = _listeners(running.port)
    with urllib.request.urlopen(f"{running.url}/die") as answer:
        answer.read()
    # Looked up, and not tried: a connection that waits in its queue could hold the new one up for ever.
    while not _listeners(running.port) - before:
        pass
    with pytest.raises(GateError, match="has listened anew on its port"):
        service.__exit__(None, None, None)


def test_a_service_that_hides_and_outlives_its_stop_is_noticed(tmp_path: Path) -> None:
    """It has left its group and given up the mark by which it would be found, while what was started waits."""
    program = (
        "import signal, subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', {SERVER!r}, sys.argv[1]], start_new_session=True, env={{}})\nsignal.pause()"
    )
    port = free_port()
    with pytest.raises(GateError, match="still listens after it was stopped") as caught, started(program, tmp_path, port=port):
        pass
    assert "in the foreground" in caught.value.remedy
    with urllib.request.urlopen(f"http://{HOST}:{port}/die") as answer:
        answer.read()
