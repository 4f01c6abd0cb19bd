"""`gates run`: judge this checkout, print the report, write the bundle."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from gates import cache, pipeline, redact
from gates.adapters import own
from gates.cache import Answer
from gates.cli import output, signers, sources
from gates.cli.bundles import read_bundle
from gates.cli.progress import progress_for
from gates.cli.sources import POLICY_FILE
from gates.errors import ExitCode, UsageError
from gates.evidence import keys
from gates.evidence.trust import Trusted
from gates.model import Stage
from gates.report.safe import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stage", type=Stage, choices=list(Stage), default=Stage.CHANGE, help="which stage's rules apply (default: change)"
    )
    parser.add_argument("--policy", metavar="FILE", help=f"the policy file (default: {POLICY_FILE})")
    parser.add_argument(
        "--policy-from",
        action="append",
        default=[],
        metavar="REF[#sha256:…]",
        help="a policy that judges too, and the strictest counts: a file, or COMMIT:FILE; repeatable",
    )
    parser.add_argument(
        "--gate", action="append", default=[], metavar="NAME", help="run this gate alone; repeatable; makes the verdict partial"
    )
    parser.add_argument(
        "--base", metavar="REV", help="the commit that the change is held against (default: what CI says, else where the branch began)"
    )
    parser.add_argument(
        "--base-bundle",
        action="append",
        default=[],
        type=Path,
        metavar="BUNDLE",
        help="a run at the base, or a folder of such: what its gates saw is not observed again; one signed by whom --trust or --key names",
    )
    signers.add_arguments(parser)
    parser.add_argument("--bundle", type=Path, metavar="PATH", help="where the evidence goes: a .zip file or a new folder")
    parser.add_argument("--previous", type=Path, metavar="BUNDLE", help="the branch's bundle before this one: this one names its digest")
    parser.add_argument("--format", choices=output.FORMATS_OF_RUN, default="text", help="what is printed (default: text)")
    parser.add_argument("--report", action="append", default=[], metavar="FORMAT=PATH", help="write a report to a file; repeatable")
    parser.add_argument("--as-of", type=_day, metavar="DAY", help="judge as on this day (YYYY-MM-DD) instead of today, UTC")
    parser.add_argument("--no-cache", action="store_true", help="examine everything anew, as a release always does")
    parser.add_argument("--explain-cache", action="store_true", help="say of each gate why it looked again, or which run's look counts")
    parser.add_argument(
        "--jobs",
        type=_positive,
        default=pipeline.jobs(),
        metavar="N",
        help="how many gates run at once (default: one more than cores, fewer where memory is short)",
    )
    parser.add_argument("--sign-key", type=Path, metavar="FILE", help="sign the bundle in this job; better in another: see `gates sign`")
    parser.add_argument("--offline", action="store_true", help="use no network but this machine's own services")
    parser.add_argument("files", nargs="*", metavar="FILES", help="the files to look at (commit stage)")


def execute(options: argparse.Namespace) -> int:
    if options.files and options.stage is not Stage.COMMIT:
        raise UsageError("files can be named at the commit stage only", help="add --stage commit, or name no files")
    reports = [output.parse_destination(text) for text in options.report]
    request = pipeline.Request(
        root=options.root,
        policy=sources.asked(options.root, options.policy, options.policy_from),
        stage=options.stage,
        environment=dict(os.environ),
        selection=tuple(dict.fromkeys(options.gate)),
        selected_files=_relative(options.files, options.root) if options.files else None,
        bundle_path=options.bundle,
        as_of=options.as_of,
        jobs=options.jobs,
        offline=options.offline,
        sign_key=keys.load_private(options.sign_key) if options.sign_key else None,
        previous=read_bundle(options.previous) if options.previous else None,
        base=options.base,
        base_bundles=tuple(options.base_bundle),
        base_trusted=_whom_to_believe(options),
        cache=cache.folder_of(os.environ),
        cached=not options.no_cache,
    )
    own.withdraw_variables(request.environment.keys() - redact.child_environment(request.environment).keys())
    with progress_for(sys.stderr, os.environ) as progress:
        result = pipeline.run(request, progress)
    if options.explain_cache:
        _explain(result.answers)
    code = ExitCode.INTERRUPTED if result.interrupted else output.exit_code(result.record)
    for kind, path in reports:
        output.write_report(path, output.render(kind, result.record, bundle=result.bundle, code=code))
    output.say(output.render(options.format, result.record, bundle=result.bundle, code=code, stream=sys.stdout))
    return code


def _explain(answers: Sequence[Answer]) -> None:
    """A line a gate, on standard error: reports stay as they are."""
    lines = [f"{answer.name}: {answer.words}" for answer in answers] or ["there is no folder for a cache: name one with GATES_CACHE_DIR"]
    for line in lines:
        print(terminal(f"cache: {line}"), file=sys.stderr)


def _whom_to_believe(options: argparse.Namespace) -> Trusted:
    """Who may have signed the bundle of the base. Raises `UsageError` where nobody is named and it matters, or where it does not."""
    trusted = signers.named(options)
    if bool(options.base_bundle) != bool(trusted.keys or trusted.identities):
        if options.base_bundle:
            raise UsageError(
                "--base-bundle without anybody who may have signed it: what anybody can write tells nothing of the base",
                help="name them: --trust FILE, --key FILE or --identity IDENTITY@ISSUER",
            )
        raise UsageError("--trust, --key and --identity are about --base-bundle", help="name the bundle too, or leave them out")
    return trusted


def _relative(names: Sequence[str], root: Path) -> tuple[str, ...]:
    """Named files relative to the root; raises `UsageError` for those outside it."""
    found = []
    for name in names:
        path = Path(os.path.abspath(name))  # noqa: PTH100 (resolve would follow links)
        if not path.is_relative_to(root):
            raise UsageError(f"{name} lies outside {root}", help="name files of the repository")
        if path.is_file() and not path.is_symlink():
            found.append(path.relative_to(root).as_posix())
    return tuple(found)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-12-31") from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)
