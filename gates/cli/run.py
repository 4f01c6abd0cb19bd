"""`gates run`: judge this checkout, print the report, write the bundle."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gates import cache, pipeline, redact
from gates.adapters import files, own
from gates.cache import Answer
from gates.cli import output, settings, sources
from gates.cli.bundles import failed_gates, read_bundle
from gates.cli.progress import progress_for
from gates.errors import UsageError
from gates.evidence import keys
from gates.model import Stage
from gates.report.safe import terminal
from gates.request import Request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    settings.add_shaping(parser)
    parser.add_argument(
        "--only-failed",
        action="store_true",
        help="run the gates alone that did not pass when they last ran on this branch; makes the verdict partial",
    )
    settings.add_judging(parser)
    parser.add_argument("--no-cache", action="store_true", help="examine everything anew, as a release always does")
    parser.add_argument(
        "--explain-cache",
        action="store_true",
        help="say of each gate why it looked anew, or which earlier run's look counts",
    )
    settings.add_jobs(parser)
    parser.add_argument("files", nargs="*", metavar="FILES", help="examine these files alone (with --stage commit)")


def execute(options: argparse.Namespace) -> int:
    if options.files and options.stage is not Stage.COMMIT:
        raise UsageError("files can be named at the commit stage only", help="add --stage commit, or name no files")
    if options.only_failed and options.gate:
        raise UsageError("--only-failed and --gate both choose gates", help="name one of them")
    reports = [output.parse_destination(text) for text in options.report]
    named = _relative(options.files, options.root) if options.files else None
    request = Request(
        root=options.root,
        policy=sources.asked(options.root, options.policy, options.policy_from),
        stage=options.stage,
        environment=dict(os.environ),
        selection=failed_gates(options.root, options.stage) if options.only_failed else tuple(dict.fromkeys(options.gate)),
        selected_files=None if named is None else tuple(files.regular(options.root, named)),
        named_files=named,
        bundle_path=options.bundle,
        as_of=options.as_of,
        jobs=options.jobs,
        offline=options.offline,
        sign_key=keys.load_private(options.sign_key) if options.sign_key else None,
        previous=read_bundle(options.previous) if options.previous else None,
        base=options.base,
        base_bundles=tuple(options.base_bundle),
        base_trusted=settings.whom_to_believe(options),
        cache=cache.folder_of(os.environ),
        cached=not options.no_cache,
    )
    own.withdraw_variables(request.environment.keys() - redact.child_environment(request.environment).keys())
    hooked = options.stage is Stage.COMMIT or "PRE_COMMIT" in os.environ
    with progress_for(sys.stderr, os.environ, brief=hooked) as progress:
        result = pipeline.run(request, progress)
    if options.explain_cache:
        _explain(result.answers)
    return output.tell(result, options.format, reports)


def _explain(answers: Sequence[Answer]) -> None:
    """A line a gate, on standard error: reports stay as they are."""
    lines = [f"{answer.name}: {answer.words}" for answer in answers] or ["there is no folder for a cache: name one with GATES_CACHE_DIR"]
    for line in lines:
        print(terminal(f"cache: {line}"), file=sys.stderr)


def _relative(names: Sequence[str], root: Path) -> tuple[str, ...]:
    """Named files relative to the root; raises `UsageError` for those outside it."""
    found = []
    for name in names:
        path = Path(os.path.abspath(name))  # noqa: PTH100 (resolve would follow links)
        if not path.is_relative_to(root):
            raise UsageError(f"{name} lies outside {root}", help="name files of the repository")
        found.append(path.relative_to(root).as_posix())
    return tuple(dict.fromkeys(found))
