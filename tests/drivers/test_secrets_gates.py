"""The gates in front of detect-secrets: each lets through whatever its detector finds, each is used, and one that is blind is noticed."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from detect_secrets.plugins import keyword
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin
from detect_secrets.settings import default_settings, get_plugins
from detect_secrets.transformers import get_transformed_file
from detect_secrets.types import NamedIO
from detect_secrets.util.filetype import FileType, determine_file_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates.drivers import secrets_canary, secrets_gates, secrets_rules
from gates.drivers.secrets_driver import Scanned, Scanner
from gates.drivers.secrets_gates import BlindError, Prefilter
from gates.drivers.secrets_hits import NamedText
from gates.runners import secrets
from tests.drivers.secrets_fuzz import Fuzz, Oracles
from tests.runners.samples import SECRETS

#: sha256 over detect-secrets' patterns: with any other the gates need to be proven anew.
PATTERNS_SHA256 = "7036fc08296c887f453a90ad2a057f534527ac2bea48d089f61a43a15383b9bc"


@pytest.fixture(scope="module")
def plugins() -> Iterator[dict[str, Any]]:
    with default_settings():
        yield {secrets_rules.rule_of(plugin.secret_type): plugin for plugin in get_plugins()}


@pytest.fixture(scope="module")
def prefilter() -> Prefilter:
    return Prefilter(strict=True)


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    """(name of the gate, pattern) of every detector: detect-secrets' and ours."""
    with default_settings():
        engine = [(secrets_rules.rule_of(plugin.secret_type), pattern) for plugin in get_plugins() for pattern in _patterns(plugin)]
    return [*engine, *((secrets_gates.own(rule), pattern) for rule, pattern in secrets_rules.OWN_RULES)]


def _patterns(plugin: Any) -> list[re.Pattern[str]]:
    if isinstance(plugin, RegexBasedDetector):
        return list(plugin.denylist)
    if isinstance(plugin, HighEntropyStringsPlugin):
        return [plugin.regex]
    return list(dict.fromkeys(pattern for group in (*keyword.REGEX_BY_FILETYPE.values(),) for pattern in group))


PATTERNS = patterns()

# -- each gate lets through what its detector finds


def test_the_gates_were_proven_for_these_patterns() -> None:
    text = "\n".join(f"{name} {pattern.pattern} {pattern.flags}" for name, pattern in PATTERNS if not name.startswith("own "))
    assert hashlib.sha256(text.encode()).hexdigest() == PATTERNS_SHA256
    assert secrets_gates.engine_version() in secrets_gates.PROVEN


def test_each_detector_has_a_gate() -> None:
    assert {rule for rule, _ in secrets_gates.ENGINE_GATES} == set(secrets_rules.ENGINE_RULES.values())
    assert {rule for rule, _ in secrets_gates.OWN_GATES} == {rule for rule, _ in secrets_rules.OWN_RULES}


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[f"{number} {name}" for number, (name, _) in enumerate(PATTERNS)])
def test_whatever_a_pattern_matches_its_gate_names(prefilter: Prefilter, name: str, pattern: re.Pattern[str]) -> None:
    """Texts are made from the pattern itself, with all that its classes hold: digits of other scripts, letters that fold to ours."""

    # what looks ahead is left out here: hypothesis would guess it, and the pattern itself is asked below
    made = re.compile(re.sub(r"\(\?=(?:[^()\\]|\\.)*\)", "", pattern.pattern), pattern.flags)

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(st.from_regex(made), st.sampled_from(["", "x", "\n", "'", "é", "  "]))
    def check(text: str, around: str) -> None:
        line = re.sub(r"[\n\r]", "\x0b", text) if "entropy" not in name else re.sub(r"[\n\r]", "", text)
        found = pattern.search(line)
        if found is None or ("entropy" in name and secrets_gates._entropy(found.group(2).encode()) < secrets_gates._RANDOM[name]):
            return
        data = f"{around}\n{line}\n{around}".encode("utf-8", "surrogatepass")
        assert name in prefilter.by_line("a.ini", data).get(2 + around.count("\n"), ())

    check()


def test_no_value_that_is_passed_over_is_random_enough(plugins: dict[str, Any]) -> None:
    random = Random(1)
    for rule, bits in secrets_gates._RANDOM.items():
        plugin, passed_over = plugins[rule], 0
        for _ in range(3000):
            value = "".join(random.choices(plugin.charset[: random.randint(2, 64)], k=random.randint(1, 90)))
            if secrets_gates._entropy(value.encode()) < bits:
                passed_over += 1
                assert plugin.calculate_shannon_entropy(value) <= plugin.entropy_limit
        assert passed_over > 300


def test_letters_that_fold_to_ascii_are_spelled_out() -> None:
    folding = {character for character in map(chr, range(0x80, 0x30000)) if re.match("[a-z]", character, re.IGNORECASE)}
    assert folding == set("\u017f\u0130\u0131\u212a")
    for character in folding:
        (letter,) = [letter for letter in "abcdefghijklmnopqrstuvwxyz" if re.match(letter, character, re.IGNORECASE)]
        assert re.fullmatch(secrets_gates._folded(letter), character.encode())


def test_kinds_of_files_are_those_of_detect_secrets() -> None:
    code = determine_file_type.__code__.co_consts
    endings = {
        item for constant in code for item in (constant if isinstance(constant, tuple) else (constant,)) if str(item).startswith(".")
    }
    kinds = {str(ending): determine_file_type(f"a{ending}") for ending in endings}
    assert set(kinds) == secrets_gates.KNOWN
    assert {ending for ending, kind in kinds.items() if kind is FileType.YAML} == secrets_gates.YAML
    unquoted = (keyword.CONFIG_DENYLIST_REGEX_TO_GROUP, keyword.GOLANG_DENYLIST_REGEX_TO_GROUP)
    assert {ending for ending, kind in kinds.items() if keyword.REGEX_BY_FILETYPE.get(kind) in unquoted} == secrets_gates.UNQUOTED


def test_a_file_that_is_said_to_be_no_ini_is_none() -> None:
    for seed in range(600):
        fuzz = Fuzz(seed)
        with suppress(UnicodeDecodeError):
            text = fuzz.content.decode()
            if not secrets_gates.can_be_rewritten(fuzz.name, fuzz.content):
                for eager in (False, True):
                    assert get_transformed_file(cast("NamedIO", NamedText(text, fuzz.name)), use_eager_transformers=eager) is None


@pytest.mark.parametrize(
    ("path", "text", "can"),
    [
        ("a.yaml", "", True),
        ("a.md", "# A title\n\nSome words\n", False),
        ("a.po", '# x\nmsgid ""\nmsgstr ""\n', False),
        (".env", "A=1\nB=2\n", True),
        ("a.py", "import os\n", False),
        ("a.py", "# x\n\n[section]\na = 1\n", True),
        ("a.py", "[section]\nno assignment\n", False),
        ("a.txt", "a = 1\r  more\r\u3000x\r", True),
        ("a.txt", "a = 1\rmore\r", False),
        ("a.txt", "\ufeffmore", True),
    ],
)
def test_what_a_transformer_may_take_apart(path: str, text: str, can: bool) -> None:
    assert secrets_gates.can_be_rewritten(path, text.encode()) is can


# -- with and without the gates, and detect-secrets itself


@pytest.fixture
def oracles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Oracles:
    monkeypatch.chdir(tmp_path)
    return Oracles()


def test_files_near_to_a_secret_give_the_same_with_and_without_gates(oracles: Oracles) -> None:
    for seed in range(250):
        assert not oracles.differences(Fuzz(seed)), seed


def test_real_files_give_the_same_with_and_without_gates(oracles: Oracles) -> None:
    """A sample of what is installed, of many kinds."""
    root = Path(sysconfig.get_paths()["purelib"])
    found = sorted(path for path in root.rglob("*") if path.is_file() and 0 < path.stat().st_size < 12_000 and path.suffix != ".pyc")
    for path in Random(1).sample(found, 40):
        fuzz = Fuzz(0)
        fuzz.ending, fuzz.content = path.suffix.removeprefix("."), path.read_bytes()
        assert not oracles.differences(fuzz), path


def test_a_text_that_only_detect_secrets_makes_is_seen(oracles: Oracles) -> None:
    """Joined over lines, or from an escape."""
    half, rest = SECRETS["github"][:20], SECRETS["github"][20:]
    texts = {
        "yaml": f'a: "{half}\\\n    {rest}"\n',
        "yml": f'a: "\\x{ord(half[0]):02x}{half[1:]}{rest}"\n',
    }
    for ending, text in texts.items():
        fuzz = Fuzz(0)
        fuzz.ending, fuzz.content = ending, text.encode()
        assert "github-token" in {hit.rule for hit in oracles.strict.content(fuzz.name, fuzz.content).hits}, text
        assert not oracles.differences(fuzz)


# -- the gates are used, and seen to work


@pytest.mark.parametrize("strict", [True, False])
def test_a_gate_that_matches_nothing_is_noticed(strict: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    mode = "strict" if strict else "compat"
    assert set(Scanner(strict=strict).gated) == set(secrets.GATED[mode])
    assert set(Prefilter(strict=strict).forms) <= set(secrets.GATED[mode])
    tables = ("ENGINE_GATES", "LOOSE_GATES", *(["OWN_GATES"] if strict else []))
    for table in tables:
        gates = getattr(secrets_gates, table)
        for number, (name, _) in enumerate(gates):
            with monkeypatch.context() as patched:
                blind = (*gates[:number], (name, rb"\x00\x01\x02"), *gates[number + 1 :])
                patched.setattr(secrets_gates, table, blind)
                patched.setattr(secrets_canary, table, blind, raising=False)
                assert len(set(secrets.GATED[mode]) - set(Scanner(strict=strict).gated)) == 1


def test_a_gate_that_names_the_wrong_line_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a pattern matches is the other half of a gate: detect-secrets' canary goes through both."""
    monkeypatch.setattr(secrets_gates, "_lines", lambda *_: iter([1]))
    scanner = Scanner(strict=True)
    assert scanner.engine
    assert set(secrets.CANARY["strict"]) - set(scanner.canary)


CLEAN = {
    "app.py": b"import os\n\n\ndef password(path: str) -> str:\n    return os.environ['HOME'] + path\n",
    "a.yaml": b"name: shop\nsteps:\n  - run: make\n    uses: actions/checkout\n",
    "a.ini": b"[shop]\nname = shop\n",
    "a.md": "# Grüße\n\nSome words, and https://example.org/a/page\n".encode(),
    "latin1.txt": b"caf\xe9\n",
    "utf16.txt": "name\n".encode("utf-16"),
    "empty": b"",
}


def test_nobody_is_asked_about_a_clean_file() -> None:
    """Not so much as detect-secrets is loaded; in a process of its own, as this one has loaded it."""
    asked = f"""
import sys
from gates.drivers.secrets_driver import Scanned, Scanner
scanner = Scanner(strict=True)
assert all(scanner.content(path, content) == Scanned() for path, content in {CLEAN!r}.items())
about = scanner.about()
print(about["asked"], about["prefilter"], any(name.partition(".")[0] == "detect_secrets" for name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True", "False"], done.stderr


def test_only_named_detectors_are_asked_and_only_about_named_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    scanner = Scanner(strict=True)
    asked: list[tuple[str, int]] = []

    def noted(rule: str, real: Any, **known: Any) -> Any:
        asked.append((rule, known["line_number"]))
        return real(**known)

    for rule, plugin in scanner.engine.detectors().plugins:
        monkeypatch.setattr(plugin, "analyze_line", partial(noted, rule, plugin.analyze_line))
    scanner.content("app.py", f"x = 1\nkey = '{SECRETS['github']}'\npassword = get()\n".encode())
    assert asked == [("github-token", 2), ("high-entropy-base64", 2)]


@pytest.mark.parametrize("why", ["no RE2", "another detect-secrets"])
def test_without_gates_every_line_is_asked_and_the_answer_is_the_same(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = f"x = 1\nkey = '{SECRETS['github']}'\n".encode()
    expected = Scanner(strict=True).content("app.py", content)
    if why == "no RE2":
        monkeypatch.setattr(secrets_gates, "re2", None)
    else:
        monkeypatch.setattr(secrets_gates, "engine_version", lambda: "1.6.0")
    scanner = Scanner(strict=True)
    assert scanner.content("app.py", content) == expected
    about = scanner.about()
    assert (about["prefilter"], about["asked"], about["gated"]) == (False, True, [])
    assert set(about["canary"]) == set(secrets.CANARY["strict"])


def test_without_gates_compat_lists_what_is_allowed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    content = f"x = 1\nkey = '{SECRETS['github']}'  # pragma: allowlist secret\n".encode()
    expected = Scanner(strict=False).content("app.py", content)
    assert [hit.suppressed_by for hit in expected.hits if hit.line == 2]
    monkeypatch.setattr(secrets_gates, "re2", None)
    assert Scanner(strict=False).content("app.py", content) == expected


@pytest.mark.parametrize("answer", [None, [], [1]])
def test_where_re2_breaks_down_every_line_is_asked(answer: list[int] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    content = f"key = '{SECRETS['github']}'\n".encode()
    scanner = Scanner(strict=True)
    expected = scanner.content("app.py", content)
    assert expected.hits
    assert scanner.prefilter is not None

    class Broken:
        def Match(self, _: bytes) -> list[int] | None:  # noqa: N802 (its name there)
            """As it answers where it has run out of memory: nothing, or without the pattern that matches any text."""
            return answer

    monkeypatch.setattr(scanner.prefilter._set, "_set", Broken())
    with pytest.raises(BlindError):
        scanner.prefilter.is_clean("app.py", b"x = 1\n")
    assert scanner.content("app.py", content) == expected
    assert scanner.content("app.py", b"x = 1\n") == Scanned()


def test_what_is_said_of_a_file_follows_from_it_alone() -> None:
    """Whatever was scanned before it, in whatever order."""
    files = [(fuzz.name, fuzz.content) for fuzz in map(Fuzz, range(60))]
    for strict in (True, False):
        scanner = Scanner(strict=strict)
        there = [scanner.content(*file) for file in files]
        back = [scanner.content(*file) for file in reversed(files)]
        assert json.dumps(list(map(repr, there))) == json.dumps(list(map(repr, reversed(back))))
