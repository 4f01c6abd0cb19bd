"""The documents: every link leads somewhere, every command line is one, every table says what the code does."""

from __future__ import annotations

import dataclasses
import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gates import registry
from gates.adapters import git
from gates.cli.main import COMMANDS, parse
from gates.errors import ExitCode, VerifyCode
from gates.model import Stage
from gates.policy import load
from gates.policy.compose import compose
from gates.policy.table import GATE, POLICY

ROOT = Path(__file__).parent.parent
PAGES = [name for name in git.list_files(ROOT) or () if name.endswith(".md") and not name.startswith("tests/")]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND_LINE = re.compile(r"^(?:\$ )?(gates .*)$", re.MULTILINE)
INLINE = re.compile(r"`(gates [^`]*)`")
FENCE = re.compile(r"^\s*```(\w*)\n(.*?)^\s*```", re.MULTILINE | re.DOTALL)
CELL = re.compile(r"^\| (`[^|]*) \|", re.MULTILINE)
OPTIONS = re.compile(r"^## Options\n+((?:\|.*\n)+)", re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_there_are_pages() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/policy.md"} <= set(PAGES)


def targets(name: str) -> list[Path]:
    """The files that a page's relative links lead to."""
    links = [link.partition("#")[0] for link in LINK.findall(read(name)) if "://" not in link and not link.startswith("#")]
    return [((ROOT / name).parent / link).resolve() for link in links]


@pytest.mark.parametrize("name", PAGES)
def test_every_relative_link_leads_to_a_file(name: str) -> None:
    assert [target for target in targets(name) if not target.exists()] == []


#: A heading; what is written in it besides its words.
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
LINKED = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@cache
def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them: words in small letters, joined by hyphens."""
    found: list[str] = []
    for heading in HEADING.findall(FENCE.sub("", path.read_text("utf-8"))):
        words = LINKED.sub(r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
    return set(found)


def links(name: str) -> Iterator[tuple[Path, str]]:
    """The page and the anchor that each link of a page leads to, where it names one; code is no link."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", read(name)))
    for link in LINK.findall(text):
        target, _, anchor = link.partition("#")
        if anchor and "://" not in link:
            yield ((ROOT / name).parent / target).resolve() if target else ROOT / name, anchor


@pytest.mark.parametrize("name", PAGES)
def test_every_anchor_is_a_heading(name: str) -> None:
    assert [f"{path.name}#{anchor}" for path, anchor in links(name) if path.suffix == ".md" and anchor not in anchors(path)] == []


def test_anchors_are_looked_at() -> None:
    assert sum(len(list(links(name))) for name in PAGES) > 20
    assert {"keys-of-the-file", "waiver-rules", "a-signed-change-of-the-policy"} <= anchors(ROOT / "docs" / "policy.md")


@pytest.mark.parametrize("name", PAGES)
def test_every_column_of_a_table_has_a_heading(name: str) -> None:
    """Who hears a table hears the heading of each cell: the accessibility gate says so of the site."""
    headings = re.findall(r"^(\|.*\|)\n\|[ :|-]+\|$", FENCE.sub("", read(name)), re.MULTILINE)
    assert [heading for heading in headings if re.search(r"\|\s*\|", heading)] == []


#: What a part of a policy is shown without.
AROUND = {"version": "version: 1", "gates": "gates: {tests: {}, dependencies: {}, secrets: {}, security: {}}"}
#: The jobs there have keys of their own, and the example's gate comes with it.
OTHER_YAML = {"docs/other-ci.md", "examples/gate-licences/README.md"}


def policies(name: str) -> Iterator[str]:
    """The policies that a page shows, and those that its parts of one make with what they are shown without."""
    known, of_gate = {key.name for key in POLICY.keys}, {key.name for key in GATE.keys}
    for language, block in FENCE.findall(read(name)):
        keys = re.findall(r"^([a-z-]+):", textwrap.dedent(block), re.MULTILINE)
        if language == "yaml" and keys and set(keys) <= known:
            yield "\n".join([*(line for key, line in AROUND.items() if key not in keys), textwrap.dedent(block)])
        elif language == "yaml" and keys and set(keys) <= of_gate:
            yield f"version: 1\ngates:\n  tests:\n{textwrap.indent(block, '    ')}"


@pytest.mark.parametrize("name", [page for page in PAGES if page not in OTHER_YAML and list(policies(page))])
def test_every_policy_that_is_shown_is_one(name: str) -> None:
    for text in policies(name):
        sources = load.collect_text(ROOT, "gates.yaml", text)
        for stage in Stage:
            compose(sources, stage, registry.find)


def test_policies_are_shown() -> None:
    assert sum(len(list(policies(name))) for name in PAGES if name not in OTHER_YAML) >= 15


def test_every_page_is_linked_from_another() -> None:
    """The pages of decisions are found by their folder, which CONTRIBUTING names."""
    linked = {target for name in PAGES for target in targets(name)}
    pages = [name for name in PAGES if name.startswith("docs/") and not name.startswith("docs/decisions/")]
    assert [name for name in pages if ROOT / name not in linked] == []
    assert "`docs/decisions/`" in read("CONTRIBUTING.md")


def command_lines(text: str) -> Iterator[list[str]]:
    """Every `gates …` of a page: lines of a console or shell block, and code within a sentence."""
    for language, block in FENCE.findall(text):
        if language in {"", "console", "sh", "shell", "bash"}:
            for line in COMMAND_LINE.findall(block):
                yield words(line)
    for code in INLINE.findall(FENCE.sub("", text)):
        yield words(code)


def words(line: str) -> list[str]:
    """The arguments of the first command of a line, without what the shell does with them."""
    found: list[str] = []
    for word in shlex.split(line, comments=True)[1:]:
        if word in {"|", ">", "&&", ";"}:
            break
        found.append(word)
    return found


@pytest.mark.parametrize("name", [page for page in PAGES if "docs/decisions/" not in page])
def test_every_command_line_is_one(name: str) -> None:
    for argv in command_lines(read(name)):
        if argv == ["--help"] or argv in [[command] for command in COMMANDS] + [[command, "--help"] for command in COMMANDS]:
            continue  # the command as such, in a sentence, or its help
        assert parse(argv).command == argv[0], argv


@pytest.mark.parametrize("name", PAGES)
def test_no_job_lets_a_checkout_stand_for_a_module_of_python_s(name: str) -> None:
    """`python -m` looks in the folder that it is started in first: a change could bring its own `venv.py`."""
    jobs = [block for language, block in FENCE.findall(read(name)) if language in {"yaml", "groovy"}]
    assert [line for block in jobs for line in block.splitlines() if re.search(r"python3? -m", line)] == []


@pytest.mark.parametrize("gate", registry.BUILT_IN)
def test_a_gate_s_page_lists_each_of_its_options_and_no_other(gate: str) -> None:
    found = OPTIONS.search(read(f"docs/gates/{gate}.md"))
    assert found is not None
    listed = {name for cell in CELL.findall(found.group(1)) for name in re.findall(r"`([^`]+)`", cell)}
    assert listed == {field.name.replace("_", "-") for field in dataclasses.fields(registry.find(gate).options)}


@pytest.mark.parametrize("gate", registry.BUILT_IN)
def test_a_gate_s_page_names_its_measurements(gate: str) -> None:
    page = read(f"docs/gates/{gate}.md")
    assert [name for name in registry.find(gate).measurements if f"`{name}`" not in page] == []


def test_the_exit_codes_are_all_listed() -> None:
    of_all, of_verify = (
        {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", part, re.MULTILINE) for code in row.split(", ")}
        for part in read("docs/exit-codes.md").split("`gates verify` |")
    )
    assert of_all == set(ExitCode)
    assert of_verify == set(VerifyCode)


def test_every_dependency_says_why_it_is_here() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    page = read("docs/dependencies.md")
    listed = {name for row in re.findall(r"^\| ([a-z0-9, -]+) \| (?:always|`)", page, re.MULTILINE) for name in row.split(", ")}
    extras = [item for extra, items in project["optional-dependencies"].items() if extra != "all" for item in items]
    assert listed == {re.split(r"[<>=]", requirement)[0] for requirement in [*project["dependencies"], *extras]}


def test_every_development_dependency_says_why_it_is_here() -> None:
    groups = tomllib.loads(read("pyproject.toml"))["dependency-groups"]
    names = {re.split(r"[<>=]", item)[0] for items in groups.values() for item in items if isinstance(item, str)}
    page = read("docs/dependencies.md").partition("For development:")[2]
    assert sorted(name for name in names if not name.startswith("types-") and name not in page) == []


def test_the_table_of_rooms_is_the_tree() -> None:
    """Every file and folder of the package stands in CONTRIBUTING, and nothing that isn't there."""
    table = read("CONTRIBUTING.md").partition("| room |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([a-z_]+(?:\.py|/))`", row.split("|")[1] if "|" in row else "")}
    tree = {path.name + ("/" if path.is_dir() else "") for path in (ROOT / "gates").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert named == tree - {"__init__.py", "__pycache__/"}
