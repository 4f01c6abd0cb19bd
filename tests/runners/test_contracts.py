"""The contracts gate with the real engine, on services that are real processes. Every way to look clean has its answer.

The project's own `schemathesis.toml` in `examples/contracts/fail` switches all checks off and filters an operation out:
that everything there is still found says that it is never read. Services are never tested in the engine's own process,
so an exception that only that process sees can't be lost.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gates import codec
from gates.adapters import process
from gates.adapters.service import free_port, serving
from gates.api import Facts, Kind, Proof, Raw, Severity, Status
from gates.canonical import of
from gates.facts import read_facts
from gates.formats.openapi import Operation
from gates.formats.schemathesis import Run
from gates.observe import Observation, redacted
from gates.redact import Redactor
from gates.runners.contracts import GATE, Options, needs
from gates.runners.contracts.findings import warnings_of
from gates.testing import observe_raw

EXAMPLES = Path(__file__).parent.parent / "examples" / "contracts"
SHOP = EXAMPLES / "pass" / "shop.py"
NOWHERE = "http://127.0.0.1:9"
TOKEN = "tulip-orbit-7745-lamp"
FAST = ["coverage"]
OPERATIONS = {"GET /items": ("200",), "GET /retired": ("410",), "GET /orders": ("200", "404")}


def serve(program: str | Path, **environment: str) -> dict[str, Any]:
    command = ["{python}", str(program), "{port}"]
    return {"command": command, "ready": "/health", "timeout": 60, "environment": environment}


def observe(example: str, work: Path, *, folder: str = "project", variables: dict[str, str] | None = None, **options: Any) -> Observation:
    """Observe a copy of an example with the engine in its place."""
    root = work / folder
    shutil.copytree(EXAMPLES / example, root)
    (work / "observed").mkdir()
    settings = {"schema": "openapi.yaml", "phases": FAST, "max_examples": 2} | options
    return observe_raw(GATE, root=root, work=work / "observed", options=settings, environment={**os.environ, **(variables or {})})


def facts_of(observation: Observation, changes: dict[str, bytes | None] | None = None) -> Facts:
    """Parse as the run and the verifier do, with some members replaced or, with None, taken away."""
    members = redacted(observation, Redactor(observation.secrets)) | (changes or {})
    return read_facts(GATE, observation.name, {name: content for name, content in members.items() if content is not None})


def skipped(facts: Facts) -> dict[str, str]:
    assert facts.examined is not None
    return {item.item: item.reason for item in facts.examined.skipped}


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Observation:
    return observe("pass", tmp_path_factory.mktemp("passing"), serve=serve("shop.py"), phases=["examples", "coverage", "fuzzing"])


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Observation:
    return observe("fail", tmp_path_factory.mktemp("failing"), serve=serve("stock.py"), phases=["coverage", "fuzzing"])


# -- what is examined and found


def test_a_service_that_keeps_its_contract(passing: Observation) -> None:
    facts = facts_of(passing)
    assert (facts.status, facts.findings, facts.reason) == (Status.COMPLETED, (), "")
    assert facts.examined is not None
    assert (facts.examined.unit, facts.examined.expected, facts.examined.done) == ("operations", 4, 4)
    assert facts.examined.proof is Proof.INVENTORY
    measured = {item.name: int(item.value) for item in facts.measurements}
    assert measured["unanswered"] == 0
    assert measured["cases"] > 40


def test_what_a_service_breaks_is_found_at_its_place(failing: Observation) -> None:
    facts = facts_of(failing)
    found = {(item.rule, item.location.operation): item for item in facts.findings}
    crash = found["contracts/not-a-server-error", "GET /stock/{id}"]
    assert (crash.severity, crash.kind, crash.location.path, crash.location.line) == (Severity.HIGH, Kind.FAILURE, "openapi.yaml", 19)
    assert crash.message == "Server error: it answered 500. Try it: curl -X GET 'http://127.0.0.1:{port}/stock/9'"
    assert crash.help_url.endswith("/checks/#not_a_server_error")
    wrong = found["contracts/response-schema-conformance", "GET /stock/{id}"]
    assert wrong.severity is Severity.MEDIUM
    assert "breaks the schema at /properties/count" in wrong.message
    accepted = found["contracts/negative-data-rejection", "POST /stock"]
    assert (accepted.location.path, accepted.location.line) == ("stock.yaml", 2)
    assert "it answered 201. Invalid data should have been rejected" in accepted.message
    assert all(item.remedy for item in facts.findings)


def test_a_dropped_connection_is_a_failure_and_not_an_answer(failing: Observation) -> None:
    facts = facts_of(failing)
    (dropped,) = [item for item in facts.findings if item.rule == "contracts/no-answer"]
    assert (str(dropped.location), dropped.severity, dropped.kind) == ("GET /hang-up (openapi.yaml:13)", Severity.HIGH, Kind.FAILURE)
    assert skipped(facts) == {"GET /hang-up": "no request was answered"}


def test_two_runs_with_fresh_services_give_the_same_facts(failing: Observation, tmp_path: Path) -> None:
    again = observe("fail", tmp_path, folder="another-name", serve=serve("stock.py"), phases=["coverage", "fuzzing"])
    assert of(facts_of(again)) == of(facts_of(failing))


def test_the_request_of_a_message_can_be_made_again(failing: Observation, tmp_path: Path) -> None:
    """The command of the planted crash, run by a shell, gets the status that the finding says."""
    (crash,) = [item for item in facts_of(failing).findings if item.rule == "contracts/not-a-server-error"]
    command = crash.message.partition("Try it: ")[2]
    with running(EXAMPLES / "fail" / "stock.py", tmp_path) as address:
        shown = command.replace("http://127.0.0.1:{port}", address).replace("curl", "curl -s -o /dev/null -w '%{http_code}'", 1)
        done = process.run(["sh", "-c", shown], cwd=tmp_path, env=dict(os.environ), timeout=30, scratch=tmp_path)
    assert done.stdout == b"500"


@contextmanager
def running(program: Path, work: Path) -> Iterator[str]:
    port = free_port()
    argv = [sys.executable, str(program), str(port)]
    with serving(argv, port=port, ready="/health", timeout=60, cwd=work, env=dict(os.environ), log=work / "log") as service:
        yield service.url


# -- S1 to S7: the ways to look clean


def test_without_its_token_an_operation_is_unanswered(tmp_path: Path) -> None:
    facts = facts_of(observe("pass", tmp_path, serve=serve("shop.py", SHOP_TOKEN=TOKEN)))
    assert skipped(facts)["GET /retired"] == "every request was answered 401"
    assert set(skipped(facts)) == {"GET /items", "GET /items/{id}", "GET /retired"}
    assert {item.name: int(item.value) for item in facts.measurements}["unanswered"] == 3


def test_with_its_token_all_is_answered_and_the_token_is_nowhere(tmp_path: Path) -> None:
    """The contract comes from the service itself; the token from a variable that the service is given too."""
    observation = observe(
        "pass",
        tmp_path,
        variables={"SHOP_TOKEN": TOKEN},
        schema="{url}/openapi.yaml",
        serve=serve("shop.py"),
        needs=["SHOP_TOKEN"],
        headers={"X-Shop-Pass": "SHOP_TOKEN"},
    )
    facts = facts_of(observation)
    assert (facts.status, skipped(facts), [item for item in facts.findings if item.kind is Kind.FAILURE]) == (Status.COMPLETED, {}, [])
    kept = redacted(observation, Redactor(observation.secrets))
    assert "contract.yaml" in kept
    assert not any(TOKEN.encode() in content for content in kept.values())
    assert TOKEN not in json.dumps(codec.encode(facts))
    assert any(TOKEN.encode() in content for content in observation.members.values()), "the engine records headers: masking was needed"


def test_refusals_everywhere_ask_for_credentials(passing: Observation) -> None:
    events = passing.members["events.ndjson"]
    for status in (b"200", b"400", b"405", b"410"):
        events = events.replace(b'"status_code":' + status, b'"status_code":401')
    facts = facts_of(passing, {"events.ndjson": events})
    assert facts.reason == "the service accepted nothing on any operation: the answers were 401"
    assert "headers" in facts.remedy


def test_only_the_checks_that_were_asked_for_are_made(tmp_path: Path) -> None:
    observation = observe("fail", tmp_path, serve=serve("stock.py"), phases=["fuzzing"], checks=["response-schema-conformance"])
    assert {item.rule for item in facts_of(observation).findings} == {"contracts/response-schema-conformance", "contracts/no-answer"}


def test_the_checks_that_follow_resources_are_proved_too(tmp_path: Path) -> None:
    """Only the phase that follows links makes them: the canary has resources for it."""
    checks = ["use-after-free", "ensure-resource-availability", "response-schema-conformance"]
    observation = observe("pass", tmp_path, serve=serve("shop.py"), phases=["coverage", "stateful"], checks=checks)
    for check in checks:
        name = check.replace("-", "_").encode()
        changed = observation.members["canary.ndjson"].replace(b'"' + name + b'"', b'"another"')
        assert facts_of(observation, {"canary.ndjson": changed}).reason.endswith(f"these checks found nothing: {check}")


def test_a_run_without_checks_is_no_pass(passing: Observation) -> None:
    report = json.loads(passing.members["report.json"])
    report["test_cases"]["without_checks"] = report["test_cases"]["generated"]
    facts = facts_of(passing, {"report.json": json.dumps(report).encode()})
    assert facts.reason == "no check was made of any answer"


def test_an_operation_that_was_not_tested_is_named(passing: Observation) -> None:
    lines = [line for line in passing.members["events.ndjson"].splitlines(keepends=True) if b'"label":"GET /items"' not in line]
    assert skipped(facts_of(passing, {"events.ndjson": b"".join(lines)})) == {"GET /items": "schemathesis checked no answer of it"}


def test_a_service_that_dies_in_the_middle(tmp_path: Path) -> None:
    observation = observe("pass", tmp_path, serve=serve("shop.py", SHOP_LIFE="12"))
    facts = facts_of(observation)
    assert facts.reason == "the service under test ended by itself with exit code 3"
    assert b"the shop is closed" in observation.members["service.log"]


def test_a_service_elsewhere_that_stops_answering(tmp_path: Path) -> None:
    port = free_port()
    argv = [sys.executable, str(SHOP), str(port)]
    environment = {**os.environ, "SHOP_LIFE": "12"}
    with (tmp_path / "log").open("wb") as log:
        shop = process.Process(argv, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            facts = facts_of(observe("pass", tmp_path, schema="openapi.yaml", url=f"http://127.0.0.1:{port}"))
        finally:
            shop.stop()
    assert facts.reason == "the service stopped answering while it was tested"


def test_an_engine_s_warning_is_left_out_only_where_facts_say_the_same() -> None:
    """One operation was skipped, one documents nothing but refusals, and of the third nothing else says that it only ever refused."""
    operations = {name: Operation(name, "openapi.yaml", 1, answers) for name, answers in OPERATIONS.items()}
    warnings = {"missing_test_data": tuple(operations), "unsupported_regex": tuple(operations)}
    run = Run(cases=9, tested=frozenset(operations), operations={}, failures=(), warnings=warnings)
    raw = Raw(gate="contracts", uses="contracts", parser=1, members={})
    found = [(item.rule, item.location.operation) for item in warnings_of(raw, run, operations, {"GET /items"})]
    assert found == [
        ("contracts/missing-test-data", "GET /orders"),
        *(("contracts/unsupported-regex", name) for name in operations),
    ]


# -- contracts that can't be used


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("missing.yaml", "there is no contract at missing.yaml"),
        ("../pass/openapi.yaml", "'../pass/openapi.yaml' leads out of the repository"),
        ("no-contract.yaml", "the contract can't be read: no-contract.yaml is no OpenAPI contract: it has neither `openapi` nor `swagger`"),
        ("no-paths.yaml", "the contract can't be read: no-paths.yaml describes no operation"),
        ("not-yaml.yaml", "the contract can't be read: not-yaml.yaml:4 is neither YAML nor JSON: did not find expected node content"),
        ("circle.yaml", "the contract can't be read: circle.yaml has a $ref that goes in circles"),
        ("outside.yaml", "the contract can't be read: openapi.yaml leads out of the repository"),
        ("elsewhere.yaml", "the contract can't be read: its operations at https://contracts.example.com/items.yaml must be bundled here"),
        (f"{NOWHERE}/openapi.yaml", "the contract's address did not answer"),
    ],
)
def test_a_contract_that_cannot_be_read(tmp_path: Path, schema: str, reason: str) -> None:
    facts = facts_of(observe("broken", tmp_path, schema=schema, url=NOWHERE))
    assert (facts.status, facts.reason) == (Status.ERROR, reason)
    assert facts.remedy


def test_a_contract_that_the_engine_refuses(tmp_path: Path) -> None:
    facts = facts_of(observe("broken", tmp_path, schema="unknown-version.yaml", url=NOWHERE))
    assert facts.reason.startswith("schemathesis could not begin: LoaderError: ")
    assert "9.9.9" in facts.reason


def test_a_part_of_a_contract_that_cannot_be_tried_is_a_failure(tmp_path: Path) -> None:
    facts = facts_of(observe("broken", tmp_path, schema="dangling.yaml", serve=serve(SHOP)))
    (untestable,) = [item for item in facts.findings if item.rule == "contracts/untestable"]
    assert (untestable.location.path, untestable.location.line) == ("dangling.yaml", 7)
    assert "#/components/parameters/none" in untestable.message
    assert "InvalidSchema" in skipped(facts)["GET /items"]
    (pattern,) = [item for item in facts.findings if item.kind is Kind.NEEDS_REVIEW]
    assert (pattern.rule, str(pattern.location)) == ("contracts/unsupported-regex", "GET /items/{id} (dangling.yaml:11)")


# -- output that proves nothing


def change_report(**changes: Any) -> Callable[[Observation], dict[str, bytes | None]]:
    def changed(observation: Observation) -> dict[str, bytes | None]:
        return {"report.json": json.dumps(json.loads(observation.members["report.json"]) | changes).encode()}

    return changed


def change_events(edit: Callable[[bytes], bytes]) -> Callable[[Observation], dict[str, bytes | None]]:
    return lambda observation: {"events.ndjson": edit(observation.members["events.ndjson"])}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (lambda _: {"report.json": None}, "schemathesis ended with exit code 1 and wrote no report"),
        (lambda _: {"events.ndjson": None}, "the tool did not write events.ndjson"),
        (
            lambda _: {"canary.ndjson": None},
            "schemathesis was not tried on a service of ours that must fail, so nothing says that it can see",
        ),
        (
            lambda observation: {"canary.ndjson": observation.members["canary.ndjson"].replace(b"not_a_server_error", b"another")},
            "schemathesis is blind: on a service of ours that must fail, these checks found nothing: not-a-server-error",
        ),
        (
            lambda observation: {"canary.ndjson": observation.members["canary.ndjson"].replace(b'"phase":"fuzzing"', b'"phase":"none"')},
            "schemathesis is blind: on a service of ours that must fail, these phases found nothing: fuzzing",
        ),
        (change_report(exit_code=0), "schemathesis ended with exit code 1, but reports 0"),
        (change_report(stop_reason="max_time"), "schemathesis stopped at its own time limit"),
        (change_report(stop_reason="something new"), "schemathesis stopped before its end"),
        (change_report(failures=[], errors=[], warnings={}), "schemathesis ended with exit code 1, which its report does not explain"),
        (change_report(failures=[]), "the report of schemathesis and its events name different failures"),
        (
            change_report(test_cases={"generated": 0, "without_checks": 0}),
            "schemathesis made no request",
        ),
        (change_events(lambda events: events[:-40]), "the events of schemathesis can't be read: a line is cut or not JSON"),
        (change_events(lambda events: events[: events.rindex(b'{"EngineFinished')]), "the events of schemathesis stop before its end"),
        (
            change_events(lambda events: events.replace(b'"label":"GET /health"', b'"label":"GET /secret"')),
            "schemathesis tested GET /secret, which our own reading of the contract does not know",
        ),
    ],
)
def test_output_that_proves_nothing(failing: Observation, changes: Callable[[Observation], dict[str, bytes | None]], reason: str) -> None:
    facts = facts_of(failing, changes(failing))
    assert (facts.status, facts.reason) == (Status.ERROR, reason)


# -- options


def test_a_variable_that_is_not_set_is_said_before_anything_runs(tmp_path: Path) -> None:
    facts = facts_of(observe("pass", tmp_path, url=NOWHERE, needs=["SHOP_DATABASE"], headers={"X-Shop-Pass": "SHOP_TOKEN"}))
    assert facts.reason == "variables are not set: SHOP_DATABASE, SHOP_TOKEN"
    assert "fork" in facts.remedy
    assert facts.tools == ()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "either `url` or `serve`"),
        ({"url": NOWHERE, "serve": {"directory": "public"}}, "either `url` or `serve`"),
        ({"url": NOWHERE, "base_path": "/v1"}, "`base-path`"),
        ({"url": "http://me:secret@shop.example.com"}, "without a user"),
        ({"url": "ftp://shop.example.com"}, r"http\(s\) address"),
        ({"url": NOWHERE, "phases": ["everything"]}, "expected one of"),
        ({"url": NOWHERE, "checks": ["use-after-free"]}, "need the phase `stateful`"),
        ({"url": NOWHERE, "checks": ["object-level-authorization"]}, "compares two users"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        codec.decode(Options, {"schema": "openapi.yaml", **options})


def test_what_the_gate_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    options = codec.decode(
        Options,
        {
            "schema": "openapi.yaml",
            "serve": {"command": ["bin/shop", "{port}"]},
            "needs": ["SHOP_DATABASE"],
            "headers": {"X-Shop-Pass": "SHOP_TOKEN"},
        },
    )
    listed = {need.name: need.found for need in needs(tmp_path, options)}
    assert listed == {"bin/shop": None, "$SHOP_DATABASE": None, "$SHOP_TOKEN": "set"}
