"""The external gate with real tools: ruff writes SARIF, pytest JUnit XML; CycloneDX is a file that another job left."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gates import codec
from gates.api import Facts, Proof, Severity, Status
from gates.runners.external import GATE, needs
from gates.runners.external.options import Options
from gates.testing import observe_and_parse

EXAMPLES = Path(__file__).parent.parent / "examples" / "external"
RUFF = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "D103"]
TO_SARIF = [*RUFF, "--output-format", "sarif", "--output-file", "{raw}/ruff.sarif", "src"]
PYTEST = [
    "{python}",
    "-m",
    "pytest",
    "-q",
    "-p",
    "no:cacheprovider",
    "--rootdir",
    ".",
    "--junit-xml",
    "{raw}/out/tests.xml",
    "check_cart.py",
]

Observe = Callable[..., Facts]


@pytest.fixture
def observe(tmp_path: Path) -> Observe:
    """Copies an example to a folder of its own and observes it there."""

    def run(example: str, /, folder: str = "project", **options: Any) -> Facts:
        root = tmp_path / folder
        shutil.copytree(EXAMPLES / example, root, dirs_exist_ok=True)
        work = tmp_path / f"work-{folder}"
        work.mkdir()
        return observe_and_parse(GATE, root=root, work=work, name="lint", options=options)

    return run


def test_a_command_that_finds_nothing(observe: Observe) -> None:
    facts = observe("pass", command=TO_SARIF, sarif="ruff.sarif", inventory=["src/**/*.py"])
    assert (facts.status, facts.findings) == (Status.COMPLETED, ())
    assert facts.examined is not None
    assert (facts.examined.unit, facts.examined.done, facts.examined.expected, facts.examined.proof) == ("files", 2, 2, Proof.CLAIMED)
    (tool,) = facts.tools
    assert (tool.tool, tool.exit_code) == ("ruff", 0)
    assert tool.argv[-2:] == ("{raw}/ruff.sarif", "src")


def test_a_command_that_finds_something(observe: Observe) -> None:
    facts = observe("fail", command=TO_SARIF, sarif="ruff.sarif", inventory=["src/**/*.py"])
    (finding,) = facts.findings
    assert (finding.rule, str(finding.location), finding.severity) == ("lint/D103", "src/cart.py:4:5", Severity.HIGH)
    assert finding.help_url.startswith("https://")
    assert "docstring" in finding.message


def test_facts_do_not_depend_on_the_folder_or_the_run(observe: Observe) -> None:
    options = {"command": TO_SARIF, "sarif": "ruff.sarif", "inventory": ["src/**/*.py"]}
    assert codec.encode(observe("fail", **options)) == codec.encode(observe("fail", folder="another-name", **options))


def test_junit_of_a_command(observe: Observe) -> None:
    facts = observe("pass", command=PYTEST, junit="out/tests.xml", inventory=["check_*.py"])
    assert facts.findings == ()
    assert facts.examined is not None
    assert (facts.examined.done, facts.examined.expected, facts.examined.proof) == (2, 3, Proof.INVENTORY)
    assert facts.examined.skipped[0].reason == "no printer here"


def test_junit_failures(observe: Observe) -> None:
    facts = observe("fail", command=PYTEST, junit="out/tests.xml")
    (finding,) = facts.findings
    assert finding.rule == "lint/failure"
    assert "test_discount" in finding.message
    assert facts.examined is not None
    assert (facts.examined.done, facts.examined.proof) == (2, Proof.CLAIMED)


def test_a_file_of_tests_that_did_not_run_is_said(observe: Observe, tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "check_prices.py").write_text("def test_nothing(): ...\n")
    facts = observe("pass", command=PYTEST, junit="out/tests.xml", inventory=["check_*.py"])
    assert facts.examined is not None
    assert [skip.item for skip in facts.examined.skipped if "no test" in skip.reason] == ["check_prices.py"]


def test_cyclonedx_that_another_job_left(observe: Observe) -> None:
    facts = observe("pass", cyclonedx="bom.json")
    (finding,) = facts.findings
    assert finding.suppressed_by == "vex: not_affected, code_not_reachable"
    assert facts.examined is not None
    assert (facts.examined.unit, facts.examined.done) == ("components", 2)
    assert [(tool.tool, tool.version) for tool in facts.tools] == [("scanner", "0.9.1")]


def test_cyclonedx_with_something_open(observe: Observe) -> None:
    (finding,) = observe("fail", cyclonedx="bom.json").findings
    assert (finding.severity, finding.suppressed_by) == (Severity.HIGH, None)
    assert finding.remedy == "Update jinja2 to 3.1.3 or later"


WRITER = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('{}'); sys.exit(int(sys.argv[2]))"


@pytest.mark.parametrize(
    ("example", "options", "reason"),
    [
        ("broken", {"sarif": "report.sarif"}, "says that it did not succeed"),
        ("broken", {"junit": "junit.xml"}, "counts 3 tests and lists 1"),
        ("broken", {"cyclonedx": "bom.json"}, "no list of vulnerabilities"),
        ("broken", {"sarif": "missing.sarif"}, "there is no report missing.sarif"),
        ("broken", {"command": ["no-such-program-of-ours"], "sarif": "x.sarif"}, "was not found"),
        ("pass", {"command": ["{python}", "-c", "pass"], "sarif": "x.sarif"}, "there is no report x.sarif"),
        ("pass", {"command": ["{python}", "-c", "pass"], "cyclonedx": "bom.json"}, "there is no report bom.json"),
        ("pass", {"command": ["{python}", "-c", "raise SystemExit(7)"], "sarif": "x.sarif"}, "exit code 7, not one of 0, 1"),
        ("pass", {"command": ["{python}", "-c", WRITER, "{raw}/x.sarif", "0"], "sarif": "x.sarif"}, "not SARIF 2.1.0"),
        ("pass", {"command": TO_SARIF, "sarif": "ruff.sarif"}, "does not say what was examined"),
        ("pass", {"command": TO_SARIF, "sarif": "ruff.sarif", "inventory": ["lib/**/*.py"]}, "`inventory` names 'lib/**/*.py'"),
    ],
)
def test_what_can_not_be_known_is_an_error(observe: Observe, example: str, options: dict[str, Any], reason: str) -> None:
    facts = observe(example, **options)
    assert facts.status is Status.ERROR
    assert reason in facts.reason
    assert facts.remedy


def test_a_report_outside_the_repository_is_refused(observe: Observe, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link").symlink_to(tmp_path)
    assert "leads out of the repository" in observe("pass", sarif="link/x.sarif").reason


def test_another_exit_code_may_mean_that_the_tool_worked(observe: Observe) -> None:
    ends_with_three = "import subprocess, sys; subprocess.run(sys.argv[1:], check=True); sys.exit(3)"
    command = ["{python}", "-c", ends_with_three, *TO_SARIF]
    assert observe("pass", command=command, sarif="ruff.sarif", inventory=["src"], exit_codes=[3]).status is Status.COMPLETED


def test_what_a_report_names_as_examined_is_held_against_the_inventory(observe: Observe, tmp_path: Path) -> None:
    log = tmp_path / "project" / "left.sarif"
    log.parent.mkdir()
    log.write_text(
        '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "L"}}, "results": [],'
        ' "artifacts": [{"location": {"uri": "src/cart.py"}, "roles": ["analysisTarget"]}]}]}'
    )
    facts = observe("pass", sarif="left.sarif", inventory=["src/*.py"])
    assert facts.examined is not None
    assert (facts.examined.done, facts.examined.expected, facts.examined.proof) == (1, 2, Proof.INVENTORY)
    assert [skip.item for skip in facts.examined.skipped] == ["src/tea.py"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sarif": "a", "junit": "b"},
        {"sarif": "/tmp/a"},
        {"sarif": "../a"},
        {"sarif": "{raw}/a"},
        {"sarif": "tools.json"},
        {"cyclonedx": "a", "inventory": ("b",)},
        {"sarif": "a", "examined": "b"},
        {"junit": "a", "command": ("c",), "examined": "b"},
        {"sarif": "a", "command": ("c",), "examined": "../b"},
        {"sarif": "a", "command": ("c",), "examined": "tools.json"},
        {"sarif": "a", "command": ("c",), "examined": "b#place"},
        {"sarif": "a", "command": ("c",), "examined": "#/place"},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"exactly one|is a path below|names files|`examined` is"):
        Options(**options)


LISTS = """
import json, os, pathlib, sys
raw = pathlib.Path(sys.argv[1])
(raw / "x.sarif").write_text('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "L"}}, "results": []}]}')
if sys.argv[2] != "nothing":
    (raw / "seen").write_bytes(sys.argv[2].replace("@root@", os.getcwd()).encode("utf-8", "surrogateescape"))
"""


@pytest.mark.parametrize(
    ("listed", "place", "done", "skipped"),
    [
        ("src/cart.py\n", "", 1, ["src/tea.py"]),
        ("./src/cart.py\r\n\n @root@/src/tea.py \n/elsewhere/src/tea.py\n", "", 2, []),
        ("", "", 0, ["src/cart.py", "src/tea.py"]),
        ('{"paths": {"scanned": ["src/cart.py"]}}', "#/paths/scanned/*", 1, ["src/tea.py"]),
        ('{"paths": {"scanned": ["src/cart.py", "src/tea.py"]}}', "#/paths/scanned/1", 1, ["src/cart.py"]),
        ('[{"a/b": {"x": [{"f": "file://@root@/src/cart%2Epy"}], "y": ["src/tea.py"]}}, 7]', "#/*/a~1b/*/*/f", 1, ["src/tea.py"]),
        ('{"summary": {"passed": 0}}', "#/results/*/*/path", 0, ["src/cart.py", "src/tea.py"]),
        ('{"scanned": [1, null, {"src/tea.py": 1}]}', "#/scanned/*", 0, ["src/cart.py", "src/tea.py"]),
    ],
)
def test_a_command_says_in_a_file_of_its_own_what_it_looked_at(
    observe: Observe, listed: str, place: str, done: int, skipped: list[str]
) -> None:
    command = ["{python}", "-c", LISTS, "{raw}", listed]
    facts = observe("pass", command=command, sarif="x.sarif", examined=f"seen{place}", inventory=["src/*.py"])
    assert facts.examined is not None, facts.reason
    assert (facts.examined.done, facts.examined.expected, facts.examined.proof) == (done, 2, Proof.INVENTORY)
    assert [skip.item for skip in facts.examined.skipped] == skipped


def test_a_list_beside_a_report_that_names_files_takes_away_from_it(observe: Observe) -> None:
    artifacts = '"artifacts": [{"location": {"uri": "src/cart.py"}, "roles": ["analysisTarget"]}], "results": []'
    command = ["{python}", "-c", LISTS.replace('"results": []', artifacts), "{raw}", "src/tea.py"]
    facts = observe("pass", command=command, sarif="x.sarif", examined="seen", inventory=["src/*.py"])
    assert facts.examined is not None
    assert (facts.examined.done, facts.examined.expected) == (0, 2)


@pytest.mark.parametrize(
    ("listed", "place", "reason"),
    [
        ("nothing", "", "there is no report seen; the command ended with exit code 0"),
        ('{"paths": [', "#/paths", "seen is not JSON"),
        ("src/caf\udce9.py", "", "seen is not text in UTF-8"),
    ],
)
def test_a_list_of_what_was_looked_at_that_can_not_be_read_is_an_error(observe: Observe, listed: str, place: str, reason: str) -> None:
    facts = observe("pass", command=["{python}", "-c", LISTS, "{raw}", listed], sarif="x.sarif", examined=f"seen{place}")
    assert facts.status is Status.ERROR
    assert reason in facts.reason
    assert facts.remedy


def test_what_a_command_printed_is_said_where_its_report_explains_nothing(observe: Observe) -> None:
    crash = "import sys; print('error: no rules', file=sys.stderr); print('all is well', file=sys.stderr); sys.exit(1)"
    assert "exit code 1: error: no rules" in observe("pass", command=["{python}", "-c", crash], sarif="x.sarif").reason
    late = f"import sys; exec(sys.argv.pop(1)); {crash}"
    facts = observe("pass", folder="late", command=["{python}", "-c", late, LISTS, "{raw}", ""], sarif="x.sarif", inventory=["src"])
    assert facts.reason.endswith("nothing in its report explains that: error: no rules")


def test_needs_names_the_program(tmp_path: Path) -> None:
    (need,) = needs(tmp_path, Options(command=("no-such-program-of-ours",), sarif="a"))
    assert (need.name, need.found) == ("no-such-program-of-ours", None)
    assert list(needs(tmp_path, Options(sarif="a"))) == []
