"""The container of a bundle withstands what archives are attacked with."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.adapters import files
from gates.errors import BundleError
from gates.evidence import archive

MEMBERS = {"manifest.json": b"{}", "raw/tests/junit.xml": b"<a/>", "facts/tests.json": b'{"a":1}'}

names = st.from_regex(r"[a-z0-9_@-]{1,6}(/[a-z0-9_.@-]{1,6}x){0,3}", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=40), max_size=6))
def test_what_is_packed_is_unpacked_and_packing_is_deterministic(members: dict[str, bytes]) -> None:
    content = archive.pack(members)
    assert archive.unpack(content) == members
    assert archive.pack(dict(reversed(members.items()))) == content


def test_no_beginning_of_an_archive_is_one() -> None:
    content = archive.pack(MEMBERS)
    for end in range(len(content)):
        with pytest.raises(BundleError):
            archive.unpack(content[:end])


@settings(max_examples=300)
@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    content = bytearray(archive.pack(MEMBERS))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    try:
        read = archive.unpack(bytes(content))
    except BundleError:
        return
    # A byte of a member and its checksums can't change together; a name's can, and then it is another member.
    assert read != MEMBERS


@pytest.mark.parametrize(
    "change", [lambda c: b"x" + c, lambda c: c + b"x", lambda c: c[:-1], lambda c: c[1:], lambda c: c + c, lambda _: b""]
)
def test_more_or_less_than_the_archive_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BundleError):
        archive.unpack(change(archive.pack(MEMBERS)))


def _zip(entries: list[tuple[zipfile.ZipInfo | str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, content in entries:
            made.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../b", "a//b", "./a", "a/.", "C:\\x", "a\\b", "é", "a\nb", "", "a/", "x" * 201, "a b"]
)
def test_names_that_lead_astray_are_refused(name: str) -> None:
    with pytest.raises(BundleError):
        archive.check_members({name: 1})


def test_compressed_members_are_refused() -> None:
    with pytest.raises(BundleError, match="not simply stored"):
        archive.unpack(_zip([("a", b"0" * 1000)], zipfile.ZIP_DEFLATED))


def test_encrypted_members_are_refused() -> None:
    content = bytearray(archive.pack({"a": b"0"}))
    content[content.index(b"PK\x03\x04") + 6] |= 1
    with pytest.raises(BundleError, match="not simply stored"):
        archive.unpack(bytes(content))


def test_an_archive_beyond_all_bounds_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = archive.pack(MEMBERS)
    monkeypatch.setattr(archive, "ARCHIVE_LIMIT", len(content) - 1)
    with pytest.raises(BundleError, match="larger than"):
        archive.unpack(content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_members_are_refused() -> None:
    with pytest.raises(BundleError):
        archive.unpack(_zip([("a", b"1"), ("a", b"2")]))


def test_members_that_differ_in_case_are_refused() -> None:
    with pytest.raises(BundleError, match="only in case"):
        archive.check_members({"Raw/a": 1, "raw/A": 1})


def test_other_dates_modes_and_comments_are_refused() -> None:
    dated = zipfile.ZipInfo("a", (1999, 1, 1, 0, 0, 0))
    linked = zipfile.ZipInfo("a", (1980, 1, 1, 0, 0, 0))
    linked.external_attr = 0o120777 << 16
    for entry in (dated, linked):
        with pytest.raises(BundleError):
            archive.unpack(_zip([(entry, b"x")]))
    buffer = io.BytesIO(archive.pack(MEMBERS))
    with zipfile.ZipFile(buffer, "a") as made:
        made.comment = b"hello"
    with pytest.raises(BundleError):
        archive.unpack(buffer.getvalue())


def test_the_bounds_of_evidence_hold() -> None:
    with pytest.raises(BundleError, match="more than 2000"):
        archive.check_members({f"a{number}": 1 for number in range(2001)})
    with pytest.raises(BundleError, match="64 MiB"):
        archive.check_members({"a": archive.MEMBER_LIMIT + 1})
    with pytest.raises(BundleError, match="256 MiB"):
        archive.check_members({f"a{number}": archive.MEMBER_LIMIT for number in range(5)})


class _Counted(io.BytesIO):
    """A stream that remembers how much of it was ever asked for at once."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.largest = max(self.largest, -1 if size is None else size)
        return super().read(size)


def test_nothing_is_read_of_more_members_than_a_bundle_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    members = {f"a{number:05}": b"" for number in range(20_000)}
    with monkeypatch.context() as patched:
        patched.setattr(archive, "MEMBERS_LIMIT", len(members))
        stream = _Counted(archive.pack(members))
    with pytest.raises(BundleError, match="more than 2000"):
        archive.read(stream)
    assert stream.tell() < 2002 * (30 + 6)


def test_no_more_is_read_at_once_than_a_member_may_hold() -> None:
    content = bytearray(archive.pack({"a": b"0"}))
    for field in (18, 22):
        struct.pack_into("<L", content, field, archive.MEMBER_LIMIT + 1)
    stream = _Counted(bytes(content))
    with pytest.raises(BundleError, match="larger than 64 MiB"):
        archive.read(stream)
    assert stream.largest < 1000


def test_the_archive_is_the_one_that_another_implementation_writes() -> None:
    entries = [(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), MEMBERS[name]) for name in sorted(MEMBERS)]
    for info, _ in entries:
        info.create_system, info.external_attr = 3, 0o100644 << 16
    assert archive.pack(MEMBERS) == _zip([*entries])
    with zipfile.ZipFile(io.BytesIO(archive.pack(MEMBERS))) as theirs:
        assert theirs.testzip() is None
        assert {name: theirs.read(name) for name in theirs.namelist()} == MEMBERS


def test_what_may_be_written_may_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound counts the headers too, or the largest bundle could not be verified."""
    size = len(archive.pack(MEMBERS))
    monkeypatch.setattr(archive, "ARCHIVE_LIMIT", size)
    assert archive.unpack(archive.pack(MEMBERS)) == MEMBERS
    monkeypatch.setattr(archive, "ARCHIVE_LIMIT", size - 1)
    with pytest.raises(BundleError, match="would be larger than"):
        archive.pieces(MEMBERS)


def test_neither_reading_nor_writing_holds_it_twice(tmp_path: Path) -> None:
    """Beside the members themselves there is room for the largest one, and no more."""
    members = {f"raw/x/{number}": random.Random(number).randbytes(2**18) for number in range(40)}
    path = tmp_path / "bundle.zip"
    tracemalloc.start()
    try:
        files.write_atomically(path, archive.pieces(members))
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**18
        tracemalloc.reset_peak()
        assert archive.read_file(path) == members
        assert tracemalloc.get_traced_memory()[1] < 42 * 2**18
    finally:
        tracemalloc.stop()


def test_a_folder_with_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"{}")
    assert archive.read_folder(tmp_path) == {"manifest.json": b"{}"}
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(BundleError, match="link"):
        archive.read_folder(tmp_path)


def test_folders_are_followed_no_deeper_than_a_name_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "/".join(["x" * 100] * 3)).mkdir(parents=True)
    with pytest.raises(BundleError, match="a member's name is not one that evidence may hold"):
        archive.read_folder(tmp_path)
