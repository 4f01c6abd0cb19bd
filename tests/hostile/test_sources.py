"""Projects that are made to blind, to command or to stop the gates that read source files."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from gates.model import Facts
from gates.runners import secrets, security
from tests.guarantees import Seen, failed, hostile, judged, passed
from tests.hostile.running import SCRIPT, environment, run
from tests.repository import Repository
from tests.runners.samples import SECRETS, scan, write

pytestmark = [pytest.mark.engine("detect-secrets"), pytest.mark.engine("bandit")]

CALL = "exec('pass')\n"
TOKEN = SECRETS["github"]
LINE = f"key = '{TOKEN}'\n"
BOTH_GATES = "version: 1\nextends: [baseline]\ngates:\n  secrets: {}\n  security: {}\n"


def secrets_of(root: Path) -> Facts:
    return scan(secrets.GATE, root, root.parent / "work")


def security_of(root: Path) -> Facts:
    return scan(security.GATE, root, root.parent / "work")


# -- settings

SETTINGS = {
    ".bandit": "[bandit]\nskips = B102\nexclude = /\n",
    "bandit.yaml": "skips: [B102]\nexclude_dirs: ['*']\n",
    "setup.cfg": "[bandit]\nskips = B102\nexclude = *\n",
    "tox.ini": "[bandit]\nskips = B102\n",
    "pyproject.toml": "[tool.bandit]\nskips = ['B102']\nexclude_dirs = ['.']\n",
}


@hostile(
    "`.bandit`, `bandit.yaml`, `setup.cfg`, `tox.ini` and `pyproject.toml` switch bandit's checks off",
    here=failed("finding security/B102 at app.py:1:1"),
)
def test_settings_of_bandit(tmp_path: Path) -> Seen:
    return judged(security_of(write(tmp_path / "project", {"app.py": CALL, **SETTINGS})))


@hostile(
    "a `.secrets.baseline` names a filter and a detector in the project's own code, to be imported",
    here=failed("finding secrets/github-token at app.py:1:8"),
)
def test_a_baseline_that_imports_code(tmp_path: Path) -> Seen:
    trace = tmp_path / "imported"
    planted = f"open({str(trace)!r}, 'w').close()\ndef exclude(filename):\n    return True\n"
    baseline = {
        "version": "1.5.0",
        "plugins_used": [{"name": "Planted", "path": "file://planted.py"}],
        "filters_used": [{"path": "file://planted.py::exclude"}],
        "results": {},
    }
    root = write(tmp_path / "project", {"app.py": LINE, "planted.py": planted, ".secrets.baseline": json.dumps(baseline)})
    seen = judged(secrets_of(root))
    assert not trace.exists()
    return seen


@hostile(
    "a token stands in `.secrets.baseline` itself",
    here=failed("finding secrets/github-token at .secrets.baseline:1:"),
)
def test_a_token_in_the_baseline(tmp_path: Path) -> Seen:
    accepted = {"app.py": [{"type": "Secret Keyword", "filename": "app.py", "hashed_secret": SECRETS["hex"], "line_number": 1}]}
    baseline = {"version": "1.5.0", "results": accepted, "deploy": {"token": TOKEN}}
    facts = secrets_of(write(tmp_path / "project", {"app.py": "x = 1\n", ".secrets.baseline": json.dumps(baseline)}))
    assert [item.rule for item in facts.findings] == ["secrets/github-token"]
    return judged(facts)


# -- modules in the place of ours

LEAVES_A_TRACE = "import os\nopen(os.path.join({folder!r}, 'imported-' + __name__), 'w').close()\n"
MODULES = (
    *("bandit/__init__.py", "detect_secrets/__init__.py", "yaml.py", "stevedore.py", "requests.py", "planted.py"),
    *("json.py", "ast.py", "logging.py", "sitecustomize.py", "usercustomize.py", "gates/__init__.py"),
)
ENTRY_POINTS = (
    "[bandit.plugins]\nexec_used = planted:check\n\n[bandit.blacklists]\ncalls = planted:calls\n\n[console_scripts]\ngates = planted:main\n"
)


def with_modules(repository: Repository, folder: Path) -> Mapping[str, str]:
    """A project full of modules that leave a trace when they are imported, and variables that name them."""
    planted = dict.fromkeys(MODULES, LEAVES_A_TRACE.format(folder=str(folder)))
    metadata = "Metadata-Version: 2.1\nName: planted\nVersion: 1\n"
    packages = {f"planted-1.{kind}/entry_points.txt": ENTRY_POINTS for kind in ("dist-info", "egg-info")}
    names = {"planted-1.dist-info/METADATA": metadata, "planted-1.egg-info/PKG-INFO": metadata, "trap.pth": "import planted\n"}
    repository.commit({"gates.yaml": BOTH_GATES, "app.py": CALL + LINE, **planted, **packages, **names})
    root = str(repository.root)
    return {"PYTHONPATH": root, "PYTHONSTARTUP": f"{root}/planted.py", "PYTHONUSERBASE": root}


@hostile(
    "modules and plug-ins of the project's are called like those of the engines: `bandit/`, `detect_secrets/`, `yaml.py`, `*.dist-info`",
    here=failed("security/B102: Use of exec detected."),
)
def test_modules_of_the_engines(repository: Repository, tmp_path: Path) -> Seen:
    with_modules(repository, tmp_path)
    seen = run(repository.root, start=SCRIPT).seen()
    assert "secrets/github-token" in seen.text
    assert sorted(path.name for path in tmp_path.glob("imported-*")) == []
    return seen


@hostile(
    "and `PYTHONPATH`, `PYTHONSTARTUP` and `PYTHONUSERBASE` name them, where Quality Gates is started with `-I`",
    here=failed("security/B102: Use of exec detected."),
)
def test_variables_that_name_modules(repository: Repository, tmp_path: Path) -> Seen:
    seen = run(repository.root, env=environment(**with_modules(repository, tmp_path))).seen()
    assert "secrets/github-token" in seen.text
    assert sorted(path.name for path in tmp_path.glob("imported-*")) == []
    return seen


# -- what is no ordinary file


@hostile(
    "a loop of links, links out of the folder, a pipe and a socket stand beside the files",
    here=failed("finding secrets/github-token at app.py:2:8"),
)
def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    root = write(tmp_path / "project", {"app.py": CALL + LINE})
    outside = write(tmp_path / "outside", {"other.py": CALL + LINE})
    for name, target in {
        "loop": "loop",
        "up": "..",
        "folder": str(outside),
        "other.py": str(outside / "other.py"),
        "again.py": "app.py",
    }.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "pipe.py")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.py")
        facts = [secrets_of(root), security_of(root)]
    assert [item.examined.done for item in facts if item.examined] == [1, 1]
    return judged(facts[0])


NAMES = (
    *("back\\slash.py", "new\nline.py", "spa ce.py", "::error::x.py", "-rf.py", "@file.py", "a:1:2.py", "\x1b[31mred.py", "\u202egnp.py"),
    *("next\x85line.py", "line\u2028end.py", "%5C.py", "quote'\".py", "$(id).py", "a\rb.py"),
)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> list[Facts]:
    """Both gates on files with names that are hard to pass on."""
    root = write(tmp_path_factory.mktemp("names") / "project", dict.fromkeys(NAMES, CALL + LINE))
    Path(root, os.fsdecode(b"latin-\xe9.py")).write_text(CALL + LINE, "utf-8")
    return [secrets_of(root), security_of(root)]


@hostile(
    "names of files hold line ends, escape codes, commands for the CI runner, bytes that are no text, dashes and backslashes",
    here=failed("finding secrets/github-token at back%5Cslash.py:2:8"),
)
def test_names_of_files(named: list[Facts]) -> Seen:
    for facts in named:
        places = {item.location.path for item in facts.findings if item.rule.endswith(("B102", "github-token"))}
        assert {name.replace("\\", "%5C") for name in NAMES} < places
        assert len(places) == len(NAMES) + 1
    return judged(named[0])


# -- what a file says of itself


@hostile(
    "an encoding in the first line makes a comment of what is code: `# coding: utf-7`, `unicode_escape`",
    here=failed("finding security/B102 at escaped.py:3:1"),
)
def test_code_in_comments(tmp_path: Path) -> Seen:
    files = {
        "seven.py": "# coding: utf-7\nx = 1 # +AAo-exec('pass')\n",
        "escaped.py": "# coding: unicode_escape\nx = 1 # \\nexec('pass')\n",
    }
    facts = security_of(write(tmp_path / "project", files))
    assert {str(item.location) for item in facts.findings} == {"escaped.py:3:1", "seven.py:3:1"}
    return judged(facts)


@hostile(
    "form feeds, carriage returns and line separators of Unicode move lines",
    here=failed("finding secrets/github-token at app.py:5:8"),
)
def test_ends_of_lines(tmp_path: Path) -> Seen:
    text = f"a = 1\r\n\x0cexec('pass')\rb = 'a\x85b\u2028c\x0b'\n\x0c\n{LINE}"
    root = write(tmp_path / "project", {"app.py": text})
    assert [str(item.location) for item in security_of(root).findings if item.rule.endswith("B102")] == ["app.py:2:2"]
    return judged(secrets_of(root))


@hostile("a NUL is to make a text look binary", here=failed("finding secrets/github-token at app.py:2:8"))
def test_a_nul(tmp_path: Path) -> Seen:
    return judged(secrets_of(write(tmp_path / "project", {"app.py": f"# \0\n{LINE}"})))


WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@hostile(
    "one more byte, or none of the marks that say so, makes a text in UTF-16 or UTF-32 none",
    here=failed("finding secrets/github-token at utf-32-le.txt:2:8"),
)
def test_wide_text_of_no_encoding(tmp_path: Path) -> Seen:
    files: dict[str, str | bytes] = {f"{name}.txt": f"# a\n{LINE}".encode(name) for name in WIDE}
    files |= {f"{name}-odd.txt": f"# a\n{LINE}".encode(name) + b"\n" for name in WIDE}
    facts = secrets_of(write(tmp_path / "project", files))
    assert {str(item.location) for item in facts.findings} == {f"{name}:2:8" for name in files}
    return judged(facts)


@hostile(
    "a mark says UTF-16 where the text is ASCII, or ASCII follows UTF-16",
    here=failed("finding secrets/github-token at marked.txt:2"),
)
def test_text_behind_a_mark(tmp_path: Path) -> Seen:
    files: dict[str, str | bytes] = {"marked.txt": b"\xff\xfe# a\n" + LINE.encode(), "mixed.txt": "# a\n".encode("utf-16") + LINE.encode()}
    facts = secrets_of(write(tmp_path / "project", files))
    assert {(item.location.path, item.location.line) for item in facts.findings} == {("marked.txt", 2), ("mixed.txt", 2)}
    return judged(facts)


@hostile("a token stands within a web token that says `example`", here=failed("finding secrets/stripe-access-key at app.py:1:"))
def test_a_token_within_a_token(tmp_path: Path) -> Seen:
    parts = (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}')
    web = ".".join(base64.urlsafe_b64encode(part).decode().strip("=") for part in parts)
    return judged(secrets_of(write(tmp_path / "project", {"app.py": f'X = "{web}.example-{SECRETS["stripe"]}"\n'})))


@hostile("a file begins as a pointer of Git LFS does", here=failed("finding secrets/github-token at app.txt:2:8"))
def test_a_pointer_with_a_token(tmp_path: Path) -> Seen:
    text = f"version https://git-lfs.github.com/spec/v1\n{LINE}"
    seen = judged(secrets_of(write(tmp_path / "project", {"app.txt": text, "b.py": "x = 1\n"})))
    assert "app.txt: its content is in Git LFS and not here" in seen.text
    return seen


@hostile("a file is called like a lock file, in which no names are looked for", here=passed("narrowed: 1"))
def test_the_name_of_a_lock_file(tmp_path: Path) -> Seen:
    return judged(secrets_of(write(tmp_path / "project", {"deploy/uv.lock": f'db_password = "{SECRETS["password"]}"\n'})))


@hostile("control characters and a byte that is not UTF-8 make a text binary", here=passed("app.py: binary"))
def test_binary(tmp_path: Path) -> Seen:
    return judged(secrets_of(write(tmp_path / "project", {"app.py": b"# \xe9\x01\n" + LINE.encode(), "b.py": "x = 1\n"})))


@hostile(
    "a file is ignored and committed all the same, and `.gitattributes` calls it binary and leaves it out of archives",
    here=failed("finding secrets/github-token at .env:1:8"),
)
def test_ignored_and_committed(repository: Repository, tmp_path: Path) -> Seen:
    write(repository.root, {".env": LINE, ".gitignore": "*.env\n.env\n", ".gitattributes": ".env export-ignore binary -text\n"})
    repository.git("add", "--force", ".env")
    repository.commit({})
    return judged(scan(secrets.GATE, repository.root, tmp_path / "work"))


@hostile(
    "a file is committed as it is and checked out in another encoding, by `working-tree-encoding` in `.gitattributes`",
    here=passed("b.txt: it is committed as another text than lies here (working-tree-encoding in .gitattributes)"),
)
def test_checked_out_in_another_encoding(repository: Repository, tmp_path: Path) -> Seen:
    return _committed_as_another_text(repository, tmp_path, "b.txt working-tree-encoding=IBM037\n", f"token = '{TOKEN}'\n")


@hostile(
    "a token stands in a keyword of git's, which a checkout replaces, by `ident` in `.gitattributes`",
    here=passed("b.txt: it is committed as another text than lies here (ident in .gitattributes)"),
)
def test_a_token_in_a_keyword_of_git(repository: Repository, tmp_path: Path) -> Seen:
    return _committed_as_another_text(repository, tmp_path, "[attr]plain ident\nb.txt plain\n", f"$Id: {TOKEN} $\n")


def _committed_as_another_text(repository: Repository, tmp_path: Path, attributes: str, text: str) -> Seen:
    _checked_out(repository, attributes, text)
    assert TOKEN.encode() not in (repository.root / "b.txt").read_bytes()
    return judged(scan(secrets.GATE, repository.root, tmp_path / "work"))


def _checked_out(repository: Repository, attributes: str, text: str) -> None:
    """`b.txt`, committed before git was told what to make of it."""
    repository.commit({"a.txt": "x\n", "b.txt": text})
    write(repository.root, {".gitattributes": attributes})
    repository.git("add", ".gitattributes")
    repository.git("commit", "-q", "-m", "attributes")
    (repository.root / "b.txt").unlink()
    repository.git("checkout", "--", "b.txt")


def test_a_text_in_utf_16_is_read_as_it_was_committed(repository: Repository, tmp_path: Path) -> None:
    _checked_out(repository, "b.txt working-tree-encoding=UTF-16LE-BOM ident\n", f"token = '{TOKEN}'\n")
    facts = scan(secrets.GATE, repository.root, tmp_path / "work")
    assert facts.examined is not None
    assert (facts.examined.skipped, [finding.rule for finding in facts.findings]) == ((), ["secrets/github-token"])


@hostile(
    "the repository of a submodule holds a token: its own gates must look there, here only the parent's files are",
    here=passed("detectors: 44"),
)
def test_a_submodule(repository: Repository, tmp_path: Path) -> Seen:
    write(repository.root, {"lib/app.py": LINE})
    repository.git("init", "-q", "lib")
    repository.git("-C", "lib", "add", "--all")
    repository.git("-C", "lib", "commit", "-q", "-m", "change")
    repository.commit({"README.md": "text\n"})
    return judged(scan(secrets.GATE, repository.root, tmp_path / "work"))
