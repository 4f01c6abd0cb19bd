"""How bad an advisory is: the highest CVSS score of the records that stand for it, else the database's own word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cvss.cvss2 import CVSS2
from cvss.cvss3 import CVSS3
from cvss.cvss4 import CVSS4
from cvss.exceptions import CVSSError

from gates.drivers.audit import ranges

_SCORES: Mapping[str, Callable[[str], Any]] = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}


def of(records: Iterable[Mapping[str, Any]], package: str) -> dict[str, str]:
    """`{"score": "7.5", "vector": …}`, or `{"word": "HIGH"}`, or nothing where no record says."""
    known = list(records)
    scores = [score for record in known for score in _scores(record, package)]
    if scores:
        score, vector = max(scores)
        return {"score": f"{score:.1f}", "vector": vector}
    words = [str(record.get("database_specific", {}).get("severity") or "") for record in known]
    return next(({"word": word} for word in words if word), {})


def _scores(record: Mapping[str, Any], package: str) -> Iterator[tuple[float, str]]:
    parts = [record, *ranges.affected_parts(record, package)]
    for entry in (entry for part in parts for entry in part.get("severity") or []):
        reader = _SCORES.get(entry.get("type", ""))
        if reader is None:
            continue
        try:
            yield float(reader(entry["score"]).base_score), str(entry["score"])
        except (CVSSError, KeyError, TypeError):
            continue
