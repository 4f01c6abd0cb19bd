"""The streams of events that our plug-in writes inside pytest: one for each process, a list of JSON objects."""

from __future__ import annotations

import hmac
import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

from gates.api import GateError

Stream = list[dict[str, Any]]


def read_streams(folder: Path, key: bytes) -> list[Stream]:
    """The streams of all processes of a run, that of the first one (`main`) first.

    Each line must carry the digest that our plug-in gave it; raises `GateError` where one does not.
    """
    files = sorted(folder.glob("*.jsonl"), key=lambda path: (path.stem != "main", len(path.stem), path.stem))
    workers = blake2b(b"workers", key=key).digest()
    try:
        return [_read_stream(path, key if path.stem == "main" else blake2b(path.stem.encode(), key=workers).digest()) for path in files]
    except (ValueError, OSError):
        raise GateError(
            "what our plug-in saw of pytest can't be read: something else wrote into it",
            remedy="find the test, the conftest.py or the plug-in that writes to foreign files",
        ) from None


def _read_stream(path: Path, key: bytes) -> Stream:
    """The events of one process; raises `ValueError` where one is not the plug-in's, or stands in another place than it wrote it."""
    stream = []
    for text in path.read_bytes().splitlines():
        digest, _, line = text.partition(b" ")
        if not hmac.compare_digest(digest, blake2b(line, key=key, digest_size=16).hexdigest().encode()):
            raise ValueError(path.name)
        key = blake2b(key).digest()
        stream.append(json.loads(line))
    return stream


def tests_of(streams: list[Stream]) -> list[dict[str, Any]]:
    """The tests of a run in the order of their numbers, from the first process that collected any."""
    return next((found for stream in streams if (found := [event for event in stream if event["event"] == "test"])), [])


def is_whole(streams: list[Stream]) -> bool:
    return bool(streams) and all(stream and stream[-1]["event"] == "finish" for stream in streams)


def failed_in(streams: list[Stream]) -> set[int | None]:
    return {event["test"] for stream in streams for event in stream if event["event"] == "report" and event["outcome"] == "failed"}


def where_it_was(streams: list[Stream]) -> str:
    """What pytest was doing when its streams broke off."""
    open_tests = []
    for stream in streams:
        names = [event["id"] for event in stream if event["event"] == "test"]
        started = [event["test"] for event in stream if event["event"] == "started"]
        finished = {event["test"] for event in stream if event["event"] == "finished"}
        open_tests += [names[number] for number in started if number not in finished]
    if open_tests:
        return f"in the middle of {open_tests[0]}"
    if not any(event["event"] == "collected" for stream in streams for event in stream):
        return "while it collected tests" if streams else "before it collected any test"
    return "after a test, before it was done"
