"""The jobs for other CI: each is valid by its CI's own schema, and GitLab's does what its page says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gates.cli.main import parse
from tests.repository import Repository

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "other-ci.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"^## (.+?)\n.*?^```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SCHEMAS = {
    "GitLab CI": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    "CircleCI": ["vendor.circle-ci"],
    "Azure Pipelines": ["vendor.azure-pipelines", "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"],
    "Buildkite": ["vendor.buildkite"],
}
PROGRAMS = Path(sys.executable).parent


def test_every_job_is_looked_at() -> None:
    assert set(BLOCKS) == {*SCHEMAS, "Jenkins"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_job_is_valid_by_the_schema_of_its_ci(name: str, tmp_path: Path) -> None:
    (tmp_path / "job.yml").write_text(BLOCKS[name], "utf-8")
    words = [str(PROGRAMS / "check-jsonschema"), "--builtin-schema", *SCHEMAS[name], "job.yml"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", BLOCKS)
def test_a_job_keeps_the_evidence_and_runs_a_command_that_there_is(name: str) -> None:
    (command,) = re.findall(r"bin/gates\"? (run [^'\n]*)", BLOCKS[name])
    options = parse([word.strip('"') for word in re.sub(r"\$\{.*?\}", "", command).split()])
    assert options.bundle.name in BLOCKS[name].replace(command, "")
    assert not any("allow" in line for line in BLOCKS[name].splitlines())


@pytest.mark.parametrize("base", ["named", "not named"])
def test_gitlab_s_job_reports_what_the_merge_request_adds(base: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"gates.yaml": "version: 1\nextends: [baseline]\ngates: {security: {}}\n", "a.py": "exec('1')\n"})
    repository.commit({"b.py": "import subprocess\nsubprocess.call(input(), shell=True)\n"})
    script = yaml.safe_load(BLOCKS["GitLab CI"])["gates"]["script"][-1].replace("/opt/gates/bin/gates", str(PROGRAMS / "gates"))
    environment = {**os.environ, "CI": "true"} | ({"CI_MERGE_REQUEST_DIFF_BASE_SHA": first} if base == "named" else {})
    done = subprocess.run(["sh", "-c", script], cwd=repository.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    report = json.loads((repository.root / "quality.json").read_text("utf-8"))
    assert {"check_name", "description", "fingerprint", "location", "severity"} == set(report[0])
    assert ("security/B602", "b.py", 2) in [
        (item["check_name"], item["location"]["path"], item["location"]["lines"]["begin"]) for item in report
    ]
    assert len({item["fingerprint"] for item in report}) == len(report)
    assert (repository.root / "evidence.zip").is_file()
