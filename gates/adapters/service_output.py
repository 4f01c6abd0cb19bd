"""What a service prints: read for as long as anything of it runs, kept up to a limit."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

#: What is kept of a service's output; it may print for as long as it runs.
LOG_LIMIT = 8 * 1024 * 1024
CUT = b"\n(it printed more, which is not kept)\n"
_TAIL = 4096
_WAIT_SECONDS = 0.5


class Output:
    """The first `LOG_LIMIT` bytes go to a file, the last words stay in memory, and the rest is read and dropped."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._end = b""
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def taken(self) -> Iterator[IO[bytes]]:
        """The stream for a child that is started in the block."""
        source, target = os.pipe()
        self.log.unlink(missing_ok=True)
        self._thread = threading.Thread(target=self._keep, args=(source, self.log.open("wb", buffering=0)), daemon=True)
        self._thread.start()
        with os.fdopen(target, "wb", buffering=0) as stream:
            yield stream

    def _keep(self, source: int, log: IO[bytes]) -> None:
        left, cut = LOG_LIMIT, False
        with os.fdopen(source, "rb", buffering=0) as stream, log:
            while content := stream.read(65536):
                self._end = (self._end + content)[-_TAIL:]
                # A full disk must not stop the service, which would wait for its output to be read.
                with contextlib.suppress(OSError):
                    log.write(content[:left] + (CUT if len(content) > left and not cut else b""))
                cut = cut or len(content) > left
                left = max(0, left - len(content))

    def end(self) -> None:
        """Wait, a moment at most, until what a process printed that has ended is read."""
        if self._thread:
            self._thread.join(_WAIT_SECONDS)

    def last_words(self, port: int) -> str:
        """The last line in words for a reason, without the port, which varies from run to run."""
        lines = [line.strip() for line in self._end.decode("utf-8", "replace").splitlines() if line.strip()]
        return f"its last words: {lines[-1][:300].replace(str(port), '{port}')}" if lines else "it printed nothing"
