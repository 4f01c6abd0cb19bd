"""A service under test: started, waited for, watched while a gate runs, stopped with all its children."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from gates.adapters import process
from gates.adapters.service_output import Output
from gates.dataclass import dataclass
from gates.errors import GateError, ToolTimeoutError

HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
#: One question at a service that starts: from the connection to the end of the first line.
_ASK_SECONDS = 5.0
#: A process that is ending closes its sockets a moment before it is gone.
_ENDING_SECONDS = 2.0
_MEND = "its own output is kept with the evidence; mend the crash, then run again"
_LINE_LIMIT = 4096
#: How `/proc/net/tcp` says that a socket listens.
_LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. `url` has no slash at its end; `_sockets` are those that listened when it was ready."""

    url: str
    port: int
    _child: process.Process
    _sockets: frozenset[str] = frozenset()

    def check_alive(self) -> None:
        """Raise `GateError` where the service no longer runs or listens, or began anew: what was seen since can't be trusted."""
        if _refuses(self.port):
            self._child.wait(_ENDING_SECONDS)
        self.check_running()
        if _refuses(self.port):
            raise GateError("the service under test no longer listens on its port", remedy=_MEND)
        if self._sockets and not self._sockets & _listeners(self.port):
            raise GateError(
                "the service under test stopped listening, and it or another program has listened anew on its port since",
                remedy="start it without what restarts it; " + _MEND,
            )

    def check_running(self) -> None:
        """Raise `GateError` where the service's process has ended; it need not listen yet."""
        if self._child.exit_code is not None:
            raise GateError(f"the service under test ended by itself with exit code {self._child.exit_code}", remedy=_MEND)


def _refuses(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(_ENDING_SECONDS)
        return probe.connect_ex((HOST, port)) == errno.ECONNREFUSED


def _listeners(port: int) -> frozenset[str]:
    """Numbers (inodes) of the sockets that listen on a port. Empty where the system does not show them."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with contextlib.suppress(OSError):
            for line in table.read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(fields[9])
    return frozenset(found)


def free_port() -> int:
    """A TCP port of the loopback address that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    argv: Sequence[str], *, port: int, ready: str, timeout: float, cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[Service]:
    """Run a server while the block does. `ready` is a path that must answer below 400 within `timeout` seconds.

    Raises `GateError` where something else already listens on the port (its answers would be taken for the
    service's), where the command ends by itself, or something of it listens after it was stopped, and
    `ToolTimeoutError` where it is not ready in time.
    """
    if not _refuses(port):
        raise GateError(
            "another program already listens on the port of the service under test, and its answers would be taken for the service's",
            remedy="stop it, or run again: each run chooses a port that is free",
        )
    with _running(argv, cwd=cwd, env=env, log=log) as (child, output):
        service = Service(f"http://{HOST}:{port}", port, child)
        _wait(service, ready, timeout, output)
        service = replace(service, _sockets=_listeners(port))
        yield service
        service.check_alive()
    _check_gone(port)


@contextlib.contextmanager
def _running(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Iterator[tuple[process.Process, Output]]:
    output = Output(log)
    with output.taken() as stream:
        child = process.Process(argv, cwd=cwd, env=env, stdout=stream, stderr=stream)
    try:
        yield child, output
    finally:
        child.stop()
        output.end()


def _check_gone(port: int) -> None:
    deadline = time.monotonic() + _ENDING_SECONDS
    while not _refuses(port):
        if time.monotonic() > deadline:
            raise GateError(
                "something of the service under test still listens after it was stopped",
                remedy="let `serve.command` run the service itself, in the foreground and with the environment that it is given",
            )
        time.sleep(_POLL_SECONDS)


def _wait(service: Service, ready: str, timeout: float, output: Output) -> None:
    """Ask until the service answers. Reasons hold no port and no time: those vary from run to run."""
    deadline = time.monotonic() + timeout
    answer = "nothing listened"
    while (left := deadline - time.monotonic()) > 0:
        found = _ask(service.port, ready, min(left, _ASK_SECONDS))
        _check_start(service, output)
        if not found:
            return
        answer = found
        time.sleep(_POLL_SECONDS)
    raise ToolTimeoutError(
        f"the service under test was not ready at {ready} in time: {answer}; {output.last_words(service.port)}",
        remedy="check `serve.command` and `serve.ready`, or allow it more time with `serve.timeout`",
    )


def _ask(port: int, ready: str, seconds: float) -> str:
    """What kept the service from being ready; empty where it answers below 400. It takes no longer, however the answer drips."""
    try:
        line = _first_line(port, "/" + quote(ready.lstrip("/"), safe="/?&=%:+,;@!$'()*~"), time.monotonic() + seconds)
    except OSError:
        return "it did not answer"
    version, _, rest = line.partition(b" ")
    status = rest[:3].decode("ascii", "replace")
    if not version.startswith(b"HTTP/") or not status.isdecimal():
        return "it did not answer"
    return "" if 200 <= int(status) < 400 else f"it answered {status}"


def _first_line(port: int, path: str, deadline: float) -> bytes:
    """The status line of an answer; empty where it is not whole by the deadline, or too long to be one."""
    with socket.create_connection((HOST, port), timeout=max(0.01, deadline - time.monotonic())) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode("ascii"))
        line = b""
        while b"\n" not in line and len(line) < _LINE_LIMIT and (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            content = connection.recv(512)
            if not content:
                return b""
            line += content
        return line.partition(b"\n")[0] if b"\n" in line else b""


def _check_start(service: Service, output: Output) -> None:
    """Raise `GateError` where the command has ended: if anything answers, it is another program."""
    try:
        service.check_running()
    except GateError as error:
        output.end()
        raise GateError(f"{error.reason} before it was ready: {output.last_words(service.port)}", remedy=error.remedy) from error
