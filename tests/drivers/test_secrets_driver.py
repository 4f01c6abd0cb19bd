"""Parts of the secret scan's driver by themselves: what is skipped for speed loses nothing, and what a value looks like."""

from __future__ import annotations

import base64
import codecs
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from detect_secrets.settings import default_settings, get_plugins
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.api import Kind, Severity
from gates.drivers import secrets_canary, secrets_driver, secrets_rules, secrets_strict, secrets_text
from gates.drivers.secrets_driver import Scanner
from gates.drivers.secrets_offline import Offline
from gates.drivers.secrets_strict import Detectors
from gates.formats import detect_secrets
from tests.runners.samples import SECRETS


@pytest.fixture(scope="module")
def detectors() -> Iterator[Detectors]:
    with default_settings():
        yield Detectors.sort(get_plugins())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"curl -H 'Authorization: Bearer {SECRETS['password']}{SECRETS['password']}'", ["authorization-header"]),
        (f'headers["X-Api-Key"] = "{SECRETS["hex"]}"', ["authorization-header"]),
        ("Authorization: Bearer <your token goes here>", []),
        ("authorization = request.headers['Authorization'].partition(' ')", []),
    ],
)
def test_values_of_headers(detectors: Detectors, line: str, expected: list[str]) -> None:
    assert [hit.rule for hit in secrets_strict.scan("app.sh", line, detectors).hits] == expected


def test_one_value_found_by_several_detectors_is_one_hit(detectors: Detectors) -> None:
    (hit,) = secrets_strict.scan("app.py", f'api_key = "{SECRETS["hex"]}"\n', detectors).hits
    assert (hit.rule, hit.also, hit.column, hit.text) == ("keyword", ["high-entropy-hex"], 12, 'api_key = "[redacted]"')


def test_a_private_key_on_one_line_leaves_nothing_behind(detectors: Detectors) -> None:
    line = f'key = "-----{SECRETS["begin-key"]}-----\\n{SECRETS["key-body"]}\\n-----END RSA-----"\n'
    (hit,) = secrets_strict.scan("app.py", line, detectors).hits
    assert SECRETS["key-body"] in hit.pieces
    assert SECRETS["key-body"] not in hit.text


def test_the_end_of_a_token_is_masked_too(detectors: Detectors) -> None:
    token = SECRETS["stripe"] + "ABCdef_123-"
    (hit,) = secrets_strict.scan("app.py", f"call({token!r})\n", detectors).hits
    assert hit.value == token
    assert hit.text == "call('[redacted]')"


def test_a_host_is_no_part_of_the_login_before_it(detectors: Detectors) -> None:
    """A short password is masked with its login, wherever it logs in: with the host it would be left beside any other host."""
    (hit,) = secrets_strict.scan("notes.md", "postgres://shop:q7Rb@shop.example/orders\n", detectors).hits
    assert (hit.value, hit.column, hit.text) == ("://shop:q7Rb@", 9, "postgres[redacted]shop.example/orders")


def test_a_token_within_a_web_token_is_named_and_both_are_masked(detectors: Detectors) -> None:
    web = ".".join(base64.urlsafe_b64encode(part).decode().strip("=") for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1"}'))
    (hit,) = secrets_strict.scan("app.py", f'web = "{web}.example-{SECRETS["stripe"]}"\n', detectors).hits
    assert (hit.rule, hit.also, hit.value) == ("stripe-access-key", ["json-web-token"], SECRETS["stripe"])
    assert hit.text == 'web = "[redacted]"'
    assert f"{web}.example-{SECRETS['stripe']}" in secrets_driver._plain(hit, "app.py", "app.py", frozenset())["secrets"]


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("poetry.lock", ["basic-auth", "npm-token"]),
        ("a/Poetry.ipynb", ["keyword", "basic-auth", "npm-token"]),
        *((name, ["keyword", "high-entropy-hex", "basic-auth", "npm-token"]) for name in ("prod.lock", "a.prefs", "my-package-lock.json")),
    ],
)
def test_what_a_name_leaves_out(detectors: Detectors, path: str, rules: list[str]) -> None:
    lines = (f'db_password = "{SECRETS["password"]}"', f'x("{SECRETS["hex"]}")', "https://user:q7Rbx81k@host/", SECRETS["npm"])
    scan = secrets_strict.scan(path, "\n".join(lines), detectors, secrets_rules.left_out(path))
    assert [hit.rule for hit in scan.hits] == rules


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f'sha1 = "{SECRETS["hex"]}"', "checksum"),
        (f'{{"integrity": "sha512-{SECRETS["base64"]}"}}', "checksum"),
        ('user = User(secret="swordfish"); name = get(user)', "indirect-reference"),
        ('secret = "3f2b8c1e-5d4a-4f6b-9e2d-7a1c0b9d8e7f"', "uuid"),
        ("address = https://user:<word>@host", "template"),
        ('password = "8675309"', "no-letter"),
        ('form["email_password_status"] = "success"', "name"),
        ('{"show_api_keys": "show_api_keys" in query}', "name"),
    ],
)
def test_what_is_no_secret_is_counted_and_not_found(detectors: Detectors, line: str, reason: str) -> None:
    scan = secrets_strict.scan("app.py", line + "\n", detectors)
    assert scan.hits == []
    assert reason in scan.filtered


def test_a_token_of_a_known_shape_is_found_whatever_stands_in_it(detectors: Detectors) -> None:
    """What looks like an identifier is passed over where random text alone speaks for a secret, not where a vendor's prefix does."""
    token = "-".join(("sk", "ant", "api03", "3f2b8c1e-5d4a-4f6b-9e2d-7a1c0b9d8e7f"))
    assert [hit.rule for hit in secrets_strict.scan("app.py", f"call({token!r})\n", detectors).hits] == ["anthropic-token"]


@pytest.mark.parametrize("line", ['password = "swordfish-status"', 'password = "password"', 'status_password = "swordfish"'])
def test_a_name_whose_last_word_is_a_secret_is_one(detectors: Detectors, line: str) -> None:
    assert [hit.rule for hit in secrets_strict.scan("app.py", line + "\n", detectors).hits] == ["keyword"]


def test_a_checksum_by_a_secret_name_is_a_secret(detectors: Detectors) -> None:
    (hit,) = secrets_strict.scan("app.py", f'password_sha1 = "{SECRETS["hex"]}"\n', detectors).hits
    assert hit.rule == "keyword"


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("password", "placeholder"),
        ("test-secret-key", "placeholder"),
        ("changeme", "placeholder"),
        ("AKIAIOSFODNN7" + "EXAMPLE", "placeholder"),
        ("%(password)s", "placeholder"),
        ("a%20secret", "placeholder"),
        ("Enter the key, please", "phrase"),
        ("settings.SECRET_KEY", "reference"),
        ("DATABASE_PASSWORD", "reference"),
        ("/run/secrets/password", "path"),
        ("https://host/reset", "path"),
        ("swordfish", "word"),
        ("correct-horse-battery", "word"),
        ("Pa$word1", "word"),
        (SECRETS["base64"], "random"),
        (SECRETS["hex"], "random"),
    ],
)
def test_what_a_value_looks_like(value: str, shape: str) -> None:
    assert secrets_text.shape(value) == shape


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("key = 1\n".encode("utf-16-le"), "key = 1\n"),
        ("key = 1\n".encode("utf-16-be"), "key = 1\n"),
        ("key = 1\n".encode("utf-16"), "key = 1\n"),
        ("\ufeffkey = 1\n".encode(), "key = 1\n"),
        (b"key = '\xe9'\n", "key = 'é'\n"),
        ("schlüssel = 1\n".encode("utf-16"), "schlüssel = 1\n"),
        (b"", ""),
    ],
)
def test_what_is_text(content: bytes, text: str) -> None:
    assert secrets_text.readings(content) == (text,)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"key = 1\0\n", "key = 1\n"),
        (b"a = 1\r\n" + "key = 1\r\n".encode("utf-16-le"), "a = 1\r\nkey = 1\r\n"),
        ("key = 1\n".encode("utf-16-le") + b"\n", "key = 1\n\n"),
        ("key = 1\n".encode("utf-16-be") + b"\n", "key = 1\n\n"),
        ("key = 1\n".encode("utf-32-le"), "key = 1\n"),
        ("key = 1\n".encode("utf-32-be"), "key = 1\n"),
        (codecs.BOM_UTF8 + b"a = 1\n" + "key = 1\n".encode("utf-16-le"), "a = 1\nkey = 1\n"),
    ],
)
def test_text_with_nuls_is_read_without_them_first(content: bytes, text: str) -> None:
    assert secrets_text.readings(content)[0] == text


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF16_LE + b"a = 1\nkey = 1\n",
        codecs.BOM_UTF32_LE + b"a = 1\nkey = 1\n",
        "a = 1\n".encode("utf-16") + b"key = 1\n",
        "a = 'a long text with \u0107'\n".encode("utf-16-le") * 20 + b"key = 1\n",
        codecs.BOM_UTF32_LE + "a = 1\nkey = 1\n".encode("utf-16-le"),
    ],
)
def test_what_its_encoding_hides_is_read_too(content: bytes) -> None:
    assert "\nkey = 1\n" in secrets_text.readings(content)[-1]


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x00\x00", codecs.BOM_UTF16_LE + bytes(range(256)) * 4 + b"\0\xd8" * 9])
def test_what_is_no_text(content: bytes) -> None:
    assert secrets_text.readings(content) == ()


def test_what_several_readings_show_is_one_hit(detectors: Detectors) -> None:
    line = f'password = "{SECRETS["password"]}"\r\n'
    for content in (line.encode("utf-16") + b"\n", b"\0" + line.encode(), "\r\n\u4e0a\r\n".encode("utf-16") + line.encode("utf-16-le")):
        readings = secrets_text.readings(content)
        assert len(readings) == 2
        assert [hit.rule for hit in secrets_strict.scan_readings("a.txt", readings, detectors).hits] == ["keyword"]


def test_a_nul_behind_a_token_sets_it_apart(detectors: Detectors) -> None:
    broken = SECRETS["github"][:20] + "\0" + SECRETS["github"][20:]
    content = f"{SECRETS['google']}\0x {broken}\n".encode()
    hits = secrets_strict.scan_readings("a.txt", secrets_text.readings(content), detectors).hits
    assert [hit.rule for hit in hits] == ["github-token", "google-api-key"]
    assert hits[1].text == "[redacted]"


def test_an_allowed_place_hides_no_other_one(detectors: Detectors) -> None:
    content = f"{SECRETS['github']}  # pragma: allowlist secret\r\n".encode("utf-16") + f"{SECRETS['github']}\r\n".encode()
    hits = secrets_strict.scan_readings("a.txt", secrets_text.readings(content), detectors).hits
    assert [(hit.line, hit.suppressed_by is None) for hit in hits] == [(1, False), (2, True)]


def test_a_long_line_takes_no_time_for_its_names(detectors: Detectors) -> None:
    line = f"password = '{SECRETS['password']}';" * 10000
    started = time.process_time()
    assert len(secrets_strict.scan("a.js", line, detectors).hits) == 1
    assert time.process_time() - started < 20


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_any_value_has_a_shape_in_no_time(value: str) -> None:
    assert secrets_text.shape(value)
    assert secrets_text.shape("supersecret" * 30 + value)


@pytest.mark.parametrize(
    ("rule", "shape", "path", "expected"),
    [
        ("github-token", "random", "tests/test_a.py", (Kind.FINDING, Severity.CRITICAL)),
        ("aws-access-key", "placeholder", "shop/app.py", (Kind.FINDING, Severity.CRITICAL)),
        ("aws-access-key", "placeholder", "docs/setup.md", (Kind.NEEDS_REVIEW, Severity.CRITICAL)),
        ("private-key", "phrase", "deploy/key.pem", (Kind.FINDING, Severity.CRITICAL)),
        ("private-key", "phrase", "tests/certs/key.pem", (Kind.NEEDS_REVIEW, Severity.MEDIUM)),
        ("keyword", "word", "shop/app.py", (Kind.FINDING, Severity.MEDIUM)),
        ("keyword", "placeholder", "shop/app.py", (Kind.NEEDS_REVIEW, Severity.LOW)),
        ("keyword", "word", "tests/test_a.py", (Kind.NEEDS_REVIEW, Severity.LOW)),
        ("keyword", "random", "tests/test_a.py", (Kind.FINDING, Severity.MEDIUM)),
        ("keyword", "random", "README.md", (Kind.NEEDS_REVIEW, Severity.LOW)),
        ("high-entropy-hex", "random", "shop/app.py", (Kind.FINDING, Severity.LOW)),
        ("high-entropy-hex", "random", "conftest.py", (Kind.NEEDS_REVIEW, Severity.LOW)),
        ("json-web-token", "random", "shop/app.py", (Kind.FINDING, Severity.MEDIUM)),
    ],
)
def test_what_a_find_is_worth(rule: str, shape: str, path: str, expected: tuple[Kind, Severity]) -> None:
    assert detect_secrets.weigh(rule, shape, path) == expected


@pytest.mark.parametrize("value", ["password", "correct horse", "findings", "needs-review", "tests/app.py"])
def test_words_and_names_of_files_are_masked_where_they_stand_alone(value: str) -> None:
    assert secrets_text.why_unsearched(value, "lib/x.py\ntests/app.py")


@pytest.mark.parametrize("value", ["hunter22", "correct horse battery staple", SECRETS["hex"]])
def test_other_values_are_masked_everywhere(value: str) -> None:
    assert not secrets_text.why_unsearched(value, "lib/x.py\ntests/app.py")


def test_a_single_blind_detector_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with default_settings():
        plugins = list(get_plugins())
        for plugin in plugins:
            with monkeypatch.context() as patched:
                patched.setattr(plugin, "analyze_line", lambda **_: set())
                hits = secrets_strict.scan(secrets_canary.PATH, secrets_canary.text(True), Detectors.sort(plugins)).hits
            unseen = {name for name, _, _ in secrets_canary.planted(True)} - set(secrets_canary.seen(hits, True))
            assert unseen == {secrets_rules.rule_of(plugin.secret_type)} - {"public-ip"}


def test_a_very_large_file_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_driver, "LARGEST", 2**20)
    (tmp_path / "a.txt").write_bytes(b"a" * (2**20 + 1))
    assert Scanner(strict=True).file(str(tmp_path / "a.txt")).skipped == "larger than 1 MiB"


def test_the_scan_has_nothing_with_which_it_could_verify_a_secret() -> None:
    """In a process of its own: this one may have imported the real thing."""
    asked = """
import sys
from gates.drivers import secrets_engine
secrets_engine.detectors(), secrets_engine.filters()
assert {"requests", "urllib3"}.isdisjoint(sys.modules)
from detect_secrets.plugins.stripe import StripeDetector
try:
    StripeDetector().verify("sk_live_" + "a" * 24)
except RuntimeError as error:
    print(error)
import requests
print(requests.get.__module__)
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    said = ["requests.get: secrets are never verified over the network", "requests.api"]
    assert done.stdout.splitlines() == said, done.stderr


def test_what_stands_for_requests_has_no_attribute_that_python_asks_every_module_for() -> None:
    assert not hasattr(Offline("requests"), "__path__")
    with pytest.raises(RuntimeError, match="never verified over the network"):
        _ = Offline("requests").get
