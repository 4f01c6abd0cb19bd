"""What a run is asked for, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from pathlib import Path

from gates.adapters import host
from gates.cache import Answer
from gates.change.policies import Asked
from gates.dataclass import dataclass
from gates.evidence.bundle import Contents
from gates.evidence.keys import PrivateKey
from gates.evidence.trust import Trusted
from gates.model import BundleInfo, Record, Stage

EVIDENCE = Path(".gates/evidence")
#: What a gate may take with its engine, service and browser, in bytes: most take less, a browser with a large page that much.
MEMORY_OF_A_GATE = 400 * 2**20


def jobs() -> int:
    """How many gates run at once: one more than there are cores, since each waits for a service or a browser now and then.

    Fewer where memory is short: the system would end an engine that found none.
    """
    memory = host.memory()
    most = host.cores() + 1
    return most if memory is None else max(1, min(most, memory // MEMORY_OF_A_GATE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a run is asked for. `environment` is the user's; `bundle_path` None means the default place, `base` None the base that fits.

    `named_files` are what somebody named at a commit, `selected_files` those of them that can be looked at; None for the whole tree.
    `whole`: the tree is judged as it is, against no base. `cache` is the folder in which what was seen is kept for later runs, None for
    no such; with `cached` false nothing is taken from it. What a run at the base saw is taken from the first of `base_bundles` that is of
    that commit and that somebody of `base_trusted` signed.
    """

    root: Path
    policy: Asked
    stage: Stage
    environment: Mapping[str, str]
    selection: tuple[str, ...] = ()
    selected_files: tuple[str, ...] | None = None
    named_files: tuple[str, ...] | None = None
    bundle_path: Path | None = None
    as_of: date | None = None
    jobs: int = field(default_factory=jobs)
    offline: bool = False
    sign_key: PrivateKey | None = None
    previous: Contents | None = None
    base: str | None = None
    base_bundles: tuple[Path, ...] = ()
    base_trusted: Trusted = field(default_factory=Trusted)
    whole: bool = False
    cache: Path | None = None
    cached: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run gave: the record, the bundle that was written, and whether it was interrupted."""

    record: Record
    bundle: BundleInfo
    interrupted: bool
    answers: tuple[Answer, ...] = ()
