"""Small projects with one gate each, and what a change brings that the gate stops."""

from __future__ import annotations

import json

#: Bandit's B602, high: what `security` stops.
VULNERABLE = "import subprocess\n\n\ndef run(command):\n    return subprocess.call(command, shell=True)\n"
#: Bandit's B324 is high, B506 medium, B311 low.
MEDIUM = "import yaml\n\n\ndef read(text):\n    return yaml.load(text)\n"
HARMLESS = "def run(command):\n    return command.split()\n"
#: In two parts, so that no scan of this repository finds it.
KEY = "AKIA" + "QX7ZPL2MK3VB5N8T"
LEAK = f'KEY = "{KEY}"\n'


def policy(gates: str, *, extends: str = "baseline", more: str = "") -> str:
    """A policy file: its gates as the lines of a YAML mapping."""
    lines = "".join(f"  {line}\n" for line in gates.splitlines())
    return f"version: 1\nextends: [{extends}]\n{more}gates:\n{lines}"


SECURITY = {"gates.yaml": policy("security: {}"), "app.py": HARMLESS}
SECRETS = {"gates.yaml": policy("secrets: {}"), "app.py": HARMLESS}

#: A tool of the project's own that says what stands in a file, as a test that passes or fails.
CHECK = """\
import pathlib
import sys

said = pathlib.Path("said.txt").read_text()
failure = f"<failure message='{said}'/>" if said else ""
report = f"<testsuites><testsuite name='s'><testcase classname='a' name='one'>{failure}</testcase></testsuite></testsuites>"
pathlib.Path(sys.argv[1]).write_text(report)
"""
CHECKED = 'checks: {uses: external, options: {command: ["{python}", check.py, "{raw}/report.xml"], junit: report.xml}}'
CHECKS = {"gates.yaml": policy(CHECKED), "check.py": CHECK, "said.txt": ""}
BROKEN = {"said.txt": "two is wrong"}

#: An advisory of a made-up package, and another that keeps the folder from being empty.
ADVISORIES = {
    f"advisories/{name}.json": json.dumps(
        {
            "id": name,
            "modified": "2026-01-02T00:00:00Z",
            "summary": "made up",
            "affected": [{"package": {"ecosystem": "PyPI", "name": package}, "versions": ["1.0"]}],
        }
    )
    for name, package in (("DEMO-1", "teapot"), ("DEMO-2", "samovar"))
}
AUDITED = "dependencies: {options: {sources: [requirements.txt], advisories: advisories, max-age: 0d}}"
DEPENDENCIES = {"gates.yaml": policy(AUDITED), "requirements.txt": "kettle==1.0\n", **ADVISORIES}
VULNERABLE_PACKAGE = {"requirements.txt": "kettle==1.0\nteapot==1.0\n"}

#: Says that the flaw of teapot is none here.
NOT_AFFECTED = json.dumps(
    {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": "dev",
        "timestamp": "2026-11-20T10:00:00Z",
        "statements": [
            {
                "vulnerability": {"name": "DEMO-1"},
                "products": [{"@id": "pkg:pypi/teapot@1.0"}],
                "status": "not_affected",
                "justification": "vulnerable_code_not_present",
            }
        ],
    }
)
#: The same audit, where statements of a folder count.
EXPLAINED = AUDITED.replace("max-age: 0d", "max-age: 0d, vex: [vex/]")

TESTED = "tests: {}"
TESTS = {
    "gates.yaml": policy(TESTED),
    "two.py": "TWO = 2\n",
    "test_one.py": "def test_one():\n    assert 1 + 1 == 2\n",
    "test_two.py": "from two import TWO\n\n\ndef test_two():\n    assert TWO == 2\n",
}
WRONG = {"two.py": "TWO = 3\n"}

PICTURE = "<img src='a.png'>"
PAGE = "<!doctype html><html lang='en'><head><title>A page</title></head><body><main><h1>A page</h1>%s</main></body></html>\n"
SHOWN = "accessibility: {options: {pages: [/], serve: {directory: site}}}"
PAGES = {"gates.yaml": policy(SHOWN), "site/index.html": PAGE % ""}
UNREADABLE = {"site/index.html": PAGE % PICTURE}
