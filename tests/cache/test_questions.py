"""What a gate depends on: each thing that can change what it sees makes it look again, and says so; what can't, does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gates import registry
from gates.adapters import clock
from gates.api import ObserveContext
from gates.api.tree import Tree
from gates.cache import Answer, Cache, Entry, Question
from gates.cache import machine as machines
from gates.cache.contents import Contents
from gates.model import CachedFrom
from gates.plan import Step
from tests.repository import Repository

ENTRY = Entry(
    members={"observe.json": b"{}"}, masks=(), origin=CachedFrom(started="2026-01-01T00:00:00Z", commit="c" * 40, bundle="b" * 64)
)
SERVE = {"command": ["{python}", "-m", "shop"]}
OPTIONS: dict[str, dict[str, Any]] = {
    "secrets": {},
    "security": {},
    "dependencies": {"advisories": "./osv"},
    "tests": {},
    "contracts": {"schema": "openapi.yaml", "serve": SERVE},
    "accessibility": {"pages": ["/"], "serve": SERVE},
}
FILES = {
    ".gitignore": "*.env\n.venv/\n",
    "app.py": "x = 1\n",
    "notes.md": "# Notes\n",
    "openapi.yaml": "openapi: 3.0.0\n",
    "osv/A.json": "{}\n",
    "requirements.txt": "jinja2==3.1.0\n",
    "site/index.html": "<p>\n",
}


@dataclass(kw_only=True)
class Place:
    """A repository, the user's cache, and what a run is asked."""

    repository: Repository
    folder: Path
    environment: dict[str, str]
    day: date = clock.today()
    offline: bool = False
    selected: tuple[str, ...] | None = None
    base: str | None = "b" * 40

    def open(self, *, fresh: bool = False) -> Cache:
        return Cache(self.folder, self.repository.root, fresh=fresh)

    def question(self, gate: str, options: Mapping[str, Any] | None = None) -> Question:
        step = Step(name=gate, gate=registry.find(gate), options=dict(OPTIONS[gate] if options is None else options), timeout_seconds=60)
        context = ObserveContext(
            gate=gate,
            uses=gate,
            root=self.repository.root,
            scratch=self.folder / "scratch",
            raw_folder=self.folder / "raw",
            environment=self.environment,
            deadline=clock.monotonic() + 60,
            offline=self.offline,
            selected=self.selected,
            tree=Tree.of(self.repository.root),
            day=self.day,
        )
        return Question(step=step, context=context, base=self.base)

    def keep(self, gate: str, options: Mapping[str, Any] | None = None) -> None:
        """A first run of a gate, which keeps what it saw."""
        cache = self.open(fresh=True)
        cache.keep(cache.complete(cache.ask(self.question(gate, options))), ENTRY, origin=ENTRY.origin, duration_ms=1234)
        cache.close()

    def ask(self, gate: str, options: Mapping[str, Any] | None = None) -> Answer:
        """What a later run is told."""
        machines._packages.cache_clear()
        return self.open().ask(self.question(gate, options))


@pytest.fixture
def place(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """One in which files are as old as in a checkout that somebody works in: nobody can set the time of an inode back."""
    for module in ("contents", "cache"):
        monkeypatch.setattr(f"gates.cache.{module}.COARSE", 0)
    repository.commit(FILES)
    packages = repository.root / ".venv" / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "thing.py").write_text("", "ascii")
    return Place(repository=repository, folder=tmp_path / "cache", environment={"PATH": os.environ["PATH"], "SHOP_MODE": "test"})


@pytest.mark.parametrize("gate", OPTIONS)
def test_what_did_not_change_is_not_looked_at_again(place: Place, gate: str) -> None:
    place.keep(gate)
    answer = place.ask(gate)
    assert answer.entry == ENTRY, answer.why
    assert answer.words == "as the run of 2026-01-01T00:00:00Z saw it (commit cccccccccccc, bundle bbbbbbbbbbbb)"
    assert place.open().expected() == {gate: 1234}


def write(name: str, content: str) -> Callable[[Place], None]:
    def change(place: Place) -> None:
        (place.repository.root / name).parent.mkdir(parents=True, exist_ok=True)
        (place.repository.root / name).write_text(content, "utf-8")

    return change


def as_long_and_as_old(place: Place) -> None:
    """Another content of the same length, with the time of the file set back: the time of its inode can't be."""
    path = place.repository.root / "app.py"
    before = path.stat().st_mtime_ns
    path.write_text("x = 2\n", "ascii")
    os.utime(path, ns=(before, before))


def link(place: Place) -> None:
    (place.repository.root / "app.py").unlink()
    (place.repository.root / "app.py").symlink_to("notes.md")


ALL = frozenset(OPTIONS)
#: What is changed, which gates look again, and what is said of it.
CHANGES: tuple[tuple[str, Callable[[Place], Any], frozenset[str], str], ...] = (
    ("a file of code", write("app.py", "x = 22\n"), ALL - {"dependencies"}, "files are others (app.py)"),
    ("one as long and as old", as_long_and_as_old, ALL - {"dependencies"}, "files are others (app.py)"),
    ("a file of words", write("notes.md", "# Other notes\n"), ALL, "files are others (notes.md)"),
    ("a new file", write("new.txt", "\n"), ALL, "files are others"),
    ("a link in a file's place", link, ALL, "files are others"),
    ("the baseline of secrets", write(".secrets.baseline", "{}"), ALL, "files are others"),
    ("the advisories", write("osv/A.json", '{"id": "A"}\n'), ALL, "files are others (osv/A.json)"),
    ("a file that git ignores", write("local.env", "MODE=1\n"), frozenset({"tests", "contracts", "accessibility"}), "git ignores"),
    (
        "an installed package",
        write(".venv/lib/python3.12/site-packages/thing-2.dist-info/METADATA", "x"),
        frozenset({"tests", "contracts", "accessibility"}),
        "an installed package is another",
    ),
    (
        "a variable",
        lambda place: place.environment.update(SHOP_MODE="live"),
        frozenset({"tests", "contracts", "accessibility"}),
        "a variable of the environment is another",
    ),
    ("what differs by shell", lambda place: place.environment.update(SHLVL="7", PWD="/", GITHUB_RUN_ID="1"), frozenset(), ""),
    (
        "the day",
        lambda place: setattr(place, "day", place.day + timedelta(days=1)),
        ALL - {"secrets", "security"},
        "it is from another day",
    ),
    ("--offline", lambda place: setattr(place, "offline", True), ALL, "--offline makes a difference"),
    (
        "files that a hook names",
        lambda place: setattr(place, "selected", ("app.py", "requirements.txt")),
        ALL,
        "asked to look at other files",
    ),
    ("the base", lambda place: setattr(place, "base", "d" * 40), frozenset({"tests"}), "the base is another"),
)


@pytest.mark.parametrize(("change", "again", "words"), [item[1:] for item in CHANGES], ids=[item[0] for item in CHANGES])
def test_what_changed_is_looked_at_again_and_why_is_said(
    place: Place, change: Callable[[Place], None], again: frozenset[str], words: str
) -> None:
    for gate in OPTIONS:
        place.keep(gate)
    change(place)
    answers = {gate: place.ask(gate) for gate in OPTIONS}
    assert {gate for gate, answer in answers.items() if answer.entry is None} == again
    assert [answer.words for gate, answer in answers.items() if gate in again and words not in answer.words] == []


def test_other_options_are_another_look(place: Place) -> None:
    place.keep("secrets")
    assert place.ask("secrets", {"mode": "compat"}).words == "looked again: its options are others"


def test_another_parser_is_another_look(place: Place) -> None:
    place.keep("secrets")
    question = place.question("secrets")
    gate = replace(question.step.gate, parser=99)
    assert place.open().ask(replace(question, step=replace(question.step, gate=gate))).words == "looked again: it is another gate"


def test_another_engine_is_another_look(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.keep("secrets")
    (tmp_path / "site-packages" / "plugin-1.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    machines.engine.cache_clear()
    assert "installed for it is another" in place.ask("secrets").words


@pytest.mark.parametrize(
    ("gate", "options", "untouched", "touched"),
    [
        ("tests", {"inputs": ["app.py"]}, "notes.md", "app.py"),
        ("tests", {"inputs": ["app.py"], "paths": ["site"]}, "notes.md", "site/index.html"),
        ("contracts", {**OPTIONS["contracts"], "inputs": ["app.py"]}, "notes.md", "openapi.yaml"),
        ("accessibility", {**OPTIONS["accessibility"], "inputs": ["site"]}, "app.py", "site/index.html"),
        ("accessibility", {"pages": ["/"], "serve": {"directory": "site"}}, "app.py", "site/index.html"),
        ("secrets", {"paths": ["site"]}, "app.py", "site/index.html"),
        ("security", {"exclude": ["site"]}, "site/index.html", "app.py"),
    ],
)
def test_a_gate_that_says_what_it_reads_depends_on_that_alone(
    place: Place, gate: str, options: dict[str, Any], untouched: str, touched: str
) -> None:
    place.keep(gate, options)
    write(untouched, "another\n")(place)
    assert place.ask(gate, options).entry == ENTRY
    write(touched, "another\n")(place)
    assert place.ask(gate, options).entry is None


@pytest.mark.parametrize(
    ("gate", "options", "why"),
    [
        ("external", {"command": ["x"], "sarif": "x"}, "what external sees can change at any time"),
        ("dependencies", {"advisories": "pypi"}, "its advisories are on the network"),
        ("contracts", {"schema": "openapi.yaml", "url": "https://x.example"}, "the service, or its contract, is somewhere else"),
        ("contracts", {"schema": "https://x.example/openapi.json", "serve": SERVE}, "the service, or its contract, is somewhere else"),
        ("accessibility", {"pages": ["/"], "url": "https://x.example"}, "the site is somewhere else"),
        (
            "accessibility",
            {"pages": ["/"], "serve": {"directory": "site"}, "login": {"command": ["x"], "proof": "#out"}},
            "what somebody who is signed in sees can change at any time",
        ),
    ],
)
def test_what_can_change_unseen_is_never_kept(place: Place, gate: str, options: dict[str, Any], why: str) -> None:
    place.keep("secrets")
    answer = place.ask(gate, options)
    assert not answer.parts
    assert answer.words.startswith(f"looked again: it is never kept: {why}")


def test_what_it_depends_on_may_not_be_there(place: Place) -> None:
    place.keep("secrets")
    answer = place.ask("secrets", {"paths": ["nowhere"]})
    assert (answer.entry, dict(answer.parts)) == (None, {})
    assert "what it depends on is not known: `paths` names 'nowhere'" in answer.words


def test_what_was_written_while_the_gate_looked_is_not_kept(place: Place) -> None:
    cache = place.open(fresh=True)
    cache._opened -= 10**12  # as though it had begun before the files were written
    asked = cache.ask(place.question("secrets"))
    assert not cache.complete(asked).parts


def test_what_changed_after_the_look_is_not_kept(place: Place) -> None:
    """A file that git tracks ends the run; another is looked at here."""
    write("new.py", "x = 1\n")(place)
    cache = place.open(fresh=True)
    asked = cache.complete(cache.ask(place.question("secrets")))
    assert asked.parts
    write("new.py", "x = 3\n")(place)
    cache.keep(asked, ENTRY, origin=ENTRY.origin, duration_ms=1)
    cache.close()
    assert place.open()._store.empty


def test_a_file_is_read_again_only_where_the_system_says_that_it_was_touched(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    memo = place.folder / "memo.json"
    first = Contents(place.repository.root, memo)
    seen = first.of("app.py")
    first.remember()
    again = Contents(place.repository.root, memo)
    monkeypatch.setattr("gates.cache.contents.hashlib.file_digest", None)
    assert again.of("app.py") == seen
    assert again.changed() == []


def test_a_file_that_was_written_a_moment_ago_is_not_remembered(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    memo = place.folder / "memo.json"
    monkeypatch.setattr("gates.cache.contents.COARSE", 10**15)
    first = Contents(place.repository.root, memo)
    first.of("app.py")
    first.remember()
    assert Contents(place.repository.root, memo)._known == {}


def test_what_a_submodule_may_change_is_never_kept(place: Place) -> None:
    head = place.repository.git("rev-parse", "HEAD")
    (place.repository.root / "lib").mkdir()
    place.repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},lib")
    place.keep("secrets")
    assert place.ask("secrets").entry == ENTRY
    assert "may read submodules" in place.ask("tests").words
