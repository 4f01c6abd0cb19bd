"""Projects that write what the tests gate reads: its events, its raw output, its plug-in, and the files that it listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guarantees import Seen, errored, failed, hostile, judged, passed
from tests.runners.tests_project import TWO_TESTS, WRONG, Project

pytestmark = pytest.mark.engine("pytest")

EVENTS = "import atexit, json, os, sys\nfrom pathlib import Path\n\nstream = Path(os.environ['GATES_PYTEST_EVENTS'], 'main.jsonl')\n"
RAW = "import sys\nfrom pathlib import Path\n\nraw = Path(sys.argv[sys.argv.index('--junit-xml') + 1]).parent\n"
FOREIGN = "what our plug-in saw of pytest can't be read: something else wrote into it"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def forging(project: Project, conftest: str, **files: str) -> Seen:
    """What is made of a test that fails, with a `conftest.py` that writes where it should not."""
    return judged(project.write({"test_a.py": WRONG, "conftest.py": conftest, **files}).observe())


@hostile("code writes an event of its own into the stream", here=errored(FOREIGN))
def test_an_event_is_added(project: Project) -> Seen:
    event = '{"event": "report", "test": 0, "when": "call", "outcome": "passed", "xfail": null, "part": false, "text": ""}'
    add = f"def pytest_runtest_teardown():\n    with stream.open('a') as file:\n        print({event!r}, file=file)\n"
    return forging(project, f"{EVENTS}\n\n{add}")


@hostile("code rewrites the stream when all tests are done", here=errored(FOREIGN))
def test_the_stream_is_rewritten(project: Project) -> Seen:
    rewrite = "stream.write_text(stream.read_text().replace('failed', 'passed'))"
    return forging(project, f"{EVENTS}atexit.register(lambda: {rewrite})\n")


@hostile("code cuts the failures out of the stream", here=errored(FOREIGN))
def test_the_stream_is_cut(project: Project) -> Seen:
    cut = "stream.write_text(''.join(line for line in stream.open() if 'failed' not in line))"
    return forging(project, f"{EVENTS}atexit.register(lambda: {cut})\n")


@hostile("code removes the stream", here=errored("pytest ended before its last test"))
def test_the_stream_is_removed(project: Project) -> Seen:
    return forging(project, f"{EVENTS}atexit.register(stream.unlink)\n")


@hostile("code adds the stream of a process that never was", here=errored(FOREIGN))
def test_a_process_is_invented(project: Project) -> Seen:
    return forging(project, f"{EVENTS}atexit.register(lambda: stream.with_name('gw0.jsonl').write_text(stream.read_text()))\n")


@hostile(
    "code writes the report of another test runner into the raw output",
    here=errored("something wrote 'command.json' among the evidence while the tests ran"),
)
def test_a_report_is_planted(project: Project) -> Seen:
    write = (
        '(raw / "command.json").write_text(\'{"exit_code": 0, "places": {}}\')\n'
        "(raw / \"report.xml\").write_text(\"<testsuite tests='1'><testcase name='a'/></testsuite>\")\n"
    )
    return forging(project, RAW + write)


@hostile(
    "code writes a second run, in which all passes, into the raw output",
    here=errored("something wrote 'retry-1.json' among the evidence while the tests ran"),
)
def test_a_second_run_is_planted(project: Project) -> Seen:
    return forging(project, RAW + '(raw / \'retry-1.json\').write_text(\'{"exit_code": 0, "streams": [], "origin": [0]}\')\n')


@hostile("code puts a link where the gate will write", here=failed("test_wrong failed: AssertionError"))
def test_a_link_is_planted(project: Project) -> Seen:
    seen = forging(project, RAW + "(raw / 'run.json').symlink_to(Path('victim').absolute())\n", victim="kept\n")
    assert (project.root / "victim").read_text("utf-8") == "kept\n"
    return seen


@hostile("code empties the list of tests that stand in the files", here=passed("test_hidden.py::test_wrong: not collected"))
def test_the_list_is_emptied(project: Project) -> Seen:
    empty = '{"tests": [], "unreadable": [], "whole": true, "testpaths": []}'
    write = f"(raw / 'inventory.json').write_text({empty!r})\ncollect_ignore = ['test_hidden.py']\n"
    project.write({"test_a.py": TWO_TESTS, "test_hidden.py": WRONG, "conftest.py": RAW + write})
    return judged(project.observe())


@hostile(
    "a `conftest.py` exchanges a method of our plug-in",
    here=errored("pytest itself broke: something replaced _Events.write in our plug-in"),
)
def test_a_method_is_exchanged(project: Project) -> Seen:
    exchange = (
        "def pytest_sessionstart(session):\n"
        "    kind = type(session.config.pluginmanager.get_plugin('quality-gates-events'))\n    real = kind.write\n"
        "    def write(self, event, **data):\n"
        "        real(self, event, **{name: 'passed' if value == 'failed' else value for name, value in data.items()})\n"
        "    kind.write = write\n"
    )
    return forging(project, exchange)


@hostile("a `conftest.py` exchanges a function of our plug-in's module", here=errored("something replaced _kind in our plug-in"))
def test_a_function_is_exchanged(project: Project) -> Seen:
    return forging(project, "import sys\n\nsys.modules['quality_gates_events']._kind = lambda exception: 'passed'\n")


@hostile("a `conftest.py` blinds what sees functions run", here=errored("something replaced watch."))
def test_the_watch_is_blinded(project: Project) -> Seen:
    blind = "import sys\n\nwatch = sys.modules['quality_gates_watch']\nwatch._Profile.end = watch._Monitor.end = lambda self: None\n"
    return forging(project, blind)


@hostile("a `conftest.py` writes other tests into a file before it is imported", here=errored("test_a.py was changed while the tests ran"))
def test_the_tests_are_rewritten(project: Project) -> Seen:
    return forging(project, "from pathlib import Path\n\nPath('test_a.py').write_text('def test_wrong():\\n    pass\\n')\n")


# -- code that runs after a run of pytest: a second run, or the report of the coverage

REWRITE = (
    "    text = run.read_text().replace('\"exit_code\": 1', '\"exit_code\": 0').replace('\"failed\"', '\"passed\"')\n"
    "    run.write_text(text.replace('false\\n', 'true\\n'))\n"
)


@hostile("code of a second run rewrites what the first one saw", here=failed("test_wrong failed: AssertionError"))
def test_the_first_run_is_rewritten(project: Project) -> Seen:
    find = "    run = Path(config.option.xmlpath).parent / 'run.json'\n    if not run.exists():\n        return\n"
    project.write({"test_a.py": WRONG, "conftest.py": f"from pathlib import Path\n\n\ndef pytest_configure(config):\n{find}{REWRITE}"})
    return judged(project.observe({"retries": 1}))


@hostile("code of the first run puts another plug-in in the place of ours for the second", here=failed("test_wrong failed: AssertionError"))
def test_the_plug_in_of_the_second_run_is_rewritten(project: Project) -> Seen:
    find = "plugin = Path(os.environ['PYTHONPATH'].split(os.pathsep)[0], 'quality_gates_events.py')\ntext = plugin.read_text()\n"
    calm = "text.replace('return \"xfailed\" if', 'return \"passed\" if').replace('outcome=report.outcome', 'outcome=\"passed\"')"
    seen = "text = text.replace('ended] for place, ended in', 'True] for place, ended in').replace('else \"failed\"', 'else \"passed\"')\n"
    write = f"def pytest_sessionfinish(session):\n    session.exitstatus = 0\n\n\n{find}text = {calm}\n{seen}plugin.write_text(text)\n"
    project.write({"test_a.py": WRONG, "conftest.py": f"import os\nfrom pathlib import Path\n\n{write}"})
    return judged(project.observe({"retries": 1}))


#: A plug-in of coverage.py, which is loaded again where the report is made.
REPORTING = (
    "import sys\nfrom pathlib import Path\n\n\ndef coverage_init(reg, options):\n    if 'json' not in sys.argv:\n        return\n"
    "    raw = Path(sys.argv[sys.argv.index('-o') + 1]).parent\n    run, sources = raw / 'run.json', raw / 'coverage-sources.json'\n"
)


def reporting(project: Project, plugin: str) -> Seen:
    """What is made of a project whose plug-in for coverage.py writes among the evidence while the coverage is reported."""
    files = {
        "shop/__init__.py": "NAME = 1\n",
        "shop/gone.py": "NAME = 1\n",
        ".coveragerc": "[run]\nplugins = cov_plugin\nomit = shop/gone.py\n",
    }
    project.write({"test_a.py": "import shop\n\n\n" + WRONG, "cov_plugin.py": REPORTING + plugin, **files})
    return judged(project.observe({"coverage": {"source": ["shop"]}}))


@hostile("a plug-in for coverage.py rewrites what was seen of the tests", here=failed("test_wrong failed: AssertionError"))
def test_the_run_is_rewritten_while_coverage_is_reported(project: Project) -> Seen:
    return reporting(project, f"    if not run.exists():\n        return\n{REWRITE}")


@hostile("a plug-in for coverage.py rewrites the list of files whose lines count", here=failed("unmeasured-files: 1"))
def test_the_list_of_sources_is_rewritten(project: Project) -> Seen:
    return reporting(project, "    sources.write_text('[\"shop/__init__.py\"]')\n")
