"""`gates init --adopt`: run what is proposed once, and write a policy that holds what is there."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from gates import adoption, pipeline, redact
from gates.adapters import own
from gates.adoption import Adopted
from gates.change.policies import Asked
from gates.cli.bundles import bundles_here
from gates.cli.progress import progress_for
from gates.cli.sources import POLICY_FILE, refuse_nowhere
from gates.errors import BundleError, UsageError
from gates.evidence import bundle
from gates.model import Stage
from gates.policy import load
from gates.request import Request, Result
from gates.survey import Proposal

_DAY = re.compile(rb"# Adopted on (\d{4})-(\d\d)-(\d\d) ")


def adopt(options: argparse.Namespace, proposal: Proposal) -> tuple[Result, Adopted | None]:
    """Run the proposed gates on the whole tree, and hold what they found; None where the run was interrupted.

    Raises as `pipeline.run` does, and `UsageError` where there is nothing to examine, or nothing that says where the project begins.
    """
    refuse_nowhere(options.root)
    if not proposal.gates:
        raise UsageError("nothing was found that a gate could examine", where=str(options.root), help="write a policy: see docs/policy.md")
    request = Request(
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


def is_unedited(root: Path, content: bytes, proposal: Proposal) -> bool:
    """Whether a policy file is, to the byte, what `gates init` writes at `root`: the proposal, or what it makes of the evidence of its run.

    What the file itself says of that proves nothing: only what can be made again was written by nobody.
    """
    if content == proposal.text.encode("utf-8"):
        return True
    day = _DAY.match(content)
    if day is None:
        return False
    of_day = (path for path in bundles_here(root) if path.name.startswith(b"".join(day.groups()).decode("ascii")))
    return any(_made_of(path, proposal) == content for path in of_day)


def _made_of(path: Path, proposal: Proposal) -> bytes | None:
    """The policy file that adopting makes of a run; None for a run that was another's, and for what is no evidence."""
    try:
        record = bundle.read(path).record
    except BundleError:
        return None
    seen = {facts.gate for facts in record.facts}
    if record.context.stage is not Stage.RELEASE or seen != set(proposal.gates):
        return None
    return adoption.adopt(POLICY_FILE, proposal, record.context, record.facts).text.encode("utf-8")
