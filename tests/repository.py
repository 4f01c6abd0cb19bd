"""A git repository for tests, made anew and independent of the user's configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gates.adapters import process

_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


class Repository:
    """An empty repository on branch `main` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        self.root.mkdir()
        self._scratch = folder
        self.git("init", "-q", "-b", "main")

    @classmethod
    def at(cls, root: Path) -> Repository:
        """A repository that is there already. What its commands print goes beside it."""
        made = cls.__new__(cls)
        made.root, made._scratch = root, root.parent
        return made

    def clone(self, name: str, *options: str) -> Repository:
        """A clone beside this one, from its `file://` address."""
        self.git("clone", "-q", *options, self.root.as_uri(), str(self._scratch / name))
        return Repository.at(self._scratch / name)

    def git(self, *argv: str) -> str:
        done = process.run(["git", *argv], cwd=self.root, env=_ENVIRONMENT, timeout=60, scratch=self._scratch)
        assert done.exit_code == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, str]) -> str:
        """Write files, commit everything, and return the commit's id."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")
