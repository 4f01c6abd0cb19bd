"""Looks for secrets in bytes, whatever was done to them on the way: encoded, encoded twice, wrapped, packed, or hashed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote_to_bytes


def _shifted(encode: Callable[[bytes], bytes], before: int) -> Callable[[str], bytes]:
    return lambda secret: encode(b"." * before + secret.encode() + b"...")


def _hashed(name: str) -> Callable[[str], bytes]:
    return lambda secret: hashlib.new(name, secret.encode()).hexdigest().encode()


def _zipped(secret: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member", f"{secret}\n")
    return buffer.getvalue()


#: What tools do to a secret. `traces` finds each of them, also one within another.
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    **{f"base64, alignment {shift}": _shifted(base64.b64encode, shift) for shift in range(3)},
    **{f"base64 for addresses, alignment {shift}": _shifted(base64.urlsafe_b64encode, shift) for shift in range(3)},
    "base64 in lines": lambda secret: base64.encodebytes(b"." * 50 + secret.encode()),
    "hex": lambda secret: secret.encode().hex().encode(),
    "upper-case hex": lambda secret: secret.encode().hex().upper().encode(),
    "percent": lambda secret: quote(secret, safe="").encode(),
    "percent, every character": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()).encode(),
    "percent, plus for a space": lambda secret: quote_plus(secret).encode(),
    "percent, twice": lambda secret: quote(quote(secret, safe=""), safe="").encode(),
    "HTML, named": lambda secret: html.escape(secret).encode(),
    "HTML, decimal": lambda secret: "".join(f"&#{ord(char)};" for char in secret).encode(),
    "HTML, hexadecimal": lambda secret: "".join(f"&#x{ord(char):x};" for char in secret).encode(),
    "JSON, every character": lambda secret: "".join(f"\\u{ord(char):04x}" for char in secret).encode(),
    "Python, every character": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()).encode(),
    "Python's repr": lambda secret: repr({"a": secret}).encode(),
    "UTF-16, little end first": lambda secret: secret.encode("utf-16-le"),
    "UTF-16, big end first": lambda secret: secret.encode("utf-16-be"),
    "gzip": lambda secret: gzip.compress(secret.encode()),
    "zip": _zipped,
    **{f"{name}, unsalted": _hashed(name) for name in ("md5", "sha1", "sha256")},
    "sha256, unsalted, as base64": lambda secret: base64.b64encode(hashlib.sha256(secret.encode()).digest()),
}
_DIGESTS = ("md5", "sha1", "sha256")
_ESCAPED = re.compile(rb"\\+u00([0-9A-Fa-f]{2})|\\+x([0-9A-Fa-f]{2})")
#: How often what was unpacked or decoded is unpacked or decoded again.
_DEPTH = 2


def traces(content: bytes, secrets: Iterable[str], marks: Iterable[str]) -> list[str]:
    """What gives a secret away in the content, in words; empty where nothing does.

    `marks` are words of which each secret holds one, of 12 characters or more: they are what is looked for, and hashes of the secrets.
    """
    forms = {form: mark for mark in marks for form in _forms(mark.encode())}
    hashes = {digest: secret for secret in secrets for digest in _hashes(secret.encode())}
    found = set()
    for view in _views(content, _DEPTH):
        found |= {f"…{view[max(0, place - 40) : place + 60]!r}…" for form in forms if (place := view.find(form)) >= 0}
        found |= {f"a hash of {hashes[word][:14]}…" for word in re.findall(rb"[A-Za-z0-9+/_-]{22,64}={0,2}", view) if word in hashes}
    return sorted(found)


def _forms(mark: bytes) -> set[bytes]:
    forms = {mark, mark.hex().encode(), mark.hex().upper().encode()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + mark)
        middle = whole[-(-shift * 8 // 6) : (shift + len(mark)) * 8 // 6]
        forms |= {middle, middle.translate(bytes.maketrans(b"+/", b"-_"))}
    return forms


def _hashes(secret: bytes) -> Iterator[bytes]:
    for name in _DIGESTS:
        for text in (secret, secret + b"\n"):
            digest = hashlib.new(name, text)
            yield digest.hexdigest().encode()
            yield digest.hexdigest().upper().encode()
            yield base64.b64encode(digest.digest())
            yield base64.urlsafe_b64encode(digest.digest())


def _views(content: bytes, depth: int) -> Iterator[bytes]:
    """The content, and what it is when it is decoded in every way in which something changes."""
    yield content
    if depth == 0:
        return
    decoded = (
        re.sub(rb"\\[rn]|\s", b"", content),
        unquote_to_bytes(content) if b"%" in content else content,
        html.unescape(content.decode("latin-1")).encode("utf-8") if b"&" in content else content,
        _ESCAPED.sub(lambda match: bytes.fromhex((match[1] or match[2]).decode()), content) if b"\\" in content else content,
        content.replace(b"\0", b"") if b"\0" in content else content,
        *_unpacked(content),
    )
    for view in {view for view in decoded if view != content}:
        yield from _views(view, depth - 1)


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What stands packed anywhere in the content: gzip, and the members of zip archives."""
    for found in re.finditer(rb"\x1f\x8b\x08|PK\x03\x04", content):
        start = found.start()
        try:
            if found[0].startswith(b"PK"):
                skip = (
                    30
                    + int.from_bytes(content[start + 26 : start + 28], "little")
                    + int.from_bytes(content[start + 28 : start + 30], "little")
                )
                yield zlib.decompressobj(-15).decompress(content[start + skip :])
            else:
                yield zlib.decompressobj(31).decompress(content[start:])
        except zlib.error:
            continue
