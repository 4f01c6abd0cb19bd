"""The one place that asks what time it is."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime


def today() -> date:
    """The day in UTC: the day of evaluation unless `--as-of` names another."""
    return datetime.now(UTC).date()


def now_text() -> str:
    """The time in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def monotonic() -> float:
    """Seconds on a clock that never goes back."""
    return time.monotonic()
