"""Tools that break in the middle of a whole run: they are missing, crash, hang, flood, escape, or turn against us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.lab import POLICY, REPORT, Lab, seen_ended, seen_errored
from tests.guarantees import Seen, errored, fault, passed

#: A daemon as it is written in the books, with nothing of us in its environment; it says over a pipe that it lives.
DAEMON = """
import os, signal, time
ready, said = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(said, b"x")
        os.execve("/bin/sleep", ["sleep", "600"], {})
    os._exit(0)
os.read(ready, 1)
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(folder=tmp_path)


def broken(lab: Lab, code: str, *, timeout: str = "20s") -> Seen:
    lab.tool(code)
    lab.commit({"gates.yaml": POLICY.replace("20s", timeout)})
    return seen_errored(lab.run())


def without(lab: Lab, name: str, uses: str, options: str = "{}", *, version: str = "") -> Seen:
    """A run in an interpreter of ours that has no such distribution, or another version; the import system is told so as it starts."""
    hidden = lab.folder / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "from importlib import metadata\nfind = metadata.Distribution.from_name.__func__\n\n\ndef from_name(cls, name):\n"
        f"    if name.lower() == {name!r}:\n        return Other()\n    return find(cls, name)\n\n\n"
        "class Other(metadata.PathDistribution):\n    def __init__(self):\n"
        f"        if not {version!r}:\n            raise metadata.PackageNotFoundError({name!r})\n    version = {version!r}\n\n\n"
        "metadata.Distribution.from_name = classmethod(from_name)\n",
        "utf-8",
    )
    policy = f"version: 1\nextends: [baseline]\ngates:\n  secrets: {{}}\n  broken: {{uses: {uses}, options: {options}}}\n"
    lab.commit({"gates.yaml": policy, "requirements.txt": "six==1.16.0\n", "test_a.py": "def test_a():\n    assert 1\n"})
    return seen_errored(lab.run(env={"PYTHONPATH": str(hidden)}))


@fault("the command of an external tool is not on the machine", here=errored("no-such-tool was not found"))
def test_a_command_is_missing(lab: Lab) -> Seen:
    lab.commit({"gates.yaml": POLICY.replace('"{python}", tool.py', "no-such-tool")})
    return seen_errored(lab.run())


@fault("bandit is not installed", here=errored("bandit is not installed"))
def test_bandit_is_missing(lab: Lab) -> Seen:
    return without(lab, "bandit", "security")


@fault("pip-audit is not installed", here=errored("pip-audit is not installed"))
def test_pip_audit_is_missing(lab: Lab) -> Seen:
    return without(lab, "pip-audit", "dependencies")


@fault("Schemathesis is not installed", here=errored("schemathesis is not installed"))
def test_schemathesis_is_missing(lab: Lab) -> Seen:
    lab.commit({"openapi.yaml": "openapi: 3.0.0\ninfo: {title: t, version: '1'}\npaths: {}\n"})
    return without(lab, "schemathesis", "contracts", "{schema: openapi.yaml, url: 'http://127.0.0.1:9'}")


@fault("bandit is of a version that ours does not work with", here=errored("bandit 1.7.0 is installed, and >=1.9.4 is needed"))
def test_bandit_is_too_old(lab: Lab) -> Seen:
    return without(lab, "bandit", "security", version="1.7.0")


@fault("a tool aborts after it has written a report that is clean", here=errored("exit code -6"))
def test_it_aborts(lab: Lab) -> Seen:
    return broken(lab, "import os\nos.abort()\n")


@fault("a tool reads memory that it does not have (a segmentation fault) after a clean report", here=errored("exit code -11"))
def test_it_crashes(lab: Lab) -> Seen:
    return broken(lab, "import ctypes, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nctypes.string_at(0)\n")


@fault("a tool is killed (the system has no memory left) after a clean report", here=errored("exit code -9"))
def test_it_is_killed(lab: Lab) -> Seen:
    return broken(lab, "import os\nos.kill(os.getpid(), 9)\n")


@fault("a tool hangs and ignores TERM", here=errored("did not end in time and was stopped"))
def test_it_hangs(lab: Lab) -> Seen:
    return broken(lab, "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    signal.pause()\n", timeout="1s")


@fault("a tool stops itself (SIGSTOP)", here=errored("did not end in time and was stopped"))
def test_it_stops_itself(lab: Lab) -> Seen:
    return broken(lab, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n", timeout="1s")


@fault("a tool closes its output and goes on for ever", here=errored("did not end in time and was stopped"))
def test_it_closes_its_output(lab: Lab) -> Seen:
    return broken(lab, "import os, signal\nos.close(1)\nos.close(2)\nsignal.pause()\n", timeout="1s")


@fault("a tool writes half of its report", here=errored("report.xml"))
def test_half_a_report(lab: Lab) -> Seen:
    return broken(lab, "text = open(sys.argv[1]).read()\nopen(sys.argv[1], 'w').write(text[: len(text) // 2])\n")


@fault("a tool writes garbage for a report", here=errored("report.xml"))
def test_garbage(lab: Lab) -> Seen:
    return broken(lab, "open(sys.argv[1], 'wb').write(bytes(range(256)) * 40)\n")


@fault("a tool prints without end", here=errored("printed more than 32 MiB"))
def test_it_prints_without_end(lab: Lab) -> Seen:
    return broken(lab, "while True:\n    sys.stdout.write('x' * 65536)\n")


@fault("a tool writes raw output without end", here=errored("wrote more than 64 MiB of raw output, and was stopped"))
def test_it_writes_without_end(lab: Lab) -> Seen:
    return broken(lab, "stream = open(sys.argv[1] + '.log', 'wb')\nwhile True:\n    stream.write(bytes(65536))\n")


@fault("a tool starts two hundred processes and ends", here=passed("no process is left"))
def test_it_forks(lab: Lab) -> Seen:
    lab.tool("import os, signal\nfor _ in range(200):\n    if os.fork() == 0:\n        signal.pause()\n        os._exit(0)\nos._exit(0)\n")
    return nothing_left(seen_errored(lab.run()))


@fault("a tool leaves a daemon behind that left its group, its session and its environment", here=passed("no process is left"))
def test_it_leaves_a_daemon(lab: Lab) -> Seen:
    lab.tool(DAEMON)
    return nothing_left(seen_errored(lab.run()))


@fault("a tool leaves such a daemon behind, and another gate is still to come", here=passed("no process is left"))
def test_a_daemon_does_not_wait_for_the_next_gate(lab: Lab) -> Seen:
    """It is gone as soon as no gate runs that could have started it, and not only when the run ends."""
    daemon = str(lab.folder / "daemon")
    says_its_id = DAEMON.replace('os.write(said, b"x")', f'open({daemon!r}, "w").write(str(os.getpid())); os.write(said, b"x")')
    looks = f"import os\nassert not os.path.exists('/proc/' + open({daemon!r}).read())\n"
    policy = POLICY.replace("20s", "40s") + POLICY[POLICY.index("  broken:") :].replace("broken", "after").replace("tool.py", "look.py")
    lab.commit({"gates.yaml": policy, "tool.py": REPORT + says_its_id, "look.py": looks + REPORT})
    done = lab.run("--jobs", "1")
    assert done.gate("after")["outcome"] == "passed", done.gate("after")
    return nothing_left(seen_errored(done))


@fault("a tool leaves a process that hands itself on from child to child, faster than anyone looks", here=passed("no process is left"))
def test_it_goes_on_in_its_children(lab: Lab) -> Seen:
    """Bounded, so that it ends where nobody ends it; long after the run has."""
    lab.tool(
        "import os\nif os.fork() == 0:\n    os.setsid()\n"
        "    for _ in range(200_000):\n        if os.fork() != 0:\n            os._exit(0)\nos._exit(0)\n"
    )
    return nothing_left(seen_errored(lab.run()))


def nothing_left(seen: Seen) -> Seen:
    """`seen_errored` has looked: the tool itself did its work, and what it left behind is gone."""
    return Seen(outcome=seen.outcome, text=f"{seen.text}\nno process is left")


@fault("a tool kills the process that started it, and leaves a daemon behind", here=errored("the run was ended from outside by SIGKILL"))
def test_it_kills_its_parent(lab: Lab) -> Seen:
    lab.tool(DAEMON + "os.kill(os.getppid(), 9)\nsignal.pause()\n")
    done = lab.run()
    assert (done.code, done.bundles(), list((lab.folder / "tmp").iterdir())) == (70, [], [])
    return seen_ended(done)


@fault("a tool stops the process that started it", here=passed("no process is left"))
def test_it_stops_its_parent(lab: Lab) -> Seen:
    lab.tool("import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\n")
    return nothing_left(seen_errored(lab.run()))


@fault("a tool sends TERM to the process that started it", here=errored("it did not report: the run ended before it did"))
def test_it_terminates_its_parent(lab: Lab) -> Seen:
    lab.tool("import os, signal\nos.kill(os.getppid(), signal.SIGTERM)\nsignal.pause()\n")
    done = lab.run("--jobs", "1")
    assert done.code == 130
    return seen_errored(done)
