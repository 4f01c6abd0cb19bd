"""`gates init --adopt`: run what is proposed once, and write a policy that holds what is there."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

from gates import adoption, pipeline, redact
from gates.adapters import own
from gates.adoption import Adopted
from gates.change.policies import Asked
from gates.cli.progress import progress_for
from gates.cli.sources import POLICY_FILE
from gates.errors import UsageError
from gates.model import Stage
from gates.pipeline import Result
from gates.policy import load
from gates.survey import Proposal


def adopt(options: argparse.Namespace, proposal: Proposal) -> tuple[Result, Adopted | None]:
    """Run the proposed gates on the whole tree, and hold what they found; None where the run was interrupted.

    Raises as `pipeline.run` does, and `UsageError` where there is nothing to examine.
    """
    if not proposal.gates:
        raise UsageError("nothing was found that a gate could examine", where=str(options.root), help="write a policy: see docs/policy.md")
    request = pipeline.Request(
        root=options.root,
        policy=Asked(sources=load.collect_text(options.root, POLICY_FILE, proposal.text), proposed=True),
        stage=Stage.RELEASE,
        environment=dict(os.environ),
        offline=options.offline,
        whole=True,
    )
    own.withdraw_variables(request.environment.keys() - redact.child_environment(request.environment).keys())
    with progress_for(sys.stderr, os.environ) as progress:
        result = pipeline.run(request, progress)
    if result.interrupted:
        return result, None
    record = result.record
    return result, adoption.adopt(POLICY_FILE, proposal, record.context, record.facts)


def told(result: Result, found: Adopted) -> Iterator[str]:
    """What the run found, in lines: what is held, what is to come, and where the evidence is."""
    yield from found.remarks
    yield f"without these, with every gate enforced, a release would be: {found.as_it_stands}"
    yield f"evidence: {result.bundle.path}"
