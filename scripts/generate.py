"""Writes what follows from the registry of gates and the table of the policy; `--check` compares instead.

Whatever mentions every gate is generated here, so that adding one touches its runner, its tests and a line of a policy.
"""

from __future__ import annotations

import importlib
import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import completion
import manual

from gates import registry
from gates.api import Gate
from gates.cli.beginnings import shown_hooks, shown_workflow
from gates.model import Stage
from gates.policy.reference import BEGIN, END, insert
from gates.policy.schema import json_schema

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for the tests, which are no part of the package

from tests.evidence.attacks import ATTACKS  # noqa: E402
from tests.guarantees import Case, cases  # noqa: E402
from tests.leaks.places import PLACES  # noqa: E402
from tests.leaks.search import ENCODINGS  # noqa: E402
from tests.weakening.healthy import HEALTHY  # noqa: E402
from tests.weakening.weakenings import WEAKENINGS  # noqa: E402

TABLES = {"tests/traps": "Engines that say clean when it is not", "tests/faults": "Faults", "tests/hostile": "Hostile projects"}
BUILT_IN = tuple(registry.find(name) for name in registry.BUILT_IN)


def main() -> int:
    """Write every generated file; with `--check` exit 1 and name those that are out of date."""
    check = "--check" in sys.argv[1:]
    stale = [path for path, content in generated().items() if not path.exists() or path.read_text("utf-8") != content]
    for path in stale:
        if not check:
            path.write_text(generated()[path], "utf-8")
        print(f"{'out of date' if check else 'wrote'}: {path.relative_to(ROOT)}")
    if check and stale:
        print("run: python scripts/generate.py")
    return 1 if check and stale else 0


def generated() -> dict[Path, str]:
    """All generated files with the content that they should have."""
    return {
        ROOT / ".pre-commit-hooks.yaml": hooks(),
        ROOT / "docs" / "gates.schema.json": json.dumps(json_schema(BUILT_IN), indent=2, ensure_ascii=False) + "\n",
        ROOT / "docs" / "policy.md": insert((ROOT / "docs" / "policy.md").read_text("utf-8"), BUILT_IN),
        ROOT / "README.md": between((ROOT / "README.md").read_text("utf-8"), gate_table()),
        ROOT / "docs" / "guarantees.md": between((ROOT / "docs" / "guarantees.md").read_text("utf-8"), guarantees()),
        ROOT / "docs" / "github.md": first_block((ROOT / "docs" / "github.md").read_text("utf-8"), shown_workflow()),
        ROOT / "docs" / "hooks.md": first_block((ROOT / "docs" / "hooks.md").read_text("utf-8"), shown_hooks()),
        ROOT / "action.yml": re.sub(
            r"Built in: [a-z, ]+", f"Built in: {', '.join(registry.BUILT_IN)}", (ROOT / "action.yml").read_text("utf-8")
        ),
        ROOT / "docs" / "command-line.md": between((ROOT / "docs" / "command-line.md").read_text("utf-8"), manual.markdown()),
        ROOT / "docs" / "man" / "gates.1": manual.command_page(),
        ROOT / "docs" / "man" / "gates.yaml.5": manual.policy_page(),
        **{ROOT / "gates" / "cli" / "completions" / f"gates.{shell}": script for shell, script in completion.scripts().items()},
    }


def between(page: str, content: str) -> str:
    """A page with what stands between its markers replaced."""
    head, _, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise SystemExit(f"the page has no lines {BEGIN} and {END}")
    return f"{head}{BEGIN}\n{content}\n{END}{tail}"


def first_block(page: str, content: str) -> str:
    """A page with what stands in its first block of YAML replaced."""
    head, begin, rest = page.partition("```yaml\n")
    _, end, tail = rest.partition("```")
    if not end:
        raise SystemExit("the page has no block of YAML")
    return f"{head}{begin}{content}{end}{tail}"


def gate_table() -> str:
    rows = ["| gate | what it does | examines | engine |", "|---|---|---|---|"]
    rows += [
        f"| [`{gate.id}`](docs/gates/{gate.id}.md) | {gate.title} | {gate.unit} | {', '.join(gate.requires) or 'any'} |"
        for gate in BUILT_IN
    ]
    return "\n".join(rows)


def guarantees() -> str:
    """The tables of what is tried, with the answers that the tests declare and hold."""
    parts = []
    for folder, title in TABLES.items():
        found = list(module_cases(folder))
        if found:
            count = Counter(case.here.outcome.value for _, case in found)
            said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.items()))
            parts.append(f"### {title}\n\n{len(found)} tried: {said}.\n\n{table(found)}")
    return "\n\n".join([*parts, weakenings(), healthy(), attacks(), leaks()])


def weakenings() -> str:
    """What a change does to its own gate, and whether it is stopped all the same."""
    count = Counter(item.here.outcome.value for item in WEAKENINGS)
    said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.items()))
    count_line = (
        f"{len(WEAKENINGS)} tried, each on a change that is stopped without it: {said}. "
        "Of each that passes it is said why, and what the report shows."
    )
    rows = [
        f"| {item.part}: {item.what} | {item.here.outcome}{': ' + item.why if item.why else ''} | {item.here.words} |".replace("\n", " ")
        for item in WEAKENINGS
    ]
    head = ["### Changes that weaken their own gate", "", count_line, "", "| what the change does | verdict | words |", "|---|---|---|"]
    return "\n".join([*head, *rows])


def healthy() -> str:
    """What changes of a policy pass, and what is said of them."""
    count_line = f"{len(HEALTHY)} changes of a policy, or beside one, that pass at once; nobody approves but where it is said."
    rows = [f"| {item.what} | {item.words} |" for item in HEALTHY]
    return "\n".join(["### Changes that nobody is stopped for", "", count_line, "", "| what changes | words |", "|---|---|", *rows])


def attacks() -> str:
    """What bundles are attacked with, and the answer of `gates verify`."""
    rows = []
    for part, found in itertools.groupby(ATTACKS, key=lambda attack: attack.part):
        rows += [f"| {part}: {attack.what} | {int(attack.code)} | {attack.words} |".replace("\n", " ") for attack in found]
    count = Counter(int(attack.code) for attack in ATTACKS)
    said = ", ".join(f"{number} answered with {code}" for code, number in sorted(count.items()))
    count_line = f"{len(ATTACKS)} tried on `gates verify` ({said}), and each on `gates report` and `gates sign`."
    head = ["### Attacks on a bundle", "", count_line, "", "| what is tried | code | words |", "|---|---|---|"]
    return "\n".join([*head, *rows])


def leaks() -> str:
    """Where a made-up secret is put before everything that a run gives is searched for it."""
    rows = [f"| {place.gate or 'any'} | {place.name} | {place.how} |".replace("\n", " ") for place in PLACES]
    count = f"{len(PLACES)} places, each searched for in {len(ENCODINGS)} forms: {'; '.join(ENCODINGS)}."
    return "\n".join(
        ["### Places from which a secret could leak", "", count, "", "| gate | place | how it gets there |", "|---|---|---|", *rows]
    )


def module_cases(folder: str) -> Iterator[tuple[Path, Case]]:
    for path in sorted((ROOT / folder).glob("test_*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for case in cases(importlib.import_module(name)):
            yield path, case


def table(found: list[tuple[Path, Case]]) -> str:
    """One line a case: what is tried, what the engine says when it is run by hand, the answer here, and the test."""
    numbered = any(case.number for _, case in found)
    rows = (
        ["| number | what is tried | the engine alone | here |", "|---|---|---|---|"]
        if numbered
        else ["| what is tried | here |", "|---|---|"]
    )
    if numbered:
        found = sorted(found, key=lambda item: trap_order(item[1].number))
    for path, case in found:
        answer = f"[{case.here.outcome}](../{path.relative_to(ROOT)}): {case.here.words}"
        cells = [case.number, case.what, case.alone, answer] if numbered else [case.what, answer]
        rows.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(rows)


def trap_order(number: str) -> tuple[int, int]:
    """P1 … P10, C1, S1 …: the order of the gates, then of the numbers."""
    return "PCSXADBE".index(number[0]), int(number[1:])


def hooks() -> str:
    return "\n".join(["# Written by scripts/generate.py. See docs/hooks.md.", *(line for hook in all_hooks() for line in hook)]) + "\n"


def all_hooks() -> Iterator[list[str]]:
    """The commit stage in one process, then each gate alone. `external` needs a policy's own name: the first hook runs it."""
    yield hook("gates", "Every gate of the commit stage", ["run", "--stage", "commit"], files=True, stages=["pre-commit"])
    for gate in BUILT_IN:
        if gate.id == "external":
            continue
        at_commit = Stage.COMMIT in gate.stages
        arguments = ["run", "--stage", "commit" if at_commit else "change", "--gate", gate.id]
        stages = ["pre-commit"] if at_commit else ["pre-push"] if gate.id in {"tests", "dependencies"} else ["manual"]
        yield hook(f"gates-{gate.id}", gate.title, arguments, files=at_commit, stages=stages, gate=gate)


def hook(name: str, what: str, arguments: list[str], *, files: bool, stages: list[str], gate: Gate | None = None) -> list[str]:
    extras = f"[{gate.extra}]" if gate and gate.extra else ""
    dependencies = [f'  additional_dependencies: ["quality-gates{extras}"]'] if extras else []
    return [
        "",
        f"- id: {name}",
        f"  name: {name}",
        f"  description: {what}",
        "  language: python",
        f"  entry: gates {' '.join(arguments)}",
        # A file may be called as an option is. Whoever gives arguments of their own takes this one away, and the option is refused.
        *(['  args: ["--"]'] if files else []),
        f"  pass_filenames: {str(files).lower()}",
        # One hook must not become several partial verdicts, and a skipped one must not look green.
        "  require_serial: true",
        f"  always_run: {str(not files).lower()}",
        f"  stages: [{', '.join(stages)}]",
        '  minimum_pre_commit_version: "3.2.0"',
        *dependencies,
    ]


if __name__ == "__main__":
    sys.exit(main())
