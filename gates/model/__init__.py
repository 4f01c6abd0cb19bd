"""The frozen types that cross rooms. They hold data and refuse to be built wrong; they do nothing else.

Terms follow the field: SARIF 2.1.0 for locations and suppressions, SLSA and in-toto for evidence.
"""

from gates.model.facts import Examined, Facts, Finding, Location, Measurement, Skip, ToolRun
from gates.model.policy import GatePolicy, Limit, Policy, PolicySource, RecordedDecision, SourceRef, Waiver, WaiverClass, WaiverRules
from gates.model.record import (
    BundleInfo,
    Context,
    Counts,
    Decision,
    FindingState,
    GateDecision,
    GateRun,
    LimitCheck,
    Record,
    Run,
    WaiverDecision,
    WaiverState,
)
from gates.model.terms import Enforcement, Kind, Outcome, Proof, Severity, Stage, State, Status, Verdict

__all__ = [
    "BundleInfo",
    "Context",
    "Counts",
    "Decision",
    "Enforcement",
    "Examined",
    "Facts",
    "Finding",
    "FindingState",
    "GateDecision",
    "GatePolicy",
    "GateRun",
    "Kind",
    "Limit",
    "LimitCheck",
    "Location",
    "Measurement",
    "Outcome",
    "Policy",
    "PolicySource",
    "Proof",
    "Record",
    "RecordedDecision",
    "Run",
    "Severity",
    "Skip",
    "SourceRef",
    "Stage",
    "State",
    "Status",
    "ToolRun",
    "Verdict",
    "Waiver",
    "WaiverClass",
    "WaiverDecision",
    "WaiverRules",
    "WaiverState",
]
