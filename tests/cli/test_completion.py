"""Completion: the script for bash is sourced and asked as Tab asks it; those of the other shells name all that there is."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gates import registry
from gates.cli.completion import SHELLS
from gates.cli.main import parser_of
from gates.cli.output import FORMATS
from gates.cli.pages import PAGES
from gates.errors import ExitCode
from gates.model import Stage
from tests.cli.conftest import Outcome

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "gates" / "cli" / "completions"
#: Sets what bash sets when Tab is pressed at the end of a line; a line of words for each answer. Words stand apart by US.
ASK = """
source "$1"
shift
for line in "$@"; do
  IFS=$'\\x1f' read -r -a COMP_WORDS <<< "$line"
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _gates
  printf '%s\\x1f' "${COMPREPLY[@]}"
  printf '\\n'
done
"""
STAGES = [str(stage) for stage in Stage]
#: What is typed, where `_` is where nothing is typed yet; and what is offered.
TYPED: dict[str, list[str]] = {
    "gates _": list(PAGES),
    "gates re": ["report"],
    "gates -C": ["-C"],
    "gates -C fol": ["folder"],
    "gates -C folder in": ["init"],
    "gates --v": ["--version"],
    "gates run --st": ["--stage"],
    "gates run --stage _": STAGES,
    "gates run --stage ch": ["change"],
    "gates run --stage = rel": ["release"],
    "gates run --stage =": STAGES,
    "gates run --gate _": list(registry.BUILT_IN),
    "gates run --gate tests --gate se": ["secrets", "security"],
    "gates run --format _": ["text", "json", "github"],
    "gates run --report _": [f"{name}=" for name in FORMATS],
    "gates run --report html = two": ["two words.txt"],
    "gates run --jobs _": [],
    "gates run --only": ["--only-failed"],
    "gates run --base ma": ["main"],
    "gates run --policy g": ["gates.yaml"],
    "gates run g": ["gates.yaml"],
    "gates report --format s": ["sarif"],
    "gates verify --min-trust _": ["self-reported", "base-policy", "required-workflow"],
    "gates verify --chain _": [".git", "folder"],
    "gates policy _": ["check", "show", "schema", "diff", "approve"],
    "gates policy --stage commit s": ["show", "schema"],
    "gates policy diff _": ["main", "v1"],
    "gates policy diff --exit": ["--exit-code"],
    "gates explain s": ["secrets", "security"],
    "gates explain 13": ["130"],
    "gates completion _": list(SHELLS),
    "gates completion bash _": [],
    "gates help wa": ["waive"],
    "gates keygen --": ["--help"],
    "gates nonsense _": [],
}


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is offered for each line of `TYPED`, in a small repository."""
    bash = shutil.which("bash")
    assert bash is not None, "bash is needed here: install it"
    root = tmp_path_factory.mktemp("completion")
    (root / "folder").mkdir()
    for name in ("gates.yaml", "two words.txt"):
        (root / name).write_text("x", "utf-8")
    git = "git init -q -b main . && git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m one && git tag v1"
    subprocess.run(["sh", "-c", git], cwd=root, check=True, capture_output=True)
    lines = ["\x1f".join("" if word == "_" else word for word in line.split()) + "\x1f" * line.endswith("_") for line in TYPED]
    argv = [bash, "--norc", "-c", ASK, "bash", str(SCRIPTS / "gates.bash"), *lines]
    answer = subprocess.run(argv, cwd=root, check=True, capture_output=True, text=True, timeout=60)
    assert answer.stderr == ""
    found = answer.stdout.split("\n")[:-1]
    assert len(found) == len(TYPED)
    return {line: [word for word in words.split("\x1f") if word] for line, words in zip(TYPED, found, strict=True)}


@pytest.mark.parametrize("line", TYPED)
def test_bash_offers(line: str, offered: dict[str, list[str]]) -> None:
    assert sorted(offered[line]) == sorted(TYPED[line])


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_has_every_command_and_option(shell: str) -> None:
    script = (SCRIPTS / f"gates.{shell}").read_text("utf-8")
    (commands,) = (action for action in parser_of(PAGES)._actions if action.dest == "command")
    assert isinstance(commands.choices, dict)
    for name, parser in commands.choices.items():
        case = script.partition(f"\n    {name})")[2].partition(";;")[0]
        lines = case if shell == "zsh" else "\n".join(part for part in script.splitlines() if f" {name})" in part or f"_at {name}" in part)
        shown = [action for action in parser._actions if action.help and action.help != "==SUPPRESS=="]
        options = [option[2:] for action in shown for option in action.option_strings if option.startswith("--")]
        assert [option for option in options if f"-{option}" not in lines and f"-l {option} " not in lines] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script(shell: str, gates: Callable[..., Outcome]) -> None:
    outcome = gates("completion", shell)
    assert outcome.code == ExitCode.PASSED
    assert outcome.out == (SCRIPTS / f"gates.{shell}").read_text("utf-8")


def test_the_paths_that_the_help_names_are_of_the_shells_that_there_are() -> None:
    assert [shlex.split(example)[2] for example, _ in PAGES["completion"].examples] == list(SHELLS)
