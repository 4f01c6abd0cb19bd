"""No byte of a signed bundle may be another, gone or one too many: each in turn in a small bundle, some in a large one."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from gates.evidence import archive, bundle
from gates.evidence.verify import Expectation, verify
from tests.evidence.forging import Forge, closed, forge, signed, unsigned


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    return forge(tmp_path_factory.mktemp("bytes"))


def accepted(forged: Forge, path: Path, changes: Iterator[tuple[str, bytes]]) -> tuple[int, list[str]]:
    """How many changes were tried, and those that were accepted or not called what they are."""
    expected = Expectation(trusted=forged.trusted, signed=True)
    tried, found = 0, []
    for what, content in changes:
        path.write_bytes(content)
        tried += 1
        if verify(path, expected).code not in {5, 6}:
            found.append(what)
    return tried, found


def flips(content: bytes, places: Iterator[int], masks: tuple[int, ...]) -> Iterator[tuple[str, bytes]]:
    changed = bytearray(content)
    for place in places:
        for mask in masks:
            changed[place] ^= mask
            yield f"byte {place} by {mask:#x}", bytes(changed)
            changed[place] ^= mask


def gaps(content: bytes, places: Iterator[int]) -> Iterator[tuple[str, bytes]]:
    for place in places:
        yield f"byte {place} gone", content[:place] + content[place + 1 :]
        yield f"a byte before {place}", content[:place] + b"0" + content[place:]


def ours(content: bytes) -> list[int]:
    """The places of headers and of all members but the page: what a verifier parses."""
    page = archive.unpack(content)[bundle.PAGE]
    start = content.index(page)
    return [place for place in range(len(content)) if not start <= place < start + len(page)]


def test_each_byte_of_a_small_bundle_counts(forged: Forge, tmp_path: Path) -> None:
    """Headers, lists, manifest, signatures and JSON whole; of the page, which one checksum and one digest cover, some."""
    content, places = forged.content, ours(forged.content)
    page = sorted(set(range(len(content))) - set(places))[::50]
    tried, found = accepted(forged, tmp_path / "b.zip", flips(content, iter([*places, *page]), (0x01,)))
    assert (tried, found) == (len(places) + len(page), [])
    assert tried > 10_000


def test_each_byte_of_headers_manifest_and_signatures_counts_whatever_it_becomes(forged: Forge, tmp_path: Path) -> None:
    """Where another byte would be read in another way: case, sign, and length."""
    content = forged.content
    covered = {
        place for found in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", content) for place in range(found.start(), found.start() + 46)
    }
    for name in (bundle.MANIFEST, *bundle.SIGNATURES & set(forged.members)):
        start = content.index(forged.members[name])
        covered |= set(range(start, start + len(forged.members[name]), 7))
    places = [place for place in sorted(covered) if place < len(content)]
    tried, found = accepted(forged, tmp_path / "b.zip", flips(content, iter(places), (0x80, 0x20, 0xFF)))
    assert (tried, found) == (3 * len(places), [])


def test_a_byte_that_is_gone_or_one_too_many_counts(forged: Forge, tmp_path: Path) -> None:
    content, places = forged.content, ours(forged.content)[::9]
    tried, found = accepted(forged, tmp_path / "b.zip", gaps(content, iter(places)))
    assert (tried, found) == (2 * len(places), [])


def test_each_byte_of_each_member_counts_where_the_checksums_are_right_again(forged: Forge, tmp_path: Path) -> None:
    """A byte changed inside a member, and the archive written anew: now it is the manifest, or the signature, that has to notice."""
    members = forged.members

    def changes() -> Iterator[tuple[str, bytes]]:
        for name in sorted(members):
            for what, content in flips(members[name], iter(range(0, len(members[name]), 1 if len(members[name]) < 600 else 23)), (0x01,)):
                yield f"{name}: {what}", archive.pack({**members, name: content})

    tried, found = accepted(forged, tmp_path / "b.zip", changes())
    assert found == []
    assert tried > 3_000


def test_bytes_of_a_large_bundle_count(forged: Forge, tmp_path: Path) -> None:
    """20 MB of raw output: bytes of its middle, and of all that lies before and behind it."""
    chance = random.Random(20)
    raw = {f"raw/checks/log-{number}.bin": chance.randbytes(2**20) for number in range(19)}
    content = archive.pack(signed(closed({**unsigned(forged.members), **raw}), forged.key))
    path = tmp_path / "large.zip"
    path.write_bytes(content)
    assert verify(path, Expectation(trusted=forged.trusted, signed=True)).code == 0
    start, end = content.index(raw["raw/checks/log-0.bin"]), content.index(raw["raw/checks/log-9.bin"]) + 2**20
    assert end - start > 18 * 2**20
    places = (chance.sample(range(start), 30), chance.sample(range(start, end), 40), chance.sample(range(end, len(content)), 30))
    with path.open("r+b") as stream:
        found = [place for group in places for place in group if changed_in_place(forged, stream, path, place)]
    assert found == []


def changed_in_place(forged: Forge, stream: BinaryIO, path: Path, place: int) -> bool:
    """Whether the bundle is accepted with another byte at a place; it is put back."""
    stream.seek(place)
    before = stream.read(1)
    for byte in (bytes([before[0] ^ 1]), before):
        stream.seek(place)
        stream.write(byte)
        stream.flush()
        if byte != before and verify(path, Expectation(trusted=forged.trusted, signed=True)).code not in {5, 6}:
            return True
    return False
