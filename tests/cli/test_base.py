"""`gates run` against a base: what a change adds is new, what was there is not, whatever becomes of its place."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from gates.evidence import bundle
from tests.cli.conftest import Outcome
from tests.repository import Repository
from tests.runners.pages import FAULT, good
from tests.runners.samples import SECRETS

Gates = Callable[..., Outcome]
SECRET_SCAN = "version: 1\nextends: [baseline]\ngates: {secrets: {}}\n"
SECURITY = "version: 1\nextends: [baseline]\ngates: {security: {}}\n"
AWS, TOKEN, OTHER = SECRETS["aws"], SECRETS["github"], SECRETS["github-two"]
FILLING = "".join(f"value_{number} = {number}\n" for number in range(20))
SHELL = "import subprocess\n\n\ndef run(command):\n    subprocess.run(command, shell=True)\n"
#: What each run is told: the base is the commit before.
BEFORE = ("--base", "HEAD~1")


def key(seed: str) -> str:
    body = "\n".join((SECRETS["key-body"] + seed * 8)[-64:] for _ in range(3))
    return f"-----{SECRETS['begin-key']}-----\n{body}\n-----{SECRETS['begin-key'].replace('BEGIN', 'END')}-----\n"


def judged(gates: Gates, root: Path, *argv: str) -> Any:
    done = gates("-C", root, "run", "--format", "json", *argv)
    report = done.json()
    assert report["verdict"], report["errors"]
    assert report["subject"]["base"], done.err
    return report


def states(report: Any, gate: str = "secrets") -> dict[str, str]:
    """Each finding's state by its place."""
    (item,) = (item for item in report["gates"] if item["gate"] == gate)
    return {f"{finding['location'].get('path')}:{finding['location'].get('line')}": finding["state"] for finding in item["findings"]}


def mended(report: Any, gate: str = "secrets") -> int:
    (item,) = (item for item in report["gates"] if item["gate"] == gate)
    return len(item["mended"])


# -- secrets


def test_a_secret_that_the_change_adds_is_new_and_old_ones_stop_nobody(gates: Gates, repository: Repository) -> None:
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": f"key = '{AWS}'\n{FILLING}", "gone.py": f"key = '{OTHER}'\n"})
    (repository.root / "gone.py").unlink()
    repository.commit({"a.py": f"# moved\n\nkey = '{AWS}'\n{FILLING}", "b.py": "x = 1\n"})
    report = judged(gates, repository.root, *BEFORE)
    assert (report["verdict"], states(report), mended(report)) == ("passed", {"a.py:3": "existing"}, 1)
    repository.commit({"c.py": f"token = '{TOKEN}'\n"})
    report = judged(gates, repository.root, *BEFORE)
    assert (report["verdict"], states(report)) == ("failed", {"a.py:3": "existing", "c.py:1": "new"})


def before_and_after() -> Iterable[tuple[str, dict[str, str], dict[str, str | None], dict[str, str]]]:
    """What a change is called, the files before it, those after it (None: gone), and the state of each finding."""
    line = f"key = '{AWS}'\n"
    yield "it is moved", {"a.py": line + FILLING}, {"a.py": FILLING + line}, {"a.py:21": "existing"}
    yield "its file is renamed", {"a.py": line + FILLING}, {"a.py": None, "lib/b.py": line + FILLING}, {"lib/b.py:1": "existing"}
    yield "and edited", {"a.py": line + FILLING}, {"a.py": None, "b.py": FILLING + "x = 1\n" + line}, {"b.py:22": "existing"}
    yield "it is rewritten", {"a.py": line}, {"a.py": f"def f():\n    return '{AWS}'\n"}, {"a.py:2": "existing"}
    yield "it is copied", {"a.py": line}, {"b.py": f"other = '{AWS}'\n"}, {"a.py:1": "existing", "b.py:1": "existing"}
    yield "another takes its place", {"a.py": f"key = '{TOKEN}'\n"}, {"a.py": f"key = '{OTHER}'\n"}, {"a.py:1": "new"}
    yield "another stands beside it", {"a.py": line}, {"a.py": line + f"key = '{TOKEN}'\n"}, {"a.py:1": "existing", "a.py:2": "new"}
    yield "lines end otherwise", {"a.py": line + FILLING}, {"a.py": (line + FILLING).replace("\n", "\r\n")}, {"a.py:1": "existing"}
    yield "no newline at the end", {"a.py": FILLING + line}, {"a.py": FILLING + line.strip()}, {"a.py:21": "existing"}
    yield "it is hidden no more", {"a.py": f"{line[:-1]}  # pragma: allowlist secret\n"}, {"a.py": line}, {"a.py:1": "new"}
    yield "a key is moved", {"k.pem": key("a")}, {"k.pem": None, "keys/k.pem": "\n" + key("a")}, {"keys/k.pem:2": "existing"}
    yield "a key is replaced", {"k.pem": key("a")}, {"k.pem": key("b")}, {"k.pem:1": "new"}
    yield (
        "a folded value is kept",
        {"a.yaml": folded(TOKEN)},
        {"a.yaml": "# x\n" + folded(TOKEN)},
        {"a.yaml:3": "existing", "a.yaml:4": "existing"},
    )
    yield (
        "a folded value is replaced",
        {"a.yaml": folded("n0t-a-g00d-0ne-4t-a11")},
        {"a.yaml": folded("4n0ther-0ne-n0t-g00d")},
        {"a.yaml:2": "new"},
    )
    yield "a case", {"Read.py": line}, {"Read.py": None, "read.py": line}, {"read.py:1": "existing"}
    yield "a folder of a file", {"a": line}, {"a": None, "a/b.py": line}, {"a/b.py:1": "existing"}
    strange = os.fsdecode(b"\xff \t\"'\\.py")
    yield "a strange name", {strange: line}, {strange: "\n" + line, f"x{strange}": "y"}, {"? \t\"'%5C.py:2": "existing"}


def folded(value: str) -> str:
    return f"a: 1\npassword: >\n  {value}\nb: 2\n"


CASES = {name: (was, now, expected) for name, was, now, expected in before_and_after()}


@pytest.mark.parametrize("name", list(CASES))
def test_a_secret_and_what_a_change_makes_of_its_place(gates: Gates, repository: Repository, name: str) -> None:
    was, now, expected = CASES[name]
    repository.commit({"gates.yaml": SECRET_SCAN, **was})
    change(repository, now)
    assert states(judged(gates, repository.root, *BEFORE)) == expected


def change(repository: Repository, files: dict[str, str | None]) -> None:
    """Commit files, and take away those that are None."""
    for path in (repository.root / name for name, content in files.items() if content is None):
        path.unlink()
    repository.commit({name: content for name, content in files.items() if content is not None})


def test_a_secret_that_counts_for_more_where_it_is_now_is_new(gates: Gates, repository: Repository) -> None:
    """A key among tests is for a person to look at."""
    repository.commit({"gates.yaml": SECRET_SCAN, "tests/k.pem": key("a")})
    repository.commit({"a.py": "x = 1\n"})
    assert states(judged(gates, repository.root, *BEFORE)) == {}
    repository.git("mv", "tests/k.pem", "k.pem")
    repository.commit({})
    assert states(judged(gates, repository.root, *BEFORE)) == {"k.pem:1": "new"}


# -- git as it is


def test_the_commit_stage_holds_named_files_against_the_last_commit(gates: Gates, repository: Repository) -> None:
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": f"key = '{AWS}'\n", ".gitignore": "ignored.py\n"})
    (repository.root / "a.py").write_text(f"key = '{AWS}'\ntoken = '{TOKEN}'\n", "utf-8")
    for name in ("untracked.py", "ignored.py"):
        (repository.root / name).write_text(f"token = '{OTHER}'\n", "utf-8")
    files = [str(repository.root / name) for name in ("a.py", "untracked.py", "ignored.py")]
    report = judged(gates, repository.root, "--stage", "commit", *files)
    assert states(report) == {"a.py:1": "existing", "a.py:2": "new", "untracked.py:1": "new", "ignored.py:1": "new"}


@pytest.mark.parametrize("hidden", ["assume", "skip", "attributes", "filter", "stat"])
def test_what_git_does_not_see_of_a_file_is_new_all_the_same(
    gates: Gates, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    """Marks of the index, an encoding, a filter of the user's, and a file that looks as it did when it was added."""
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": "xxxx = 1\n" * 20, "b.py": "x = 1\n"})
    repository.commit({"b.py": "x = 2\n"})
    path = repository.root / "a.py"
    if hidden in ("assume", "skip"):
        repository.git("update-index", "--assume-unchanged" if hidden == "assume" else "--skip-worktree", "a.py")
    if hidden == "attributes":
        (repository.root / ".git" / "info" / "attributes").write_text("a.py working-tree-encoding=UTF-16\n", "ascii")
    if hidden == "filter":
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / ".gitconfig").write_text(f'[filter "x"]\n\tclean = git -C {repository.root} show HEAD:a.py\n', "ascii")
        (repository.root / ".git" / "info" / "attributes").write_text("a.py filter=x\n", "ascii")
    seen = path.stat()
    path.write_text(f"token = '{TOKEN}'\n".ljust(180, "#"), "utf-8")
    if hidden == "stat":
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert states(judged(gates, repository.root, *BEFORE)) == {"a.py:1": "new"}


def test_a_folder_behind_a_link_is_not_the_base_s(gates: Gates, repository: Repository) -> None:
    repository.commit({"gates.yaml": SECRET_SCAN, "a/x.py": "x = 1\n", "b/x.py": "x = 1\n"})
    repository.commit({"c.py": "x = 1\n"})
    shutil.rmtree(repository.root / "a")
    (repository.root / "b" / "x.py").write_text(f"token = '{TOKEN}'\n", "utf-8")
    (repository.root / "a").symlink_to("b")
    assert set(states(judged(gates, repository.root, *BEFORE)).values()) == {"new"}


def test_a_link_that_becomes_a_file_is_new(gates: Gates, repository: Repository) -> None:
    (repository.root / "link.py").symlink_to("a.py")
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": "x = 1\n"})
    (repository.root / "link.py").unlink()
    repository.commit({"link.py": f"token = '{TOKEN}'\n"})
    assert states(judged(gates, repository.root, *BEFORE)) == {"link.py:1": "new"}


def test_names_that_look_the_same_as_another_are_not_taken_for_it(gates: Gates, repository: Repository) -> None:
    """As facts have it, both are `?.py`: which one a secret is in can't be told, so none of theirs is old."""
    strange = os.fsdecode(b"\xff.py")
    repository.commit({"gates.yaml": SECRET_SCAN, strange: f"key = '{AWS}'\n", "?.py": "x = 1\n"})
    repository.commit({"?.py": f"key = '{AWS}'\n"})
    report = judged(gates, repository.root, *BEFORE)
    assert (report["verdict"], [finding["state"] for finding in report["gates"][0]["findings"]]) == ("failed", ["new", "new"])


def test_a_file_of_git_lfs_that_the_base_has_is_old_and_another_is_new(gates: Gates, repository: Repository) -> None:
    content = f"key = '{AWS}'\n"
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
    known = pointer.format(hashlib.sha256(content.encode()).hexdigest(), len(content))
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": known, "b.py": pointer.format("0" * 64, 9)})
    repository.commit({"c.py": "x = 1\n"})
    (repository.root / "a.py").write_text(content, "utf-8")
    (repository.root / "b.py").write_text(f"token = '{TOKEN}'\n", "utf-8")
    assert states(judged(gates, repository.root, *BEFORE))["b.py:1"] == "new"


@pytest.mark.parametrize("how", ["linked", "detached", "sha256", "below", "shallow", "unrelated", "dirty", "replaced"])
def test_in_a_repository_of_any_kind_the_added_is_new_and_the_old_is_not(
    gates: Gates, repository: Repository, tmp_path: Path, how: str
) -> None:
    root, prefix, argv = repository.root, "", list(BEFORE)
    if how == "sha256":
        (tmp_path / "other").mkdir()
        repository = Repository.at(root := tmp_path / "other")
        repository.git("init", "-q", "-b", "main", "--object-format=sha256")
    if how == "below":
        prefix, root = "services/shop/", root / "services" / "shop"
    first = repository.commit({f"{prefix}gates.yaml": SECRET_SCAN, f"{prefix}a.py": f"key = '{AWS}'\n", "beside.py": f"key = '{OTHER}'\n"})
    after = {f"{prefix}a.py": f"x = 1\nkey = '{AWS}'\n", f"{prefix}b.py": f"token = '{TOKEN}'\n"}
    if how == "unrelated":
        repository.git("checkout", "-q", "--orphan", "other")
        argv = ["--base", "main"]
    if how == "dirty":
        argv = ["--base", "HEAD"]
        for name, content in after.items():
            (repository.root / name).write_text(content, "utf-8")
    else:
        second = repository.commit(after)
    if how == "replaced":
        repository.git("replace", first, second)
    if how == "detached":
        repository.git("checkout", "-q", "--detach")
    if how == "linked":
        repository.git("worktree", "add", "-q", "--detach", str(root := tmp_path / "tree"))
    if how == "shallow":
        root = repository.clone("clone", "--depth=1").root
        argv = ["--base", first]
    expected = {"a.py:2": "existing", "b.py:1": "new"} | ({} if how == "below" else {"beside.py:1": "existing"})
    assert states(judged(gates, root, *argv)) == expected


def test_a_submodule_that_moves_on_changes_nothing_and_is_not_looked_into(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    inner = Repository(tmp_path / "inner")
    inner.commit({"a.py": "x = 1\n"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "sub")
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": f"key = '{AWS}'\n"})
    Repository.at(repository.root / "sub").commit({"a.py": f"token = '{TOKEN}'\n"})
    repository.commit({"b.py": "x = 1\n"})
    assert states(judged(gates, repository.root, *BEFORE)) == {"a.py:1": "existing"}


def test_a_clone_of_one_commit_that_can_not_fetch_is_not_judged_and_the_setting_is_named(gates: Gates, repository: Repository) -> None:
    first = repository.commit({"gates.yaml": SECRET_SCAN})
    repository.commit({"a.py": "x = 1\n"})
    clone = repository.clone("clone", "--depth=1")
    done = gates("-C", clone.root, "run", "--format", "json", "--base", first, "--offline")
    assert (done.code, done.json()["verdict"]) == (2, None)
    assert "fetch-depth: 0" in done.json()["errors"][0]["help"]


def test_objects_of_the_base_that_are_not_there_make_everything_new_and_say_why(gates: Gates, repository: Repository) -> None:
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": f"key = '{AWS}'\n"})
    blob = repository.git("rev-parse", "HEAD:a.py")
    repository.commit({"a.py": f"x = 1\nkey = '{AWS}'\n"})
    (repository.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    report = judged(gates, repository.root, *BEFORE)
    assert (report["verdict"], states(report)) == ("failed", {"a.py:2": "new"})
    assert any("can't be had from this repository" in reason for reason in report["gates"][0]["reasons"])


def test_revisions_that_git_blame_passes_over_mean_nothing_here(gates: Gates, repository: Repository) -> None:
    """Who wrote a line last is not asked: whether the base had it is."""
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": "x = 1\n"})
    commit = repository.commit({"a.py": f"token = '{TOKEN}'\n"})
    (repository.root / ".git-blame-ignore-revs").write_text(f"{commit}\n", "ascii")
    repository.git("config", "blame.ignoreRevsFile", ".git-blame-ignore-revs")
    assert states(judged(gates, repository.root, *BEFORE)) == {"a.py:1": "new"}


def test_a_run_without_findings_makes_no_tree_of_the_base(gates: Gates, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": "x = 1\n", "kept.py": f"key = '{AWS}'\n"})
    repository.commit({"a.py": "x = 2\n"})
    monkeypatch.setattr("gates.adapters.history.base_tree", None)
    monkeypatch.setattr("gates.adapters.history.hunks", None)
    report = judged(gates, repository.root, *BEFORE)
    assert (report["verdict"], states(report)) == ("passed", {"kept.py:1": "existing"})


def test_the_evidence_tells_of_the_change_without_any_line_or_value(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    repository.commit({"gates.yaml": SECRET_SCAN, "a.py": f"key = '{AWS}'\nsaid = 1\n"})
    repository.commit({"a.py": f"said = 1\nkey = '{AWS}'\n"})
    place = tmp_path / "bundle.zip"
    assert judged(gates, repository.root, *BEFORE, "--bundle", str(place))["verdict"] == "passed"
    members = bundle.read(place).members
    assert b'"hunks":[{"base_lines":' in members["change.json"]
    assert not any(text in members["change.json"] for text in (AWS.encode(), b"said"))
    assert any(name.startswith("base-raw/secrets/") for name in members)
    assert gates("verify", str(place), "--allow-unsigned").code == 0


# -- the other gates


def test_code_security(gates: Gates, repository: Repository) -> None:
    repository.commit({"gates.yaml": SECURITY, "a.py": SHELL, "gone.py": SHELL.replace("command", "words")})
    moved = SHELL.replace("def run", "def first():\n    return 1\n\n\ndef run")
    (repository.root / "gone.py").unlink()
    repository.commit({"a.py": f"{moved}\n\ndef again(command):\n    subprocess.run(command, shell=True)\n"})
    report = judged(gates, repository.root, *BEFORE)
    high = {place: state for place, state in states(report, "security").items() if place != "a.py:1"}
    assert (high, report["verdict"]) == ({"a.py:9": "existing", "a.py:13": "new"}, "failed")
    assert mended(report, "security")
    repository.commit({"b.py": "x = 1\n"})
    assert judged(gates, repository.root, *BEFORE)["verdict"] == "passed"


def test_dependencies(gates: Gates, repository: Repository) -> None:
    advisories = Path(__file__).parents[1] / "examples" / "dependencies" / "advisories"
    shutil.copytree(advisories, repository.root / "advisories")
    policy = "version: 1\nextends: [baseline]\ngates:\n  dependencies: {options: {advisories: advisories, max-age: 0d}}\n"
    repository.commit({"gates.yaml": policy, "requirements.txt": "teapot==1.0\n"})
    repository.commit({"requirements.txt": "# sorted\nteapot==1.1\n"})
    report = judged(gates, repository.root, *BEFORE)
    assert report["gates"][0]["reasons"] == []
    assert (report["verdict"], set(states(report, "dependencies").values())) == ("passed", {"existing"})
    repository.commit({"more/requirements.txt": "teapot==1.0\n"})
    report = judged(gates, repository.root, *BEFORE)
    assert (report["verdict"], states(report, "dependencies")) == (
        "failed",
        {"requirements.txt:2": "existing", "more/requirements.txt:1": "new"},
    )
    repository.commit({"requirements.txt": "# sorted\nteapot==1.2\n"})
    report = judged(gates, repository.root, *BEFORE)
    assert (report["verdict"], states(report, "dependencies"), mended(report, "dependencies")) == (
        "passed",
        {"more/requirements.txt:1": "existing"},
        1,
    )


def test_accessibility(gates: Gates, repository: Repository) -> None:
    policy = "version: 1\nextends: [baseline]\ngates:\n  accessibility: {options: {serve: {directory: public}, pages: [/, /b.html]}}\n"
    repository.commit({"gates.yaml": policy, "public/index.html": good(f"\n<p>One</p>\n{FAULT}\n"), "public/b.html": good()})
    repository.commit({"public/index.html": good(f"\n<p>More</p>\n<p>One</p>\n{FAULT}\n"), "public/b.html": good(f"\n{FAULT}\n")})
    report = judged(gates, repository.root, *BEFORE)
    (item,) = report["gates"]
    assert {(finding["location"]["url"], finding["state"]) for finding in item["findings"]} == {("/", "existing"), ("/b.html", "new")}
    assert report["verdict"] == "failed"


def test_any_tool_that_writes_sarif(gates: Gates, repository: Repository) -> None:
    """Whole trees on both sides: what it finds in one file may follow from another."""
    policy = """\
version: 1
extends: [baseline]
gates:
  ruff:
    uses: external
    require: {findings: {new: {max: 0}}}
    options:
      command: ["{python}", -m, ruff, check, --no-cache, --isolated, --exit-zero, --output-format, sarif, -o, "{raw}/ruff.sarif", src]
      sarif: ruff.sarif
      inventory: ["src/**/*.py"]
"""
    repository.commit({"gates.yaml": policy, "src/a.py": "import os\n\nx = 1\n", "src/same.py": "import sys\n"})
    repository.commit({"src/a.py": "# first\nimport os\nimport json\n\nx = 1\n"})
    report = judged(gates, repository.root, *BEFORE)
    assert states(report, "ruff") == {"src/a.py:2": "existing", "src/a.py:3": "new", "src/same.py:1": "existing"}
    assert report["verdict"] == "failed"


def test_a_tool_that_changes_the_base_s_files_makes_nothing_old(gates: Gates, repository: Repository) -> None:
    script = "import pathlib, sys\nfor path in pathlib.Path('src').glob('*.py'): path.write_text(path.read_text())\n"
    policy = """\
version: 1
extends: [baseline]
gates:
  tool:
    uses: external
    require: {findings: {new: {max: 0}}}
    options: {command: [sh, -c, "{python} {root}/tool.py; {python} -m ruff check --no-cache --isolated --exit-zero --output-format sarif \
--output-file {raw}/x.sarif src"], sarif: x.sarif, inventory: ["src/**/*.py"]}
"""
    repository.commit({"gates.yaml": policy, "tool.py": "", "src/a.py": "import os\n"})
    repository.commit({"b.py": "x = 1\n"})
    assert states(judged(gates, repository.root, *BEFORE), "tool") == {"src/a.py:1": "existing"}
    repository.git("checkout", "-q", "HEAD~1")
    repository.commit({"tool.py": f"import os\nif 'base-' in os.getcwd():\n    exec({script!r})\n"})
    repository.commit({"b.py": "x = 1\n"})
    report = judged(gates, repository.root, *BEFORE)
    assert states(report, "tool") == {"src/a.py:1": "new"}
    assert any("something changed the base's files" in reason for reason in report["gates"][0]["reasons"])
