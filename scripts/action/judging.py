"""The job itself: run, plan, observe or judge; verdict, paths, annotations and summary go to the runner."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from runner import (
    JOBS,
    SUMMARY_LIMIT,
    StepError,
    error,
    forget_commands,
    gates,
    given,
    hand_over,
    job,
    lines,
    name,
    notice,
    summarise,
    workplace,
)
from target import check_target

#: By format, the reports of a verdict.
REPORTS = {"markdown": "summary.md", "comment": "comment.md", "html": "report.html", "sarif": "report.sarif", "github": "annotations.txt"}


def run() -> int:
    """Do this job. Whatever the verdict, the step succeeds where it could be handed over: the last step of the action fails the job."""
    check_target()
    try:
        return dict(zip(JOBS, (_run, _plan, _observe, _judge), strict=True))[job()]()
    finally:
        forget_commands()


def _run() -> int:
    if given("sign") == "sigstore":
        raise StepError("`sign: sigstore` belongs into a job of its own, which runs none of the project's code: `job: judge`")
    return _verdict(["run", *_policy(), *_selection()])


def _plan() -> int:
    if not given("parts").isdecimal():
        raise StepError("`job: plan` needs `parts`: on how many machines the change is observed")
    plan = workplace() / f"plan-{name()}" / "plan.json"
    plan.parent.mkdir(exist_ok=True)
    durations = [f"--durations={given('durations')}"] if given("durations") else []
    done = gates(
        "plan", "--parts", given("parts"), "--isolate", "--out", str(plan), "--format", "github", *_policy(), *_selection(), *durations
    )
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    hand_over(exit_code=str(done.returncode), matrix=said.get("matrix", ""), plan_digest=said.get("digest", ""))
    if done.returncode == 0:
        hand_over(plan=str(plan))
    return 0


def _observe() -> int:
    if not given("part"):
        raise StepError("`job: observe` needs `part`: which part of the plan this machine does, as the matrix says it")
    part = workplace() / f"part-{name()}" / f"part-{given('part')}.zip"
    part.parent.mkdir(exist_ok=True)
    done = gates("observe", *_planned(), "--part", given("part"), "--out", str(part))
    print(done.stdout, end="")
    hand_over(exit_code=str(done.returncode))
    if part.exists():
        hand_over(part=str(part))
    return 0


def _judge() -> int:
    parts = workplace() / f"parts-{name()}"
    parts.mkdir(exist_ok=True)  # where no part came, the judge says which are missing
    return _verdict(["judge", *_planned(), str(parts)])


def _planned() -> list[str]:
    if not given("plan-digest"):
        raise StepError(f"`job: {job()}` needs `plan-digest`, an output of the job that planned: no part may put another plan in its place")
    plan = workplace() / f"plan-{name()}" / "plan.json"
    if not plan.is_file():
        raise StepError(f"there is no plan: the job that plans did not end well, or its `name` is not {name()}")
    return [str(plan), "--plan-digest", given("plan-digest")]


def _policy() -> list[str]:
    """What shapes the plan: the same of each job that plans."""
    options = [f"--{option}={given(option)}" for option in ("policy", "stage", "base") if given(option)]
    return options + [f"--policy-from={value}" for value in lines("policy-from")]


def _selection() -> list[str]:
    return [f"--gate={gate.strip()}" for gate in given("gates").split(",") if gate.strip()]


def _verdict(command: list[str]) -> int:
    folder = Path(tempfile.mkdtemp(prefix=f"{name()}-", dir=workplace()))
    files = {kind: folder / file for kind, file in REPORTS.items()}
    made = folder / "bundle.zip"
    command += ["--format", "json", "--bundle", str(made), *(f"--report={kind}={path}" for kind, path in files.items())]
    for option, value in (("base-bundle", given("base-bundle")), ("trust", given("trust")), ("sign-key", _key())):
        command += [f"--{option}={value}"] if value else []
    done = gates(*command)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise StepError(f"gates ended with exit code {done.returncode} and no report: see what it says above") from None
    bundle = _named(made, report) if made.exists() else None
    code = done.returncode
    if (
        bundle
        and given("sign") == "sigstore"
        and gates("sign", str(bundle), "--sigstore", "--plan-digest", given("plan-digest")).returncode != 0
    ):
        error("the bundle could not be signed: the job needs `permissions: {id-token: write}`, and see what is said above")
        code = code or 4
    publish(report, files, bundle, code)
    return 0


def publish(report: dict[str, Any], files: dict[str, Path], bundle: Path | None, code: int) -> None:
    """Tell the runner: annotations, the step's summary, and the outputs. `files` has, by format, where its report may stand."""
    _annotate(report, files["github"])
    _summarise(report, files["markdown"])
    _hand_over(report, files, bundle, code)


def _key() -> str:
    return given("sign") if given("sign") != "sigstore" else ""


def _named(bundle: Path, report: dict[str, Any]) -> Path:
    """The bundle by a name that no other of this workflow run has: artifacts of one name would refuse, or replace, each other."""
    digest = (report.get("bundle") or {}).get("digest", "").removeprefix("sha256:") or hashlib.sha256(bundle.read_bytes()).hexdigest()
    return bundle.rename(bundle.with_name(f"{name()}-{digest[:16]}.zip"))


def _annotate(report: dict[str, Any], annotations: Path) -> None:
    for problem in report["errors"]:
        error(" - ".join(problem[key] for key in ("error", "where", "help") if problem.get(key)))
    if annotations.exists() and given("annotations") != "false":
        print(annotations.read_text("utf-8"), end="")


def _summarise(report: dict[str, Any], summary: Path) -> None:
    """The report, or why nothing was judged, indented so that nothing in it is markup."""
    if summary.exists():
        text = summary.read_text("utf-8")
    else:
        said = [
            f"    {key}: {' '.join(problem[key].split())}"
            for problem in report["errors"]
            for key in ("error", "where", "help")
            if problem.get(key)
        ]
        text = "\n".join(["## Quality Gates: nothing was judged", "", *said, ""])
    if len(text.encode()) >= SUMMARY_LIMIT:
        notice("the summary is too long to be shown; the bundle holds it")
        text = "Quality Gates: the summary is too long to be shown; the bundle holds it.\n"
    summarise(text)


def _hand_over(report: dict[str, Any], files: dict[str, Path], bundle: Path | None, code: int) -> None:
    counts = [gate["counts"] for gate in report["gates"]]
    hand_over(
        exit_code=str(code),
        verdict=report["verdict"] or "",
        would_be_verdict=report.get("would_be") or "",
        bundle=str(bundle or ""),
        bundle_digest=(report.get("bundle") or {}).get("digest", ""),
        findings=str(sum(count["findings"] for count in counts)),
        new_findings=str(sum(count["new"] for count in counts)),
        **{key: str(files[kind]) for key, kind in (("report", "html"), ("sarif", "sarif"), ("comment", "comment")) if files[kind].exists()},
    )
