"""The container of a bundle withstands what archives are attacked with."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.errors import BundleError
from gates.evidence import archive

MEMBERS = {"manifest.json": b"{}", "raw/tests/junit.xml": b"<a/>", "facts/tests.json": b'{"a":1}'}

names = st.from_regex(r"[a-z0-9_@-]{1,6}(/[a-z0-9_.@-]{1,6}x){0,3}", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=40), max_size=6))
def test_what_is_packed_is_unpacked_and_packing_is_deterministic(members: dict[str, bytes]) -> None:
    content = archive.pack(members)
    assert archive.unpack(content) == members
    assert archive.pack(dict(reversed(members.items()))) == content


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
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(BundleError, match="not simply stored"):
        archive.unpack(bytes(content))


def test_a_member_that_claims_more_than_there_is_is_refused() -> None:
    content = bytearray(archive.pack({"a": b"0"}))
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + 24, 2**31)
    with pytest.raises(BundleError):
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


def _end(size: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 20_000, 20_000, size, 0, 0)


def _zip64_end(size: int) -> bytes:
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 20, 20, 0, 0, 20_000, 20_000, size, 0)
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1) + _end(0)


@pytest.mark.parametrize("end", [_end, _zip64_end])
def test_a_list_of_very_many_members_is_refused_before_it_is_read(end: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(zipfile, "ZipFile", opened.append)
    entry = b"PK\x01\x02" + struct.pack("<4H", 20, 20, 0, 0) + b"\0" * 16 + struct.pack("<3H", 1, 0, 0) + b"\0" * 12 + b"a"
    with pytest.raises(BundleError):
        archive.unpack(entry * 20_000 + end(len(entry) * 20_000))
    assert not opened


def test_a_folder_with_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"{}")
    assert archive.read_folder(tmp_path) == {"manifest.json": b"{}"}
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(BundleError, match="link"):
        archive.read_folder(tmp_path)
