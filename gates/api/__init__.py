"""The public interface of a gate: all that a third party imports, and all that a built-in gate imports.

A gate is a `Gate` value with two halves. `observe(context, options)` runs the engine and writes raw output with
`context.raw_json`, `context.raw_text` or `context.raw_path`. `parse(raw)` is a pure function from that (redacted)
output to `Facts`: the run and the verifier call the same one, so it reads no clock, disk, environment or network.
A gate never says "passed"; where it could not tell it raises `GateError`, which becomes a fact.
"""

from gates.adapters.browser import INSTALL as BROWSER_INSTALL
from gates.adapters.browser import INSTALL_ON as BROWSER_INSTALL_ON
from gates.adapters.browser import OLDEST_AXE, AxeScript, find_browser, find_driver, is_published_axe, newest_axe, read_axe
from gates.adapters.git import up_to_top
from gates.adapters.service import Service
from gates.adapters.site import Site
from gates.api.context import ObserveContext
from gates.api.depends import Depends
from gates.api.gate import RUNS_THE_PROJECT, Gate, Need, Suggestion, Survey, ask_driver, ask_program, program_needs, variable_needs
from gates.api.masked import MASK, Masked
from gates.api.options import Duration, Serve, option
from gates.api.raw import PARTS, Raw, count, fingerprint
from gates.api.share import Division, Share
from gates.api.tools import ToolResult, read_answer, signal_name
from gates.api.weights import Fewer, More, Neither, Towards, Weight
from gates.errors import GateError, ToolMissingError, ToolTimeoutError
from gates.model import (
    Examined,
    Facts,
    Finding,
    Kind,
    Limit,
    Location,
    Measurement,
    Proof,
    Severity,
    Skip,
    Stage,
    Status,
    ToolRun,
)
from gates.redact import MINIMUM_LENGTH, Why

__all__ = [
    "BROWSER_INSTALL",
    "BROWSER_INSTALL_ON",
    "MASK",
    "MINIMUM_LENGTH",
    "OLDEST_AXE",
    "PARTS",
    "RUNS_THE_PROJECT",
    "AxeScript",
    "Depends",
    "Division",
    "Duration",
    "Examined",
    "Facts",
    "Fewer",
    "Finding",
    "Gate",
    "GateError",
    "Kind",
    "Limit",
    "Location",
    "Masked",
    "Measurement",
    "More",
    "Need",
    "Neither",
    "ObserveContext",
    "Proof",
    "Raw",
    "Serve",
    "Service",
    "Severity",
    "Share",
    "Site",
    "Skip",
    "Stage",
    "Status",
    "Suggestion",
    "Survey",
    "ToolMissingError",
    "ToolResult",
    "ToolRun",
    "ToolTimeoutError",
    "Towards",
    "Weight",
    "Why",
    "ask_driver",
    "ask_program",
    "count",
    "find_browser",
    "find_driver",
    "fingerprint",
    "is_published_axe",
    "newest_axe",
    "option",
    "program_needs",
    "read_answer",
    "read_axe",
    "signal_name",
    "up_to_top",
    "variable_needs",
]
