"""The steps of action.yml: install what the policy names, run, and hand the verdict to the runner.

Runs with any Python from 3.11 on, on the standard library alone. Inputs arrive as variables, never as parts of a command.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

SUMMARY_LIMIT = 1024 * 1024  # bytes a step; the runner drops more without failing the job


def main() -> int:
    steps = {"install": install, "run": run}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        print("usage: action.py install|run", file=sys.stderr)
        return 2
    return steps[sys.argv[1]]()


def install() -> int:
    """Make an environment of our own and install the extras that the policy names."""
    folder = workplace() / "environment"
    venv.create(folder, with_pip=True, clear=True)
    version = os.environ.get("GATES_VERSION", "")
    # Isolated: `-m` alone would look for pip in the folder where we stand, which is the repository under judgement.
    pip = [str(folder / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    source = f"quality-gates=={version}" if version else os.environ["GITHUB_ACTION_PATH"]
    subprocess.run([*pip, source], check=True)
    asked = subprocess.run(
        [*gates(), *folder_arguments(), "doctor", "--extras", *policy_arguments()], check=False, capture_output=True, text=True
    )
    extras = asked.stdout.strip()
    if asked.returncode == 0 and extras:
        named = f"quality-gates[{extras}]=={version}" if version else f"{source}[{extras}]"
        subprocess.run([*pip, named], check=True)
    return 0  # a policy that is wrong is said by the next step, where people look


def run() -> int:
    """Judge, and hand verdict, paths, annotations and summary to the runner. The last step of the action fails the job."""
    place = workplace()
    files = {
        "markdown": place / "summary.md",
        "html": place / "report.html",
        "sarif": place / "report.sarif",
        "github": place / "annotations.txt",
    }
    bundle = place / "bundle.zip"
    for path in (*files.values(), bundle):
        path.unlink(missing_ok=True)
    command = [*gates(), *folder_arguments(), "run", "--format", "json", "--bundle", str(bundle), *policy_arguments()]
    command += [f"--report={kind}={path}" for kind, path in files.items()]
    command += [f"--gate={name.strip()}" for name in os.environ.get("GATES_SELECTION", "").split(",") if name.strip()]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    report = json.loads(done.stdout)
    annotate(report, files["github"])
    summarise(report, files["markdown"])
    hand_over(report, files, done.returncode)
    return 0


def annotate(report: dict[str, Any], annotations: Path) -> None:
    for error in report["errors"]:
        print(f"::error title=Quality Gates::{escape(' - '.join(error[key] for key in ('error', 'where', 'help') if error.get(key)))}")
    if annotations.exists() and os.environ.get("GATES_ANNOTATIONS") != "false":
        print(annotations.read_text("utf-8"), end="")


def summarise(report: dict[str, Any], summary: Path) -> None:
    """Append to the step's summary: the report, or why nothing was judged, indented so that nothing in it is markup."""
    if summary.exists():
        text = summary.read_text("utf-8")
    else:
        lines = [
            f"    {key}: {' '.join(error[key].split())}"
            for error in report["errors"]
            for key in ("error", "where", "help")
            if error.get(key)
        ]
        text = "\n".join(["## Quality Gates: nothing was judged", "", *lines, ""])
    if len(text.encode()) >= SUMMARY_LIMIT:
        text = "Quality Gates: the summary is too long to be shown; the bundle holds it.\n"
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as stream:
        stream.write(text)


def hand_over(report: dict[str, Any], files: dict[str, Path], code: int) -> None:
    bundle = report.get("bundle") or {}
    counts = [gate["counts"] for gate in report["gates"]]
    outputs = {
        "exit-code": str(code),
        "verdict": report["verdict"] or "",
        "would-be-verdict": report.get("would_be") or "",
        "bundle": bundle.get("path", ""),
        "bundle-digest": bundle.get("digest", ""),
        "report": str(files["html"]) if files["html"].exists() else "",
        "sarif": str(files["sarif"]) if files["sarif"].exists() else "",
        "findings": str(sum(count["findings"] for count in counts)),
        "new-findings": str(sum(count["new"] for count in counts)),
    }
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in outputs.items())


def escape(text: str) -> str:
    """Data of a workflow command: what the runner would read as its own is escaped."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workplace() -> Path:
    place = Path(os.environ["RUNNER_TEMP"]) / "quality-gates"
    place.mkdir(parents=True, exist_ok=True)
    return place


def gates() -> list[str]:
    """The command, isolated: where PYTHONPATH names the repository, its modules would be taken for ours."""
    return [str(workplace() / "environment" / "bin" / "python"), "-I", "-m", "gates.cli"]


def folder_arguments() -> list[str]:
    folder = os.environ.get("GATES_FOLDER", "")
    return ["-C", folder] if folder else []


def policy_arguments() -> list[str]:
    arguments = []
    for option, variable in (("--policy", "GATES_POLICY"), ("--stage", "GATES_STAGE")):
        value = os.environ.get(variable, "")
        arguments += [f"{option}={value}"] if value else []
    return arguments


if __name__ == "__main__":
    sys.exit(main())
