"""What the other gates refuse: reports that are none, records that are too large; and what they measure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gates.api import Facts, Raw, Status
from gates.formats import bandit
from gates.runners import contracts, external, security
from gates.runners.contracts import trying
from gates.testing import observe_and_parse

EXAMPLES = Path(__file__).parent.parent / "examples"
SARIF = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "L"}}, "results": []}]}'
LINK = "import pathlib, sys; pathlib.Path(sys.argv[1]).symlink_to(sys.argv[2])"


def observe_report(folder: Path, **options: Any) -> Facts:
    (folder / "work").mkdir()
    return observe_and_parse(external.GATE, root=folder / "root", work=folder / "work", options={"sarif": "x.sarif", **options})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.py").write_text("x = 1\n", "utf-8")
    (tmp_path / "root" / "kept.sarif").write_text(SARIF, "utf-8")
    return tmp_path / "root"


@pytest.mark.parametrize("command", [[], ["{python}", "-c", LINK, "{raw}/x.sarif", "{root}/kept.sarif"]])
def test_a_link_is_no_report(root: Path, command: list[str]) -> None:
    """What it leads to may be a report of any other run."""
    if not command:
        (root / "x.sarif").symlink_to("kept.sarif")
    facts = observe_report(root.parent, inventory=["a.py"], **({"command": command} if command else {}))
    assert facts.status is Status.ERROR
    assert facts.reason.startswith("there is no report x.sarif")
    assert facts.remedy


def test_a_report_that_is_too_large_is_not_copied(root: Path) -> None:
    with (root / "x.sarif").open("wb") as stream:
        stream.truncate(external.MAX_BYTES + 1)
    facts = observe_report(root.parent, inventory=["a.py"])
    assert (facts.status, facts.reason) == (Status.ERROR, "the report x.sarif is larger than 64 MiB")
    assert facts.remedy


@pytest.mark.engine("schemathesis")
def test_a_record_of_requests_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "EVENTS_LIMIT", 2**10)
    root = shutil.copytree(EXAMPLES / "contracts" / "pass", tmp_path / "root")
    (tmp_path / "work").mkdir()
    serve = {"command": ["{python}", "shop.py", "{port}"], "ready": "/health", "timeout": 60}
    options = {"schema": "openapi.yaml", "phases": ["coverage"], "max_examples": 1, "serve": serve}
    facts = observe_and_parse(contracts.GATE, root=root, work=tmp_path / "work", options=options)
    assert facts.status is Status.ERROR
    assert facts.reason.startswith("the record of all requests is larger than ")
    assert "max-examples" in facts.remedy


def test_code_security_measures_lines_and_files_that_were_not_read() -> None:
    inventory = {"files": ["a.py", "b.py"], "skips": [], "confidence": "low", "tests": "low"}
    files = [{"path": "a.py", "skipped": ""}, {"path": "b.py", "skipped": "nested too deeply for bandit"}]
    scan = {"canary": list(bandit.CHECKS), "checks": 80, "files": files, "lines": 12, "issues": []}
    members = {"inventory.json": inventory, "scan.json": scan, "tools.json": []}
    raw = Raw(gate="security", uses="security", parser=1, members={name: json.dumps(data).encode() for name, data in members.items()})
    measured = {item.name: (str(item.value), item.unit) for item in security.parse(raw).measurements}
    assert measured == {"lines": ("12", "lines"), "unread-files": ("1", "files")}
    assert measured.keys() == security.GATE.measurements.keys()
