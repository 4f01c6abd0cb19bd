"""Entries on disk: what is not as it was written is no answer, and nobody who can't write to the user's folder has a say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gates.cache import Entry, Mask, folder_of
from gates.cache import store as stores
from gates.cache.store import Store
from gates.errors import EvidenceError
from gates.model import CachedFrom

ENTRY = Entry(
    members={"observe.json": b'{"status": "completed"}', "scan.json": bytes(range(256))},
    masks=(Mask(name="scan.json", line=3, rules=("env:TOKEN",), count=2),),
    origin=CachedFrom(started="2026-01-01T00:00:00Z", commit=None, bundle="b" * 64),
)
PARTS = {"files": "f", "options": "o"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Store(tmp_path / "facts").write("key", PARTS, ENTRY)
    return tmp_path / "facts"


def test_an_entry_comes_back_as_it_was(folder: Path) -> None:
    assert Store(folder).read("key", PARTS) == (ENTRY, "")
    assert Store(folder).read("other", PARTS) == (None, "")


def test_an_entry_of_which_a_byte_is_another_or_missing_is_thrown_away(folder: Path) -> None:
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    spoilt = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), 7)]
    for content in (*spoilt, *(whole[:at] for at in range(0, len(whole), 11)), whole + b"x"):
        path.write_bytes(content)
        assert Store(folder).read("key", PARTS) == (None, "it is not as it was written, and was thrown away")
        assert not path.exists()


def test_an_entry_under_the_name_of_another_is_none(folder: Path) -> None:
    (path,) = folder.iterdir()
    path.rename(folder / "other.entry")
    assert Store(folder).read("other", {**PARTS, "files": "g"}) == (None, "it is not as it was written, and was thrown away")


def test_what_is_written_after_the_run_began_is_not_read(folder: Path) -> None:
    """The project's own programs run under the same user."""
    before = Store(folder)
    Store(folder).write("key", PARTS, ENTRY)
    Store(folder).write("new", PARTS, ENTRY)
    assert before.read("key", PARTS) == (None, "it was written to while this run went on")
    assert before.read("new", PARTS) == (None, "")


def test_an_entry_that_can_not_be_read_is_none(folder: Path) -> None:
    (path,) = folder.iterdir()
    store = Store(folder)
    path.unlink()
    assert store.read("key", PARTS) == (None, "it can't be read: No such file or directory")


def test_what_unpacks_to_more_than_an_entry_may_be_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "ENTRY_LIMIT", 64)
    assert Store(folder).read("key", PARTS) == (None, "it is not as it was written, and was thrown away")


def test_what_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "ENTRY_LIMIT", 64)
    Store(tmp_path).write("key", PARTS, ENTRY)
    assert Store(tmp_path).empty


def test_the_oldest_entries_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(folder)
    store.write("young", PARTS, ENTRY)
    size = (folder / "young.entry").stat().st_size
    os.utime(folder / "key.entry", (1, 1))
    monkeypatch.setattr(stores, "LIMIT", size)
    store.prune()
    assert [path.name for path in folder.iterdir()] == ["young.entry"]


def test_where_it_can_not_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "facts").write_text("a file", "ascii")
    store = Store(tmp_path / "facts")
    assert store.empty
    with pytest.raises(EvidenceError):
        store.write("key", PARTS, ENTRY)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HOME": "/h"}, "/h/.cache/quality-gates"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/quality-gates"),
        ({"HOME": "/h", "GATES_CACHE_DIR": "/g"}, "/g"),
        ({"HOME": "/h", "GATES_CACHE_DIR": ""}, None),
        ({"HOME": "/h", "GATES_CACHE_DIR": "in/the/checkout"}, None),
        ({"HOME": "/h", "CI": "true"}, None),
        ({"HOME": "/h", "CI": "true", "GATES_CACHE_DIR": "/g"}, "/g"),
        ({"HOME": "h"}, None),
        ({}, None),
    ],
)
def test_the_folder_is_the_user_s_and_in_ci_one_that_was_named(environment: dict[str, str], folder: str | None) -> None:
    assert folder_of(environment) == (None if folder is None else Path(folder))
