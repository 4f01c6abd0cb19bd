"""The streams of events that our plug-in writes inside pytest: one for each process, a list of JSON objects."""

from __future__ import annotations

from typing import Any

Stream = list[dict[str, Any]]


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
