"""Traps of anyone's tool: an exit code, and a report, that say less than they seem to.

The engine here is the command of the example itself: `alone` is its exit code when it is run by hand.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gates.runners.external import MAX_BYTES
from tests.guarantees import Seen, errored, failed, judged, passed, trap
from tests.repository import Repository
from tests.runners.reporting_tool import TOOL, Tool, result, sarif, tool_in

WORKED = "exit code 0"


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return tool_in(tmp_path)


# -- E1: the exit code


@trap(
    "E1",
    "a tool crashes with 1, as if it had found something, and leaves an empty report",
    alone="exit code 1",
    here=errored("ended with exit code 1, and nothing in its report explains that"),
)
def test_e1_a_crash_with_an_empty_report(tool: Tool) -> Seen:
    return tool.seen(sarif(), code=1)


@trap("E1", "a tool finds something and ends with 0", alone=WORKED, here=failed("external/R1 at app.py:1: It prints"))
def test_e1_findings_and_an_exit_code_of_zero(tool: Tool) -> Seen:
    return tool.seen(sarif(result()))


@trap("E1", "a tool ends well and writes no report", alone=WORKED, here=errored("there is no report report.sarif"))
def test_e1_no_report(tool: Tool) -> Seen:
    (tool.root / "report.sarif").write_bytes(sarif())  # of an earlier run, beside the tool
    return tool.seen(None)


# -- E2: what SARIF says of its own run


@trap("E2", "SARIF: `executionSuccessful` is false", alone=WORKED, here=errored("the tool says that it did not succeed"))
def test_e2_not_successful(tool: Tool) -> Seen:
    return tool.seen(sarif(invocations=[{"executionSuccessful": False}]))


@trap("E2", "SARIF: the tool could not read a file", alone=WORKED, here=errored("the tool met an error: app.py: no such syntax"))
def test_e2_an_error_of_the_tool(tool: Tool) -> Seen:
    note = {"level": "error", "message": {"text": "app.py: no such syntax"}}
    return tool.seen(sarif(invocations=[{"executionSuccessful": True, "toolExecutionNotifications": [note]}]))


@trap("E2", "SARIF: a run without a list of results", alone=WORKED, here=errored("has no list of results: the tool did not scan"))
def test_e2_no_results(tool: Tool) -> Seen:
    return tool.seen(b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Linter"}}}]}')


@trap("E2", "SARIF: no rule was loaded, and no file is named", alone=WORKED, here=passed("rules: 0"))
def test_e2_no_rules(tool: Tool) -> Seen:
    return tool.seen(sarif())


@trap("E2", "SARIF: nothing says which files were looked at", alone=WORKED, here=errored("does not say what was examined"))
def test_e2_nothing_examined(tool: Tool) -> Seen:
    return tool.seen(sarif(), inventory=[])


# -- E3: results that are set aside


@trap("E3", "SARIF: a result is suppressed", alone=WORKED, here=failed("(suppressed by sarif: inSource, trust me)"))
def test_e3_suppressed(tool: Tool) -> Seen:
    return tool.seen(sarif(result(suppressions=[{"kind": "inSource", "justification": "trust me"}])))


@trap("E3", "SARIF: the tool could not decide (`open`, `review`)", alone=WORKED, here=failed("needs-review external/R1 at app.py:1"))
def test_e3_undecided(tool: Tool) -> Seen:
    return tool.seen(sarif(result(kind="open", level="none"), result(kind="review", level="none")))


@trap("E3", "SARIF: results of kind `pass` or `notApplicable`, or no longer there", alone=WORKED, here=passed("set-aside: 3"))
def test_e3_set_aside(tool: Tool) -> Seen:
    kinds = [result(kind=kind, level="none") for kind in ("pass", "notApplicable")]
    return tool.seen(sarif(*kinds, result(baselineState="absent")))


@trap("E3", "SARIF: a result of kind `pass` has the level `error`", alone=WORKED, here=failed("external/R1 at app.py:1"))
def test_e3_a_pass_that_is_an_error(tool: Tool) -> Seen:
    return tool.seen(sarif(result(kind="pass")))


# -- E4: nothing was looked at


@trap("E4", "JUnit: no test was run", alone=WORKED, here=failed("nothing was examined"))
def test_e4_no_tests(tool: Tool) -> Seen:
    return tool.seen(b'<testsuites><testsuite name="s" tests="0"/></testsuites>', format="junit")


@trap("E4", "JUnit: every test was skipped", alone=WORKED, here=failed("a::one: no browser here"))
def test_e4_all_skipped(tool: Tool) -> Seen:
    case = b'<testcase classname="a" name="one"><skipped message="no browser here"/></testcase>'
    return tool.seen(b'<testsuite name="s" tests="1">' + case + b"</testsuite>", format="junit")


@trap("E4", "JUnit: a set-up failed outside of the tests", alone=WORKED, here=errored("counts 1 failures and errors and lists 0"))
def test_e4_a_hidden_failure(tool: Tool) -> Seen:
    return tool.seen(b'<testsuite name="s" tests="1" errors="1"><testcase classname="a" name="one"/></testsuite>', format="junit")


@trap(
    "E4",
    "JUnit: a test that ran out of time is no failure, but has a status of its own",
    alone=WORKED,
    here=failed("a::one failed: the report calls it 'timedout'"),
)
def test_e4_a_status_of_its_own(tool: Tool) -> Seen:
    case = b'<testcase classname="a" name="one" status="timedout"/>'
    return tool.seen(b'<testsuite name="s" tests="1">' + case + b"</testsuite>", format="junit")


@trap(
    "E4",
    "JUnit: a bare name fits two files, and the tests of one were run",
    alone=WORKED,
    here=passed("b/cart.spec.ts: no test of the report comes from this file"),
)
def test_e4_a_name_that_fits_two_files(tool: Tool) -> Seen:
    for name in ("a", "b"):
        (tool.root / name).mkdir()
        (tool.root / name / "cart.spec.ts").touch()
    report = b'<testsuite name="cart.spec.ts" tests="1"><testcase name="one"/></testsuite>'
    return tool.seen(report, format="junit", inventory=["**/*.spec.ts"])


@trap("E4", "SARIF: the tool left every file out, and says so in a list of its own", alone=WORKED, here=failed("nothing was examined"))
def test_e4_every_file_left_out(tool: Tool) -> Seen:
    return tool.seen(sarif(artifacts=[]), examined="report.sarif#/runs/*/artifacts/*/location/uri")


@trap("E4", "CycloneDX: no component", alone=WORKED, here=failed("nothing was examined"))
def test_e4_no_components(tool: Tool) -> Seen:
    bom = b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [], "vulnerabilities": []}'
    return tool.seen(bom, format="cyclonedx")


@trap("E4", "CycloneDX: a bill of materials that looked nothing up", alone=WORKED, here=errored("has no list of vulnerabilities"))
def test_e4_a_plain_bill_of_materials(tool: Tool) -> Seen:
    bom = b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "teapot", "version": "1"}]}'
    return tool.seen(bom, format="cyclonedx")


# -- E7: a file whose name is read as that of another


def mistaken(tool: Tool, name: str, listed: str) -> Seen:
    """`app.py` was not looked at; a file of that odd name was, and the tool lists it as it is."""
    (tool.root / name).parent.mkdir(parents=True, exist_ok=True)
    (tool.root / name).write_text("print(1)\n", "utf-8")
    (tool.root / "seen").write_bytes(listed.encode())
    return tool.seen(sarif(), examined="seen")


@trap(
    "E7",
    "a file's name holds a line end and the path of another, in a list with one name a line",
    alone=WORKED,
    here=failed("app.py: a file called 'x\\napp.py' is there too"),
)
def test_e7_a_line_end_in_a_name(tool: Tool) -> Seen:
    return mistaken(tool, "x\napp.py", "x\napp.py\n")


@trap(
    "E7",
    "a file's name has a space before it that a reader would drop",
    alone=WORKED,
    here=failed("app.py: a file called ' app.py' is there too"),
)
def test_e7_a_space_before_a_name(tool: Tool) -> Seen:
    return mistaken(tool, " app.py", " app.py\n")


@trap(
    "E7",
    "SARIF: a file's name holds an escape, and the tool escapes nothing",
    alone=WORKED,
    here=failed("app.py: a file called 'app%2Epy' is there too"),
)
def test_e7_an_escape_in_a_name(tool: Tool) -> Seen:
    (tool.root / "app%2Epy").write_text("print(1)\n", "utf-8")
    return tool.seen(sarif(artifacts=[{"location": {"uri": "app%2Epy"}, "roles": ["analysisTarget"]}]))


# -- E5: of another run

PASSING = '<testsuite name="s" tests="1"><testcase classname="a" name="one"/></testsuite>'


def left(repository: Repository, *, report: str = "report.xml") -> Seen:
    """What is made of a report that lies there, with no command; by hand, a tool that says nothing of it ends well."""
    (work := repository.root.parent / "work").mkdir()
    tool = Tool(repository.root, work)
    (repository.root / "tool.py").write_text(TOOL, "utf-8")
    return judged(tool.judge(junit=report), alone=tool.alone())


@trap("E5", "the report was committed, and no job wrote it", alone=WORKED, here=errored("the report report.xml is in the repository"))
def test_e5_a_committed_report(repository: Repository) -> Seen:
    repository.commit({"report.xml": PASSING})
    return left(repository)


@trap(
    "E5",
    "the report is older than the commit",
    alone=WORKED,
    here=passed("report.xml: it was written before the commit that is judged was made"),
)
def test_e5_a_report_of_an_earlier_commit(repository: Repository) -> Seen:
    repository.commit({"app.py": "print(1)\n", ".gitignore": "*.xml\n"})  # in 2026
    (repository.root / "report.xml").write_text(PASSING, "utf-8")
    os.utime(repository.root / "report.xml", (1_700_000_000, 1_700_000_000))  # in 2023
    return left(repository)


def test_a_report_that_a_job_has_left_since_the_commit_is_taken(repository: Repository) -> None:
    repository.commit({"app.py": "print(1)\n"})
    (repository.root / "report.xml").write_text(PASSING, "utf-8")
    os.utime(repository.root / "report.xml", (4_000_000_000, 4_000_000_000))
    seen = left(repository)
    assert (seen.outcome, "written before" in seen.text) == ("passed", False)


# -- E6: the file itself


@trap("E6", "half of the report was written", alone=WORKED, here=errored("report.sarif is not JSON that can be read"))
def test_e6_half_a_file(tool: Tool) -> Seen:
    return tool.seen(sarif(result())[:-20])


@trap("E6", "the report is of another format", alone=WORKED, here=errored("is not SARIF 2.1.0"))
def test_e6_another_format(tool: Tool) -> Seen:
    return tool.seen(b'[{"rule": "R1", "file": "app.py"}]'.replace(b"[", b"").replace(b"]", b""))


@trap("E6", "the report begins with a byte order mark", alone=WORKED, here=failed("external/R1 at app.py:1"))
def test_e6_a_byte_order_mark(tool: Tool) -> Seen:
    return tool.seen(b"\xef\xbb\xbf" + sarif(result()))


@trap("E6", "the report is in UTF-16", alone=WORKED, here=failed("external/R1 at app.py:1"))
def test_e6_utf_16(tool: Tool) -> Seen:
    return tool.seen(sarif(result()).decode().encode("utf-16"))


@trap("E6", "the report ends in NUL bytes, as after a power cut", alone=WORKED, here=errored("is not JSON that can be read"))
def test_e6_nul_bytes(tool: Tool) -> Seen:
    return tool.seen(sarif() + b"\0" * 64)


@trap("E6", "the report is of more than 64 MiB", alone=WORKED, here=errored("64 MiB"))
def test_e6_a_huge_file(tool: Tool) -> Seen:
    with (tool.root / "output").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    return tool.seen(None)
