"""The help teaches: every command says what it does, in lines that fit; what is mistyped is guessed."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from gates import registry
from gates.cli.main import parse, parser_of
from gates.cli.pages import EPILOG, PAGES
from gates.errors import ExitCode, UsageError
from tests.cli.conftest import Outcome


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("command", PAGES)
def test_the_help_fits_the_terminal(
    command: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be broken stays whole: a command line that is to be copied, and the choices of an option."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = shown(capsys, command, "--help").splitlines()
    copied = {line for example, _ in PAGES[command].examples for line in f"  {example}".splitlines()}
    assert [line for line in lines if len(line) > min(columns, 100) and line not in copied and "{" not in line] == []


def test_the_list_of_commands_fits_and_has_them_all(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = shown(capsys, "--help")
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert [name for name in PAGES if f"\n    {name} " not in f"{text} " and f"\n    {name}\n" not in text] == []
    for group in {page.group for page in PAGES.values()}:
        assert text.count(f"\n  {group}:\n") == 1


def test_the_words_are_those_of_the_registry() -> None:
    assert [name for name in registry.BUILT_IN if name != "external" and name not in EPILOG] == []


@pytest.mark.parametrize("command", PAGES)
def test_every_example_is_a_command_line(command: str) -> None:
    for example, what in PAGES[command].examples:
        words = shlex.split(example.partition(" > ")[0].replace("\\\n", ""))
        assert words[:2] == ["gates", command]
        assert parse(words[1:]).command == command
        assert what


@pytest.mark.parametrize("command", PAGES)
def test_what_it_shows_names_the_exit_codes_and_what_is_next(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, command, "--help")
    assert text.index("\nexamples:\n") < text.index("\nexit codes: 0") < text.index("\nnext: ")


def test_every_option_says_what_it_does() -> None:
    parser = parser_of(PAGES)
    (commands,) = (action for action in parser._actions if action.dest == "command")
    assert isinstance(commands.choices, dict)
    said = {(name, action.dest): action.help for name, command in commands.choices.items() for action in command._actions}
    assert len(said) > 100
    assert [place for place, help in said.items() if not help] == []


@pytest.mark.parametrize(
    ("argv", "error", "help"),
    [
        ("rnu", "there is no command `rnu`", "did you mean `gates run`? `gates --help` lists all"),
        ("xyzzy", "there is no command `xyzzy`", "`gates --help` lists all"),
        ("", "no command is named", "`gates run` judges this checkout; `gates --help` lists all commands"),
        ("-C .", "no command is named", "`gates run` judges this checkout; `gates --help` lists all commands"),
        ("--verison", "`gates` has no option --verison", "did you mean `--version`? `gates --help` lists all"),
        ("run --stge=change", "`gates run` has no option --stge", "did you mean `--stage`? `gates run --help` lists all"),
        ("run --stag change", "`gates run` has no option --stag", "did you mean `--stage`? `gates run --help` lists all"),
        ("run --only-faild", "`gates run` has no option --only-faild", "did you mean `--only-failed`? `gates run --help` lists all"),
        ("plan --prats 2 --out x", "`gates plan` has no option --prats", "did you mean `--parts`? `gates plan --help` lists all"),
        ("run --stage chnage", "--stage: 'chnage' is none of commit, change, release", "did you mean `change`? see `gates run --help`"),
        ("report x --format htlm", "--format: 'htlm' is none of text, json", "did you mean `html`? see `gates report --help`"),
        ("policy chekc", "ACTION: 'chekc' is none of check, show", "did you mean `check`? see `gates policy --help`"),
        ("policy diff main --exit-cod", "`gates policy` has no option --exit-cod", "did you mean `--exit-code`?"),
        ("help rn", "COMMAND: 'rn' is none of run, init", "did you mean `run`? see `gates help --help`"),
        ("keygen a b", "`gates keygen` has no place for b", "see `gates keygen --help`"),
        ("run -x", "`gates run` has no place for -x", "see `gates run --help`"),
        ("keygen", "the following arguments are required: PATH", "see `gates keygen --help`"),
    ],
)
def test_what_is_mistyped_is_guessed(argv: str, error: str, help: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(argv.split())
    (problem,) = raised.value.problems
    assert problem.error.startswith(error)
    assert problem.help.startswith(help)
    assert raised.value.exit_code == ExitCode.USAGE


def test_a_file_may_be_called_like_an_option() -> None:
    assert parse(["run", "--stage", "commit", "--", "--odd.py"]).files == ["--odd.py"]


def test_help_is_a_command(gates: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    assert gates("help", "keygen").out == shown(capsys, "keygen", "--help")
    assert gates("help").out == shown(capsys, "--help")
