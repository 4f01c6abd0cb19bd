"""What bundles are attacked with, one line each: `ATTACKS` is the documentation's table.

Each is made of a real bundle that is signed by the key that the verifier trusts, and is asked about with everything that it could be
about. Where the name says "signed by the trusted key", the attacker has even that: he lies to the job that signs, or has robbed it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import struct
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from gates import canonical
from gates.errors import VerifyCode
from gates.evidence import archive, dsse
from gates.evidence.attestation import ATTESTATION, SUMMARY
from gates.evidence.keys import PrivateKey
from gates.model import Enforcement, Record
from tests.evidence.forging import FAULT, Forge, Members, closed, edited, remade, restated, signed, unsigned

#: The bundle that is attacked, made into another: an archive, members for one, or the path of something else.
Make = Callable[[Forge], bytes | Members | Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """`words` are said in the answer that fails; `options` are what the verifier asks for beside the usual."""

    part: str
    what: str
    code: VerifyCode
    words: str
    make: Make
    options: tuple[str, ...] = ()


def _part(part: str, code: VerifyCode) -> Callable[..., Attack]:
    def attack(what: str, words: str, make: Make, *options: str) -> Attack:
        return Attack(part=part, what=what, code=code, words=words, make=make, options=options)

    return attack


# -- the archive

_archive = _part("The archive", VerifyCode.NOT_INTACT)
_OTHER = "is not the one that was written"
_UNREADABLE = "is not a zip archive that can be read"
_NAME = "name is not one that evidence may hold"

#: Fields of the three kinds of headers: what they are, where, how many bytes, and what they are made.
_HEADER = (
    ("version", 4, 2, 45),
    ("flag of encryption", 6, 2, 1),
    ("flag of sizes that come later", 6, 2, 8),
    ("flag of UTF-8", 6, 2, 0x800),
    ("method: deflated", 8, 2, 8),
    ("method: unknown", 8, 2, 99),
    ("time", 10, 2, 1),
    ("date", 12, 2, 0),
    ("checksum", 14, 4, 1),
    ("packed size", 18, 4, 1),
    ("size", 22, 4, 1),
    ("size: ZIP64", 22, 4, 0xFFFFFFFF),
    ("length of the name", 26, 2, 3),
    ("length of an extra field", 28, 2, 4),
)
_LINE = (
    ("maker", 4, 2, 20),
    ("version", 6, 2, 45),
    ("flag of encryption", 8, 2, 1),
    ("method: deflated", 10, 2, 8),
    ("time", 12, 2, 1),
    ("date", 14, 2, 0),
    ("checksum", 16, 4, 1),
    ("packed size", 20, 4, 1),
    ("size", 24, 4, 1),
    ("length of the name", 28, 2, 3),
    ("length of an extra field", 30, 2, 4),
    ("length of a comment", 32, 2, 4),
    ("disk", 34, 2, 1),
    ("kind of content", 36, 2, 1),
    ("mode: a link", 38, 4, 0o120777 << 16),
    ("mode: may be executed", 38, 4, 0o100755 << 16),
    ("place", 42, 4, 0),
    ("place: ZIP64", 42, 4, 0xFFFFFFFF),
)
_END = (
    ("number of the disk", 4, 2, 1),
    ("disk of the list", 6, 2, 1),
    ("members on this disk", 8, 2, 0),
    ("members", 10, 2, 0),
    ("members: ZIP64", 10, 2, 0xFFFF),
    ("size of the list", 12, 4, 0),
    ("place of the list", 16, 4, 0),
    ("length of a comment", 20, 2, 1),
)


def _set(mark: bytes, field: tuple[str, int, int, int]) -> Make:
    """The archive with another value in a field of the last header with a mark."""
    _, place, width, value = field

    def make(forge: Forge) -> bytes:
        content = bytearray(forge.content)
        start = content.rindex(mark) + place
        content[start : start + width] = value.to_bytes(width, "little")
        return bytes(content)

    return make


def _fields() -> Iterator[Attack]:
    words = {"flag": "not simply stored", "method": "not simply stored", "checksum": "checksum is another", "packed": _OTHER}
    words |= {"size: ZIP64": "larger than 64 MiB", "size": "checksum is another", "length of the name": "checksum is another"}
    for field in _HEADER:
        said = next((said for start, said in words.items() if field[0].startswith(start)), _OTHER)
        yield _archive(f"a member's header says another {field[0]}", said, _set(b"PK\x03\x04", field))
    for field in _LINE:
        yield _archive(f"the list at the end says another {field[0]}", _OTHER, _set(b"PK\x01\x02", field))
    for field in _END:
        yield _archive(f"the end says another {field[0]}", _OTHER, _set(b"PK\x05\x06", field))


def _written(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive as another program writes it, canonical but for what is asked."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Duplicate name")
        for name, content in entries:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr, info.compress_type = 3, 0o100644 << 16, method
            made.writestr(info, content)
    return buffer.getvalue()


def _more(*entries: tuple[str, bytes]) -> Make:
    """The archive with more members, in the order of their names."""
    return lambda forge: _written(sorted([*forge.members.items(), *entries], key=lambda entry: entry[0]))


def _named(name: bytes) -> Make:
    """The archive with a member of any name: of the same length, written over one of zeros."""

    def make(forge: Forge) -> bytes:
        plain = "zz" + "z" * (len(name) - 2)
        content = _written([*sorted(forge.members.items()), (plain, b"")])
        header, listed = content.rindex(b"PK\x03\x04") + 30, content.rindex(plain.encode())
        return b"".join((content[:header], name, content[header + len(name) : listed], name, content[listed + len(name) :]))

    return make


def _zip64(forge: Forge) -> bytes:
    """A second end, and the pointer to it, for readers that know ZIP64: it lists one member."""
    content = forge.content
    start = content.rindex(b"PK\x05\x06")
    size, place = struct.unpack_from("<2L", content, start + 12)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, place)
    return content[:start] + record + struct.pack("<4sLQL", b"PK\x06\x07", 0, start, 1) + content[start:]


def _hidden(forge: Forge) -> bytes:
    """Bytes between two members that no header counts; the list is moved on."""
    content = forge.content
    start, more = content.rindex(b"PK\x05\x06"), b"hidden"
    (place,) = struct.unpack_from("<L", content, start + 16)
    end = content[start : start + 16] + struct.pack("<LH", place + len(more), 0)
    return content[:place] + more + content[place:start] + end


def _two_lists(forge: Forge) -> bytes:
    """The list and the end of another archive of the same members between the members and their own."""
    content = forge.content
    tail = content[content.index(b"PK\x01\x02") :]
    return content[: -len(tail)] + tail + tail


def _overlapping(_: Forge) -> bytes:
    """A bomb: every member of the list is the same 60 MiB."""
    header = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, 0, 1000, 60 * 2**20, 1, 0) + b"a"
    packed = zlib.compress(bytes(60 * 2**20), 9)[2:-4]
    lines = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 788, 20, 0, 8, 0, 33, 0, 1000, 60 * 2**20, 4, 0, 0, 0, 0, 0o100644 << 16, 0)
        + f"{number:04}".encode()
        for number in range(1999)
    )
    place = len(header) + len(packed)
    return header + packed + lines + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1999, 1999, len(lines), place, 0)


def _sparse(size: int) -> Make:
    """A file of that size that takes no room."""

    def make(forge: Forge) -> Path:
        path = forge.folder / "sparse.zip"
        path.write_bytes(forge.content)
        os.truncate(path, size)
        return path

    return make


def _first(forge: Forge) -> bytes:
    """The list and the end before the members."""
    content = forge.content
    start = content.index(b"PK\x01\x02")
    return content[start:] + content[:start]


ARCHIVE = (
    _archive("nothing at all", _UNREADABLE, lambda _: b""),
    _archive("one byte in front", _UNREADABLE, lambda forge: b"#" + forge.content),
    _archive("a script in front, as in an archive that extracts itself", _UNREADABLE, lambda forge: b"#!/bin/sh\n" + forge.content),
    _archive("one byte behind", _OTHER, lambda forge: forge.content + b"\n"),
    _archive("a megabyte behind", _OTHER, lambda forge: forge.content + bytes(2**20)),
    _archive("another whole bundle behind", _OTHER, lambda forge: forge.content + archive.pack(signed(forge.bad.unsigned, forge.key))),
    _archive("another whole bundle in front", _OTHER, lambda forge: archive.pack(signed(forge.bad.unsigned, forge.key)) + forge.content),
    _archive("the first byte cut off", _UNREADABLE, lambda forge: forge.content[1:]),
    _archive("the last byte cut off", _OTHER, lambda forge: forge.content[:-1]),
    _archive("the second half cut off", "ends in the middle of a member", lambda forge: forge.content[: len(forge.content) // 2]),
    _archive("the end cut off", _OTHER, lambda forge: forge.content[:-22]),
    _archive("the list and the end cut off", _OTHER, lambda forge: forge.content[: forge.content.index(b"PK\x01\x02")]),
    _archive("the list and the end in front", _UNREADABLE, _first),
    _archive("the end twice", _OTHER, lambda forge: forge.content + forge.content[-22:]),
    _archive("an end of no members behind", _OTHER, lambda forge: forge.content + b"PK\x05\x06" + bytes(18)),
    _archive("an end of no members alone", "there is no manifest.json", lambda _: b"PK\x05\x06" + bytes(18)),
    _archive("the list and the end twice", _OTHER, _two_lists),
    _archive("a comment that holds an end", _OTHER, lambda forge: forge.content[:-2] + struct.pack("<H", 22) + b"PK\x05\x06" + bytes(18)),
    _archive("an end for ZIP64 that lists one member", _OTHER, _zip64),
    _archive("bytes between the members and the list", _OTHER, _hidden),
    *_fields(),
    _archive("a member twice, the second another", "have the same name", _more(("decision.json", b"{}"))),
    _archive("a member twice, both alike", "have the same name", lambda forge: _more(("run.json", forge.members["run.json"]))(forge)),
    _archive("members in another order", _OTHER, lambda forge: _written(sorted(forge.members.items(), reverse=True))),
    _archive("members deflated", "not simply stored", lambda forge: _written(sorted(forge.members.items()), zipfile.ZIP_DEFLATED)),
    _archive("members packed by bzip2", "not simply stored", lambda forge: _written(sorted(forge.members.items()), zipfile.ZIP_BZIP2)),
    _archive("members packed by LZMA", "not simply stored", lambda forge: _written(sorted(forge.members.items()), zipfile.ZIP_LZMA)),
    _archive("a bomb: 60 MiB in 60 KB", "not simply stored", lambda _: _written([("a", bytes(60 * 2**20))], zipfile.ZIP_DEFLATED)),
    _archive("a bomb: 2,000 members that share their bytes", "not simply stored", _overlapping),
    _archive("an entry for a folder", _NAME, _more(("raw/", b""))),
    _archive("2,001 members", "more than 2000 members", lambda _: _written([(f"a{number:04}", b"") for number in range(2001)])),
    _archive("20,000 members", "more than 2000 members", lambda _: _written([(f"a{number:05}", b"") for number in range(20_000)])),
    _archive("a file of 257 MiB without content behind it", "larger than 256 MiB", _sparse(257 * 2**20)),
    _archive("a file of 8 TiB without content behind it", "larger than 256 MiB", _sparse(8 * 2**40)),
    _archive("a file of 200 MiB without content behind it", _OTHER, _sparse(200 * 2**20)),
    _archive("a gzip of it", _UNREADABLE, lambda forge: zlib.compress(forge.content, wbits=31)),
    _archive("a page that calls itself a bundle", _UNREADABLE, lambda _: b"<!doctype html><title>passed</title>"),
    _archive("a device that never ends", "not a regular file", lambda _: Path("/dev/zero")),
    _archive("a pipe that nobody writes to", "not a regular file", lambda forge: _fifo(forge.folder / "pipe.zip")),
    _archive("a link that leads to itself", "can't be read", lambda forge: _link(forge.folder / "loop.zip", forge.folder / "loop.zip")),
    _archive("a name that leads nowhere", "can't be read", lambda forge: forge.folder / "nothing.zip"),
)


def _fifo(path: Path) -> Path:
    if not path.exists():
        os.mkfifo(path)
    return path


def _link(path: Path, target: Path) -> Path:
    if not path.is_symlink():
        path.symlink_to(target)
    return path


_NAMES: tuple[tuple[str, bytes], ...] = (
    ("out of the folder", b"../../zzz"),
    ("out of the folder in its middle", b"raw/../../zz"),
    ("from the root", b"/etc/passwd"),
    ("on a drive", b"C:/zzz"),
    ("with backslashes", b"raw\\..\\zz"),
    ("on a server of Windows", b"\\\\host\\share"),
    ("with an empty part", b"raw//zz"),
    ("with a dot for a part", b"./zz"),
    ("that ends in a slash", b"zzzz/"),
    ("that is two dots", b".."),
    ("with a null byte", b"zz.json\0.exe"),
    ("with a line break", b"zz\nverdict: passed"),
    ("with commands to a terminal", b"zz\x1b[2J\x1b[H"),
    ("with a command to a CI runner", b"zz\n::error::zz"),
    ("with an accent in one character", "zz\u00e9".encode()),
    ("with an accent in two characters", "zze\u0301".encode()),
    ("of letters that look like ours", "zz\u0430".encode()),
    ("that is written from right to left", "zz\u202ezz".encode()),
    ("that is no UTF-8", b"zz\xff\xfe"),
    ("with a space", b"zz zz"),
    ("of a device of Windows and a colon", b"zz:stream"),
    ("of 201 bytes", b"z" * 201),
    ("of 60,000 bytes", b"z" * 60_000),
)
NAMES = (
    *(_archive(f"a member's name {how}", _NAME, _named(name)) for how, name in _NAMES),
    _archive("a member without a name", _NAME, lambda forge: _written([("", b""), *sorted(forge.members.items())])),
    _archive("two names that differ in case", "differ only in case", _more(("Run.json", b"{}"))),
    _archive("two names that differ in the case of a folder", "differ only in case", _more(("RAW/checks/report.xml", b""))),
)


# -- members and manifest

_member = _part("Members and their list", VerifyCode.NOT_INTACT)
_SAYS = "is not what the manifest says"


def _with(**changes: bytes) -> Make:
    return lambda forge: forge.members | {name.replace("__", "/").replace("_", "."): content for name, content in changes.items()}


def _listed(change: Callable[[list[dict[str, Any]]], object]) -> Make:
    """Another list in the manifest, signed by the trusted key."""
    return _manifest(lambda manifest: change(manifest["members"]))


def _manifest(change: Callable[[Any], object]) -> Make:
    return lambda forge: signed(edited(forge.good.unsigned, "manifest.json", change), forge.key)


def _swapped(forge: Forge) -> Members:
    members = forge.members
    one, other = "raw/checks/observe.json", "raw/secrets/observe.json"
    return {**members, one: members[other] + b" ", other: members[one]}


def _line_of(listed: list[dict[str, Any]], path: str) -> dict[str, Any]:
    return next(line for line in listed if line["path"] == path)


def _doubled(listed: list[dict[str, Any]]) -> None:
    listed.insert(1, dict(listed[0]))


#: The members of a run, each of which is taken away, and changed.
MEMBERS = (
    "context.json",
    "decision.json",
    "facts/checks.json",
    "facts/secrets.json",
    "origins.json",
    "policies/effective.json",
    "policies/gates.yaml",
    "policies/shipped/baseline.yaml",
    "raw/checks/observe.json",
    "raw/checks/report.xml",
    "raw/checks/tools.json",
    "raw/secrets/inventory.json",
    "raw/secrets/observe.json",
    "raw/secrets/scan.json",
    "raw/secrets/tools.json",
    "redactions.json",
    "report.html",
    "run.json",
)


def _without(name: str) -> Make:
    return lambda forge: {path: content for path, content in forge.members.items() if path != name}


def _lengthened(name: str) -> Make:
    return lambda forge: {**forge.members, name: forge.members[name] + b" "}


def _of_the_failed_run(name: str) -> Make:
    return lambda forge: {**forge.members, name: forge.bad.unsigned[name] + b" "}


LISTED = (
    *(_member(f"`{name}` is missing", "a member is missing", _without(name)) for name in MEMBERS),
    *(_member(f"`{name}` has one byte more", _SAYS, _lengthened(name)) for name in MEMBERS),
    *(_member(f"`{name}` is that of another run", _SAYS, _of_the_failed_run(name)) for name in MEMBERS[:4]),
    _member("two members change places", _SAYS, _swapped),
    _member("there is no manifest", "there is no manifest.json", _without("manifest.json")),
    _member("a member is not listed", "not listed in the manifest", lambda forge: {**forge.members, "raw/checks/more.xml": b"<a/>"}),
    _member("a page is not listed", "not listed in the manifest", lambda forge: {**forge.members, "index.html": b"passed"}),
    _member("the list is in another order", "not sorted", _listed(lambda listed: listed.reverse())),
    _member("a line stands twice in the list", "not sorted", _listed(_doubled)),
    _member(
        "the list lists itself",
        "lists what it must not",
        _listed(lambda listed: _line_of(listed, "context.json").update(path="manifest.json")),
    ),
    _member(
        "the list lists a signature", "lists what it must not", _listed(lambda listed: listed.insert(0, {**listed[0], "path": ATTESTATION}))
    ),
    _member("the list is empty", "not listed", _listed(lambda listed: listed.clear())),
    _member("another size in the list", _SAYS, _listed(lambda listed: listed[0].update(size=0))),
    _member("a size in the list that is a text", "expected an integer", _listed(lambda listed: listed[0].update(size="1"))),
    _member("a digest in capital letters", _SAYS, _listed(lambda listed: listed[0].update(sha256=listed[0]["sha256"].upper()))),
    _member(
        "another media type: a page that is a text",
        _SAYS,
        _listed(lambda listed: _line_of(listed, "report.html").update(media_type="text/plain")),
    ),
    _member("another role", _SAYS, _listed(lambda listed: _line_of(listed, "run.json").update(role="decision"))),
    _member("another gate", _SAYS, _listed(lambda listed: _line_of(listed, "raw/checks/report.xml").update(gate="secrets"))),
    _member("a line that says more", "unknown key", _listed(lambda listed: listed[0].update(more=1))),
    _member("a line that says 300,000 characters more", "(cut, ", _listed(lambda listed: listed[0].update({"x" * 300_000: 1}))),
    _member(
        "a line of a path that leads out of the bundle",
        "a member is missing",
        _listed(lambda listed: listed.append({**listed[-1], "path": "~/../x"})),
    ),
    _member(
        "a line of a path with commands to a terminal",
        "a member is missing",
        _listed(lambda listed: listed.append({**listed[-1], "path": "~\x1b[2J"})),
    ),
    _member("a manifest of more than 1 MiB", "larger than 1 MiB", _manifest(lambda manifest: manifest.update(more="x" * 2**20))),
    _member(
        "a manifest of an earlier version",
        "schema is not gates/bundle/v1",
        _manifest(lambda manifest: manifest.update(schema="gates/bundle/v0")),
    ),
    _member(
        "a manifest of a later version",
        "schema is not gates/bundle/v1",
        _manifest(lambda manifest: manifest.update(schema="gates/bundle/v2")),
    ),
    _member("a manifest without a version", "schema is not gates/bundle/v1", _manifest(lambda manifest: manifest.pop("schema"))),
    _member("a manifest that is a list", "schema is not gates/bundle/v1", lambda forge: {**forge.members, "manifest.json": b"[]"}),
    _member("a manifest that is empty", "not canonical JSON", lambda forge: {**forge.members, "manifest.json": b""}),
    _member(
        "another content digest", "not that of the content", _manifest(lambda manifest: manifest.update(content_digest=f"sha256:{0:064}"))
    ),
    _member(
        "a manifest about another commit",
        "another context than the content",
        _manifest(lambda manifest: manifest["context"].update(commit="0" * 40)),
    ),
    _member(
        "a manifest about another branch",
        "another context than the content",
        _manifest(lambda manifest: manifest["context"].update(ref="refs/heads/x")),
    ),
    _member("a number of the chain that is a text", "expected an integer", _manifest(lambda manifest: manifest.update(sequence="9"))),
    _member("a number of the chain that is true", "expected an integer", _manifest(lambda manifest: manifest.update(sequence=True))),
    _member("the manifest of another run", _SAYS, lambda forge: {**forge.members, "manifest.json": forge.other.unsigned["manifest.json"]}),
)


# -- our own JSON, with a manifest that is right again and a signature of the trusted key

_json = _part("JSON, closed again and signed by the trusted key", VerifyCode.NOT_INTACT)
_CANONICAL = "not canonical JSON"


def _rewritten(name: str, change: Callable[[bytes], bytes]) -> Make:
    def make(forge: Forge) -> Members:
        members = dict(forge.good.unsigned)
        members[name] = change(members[name])
        return signed(closed(members) if name != "manifest.json" else members, forge.key)

    return make


def _spaced(content: bytes) -> bytes:
    return json.dumps(json.loads(content), sort_keys=True).encode()


def _unsorted(content: bytes) -> bytes:
    data = json.loads(content)
    return json.dumps(dict(reversed(data.items())), separators=(",", ":"), ensure_ascii=False).encode()


def _inside(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content, "the attack has to change something"
        return content.replace(old, new, 1)

    return change


_ENFORCED = b'"enforced":2'
_WRITTEN: tuple[tuple[str, str, str, Callable[[bytes], bytes]], ...] = (
    ("a key stands twice, the verdict first", "decision.json", _CANONICAL, lambda c: b'{"verdict":"passed",' + c[1:]),
    ("a key stands twice, the verdict last", "decision.json", _CANONICAL, lambda c: c[:-1] + b',"verdict":"passed"}'),
    ("a key stands twice in the manifest", "manifest.json", _CANONICAL, lambda c: c[:-1] + b',"sequence":9}'),
    ("NaN", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":NaN')),
    ("Infinity", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":-Infinity')),
    ("a fraction", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":2.0')),
    ("an exponent", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":2e0')),
    ("a number that no float holds", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":1e999')),
    ("minus zero", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":-0')),
    ("a leading zero", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":02')),
    ("an integer of 2^53", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":9007199254740992')),
    ("an integer of 4,000 digits", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":' + b"9" * 4000)),
    ("an integer of a million digits", "decision.json", _CANONICAL, _inside(_ENFORCED, b'"enforced":' + b"9" * 10**6)),
    ("a number for a text", "decision.json", "expected an integer", _inside(_ENFORCED, b'"enforced":"2"')),
    ("true for a number", "decision.json", "expected an integer", _inside(_ENFORCED, b'"enforced":true')),
    ("nesting of 100,000", "decision.json", _CANONICAL, lambda _: b"[" * 100_000 + b"]" * 100_000),
    ("nesting of 100,000 that does not end", "run.json", _CANONICAL, lambda _: b'{"a":' * 100_000),
    ("nesting of 65", "decision.json", "nested deeper than 64", lambda _: b"[" * 66 + b"]" * 66),
    ("nesting of 100,000 in the manifest", "manifest.json", _CANONICAL, lambda _: b"[" * 100_000),
    ("half of a surrogate pair", "run.json", _CANONICAL, _inside(b'"platform":"', b'"platform":"\\ud800')),
    ("half of a surrogate pair in UTF-8", "run.json", _CANONICAL, _inside(b'"platform":"', b'"platform":"\xed\xa0\x80')),
    ("bytes that are no UTF-8", "run.json", _CANONICAL, _inside(b'"platform":"', b'"platform":"\xff')),
    ("a letter written as an escape", "decision.json", _CANONICAL, _inside(b'"verdict"', b'"verdic\\u0074"')),
    ("a slash written as an escape", "context.json", _CANONICAL, _inside(b"refs/", b"refs\\/")),
    ("a byte-order mark", "context.json", _CANONICAL, lambda c: b"\xef\xbb\xbf" + c),
    ("UTF-16", "context.json", _CANONICAL, lambda c: c.decode().encode("utf-16")),
    ("spaces", "decision.json", _CANONICAL, _spaced),
    ("a line break at the end", "decision.json", _CANONICAL, lambda c: c + b"\n"),
    ("a null byte at the end", "decision.json", _CANONICAL, lambda c: c + b"\0"),
    ("a second document behind", "decision.json", _CANONICAL, lambda c: c + c),
    ("a comment", "decision.json", _CANONICAL, lambda c: c + b"//passed"),
    ("keys in another order", "decision.json", _CANONICAL, _unsorted),
    ("a key that is not ASCII", "decision.json", "is not ASCII", lambda c: c[:-1] + ',"é":1}'.encode()),
    ("a key that nobody knows", "decision.json", "unknown key", lambda c: c[:-1] + b',"z":1}'),
    ("a list for an object", "decision.json", "expected an object", lambda _: b"[]"),
    ("null for an object", "decision.json", "expected an object", lambda _: b"null"),
    ("an empty object", "decision.json", "is missing", lambda _: b"{}"),
    ("no byte", "decision.json", _CANONICAL, lambda _: b""),
    ("no byte of the context", "context.json", _CANONICAL, lambda _: b""),
    ("a verdict that nobody knows", "decision.json", "is not a Verdict", _inside(b'"verdict":"passed"', b'"verdict":"PASSED"')),
    ("a verdict that is null", "decision.json", "expected a text", _inside(b'"verdict":"passed"', b'"verdict":null')),
    ("a verdict of 100,000 characters", "decision.json", "(cut, ", _inside(b'"verdict":"passed"', b'"verdict":"' + b"x" * 100_000 + b'"')),
    ("a day that is none", "context.json", "is not a date", _inside(b'"day":"2', b'"day":"2026-02-30 2')),
    ("facts of another gate", "facts/checks.json", "the facts are of the gate 'other'", _inside(b'"gate":"checks"', b'"gate":"other"')),
    ("facts that are empty", "facts/checks.json", "is missing", lambda _: b"{}"),
    ("an effective policy that is empty", "policies/effective.json", "is missing", lambda _: b"{}"),
    ("a policy file that is another than was composed", "policies/gates.yaml", "is another than was composed", lambda c: c + b"# \n"),
)
JSON = tuple(_json(f"`{name}`: {what}", words, _rewritten(name, change)) for what, name, words, change in _WRITTEN)


# -- signatures

_signature = _part("Signatures", VerifyCode.NOT_TRUSTED)
_NOBODY = "signed by none of the keys that you name"
_UNTRUE = "its signature can't be true"


def _envelope(name: str, change: Callable[[Any], object]) -> Make:
    return lambda forge: edited(forge.members, name, change)


def _sig(change: Callable[[dict[str, Any]], object], name: str = ATTESTATION) -> Make:
    return _envelope(name, lambda envelope: change(envelope["signatures"][0]))


def _alone(change: Callable[[dict[str, Any]], object]) -> Make:
    """Another signature of the attestation, and a summary by the trusted key that names it: nothing else is wrong."""
    return lambda forge: _summed(_sig(change)(forge), forge.key)


def _summed(members: Any, key: PrivateKey) -> Members:
    return restated(members, SUMMARY, lambda said: _of(said, members[ATTESTATION]), key)


def _said(name: str, change: Callable[[Any], object]) -> Make:
    """Another statement, signed by the trusted key."""
    return lambda forge: restated(forge.members, name, change, forge.key)


def _payload(name: str, payload: bytes, payload_type: str = dsse.IN_TOTO) -> Make:
    """An envelope of any payload, signed by the trusted key."""
    return lambda forge: {**forge.members, name: dsse.encode(dsse.sign(payload, forge.key, payload_type))}


def _both(forge: Forge, first: PrivateKey, second: PrivateKey) -> Members:
    """The attestation by one key, its summary by another."""
    one, other = signed(forge.good.unsigned, first), signed(forge.good.unsigned, second)
    summary = restated(other, SUMMARY, lambda said: _of(said, one[ATTESTATION]), second)[SUMMARY]
    return {**one, SUMMARY: summary}


def _of(said: Any, envelope: bytes) -> None:
    said["predicate"]["inputAttestations"][0]["digest"]["sha256"] = canonical.sha256(envelope)


def _moved(name: str) -> Make:
    """A signature of another bundle of the same signer."""
    return lambda forge: {**forge.members, name: signed(forge.bad.unsigned, forge.key)[name]}


def _other_form(signature: dict[str, Any]) -> None:
    """The same signature with the order of the group added to its second half (RFC 8032, 5.1.7 forbids it)."""
    raw = base64.b64decode(signature["sig"])
    order = 2**252 + 27742317777372353535851937790883648493
    second = int.from_bytes(raw[32:], "little") + order
    signature["sig"] = base64.b64encode(raw[:32] + second.to_bytes(32, "little")).decode()


def _closed_again(change: Callable[[Members], Members], key: Callable[[Forge], PrivateKey | None]) -> Make:
    """The bundle changed with care: with its old signatures, or with those of a key."""

    def make(forge: Forge) -> Members:
        members = closed(change(forge.members))
        signer = key(forge)
        return signed(members, signer) if signer else members

    return make


def _faster(members: Members) -> Members:
    return edited(members, "run.json", lambda run: run.update(duration_ms=1))


SIGNATURES = (
    _signature("no signature at all", "it is unsigned", lambda forge: unsigned(forge.members)),
    _signature("the summary alone", _UNTRUE, _without(ATTESTATION)),
    _signature("the attestation alone", "vsa.dsse.json is missing", _without(SUMMARY)),
    _signature("by a key of the attacker's", _NOBODY, lambda forge: signed(forge.good.unsigned, forge.enemy)),
    _signature("another run, by a key of the attacker's", _NOBODY, lambda forge: signed(forge.bad.unsigned, forge.enemy)),
    _signature(
        "by a key of the attacker's under the id of the trusted one",
        _UNTRUE,
        lambda forge: edited(
            signed(forge.good.unsigned, forge.enemy), ATTESTATION, lambda e: e["signatures"][0].update(keyid=forge.key.public.id)
        ),
    ),
    _signature(
        "the attestation by the attacker, the summary by the trusted key", _NOBODY, lambda forge: _both(forge, forge.enemy, forge.key)
    ),
    _signature(
        "the summary by the attacker, the attestation by the trusted key",
        "signed by another key",
        lambda forge: _both(forge, forge.key, forge.enemy),
    ),
    _signature(
        "those of another bundle",
        "its subject is not that of this bundle",
        lambda forge: unsigned(forge.members) | {name: signed(forge.bad.unsigned, forge.key)[name] for name in (ATTESTATION, SUMMARY)},
    ),
    _signature("the attestation of another bundle", "its subject is not", _moved(ATTESTATION)),
    _signature("the summary of another bundle", "vsa.dsse.json is a statement about something else", _moved(SUMMARY)),
    _signature(
        "the manifest of another bundle, under this one's signatures",
        "its subject is not",
        lambda forge: unsigned(forge.bad.unsigned) | {name: forge.members[name] for name in (ATTESTATION, SUMMARY)},
    ),
    _signature(
        "summary and attestation change places",
        _UNTRUE,
        lambda forge: {**forge.members, ATTESTATION: forge.members[SUMMARY], SUMMARY: forge.members[ATTESTATION]},
    ),
    _signature("zero signatures", "it has 0 signatures", _envelope(ATTESTATION, lambda envelope: envelope["signatures"].clear())),
    _signature(
        "zero signatures of the summary", "it has 0 signatures", _envelope(SUMMARY, lambda envelope: envelope["signatures"].clear())
    ),
    _signature(
        "a signature that stands twice",
        "a signature stands twice",
        _envelope(ATTESTATION, lambda envelope: envelope["signatures"].append(envelope["signatures"][0])),
    ),
    _signature(
        "17 signatures",
        "it has 17 signatures",
        _envelope(ATTESTATION, lambda envelope: envelope.update(signatures=envelope["signatures"] * 17)),
    ),
    _signature(
        "a second signature of the summary",
        "vsa.dsse.json has 2 signatures, not one",
        _envelope(SUMMARY, lambda envelope: envelope["signatures"].append({"keyid": "", "sig": "AAAA"})),
    ),
    _signature(
        "signatures that are no list", "its signatures are no list", _envelope(ATTESTATION, lambda envelope: envelope.update(signatures={}))
    ),
    _signature(
        "a signature that is null",
        "other keys than keyid and sig",
        _envelope(ATTESTATION, lambda envelope: envelope.update(signatures=[None])),
    ),
    _signature("a signature of no bytes", _NOBODY, _alone(lambda signature: signature.update(sig=""))),
    _signature("a signature of zeros", _NOBODY, _alone(lambda signature: signature.update(sig=base64.b64encode(bytes(64)).decode()))),
    _signature(
        "a signature of 65 bytes",
        _NOBODY,
        _alone(lambda signature: signature.update(sig=base64.b64encode(base64.b64decode(signature["sig"]) + b"\0").decode())),
    ),
    _signature("a signature in its other form: S + L", _NOBODY, _alone(_other_form)),
    _signature("a signature with spaces", "is none", _sig(lambda signature: signature.update(sig=signature["sig"] + " "))),
    _signature(
        "a signature with loose bits",
        "unusual",
        _sig(lambda signature: signature.update(sig=signature["sig"].replace("==", "=").rstrip("=")[:-1] + "B==")),
    ),
    _signature("a signature that is a number", "is no text", _sig(lambda signature: signature.update(sig=1))),
    _signature(
        "a signature in the other alphabet of base64",
        "not canonical",
        _sig(
            lambda signature: signature.update(
                sig=base64.urlsafe_b64encode(base64.b64decode(signature["sig"])).decode() if {"+", "/"} & set(signature["sig"]) else "-_-_"
            )
        ),
    ),
    _signature(
        "a signature that says its algorithm", "other keys than keyid and sig", _sig(lambda signature: signature.update(alg="none"))
    ),
    _signature(
        "a signature that brings a certificate", "other keys than keyid and sig", _sig(lambda signature: signature.update(cert="x"))
    ),
    _signature("another key id of the attestation", _UNTRUE, _sig(lambda signature: signature.update(keyid="0" * 64))),
    _signature("another key id of the summary", "signed by another key", _sig(lambda signature: signature.update(keyid="0" * 64), SUMMARY)),
    _signature("a key id with commands to a terminal", _UNTRUE, _sig(lambda signature: signature.update(keyid="\x1b[2Jsigned by release"))),
    _signature(
        "another type of the payload",
        "not an in-toto statement",
        _envelope(ATTESTATION, lambda envelope: envelope.update(payloadType="text/plain")),
    ),
    _signature(
        "another type of the payload, signed by the trusted key",
        "not an in-toto statement",
        _payload(ATTESTATION, b"{}", "application/json"),
    ),
    _signature("an envelope that says more", "other keys than payload", _envelope(ATTESTATION, lambda envelope: envelope.update(more=1))),
    _signature(
        "an envelope without a payload", "other keys than payload", _envelope(ATTESTATION, lambda envelope: envelope.pop("payload"))
    ),
    _signature("an envelope that is empty", "can't be read", lambda forge: {**forge.members, ATTESTATION: b""}),
    _signature("an envelope that is a list", "other keys than payload", lambda forge: {**forge.members, ATTESTATION: b"[]"}),
    _signature(
        "an envelope with spaces", "not canonical", lambda forge: {**forge.members, ATTESTATION: _spaced(forge.members[ATTESTATION])}
    ),
    _signature(
        "an envelope with a byte-order mark",
        "can't be read",
        lambda forge: {**forge.members, ATTESTATION: b"\xef\xbb\xbf" + forge.members[ATTESTATION]},
    ),
    _signature(
        "an envelope with a key twice",
        "an object holds one key twice",
        lambda forge: {**forge.members, ATTESTATION: forge.members[ATTESTATION][:-1] + b',"payload":""}'},
    ),
    _signature(
        "an envelope of 300 KB",
        "larger than 200000 bytes",
        lambda forge: {**forge.members, ATTESTATION: forge.members[ATTESTATION] + b" " * 300_000},
    ),
    _signature("an envelope that nests without end", "can't be read", lambda forge: {**forge.members, ATTESTATION: b"[" * 100_000}),
    _signature(
        "a payload of more than 100 KB",
        "larger than 100000 bytes",
        _envelope(ATTESTATION, lambda envelope: envelope.update(payload=base64.b64encode(bytes(100_001)).decode())),
    ),
    _signature("a payload that is not JSON, signed by the trusted key", "not JSON that can be read", _payload(ATTESTATION, b"passed")),
    _signature(
        "a payload with a key twice, signed by the trusted key", "an object holds one key twice", _payload(ATTESTATION, b'{"a":1,"a":2}')
    ),
    _signature("a payload with NaN, signed by the trusted key", "is not a JSON number", _payload(ATTESTATION, b'{"a":NaN}')),
    _signature(
        "a payload that nests without end, signed by the trusted key", "not JSON that can be read", _payload(ATTESTATION, b"[" * 90_000)
    ),
    _signature("a payload that is a list, signed by the trusted key", "not a JSON object", _payload(ATTESTATION, b"[]")),
    _signature("a payload that says nothing, signed by the trusted key", "its _type is not", _payload(ATTESTATION, b"{}")),
    _signature(
        "a statement of an earlier version",
        "its _type is not",
        _said(ATTESTATION, lambda said: said.update(_type="https://in-toto.io/Statement/v0.1")),
    ),
    _signature(
        "a predicate of another version",
        "its predicateType is not",
        _said(ATTESTATION, lambda said: said.update(predicateType=said["predicateType"].replace("v=1", "v=0"))),
    ),
    _signature("a statement without a subject", "its subject is not", _said(ATTESTATION, lambda said: said["subject"].clear())),
    _signature(
        "a statement with one more subject",
        "its subject is not",
        _said(ATTESTATION, lambda said: said["subject"].append({"name": "x", "digest": {"sha256": "0" * 64}})),
    ),
    _signature(
        "a statement about another manifest",
        "its subject is not",
        _said(ATTESTATION, lambda said: said["subject"][0]["digest"].update(sha256="0" * 64)),
    ),
    _signature(
        "a statement about another commit",
        "its subject is not",
        _said(ATTESTATION, lambda said: said["subject"][1]["digest"].update(gitCommit="0" * 40)),
    ),
    _signature(
        "a digest of a weaker kind",
        "its subject is not",
        _said(ATTESTATION, lambda said: said["subject"][0].update(digest={"md5": "0" * 32})),
    ),
    _signature(
        "a statement that says failed", "says something else", _said(ATTESTATION, lambda said: said["predicate"].update(verdict="failed"))
    ),
    _signature("a statement that says more", "says something else", _said(ATTESTATION, lambda said: said["predicate"].update(more=1))),
    _signature(
        "a statement that leaves a gate out", "says something else", _said(ATTESTATION, lambda said: said["predicate"]["gates"].pop())
    ),
    _signature(
        "a statement of another number of the chain",
        "says something else",
        _said(ATTESTATION, lambda said: said["predicate"].update(sequence=9)),
    ),
    _signature(
        "a statement of another place of signing",
        "says something else",
        _said(ATTESTATION, lambda said: said["predicate"]["signed"].update(where="anywhere")),
    ),
    _signature(
        "a summary that says failed",
        "says something else",
        _said(SUMMARY, lambda said: said["predicate"].update(verificationResult="FAILED")),
    ),
    _signature(
        "a summary of higher levels",
        "says something else",
        _said(SUMMARY, lambda said: said["predicate"]["verifiedLevels"].append("SLSA_BUILD_LEVEL_3")),
    ),
    _signature(
        "a summary of another policy",
        "says something else",
        _said(SUMMARY, lambda said: said["predicate"]["policy"]["digest"].update(sha256="0" * 64)),
    ),
    _signature(
        "a summary of another attestation",
        "says something else",
        _said(SUMMARY, lambda said: said["predicate"]["inputAttestations"][0]["digest"].update(sha256="0" * 64)),
    ),
    _signature("a summary without a time", "says something else", _said(SUMMARY, lambda said: said["predicate"].pop("timeVerified"))),
    _signature(
        "a summary whose time is a list", "says something else", _said(SUMMARY, lambda said: said["predicate"].update(timeVerified=[]))
    ),
    _signature(
        "a timestamp that is none, beside the trusted key's signature",
        _UNTRUE,
        lambda forge: {**forge.members, "timestamp.tsr": b"x"},
    ),
    _signature(
        "a signature of Sigstore that is none, beside the trusted key's",
        _UNTRUE,
        lambda forge: {**forge.members, "bundle.sigstore.json": b"{}"},
    ),
    _signature(
        "a change of one member closed again, under the old signatures", "its subject is not", _closed_again(_faster, lambda _: None)
    ),
    _signature("a change of one member closed again, signed by the attacker", _NOBODY, _closed_again(_faster, lambda forge: forge.enemy)),
)


# -- about something else: whole bundles, signed by the trusted key

_about = _part("About something else, signed by the trusted key", VerifyCode.ABOUT_SOMETHING_ELSE)


def _run(bundle_of: Callable[[Forge], Members]) -> Make:
    return lambda forge: signed(bundle_of(forge), forge.key)


def _in(**context: Any) -> Make:
    """The same run in another context, with everything made anew."""
    return lambda forge: signed(remade(forge.good.unsigned, **context), forge.key)


def _warning(record: Record) -> Record:
    """A gate that only warns, in the effective policy and in the decision, and not in the policy's file."""
    gates = tuple(replace(gate, enforcement=Enforcement.WARN) for gate in record.policy.gates)
    return replace(record, policy=replace(record.policy, gates=gates))


ABOUT = (
    _about("the same policy on another commit", "its commit is", _run(lambda forge: forge.other.unsigned)),
    _about("a run that failed", "its commit is", _run(lambda forge: forge.bad.unsigned)),
    _about("a run under a weaker policy", "its policy digest is", _run(lambda forge: forge.weak.unsigned)),
    _about(
        "a weaker effective policy, and all that follows from it",
        "its policy digest is",
        _run(lambda forge: remade(forge.good.unsigned, _warning)),
    ),
    _about("another branch", "its ref is", _in(ref="refs/heads/release")),
    _about("a branch whose name ends alike", "its ref is", _in(ref="refs/heads/x/main")),
    _about("a tag of the same name", "its ref is", _in(ref="refs/tags/main")),
    _about("no branch", "its ref is not known", _in(ref=None)),
    _about("another repository", "its repository is", _in(repository="https://git.example.org/eve/shop")),
    _about("the same repository in other letters", "its repository is", _in(repository="https://git.example.org/Tea/shop")),
    _about("no repository", "its repository is not known", _in(repository=None)),
    _about("the beginning of the commit's id", "its commit is", lambda forge: _in(commit=forge.good.commit[:12])(forge)),
    _about("the commit's id in capital letters", "its commit is", lambda forge: _in(commit=forge.good.commit.upper())(forge)),
    _about("no commit", "its commit is not known", _in(commit=None)),
    _about("a dirty tree", "never the commit", _in(dirty=True)),
    _about("a run of last year", "before", _in(day=date(2025, 1, 1)), "--max-age", "30"),
    _about("a run of a day that is yet to come", "yet to come", _in(day=date(2999, 1, 1)), "--max-age", "30"),
    _about("an earlier run of the chain", "you know of number 5", lambda forge: forge.content, "--min-sequence", "5"),
    _about("a signer who is trusted less", "and you ask for base-policy", lambda forge: forge.content, "--min-trust", "base-policy"),
    _about("a stage that asks for less", "its stage is change", lambda forge: forge.content, "--stage", "release"),
    _about("a branch with commands to a terminal", "its ref is", _in(ref="refs/heads/main\x1b[2J\x1b[Hcommit: yes")),
    _about("a branch that is written from right to left", "its ref is", _in(ref="refs/heads/\u202emain")),
    _about("a branch with a line break and an answer", "its ref is", _in(ref="refs/heads/x\nverdict: passed")),
    _about("a commit with a command to a CI runner", "its commit is", _in(commit="x\n::error::##[set-output]")),
    _about("a repository of 10,000 characters", "(cut, ", _in(repository="x" * 10_000)),
)


# -- does not follow: closed again and signed by the trusted key

_follows = _part("Does not follow, closed again and signed by the trusted key", VerifyCode.DOES_NOT_FOLLOW)
_DECISION = "the decision does not follow"
_FACTS = "do not follow from its raw output"
_EFFECTIVE = "the effective policy does not follow"
_PAGE = "report.html is not the page that this version makes of the run"
_WRITES = "no run writes"
_NO_PART = "which is no part of a run"
_REPORT = "raw/checks/report.xml"


def _lied(change: Callable[[Members], Members]) -> Make:
    return lambda forge: signed(closed(change(dict(forge.good.unsigned))), forge.key)


def _data(name: str, change: Callable[[Any], object]) -> Make:
    return _lied(lambda members: edited(members, name, change))


def _raw(name: str, change: Callable[[bytes], bytes]) -> Make:
    return _lied(lambda members: {**members, name: change(members[name])})


def _added(name: str, content: bytes) -> Make:
    return _lied(lambda members: {**members, name: content})


def _removed(*names: str) -> Make:
    return _lied(lambda members: {name: content for name, content in members.items() if not name.startswith(names)})


def _failed(content: bytes) -> bytes:
    """The report with a failure: what the gate really saw."""
    return content.replace(b"</testcase>", FAULT.encode() + b"</testcase>", 1).replace(b'failures="0"', b'failures="1"')


def _base(members: Members) -> Members:
    return {**members, "base/checks.json": members["facts/checks.json"]}


def _elsewhere(origins: Any) -> None:
    """The first place that is named, another."""
    holder, key = next((holder, key) for holder, key in _texts(origins) if ":" in holder[key])
    holder[key] = "gates.yaml:99"


def _texts(data: Any) -> Iterator[tuple[Any, Any]]:
    for key, item in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        if isinstance(item, str):
            yield data, key
        yield from _texts(item)


def _digest(members: Members) -> str:
    return str(json.loads(members["decision.json"])["policy_digest"])


FOLLOWS = (
    _follows("a failure in the raw report, and facts that know nothing of it", _FACTS, _raw(_REPORT, _failed)),
    _follows("a raw report that is empty", _FACTS, _raw(_REPORT, lambda _: b"")),
    _follows("a raw report of fewer tests", _FACTS, _raw(_REPORT, _inside(b'<testcase classname="a" name="one"/>', b""))),
    _follows("a raw report that declares entities", _FACTS, _raw(_REPORT, lambda content: b'<!DOCTYPE x [<!ENTITY a "aa">]>' + content)),
    _follows("a raw report that nests 100,000 elements", _FACTS, _raw(_REPORT, lambda _: b"<a>" * 100_000)),
    _follows("a raw report that is gone", _FACTS, _removed(_REPORT)),
    _follows("no raw output of a gate", _FACTS, _removed("raw/checks/")),
    _follows(
        "raw output that says that the gate could not tell",
        _FACTS,
        _raw("raw/checks/observe.json", lambda _: b'{"status":"error","reason":"x"}'),
    ),
    _follows(
        "raw output that says so for a reason that is a number",
        _FACTS,
        _raw("raw/checks/observe.json", lambda _: b'{"status":"error","reason":0.5}'),
    ),
    _follows(
        "raw output that says so for a reason that is half a character",
        _FACTS,
        _raw("raw/checks/observe.json", lambda _: b'{"status":"error","reason":"\\ud800"}'),
    ),
    _follows("a record of tools that is a number", _FACTS, _raw("raw/checks/tools.json", lambda _: b"1")),
    _follows("a record of tools that nests without end", _FACTS, _raw("raw/checks/tools.json", lambda _: b"[" * 100_000)),
    _follows(
        "a record of tools with half a character",
        _FACTS,
        _raw("raw/checks/tools.json", lambda _: b'[{"tool":"\\ud800","version":"1","argv":[]}]'),
    ),
    _follows("an inventory of other files", _FACTS, _raw("raw/secrets/inventory.json", _inside(b"app.py", b"abc.py"))),
    _follows("a scan without the planted secret", _FACTS, _data("raw/secrets/scan.json", lambda scan: scan.update(canary=[]))),
    _follows(
        "facts of more than was examined", _FACTS, _data("facts/checks.json", lambda facts: facts["examined"].update(done=99, expected=99))
    ),
    _follows(
        "facts with another measurement", _FACTS, _data("facts/checks.json", lambda facts: facts["measurements"][0].update(value="99"))
    ),
    _follows(
        "facts of another version of the tool", _FACTS, _data("facts/secrets.json", lambda facts: facts["tools"][0].update(version="99"))
    ),
    _follows(
        "facts of a gate that nobody asked for",
        _FACTS,
        _lied(
            lambda members: edited(
                {**members, "facts/more.json": members["facts/checks.json"]}, "facts/more.json", lambda facts: facts.update(gate="more")
            )
        ),
    ),
    _follows("facts of a gate that are gone", "there is raw output of checks and no facts", _removed("facts/checks.json")),
    _follows(
        "raw output of a gate that nobody asked for", "there is raw output of more and no facts", _added("raw/more/report.xml", b"<a/>")
    ),
    _follows("facts of a base that nobody observed", "there is something of checks at the base", _lied(_base)),
    _follows("another verdict", _DECISION, _data("decision.json", lambda decision: decision.update(verdict="failed"))),
    _follows(
        "another outcome of a gate", _DECISION, _data("decision.json", lambda decision: decision["gates"][0].update(outcome="failed"))
    ),
    _follows("a decision of no gates", _DECISION, _data("decision.json", lambda decision: decision["gates"].clear())),
    _follows(
        "a decision with a gate twice", _DECISION, _data("decision.json", lambda decision: decision["gates"].append(decision["gates"][0]))
    ),
    _follows("a decision of gates in another order", _DECISION, _data("decision.json", lambda decision: decision["gates"].reverse())),
    _follows("a decision that checked nothing", _DECISION, _data("decision.json", lambda decision: decision["gates"][0].update(checks=[]))),
    _follows(
        "a decision with other counts",
        _DECISION,
        _data("decision.json", lambda decision: decision["gates"][0]["counts"].update(findings=3, waived=3)),
    ),
    _follows(
        "a decision with a reason in the attacker's words",
        _DECISION,
        _data("decision.json", lambda decision: decision["reasons"].append("all is well")),
    ),
    _follows("a decision that enforces nothing", _DECISION, _data("decision.json", lambda decision: decision.update(enforced=0))),
    _follows("a decision of another gate", _DECISION, _data("decision.json", lambda decision: decision["gates"][0].update(uses="tests"))),
    _follows("a decision that is partial", _DECISION, _data("decision.json", lambda decision: decision["partial"].append("x"))),
    _follows("a decision that leaves out what is empty", _WRITES, _data("decision.json", lambda decision: decision.pop("waivers"))),
    _follows("a context that writes out what is not known", _WRITES, _data("context.json", lambda context: context.update(base=None))),
    _follows("a manifest that writes out what is not known", _WRITES, _manifest(lambda manifest: manifest.update(previous=None))),
    _follows("a manifest that leaves its number out", _WRITES, _manifest(lambda manifest: manifest.pop("sequence"))),
    _follows(
        "an effective policy whose gates warn only",
        _EFFECTIVE,
        _data("policies/effective.json", lambda policy: policy["gates"][0].update(enforcement="warn")),
    ),
    _follows(
        "a weaker effective policy, and all that follows from it, under the digest of the true one",
        _EFFECTIVE,
        _lied(
            lambda members: edited(
                remade(members, _warning), "decision.json", lambda decision: decision.update(policy_digest=_digest(members))
            )
        ),
    ),
    _follows(
        "an effective policy without a limit",
        _EFFECTIVE,
        _data("policies/effective.json", lambda policy: policy["gates"][0].update(require=[])),
    ),
    _follows("a policy's file that nothing extends", _NO_PART, _added("policies/more.yaml", b"version: 1")),
    _follows(
        "parsers in the manifest that are not those of the facts",
        "other parsers than the facts",
        _manifest(lambda manifest: manifest["parsers"].update(checks=9)),
    ),
    _follows(
        "another place for what a policy says", "the places of the policy are not those of its files", _data("origins.json", _elsewhere)
    ),
    _follows("a page that tells another story", _PAGE, _raw("report.html", _inside(b"passed", b"PASSED"))),
    _follows("a page with a script", _PAGE, _raw("report.html", _inside(b"</body>", b"<script>alert(1)</script></body>"))),
    _follows("a page that is empty", _PAGE, _raw("report.html", lambda _: b"")),
    _follows("no page", _PAGE, _removed("report.html")),
    _follows("another duration than the page says", _PAGE, _data("run.json", lambda run: run.update(duration_ms=10**12))),
    _follows("an address of the CI's run that is a script", _PAGE, _data("run.json", lambda run: run.update(ci_url="javascript:alert(1)"))),
    _follows("a second page", _NO_PART, _added("summary.html", b"passed")),
    _follows("a member in a folder that no run knows", _NO_PART, _added("notes/README.md", b"passed")),
    _follows("a program", _NO_PART, _added("setup.exe", b"MZ")),
)


# -- incomplete

_complete = _part("Incomplete, signed by the trusted key", VerifyCode.INCOMPLETE)


def _silent(record: Record) -> Record:
    return replace(record, facts=tuple(facts for facts in record.facts if facts.gate != "checks"))


COMPLETE = (
    _complete(
        "a gate left out, with its facts and raw output",
        "the gate checks did not report",
        lambda forge: signed(remade(forge.good.unsigned, _silent), forge.key),
    ),
    _complete(
        "a gate left out by a selection",
        "left out by the selection: checks",
        lambda forge: signed(remade(forge.good.unsigned, _silent, selection=("secrets",)), forge.key),
    ),
    _complete("a run that was interrupted", "the run was interrupted", _in(limited=("the run was interrupted",))),
    _complete("a later judge", "judged by judge 2", _manifest(lambda manifest: manifest.update(judge=2))),
    _complete("an earlier judge", "judged by judge 0", _manifest(lambda manifest: manifest.update(judge=0))),
    _complete("a later parser", "read by parser 99", _data("facts/checks.json", lambda facts: facts.update(parser=99))),
    _complete("an earlier parser", "read by parser 0", _data("facts/checks.json", lambda facts: facts.update(parser=0))),
    _complete("a gate that nobody has", "is not installed here", _data("facts/checks.json", lambda facts: facts.update(uses="unheard-of"))),
    _complete(
        "a gate with commands to a terminal in its name",
        "is not installed here",
        _data("facts/checks.json", lambda facts: facts.update(uses="\x1b[2J::error::")),
    ),
    _complete("a gate of the name of a module", "is not installed here", _data("facts/checks.json", lambda facts: facts.update(uses="os"))),
)


# -- folders

_folder = _part("A bundle as a folder", VerifyCode.NOT_INTACT)


def _laid_out(change: Callable[[Path], object]) -> Make:
    """The signed bundle as a folder, then changed."""

    def make(forge: Forge) -> Path:
        folder = Path(tempfile.mkdtemp(dir=forge.folder))
        for name, content in forge.members.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        change(folder)
        return folder

    return make


def _replaced(name: str, make: Callable[[Path], object]) -> Make:
    def change(folder: Path) -> None:
        (folder / name).rename(folder.parent / f"{folder.name}-moved")
        make(folder / name)

    return _laid_out(change)


def _many_folders(folder: Path) -> None:
    for number in range(2001):
        (folder / f"d{number}").mkdir()


def _deep(folder: Path) -> None:
    deep = folder / "/".join(["d" * 40] * 6)
    deep.mkdir(parents=True)
    (deep / "x").write_bytes(b"")


def _many_files(folder: Path) -> None:
    for number in range(2001):
        (folder / f"raw/checks/{number}").write_bytes(b"")


def _large(folder: Path) -> None:
    for name in MEMBERS[:5]:
        os.truncate(folder / name, 60 * 2**20)


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


_LINK = "holds a link or something else that is not a file"
FOLDERS = (
    _folder("a member is a link to a file outside", _LINK, _replaced("run.json", lambda path: path.symlink_to("/etc/hostname"))),
    _folder(
        "a member is a link to its own bytes",
        _LINK,
        _replaced("run.json", lambda path: path.symlink_to(path.parents[1] / f"{path.parent.name}-moved")),
    ),
    _folder("a folder is a link to itself", _LINK, _laid_out(lambda folder: (folder / "raw" / "more").symlink_to(folder))),
    _folder("a folder is a link to the whole system", _LINK, _replaced("raw", lambda path: path.symlink_to("/"))),
    _folder("a member is a pipe", _LINK, _replaced("run.json", os.mkfifo)),
    _folder("the manifest is a pipe", _LINK, _replaced("manifest.json", os.mkfifo)),
    _folder("a member is a socket", _LINK, _replaced("run.json", lambda path: os.mknod(path, stat.S_IFSOCK | 0o644))),
    _folder("a member is a folder", "holds an empty folder", _replaced("run.json", lambda path: path.mkdir())),
    _folder("an empty folder", "holds an empty folder", _laid_out(lambda folder: (folder / "raw" / "more").mkdir())),
    _folder("2,001 folders", "more than 2000 members", _laid_out(_many_folders)),
    _folder("2,001 files", "more than 2000 members", _laid_out(_many_files)),
    _folder("a path of more than 200 bytes", _NAME, _laid_out(_deep)),
    _folder(
        "a member of 65 MiB without content behind it",
        "larger than 64 MiB",
        _laid_out(lambda folder: os.truncate(folder / "run.json", 65 * 2**20)),
    ),
    _folder(
        "a member of 8 TiB without content behind it",
        "larger than 64 MiB",
        _laid_out(lambda folder: os.truncate(folder / "run.json", 8 * 2**40)),
    ),
    _folder(
        "five members of 60 MiB",
        "larger than 256 MiB",
        _laid_out(_large),
    ),
    _folder(
        "a file that is not listed",
        "not listed in the manifest",
        _laid_out(lambda folder: (folder / "raw/checks/more.xml").write_bytes(b"")),
    ),
    _folder("a hidden file", "not listed in the manifest", _laid_out(lambda folder: (folder / ".htaccess").write_bytes(b""))),
    _folder("a file with a line break in its name", _NAME, _laid_out(lambda folder: (folder / "x\nverdict: passed").write_bytes(b""))),
    _folder(
        "a file whose name is no UTF-8", _NAME, _laid_out(lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_bytes(b""))
    ),
    _folder("two files that differ in case", "differ only in case", _laid_out(lambda folder: (folder / "RUN.json").write_bytes(b""))),
    _folder("a member is missing", "a member is missing", _laid_out(lambda folder: (folder / "decision.json").unlink())),
    _folder("a member that was changed", _SAYS, _laid_out(lambda folder: (folder / "decision.json").write_bytes(b"{}"))),
    _folder("nothing in it", "there is no manifest.json", _laid_out(_emptied)),
)

ATTACKS: tuple[Attack, ...] = (*ARCHIVE, *NAMES, *LISTED, *JSON, *SIGNATURES, *ABOUT, *FOLLOWS, *COMPLETE, *FOLDERS)
