"""Which part does what: work of known or guessed length, spread so that all parts take about as long. Pure, and the same for the same."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

#: A file that takes more than this share of a part's time is taken apart: no part is then longer than the mean by more than that.
_LARGE = 4
#: What each item takes beside what was measured.
_ITEM_MS = 1


def spread(weights: Mapping[str, int], parts: int) -> dict[str, int]:
    """The part (from 1) of each piece of work: what takes longest first, each to the part that has least (Graham, 1969)."""
    loads = [(0, part) for part in range(1, parts + 1)]
    found = {}
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        load, part = heapq.heappop(loads)
        found[name] = part
        heapq.heappush(loads, (load + weights[name], part))
    return found


def share(files: Sequence[str], times: Mapping[str, Mapping[str, int]], parts: int) -> tuple[dict[str, int], dict[str, int]]:
    """The part of each file, and of each item of a file that is too large for one part.

    `times` says how long the items of a file took, in milliseconds. A file that nobody has measured is taken to be like the mean of those
    that were; where none was, all are alike.
    """
    known = {name: {item: ms + _ITEM_MS for item, ms in times[name].items()} for name in files if times.get(name)}
    weights = {name: sum(items.values()) for name, items in known.items()}
    mean = max(1, sum(weights.values()) // len(weights)) if weights else 1
    weights |= {name: mean for name in files if name not in weights}
    most = sum(weights.values()) // (parts * _LARGE)
    apart = {item: ms for name, items in known.items() if weights[name] > most and len(items) > 1 for item, ms in items.items()}
    whole = {name: weight for name, weight in weights.items() if weight <= most or len(known.get(name, ())) < 2}
    found = spread({f"file {name}": weight for name, weight in whole.items()} | {f"item {name}": ms for name, ms in apart.items()}, parts)
    return {name: found[f"file {name}"] for name in whole}, {name: found[f"item {name}"] for name in apart}
