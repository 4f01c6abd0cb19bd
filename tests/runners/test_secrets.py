"""The secret scan, driven with the real engine: each way in which it says "clean" and isn't, and the noise that it must not make."""

from __future__ import annotations

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gates import facts as reader
from gates import redact
from gates.api import GateError, Raw, Survey
from gates.model import Facts, Kind, Severity, Stage, Status
from gates.observe import Observation, redacted
from gates.runners import secrets
from gates.runners.secrets import GATE
from gates.testing import observe_raw
from tests.runners import samples
from tests.runners.samples import SECRETS, VALUES, copy, fill, write

pytestmark = pytest.mark.engine("detect-secrets")


scan = partial(samples.scan, GATE)


def rules(facts: Facts, path: str, **wanted: Any) -> list[tuple[str, int | None]]:
    """(rule, line) of what was found in a file."""
    found = [item for item in facts.findings if item.location.path == path]
    return [
        (item.rule.removeprefix("secrets/"), item.location.line)
        for item in found
        if all(getattr(item, name) == value for name, value in wanted.items())
    ]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[Observation, Facts]:
    """One scan of a folder that is no git repository, full of secrets and of files that are hard to read."""
    root = copy("secrets/fail", tmp_path_factory.mktemp("project"))
    line = f'key = "{SECRETS["github"]}"\n'
    write(
        root,
        {
            "utf16.txt": line.encode("utf-16"),
            "latin1.py": b"name = 'caf\xe9'\n" + line.encode(),
            "windows.py": f'first = 1\r\nkey = "{SECRETS["github"]}"\r\n'.encode(),
            "picture.png": b"\x89PNG\r\n\x00\x00" + line.encode(),
            "empty.txt": b"",
            "broken.yaml": f"day: 2020-13-45\n# {SECRETS['google']}\n",
            "naïve.py": line,
        },
    )
    observation = observe_raw(GATE, root=root, work=tmp_path_factory.mktemp("work"))
    return observation, reader.read_facts(GATE, "secrets", redacted(observation, redact.Redactor(observation.secrets)))


@pytest.fixture(scope="module")
def facts(seen: tuple[Observation, Facts]) -> Facts:
    assert seen[1].status is Status.COMPLETED, seen[1].reason
    return seen[1]


def test_every_file_is_accounted_for_without_git(facts: Facts) -> None:
    assert facts.examined is not None
    assert facts.examined.expected == 15
    assert {item.item: item.reason.partition(" (")[0] for item in facts.examined.skipped} == {
        "picture.png": "binary",
        "broken.yaml": "detect-secrets could not take it apart",
    }
    assert facts.examined.done == 13


def test_each_secret_of_a_python_file_is_found_at_its_place(facts: Facts) -> None:
    assert rules(facts, "settings.py", suppressed_by=None) == [
        ("aws-access-key", 1),
        ("basic-auth", 2),
        ("github-token", 3),
        ("github-token", 3),
        ("aws-access-key", 4),
        ("keyword", 5),
        ("high-entropy-base64", 6),
        ("anthropic-token", 7),
    ]
    columns = [item.location.column for item in facts.findings if item.location.path == "settings.py" and item.location.line == 3]
    line = fill(Path("tests/examples/secrets/fail/settings.py.txt").read_text("utf-8")).splitlines()[2]
    assert columns == [line.index(SECRETS["github"]) + 1, line.index(SECRETS["github-two"]) + 1]


def test_columns_are_those_of_the_file_where_a_transformer_rewrote_it(facts: Facts) -> None:
    columns = {str(item.location) for item in facts.findings if item.location.path in ("config.ini", "values.yaml", ".env")}
    assert columns == {"config.ini:2:29", "config.ini:3:12", "values.yaml:2:18", "values.yaml:3:12", ".env:1:18", ".env:2:16"}


def test_an_allowed_line_is_listed_as_suppressed(facts: Facts) -> None:
    assert rules(facts, "settings.py", suppressed_by="pragma: allowlist secret") == [("stripe-access-key", 8)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("theme.css", [("google-api-key", 1)]),
        ("uv.lock", [("npm-token", 1)]),
        ("swagger.py", [("keyword", 1)]),
        ("utf16.txt", [("github-token", 1)]),
        ("latin1.py", [("github-token", 2)]),
        ("windows.py", [("github-token", 2)]),
        ("naïve.py", [("github-token", 1)]),
        ("broken.yaml", [("google-api-key", 2)]),
        ("config.ini", [("google-api-key", 2), ("keyword", 3)]),
        ("values.yaml", [("npm-token", 2), ("keyword", 3)]),
        (".env", [("keyword", 1), ("keyword", 2)]),
        ("deploy_key", [("private-key", 1)]),
        ("picture.png", []),
    ],
)
def test_files_that_the_engine_alone_leaves_out_are_searched(facts: Facts, path: str, expected: list[tuple[str, int]]) -> None:
    assert rules(facts, path) == expected


def test_a_finding_says_what_it_is_and_what_to_do(facts: Facts) -> None:
    finding = next(item for item in facts.findings if item.rule == "secrets/aws-access-key")
    assert finding.severity is Severity.CRITICAL
    assert finding.message.startswith("AWS access key: ")
    assert "revoke" in finding.remedy
    assert "pragma: allowlist secret" in finding.remedy
    assert finding.properties["line"] == 'aws = "[redacted]"'


def test_no_secret_stands_in_what_is_written(seen: tuple[Observation, Facts]) -> None:
    observation, facts = seen
    written = b"".join(observation.members.values()) + repr(facts).encode()
    for value in VALUES:
        assert value.encode() not in written
        assert base64.b64encode(value.encode()).rstrip(b"=")[:-1] not in written
    assert not redact.Redactor(VALUES).finds(written)


def test_every_secret_is_told_to_be_masked_elsewhere(seen: tuple[Observation, Facts]) -> None:
    masked = redact.Redactor(seen[0].secrets)
    assert [value for value in VALUES if masked.text(f"x{value}x") == f"x{value}x"] == []


def test_no_hash_of_a_secret_is_written(seen: tuple[Observation, Facts]) -> None:
    import hashlib

    written = b"".join(seen[0].members.values())
    for value in VALUES:
        for algorithm in ("sha1", "sha256", "md5"):
            assert hashlib.new(algorithm, value.encode()).hexdigest().encode() not in written


def test_nothing_is_ever_verified_over_the_network(seen: tuple[Observation, Facts]) -> None:
    written = json.loads(seen[0].members["scan.json"])
    assert written["verifies"] is False
    assert "is_ignored_due_to_verification_policies" not in written["filters"]
    assert len(written["detectors"]) >= 27


def test_facts_do_not_depend_on_the_folder_or_the_run(seen: tuple[Observation, Facts], tmp_path: Path) -> None:
    root = copy("secrets/fail", tmp_path / "another name")
    first, second = (scan(root, tmp_path / work) for work in ("one", "two"))
    assert first == second
    assert {item.fingerprint for item in first.findings} < {item.fingerprint for item in seen[1].findings}


def test_each_value_of_a_line_is_found_and_none_stands_in_it(tmp_path: Path) -> None:
    """detect-secrets names one value a line, here the first, which is a placeholder."""
    values = {"a_password": "changeme", "db_password": "Zx81kq9" + "Pq2vv7TgB", "c_secret": "kk29sLL" + "q0Zp1xvMn"}
    facts = scan(write(tmp_path / "project", {"a.json": json.dumps(values)}), tmp_path / "work")
    assert [(item.rule, item.location.column) for item in facts.findings if item.kind is Kind.FINDING] == [
        ("secrets/keyword", 44),
        ("secrets/keyword", 76),
    ]
    assert not any(value in str(facts.findings) for value in values.values() if value != "changeme")


def test_a_healthy_project_has_no_finding(tmp_path: Path) -> None:
    facts = scan(copy("secrets/pass", tmp_path / "project"), tmp_path / "work")
    assert facts.status is Status.COMPLETED, facts.reason
    assert facts.findings == ()
    assert next(item for item in facts.measurements if item.name == "filtered").value >= 4


def test_a_fingerprint_survives_moved_lines_and_a_changed_secret(tmp_path: Path) -> None:
    line = f'key = "{SECRETS["github"]}"\n'
    other = f'key = "{SECRETS["github-two"]}"\n'
    before = scan(write(tmp_path / "a", {"app.py": line}), tmp_path / "one")
    after = scan(write(tmp_path / "b", {"app.py": "import os\n\n" + other}), tmp_path / "two")
    assert [item.location.line for item in (*before.findings, *after.findings)] == [1, 3]
    assert before.findings[0].fingerprint == after.findings[0].fingerprint


def test_equal_lines_keep_fingerprints_of_their_own(tmp_path: Path) -> None:
    line = f'key = "{SECRETS["github"]}"\n'
    facts = scan(write(tmp_path / "a", {"app.py": line * 3}), tmp_path / "work")
    assert len({item.fingerprint for item in facts.findings}) == 3


BASELINE = {
    "version": "1.5.0",
    "plugins_used": [],
    "filters_used": [{"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": [".*"]}],
}


def test_a_baseline_gives_its_hashes_and_never_its_settings(tmp_path: Path) -> None:
    from detect_secrets.core.potential_secret import PotentialSecret

    known = PotentialSecret.hash_secret(SECRETS["aws"])
    accepted = {"app.py": [{"type": "AWS Access Key", "filename": "app.py", "hashed_secret": known, "line_number": 1}]}
    root = write(
        tmp_path / "a",
        {
            "app.py": f'aws = "{SECRETS["aws"]}"\nnpm = "{SECRETS["npm"]}"\n',
            "other.py": f'aws = "{SECRETS["aws"]}"\n',
            ".secrets.baseline": json.dumps({**BASELINE, "results": accepted}),
        },
    )
    facts = scan(root, tmp_path / "work")
    assert rules(facts, "app.py", suppressed_by=".secrets.baseline") == [("aws-access-key", 1)]
    assert rules(facts, "app.py", suppressed_by=None) == [("npm-token", 2)]
    assert rules(facts, "other.py", suppressed_by=None) == [("aws-access-key", 1)]
    assert rules(facts, ".secrets.baseline") == []
    assert facts.examined is not None
    assert facts.examined.done == 3
    assert next(item for item in facts.measurements if item.name == "narrowed").value == 1


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"results": {"a": [{}]}}'])
def test_a_baseline_that_is_none_is_an_error(tmp_path: Path, content: str) -> None:
    facts = scan(write(tmp_path / "a", {"app.py": "x = 1\n", ".secrets.baseline": content}), tmp_path / "work")
    assert facts.status is Status.ERROR
    assert ".secrets.baseline is not a baseline" in facts.reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"baseline": "old.json"}, "there is no baseline 'old.json'"),
        ({"baseline": "../old.json"}, "leads out of the repository"),
        ({"paths": ["lib"]}, "`paths` names 'lib', where there is no file"),
        ({"exclude": ["*"]}, "no file to examine"),
        ({"mode": "loose"}, "options.mode"),
    ],
)
def test_what_can_not_be_searched_is_an_error(tmp_path: Path, options: dict[str, Any], reason: str) -> None:
    facts = scan(write(tmp_path / "a", {"app.py": "x = 1\n"}), tmp_path / "work", options=options)
    assert facts.status is Status.ERROR
    assert reason in facts.reason


def test_paths_exclude_and_the_selection_of_a_hook(tmp_path: Path) -> None:
    line = f'key = "{SECRETS["github"]}"\n'
    root = write(tmp_path / "a", dict.fromkeys(("a.py", "lib/b.py", "lib/vendor/c.py", "d.py"), line))
    chosen = scan(root, tmp_path / "one", options={"paths": ["lib"], "exclude": ["vendor"]})
    assert [item.location.path for item in chosen.findings] == ["lib/b.py"]
    hooked = scan(root, tmp_path / "two", selected=("d.py", "gone.py"))
    assert [item.location.path for item in hooked.findings] == ["d.py"]
    assert hooked.examined is not None
    assert [(item.item, item.reason) for item in hooked.examined.skipped] == [("gone.py", "not a regular file")]


# -- what the second half refuses


def _raw(scan_json: dict[str, Any], files: list[str], parser: int) -> Raw:
    members = {"inventory.json": {"files": files, "mode": "strict", "baseline": ""}, "scan.json": scan_json, "tools.json": []}
    return Raw(gate="secrets", uses="secrets", parser=parser, members={name: json.dumps(data).encode() for name, data in members.items()})


ENTRY: dict[str, Any] = {"path": "a.py", "skipped": "", "narrowed": False, "filtered": {}, "hits": []}
HIT: dict[str, Any] = {"rule": "keyword", "line": 1, "column": 1, "text": "", "shape": "word", "also": [], "suppressed_by": None}
FOUND: dict[str, Any] = {**ENTRY, "hits": [HIT]}
#: What the first parser reads: every line of every file was put to the engine.
FIRST: dict[str, Any] = {
    "detectors": ["keyword"],
    "own_detectors": [],
    "filters": [],
    "verifies": False,
    "canary": list(secrets.CANARY["strict"]),
    "files": [ENTRY],
}
#: What it writes now: the gates in front of it named no line.
CLEAN: dict[str, Any] = {
    **FIRST,
    "prefilter": True,
    "gated": list(secrets.GATED["strict"]),
    "asked": False,
    "canary": [],
    "clean": ["a.py"],
    "files": [],
}
#: There were no gates, and so every line was put to the engine.
UNGATED: dict[str, Any] = {**CLEAN, "prefilter": False, "gated": [], "asked": True, "canary": FIRST["canary"]}


@pytest.mark.parametrize(
    ("answer", "parser"), [(FIRST, 1), (CLEAN, 2), (UNGATED, 2), ({**CLEAN, "asked": True, "canary": FIRST["canary"]}, 2)]
)
def test_a_clean_answer_is_believed(answer: dict[str, Any], parser: int) -> None:
    read = GATE.parser_of(parser)
    assert read is not None
    facts = read(_raw(answer, ["a.py"], parser))
    assert (facts.status, facts.parser, facts.examined and facts.examined.done) == (Status.COMPLETED, parser, 1)


@pytest.mark.parametrize(
    ("answer", "files", "reason"),
    [
        ({**FIRST, "detectors": []}, ["a.py"], "no detectors"),
        ({**FIRST, "verifies": True}, ["a.py"], "send what it finds"),
        ({**FIRST, "canary": ["keyword"]}, ["a.py"], "planted for it: artifactory"),
        ({**FIRST, "files": []}, ["a.py"], "other files"),
        (FIRST, ["a.py", "b.py"], "other files"),
        ({**FIRST, "files": [ENTRY, ENTRY]}, ["a.py"], "other files"),
        ({**CLEAN, "detectors": []}, ["a.py"], "no detectors"),
        ({**CLEAN, "verifies": True}, ["a.py"], "send what it finds"),
        ({**CLEAN, "gated": CLEAN["gated"][1:]}, ["a.py"], "planted for it: artifactory"),
        ({**CLEAN, "gated": CLEAN["gated"][:-1]}, ["a.py"], "planted for it: quote-free authorization-header"),
        ({**CLEAN, "asked": True}, ["a.py"], "planted for it: artifactory"),
        ({**UNGATED, "canary": []}, ["a.py"], "planted for it: artifactory"),
        ({**UNGATED, "asked": False, "canary": []}, ["a.py"], "planted for it: artifactory"),
        ({**CLEAN, "clean": [], "files": [FOUND]}, ["a.py"], "planted for it: artifactory"),
        ({**CLEAN, "clean": []}, ["a.py"], "other files"),
        ({**CLEAN, "files": [ENTRY]}, ["a.py"], "other files"),
        ({**CLEAN, "clean": ["a.py", "a.py"]}, ["a.py"], "other files"),
        (CLEAN, ["a.py", "b.py"], "other files"),
    ],
)
def test_an_answer_that_proves_nothing_is_refused(answer: dict[str, Any], files: list[str], reason: str) -> None:
    parser = 2 if "prefilter" in answer else 1
    read = GATE.parser_of(parser)
    assert read is not None
    with pytest.raises(GateError, match=reason):
        read(_raw(answer, files, parser))


# -- the rest of the gate


def test_every_detector_has_a_name_and_a_meaning(facts: Facts) -> None:
    from gates.drivers import secrets_canary, secrets_rules
    from gates.formats import detect_secrets

    named = {*secrets_rules.ENGINE_RULES.values(), *(rule for rule, _ in secrets_rules.OWN_RULES)}
    assert named == set(detect_secrets.RULES)
    for mode, wanted in secrets.CANARY.items():
        assert set(wanted) == {name for name, _, _ in secrets_canary.planted(mode == "strict")}
    assert {rule for _, rule, _ in secrets_canary.planted(True)} == named - {"public-ip"}
    assert next(item for item in facts.measurements if item.name == "detectors").value == len(named)
    assert detect_secrets.find("brand-new").severity is Severity.HIGH


def test_it_stops_commits_too_and_runs_nothing_of_the_project() -> None:
    assert GATE.stages == (Stage.COMMIT, Stage.CHANGE, Stage.RELEASE)
    assert GATE.executes_project is False


def test_suggestion(tmp_path: Path) -> None:
    assert secrets.detect(Survey(root=tmp_path, files=())) is None
    suggestion = secrets.detect(Survey(root=tmp_path, files=(".secrets.baseline",)))
    assert suggestion is not None
    assert suggestion.options == {}
    assert "its settings are not used" in suggestion.comments[0]
