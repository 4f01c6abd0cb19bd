"""An environment of our own with the extras that the policy and the job need."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

from runner import check_place, gates, given, job, name, workplace


def install() -> int:
    """Make the environment, or add to the one that an earlier step of this job made from the same source."""
    check_place()
    name()  # it becomes a part of paths in the steps that follow
    folder, version, asked = workplace() / "environment", given("version"), job()
    source = f"quality-gates=={version}" if version else os.environ["GITHUB_ACTION_PATH"]
    stamp = folder / "made-from"
    made = f"{source}\n{sys.version}\n"
    if not stamp.is_file() or stamp.read_text("utf-8") != made:
        venv.create(folder, with_pip=True, clear=True)
        _pip(folder, source)
        stamp.write_text(made, "utf-8")
    extras = sorted({*_of_policy(asked), *_of_inputs()})
    if extras:
        named = ",".join(extras)
        _pip(folder, f"quality-gates[{named}]=={version}" if version else f"{source}[{named}]")
    return 0


def _pip(folder: Path, source: str) -> None:
    # Isolated: `-m` alone would look for pip in the folder where we stand, which is the repository under judgement. What pip
    # starts to build us is not isolated: where PYTHONPATH names the repository, it would find its modules there.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    pip = [str(folder / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, source], check=True, env=environment)


def _of_policy(asked: str) -> list[str]:
    """What the policy names. One that is wrong is said by the next step, where people look."""
    arguments = [f"--{option}={given(option)}" for option in ("policy", "stage") if given(option)]
    done = gates("doctor", f"--extras={asked}", *arguments)
    return done.stdout.strip().split(",") if done.returncode == 0 and done.stdout.strip() else []


def _of_inputs() -> list[str]:
    asked = [extra.strip() for extra in given("extras").split(",") if extra.strip()]
    if given("sign"):
        asked.append("sigstore" if given("sign") == "sigstore" else "signatures")
    if given("base-bundle"):
        asked.append("signatures")
    return asked
