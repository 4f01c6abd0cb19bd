"""Traps of code security: files that bandit leaves out, and settings that blind it, while it exits with 0."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gates.adapters import process
from gates.runners.security import GATE
from tests.guarantees import Seen, errored, failed, judged, passed, trap
from tests.runners.samples import scan, write

pytestmark = pytest.mark.engine("bandit")

BANDIT = (sys.executable, "-I", "-m", "bandit")
CALL = "exec('pass')\n"
#: Deeper than the parser of any Python goes.
DEEP = f"{CALL}x = {'+'.join(['1'] * 3000)}\n"
NOTHING = "exit code 0, nothing found"


def by_hand(root: Path, *argv: str, **env: str) -> str:
    """What bandit says of a folder."""
    words = [*BANDIT, "-q", "-f", "json", *(argv or ("-r", "."))]
    done = process.run(words, cwd=root, env={"LC_ALL": "C.UTF-8", **env}, timeout=60, scratch=root.parent)
    count = len(json.loads(done.stdout)["results"])
    return f"exit code {done.exit_code}, {f'{count} found' if count else 'nothing found'}"


def seen(tmp_path: Path, files: dict[str, str | bytes], *argv: str) -> Seen:
    """Both answers for a project."""
    root = write(tmp_path / "project", files)
    return judged(scan(GATE, root, tmp_path / "work"), alone=by_hand(root, *argv))


# -- B1, B2: files that the parser refuses


@trap("B1", "a file with a syntax error", alone=NOTHING, here=passed("old.py: no code that Python 3"))
def test_b1_a_syntax_error(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"old.py": CALL + 'print "text"\n', "new.py": "x = 1\n"})


@trap("B1", "no file can be read, whatever is wrong with it", alone=NOTHING, here=failed("nothing was examined"))
def test_b1_no_file_is_read(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"old.py": CALL + 'print "text"\n'})


@trap("B1", "a file in an encoding that nobody knows", alone=NOTHING, here=passed("odd.py: no code that Python 3"))
def test_b1_an_encoding(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"odd.py": f"# coding: no-such-encoding\n{CALL}", "new.py": "x = 1\n"})


@trap("B1", "a file in newer syntax than the interpreter's", alone=NOTHING, here=passed("newer.py: no code that Python 3"))
def test_b1_newer_syntax(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"newer.py": f"lazy import json\nlazy from os import path\n{CALL}x = [* for a in b]\n", "new.py": "x = 1\n"})


@trap("B2", "a very deep expression", alone=NOTHING, here=passed("deep.py: nested too deeply for "))
def test_b2_a_deep_expression(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"deep.py": DEEP, "new.py": "x = 1\n"})


# -- B3, B4, B5, B6: files that are not looked at


@trap("B3", "the folder is not there", alone=NOTHING, here=errored("`paths` names 'lib', where there is no file"))
def test_b3_a_missing_folder(tmp_path: Path) -> Seen:
    root = write(tmp_path / "project", {"new.py": CALL})
    return judged(scan(GATE, root, tmp_path / "work", options={"paths": ["lib"]}), alone=by_hand(root, "-r", "lib"))


@trap("B3", "there is no Python in the folder", alone=NOTHING, here=errored("there is no Python file to examine"))
def test_b3_an_empty_folder(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"README.md": "text\n"})


@trap("B4", "`-x a` leaves out every path with an `a` in it", alone=NOTHING, here=failed("finding security/B102 at vendor_a.py:1:1"))
def test_b4_a_part_of_a_path(tmp_path: Path) -> Seen:
    root = write(tmp_path / "project", {"vendor_a.py": CALL})
    facts = scan(GATE, root, tmp_path / "work", options={"exclude": ["a"]})
    return judged(facts, alone=by_hand(root, "-r", ".", "-x", "a"))


@trap("B5", "a `.bandit` of the project skips a check", alone=NOTHING, here=failed("finding security/B102 at app.py:1:1"))
def test_b5_settings_of_the_project(tmp_path: Path) -> Seen:
    return seen(tmp_path, {".bandit": "[bandit]\nskips = B102\n", "app.py": CALL})


@trap("B6", "a script without an ending", alone=NOTHING, here=failed("finding security/B102 at serve:2:1"))
def test_b6_a_script(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"serve": f"#!/usr/bin/env python3\n{CALL}"})


@trap("B6", "a script whose first line is long", alone=NOTHING, here=failed("finding security/B102 at serve:2:1"))
def test_b6_a_long_first_line(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"serve": f"#!/usr/bin/env -S {'A=1 ' * 900}python3\n{CALL}"})


@trap("B6", "a script of IPython", alone=NOTHING, here=failed("finding security/B102 at serve:2:1"))
def test_b6_a_script_of_ipython(tmp_path: Path) -> Seen:
    files = {"serve": "ipython3", "free": "python3.13t", "pypy": "pypy3"}
    facts = scan(
        GATE, write(tmp_path / "more", {name: f"#!/usr/bin/env {program}\n{CALL}" for name, program in files.items()}), tmp_path / "work"
    )
    assert facts.examined is not None
    assert facts.examined.done == len(files)
    return seen(tmp_path, {"serve": f"#!/usr/bin/env ipython3\n{CALL}"})


@trap("B6", "a script with an ending of its own", alone=NOTHING, here=failed("finding security/B102 at serve.cgi:2:1"))
def test_b6_another_ending(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"serve.cgi": f"#!/usr/bin/env -S uv run --script\n{CALL}"})


@trap("B6", "an ending in capitals", alone=NOTHING, here=failed("finding security/B102 at APP.PY:1:1"))
def test_b6_capitals(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"APP.PY": CALL})


@trap("B6", "a linked folder", alone=NOTHING, here=errored("there is no Python file to examine"))
def test_b6_a_linked_folder(tmp_path: Path) -> Seen:
    root = write(tmp_path / "project", {"README.md": "text\n"})
    (root / "lib").symlink_to(write(tmp_path / "elsewhere", {"app.py": CALL}), target_is_directory=True)
    return judged(scan(GATE, root, tmp_path / "work"), alone=by_hand(root))


# -- B7: its reports


@trap("B7", "a control character in a password", alone="XML that no parser reads", here=failed("finding security/B102 at app.py:2:1"))
def test_b7_ill_formed_xml(tmp_path: Path) -> Seen:
    root = write(tmp_path / "project", {"app.py": f"pass{'word'} = 'a\x01b'\n{CALL}"})
    words = [*BANDIT, "-q", "-f", "xml", "app.py"]
    done = process.run(words, cwd=root, env={"LC_ALL": "C.UTF-8"}, timeout=60, scratch=tmp_path)
    try:
        ElementTree.fromstring(done.stdout)
        alone = "XML"
    except ElementTree.ParseError:
        alone = "XML that no parser reads"
    return judged(scan(GATE, root, tmp_path / "work"), alone=alone)


# -- more

#: Writes what stevedore keeps in the user's folder about installed checks, without one of them.
POISON = """
import sys
from pathlib import Path
from stevedore import _cache
folder = Path(sys.argv[1], "python-entrypoints")
folder.mkdir()
digest, values = _cache._hash_settings_for_path(tuple(sys.path))
data = _cache._build_cacheable_data()
data["path_values"] = values
data["groups"]["bandit.plugins"] = [entry for entry in data["groups"]["bandit.plugins"] if entry[0] != "exec_used"]
_cache._write_cache_file(str(folder / digest), data)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the folder can't be named by a variable")
@trap(
    "B8",
    "an earlier program wrote in the user's cache which checks are installed, and left one out",
    alone=NOTHING,
    here=failed("finding security/B102 at app.py:1:1"),
)
def test_b8_a_poisoned_cache(tmp_path: Path) -> Seen:
    root, cache = write(tmp_path / "project", {"app.py": CALL}), tmp_path / "cache"
    cache.mkdir()
    argv = [sys.executable, "-I", "-c", POISON, str(cache)]
    assert process.run(argv, cwd=tmp_path, env={}, timeout=60, scratch=tmp_path).exit_code == 0
    facts = scan(GATE, root, tmp_path / "work", environment={**os.environ, "XDG_CACHE_HOME": str(cache)})
    return judged(facts, alone=by_hand(root, XDG_CACHE_HOME=str(cache)))


@trap("B9", "a comment hides a finding", alone=NOTHING, here=passed("app.py:1:1: Use of exec detected. (suppressed by # nosec)"))
def test_b9_a_comment(tmp_path: Path) -> Seen:
    return seen(tmp_path, {"app.py": CALL.rstrip() + "  # nosec B102\n"})
