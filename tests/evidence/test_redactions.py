"""What was masked is said by rule, member and line, within bounds; whoever verifies sees whether it is so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gates import canonical
from gates.api.masked import Masked, masked_lines
from gates.cli.main import main
from gates.evidence import archive, redactions
from gates.evidence.redactions import MOST_GROUPS, MOST_LINES, MOST_RULES, MOST_UNSEARCHED, NAME, NAME_MASK
from gates.observe import Place, member_name
from gates.redact import MASK, Redactor, Unsearched, Why
from tests.evidence.test_tampering import listed_anew
from tests.leaks.places import canary
from tests.repository import Repository

POLICY = """\
version: 1
extends: [baseline]
gates:
  secrets: {}
  tool: {uses: external, options: {command: ["{python}", tool.py, "{raw}"], sarif: report.sarif, inventory: ["*.py"]}}
"""
#: Writes the secrets where a tool writes, and text that is like ours.
TOOL = """\
import os, sys
from pathlib import Path
from keys import TOKEN
raw = Path(sys.argv[1])
(raw / "report.sarif").write_text('{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": []}]}')
(raw / "log.txt").write_text(f"one\\n{TOKEN} {TOKEN}\\n[redacted]\\nlast {TOKEN}\\n")
(raw / f"log-{TOKEN}.txt").write_text("[redacted]\\n")
print("of the environment:", Path("outside").read_text())
"""
TOKEN, VARIABLE = canary("redactions"), "Qm7xTz2Lw9Rb4Nc8"
KEYS = f'TOKEN = "{TOKEN}"\npassword = "hunter2"  # TOKEN\n'


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    folder = tmp_path_factory.mktemp("redactions")
    repository = Repository(folder)
    repository.commit({"gates.yaml": POLICY, "keys.py": KEYS, "tool.py": TOOL, "outside": VARIABLE})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEPLOY_TOKEN", VARIABLE)
        patch.setenv("ADDRESS", f"https://bob:{VARIABLE}@example.org/")
        patch.setenv("DOOR_PIN_SECRET", "4711")
        patch.setenv("DB_PASSWORD", "coverage")
        assert main(["-C", str(repository.root), "run", "--bundle", str(folder / "bundle.zip")]) == 1
    return archive.unpack((folder / "bundle.zip").read_bytes())


@pytest.fixture
def said(members: Mapping[str, bytes]) -> dict[tuple[str, str], list[tuple[list[str], list[tuple[int, int]], int]]]:
    """What is said of each member and part: rules, lines with their counts, and the count of all."""
    found: dict[tuple[str, str], list[tuple[list[str], list[tuple[int, int]], int]]] = {}
    for group in json.loads(members[NAME])["masked"]:
        lines = [(line["line"], line["count"]) for line in group["lines"]]
        found.setdefault((group["member"], group["part"]), []).append((group["rules"], lines, group["count"]))
    return found


Said = dict[tuple[str, str], list[tuple[list[str], list[tuple[int, int]], int]]]


def test_what_a_tool_wrote_is_told_by_rule_and_line_and_its_own_words_are_not_ours(said: Said) -> None:
    assert said["raw/tool/log.txt", "content"] == [(["secrets/github-token"], [(2, 2), (4, 1)], 3)]


def test_a_name_is_told_and_what_is_like_ours_in_its_content_is_not(said: Said) -> None:
    name = f"raw/tool/log-{NAME_MASK}.txt"
    assert said[name, "name"] == [(["secrets/github-token"], [], 1)]
    assert (name, "content") not in said


def test_all_rules_of_a_value_are_told(said: Said) -> None:
    assert said["raw/tool/1-tool.stdout", "content"] == [(["env:DEPLOY_TOKEN", "login:ADDRESS"], [(1, 1)], 1)]


def test_what_the_scan_masks_by_itself_is_told(said: Said, members: Mapping[str, bytes]) -> None:
    scan = members["raw/secrets/scan.json"].split(b"\n")
    told = [(tuple(rules), line) for rules, lines, _ in said["raw/secrets/scan.json", "content"] for line, _ in lines]
    assert {rules for rules, _ in told} >= {("secrets/github-token",), ("secrets/keyword",)}
    assert all(MASK in scan[line - 1] for _, line in told)
    assert b"hunter2" not in b"".join(members.values())


def test_what_is_not_searched_for_is_named_without_its_value(members: Mapping[str, bytes]) -> None:
    listed = {(item["rule"], item["why"]) for item in json.loads(members[NAME])["not_searched_for"]}
    assert listed >= {("env:DOOR_PIN_SECRET", "short"), ("env:DB_PASSWORD", "word"), ("secrets/keyword", "short")}
    assert b"4711" not in members[NAME]


def test_it_is_in_the_manifest_and_canonical(members: Mapping[str, bytes]) -> None:
    assert NAME in {item["path"] for item in json.loads(members["manifest.json"])["members"]}
    data = canonical.loads(members[NAME])
    assert data["schema"] == "gates/redactions/v1"
    assert data["count"] == sum(group["count"] for group in data["masked"])
    assert redactions.faults(members) == []


# -- bounds


def place(line: int, *rules: str, name: str = "raw/a/x", count: int = 1) -> Place:
    return Place(name=name, line=line, rules=frozenset(rules or ("a/b",)), count=count)


def test_ten_thousand_lines_are_cut_and_what_was_cut_is_said() -> None:
    members = {"raw/a/x": b"[redacted]\n" * 10_000}
    content = redactions.of(members, [place(line) for line in range(1, 10_001)])
    (group,) = json.loads(content)["masked"]
    assert (group["count"], len(group["lines"]), group["lines_left_out"]) == (10_000, MOST_LINES, 10_000 - MOST_LINES)
    assert len(content) < 3000
    assert redactions.faults(members | {NAME: content}) == []


def test_many_groups_are_cut_and_what_was_cut_is_said() -> None:
    members = {f"raw/a/{number}": b"[redacted]" for number in range(MOST_GROUPS + 7)}
    content = redactions.of(members, [place(1, name=name) for name in members])
    data = json.loads(content)
    assert (data["count"], len(data["masked"]), data["left_out"]) == (MOST_GROUPS + 7, MOST_GROUPS, 7)
    assert redactions.faults(members | {NAME: content}) == []


def test_many_rules_are_cut_and_how_many_is_said() -> None:
    rules = [f"env:K{number:03}" for number in range(MOST_RULES + 1)]
    unsearched = [Unsearched(rule=f"env:S{number:04}", why=Why.SHORT) for number in range(MOST_UNSEARCHED + 3)]
    data = json.loads(redactions.of({"raw/a/x": b"[redacted]"}, [place(1, *rules)], unsearched))
    assert data["masked"][0]["rules"] == [*rules[: MOST_RULES - 1], "and 2 more"]
    assert (len(data["not_searched_for"]), data["not_searched_for_left_out"]) == (MOST_UNSEARCHED, 3)


def test_what_is_no_longer_masked_is_not_told() -> None:
    """Raw output may be written anew after it was masked, as where the checkout was changed meanwhile."""
    data = json.loads(redactions.of({"raw/a/x": b"[redacted]\nnew"}, [place(1, count=3), place(2), place(9), place(1, name="raw/a/gone")]))
    assert [(group["member"], group["lines"]) for group in data["masked"]] == [("raw/a/x", [{"line": 1, "count": 1}])]


def test_the_name_of_a_variable_that_is_the_value_of_another_is_masked() -> None:
    redactor = Redactor({"DEPLOY_T0KEN": ["env:OF_SECRET"], "Qm7xTz2Lw9Rb": ["env:DEPLOY_T0KEN"]})
    content = redactions.of({"raw/a/x": b"[redacted]"}, [place(1, "env:DEPLOY_T0KEN")], (), redactor)
    assert json.loads(content)["masked"][0]["rules"] == ["env:[redacted]"]


def test_the_mask_of_a_name_is_what_a_name_can_hold() -> None:
    assert member_name(MASK.decode()) == NAME_MASK


def test_lines_of_json_are_those_that_are_written(tmp_path: Path) -> None:
    text = Masked("x [redacted]", {"r": 1})
    data = {"b": [1, [], {}, {"z": text, "a": {"c": [text]}}], "a": [[text], text], "c": text, "d": {"e": []}}
    lines = json.dumps(data, sort_keys=True, indent=1).split("\n")
    found = [line for line, _ in masked_lines(data)]
    assert found == [number for number, line in enumerate(lines, 1) if "[redacted]" in line]


# -- a verifier


def spoilt(members: Mapping[str, bytes], change: Callable[[Any], object]) -> str:
    data = json.loads(members[NAME])
    change(data)
    (fault,) = redactions.faults(dict(members) | {NAME: canonical.dumps(data)})
    return fault.removeprefix(f"{NAME}: ")


def _group(data: Any, member: str) -> Any:
    return next(group for group in data["masked"] if group["member"] == member)


LOG = "raw/tool/log.txt"
SPOILT: dict[str, tuple[Callable[[Any], object], str]] = {
    "schema": (lambda data: data.update(schema="gates/redactions/v2"), "its schema is not gates/redactions/v1"),
    "order": (lambda data: data["masked"].reverse(), "its places are not sorted, or one is named twice"),
    "twice": (lambda data: data["masked"].insert(0, data["masked"][0]), "its places are not sorted, or one is named twice"),
    "rules": (lambda data: data["not_searched_for"].reverse(), "what is not searched for is not sorted, or named twice"),
    "less": (lambda data: data.update(left_out=-1, count=data["count"] - 1), "it leaves out less than nothing"),
    "count": (lambda data: data.update(count=data["count"] + 1), "its count is not that of its places"),
    "lines": (lambda data: _group(data, LOG)["lines"].reverse(), f"the lines of {LOG} are not lines, or not sorted"),
    "zero": (lambda data: _group(data, LOG)["lines"][0].update(line=0), f"the lines of {LOG} are not lines, or not sorted"),
    "no rule": (lambda data: _group(data, LOG).update(rules=[]), f"nothing is said of {LOG}"),
    "sum": (lambda data: _group(data, LOG)["lines"][0].update(count=1), f"the count of {LOG} is not that of its lines"),
    "cut": (lambda data: _group(data, LOG).update(lines_left_out=1), f"the count of {LOG} is not that of its lines"),
    "another line": (
        lambda data: _group(data, LOG)["lines"][0].update(line=1),
        f"line 1 of {LOG} does not hold what it says was masked there",
    ),
    "no line": (
        lambda data: _group(data, LOG)["lines"][1].update(line=99),
        f"line 99 of {LOG} does not hold what it says was masked there",
    ),
    "no member": (lambda data: data["masked"][-1].update(member="raw/tool/z"), "there is no raw output raw/tool/z"),
    "facts": (lambda data: data["masked"][0].update(member="facts/tool.json"), "there is no raw output facts/tool.json"),
    "part": (lambda data: _group(data, LOG).update(part="name"), f"nothing is said of {LOG}"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_not_so_is_seen(members: Mapping[str, bytes], what: str) -> None:
    change, words = SPOILT[what]
    assert spoilt(members, change) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{}", "does not have the form that it should"),
        (b"[1", "not canonical JSON"),
        (b'{"schema": "x"}', "writing it again gives other bytes"),
    ],
)
def test_what_has_another_form_is_seen(members: Mapping[str, bytes], content: bytes, words: str) -> None:
    (fault,) = redactions.faults(dict(members) | {NAME: content})
    assert words in fault


def test_verify_says_that_it_does_not_follow(members: Mapping[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A manifest that lists what was changed makes it intact, and no more than that."""
    without = listed_anew({name: content for name, content in members.items() if name != NAME})
    (tmp_path / "bundle.zip").write_bytes(archive.pack(without))
    assert main(["verify", str(tmp_path / "bundle.zip"), "--allow-unsigned"]) == 8
    assert f"there is no {NAME}" in capsys.readouterr().out
