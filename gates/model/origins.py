"""Where what the judge was given stands: limits and waivers in policy files, raw output in the bundle. Reports lead there."""

from __future__ import annotations

from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOrigin:
    """Places of a gate and of its limits, in the order of `GatePolicy.require`: `file:line`, or words such as `always`."""

    gate: str
    place: str
    require: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverOrigin:
    """Where a waiver stands: `file:line`."""

    id: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Where an effective policy says what it says."""

    gates: tuple[GateOrigin, ...] = ()
    waivers: tuple[WaiverOrigin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file of a gate's raw output: its path in the bundle, its size in bytes and its sha256 in hex."""

    gate: str
    path: str
    size: int
    sha256: str
