"""A file with planted secrets, made anew in each run: a scanner that does not find them found nothing in the project either.

Nothing here is a secret, and no line of this file looks like one: the samples are put together when they are asked for.
"""

from __future__ import annotations

import base64
import hashlib

#: Rules that must answer in every mode, and those of ours that must answer in `strict` beside them.
ENGINE = (
    "aws-access-key",
    "basic-auth",
    "github-token",
    "high-entropy-base64",
    "high-entropy-hex",
    "keyword",
    "private-key",
    "slack-token",
    "stripe-access-key",
)
OWN = ("anthropic-token", "google-api-key", "npm-token", "openai-token")
PATH = "canary.py"


def _letters(seed: str, length: int) -> str:
    """Text that looks random and is the same in every run."""
    digest = hashlib.sha512(seed.encode()).digest()
    return base64.b32encode(digest).decode().strip("=")[:length]


def _mixed(seed: str, length: int) -> str:
    text = base64.b64encode(hashlib.sha512(seed.encode()).digest()).decode()
    return text.replace("+", "A").replace("/", "b").strip("=")[:length]


def text() -> str:
    """A Python file that holds one sample for each rule, one a line."""
    lines = (
        "aws = '" + "AKIA" + _letters("aws", 16).replace("=", "A") + "'",
        "database = 'postgres" + "://" + "user:" + _mixed("basic", 14) + "@host/db'",
        "github = 'gh" + "p_" + _mixed("github", 36) + "'",
        "blob = '" + _mixed("base64", 64) + "'",
        "sum_of = '" + hashlib.sha256(b"hex").hexdigest()[:40] + "'",
        "pass" + "word = '" + _mixed("keyword", 11) + "'",
        "header = '-----BEGIN RSA " + "PRIVATE " + "KEY-----'",
        "slack = 'xo" + "xb-123456789012-123456789012-" + _mixed("slack", 24).lower() + "'",
        "stripe = 'sk" + "_live_" + _mixed("stripe", 24) + "'",
        "anthropic = 'sk" + "-ant-api03-" + _mixed("anthropic", 80) + "'",
        "google = 'AI" + "za" + _mixed("google", 35) + "'",
        "npm = 'np" + "m_" + _mixed("npm", 36) + "'",
        "openai = 'sk" + "-proj-" + _mixed("openai", 48) + "'",
    )
    return "\n".join(lines) + "\n"
