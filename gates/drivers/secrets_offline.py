"""detect-secrets without `requests`: it needs that only to verify secrets over the network, which is never done.

To import it takes a third of the time of a small scan.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_NAME = "requests"


class Offline(ModuleType):
    """What detect-secrets names of `requests` as it is imported; whatever would ask the network raises `RuntimeError`."""

    class Response:
        """Named in annotations."""

    class exceptions:  # noqa: N801 (its name there)
        """Named where an answer is waited for."""

        RequestException = OSError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError(f"{_NAME}.{name}: secrets are never verified over the network")


@contextmanager
def offline() -> Iterator[None]:
    """What is imported meanwhile gets `Offline` for `requests`, where nobody has imported that already."""
    if _NAME in sys.modules:
        yield
        return
    sys.modules[_NAME] = Offline(_NAME)
    try:
        yield
    finally:
        del sys.modules[_NAME]
