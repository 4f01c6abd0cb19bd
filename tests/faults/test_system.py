"""The system fails a whole run: no space, no folders, no descriptors, no memory, odd streams and locales, and a checkout that moves."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from gates.evidence import bundle
from gates.model import Outcome
from tests.faults.lab import LEAK, POLICY, Done, Lab, check_whole, seen_ended, seen_errored, together
from tests.guarantees import Seen, errored, failed, fault

#: A mount that only this run sees: the script mounts, then becomes the run.
MOUNT = ["unshare", "-m", "sh", "-ec"]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(folder=tmp_path)


@pytest.fixture
def mounts() -> None:
    """Needs a mount namespace of one's own: CI is root and has it."""
    asked = [*MOUNT, "mount -t tmpfs none /mnt"]
    if shutil.which("unshare") is None or subprocess.run(asked, capture_output=True, check=False).returncode != 0:
        assert os.geteuid() != 0 or "CI" not in os.environ, "root in CI can mount"
        pytest.skip("this user may not mount: run as root to see what a full or read-only file system does")


def shell(script: str) -> list[str]:
    return ["sh", "-c", f'{script}; exec "$@"', "sh"]


def mounted(script: str) -> list[str]:
    return [*MOUNT, f'{script}; exec "$@"', "sh"]


def seen_failed(done: Done) -> Seen:
    """The run did its whole work: the finding is there, in the report and in the bundle."""
    seen = seen_errored(done)
    assert (done.code, seen.outcome.value) == (1, "passed")
    gate = done.gate("secrets")
    return Seen(outcome=Outcome(gate["outcome"]), text="\n".join(finding["rule"] for finding in gate["findings"]))


@fault("the file system of the bundle is full", here=errored("exit code 4"))
def test_no_space_for_the_bundle(lab: Lab, mounts: None) -> Seen:
    place = lab.folder / "evidence"
    place.mkdir()
    script = f"mount -t tmpfs -o size=8k none {place}"
    return seen_ended(lab.run("--bundle", str(place / "run.zip"), prefix=mounted(script)))


@fault("the folder for temporary files is full", here=errored("No space left on device"))
def test_no_space_to_work_in(lab: Lab, mounts: None) -> Seen:
    script = f"mount -t tmpfs -o size=64k none {lab.folder}/tmp"
    lab.tool("open(sys.argv[1] + '.more', 'wb').write(bytes(200_000))\n")
    done = lab.run("--jobs", "1", prefix=mounted(script))
    check_whole(done)
    gates = done.report()["gates"]
    assert done.report()["verdict"] in ("failed", "errored")
    said = "\n".join(line for gate in gates for line in (*gate["reasons"], gate["remedy"]))
    return Seen(outcome=Outcome(gates[1]["outcome"]), text=said)


@fault("the checkout is on a file system that can only be read", here=errored("Read-only file system"))
def test_read_only(lab: Lab, mounts: None) -> Seen:
    script = f"mount --bind {lab.root} {lab.root}; mount -o remount,bind,ro {lab.root}"
    return seen_ended(lab.run(prefix=mounted(script)))


@fault("a report goes to a device that is full", here=errored("exit code 4: the report could not be printed: No space left on device"))
def test_a_full_device(lab: Lab) -> Seen:
    with Path("/dev/full").open("wb") as full:
        done = lab.run("--format", "text", stdout=full)
    check_whole(done)
    assert len(done.bundles()) == 1
    return Seen(outcome=Outcome.ERRORED, text=f"exit code {done.code}: {done.err.partition('error: ')[2]}")


@fault("there is no folder for temporary files", here=errored("there is no folder for temporary files"))
def test_no_temporary_folder(lab: Lab, mounts: None) -> Seen:
    read_only = "; ".join(f"mount --bind {path} {path}; mount -o remount,bind,ro {path}" for path in ("/tmp", "/var/tmp"))
    also = f"mount --bind {lab.folder} {lab.folder}; mount -o remount,bind,ro {lab.folder}"
    usr = "if [ -d /usr/tmp ]; then mount -t tmpfs -o ro none /usr/tmp; fi"
    return seen_ended(lab.run(prefix=mounted(f"{read_only}; {usr}; {also}")))


@fault("the folder for temporary files has spaces and letters of another script in its name", here=failed(LEAK))
def test_an_odd_temporary_folder(lab: Lab) -> Seen:
    odd = lab.folder / "ein Ordner für 一時"
    odd.mkdir()
    return seen_failed(lab.run(env={"TMPDIR": str(odd)}))


@fault("there is no HOME", here=failed(LEAK))
def test_no_home(lab: Lab) -> Seen:
    return seen_failed(lab.run(prefix=["env", "-u", "HOME"]))


@fault("a run may open 32 files", here=failed(LEAK))
def test_few_descriptors(lab: Lab) -> Seen:
    return seen_failed(lab.run(prefix=shell("ulimit -n 32")))


@fault("there is little memory, and a tool wants much", here=errored("exit code 1, and nothing in its report explains that"))
def test_little_memory(lab: Lab) -> Seen:
    lab.tool("bytearray(4_000_000_000)\n")
    return seen_errored(lab.run(prefix=shell("ulimit -v 2000000")))


@fault("there is too little memory for the run itself, in ten sizes from 20 to 110 MB", here=errored("there is too little memory"))
def test_too_little_memory(lab: Lab) -> Seen:
    """The interpreter itself does not start with the least; with the most the run may do its work. It is never green, and says why."""
    said = []
    for megabytes in range(20, 120, 10):
        done = lab.run(prefix=shell(f"ulimit -v {megabytes}000"))
        check_whole(done)
        assert done.code in (1, 3), done.err
        said.append(done.err)
    return Seen(outcome=Outcome.ERRORED, text="\n".join(said))


@fault("standard output and standard error are closed", here=failed(LEAK))
def test_closed_streams(lab: Lab) -> Seen:
    done = lab.run(prefix=shell("exec >&- 2>&-"))
    check_whole(done)
    (path,) = done.bundles()
    assert (done.code, done.out, done.err) == (1, "", "")
    return Seen(outcome=Outcome.FAILED, text=LEAK if LEAK.encode() in path.read_bytes() else "")


@fault("whoever reads the report has gone", here=errored("exit code 70"))
def test_a_broken_pipe(lab: Lab) -> Seen:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = lab.run(stdout=pipe)
    check_whole(done)
    assert len(done.bundles()) == 1
    return Seen(outcome=Outcome.ERRORED, text=f"exit code {done.code}")


@fault("the locale knows ASCII alone, and a report has other letters", here=failed(LEAK))
def test_an_ascii_locale(lab: Lab) -> Seen:
    lab.commit({"gates.yaml": POLICY + "    runbook: docs/für.md\n", "docs/für.md": "x\n"})
    return seen_failed(lab.run(env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}))


@fault("two runs in one checkout at the same moment", here=failed(LEAK))
def test_two_runs(lab: Lab) -> Seen:
    one, other = together(lab.run, lab.run)
    assert len(one.bundles()) == len({one.report()["bundle"]["path"], other.report()["bundle"]["path"]}) == 2
    assert (one.code, other.code) == (1, 1)
    check_whole(Done(one.code, one.out, one.err, lab.left(), one.evidence))
    return Seen(outcome=Outcome.FAILED, text="\n".join({*one.rules(), *other.rules()}))


@fault("another commit is checked out while the gates run", here=errored("the checkout went from commit"))
def test_another_commit(lab: Lab) -> Seen:
    lab.tool("import subprocess\nsubprocess.run(['git', 'checkout', '-q', 'HEAD~1'], check=True)\n")
    done = lab.run()
    assert "the checkout went from commit" in done.report()["partial"][0]
    return seen_errored(done)


@fault("a file of the repository is changed while the gates run", here=errored("app.py was changed while the gates ran"))
def test_a_changed_file(lab: Lab) -> Seen:
    lab.tool("open('app.py', 'a').write('print(1)\\n')\n")
    return seen_errored(lab.run())


@fault("the policy is loosened while the gates run", here=errored("gates.yaml was changed while the gates ran"))
def test_a_changed_policy(lab: Lab) -> Seen:
    lab.tool("open('gates.yaml', 'w').write('version: 1\\ngates: {secrets: {enforcement: warn}}\\n')\n")
    return seen_errored(lab.run())


@fault("the checkout is deleted while the gates run", here=errored("the checkout went from commit"))
def test_a_deleted_checkout(lab: Lab) -> Seen:
    lab.tool("import os, shutil\nshutil.rmtree(os.getcwd())\n")
    return seen_errored(lab.run("--jobs", "1", "--bundle", str(lab.root / ".gates" / "evidence" / "run.zip")))


@fault("there is no git", here=failed(LEAK))
def test_no_git(lab: Lab) -> Seen:
    done = lab.run(env={"PATH": str(lab.folder / "nothing")})
    assert done.report()["subject"]["commit"] is None
    return seen_failed(done)


@fault("git's index is broken", here=failed(LEAK))
def test_a_broken_index(lab: Lab) -> Seen:
    (lab.root / ".git" / "index").write_bytes(b"garbage")
    done = lab.run()
    assert done.report()["subject"]["dirty"]
    return seen_failed(done)


@fault("HEAD is garbage", here=failed(LEAK))
def test_a_broken_head(lab: Lab) -> Seen:
    (lab.root / ".git" / "HEAD").write_bytes(b"\0\0\0")
    done = lab.run()
    assert done.report()["subject"]["commit"] is None
    return seen_failed(done)


@fault("the clock jumps back a year in the middle of a run", here=failed(LEAK))
def test_the_clock_jumps(lab: Lab) -> Seen:
    """The wall clock that the run asks gives an earlier year at each question: the day is asked for once, durations never."""
    jumping = (
        "import datetime as d\nfrom gates.adapters import clock\nreal, asked = d.datetime.now, []\n"
        "class Jumping(d.datetime):\n"
        "    @classmethod\n    def now(cls, zone=None):\n"
        "        asked.append(1)\n        return real(zone) - d.timedelta(days=366 * (len(asked) - 1))\n"
        "clock.datetime = Jumping\n"
    )
    place = lab.folder / "clock"
    place.mkdir()
    (place / "sitecustomize.py").write_text(jumping, "utf-8")
    done = lab.run(env={"PYTHONPATH": str(place)})
    assert all(gate["duration_ms"] >= 0 for gate in done.report()["gates"])
    return seen_failed(done)


def test_many_write_beside_each_other(tmp_path: Path) -> None:
    """A name that is looked at first and written then is taken twice, now and then; one that is claimed never is."""
    start, written = threading.Barrier(16), []

    def write(number: int) -> None:
        start.wait(30)
        written.append(bundle.write_beside(tmp_path / "run.zip", {bundle.MANIFEST: str(number).encode()}).path)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(written)) == len(list(tmp_path.iterdir())) == 16
