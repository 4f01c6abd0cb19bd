"""Changes of a policy that nobody should be stopped for, one line each: `HEALTHY` is the documentation's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.weakening.approved import ANNA, named, signed
from tests.weakening.projects import (
    ADVISORIES,
    AUDITED,
    CHECKED,
    CHECKS,
    DEPENDENCIES,
    EXPLAINED,
    HARMLESS,
    MEDIUM,
    NOT_AFFECTED,
    PAGES,
    SECURITY,
    SHOWN,
    TESTS,
    VULNERABLE,
    VULNERABLE_PACKAGE,
)
from tests.weakening.proposing import Files, Prepare, Proposal
from tests.weakening.weakenings import AS_OF, checks, linked, moved, said_policy, waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy:
    """`change` passes after what stood `before`, and `words` are said of it. The rest is as in `Weakening`."""

    what: str
    before: Files
    change: Files
    words: str = "PASSED"
    meanwhile: Files = field(default_factory=dict)
    begun: Prepare | None = None
    prepare: Prepare | None = None
    merged: bool = True
    options: Sequence[str] = ()
    approved_by: Sequence[str] = ()

    @property
    def proposal(self) -> Proposal:
        return Proposal(
            before=self.before,
            begun=self.begun,
            change=self.change,
            meanwhile=self.meanwhile,
            prepare=self.prepare,
            merged=self.merged,
        )


_NOTES = {"notes.txt": "notes\n"}
_NONE_AT_ALL = "security: {require: {findings: {severity: high, max: 0}}}"
_NO_FINDING = "require: {findings: {max: 0}}"
_OLD = {"app.py": VULNERABLE, "other.py": HARMLESS}
_ALONE = "only the policy changes"
#: Two of them at once would fail: a port is held by one process.
_ALONE_IN_THE_WORLD = """\
import socket
import time


def test_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 28417))
        time.sleep(0.5)
"""

HEALTHY = (
    Healthy(
        what="an expired waiver is renewed, and nothing else changes",
        before={**_OLD, **said_policy(_NONE_AT_ALL, more=waiver(created="2026-10-01", expires="2026-10-20"))},
        change=said_policy(_NONE_AT_ALL, more=waiver()),
        words=_ALONE,
        options=AS_OF,
    ),
    Healthy(
        what="a limit is raised, and nothing else changes",
        before=CHECKS,
        change=checks("enforcement: warn"),
        words="looser: gates.checks.enforcement: warn, was block",
    ),
    Healthy(
        what="a limit is raised in a change that one of the `approvers` has approved",
        before={**SECURITY, **said_policy("security: {}", more='approvers: ["@anna"]\n')},
        change={"app.py": VULNERABLE, **said_policy("security: {enforcement: warn}", more='approvers: ["@anna"]\n')},
        words="@anna, one of its approvers, approved this very change",
        approved_by=["anna"],
    ),
    Healthy(
        what="a limit is raised in a change whose policy one of the `approvers` has signed",
        before={**SECURITY, **said_policy("security: {}", more=named(anna=ANNA))},
        change={"app.py": VULNERABLE, **said_policy("security: {enforcement: warn}", more=named(anna=ANNA))},
        words="@anna, one of its approvers, signed that this policy takes its place",
        prepare=signed("@anna", ANNA),
        options=AS_OF,
    ),
    Healthy(
        what="a limit is raised where `self-approval` stands already",
        before={**SECURITY, **said_policy("security: {}", more="self-approval: true\n")},
        change={"app.py": VULNERABLE, **said_policy("security: {enforcement: warn}", more="self-approval: true\n")},
        words="self-approval:",
    ),
    Healthy(
        what="a limit on what is new becomes one on all, that what is there keeps",
        before={**DEPENDENCIES, **VULNERABLE_PACKAGE},
        change={**_NOTES, **said_policy(AUDITED.replace("{options", "{require: {findings: {max: 3}}, options"))},
        words="where the change goes: passed",
    ),
    Healthy(
        what="what a tighter limit finds is mended with it",
        before={**_OLD, **said_policy("security: {}")},
        change={"app.py": HARMLESS, **said_policy(_NONE_AT_ALL)},
        words="where the change goes: passed",
    ),
    Healthy(
        what="`strict` is extended instead of `baseline`",
        before=SECURITY,
        change={**_NOTES, **said_policy("security: {}", extends="strict")},
        words="where the change goes: passed",
    ),
    Healthy(
        what="the first policy of a repository", before=_OLD, change={**_NOTES, **said_policy("security: {}")}, words="the first policy"
    ),
    Healthy(
        what="a new gate, with old findings",
        before={**_OLD, **CHECKS},
        change={**_NOTES, **said_policy(f"{CHECKED}\nsecurity: {{}}")},
        words="where the change goes: passed",
    ),
    Healthy(
        what="a gate that was off is turned on",
        before={**SECURITY, **said_policy("security: {enforcement: off}")},
        change={**_NOTES, **said_policy("security: {}")},
        words="where the change goes: passed",
    ),
    Healthy(
        what="a gate has another name",
        before={**_OLD, **said_policy("security: {}")},
        change={**_NOTES, **said_policy("code: {uses: security}")},
        words="where the change goes: passed",
    ),
    Healthy(
        what="comments, `why` and `owner`",
        before=CHECKS,
        change={**_NOTES, **checks('why: since we ship it, owner: "@team"'), "said.txt": ""},
        words="where the change goes: passed",
    ),
    Healthy(
        what="a part of the project is deleted with the gate that examines it",
        before={
            **CHECKS,
            "payments/pay.py": VULNERABLE,
            **said_policy(f"{CHECKED}\npayments: {{uses: security, options: {{paths: [payments]}}}}"),
        },
        change={"payments/pay.py": None, **said_policy(CHECKED)},
        words="where the change goes: passed",
    ),
    Healthy(
        what="one of several `paths` is deleted, and named no more",
        before={**SECURITY, "pay.py": VULNERABLE, **said_policy("security: {options: {paths: [app.py, pay.py]}}")},
        change={"pay.py": None, **said_policy("security: {options: {paths: [app.py]}}")},
        words="where the change goes: passed",
    ),
    Healthy(
        what="a scanned file is moved, and `paths` with it",
        before={"src/app.py": MEDIUM, **said_policy("security: {options: {paths: [src]}}")},
        change={**said_policy("security: {options: {paths: [lib]}}")},
        prepare=moved("src/app.py", "lib/app.py"),
        words="where the change goes: passed",
    ),
    Healthy(
        what="a folder that is left out is moved, and `exclude` with it",
        before={**SECURITY, "vendor/lib.py": VULNERABLE, **said_policy("security: {options: {exclude: [vendor]}}")},
        change={**said_policy("security: {options: {exclude: [third]}}")},
        prepare=moved("vendor/lib.py", "third/lib.py"),
        words="where the change goes: passed",
    ),
    Healthy(
        what="a lock file is moved, and `sources` with it",
        before=DEPENDENCIES,
        change={**said_policy(AUDITED.replace("[requirements.txt]", "[locks/all.txt]"))},
        prepare=moved("requirements.txt", "locks/all.txt"),
        words="where the change goes: passed",
    ),
    Healthy(
        what="a folder of pages is moved, and `serve` with it",
        before=PAGES,
        change={**said_policy(SHOWN.replace("site", "public"))},
        prepare=moved("site/index.html", "public/index.html"),
        words="where the change goes: passed",
    ),
    Healthy(
        what="advisories that are too old are fetched anew, and nothing else changes",
        before={**DEPENDENCIES, **said_policy(AUDITED.replace("0d", "7d"))},
        change={"advisories/DEMO-2.json": ADVISORIES["advisories/DEMO-2.json"].replace("2026-01-02", "2026-11-27")},
        words="dependencies is steered otherwise than there",
        options=AS_OF,
    ),
    Healthy(
        what="a VEX file for what is there already, and nothing else changes",
        before={
            **DEPENDENCIES,
            **VULNERABLE_PACKAGE,
            **said_policy(EXPLAINED.replace("{options", "{require: {findings: {max: 0}}, options")),
        },
        change={"vex/a.json": NOT_AFFECTED},
        words="dependencies is steered otherwise than there",
    ),
    Healthy(
        what="a package that the VEX file there speaks of",
        before={**DEPENDENCIES, **said_policy(EXPLAINED), "vex/a.json": NOT_AFFECTED},
        change=VULNERABLE_PACKAGE,
        words="vex: not_affected, vulnerable_code_not_present, dev (vex/a.json)",
    ),
    Healthy(
        what="another option for tests that can't run twice at a time",
        before={**TESTS, "test_port.py": _ALONE_IN_THE_WORLD},
        change=said_policy("tests: {options: {retries: 1}}"),
        words="looser: gates.tests.options.retries",
    ),
    Healthy(
        what="a branch from before the policy, checked out as it is",
        before={name: text for name, text in CHECKS.items() if name != "gates.yaml"},
        change=_NOTES,
        meanwhile={"gates.yaml": CHECKS["gates.yaml"]},
        merged=False,
    ),
    Healthy(
        what="a policy that has always been a link to another file",
        before={**{name: text for name, text in CHECKS.items() if name != "gates.yaml"}, "ci/gates.yaml": CHECKS["gates.yaml"]},
        begun=linked("gates.yaml", "ci/gates.yaml"),
        change=_NOTES,
    ),
    Healthy(
        what="the policy moves to another folder, and `--policy` with it",
        before=CHECKS,
        change=_NOTES,
        prepare=moved("gates.yaml", "ci.yaml"),
        options=["--policy", "{root}/ci.yaml"],
        words="where the change goes: passed",
    ),
)
