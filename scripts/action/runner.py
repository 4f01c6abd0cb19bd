"""What the steps know of the runner: the inputs, its folders, its files for outputs and summary, and its commands.

Source: GitHub's documentation of workflow commands and of the variables that a job has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

SUMMARY_LIMIT = 1024 * 1024  # bytes a step; the runner drops more without failing the job
JOBS = ("run", "plan", "observe", "judge")


class StepError(Exception):
    """What a person has to mend in the workflow, in words."""


@cache
def _inputs() -> dict[str, str]:
    found: dict[str, str] = json.loads(os.environ["INPUTS"])
    return found


def given(name: str) -> str:
    """An input of the action; empty where it was not given."""
    return str(_inputs().get(name) or "").strip()


def lines(name: str) -> list[str]:
    """An input that holds several, one a line."""
    return [line.strip() for line in given(name).splitlines() if line.strip()]


def job() -> str:
    """Which part of a run this is. Raises `StepError` for one that is none."""
    found = given("job") or "run"
    if found not in JOBS:
        raise StepError(f"`job: {found}` is none of {', '.join(JOBS)}")
    return found


def name() -> str:
    """What the check is called in artifacts and comments, where a workflow has several. Raises `StepError`."""
    found = given("name") or "gates"
    if not all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in found):
        raise StepError(f"`name: {found}` may hold letters, digits, `-`, `_` and `.` alone: it becomes the name of a file")
    return found


def workplace() -> Path:
    place = Path(os.environ["RUNNER_TEMP"]) / "quality-gates"
    place.mkdir(parents=True, exist_ok=True)
    return place


def gates(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the working directory; paths of inputs are relative to that. Raises `StepError`.

    Isolated: where PYTHONPATH names the repository, its modules would be taken for ours.
    """
    python = workplace() / "environment" / "bin" / "python"
    environment = {key: value for key, value in os.environ.items() if key != "INPUTS"}
    command = [str(python), "-I", "-m", "gates.cli", *arguments]
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment, cwd=_folder())


def _folder() -> Path:
    """The folder to judge. Raises `StepError` for none, and for one behind a link: a change could let that lead to a policy of its own."""
    named, top = given("working-directory") or ".", Path.cwd()
    folder, workspace = Path(os.path.normpath(top / named)), Path(os.environ.get("GITHUB_WORKSPACE") or top)
    if not folder.is_dir():
        raise StepError(f"`working-directory: {named}`: there is no such folder in the checkout")
    for place in (workspace, workspace.resolve()):
        real = folder.resolve()
        if folder.is_relative_to(place) and real != place.resolve() / folder.relative_to(place):
            raise StepError(f"`working-directory: {named}` leads through a link to {real}: name the folder itself")
    return folder


#: What was handed over so far.
_outputs: dict[str, str] = {}


def hand_over(**outputs: str) -> None:
    """Outputs of the step, by their names with `_` for `-`. None of ours has more than one line.

    The file is written whole: what the change's code wrote into it meanwhile could say another exit code.
    """
    _outputs.update({key.replace("_", "-"): " ".join(value.split()) for key, value in outputs.items()})
    Path(os.environ["GITHUB_OUTPUT"]).write_text("".join(f"{key}={value}\n" for key, value in _outputs.items()), "utf-8")


def summarise(text: str) -> None:
    Path(os.environ["GITHUB_STEP_SUMMARY"]).write_text(text, "utf-8")


def forget_commands() -> None:
    """Empty the files by which this step could shape those after it (variables, PATH, state): all that is there, others wrote.

    A variable such as BASH_ENV would be run by the step that fails the job.
    """
    for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"):
        if os.environ.get(name):
            Path(os.environ[name]).write_bytes(b"")


def event() -> dict[str, Any]:
    """What GitHub says of what began the workflow; empty where that can't be read."""
    path = Path(os.environ.get("GITHUB_EVENT_PATH", ""))
    try:
        found = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    except (OSError, ValueError, RecursionError):
        found = {}
    return found if isinstance(found, dict) else {}


def error(text: str) -> None:
    print(f"::error title=Quality Gates::{escape(text)}", flush=True)


def notice(text: str) -> None:
    print(f"::notice title=Quality Gates::{escape(text)}", flush=True)


def escape(text: str) -> str:
    """Data of a workflow command: what the runner would read as its own is escaped."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def check_place(platform: str = sys.platform, version: tuple[int, ...] = sys.version_info[:2]) -> None:
    """Raises `StepError` where this runner can't run Quality Gates, with what to change in the workflow."""
    if platform == "win32":
        raise StepError("Quality Gates runs on Linux and macOS: give this job `runs-on: ubuntu-latest` or `macos-latest`")
    if not (3, 11) <= version <= (3, 13):
        found = ".".join(map(str, version))
        raise StepError(f'the Python here is {found}, and Quality Gates needs 3.11 to 3.13: give the action `python-version: "3.13"`')
