"""Folders of installed packages are told from the project's own by what an installer leaves there, and by what git tracks."""

from __future__ import annotations

import pytest

from gates.adapters import environments, git
from gates.api.tree import Tree
from tests.repository import Repository

FOLDERS: dict[str, tuple[list[str], list[str], tuple[str, ...]]] = {
    "an environment of Python": ([".venv/pyvenv.cfg", ".venv/lib/a.py", "a.py"], ["a.py"], (".venv",)),
    "at any depth, by any name": (["a/b/env/pyvenv.cfg", "a/b/c.py"], ["a/b/c.py"], ("a/b/env",)),
    "the outermost of two": ([".venv/pyvenv.cfg", ".venv/share/x/pyvenv.cfg"], [], (".venv",)),
    "beside one with a longer name": (["env/pyvenv.cfg", "env-2/pyvenv.cfg", "env/x/pyvenv.cfg"], [], ("env-2", "env")),
    "conda": (["env/conda-meta/history", "env/bin/x"], [], ("env",)),
    "npm": (["web/node_modules/.package-lock.json", "web/app.js"], ["web/app.js"], ("web/node_modules",)),
    "Yarn": (["node_modules/.yarn-integrity"], [], ("node_modules",)),
    "Yarn, later": (["node_modules/.yarn-state.yml"], [], ("node_modules",)),
    "pnpm": (["node_modules/.modules.yaml"], [], ("node_modules",)),
    "the root is never one": (["pyvenv.cfg", "conda-meta/history", "a.py"], [], ()),
    "one tracked file, and all of it counts": ([".venv/pyvenv.cfg", ".venv/lib/a.py"], [".venv/lib/a.py"], ()),
    "a tracked mark": (["src/pyvenv.cfg", "src/hidden.py"], ["src/pyvenv.cfg"], ()),
    "tracked files around a whole one": (["p/pyvenv.cfg", "p/q/pyvenv.cfg", "p/a.py"], ["p/a.py"], ("p/q",)),
    "names that end alike": (["my-pyvenv.cfg", "a/not-pyvenv.cfg", "x/node_modules.package-lock.json"], [], ()),
    "node_modules without a mark": (["node_modules/mine.js"], [], ()),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_which_folders_hold_installed_packages(name: str) -> None:
    names, tracked, found = FOLDERS[name]
    assert environments.installed(names, frozenset(tracked)) == found


def test_what_lies_in_a_folder_and_what_is_only_called_like_it() -> None:
    assert environments.without(["env/a", "env-2/a", "env", "b"], ["env"]) == ["env-2/a", "env", "b"]


def test_a_tree_without_an_environment_that_git_neither_tracks_nor_ignores(repository: Repository) -> None:
    repository.commit({"a.py": "1\n", "tracked/pyvenv.cfg": "home = /usr/bin\n", "tracked/b.py": "2\n"})
    for name in ("sub/env/pyvenv.cfg", "sub/env/lib/c.py", "tracked/hidden.py"):
        path = repository.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n", "utf-8")
    tree = Tree.of(repository.root)
    assert tree.files == ("a.py", "tracked/b.py", "tracked/hidden.py", "tracked/pyvenv.cfg")
    assert (tree.installed, tree.left_out) == (("sub/env",), ())
    assert Tree.of(repository.root / "sub").installed == ("env",)
    repository.git("add", "sub/env/lib/c.py")
    assert "sub/env/pyvenv.cfg" in (git.list_files(repository.root) or [])
    assert git.installed_folders(repository.root) == ()
