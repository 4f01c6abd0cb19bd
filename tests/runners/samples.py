"""Example projects with made-up secrets filled in: no file of this repository holds anything that looks like one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gates.api import Facts, Gate
from gates.testing import observe_and_parse

EXAMPLES = Path(__file__).parent.parent / "examples"


def _random(seed: str, length: int) -> str:
    """Letters and digits that look random, the same in every run."""
    text = base64.b64encode(hashlib.sha512(seed.encode()).digest()).decode()
    return (text * 2).replace("+", "x").replace("/", "y").replace("=", "")[:length]


SECRETS: Mapping[str, str] = {
    "aws": "AKIA" + base64.b32encode(hashlib.sha256(b"aws").digest()).decode()[:16],
    "github": "gh" + "p_" + _random("github", 36),
    "github-two": "gh" + "o_" + _random("github-two", 36),
    "google": "AI" + "za" + _random("google", 35),
    "npm": "np" + "m_" + _random("npm", 36),
    "anthropic": "sk" + "-ant-api03-" + _random("anthropic", 60),
    "stripe": "sk" + "_live_" + _random("stripe", 24),
    "password": "q7" + _random("password", 14),
    "base64": _random("base64", 64),
    "hex": hashlib.sha256(b"hex").hexdigest()[:40],
    "begin-key": "BEGIN RSA " + "PRIVATE KEY",
    "key-body": "MII" + _random("key-body", 61),
}
#: What is a secret by itself; the header of a private key is not.
VALUES = tuple(value for name, value in SECRETS.items() if name != "begin-key")


def fill(text: str) -> str:
    for name, value in SECRETS.items():
        text = text.replace(f"@{name}@", value)
    return text


def copy(example: str, target: Path) -> Path:
    """A copy of an example, with secrets filled in. Python samples carry `.txt` behind their name: they are not our code."""
    source = EXAMPLES / example
    for path in sorted(item for item in source.rglob("*") if item.is_file()):
        place = target / path.relative_to(source).as_posix().removesuffix(".txt")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(fill(path.read_text("utf-8")), "utf-8")
    return target


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def scan(gate: Gate, root: Path, work: Path, **settings: Any) -> Facts:
    """The facts of a folder; `work` is made where it isn't there."""
    work.mkdir(exist_ok=True)
    return observe_and_parse(gate, root=root, work=work, **settings)
