"""Repositories that are made to run code where the base of a change is found, fetched, compared and written out, or to pass for another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.guarantees import Seen, errored, failed, hostile
from tests.hostile.running import Ran, environment, project, run
from tests.hostile.test_repositories import HOOKS, PROGRAMS
from tests.repository import Repository
from tests.runners.samples import SECRETS

TOKEN, KNOWN = SECRETS["github"], SECRETS["aws"]
BASE = project() | {"a.py": f"key = '{KNOWN}'\n", "moved.py": "x = 1\n" * 9}
AFTER = {"a.py": f"x = 1\nkey = '{KNOWN}'\n", "b.py": f"token = '{TOKEN}'\n"}


def trapped(repository: Repository, folder: Path, remote: str = "") -> None:
    """Every setting that names a program, every hook, and every address that runs one: each leaves its own mark in the folder."""
    hooks = folder / "hooks"
    hooks.mkdir()
    for place in (hooks, repository.root / ".git" / "hooks"):
        place.mkdir(exist_ok=True)
        for hook in HOOKS:
            (place / hook).write_text(f"#!/bin/sh\ntouch {folder}/trap-{hook}\n", "ascii")
            (place / hook).chmod(0o755)
    settings = {name: f"touch {folder}/trap-{name}; cat" for name in PROGRAMS}
    settings |= {"core.hooksPath": str(hooks), "protocol.ext.allow": "always", "filter.x.required": "true", "fetch.fsckObjects": "true"}
    settings |= {"credential.https://example.org.helper": f"!touch {folder}/trap-credential", "core.sshCommand": f"touch {folder}/trap-ssh"}
    settings |= {f"url.ext::touch {folder}/trap-url.insteadOf": "https://", "remote.origin.vcs": "ext" if not remote else ""}
    settings |= {"remote.origin.uploadpack": f"touch {folder}/trap-uploadpack; git-upload-pack", "remote.origin.proxy": "ext::x"}
    settings |= {"remote.origin.url": remote or f"ext::touch {folder}/trap-remote"}
    for name, value in settings.items():
        if value:
            repository.git("config", name, value)
    if remote:
        # A remote by the name of its address is what an address is looked up as.
        repository.git("config", f"remote.{remote}.uploadpack", f"touch {folder}/trap-named-uploadpack; git-upload-pack")


def marks(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("trap*"))


def against(repository: Repository, base: str, *argv: str) -> Ran:
    return run(repository.root, "--base", base, *argv)


def states(ran: Ran) -> dict[str, str]:
    (secrets,) = (gate for gate in ran.report["gates"] if gate["gate"] == "secrets")
    return {finding["location"]["path"]: finding["state"] for finding in secrets["findings"]}


@hostile(
    "its configuration names programs wherever a base is compared and written out, and so do the base's attributes", here=failed("secrets/")
)
def test_programs_at_the_base(repository: Repository, tmp_path: Path) -> Seen:
    base = repository.commit(BASE | {".gitattributes": "* filter=x diff=x merge=x\n"})
    repository.git("mv", "moved.py", "new.py")
    repository.commit(AFTER)
    trapped(repository, tmp_path)
    for name in ("a.py", "gates.yaml"):
        os.utime(repository.root / name, (1, 1))
    ran = against(repository, base)
    assert marks(tmp_path) == []
    assert states(ran) == {"a.py": "existing", "b.py": "new"}
    return ran.seen()


@hostile("so it does where the base has to be fetched", here=failed("secrets/"))
def test_programs_while_fetching(repository: Repository, tmp_path: Path) -> Seen:
    base = repository.commit(BASE)
    repository.commit(AFTER)
    clone = repository.clone("clone", "--depth=1")
    trapped(clone, tmp_path, repository.root.as_uri())
    (clone.root / ".git" / "objects" / "info" / "alternates").write_text(f"{repository.root}/.git/no-objects\n", "utf-8")
    ran = against(clone, base)
    assert marks(tmp_path) == []
    assert states(ran) == {"a.py": "existing", "b.py": "new"}
    return ran.seen()


@hostile("so it does in a partial clone, which git completes by itself from every remote that it knows", here=failed("secrets/"))
def test_programs_in_a_partial_clone(repository: Repository, tmp_path: Path) -> Seen:
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    base = repository.commit(BASE)
    repository.git("mv", "moved.py", "new.py")
    repository.commit(AFTER | {"new.py": "x = 1\n" * 10})
    clone = repository.clone("clone", "--filter=blob:none")
    trapped(clone, tmp_path, repository.root.as_uri())
    clone.git("config", "remote.evil.url", repository.root.as_uri())
    clone.git("config", "remote.evil.promisor", "true")
    clone.git("config", "remote.evil.uploadpack", f"touch {tmp_path}/trap-evil; git-upload-pack")
    ran = against(clone, base)
    assert marks(tmp_path) == []
    assert states(ran) == {"a.py": "existing", "b.py": "new"}
    return ran.seen()


@pytest.mark.parametrize(
    "address", ["ext::sh -c touch% {}/trap-x", "-u{}/trap", "--upload-pack=touch {}/trap-y", "fd::3", "git://127.0.0.1:1/x"]
)
def test_an_address_that_runs_something_fetches_nothing(repository: Repository, tmp_path: Path, address: str) -> None:
    base = repository.commit(project())
    repository.commit({"a.py": "x = 1\n"})
    clone = repository.clone("clone", "--depth=1")
    clone.git("config", "remote.origin.url", address.format(tmp_path))
    ran = against(clone, base)
    assert marks(tmp_path) == []
    assert (ran.code, ran.report["verdict"]) == (2, None)
    assert "fetch-depth: 0" in ran.report["errors"][0]["help"]


@hostile("the base is replaced by a commit that has the secret already (refs/replace, grafts)", here=failed("secrets/"))
def test_a_replaced_base(repository: Repository) -> Seen:
    base = repository.commit(project())
    later = repository.commit({"a.py": f"token = '{TOKEN}'\n"})
    repository.git("replace", base, later)
    (repository.root / ".git" / "info" / "grafts").write_text(f"{base} {later}\n", "ascii")
    ran = against(repository, base)
    assert states(ran) == {"a.py": "new"}
    return ran.seen()


@hostile(
    "a file of the change passes for the base's: the index has its time and size, and a filter gives the old content",
    here=failed("secrets/"),
)
def test_a_file_that_passes_for_the_base_s(repository: Repository) -> Seen:
    base = repository.commit(project() | {"a.py": "x = 1\n" * 30})
    repository.commit({"b.py": "x = 1\n"})
    path = repository.root / "a.py"
    before = path.stat()
    path.write_text(f"token = '{TOKEN}'\n".ljust(180, "#"), "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for name, value in {"core.trustctime": "false", "core.checkStat": "minimal", "filter.x.clean": "git show HEAD:a.py"}.items():
        repository.git("config", name, value)
    (repository.root / ".git" / "info" / "attributes").write_text("a.py filter=x\n", "ascii")
    ran = against(repository, base)
    assert states(ran) == {"a.py": "new"}
    return ran.seen()


@hostile("the project's program writes a secret into the base's tree, so that it seems to have been there", here=failed("secrets/"))
def test_a_base_that_is_written_into(repository: Repository) -> Seen:
    """The tree has a name that nobody knows, and is there only when no program of the project's runs any more."""
    look = f"""
import glob, os, tempfile
def look():
    for folder in glob.glob(tempfile.gettempdir() + "/gates-*/base-*") + glob.glob("/tmp/gates-*/base-*"):
        open(os.path.join(folder, "b.py"), "w").write("token = '{TOKEN[:9]}" + "{TOKEN[9:]}'\\n")
    return ''
"""
    base = repository.commit(project(look) | {"a.py": f"key = '{KNOWN}'\n"})
    repository.commit(AFTER)
    ran = against(repository, base)
    assert states(ran) == {"a.py": "existing", "b.py": "new"}
    return ran.seen()


@hostile("links in the base lead to what the change adds, in the place of its files and folders", here=failed("secrets/"))
def test_links_at_the_base(repository: Repository, tmp_path: Path) -> Seen:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text(f"key = '{KNOWN}'\n", "utf-8")
    (repository.root / "folder").symlink_to(outside)
    (repository.root / "b.py").symlink_to(outside / "a.py")
    base = repository.commit(project() | {"c.py": "x = 1\n"})
    (repository.root / "folder").unlink()
    (repository.root / "b.py").unlink()
    repository.commit({"folder/a.py": f"key = '{KNOWN}'\n", "b.py": f"key = '{KNOWN}'\n"})
    ran = against(repository, base)
    assert states(ran) == {"folder/a.py": "new", "b.py": "new"}
    assert (outside / "a.py").read_text("utf-8") == f"key = '{KNOWN}'\n"
    return ran.seen()


@hostile("the event that says what the base is was cut off", here=errored("the event of this run can't be read"))
def test_a_broken_event(repository: Repository, tmp_path: Path) -> Seen:
    repository.commit(project())
    (tmp_path / "event.json").write_text('{"before": "', "ascii")
    event = {"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    return run(repository.root, env=environment(**event)).seen()
