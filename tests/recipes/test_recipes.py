"""docs/recipes.md: every block is a policy, and what the tools really wrote is judged as the page says.

`samples/GATE/STATE/` holds reports of the versions that the page names, shortened; `@root@` stands for the repository. The gates here are
those of the page, with a command that copies the sample and ends as the tool did. zizmor is at hand, so its command is run as it stands.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gates.cli.main import main
from tests.repository import Repository

SAMPLES = Path(__file__).parent / "samples"
PAGE = (Path(__file__).parent.parent.parent / "docs" / "recipes.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
RECIPES: dict[str, dict[str, Any]] = {name: gate for block in BLOCKS for name, gate in yaml.safe_load(block)["gates"].items()}
#: What the samples' reports say of their tool, beside what the page says of it.
VERSIONS = {"semgrep": "1.185.0", "checkov": "3.3.30", "eslint": "10.15.0", "npm-audit": "11.19.1"}

COPY = """
import os, pathlib, sys
raw, sample, code = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
for path in sorted(sample.glob("*")):
    (raw / path.name).write_text(path.read_text("utf-8").replace("@root@", os.getcwd()), "utf-8")
sys.exit(code)
"""
#: How the tools ended; 0 where nothing is said.
CODES = {
    "found": {"checkov": 1, "eslint": 1, "pa11y": 2, "vitest": 1, "playwright": 1},
    "broken": {"semgrep": 2, "eslint": 1, "pa11y": 2, "vitest": 1, "playwright": 1, "npm-audit": 1},
}
GOOD = "on: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
BAD = GOOD.replace("make", 'echo "${{ github.event.head_commit.message }}"')
EVERYWHERE = ("src/a.py", "infra/a.tf", "src/a.js", "site/index.html", "tests/cart.test.js", "e2e/cart.spec.ts")
#: What else the projects held. Only zizmor looks into a file here.
FILES: dict[str, dict[str, str]] = {
    "clean": {".github/workflows/a.yml": GOOD},
    "found": {
        ".github/workflows/a.yml": BAD,
        **dict.fromkeys(("src/b.py", "infra/b.tf", "src/b.js", "src/c.js", "tests/b.test.js", "e2e/sub/b.spec.ts"), ""),
    },
    "broken": {".github/workflows/a.yml": GOOD.replace("jobs:", "jobs: ["), **dict.fromkeys(("infra/b.tf", "e2e/b.spec.ts"), "")},
    "nothing": {"src/b.js": ""},
}
#: For each state the outcome of every gate, and what has to be said: a place, a reason or what was skipped.
SAID = {
    "clean": dict.fromkeys(RECIPES, ("passed", "")),
    "found": {
        "semgrep": ("failed", "src/a.py:3 eval runs any code that it is given"),
        "checkov": ("failed", "infra/a.tf:1 S3 Bucket has an ACL defined which allows public READ access."),
        "zizmor": ("failed", ".github/workflows/a.yml:7 code injection via template expansion"),
        "eslint": ("failed", "src/a.js:3 'nope' is not defined."),
        "pa11y": ("failed", "site/index.html Img element missing an alt attribute."),
        "vitest": ("failed", "tests/cart.test.js:5 tests/cart.test.js::cart > discount failed: expected 2 to be 3"),
        "playwright": ("failed", "e2e/cart.spec.ts:8 cart.spec.ts::cart \u203a sum failed: expect(received).toBe(expected)"),
        "npm-audit": ("failed", "pkg:npm/lodash@4.17.15 lodash 4.17.15: Command Injection in lodash"),
    },
    "broken": {
        "semgrep": ("errored", "exit code 2, not one of 0"),
        "checkov": ("failed", "infra/a.tf: the report does not name it as examined"),
        "zizmor": ("errored", "exit code 1, not one of 0: fatal: no audit was performed"),
        "eslint": ("errored", "the tool met an error: src/a.js:1:7: Parsing error: Unexpected token ="),
        "pa11y": ("errored", "the tool met an error: site/gone.html: net::ERR_NAME_NOT_RESOLVED"),
        "vitest": ("errored", "exit code 1, and nothing in its report explains that"),
        "playwright": ("errored", "exit code 1, and nothing in its report explains that"),
        "npm-audit": ("errored", "exit code 1, not one of 0"),
    },
    "nothing": {
        **dict.fromkeys(RECIPES, ("failed", "nothing was examined")),
        "zizmor": ("errored", "`inventory` names '.github/workflows/*.y*ml', where there is no file"),
        "eslint": ("failed", "src/b.js: the report does not name it as examined"),
    },
}


def test_the_page_has_a_recipe_for_each_tool_and_says_what_was_tried() -> None:
    rows = re.findall(r"^\| \[([^\]]+)\]\(#([a-z0-9-]+)\) \|", PAGE, re.MULTILINE)
    assert {anchor for _, anchor in rows} == set(RECIPES)
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == [title for title, _ in rows]
    assert len(BLOCKS) == len(RECIPES)


@pytest.mark.parametrize("block", BLOCKS, ids=list(RECIPES))
def test_every_block_is_a_policy(block: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gates.yaml").write_text(f"version: 1\nextends: [baseline]\n{block}", "utf-8")
    assert main(["-C", str(tmp_path), "policy", "check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(("gate", "version"), VERSIONS.items())
def test_the_samples_are_of_the_versions_that_the_page_names(gate: str, version: str) -> None:
    samples = [path.read_text("utf-8") for path in (SAMPLES / gate / "found").iterdir()]
    assert any(f'"{version}"' in text for text in samples)
    assert version in PAGE.partition(f"](#{gate}) |")[2].splitlines()[0]


def policy(state: str) -> str:
    """The page's gates, each with the sample of its tool in place of the command."""
    gates = json.loads(json.dumps(RECIPES))
    for name, gate in gates.items():
        if name != "zizmor":
            code = str(CODES.get(state, {}).get(name, 0))
            gate["options"]["command"] = ["{python}", "-c", COPY, "{raw}", str(SAMPLES / name / state), code]
    return json.dumps({"version": 1, "extends": ["baseline"], "gates": gates})


def said(gate: dict[str, Any]) -> str:
    """All that a person is told of a gate: reasons, findings with their places, what was skipped."""
    places = [(finding["location"], finding["message"]) for finding in gate["findings"]]
    lines = [f"{place.get('path') or place.get('purl')}{':' * ('line' in place)}{place.get('line', '')} {text}" for place, text in places]
    skipped = [f"{skip['item']}: {skip['reason']}" for skip in (gate["examined"] or {}).get("skipped", ())]
    return "\n".join([*gate["reasons"], *lines, *skipped])


@pytest.mark.parametrize("state", SAID)
def test_what_the_tools_wrote_is_judged_as_the_page_says(
    state: str, repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    repository.commit({**dict.fromkeys(EVERYWHERE, ""), **FILES[state], "gates.yaml": policy(state)})
    code = main(["-C", str(repository.root), "run", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    seen = {gate["gate"]: (gate["outcome"], said(gate)) for gate in report["gates"]}
    assert {name: outcome for name, (outcome, _) in seen.items()} == {name: outcome for name, (outcome, _) in SAID[state].items()}, seen
    assert [(name, seen[name][1]) for name, (_, words) in SAID[state].items() if words not in seen[name][1]] == []
    assert (code == 0) is (state == "clean")
    if state == "clean":
        assert all(gate["examined"]["done"] == gate["examined"]["expected"] == 1 for gate in report["gates"])
