"""Every report as a file, so that a change of what people and tools read shows in review.

To write the files anew: `GATES_WRITE_SNAPSHOTS=1 python -m pytest tests/report/test_snapshots.py`, and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.model import Record
from gates.report import github, gitlab, html, json, junit, markdown, sarif, text
from tests.report.record_factory import BUNDLE, full, hostile, nothing, passed


def in_lines(document: str) -> str:
    """A document that is one line, in lines that a person can compare."""
    return document.replace(',"', ',\n"').replace(",{", ",\n{")


FOLDER = Path(__file__).parent / "snapshots"
RECORDS: dict[str, Callable[[], Record]] = {"full": full, "passed": passed, "nothing": nothing, "hostile": hostile}
REPORTS: dict[str, Callable[[Record], str]] = {
    "txt": lambda record: text.render(record, bundle=BUNDLE, color=False, width=100),
    "ansi.txt": lambda record: text.render(record, bundle=BUNDLE, color=True, width=100),
    "json": lambda record: json.render(record, exit_code=int(record.decision.verdict != "passed"), bundle=BUNDLE, problems=()),
    "md": lambda record: markdown.render(record, bundle=BUNDLE),
    "html": lambda record: html.render(record, bundle=BUNDLE),
    "sarif": lambda record: in_lines(sarif.render(record)),
    "upload.sarif": lambda record: in_lines(sarif.render(record, for_upload=True)),
    "junit.xml": junit.render,
    "annotations.txt": github.render,
    "gitlab.json": gitlab.render,
}


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("record", RECORDS)
def test_a_report_is_as_it_was(record: str, report: str) -> None:
    path = FOLDER / f"{record}.{report}"
    rendered = REPORTS[report](RECORDS[record]()).encode()
    if os.environ.get("GATES_WRITE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(rendered)
    assert path.read_bytes() == rendered, f"{path.name} differs: see the top of {Path(__file__).name}"


def test_no_snapshot_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{record}.{report}" for record in RECORDS for report in REPORTS}
