"""Markdown for a comment on a pull request: the summary, cut by section to what a comment may hold."""

from __future__ import annotations

from gates.model import BundleInfo, Record
from gates.report import markdown
from gates.report.view import Claim

#: A comment may hold 65,536 characters, of which whoever posts it may want some. A character takes a byte or more.
LIMIT = 65_536 - 1024


def render(record: Record, *, bundle: BundleInfo | None, claim: Claim | None = None) -> str:
    """The summary in at most `LIMIT` bytes of UTF-8."""
    return markdown.render(record, bundle=bundle, limit=LIMIT, claim=claim)
