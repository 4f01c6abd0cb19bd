"""Everything that is wrong in a policy is said at once, with its place. The files under examples are the cases."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gates.errors import PolicyError
from gates.model import PolicySource
from gates.policy.reader import read
from gates.policy.syntax import MAX_BYTES
from tests.policy.making import EXAMPLES, complaints, effective, policy

NEGATIVE = sorted((EXAMPLES / "negative").glob("*.yaml"))
POSITIVE = sorted((EXAMPLES / "positive").glob("*.yaml"))


@pytest.mark.parametrize("path", NEGATIVE, ids=lambda path: path.stem)
def test_what_is_wrong_is_said_with_its_place(path: Path) -> None:
    expected = path.with_suffix(".expected").read_text("utf-8").splitlines()
    assert expected
    assert complaints(path.read_bytes()) == expected


@pytest.mark.parametrize("path", POSITIVE, ids=lambda path: path.stem)
def test_what_is_right_is_read(path: Path) -> None:
    assert policy(path.read_bytes()).gates


def test_ten_mistakes_are_ten_errors() -> None:
    assert len(complaints((EXAMPLES / "negative" / "ten-mistakes.yaml").read_bytes())) == 10


@pytest.mark.parametrize("path", NEGATIVE, ids=lambda path: path.stem)
def test_every_error_has_all_four_lines(path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        effective(path.read_bytes())
    for problem in caught.value.problems:
        assert [line.partition(":")[0] for line in problem.lines()] == ["error", "where", "help", "see"], problem


def test_scalars_mean_what_their_author_wrote() -> None:
    (tests,) = policy((EXAMPLES / "positive" / "words.yaml").read_bytes()).gates
    assert (tests.owner, tests.why, tests.runbook, tests.enforcement.value) == ("on", "no", "1.10", "off")
    assert tests.options == {
        "python": "3.10",
        "paths": ["yes", "012", "1e3", "2026-11-22", "null", "~", ""],
        "share": "1.1",
        "random": True,
        "patience": 90,
        "variables": {"DEBUG": "off", "Port": "8080"},
    }


@pytest.mark.parametrize(("written", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("7d", 604800)])
def test_lengths_of_time_are_seconds(written: str, seconds: int) -> None:
    assert policy(f"version: 1\ngates: {{tests: {{timeout: {written}}}}}\n").gates[0].timeout_seconds == seconds


def test_numbers_are_exact() -> None:
    (limit, *_) = policy("version: 1\ngates: {security: {require: {findings: {max: 123456789012345.123456789}}}}\n").gates[0].require
    assert limit.max == Decimal("123456789012345.123456789")


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert policy(b"\xef\xbb\xbfversion: 1\ngates: {tests: {}}\n").gates[0].name == "tests"


def test_windows_line_ends_are_no_mistake() -> None:
    assert complaints(b"version: 1\r\ngates:\r\n  tests: {enforcment: warn}\r\n") == [
        "gates.yaml:3:11 unknown key 'enforcment' in gates.tests, did you mean 'enforcement'?"
    ]


def test_columns_count_characters() -> None:
    assert complaints('version: 1\ngates: {tests: {owner: "Zoë 🌍", enforcment: warn}}\n')[0].startswith("gates.yaml:2:33 ")


@pytest.mark.parametrize("text", ["[" * 1_000_000, "- " * 200_000, "{a: " * 100_000], ids=["brackets", "dashes", "braces"])
def test_deep_nesting_ends_early(text: str) -> None:
    found = complaints(f"version: 1\ngates:\n  {text}")
    assert len(found) == 1
    assert "nested deeper than 32" in found[0]


def test_a_huge_file_is_refused() -> None:
    assert complaints(b"#" * (MAX_BYTES + 1)) == ["gates.yaml the file is larger than 1 MiB"]


def test_aliases_can_not_blow_up() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    assert len(complaints("\n".join(lines))) == 40 + 39 * 3 + 40 + 2


def test_mistakes_of_all_files_are_said_together_in_their_order() -> None:
    base = "version: 1\ngatez: {}\n"
    own = "version: 1\ngates:\n  tests: {timeout: soon}\n  wat: {}\n"
    assert [line.split(" ")[0] for line in complaints(base, own)] == ["1.yaml:2:1", "gates.yaml:3:20", "gates.yaml:4:3"]


def test_an_unreadable_file_does_not_make_others_look_wrong() -> None:
    assert complaints("version: [1\n", "version: 1\ngates: {payments: {}}\n") == [
        "1.yaml:2:1 not YAML: a comma or a closing bracket is missing"
    ]


def test_what_a_base_says_wrong_of_a_gate_is_said_where_it_stands() -> None:
    base = "version: 1\ngates: {payments: {uses: security}}\n"
    own = "version: 1\ngates:\n  payments:\n    options: {path: [a]}\n"
    assert complaints(base, own) == ["gates.yaml:4:15 unknown key 'path' in gates.payments.options, did you mean 'paths'?"]


def test_a_gate_nobody_knows_any_more_is_a_problem_with_a_place() -> None:
    assert complaints("version: 1\ngates: {tests: {}, plugin: {uses: gone}}\n") == ["gates.yaml:2:29 unknown gate 'gone'"]


def test_a_near_word_is_proposed_as_it_is_written() -> None:
    source = PolicySource(name="gates.yaml", content=b"version: 1\ngates: {secrets: {stages: [comit]}}\n", sha256="")
    (wrong,) = read(source).problems
    assert wrong.help == "did you mean 'commit'?"
