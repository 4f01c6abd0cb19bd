"""Repositories that are made to run code, to lead out of themselves, or to confuse whoever reads a report."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gates.report.safe import visible
from tests.guarantees import Seen, errored, failed, hostile, passed
from tests.hostile.running import POLICY, gates, project, run
from tests.repository import Repository
from tests.runners.samples import SECRETS

TOKEN = SECRETS["github"]
#: Settings of git that name a program, and each its own mark.
PROGRAMS = (
    *("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.gitProxy", "core.alternateRefsCommand"),
    *("diff.external", "diff.x.textconv", "diff.x.command", "filter.x.clean", "filter.x.smudge", "filter.x.process", "merge.x.driver"),
    *(
        "gpg.program",
        "credential.helper",
        "alias.status",
        "alias.ls-files",
        "pager.status",
        "interactive.diffFilter",
        "uploadpack.packObjectsHook",
    ),
)
HOOKS = ("post-index-change", "fsmonitor-watchman", "pre-commit", "post-checkout", "reference-transaction", "pre-auto-gc")


@hostile("its configuration of git names programs, hooks, filters and other places in every way there is", here=passed("dirty False"))
def test_configuration_of_git(repository: Repository, tmp_path: Path) -> Seen:
    repository.commit(
        project() | {".gitattributes": "* filter=x diff=x merge=x\nlegacy.txt working-tree-encoding=UTF-16\n", "legacy.txt": ""}
    )
    hooks, more = tmp_path / "hooks", tmp_path / "more"
    hooks.mkdir()
    for folder in (hooks, repository.root / ".git" / "hooks"):
        for hook in HOOKS:
            (folder / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/trap-{hook}\n", "ascii")
            (folder / hook).chmod(0o755)
    settings = {name: f"touch {tmp_path}/trap-{name}; cat" for name in PROGRAMS}
    settings |= {"core.hooksPath": str(hooks), "include.path": str(more), "protocol.ext.allow": "always", "filter.x.required": "true"}
    settings |= {"remote.origin.url": f"ext::touch {tmp_path}/trap-remote", f"url.ext::touch {tmp_path}/trap-url.insteadOf": "https://"}
    more.write_text(f'[filter "y"]\n\tclean = touch {tmp_path}/trap-included\n', "ascii")
    with (repository.root / ".git" / "config").open("a", encoding="ascii") as stream:
        for name, value in settings.items():
            section, _, key = name.partition(".")
            inner, _, last = key.rpartition(".")
            stream.write(f'[{section} "{inner}"]\n\t{last} = "{value}"\n' if inner else f'[{section}]\n\t{key} = "{value}"\n')
    for name in ("gates.yaml", "make_report.py"):
        os.utime(repository.root / name, (1, 1))
    seen = run(repository.root).seen()
    assert sorted(path.name for path in tmp_path.glob("trap*")) == []
    return seen


@hostile("its configuration of git says that the working tree lies elsewhere, where all is clean", here=failed("commit None, dirty True"))
def test_a_working_tree_elsewhere(repository: Repository, tmp_path: Path) -> Seen:
    repository.commit(project())
    (tmp_path / "clean").mkdir()
    for name, content in project().items():
        (tmp_path / "clean" / name).write_text(content, "utf-8")
    repository.git("config", "core.worktree", str(tmp_path / "clean"))
    (repository.root / "app.py").write_text(f'KEY = "{TOKEN}"\n', "utf-8")
    return run(repository.root).seen()


@hostile("`.git` is a file that points to another repository, which is clean", here=failed("dirty True"))
def test_git_is_a_file(repository: Repository, tmp_path: Path) -> Seen:
    repository.commit({"README": "nothing\n"})
    thief = tmp_path / "thief"
    thief.mkdir()
    for name, content in {**project(), "app.py": f'KEY = "{TOKEN}"\n'}.items():
        (thief / name).write_text(content, "utf-8")
    (thief / ".git").write_text(f"gitdir: {repository.root / '.git'}\n", "utf-8")
    return run(thief).seen()


@hostile("the commit is replaced by a clean one (refs/replace, grafts)", here=failed("secrets/"))
def test_a_replaced_commit(repository: Repository) -> Seen:
    first = repository.commit(project())
    second = repository.commit({"app.py": f'KEY = "{TOKEN}"\n'})
    repository.git("replace", second, first)
    (repository.root / ".git" / "info" / "grafts").write_text(f"{second}\n", "ascii")
    seen = run(repository.root).seen()
    assert f"commit {second}, dirty False" in seen.text
    return seen


# -- what leads out


@hostile("links lead out of the tree: a file, a folder, and the evidence's folder", here=errored(".gates is a link"))
def test_links_out_of_the_tree(repository: Repository, tmp_path: Path) -> Seen:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "key.py").write_text(f'KEY = "{TOKEN}"\n', "utf-8")
    for name, target in {"key.py": outside / "key.py", "folder": outside, ".gates": outside}.items():
        (repository.root / name).symlink_to(target)
    repository.commit(project())
    seen = run(repository.root).seen()
    assert [path.name for path in outside.iterdir()] == ["key.py"]
    (repository.root / ".gates").unlink()
    assert "secrets examined 2 of 2 files" in run(repository.root).seen().text
    return seen


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_stands_where_the_bundle_goes_is_replaced_and_never_written_through(repository: Repository, tmp_path: Path, kind: str) -> None:
    outside, place = tmp_path / "outside", tmp_path / "bundle.zip"
    outside.write_text("mine", "ascii")
    place.symlink_to(outside) if kind == "link" else os.mkfifo(place)
    repository.commit(project())
    assert run(repository.root, "--bundle", str(place), f"--report=markdown={tmp_path / 'summary.md'}").code == 0
    assert (place.is_file(), place.is_symlink(), outside.read_text("ascii")) == (True, False, "mine")


@hostile("gates.yaml is a link to a file outside the repository", here=errored("lies outside the repository"))
def test_a_policy_outside(repository: Repository, tmp_path: Path) -> Seen:
    (tmp_path / "elsewhere.yaml").write_text(POLICY, "utf-8")
    repository.commit({"make_report.py": project()["make_report.py"]})
    (repository.root / "gates.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    return run(repository.root).seen()


@hostile("gates.yaml is a pipe that nothing is ever written to", here=errored("there is no policy file"))
def test_a_policy_that_is_a_pipe(repository: Repository) -> Seen:
    os.mkfifo(repository.root / "gates.yaml")
    return run(repository.root).seen()


@hostile("a pipe among its files would hold whoever reads it", here=passed("secrets examined 2 of 2 files"))
def test_a_pipe_among_the_files(repository: Repository) -> Seen:
    repository.commit(project())
    os.mkfifo(repository.root / "wait.py")
    (repository.root / ".gates" / "evidence").mkdir(parents=True)
    last = repository.root / ".gates" / "evidence" / "99991231T235959Z-last.zip"
    os.mkfifo(last)
    os.utime(last, (2**32, 2**32))
    seen = run(repository.root).seen()
    assert gates(repository.root, "explain", "secrets/none").returncode == 2
    return seen


# -- other gates' output


WRITES_AHEAD = """
import sys
from pathlib import Path
def look():
    raw = Path(sys.argv[1]).parent.parent
    for name in ("secrets", "raw/secrets", "raw-secrets"):
        (raw / name).mkdir(parents=True, exist_ok=True)
        (raw / name / "observe.json").write_text('{"status": "completed"}')
        (raw / name / "scan.json").write_text("{}")
    return ""
"""


@hostile("a program writes raw output for a gate that has not run yet", here=passed("secrets examined 2 of 2 files"))
def test_output_written_ahead(repository: Repository) -> Seen:
    first, second = "  secrets: {}\n", POLICY.partition("  secrets: {}\n")[2]
    policy = POLICY.partition(first)[0] + second.replace("    uses: external\n", "    uses: external\n    timeout: 1h\n") + first
    repository.commit(project(WRITES_AHEAD, policy))
    return run(repository.root, "--jobs", "1").seen()


PLANTS_EVIDENCE = """
from pathlib import Path
def look():
    place = Path(".gates/evidence")
    place.mkdir(parents=True, exist_ok=True)
    (place / "a.zip").write_bytes(b"PK")
    Path("report.json").write_text('{"verdict": "passed"}')
    return "two is wrong"
"""


@hostile("a program leaves a bundle and a report of its own making where ours will stand", here=failed("two is wrong"))
def test_a_bundle_of_its_own(repository: Repository) -> Seen:
    repository.commit(project(PLANTS_EVIDENCE))
    ran = run(repository.root, "--report=json=report.json")
    assert json.loads((repository.root / "report.json").read_bytes())["verdict"] == "failed"
    assert Path(ran.report["bundle"]["path"]).name != "a.zip"
    return ran.seen()


# -- names

NAMES = (
    *(
        "new\nline.py",
        "\x1b[31mred\x1b[0m.py",
        "::error::owned.py",
        "##[error]owned.py",
        "<script>alert(1)<script>.py",
        "[a](https:e.example).py",
    ),
    *(
        "back\\slash.py",
        "rtl\u202eyp.exe.py",
        "c1\x9b2J.py",
        "-rf.py",
        "--help.py",
        " .py",
        "%0A%1b.py",
        "n" * 252 + ".py",
        "A.py",
        "a.py",
        "@e.py",
    ),
)
FORMATS = ("text", "json", "markdown", "html", "sarif", "junit", "github")


@hostile(
    "files have names that hold commands, markup, line breaks, control characters, or differ in case alone",
    here=failed(f"examined {len(NAMES) + 1} of"),
)
def test_names_of_files(repository: Repository, tmp_path: Path) -> Seen:
    policy = "version: 1\nextends: [baseline]\ngates: {secrets: {}, security: {}}\n"
    repository.commit({"gates.yaml": policy} | dict.fromkeys(NAMES, f'KEY = "{TOKEN}"\n'))
    places = {kind: tmp_path / f"report.{kind}" for kind in FORMATS}
    ran = run(repository.root, *(f"--report={kind}={path}" for kind, path in places.items()))
    found = {finding["location"]["path"] for finding in ran.report["gates"][0]["findings"]}
    assert found == {name.replace("\\", "%5C") for name in NAMES}
    for kind, path in places.items():
        content = path.read_bytes().decode()
        assert visible(content.replace("\n", "")) == content.replace("\n", ""), kind
        lines = content.split("\n")
        assert kind == "github" or not [line for line in lines if line.lstrip().startswith("::") or "##[" in line], kind
    assert all(line.startswith(("::error ", "::warning ")) for line in places["github"].read_text("utf-8").splitlines()[:-1])
    return ran.seen()
