"""`gates policy approve`: sign that the policy of a change takes the place of the one where the change goes, and write that into it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from gates import registry
from gates.adapters import clock, git
from gates.api.tree import Tree
from gates.change.base import Base
from gates.change.base import find as find_base
from gates.change.policies import Policies
from gates.change.policies import find as find_policies
from gates.cli import asking, output, sources
from gates.cli.holders import holder
from gates.cli.policy_file import PolicyFile
from gates.errors import ExitCode, UsageError
from gates.evidence import keys
from gates.evidence.keys import PrivateKey
from gates.judge import approval
from gates.model import CHANGE_POLICY, TIP_POLICY, Context, Judging, PolicyApproval, Stage
from gates.policy import insertion, signing, whole
from gates.policy.difference import difference
from gates.policy.table import APPROVAL_DAYS
from gates.report import policy_diff
from gates.report.safe import terminal


def approve(options: argparse.Namespace) -> int:
    """Show what the policy of this checkout says otherwise than that of BASE, and sign it. Raises `UsageError` and what reading raises."""
    if options.sign_key is None or len(options.revisions) > 1:
        raise UsageError("`gates policy approve` takes the key of an approver, and BASE where it is not found", help=_USAGE)
    file, key = PolicyFile.read(options.root, options.policy), keys.load_private(options.sign_key)
    policies, base = _policies(options)
    own, tip = _pair(policies, base)
    who = holder(tip.policy.approvers, key, whose=tip.words).name
    checkout = git.checkout(options.root)
    context = Context(day=clock.today(), stage=Stage.CHANGE, repository=checkout.repository, folder=checkout.folder)
    if approval.of_policy(own, tip, context, None).by == who:
        sys.stdout.write(_lines(f"{file.name} is signed by {who} already, as it stands"))
        return ExitCode.PASSED
    sys.stdout.write(_difference(policies, tip))
    if asking.at_terminal() and not options.yes and not asking.confirm(f"sign as {who} that this policy takes its place?"):
        raise UsageError("nothing was signed", help="a signature says that you agree")
    signed = _signed(policies, who, context, key)
    content = file.changed(
        lambda old: insertion.set_approved(old, signed),
        replace(own.policy, approved=signed),
        f"write this into it by hand:\n{insertion.written_approval(signed)}",
    )
    file.write(content)
    sys.stdout.write(_lines(*_said(file.name, who, signed)))
    return ExitCode.PASSED


_USAGE = "as in `gates policy approve --sign-key FILE`, or `gates policy approve main --sign-key FILE`"


def _policies(options: argparse.Namespace) -> tuple[Policies, Base]:
    """The policies that would judge this checkout, as `gates run` finds them."""
    named = options.revisions[0] if options.revisions else None
    with git.remembering():
        base = find_base(options.root, named=named, stage=Stage.CHANGE, environment=os.environ)
        if base is None or base.tip is None:
            raise UsageError("no other policy is found whose place this one would take", help=f"name where the change goes, {_USAGE}")
        asked = sources.asked(options.root, options.policy, ())
        return find_policies(options.root, asked, Stage.CHANGE, base, Tree.of(options.root)), base


def _pair(policies: Policies, base: Base) -> tuple[Judging, Judging]:
    """The policy of the change, and the one where it goes. Raises `UsageError` where there is nothing that a signature could cover."""
    own, tip = policies.own, next((item for item in policies.judgings if item.name == TIP_POLICY), None)
    if tip is None or own.name != CHANGE_POLICY:
        where = f"{base.commit[:12]} ({base.found_by})"
        raise UsageError(f"there is nothing to approve: no other policy stands at {where}", help=f"name where the change goes, {_USAGE}")
    if tip.touched:
        raise UsageError(
            f"a signature is of the policy alone, and {', '.join(tip.touched)}, by which gates look, is not the same as there",
            help="let one of its approvers approve the change on the code host, or change that in a change of its own",
        )
    return own, tip


def _difference(policies: Policies, tip: Judging) -> str:
    found = difference(policies.others[TIP_POLICY], policies.sources)
    color, width = output.wants_color(sys.stdout), output.width(sys.stdout)
    return policy_diff.render(tip.words, "the working tree", "", found, color=color, width=width)


def _signed(policies: Policies, who: str, context: Context, key: PrivateKey) -> PolicyApproval:
    """Raises `PolicyError` where either policy is none at some stage."""
    item = PolicyApproval(
        of=whole.digest(policies.others[TIP_POLICY], registry.find),
        to=whole.digest(policies.sources, registry.find),
        repository=whole.repository(context.repository),
        folder=context.folder,
        by=who,
        created=context.day,
        expires=context.day + timedelta(days=APPROVAL_DAYS),
    )
    return replace(item, signature=signing.written(key.sign(signing.payload(item))))


def _said(name: str, who: str, signed: PolicyApproval) -> Iterator[str]:
    yield f"signed in {name} as {who}, until {signed.expires}: once committed, this policy judges its change alone"
    yield "any change of what either policy says needs a new signature"


def _lines(*words: str) -> str:
    return "".join(f"{terminal(line)}\n" for line in words)
