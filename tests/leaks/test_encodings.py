"""What tools make of a secret on its way into a report, one after another and one within another: it is found, and it is masked."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import textwrap
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from gates.redact import MASK, Redactor

SECRET = 'q"7Z&v\\k<2 pä%41ñX+/u8Lw!=Rt9'
TOKEN = "_".join(("ghp", "Zk7RvQ2mLx9TbN4wYc8", "HdJ3sPf6GaE1uWo5K")).replace("_H", "H")


def every_other(text: str, one: Callable[[str], str], other: Callable[[str], str]) -> str:
    return "".join((one, other)[number % 2](char) for number, char in enumerate(text))


def percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def packed(secret: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/" + "x" * 50, "nothing")
        archive.writestr("b", f"{secret} " * 3)
    return buffer.getvalue()


MADE: dict[str, Callable[[str], str | bytes]] = {
    "JSON within JSON": lambda secret: json.dumps(json.dumps(secret)),
    "JSON within JSON within JSON": lambda secret: json.dumps(json.dumps(json.dumps(secret))),
    "JSON with escaped slashes": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "JSON of JavaScript": lambda secret: "".join(f"\\u{{{ord(char):x}}}" for char in secret),
    "JSON's escapes in upper case": lambda secret: "".join(f"\\u{ord(char):04X}" for char in secret),
    "JSON within HTML": lambda secret: html.escape(json.dumps(secret)),
    "HTML within JSON": lambda secret: json.dumps(html.escape(secret)),
    "HTML with other names": lambda secret: secret.replace("&", "&amp;").replace('"', "&#34;").replace("<", "&lt;").replace("ä", "&auml;"),
    "XML with numbers and zeros": lambda secret: "".join(f"&#{ord(char):05d};" for char in secret),
    "XML in upper-case hex": lambda secret: "".join(f"&#X{ord(char):X};" for char in secret),
    "percent in both cases": lambda secret: every_other(secret, percent, lambda char: percent(char).lower()),
    "percent here and there": lambda secret: every_other(secret, percent, lambda char: quote(char, safe="")),
    "percent three times": lambda secret: quote(quote(quote(secret, safe=""), safe=""), safe=""),
    "percent within JSON": lambda secret: json.dumps({"url": quote(secret, safe="")}),
    "a form": quote_plus,
    "repr": repr,
    "repr of repr": lambda secret: repr(repr(secret)),
    "repr of bytes": lambda secret: repr(secret.encode()),
    "octal": lambda secret: "".join(f"\\{byte:03o}" for byte in secret.encode()),
    "hex in both cases": lambda secret: every_other(secret.encode().hex(), str.upper, str.lower),
    "hex with colons": lambda secret: secret.encode().hex(":"),
    "hex in pairs of bytes": lambda secret: secret.encode().hex(" ", 2),
    "hex as Python's bytes": lambda secret: "".join(f"\\x{byte:02X}" for byte in secret.encode()),
    "base64 of percent": lambda secret: base64.b64encode(f"user:{quote(secret, safe='')}".encode()),
    "base64 of JSON": lambda secret: base64.b64encode(json.dumps({"a": secret}).encode()),
    "base64 for addresses of JSON": lambda secret: base64.urlsafe_b64encode(json.dumps({"a": secret}).encode()).rstrip(b"="),
    "base64 within a JSON that escapes it": lambda secret: json.dumps(base64.b64encode(secret.encode()).decode()).replace("/", "\\/"),
    "base64 within a form": lambda secret: quote(base64.b64encode(secret.encode()).decode(), safe=""),
    "base64 in lines within JSON": lambda secret: json.dumps(base64.encodebytes(b"." * 50 + secret.encode()).decode()),
    "base64 in lines with indents": lambda secret: textwrap.indent(base64.encodebytes(b"." * 50 + secret.encode()).decode(), "    "),
    "base64 of gzip": lambda secret: base64.b64encode(gzip.compress(f"a line\n{secret}\n".encode())),
    "base64 of gzip, in lines": lambda secret: base64.encodebytes(gzip.compress(f"with {secret} and other words".encode())),
    "base64 of zlib": lambda secret: base64.b64encode(zlib.compress(f"a line\n{secret}\n".encode())),
    "base64 of a zip": lambda secret: base64.b64encode(packed(secret)),
    "base64 of UTF-16": lambda secret: base64.b64encode(secret.encode("utf-16-le")),
    "base64 of base64": lambda secret: base64.b64encode(b"key: " + base64.b64encode(secret.encode())),
    "base64 of hex": lambda secret: base64.b64encode(secret.encode().hex().encode()),
    "zlib": lambda secret: b"blob " + zlib.compress(f"{secret}\n".encode()),
    "gzip of JSON": lambda secret: gzip.compress(json.dumps({"a": secret}).encode()),
    "gzip behind others": lambda secret: gzip.compress(b"nothing") + b"\x1f\x8b\x08 broken " + gzip.compress(secret.encode()),
    "a zip with two members": packed,
    "Latin-1": lambda secret: secret.encode("latin-1"),
    "percent of Latin-1": lambda secret: quote(secret, safe="", encoding="latin-1"),
    "UTF-16": lambda secret: secret.encode("utf-16"),
    "UTF-16, big end first": lambda secret: secret.encode("utf-16-be"),
    "decomposed letters": lambda secret: unicodedata.normalize("NFD", secret),
    "colours within it": lambda secret: f"{secret[:9]}\x1b[31m{secret[9:]}\x1b[0m",
    "a shell's quotes": lambda secret: "'" + secret.replace("'", "'\\''") + "'",
}


@pytest.mark.parametrize("made", MADE)
def test_it_is_found_and_masked(made: str) -> None:
    written = MADE[made](SECRET)
    content = b"a line\n<" + (written if isinstance(written, bytes) else written.encode()) + b">\nanother\n"
    redactor = Redactor({SECRET: ["env:A_TOKEN"]})
    assert redactor.finds(content)
    masked, masks = redactor.mask(content)
    assert not redactor.finds(masked)
    assert {mask.rules for mask in masks} == {frozenset({"env:A_TOKEN"})}
    assert masked == MASK or masked.count(b"\n") == content.count(b"\n")
    lines = masked.split(b"\n")
    assert [line.count(MASK) for line in lines if MASK in line] == [mask.count for mask in masks]
    assert all(MASK in lines[mask.line - 1] for mask in masks)


WRAPPED = {
    "at a column": lambda secret: f"{secret[:15]}\n{secret[15:]}",
    "with an indent": lambda secret: f"  {secret[:30]}\r\n        {secret[30:]}",
    "three times": lambda secret: "\n".join(textwrap.wrap(secret, 12)),
    "within JSON": lambda secret: json.dumps(f"{secret[:21]}\n    {secret[21:]}"),
}


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_a_secret_that_spans_lines_is_masked_on_each_of_them(wrapped: str) -> None:
    content = f"before\n{WRAPPED[wrapped](TOKEN)}\nafter\n".encode()
    redactor = Redactor([TOKEN])
    masked, masks = redactor.mask(content)
    assert not redactor.finds(masked)
    assert masked.count(b"\n") == content.count(b"\n")
    assert masked.count(MASK) == sum(mask.count for mask in masks) >= 1
    assert not any(TOKEN[place : place + 6].encode() in masked for place in range(len(TOKEN) - 6))


def test_words_of_a_secret_on_one_line_are_no_secret() -> None:
    assert not Redactor(["correct-horse-battery-staple"]).finds(b"correct- horse- battery- staple")


@pytest.mark.parametrize("dots", ["...", "…"])
def test_the_ends_that_a_cut_leaves_are_masked(dots: str) -> None:
    content = f"a {TOKEN[:17]}{dots} b {dots}{TOKEN[-14:]} c {TOKEN[:12]} d".encode()
    masked = f"a [redacted]{dots} b {dots}[redacted] c {TOKEN[:12]} d".encode()
    assert Redactor([TOKEN]).redact(content) == masked


def test_what_is_masked_in_json_leaves_json() -> None:
    """Pieces of one text in several strings are masked each by itself."""
    text = base64.b64encode(TOKEN.encode()).decode()
    content = json.dumps({"a": [text[:20], text[20:40], text[40:]], "b": [TOKEN, f"x{TOKEN}y"]}, indent=1).encode()
    masked = json.loads(Redactor([TOKEN]).redact(content))
    assert masked["b"] == ["[redacted]", "x[redacted]y"]
    assert masked["a"][1] == "[redacted]"
    assert not Redactor([TOKEN]).finds(json.dumps("".join(masked["a"])).encode())


def test_what_is_too_large_to_be_searched_is_masked_as_a_whole() -> None:
    bomb = gzip.compress(bytes(70 * 2**20))
    masked, (mask,) = Redactor([TOKEN]).mask(b"\n" + bomb)
    assert (masked, mask.line, mask.rules) == (MASK, 1, frozenset({"packed/too-large"}))


def test_what_is_too_large_within_base64_is_masked_too() -> None:
    bomb = base64.b64encode(gzip.compress(bytes(70 * 2**20)))
    masked, (mask,) = Redactor([TOKEN]).mask(b'{"a": "' + bomb + b'"}')
    assert (masked.replace(b"=", b""), mask.rules) == (b'{"a": "' + MASK + b'"}', frozenset({"packed/too-large"}))


def test_overlapping_secrets_leave_nothing() -> None:
    redactor = Redactor({"abcdefgh1": ["env:A_KEY"], "fgh12345x": ["env:B_KEY"]})
    masked, (mask,) = redactor.mask(b"<abcdefgh12345x>")
    assert masked == b"<[redacted]>"
    assert (mask.count, mask.rules) == (1, frozenset({"env:A_KEY"}))


def test_a_value_that_several_rules_know_is_masked_by_all_of_them() -> None:
    redactor = Redactor({TOKEN: ["env:GH_TOKEN", "secrets/github-token"]})
    (mask,) = redactor.mask(f"{TOKEN}\n".encode())[1]
    assert mask.rules == {"env:GH_TOKEN", "secrets/github-token"}


#: What a careless search takes a time for that grows with the square of it: beginnings without an end, over and over.
REPEATED = {
    "gzip without an end": b"\x1f\x8b\x08",
    "zlib without an end": b"\x78\x9c",
    "many small gzips": gzip.compress(b"x"),
    "lines of base64": b"A" * 30 + b"\n",
    "beginnings of the secret": TOKEN[:12].encode(),
    "cut secrets": f"{TOKEN[:12]}...{TOKEN[-12:]}".encode(),
    "secrets in base64": base64.b64encode(TOKEN.encode()) + b"\n",
    "escaped secrets": b"%67" + TOKEN[1:].encode(),
    "secrets in two lines": f"{TOKEN[:20]}\n{TOKEN[20:]} ".encode(),
    "backslashes": b"\\",
}


@pytest.mark.parametrize("repeated", REPEATED)
def test_the_time_grows_with_the_content_and_no_faster(repeated: str) -> None:
    """Twice as much takes twice the time; where it grew with the square, sixteen times as much would take 256 times as long."""
    redactor = Redactor([TOKEN])

    def seconds(size: int) -> float:
        content = REPEATED[repeated] * (size // len(REPEATED[repeated]))
        started = time.process_time()
        redactor.mask(content)
        return time.process_time() - started

    small = min(seconds(2**14) for _ in range(3))
    assert seconds(2**18) < 16 * 4 * small + 1


def test_what_is_packed_is_masked_as_a_whole_whether_or_not_its_rule_is_known() -> None:
    content = b"\n" + gzip.compress(f"a\n{TOKEN}\n".encode())
    assert Redactor([TOKEN]).redact(content) == MASK
    assert Redactor({TOKEN: ["a/rule"]}).redact(content) == MASK
