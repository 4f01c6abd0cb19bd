"""Redaction: whatever a tool does to a secret on its way into a report, it does not come out."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates import redact
from gates.redact import MASK, MINIMUM_LENGTH, Redactor, linear, needles, views


@pytest.fixture(params=["as they are", "as long ones"], autouse=True, scope="module")
def _contents(request: pytest.FixtureRequest) -> Iterator[None]:
    """Long contents are searched in another way: all of these tests hold for it too."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "as long ones":
            patch.setattr(needles, "_LONG", 0)
        yield


def searched_for(secret: str) -> bool:
    """Whether it is no word of ours: the engine of these tests takes such from the source."""
    return Redactor({secret: ["a/rule"]}).unsearched == frozenset()


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=MINIMUM_LENGTH, max_size=60).filter(searched_for)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=MINIMUM_LENGTH, max_size=60).filter(searched_for)
around = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "json": json.dumps,
    "json, not ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "html": html.escape,
    "html, quotes kept": lambda text: html.escape(text, quote=False),
    "url": lambda text: quote(text, safe=""),
    "form": lambda text: urlencode({"a": text}),
    "url, plus": quote_plus,
    "hex": lambda text: text.encode().hex(),
    "upper hex": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=40)
@given(secret=texts, before=around, after=around)
def test_a_secret_is_masked_in_every_encoding(encoding: str, secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    encode = ENCODINGS[encoding]
    content = f"{before}\t{encode(secret)}\n{after}".encode()
    masked = redactor.redact(content)
    assert redactor.finds(content)
    assert MASK in masked
    assert encode(secret).encode() not in masked


@given(secret=printable, before=st.binary(max_size=9), after=st.binary(max_size=9))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_in_base64_whatever_stands_around_it(
    encode: Callable[[bytes], bytes], secret: str, before: bytes, after: bytes
) -> None:
    content = encode(before + secret.encode() + after)
    redactor = Redactor([secret])
    assert redactor.finds(content)
    left = redactor.redact(content)
    assert MASK in left


@given(secrets=st.lists(texts, max_size=5), content=st.binary(max_size=200))
def test_what_holds_no_secret_is_left_alone(secrets: list[str], content: bytes) -> None:
    redactor = Redactor(secrets)
    assert redactor.finds(content) or redactor.redact(content) == content


@given(secrets=st.lists(texts, min_size=1, max_size=5))
def test_a_secret_within_another_does_not_save_it(secrets: list[str]) -> None:
    longest = max(secrets, key=len)
    redactor = Redactor([*secrets, longest[: len(longest) - 1], longest[1:]])
    assert longest.encode() not in redactor.redact(f"<{longest}>".encode()).replace(MASK, b"")


@pytest.mark.parametrize("secret", ["", "short", "1234567"])
def test_short_values_can_not_be_searched_for(secret: str) -> None:
    assert Redactor([secret]).redact(b"short 1234567 text") == b"short 1234567 text"


def test_text_is_masked_as_bytes_are() -> None:
    assert Redactor(["pa$$word-1"]).text("user:pa$$word-1@host") == "user:[redacted]@host"
    assert Redactor([]).text("as it was") == "as it was"


def test_bytes_that_are_no_text_do_not_break_it() -> None:
    assert Redactor(["pa$$word-1"]).redact(b"\xff\xfepa$$word-1\xff") == b"\xff\xfe[redacted]\xff"
    assert Redactor(["name-\udcff-secret"]).redact(b"name-\xff-secret") == b"[redacted]"


@pytest.mark.parametrize("secret", ["correct-horse-battery\n", " correct-horse-battery\r\n", "\tcorrect-horse-battery"])
def test_white_space_around_a_secret_does_not_save_it(secret: str) -> None:
    assert Redactor([secret]).redact(b"<correct-horse-battery>") == b"<[redacted]>"


def test_the_lines_of_a_key_are_masked_one_by_one() -> None:
    lines = [
        "MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu",
        "KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQJAIJLixBy2qpFoS4DSmoEm",
    ]
    redactor = Redactor(["\n".join(["-----BEGIN KEY-----", *lines, "-----END KEY-----", ""])])
    printed = "".join(f"12:00 {line}\n" for line in lines).encode()
    assert redactor.redact(printed) == b"12:00 [redacted]\n" * 2
    assert not redactor.finds(b"-----BEGIN KEY-----")


# -- which variables are secret


def test_the_password_in_an_address_is_secret_whatever_the_name_of_the_variable() -> None:
    found = redact.secret_values({"DATABASE_URL": "postgres://bob:pg%24pass-99@db.example/x", "HTTPS_PROXY": "http://eve:p4@proxy:3128"})
    assert found == {"pg%24pass-99", "pg$pass-99", "bob:pg%24pass-99@", "p4", "eve:p4@"}


@pytest.mark.parametrize("value", ["postgres://postgres:postgres@localhost/x", "https://example.org:8080/a@b", "a:b@c", "https://me@host/"])
def test_an_address_without_a_password_that_can_be_searched_for_is_none(value: str) -> None:
    assert redact.secret_values({"ADDRESS": value}) == set()


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "DB_PASSWORD",
        "PGPASSWORD",
        "API_KEY",
        "APIKEY",
        "SENTRY_DSN",
        "SLACK_WEBHOOK",
        "npm_config__auth",
        "SIGNING_KEY",
        "CONNECTION_STRING",
        "SESSION_COOKIE",
        "DB_PASS",
        "SSHPASS",
        "PASS_PHRASE",
        "GH_PAT",
        "AWS_CREDS",
        "AUTHORIZATION",
        "DB_PW",
        "DB_PASS2",
        "SSH_KEY_PROD",
        "DEPLOY_KEY_BASE64",
        "MASTER_KEY_V2",
        "GH_PAT_PROD",
        "KUBECONFIG_B64",
    ],
)
def test_names_that_say_secret(name: str) -> None:
    assert redact.is_secret_name(name)
    assert redact.secret_values({name: "value", "EMPTY_TOKEN": ""}) == {"value"}
    assert redact.child_environment({name: "value", "PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "LANG",
        "KEYBOARD",
        "XAUTHORITY",
        "DBUS_SESSION_BUS_ADDRESS",
        "PYTHONPATH",
        "MONKEY",
        "KEY_LAYOUT",
        "SSH_KEY_PATH",
        "GPG_KEY_ID",
        "PATCH_LEVEL",
        "PASSED_TESTS",
        "PWD",
        "GIT_AUTHOR_NAME",
        "MANPATH",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not redact.is_secret_name(name)
    assert redact.child_environment({name: "/value"}) == {name: "/value"}


def test_children_find_no_program_by_a_place_that_depends_on_where_they_start() -> None:
    path = os.pathsep.join([".", "", "bin", "/usr/bin", "../x", "/bin"])
    assert redact.child_environment({"PATH": path}) == {"PATH": f"/usr/bin{os.pathsep}/bin"}


@pytest.mark.parametrize("name", ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "ACTIONS_RUNTIME_URL", "SSH_AUTH_SOCK"])
def test_children_can_not_command_the_runner(name: str) -> None:
    assert redact.child_environment({name: "/run/x", "GITHUB_SHA": "abc"}) == {"GITHUB_SHA": "abc"}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("1234567", "short"),
        ("password", "word"),
        ("measurements", "word"),
        ("security-events", None),
        ("swordfishing", None),
        ("passwordx", None),
    ],
)
def test_a_value_that_can_not_be_searched_for_is_named(value: str, why: str | None) -> None:
    redactor = Redactor({value: ["env:A_TOKEN"]})
    assert [(item.rule, item.why) for item in redactor.unsearched] == ([("env:A_TOKEN", why)] if why else [])
    assert redactor.finds(f"<{value}>".encode()) == (why is None)


def test_each_value_has_the_rules_by_which_it_is_a_secret() -> None:
    found = redact.secrets_of({"A_TOKEN": "tok-1", "B_TOKEN": "tok-1", "URL": "https://bob:pa55-w0rd@x/", "A token\n": "tok-2"})
    assert found["tok-1"] == {"env:A_TOKEN", "env:B_TOKEN"}
    assert found["pa55-w0rd"] == {"login:URL"}
    assert found["tok-2"] == {"env:A?token?"}


def test_so_many_secrets_that_no_pattern_is_made_of_them_are_masked() -> None:
    secrets = [f"{number:05}-battery-staple-{number * 7919}" for number in range(800)]
    content = b"nothing\n" * 1000 + secrets[700].encode() + b"\n"
    assert Redactor(secrets).redact(content) == b"nothing\n" * 1000 + MASK + b"\n"


def test_a_pattern_that_can_not_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="RE2 does not take the pattern"):
        linear.search(b"(")


@given(st.lists(st.sampled_from(["A" * 23, "A" * 24, "b/_-9", "\n", "\r\n", " ", "\t" * 40, " " * 41, ".", "="]), max_size=20).map("".join))
def test_long_runs_of_base64_go_on_over_lines(text: str) -> None:
    content = text.encode()
    line, end = rb"\r?\n[ \t]{0,40}[A-Za-z0-9+/_-]", rb"(?![A-Za-z0-9+/_-])"
    whole = re.compile(
        rb"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}" + end + rb"(?:" + line + rb"{24,}" + end + rb")*(?:" + line + rb"+" + end + rb")?"
    )
    assert [found.span() for found in views._long_runs(content)] == [found.span() for found in whole.finditer(content)]
