"""An old fault of each gate, adopted, and the branch's run signed: of a change that adds one more of each, just those are new."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gates.errors import ExitCode
from gates.evidence import archive, bundle
from tests.cli.conftest import Outcome
from tests.cli.test_base import BEFORE
from tests.repository import Repository
from tests.runners.samples import SECRETS

Gates = Callable[..., Outcome]
BROKEN = Path(__file__).parents[2] / "examples" / "shop-broken"
#: What `gates init` can't know: where advisories are on a machine without a network, and how the shop is started.
UNKNOWN = "  dependencies:\n    enforcement: warn\n"
KNOWN = """\
  dependencies:
    options: {advisories: ./osv, max-age: 0s}
    at: {release: {require: {findings: {severity: medium, max: 1}}}}
"""
SERVED = """\
  contracts:
    options:
      schema: openapi.yaml
      phases: [examples, coverage]
      serve: {command: ["{python}", -m, shop, --port, "{port}", --filled, example1], ready: /health}
    require: {failures: {max: 1}}
  accessibility:
    options:
      pages: [/cart, /about]
      serve: {command: ["{python}", -m, shop, --port, "{port}"], ready: /health}
    at: {release: {require: {findings: {severity: high, max: 1}}}}
"""
#: A fault of each gate, by its file: what stands there, and what the change makes of it.
CHANGE = {
    "tests/test_carts.py": ("\n\ndef test", "\n\ndef test_not_yet() -> None:\n    raise NotImplementedError\n\n\ndef test"),
    "shop/api.py": ("[product.document() for", '[{**product.document(), "origin": None} for'),
    "shop/templates/cart.html": ("<h1>Cart</h1>", """<h1>Cart</h1>\n<img src="{{ url_for('static', filename='assam.svg') }}">"""),
    "requirements.txt": ("jinja2==3.1.6", "jinja2==3.1.4"),
    "shop/app.py": ("    if filled:", f'    app.config["MIRROR_USER"] = "{SECRETS["aws"]}"\n    if filled:'),
    "shop/__main__.py": ("    if arguments.open:", "    if arguments.filled:\n        os.system(arguments.filled)\n    if arguments.open:"),
}
#: What is new by it: the rule and the place.
NEW = {
    "tests": ("tests/failure", "tests/test_carts.py"),
    "contracts": ("contracts/response-schema-conformance", "GET /api/products"),
    "accessibility": ("accessibility/image-alt", "/cart"),
    "dependencies": ("dependencies/CVE-2024-56326", "requirements.txt"),
    "secrets": ("secrets/aws-access-key", "shop/app.py"),
    "security": ("security/B605", "shop/__main__.py"),
}


def replaced(text: str, was: str, now: str) -> str:
    assert was in text, was
    return text.replace(was, now, 1)


def findings(report: Any, state: str) -> dict[str, list[tuple[str, str]]]:
    """Rule and place of each finding in a state, by gate."""
    return {
        gate["gate"]: sorted((item["rule"], place(item["location"])) for item in gate["findings"] if item["state"] == state)
        for gate in report["gates"]
    }


def place(location: Mapping[str, Any]) -> str:
    return str(location.get("operation") or location.get("url") or location["path"])


def test_of_a_change_to_an_adopted_repository_the_added_fault_of_each_gate_is_new_and_nothing_else(
    gates: Gates, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    root, policy = repository.root, repository.root / "gates.yaml"
    shutil.copytree(BROKEN, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("gates.yaml", "__pycache__", ".*_cache"))
    repository.commit({})
    adopted = gates("-C", root, "init", "--adopt", "--offline")
    assert adopted.out.startswith("wrote gates.yaml with tests, dependencies, secrets, security\n"), adopted.err
    repository.commit({"gates.yaml": replaced(policy.read_text("utf-8"), UNKNOWN, KNOWN) + SERVED})

    base, key = tmp_path / "base.zip", tmp_path / "branch"
    branch = gates("-C", root, "run", "--offline", "--stage", "release", "--format", "json", "--bundle", base)
    assert branch.code == ExitCode.PASSED, branch.err
    old = findings(branch.json(), "new")
    assert all(old[gate] for gate in NEW)
    gates("keygen", key)
    assert gates("sign", base, "--sign-key", key).code == 0

    repository.commit({name: replaced((root / name).read_text("utf-8"), was, now) for name, (was, now) in CHANGE.items()})
    made = tmp_path / "change.zip"
    by_bundle = ("--base-bundle", base, "--key", f"{key}.pub")
    judged = gates("-C", root, "run", "--offline", *BEFORE, *by_bundle, "--format", "json", "--bundle", made)
    report = judged.json()
    assert judged.code == ExitCode.FAILED, judged.err
    assert findings(report, "new") == {gate: [found] for gate, found in NEW.items()}
    assert findings(report, "existing") == old
    assert {gate["gate"]: (gate["outcome"], gate["mended"]) for gate in report["gates"]} == dict.fromkeys(NEW, ("failed", []))

    # Advisories are of the day: dependencies are looked at again, all else is as the branch's own run saw it.
    compared = json.loads(archive.unpack(made.read_bytes())["change.json"])["gates"]
    digest = bundle.read(base).digest
    assert {gate["gate"]: gate.get("bundle") for gate in compared} == dict.fromkeys(NEW, digest) | {"dependencies": None}
    assert not any(gate["reason"] for gate in compared)
    verified = gates("verify", made, "--allow-unsigned")
    assert (verified.code, "verdict: failed" in verified.out) == (ExitCode.FAILED, True), verified.out
