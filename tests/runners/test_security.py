"""Code security, driven with the real engine: each way in which it says "clean" and isn't."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gates import facts as reader
from gates import redact
from gates.adapters import host
from gates.api import GateError, ObserveContext, Raw, Survey
from gates.formats import bandit
from gates.model import Facts, Severity, Stage, Status
from gates.observe import Observation, redacted
from gates.runners import security
from gates.runners.security import GATE
from gates.testing import observe_raw
from tests.runners import samples
from tests.runners.samples import SECRETS, copy, write

pytestmark = pytest.mark.engine("bandit")


scan = partial(samples.scan, GATE)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Observation, Facts]:
    """One scan of a folder that is no git repository."""
    root = copy("security/fail", tmp_path_factory.mktemp("project"))
    copy("security/broken", root)
    deep = "x = " + "+".join(["1"] * 3000) + "\n"
    write(
        root,
        {
            "deep.py": deep,
            "encoding.py": b"# coding: no-such-encoding\nexec('pass')\n",
            "bytes.py": b"name = '\xe9'\nexec('pass')\n",
            "latin1.py": b"# coding: latin-1\nname = '\xe9'; exec('pass')\n",
            "nul.py": b"exec('pass')\n\0",
            "empty.py": b"",
            "settings.py": f'password = "{SECRETS["password"]}"\nconnect("db", password="{SECRETS["base64"]}")\n',
            "notes.txt": "exec('pass')\n",
            "types.pyi": "import pickle\n",
            "script.sh": "#!/bin/sh\npython -c pass\n",
        },
    )
    observation = observe_raw(GATE, root=root, work=tmp_path_factory.mktemp("work"))
    return observation, reader.read_facts(GATE, "security", redacted(observation, redact.Redactor(observation.secrets)))


@pytest.fixture(scope="module")
def facts(seen: tuple[Observation, Facts]) -> Facts:
    assert seen[1].status is Status.COMPLETED, seen[1].reason
    return seen[1]


def found(facts: Facts, path: str) -> list[tuple[str, int | None, str | None]]:
    return [
        (item.rule.removeprefix("security/"), item.location.line, item.suppressed_by)
        for item in facts.findings
        if item.location.path == path and item.severity > Severity.LOW
    ]


def test_every_python_file_is_accounted_for(facts: Facts) -> None:
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    assert facts.examined is not None
    reasons = {item.item: item.reason for item in facts.examined.skipped}
    assert reasons.pop("deep.py").startswith("nested too deeply for ")
    assert reasons == {
        "python2.py": f"no code that {python} can read: syntax error on line 1",
        "encoding.py": f"no code that {python} can read: syntax error",
        "bytes.py": f"no code that {python} can read: syntax error on line 1",
        "nul.py": f"no code that {python} can read: syntax error",
    }
    assert facts.examined.expected == 13
    assert facts.examined.done == 8
    unread = next(item for item in facts.measurements if item.name == "unread-files")
    assert unread.value == 5


def test_findings_stand_beside_files_that_can_not_be_read(facts: Facts) -> None:
    assert found(facts, "whole.py") == [("B102", 1, None)]
    assert found(facts, "latin1.py") == [("B102", 2, None)]


def test_scripts_and_names_with_an_a_are_examined_and_the_ini_is_not_obeyed(facts: Facts) -> None:
    assert found(facts, "serve") == [("B307", 2, None)]
    assert found(facts, "vendor_a.py") == [("B102", 1, None)]


def test_nosec_is_listed_as_bandit_would_obey_it(facts: Facts) -> None:
    calls = [(line, by) for rule, line, by in found(facts, "shop.py") if rule == "B602"]
    assert calls == [(7, None), (8, "# nosec"), (9, "# nosec"), (10, "# nosec"), (11, None), (12, "# nosec"), (15, "# nosec"), (17, None)]


def test_what_is_suppressed_is_what_bandit_itself_leaves_out(tmp_path: Path) -> None:
    from gates.adapters import process

    root = copy("security/fail", tmp_path / "project")
    (tmp_path / "scratch").mkdir()
    (root / ".bandit").unlink()
    script = str(Path(sys.executable).with_name("bandit"))
    argv = [script, "-q", "-r", "-f", "json", "."]
    done = process.run(argv, cwd=root, env={"LC_ALL": "C.UTF-8"}, timeout=60, scratch=tmp_path / "scratch")
    said = {(item["filename"].removeprefix("./"), item["test_id"], item["line_number"]) for item in json.loads(done.stdout)["results"]}
    facts = scan(root, tmp_path / "work", options={"paths": ["**/*.py"]})
    ours = {
        (item.location.path, item.rule.removeprefix("security/"), item.location.line) for item in facts.findings if not item.suppressed_by
    }
    assert ours == said


def test_columns_count_characters(facts: Facts) -> None:
    places = {item.rule: str(item.location) for item in facts.findings if item.location.path == "shop.py" and item.location.line == 21}
    assert places == {"security/B301": "shop.py:21:9", "security/B324": "shop.py:21:29"}


def test_a_finding_says_what_it_is_and_what_to_do(facts: Facts) -> None:
    finding = next(item for item in facts.findings if item.rule == "security/B602")
    assert finding.severity is Severity.HIGH
    assert "shell=True" in finding.message
    assert "as a list" in finding.remedy
    assert "# nosec B602" in finding.remedy
    assert finding.help_url.startswith("https://bandit.readthedocs.io/en/")
    assert finding.help_url.endswith("plugins/b602_subprocess_popen_with_shell_equals_true.html")
    assert finding.properties["confidence"] == "high"
    assert finding.properties["cwe"] == "CWE-78"


def test_passwords_are_neither_written_nor_forgotten(seen: tuple[Observation, Facts]) -> None:
    observation, facts = seen
    values = (SECRETS["password"], SECRETS["base64"], "hunter2-and-more")
    assert not redact.Redactor(values).finds(b"".join(observation.members.values()))
    assert set(values) <= observation.secrets.keys()
    messages = {item.message for item in facts.findings if item.rule in ("security/B105", "security/B106")}
    assert messages == {"Possible hardcoded password: [redacted]"}
    lines = [item.properties["line"] for item in facts.findings if item.location.path == "settings.py"]
    assert lines == ["password = [redacted]", "connect([redacted], password=[redacted])"]


def test_tests_count_as_low_unless_the_policy_says_otherwise(facts: Facts, tmp_path: Path) -> None:
    finding = next(item for item in facts.findings if item.location.path == "tests/test_shop.py" and item.rule == "security/B602")
    assert finding.severity is Severity.LOW
    assert finding.properties["severity"] == "high"
    same = scan(copy("security/fail", tmp_path / "a"), tmp_path / "work", options={"tests": "same", "paths": ["tests"]})
    assert max(item.severity for item in same.findings) is Severity.HIGH


def test_skips_are_listed_and_confidence_lowers(tmp_path: Path) -> None:
    root = copy("security/fail", tmp_path / "a")
    facts = scan(root, tmp_path / "work", options={"skips": ["B602", "B102"], "confidence": "high"})
    assert {item.suppressed_by for item in facts.findings if item.rule == "security/B102"} == {"policy: skips"}
    assert {item.suppressed_by for item in facts.findings if item.rule == "security/B602"} == {"policy: skips", "# nosec"}
    passwords = [item for item in facts.findings if item.rule == "security/B105"]
    assert {item.severity for item in passwords} == {Severity.INFO}


def test_a_healthy_project_has_nothing_above_low(tmp_path: Path) -> None:
    facts = scan(copy("security/pass", tmp_path / "a"), tmp_path / "work")
    assert facts.status is Status.COMPLETED, facts.reason
    assert facts.findings
    assert max(item.severity for item in facts.findings) is Severity.LOW
    assert {item.suppressed_by for item in facts.findings} == {None}


def test_facts_do_not_depend_on_the_folder_or_the_run(tmp_path: Path) -> None:
    root, other = copy("security/fail", tmp_path / "a"), copy("security/fail", tmp_path / "another name")
    assert scan(root, tmp_path / "one") == scan(other, tmp_path / "two")


def test_parts_that_are_looked_at_at_once_make_the_facts_of_one(
    tmp_path: Path, seen: tuple[Observation, Facts], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    several = ObserveContext.ask_driver_in_parts

    def counted(context: ObserveContext, driver: str, questions: Sequence[Mapping[str, Any]], **words: str) -> list[dict[str, Any]]:
        asked.extend(question["files"] for question in questions)
        return several(context, driver, questions, **words)

    root = copy("security/fail", tmp_path / "a")
    one = scan(root, tmp_path / "one")
    monkeypatch.setattr(ObserveContext, "ask_driver_in_parts", counted)
    monkeypatch.setattr(security, "_PART_BYTES", 1)
    monkeypatch.setattr(host, "cores", lambda: 3)
    assert scan(root, tmp_path / "three") == one
    assert len(asked) > 1
    assert all(asked)


def test_what_one_of_several_processes_did_not_see_is_not_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    several = ObserveContext.ask_driver_in_parts

    def blind(context: ObserveContext, driver: str, questions: Sequence[Mapping[str, Any]], **words: str) -> list[dict[str, Any]]:
        first, *others = several(context, driver, questions, **words)
        return [first, *({**other, "canary": []} for other in others)]

    monkeypatch.setattr(ObserveContext, "ask_driver_in_parts", blind)
    monkeypatch.setattr(security, "_PART_BYTES", 1)
    monkeypatch.setattr(host, "cores", lambda: 2)
    facts = scan(copy("security/fail", tmp_path / "a"), tmp_path / "work")
    assert facts.status is Status.ERROR
    assert "bandit did not find what was planted for it" in facts.reason


def test_a_fingerprint_survives_moved_lines(tmp_path: Path) -> None:
    before = scan(write(tmp_path / "a", {"app.py": "exec('pass')\n"}), tmp_path / "one")
    after = scan(write(tmp_path / "b", {"app.py": "import os\n\nexec('pass')\n"}), tmp_path / "two")
    assert [item.location.line for item in (*before.findings, *after.findings)] == [1, 3]
    assert before.findings[0].fingerprint == after.findings[0].fingerprint


def test_a_hook_may_select_and_paths_exclude(tmp_path: Path) -> None:
    root = write(tmp_path / "a", dict.fromkeys(("a.py", "lib/b.py", "lib/old/c.py"), "exec('pass')\n"))
    facts = scan(root, tmp_path / "one", options={"paths": ["lib"], "exclude": ["old"]})
    assert [item.location.path for item in facts.findings] == ["lib/b.py"]
    facts = scan(root, tmp_path / "two", selected=("a.py", "README.md"))
    assert [item.location.path for item in facts.findings] == ["a.py"]


@pytest.mark.parametrize(
    ("files", "options", "reason"),
    [
        ({"README.md": "text"}, {}, "no Python file to examine"),
        ({"a.py": "x = 1\n"}, {"paths": ["lib"]}, "`paths` names 'lib', where there is no file"),
        ({"a.py": "x = 1\n"}, {"exclude": ["*.py"]}, "no Python file to examine"),
        ({"a.py": "x = 1\n"}, {"skips": ["assert_used"]}, "'assert_used' is not a rule of bandit"),
    ],
)
def test_what_can_not_be_examined_is_an_error(tmp_path: Path, files: dict[str, str], options: dict[str, Any], reason: str) -> None:
    facts = scan(write(tmp_path / "a", dict(files)), tmp_path / "work", options=options)
    assert facts.status is Status.ERROR
    assert reason in facts.reason


def test_a_tree_that_can_not_be_read_examined_nothing(tmp_path: Path) -> None:
    facts = scan(write(tmp_path / "a", {"old.py": 'print "hello"\n'}), tmp_path / "work")
    assert facts.examined is not None
    assert (facts.examined.expected, facts.examined.done) == (1, 0)


CLEAN: dict[str, Any] = {
    "canary": list(bandit.CHECKS),
    "checks": 80,
    "files": [{"path": "a.py", "skipped": ""}],
    "lines": 1,
    "issues": [],
}


def _raw(scan_json: dict[str, Any]) -> Raw:
    chosen = {"skips": [], "confidence": "low", "tests": "low"}
    members = {"inventory.json": {"files": ["a.py"], **chosen}, "scan.json": scan_json, "tools.json": []}
    return Raw(gate="security", uses="security", parser=1, members={name: json.dumps(data).encode() for name, data in members.items()})


def test_a_clean_answer_is_believed() -> None:
    assert security.parse(_raw(CLEAN)).status is Status.COMPLETED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"canary": ["B101"]}, "planted for it: B102, B103"),
        ({"checks": 0}, "planted for it"),
        ({"files": []}, "other files"),
        ({"files": CLEAN["files"] * 2}, "other files"),
    ],
)
def test_an_answer_that_proves_nothing_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(GateError, match=reason):
        security.parse(_raw({**CLEAN, **change}))


def test_an_unknown_severity_counts_as_high() -> None:
    issue = {
        "rule": "B999",
        "test": "new",
        "severity": "DIRE",
        "confidence": "HIGH",
        "cwe": 0,
        "help_url": "",
        "path": "a.py",
        "line": 1,
        "column": None,
        "end_line": 1,
        "text": "x",
        "message": "New",
        "nosec": False,
    }
    (finding,) = security.parse(_raw({**CLEAN, "issues": [issue]})).findings
    assert finding.severity is Severity.HIGH


# -- the rest of the gate


@pytest.mark.filterwarnings("ignore:The verify_requirements argument:DeprecationWarning")  # of bandit's own plug-in loader
def test_every_remedy_is_of_a_rule_that_bandit_has() -> None:
    from bandit.core import extension_loader

    known = {*extension_loader.MANAGER.plugins_by_id, *extension_loader.MANAGER.blacklist_by_id}
    assert set(bandit.REMEDIES) <= known


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pyproject.toml", '[tool.bandit]\nskips = ["B101", "assert_used"]\nexclude_dirs = ["tests", "./docs/*"]\n'),
        (".bandit", "[bandit]\nskips = B101\nexclude = /tests,./docs\n"),
    ],
)
def test_init_takes_over_what_the_repository_tells_bandit(tmp_path: Path, name: str, content: str) -> None:
    write(tmp_path, {name: content})
    suggestion = security.detect(Survey(root=tmp_path, files=("shop/app.py", name)))
    assert suggestion is not None
    assert suggestion.options == {"skips": ["B101"], "exclude": ["tests", "docs"]}
    assert "taken over from" in suggestion.comments[0]


@pytest.mark.parametrize("content", ["", "[tool", "[project]\nname = 'x'\n"])
def test_init_without_settings(tmp_path: Path, content: str) -> None:
    write(tmp_path, {"pyproject.toml": content})
    suggestion = security.detect(Survey(root=tmp_path, files=("app.py",)))
    assert suggestion is not None
    assert suggestion.options == {}


def test_a_repository_without_python(tmp_path: Path) -> None:
    assert security.detect(Survey(root=tmp_path, files=("README.md",))) is None


def test_it_stops_commits_too_and_runs_nothing_of_the_project() -> None:
    assert GATE.executes_project is False
    assert GATE.stages == (Stage.COMMIT, Stage.CHANGE, Stage.RELEASE)
