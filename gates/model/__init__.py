"""The frozen types that cross rooms. They hold data and refuse to be built wrong; they do nothing else.

Terms follow the field: SARIF 2.1.0 for locations and suppressions, SLSA and in-toto for evidence.
"""

from gates.model.change import Change, Compared, FileChange, Hunk, Place
from gates.model.comparison import (
    Amount,
    Comparison,
    Direction,
    GateComparison,
    MeasurementChange,
    PolicyChange,
    ToolChange,
    WaiverChange,
    WaiverFate,
)
from gates.model.context import Context
from gates.model.facts import Examined, Facts, Finding, Location, Measurement, Skip, ToolRun
from gates.model.origins import Artifact, GateOrigin, Origins, WaiverOrigin
from gates.model.policy import GatePolicy, Limit, Policy, PolicySource, RecordedDecision, SourceRef, Waiver, WaiverClass, WaiverRules
from gates.model.record import (
    BundleInfo,
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
    "Amount",
    "Artifact",
    "BundleInfo",
    "Change",
    "Compared",
    "Comparison",
    "Context",
    "Counts",
    "Decision",
    "Direction",
    "Enforcement",
    "Examined",
    "Facts",
    "FileChange",
    "Finding",
    "FindingState",
    "GateComparison",
    "GateDecision",
    "GateOrigin",
    "GatePolicy",
    "GateRun",
    "Hunk",
    "Kind",
    "Limit",
    "LimitCheck",
    "Location",
    "Measurement",
    "MeasurementChange",
    "Origins",
    "Outcome",
    "Place",
    "Policy",
    "PolicyChange",
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
    "ToolChange",
    "ToolRun",
    "Verdict",
    "Waiver",
    "WaiverChange",
    "WaiverClass",
    "WaiverDecision",
    "WaiverFate",
    "WaiverOrigin",
    "WaiverRules",
    "WaiverState",
]
