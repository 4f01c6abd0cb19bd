"""What the project's code does to the raw folder, what it says, and a lack of memory end neither the run nor a secret's secrecy."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gates.adapters import process
from gates.api import ObserveContext
from gates.facts import read_facts
from gates.model import Facts, GateRun, Status
from gates.observe import Progress, Setting, observe, read_members
from gates.plan import Step
from gates.redact import Redactor
from gates.runners.external import GATE
from gates.testing import observe_and_parse

SARIF = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": []}]}'


def attack(root: Path, script: str, work: Path) -> Facts:
    """Facts of a gate whose tool reports that all is well, and then does something to the folder of its report."""
    root.mkdir()
    work.mkdir()
    (root / "app.py").write_text("x = 1\n", "utf-8")
    (root / "tool.sh").write_text(f"cd \"$1\"\necho hello\nprintf '%s' '{SARIF}' > x.sarif\n{script}\n", "utf-8")
    options = {"command": ["sh", "tool.sh", "{raw}"], "sarif": "x.sarif", "inventory": ["*.py"]}
    return observe_and_parse(GATE, root=root, work=work, options=options, name="tool", timeout_seconds=30)


@pytest.mark.parametrize("name", ["observe.json", "tools.json", "external.json", "1-tool.stdout"])
@pytest.mark.parametrize("script", ["mkfifo {name}", "ln -s ../../victim {name}"])
def test_nothing_is_written_through_what_stands_in_the_place_of_a_file_of_ours(tmp_path: Path, name: str, script: str) -> None:
    facts = attack(tmp_path / "root", script.format(name=name), tmp_path / "work")
    assert facts.status is Status.COMPLETED
    assert facts.examined is not None
    assert facts.examined.done == 1
    assert not (tmp_path / "work" / "victim").exists()


@pytest.mark.parametrize(
    "script",
    ["mkdir observe.json", "mkdir tools.json", "cd .. && rm -r tool && echo > tool", "cd .. && mv tool other && ln -s other tool"],
)
def test_a_raw_folder_that_was_spoilt_is_an_error_and_not_the_end_of_the_run(tmp_path: Path, script: str) -> None:
    facts = attack(tmp_path / "root", script, tmp_path / "work")
    assert facts.status is Status.ERROR
    assert str(tmp_path) not in facts.reason


def test_what_a_link_leads_to_is_no_raw_output(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "victim").write_text("mine", "ascii")
    (tmp_path / "raw" / "log.txt").symlink_to(tmp_path / "victim")
    (tmp_path / "raw" / "own.txt").write_text("ours", "ascii")
    assert read_members(tmp_path / "raw") == {"own.txt": b"ours"}


class Heard(Progress):
    """All that is told while a run goes on."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def doing(self, name: str, text: str) -> None:
        self.told.append(text)

    def ended(self, name: str, run: GateRun, *, knows: bool) -> None:
        self.told.append(knows)


def test_the_last_words_of_a_tool_are_for_the_report_alone(tmp_path: Path) -> None:
    """Another gate may find only later that they hold a secret."""
    (tmp_path / "work").mkdir()
    step = Step(
        name="tool",
        gate=GATE,
        options={"command": ["sh", "-c", "echo the token is tok-123456789; exit 9"], "sarif": "x.sarif"},
        timeout_seconds=30,
    )
    heard = Heard()
    setting = Setting(root=tmp_path, work=tmp_path / "work", environment={"PATH": "/bin:/usr/bin", "MY_TOKEN": "tok-123456789"})
    (observation,) = observe([step], setting, jobs=1, progress=heard).observations
    assert heard.told == ["running sh", False]
    members = {name: Redactor(["tok-123456789"]).redact(content) for name, content in observation.members.items()}
    assert "the token is [redacted]" in read_facts(GATE, "tool", members).reason


def starved(context: ObserveContext, options: Any) -> None:
    bytearray(sys.maxsize)


def test_a_gate_that_gets_no_memory_can_not_tell_and_the_next_goes_on(tmp_path: Path) -> None:
    (tmp_path / "x.sarif").write_text(SARIF, "utf-8")
    options = {"command": ["cp", "x.sarif", "{raw}"], "sarif": "x.sarif", "inventory": ["x.sarif"]}
    gates = {"starved": replace(GATE, observe=starved), "fed": GATE}
    steps = [Step(name=name, gate=gate, options=options, timeout_seconds=30) for name, gate in gates.items()]
    setting = Setting(root=tmp_path, work=tmp_path / "work", environment={"PATH": "/bin:/usr/bin"})
    seen = observe(steps, setting, jobs=1, progress=Progress()).observations
    none, some = (read_facts(gates[item.name], item.name, item.members) for item in seen)
    assert (none.status, none.reason, some.status) == (Status.ERROR, "there is too little memory", Status.COMPLETED)
    assert "--jobs 1" in none.remedy


def test_where_the_system_gives_no_thread_there_is_too_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(process, "_stopping", threading.Event())  # for this test alone: a run that is stopped stays so
    step = Step(name="tool", gate=GATE, options={"command": ["true"], "sarif": "x.sarif"}, timeout_seconds=30)
    with pytest.raises(MemoryError):
        observe([step], Setting(root=tmp_path, work=tmp_path / "work", environment={}), jobs=1, progress=Progress())
    assert process.stopping()
