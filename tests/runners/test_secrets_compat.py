"""The secret scan in the mode `compat`: what detect-secrets itself says of the same folder, and nothing else."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from gates import facts as reader
from gates import redact
from gates.adapters import process
from gates.drivers.secrets_rules import rule_of
from gates.model import Finding, Kind, Status
from gates.runners.secrets import GATE
from gates.testing import observe_raw
from tests.runners.samples import SECRETS, VALUES, copy, scan, write

pytestmark = pytest.mark.engine("detect-secrets")


def _as_detect_secrets_says(root: Path, work: Path) -> Counter[tuple[str, str, int]]:
    script = Path(sys.executable).with_name("detect-secrets")
    done = process.run([str(script), "scan", "-n", "--all-files", "."], cwd=root, env={"LC_ALL": "C.UTF-8"}, timeout=60, scratch=work)
    results = json.loads(done.stdout)["results"]
    return Counter((path.removeprefix("./"), item["type"], item["line_number"]) for path, items in results.items() for item in items)


def test_compat_gives_exactly_the_findings_of_the_engine(tmp_path: Path) -> None:
    root = copy("secrets/fail", tmp_path / "project")
    copy("secrets/pass", root / "healthy")
    write(
        root, {"latin1.py": b"key = '\xe9'\n", "notes.md": f'token: "{SECRETS["base64"]}"\n', "twice.py": f'a = "{SECRETS["aws"]}"\n' * 2}
    )
    (tmp_path / "scratch").mkdir()
    expected = Counter(
        {(path, rule_of(kind), line): n for (path, kind, line), n in _as_detect_secrets_says(root, tmp_path / "scratch").items()}
    )
    facts = scan(GATE, root, tmp_path / "work", options={"mode": "compat"})
    assert facts.status is Status.COMPLETED, facts.reason
    found = Counter(_triple(item) for item in facts.findings if item.suppressed_by is None)
    assert found == expected
    assert len(expected) >= 8
    allowed = [item for item in facts.findings if item.suppressed_by == "pragma: allowlist secret"]
    assert ("settings.py", "stripe-access-key", 8) in [_triple(item) for item in allowed]
    assert {item.kind for item in facts.findings} == {Kind.FINDING}


def test_compat_lists_the_baseline_and_pointers_of_git_lfs(tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\nkey = '{SECRETS['aws']}'\n"
    root = write(tmp_path / "project", {"a.txt": pointer, "b.py": "x = 1\n", ".secrets.baseline": '{"version": "1.5.0", "results": {}}'})
    facts = scan(GATE, root, tmp_path / "work", options={"mode": "compat"})
    assert facts.examined is not None
    assert {item.item: item.reason for item in facts.examined.skipped} == {
        ".secrets.baseline": "detect-secrets leaves its own baseline out",
        "a.txt": "its content is in Git LFS and not here",
    }
    assert [_triple(item) for item in facts.findings] == [("a.txt", "aws-access-key", 2)]


def _triple(finding: Finding) -> tuple[str, str, int]:
    assert finding.location.path is not None
    assert finding.location.line is not None
    return finding.location.path, finding.rule.removeprefix("secrets/"), finding.location.line


def test_compat_lists_what_the_engine_leaves_out_and_leaks_nothing(tmp_path: Path) -> None:
    root = write(copy("secrets/fail", tmp_path / "project"), {"latin1.py": b"key = '\xe9'\n"})
    (tmp_path / "work").mkdir()
    observation = observe_raw(GATE, root=root, work=tmp_path / "work", options={"mode": "compat"})
    facts = reader.read_facts(GATE, "secrets", observation.members)
    assert facts.examined is not None
    assert {item.item for item in facts.examined.skipped} == {"theme.css", "uv.lock", "swagger.py", "latin1.py"}
    assert not redact.Redactor(VALUES).finds(b"".join(observation.members.values()))
