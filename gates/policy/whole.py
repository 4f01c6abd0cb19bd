"""A policy whole: what it says at every stage, as one digest, whatever its files are called and however they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gates import canonical, codec
from gates.errors import PolicyError
from gates.model import PolicySource, Stage
from gates.policy.compose import SHIPPED, FindGate, compose
from gates.policy.reader import read

#: `user@host:path`, as git takes it.
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]{2,}):(?P<path>[^/\\].*)")
_ADDRESS = re.compile(r"(?:https?|ssh|git)://(?:[^@/]*@)?(?P<host>[^:/]+)(?::\d+)?/(?P<path>.+)")


def digest(sources: Sequence[PolicySource], find_gate: FindGate) -> str:
    """`sha256:` and hex of all that the policy demands and allows, at all stages; its approval is no part of it.

    Two policies have the same digest where no run could tell them apart. Raises `PolicyError` where it can't be composed for a stage.
    """
    stages = {stage.value: compose(sources, stage, find_gate).policy for stage in Stage}
    said = {name: codec.encode(replace(policy, sources=(), approved=None)) for name, policy in stages.items()}
    return f"sha256:{canonical.sha256(canonical.dumps({'requires': sorted(requires(sources)), 'stages': said}))}"


def digest_where_known(sources: Sequence[PolicySource], find_gate: FindGate) -> str | None:
    """The same; None for a policy that is no policy at some stage."""
    try:
        return digest(sources, find_gate)
    except PolicyError:
        return None


def requires(sources: Sequence[PolicySource]) -> Mapping[str, str]:
    """What each file of the repository requires of those who read it, with its place."""
    roots = [root for source in sources if not source.name.startswith(SHIPPED) and (root := read(source).root)]
    return {entry.value: entry.place.short for root in roots if (entry := root.get("requires"))}


def repository(address: str | None) -> str | None:
    """A repository as `host/path`, however a clone came by it: over HTTPS and SSH it is the same one. Other addresses stay as they are."""
    if address is None:
        return None
    found = _ADDRESS.fullmatch(address) or _SCP.fullmatch(address)
    if found is None:
        return address
    return f"{found['host'].lower()}/{found['path'].strip('/').removesuffix('.git').lower()}"
