"""What a gate's first half is given: a tool that was stopped, broke or wrote too much is an error and never half an answer."""

from __future__ import annotations

import dataclasses
import sys
import threading
from pathlib import Path

import pytest

from gates.adapters import process
from gates.api import GateError, Masked, Serve, ToolResult, ToolTimeoutError, read_answer
from gates.api.context import RAW_LIMIT
from gates.api.tree import Tree
from gates.errors import NothingNamedError
from tests.api.making import a_context
from tests.repository import Repository


def test_a_tool_that_does_not_end_in_time_is_an_error(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    with pytest.raises(ToolTimeoutError, match="sleeper did not end in time and was stopped") as raised:
        context.run_tool(["sleep", "600"], tool="sleeper", timeout=0)
    assert "gates.demo.timeout" in raised.value.remedy


def test_where_the_system_gives_no_thread_memory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is for a process: the gate is errored with what to do, and no defect is reported."""

    def refuses(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuses)
    with pytest.raises(MemoryError):
        a_context(tmp_path).at_once([int, int])


def test_raw_output_beyond_its_bound_is_an_error_and_is_not_kept(tmp_path: Path) -> None:
    """Also where the tool has ended by itself, as if all were well."""
    context = a_context(tmp_path)
    writes = "import sys; open(sys.argv[1], 'wb').truncate(int(sys.argv[2]))"
    argv = [sys.executable, "-c", writes, str(context.raw_path("report/log.txt")), str(RAW_LIMIT + 1)]
    with pytest.raises(GateError, match="writer wrote more than 64 MiB of raw output, and was stopped"):
        context.run_tool(argv, tool="writer")
    assert not [path for path in context.raw_folder.rglob("*") if path.is_file()]


def test_printed_output_beyond_its_bound_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = a_context(tmp_path)
    monkeypatch.setattr(process, "OUTPUT_LIMIT", 2**20)
    with pytest.raises(GateError, match="printer printed more than 1 MiB"):
        context.run_tool(["head", "-c", str(2**20 + 1), "/dev/zero"], tool="printer")


def test_an_exit_code_of_a_tool_is_its_gate_s_to_judge(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    done = context.run_tool(["sh", "-c", "echo out; echo err >&2; exit 7"], tool="tool")
    assert (done.exit_code, done.stdout, done.last_words()) == (7, b"out\n", "err")


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("[ERROR] the rule is broken\n\nRan 1 rule: 0 findings.", "[ERROR] the rule is broken"),
        ("error: no inputs\n\nStack:\n  6: _start", "error: no inputs"),
        ("\x1b[31mError: no config\x1b[39m\n    at load (x.js:1:2)", "Error: no config"),
        ("TypeError [ERR_INVALID]: no\n  at x", "TypeError [ERR_INVALID]: no"),
        ("ValueError: a\n\nrequests.exceptions.ConnectionError: b\n", "requests.exceptions.ConnectionError: b"),
        ("0 errors: all is well\nan error\nthe end", "the end"),
        ("\n", "it printed nothing"),
    ],
)
def test_the_last_words_are_what_a_tool_calls_an_error_and_else_its_last_line(printed: str, words: str) -> None:
    assert ToolResult(exit_code=1, stdout=b"", stderr=printed.encode(), duration=0).last_words() == words


@pytest.mark.parametrize(("signal", "remedy"), [("KILL", "no memory left"), ("TERM", "run it again")])
def test_a_driver_that_was_killed_is_an_error(tmp_path: Path, signal: str, remedy: str) -> None:
    context = a_context(tmp_path, f"kill -{signal} $$")
    with pytest.raises(GateError, match=f"engine was killed by SIG{signal}") as raised:
        context.run_driver("engine", tool="engine", version="1")
    assert remedy in raised.value.remedy


def test_a_driver_answers_with_an_object(tmp_path: Path) -> None:
    context = a_context(tmp_path, """printf '{"asked": %s}' "$(cat "$4")\"""")
    assert context.ask_driver("engine", {"a": 1}, tool="engine", version="1") == {"asked": {"a": 1}}
    assert not list(context.raw_folder.iterdir())


@pytest.mark.parametrize("script", ["echo '['", "echo '[]'", "exit 0"], ids=["half an answer", "no object", "nothing"])
def test_a_driver_that_gives_no_answer_is_an_error(tmp_path: Path, script: str) -> None:
    context = a_context(tmp_path, script)
    with pytest.raises(GateError, match="engine ended with 0 and gave no answer"):
        context.ask_driver("engine", {}, tool="engine", version="1")


def test_a_driver_that_breaks_after_it_has_answered_is_an_error_without_its_words(tmp_path: Path) -> None:
    context = a_context(tmp_path, "echo '{}'; echo 'ValueError: of a secret' >&2; exit 1")
    with pytest.raises(GateError) as raised:
        context.ask_driver("engine", {}, tool="engine", version="1")
    assert raised.value.reason == "engine ended with 1 and gave no answer: ValueError"


@pytest.mark.parametrize("content", [None, b"", b'{"files": [', b"\xff"], ids=["missing", "empty", "half", "not text"])
def test_an_answer_that_is_not_whole_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "answer.json").write_bytes(content)
    with pytest.raises(GateError, match=r"engine left no whole answer\.json"):
        read_answer(tmp_path / "answer.json", tool="engine")


def test_where_a_hook_named_nothing_of_a_gate_s_it_has_nothing_to_say(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.selected = ("README.md",)
    context.expect_files(["app.py"], what="Python file")
    with pytest.raises(NothingNamedError, match="none of the named files"):
        context.expect_files([], what="Python file")


def test_where_the_whole_tree_has_nothing_of_a_gate_s_the_policy_is_wrong(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    with pytest.raises(GateError, match="there is no Python file to examine") as raised:
        context.expect_files([], what="Python file")
    assert not isinstance(raised.value, NothingNamedError)
    assert "not-applicable" in raised.value.remedy


def test_the_files_are_those_that_stood_there_before_any_gate_and_no_links(tmp_path: Path, repository: Repository) -> None:
    """git lists a link among the files; what it leads to has a place of its own, or none in the repository."""
    repository.commit({"app.py": "1\n", "gone.py": "2\n", "more/tool.py": "3\n"})
    (repository.root / "link.py").symlink_to("app.py")
    (repository.root / "folder").symlink_to("more")
    repository.commit({})
    context = dataclasses.replace(a_context(tmp_path), root=repository.root, tree=Tree.of(repository.root))
    (repository.root / "gone.py").unlink()
    (repository.root / "new.py").write_text("4\n", "utf-8")
    assert context.files == ("app.py", "more/tool.py")
    assert context.is_tracked("gone.py")
    assert not context.is_tracked("new.py")


def test_a_raw_file_of_ours_is_not_written_through_a_link(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("mine", "ascii")
    (tmp_path / "raw" / "scan.json").symlink_to(victim)
    context.raw_json("scan.json", {})
    assert victim.read_text("ascii") == "mine"
    assert not (tmp_path / "raw" / "scan.json").is_symlink()
    assert context.overwritten() == ""
    (tmp_path / "raw" / "scan.json").unlink()
    assert context.overwritten() == "scan.json"


def test_what_a_gate_masks_is_noted_by_line_and_forgotten_with_the_file(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    context.raw_json("a.json", {"b": ["plain", Masked("x [redacted]", {"weak": 1})], "a": {}})
    context.raw_text("b.txt", "[redacted]\n")
    context.note_masked("b.txt", 1, "literal")
    noted = [(note.name, note.line, note.rule, note.count) for notes in context.notes.values() for note in notes]
    assert noted == [("a.json", 5, "demo/weak", 1), ("b.txt", 1, "demo/literal", 1)]
    assert (context.raw_folder / "a.json").read_text("utf-8").split("\n")[4] == '  "x [redacted]"'
    context.raw_text("b.txt", "written anew\n")
    assert set(context.notes) == {"a.json"}


def test_a_variable_is_secret_as_a_whole_and_word_by_word(tmp_path: Path) -> None:
    context = dataclasses.replace(a_context(tmp_path), variables={"A_HEADER": "Bearer tok-58fa0911c2", "EMPTY": ""})
    assert context.variable("A_HEADER") == "Bearer tok-58fa0911c2"
    assert (context.variable("EMPTY"), context.variable("MISSING")) == ("", None)
    context.add_secret("tok-58fa0911c2", "field")
    context.add_secret("")
    assert context.secrets == {
        "Bearer tok-58fa0911c2": {"env:A_HEADER"},
        "Bearer": {"env:A_HEADER"},
        "tok-58fa0911c2": {"env:A_HEADER", "demo/field"},
    }


def test_a_folder_that_is_not_there_is_not_served(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    (context.root / "page.html").write_text("<p>", "utf-8")
    for name in ("public", "page.html"):
        with pytest.raises(GateError, match=f"serve.directory '{name}' is not a folder"), context.serve(Serve(directory=name)):
            pass


def test_a_command_that_does_not_say_where_its_port_goes_is_not_started(tmp_path: Path) -> None:
    context = a_context(tmp_path)
    with pytest.raises(GateError, match=r"serve\.command does not say where the port goes"), context.serve(Serve(command=("sleep", "60"))):
        pass
