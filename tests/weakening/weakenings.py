"""Ways in which a change loosens its own gate, one line each: `WEAKENINGS` is the documentation's table.

Each is a change that its gate stops, and what it does so that it is not stopped. Where it gets through all the same, `why` says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.guarantees import Answer, errored, failed, passed
from tests.repository import Repository
from tests.weakening.approved import ANNA, FRIEND, named, signed, signed_waiver
from tests.weakening.projects import (
    ADVISORIES,
    AUDITED,
    BROKEN,
    CHECK,
    CHECKED,
    CHECKS,
    DEPENDENCIES,
    EXPLAINED,
    HARMLESS,
    KEY,
    LEAK,
    MEDIUM,
    NOT_AFFECTED,
    PAGES,
    SECRETS,
    SECURITY,
    SHOWN,
    TESTS,
    UNREADABLE,
    VULNERABLE,
    VULNERABLE_PACKAGE,
    WRONG,
    policy,
)
from tests.weakening.proposing import Files, Prepare, Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakening:
    """`bad` is stopped by itself after what stood `before`; with `loosened` beside it the verdict is `here`.

    `options` are those of both runs, `named` and `variables` those of the second alone. `approved_by` are people who approve the change
    on the code host, where its author is `dev`. The rest is as in `Proposal`.
    """

    part: str
    what: str
    before: Files
    bad: Files
    loosened: Files = field(default_factory=dict)
    here: Answer
    why: str = ""
    meanwhile: Files = field(default_factory=dict)
    begun: Prepare | None = None
    prepare: Prepare | None = None
    merged: bool = True
    options: Sequence[str] = ()
    named: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    approved_by: Sequence[str] = ()

    @property
    def stopped(self) -> Proposal:
        return Proposal(before=self.before, begun=self.begun, change=self.bad, meanwhile=self.meanwhile)

    @property
    def weakened(self) -> Proposal:
        return Proposal(
            before=self.before,
            begun=self.begun,
            change={**self.bad, **self.loosened},
            meanwhile=self.meanwhile,
            prepare=self.prepare,
            merged=self.merged,
        )


def _part(part: str) -> Callable[..., Weakening]:
    def weakening(what: str, before: Files, bad: Files, loosened: Files, here: Answer, **more: Any) -> Weakening:
        return Weakening(part=part, what=what, before=before, bad=bad, loosened=loosened, here=here, **more)

    return weakening


def _by_tip(gate: str) -> Answer:
    return failed(f"where the change goes: {gate} failed")


def said_policy(gates: str, **more: str) -> dict[str, str]:
    return {"gates.yaml": policy(gates, **more)}


def checks(said: str) -> dict[str, str]:
    """A policy that says more of the gate `checks`."""
    return said_policy(CHECKED.replace("uses: external", f"uses: external, {said}"))


def _code(said: str) -> dict[str, str]:
    return said_policy(f"security: {{{said}}}")


INSECURE, LEAKING = {"app.py": VULNERABLE}, {"app.py": LEAK}
CHECKS_STOP, SECURITY_STOPS, SECRETS_STOP = _by_tip("checks"), _by_tip("security"), _by_tip("secrets")
TESTS_STOP, DEPENDENCIES_STOP = _by_tip("tests"), _by_tip("dependencies")
#: The gate looks in the same way for both, and stops by the change's own policy.
STILL = failed("at most 0 allowed")

# -- what the policy says ----------------------------------------------------------------------

_limits = _part("Limits")
LIMITS = (
    _limits("a higher `max`", CHECKS, BROKEN, checks("require: {failures: {max: 5}, findings: {new: {max: 5}}}"), CHECKS_STOP),
    _limits("a higher severity", SECURITY, INSECURE, _code("require: {findings: {severity: critical, new: {max: 0}}}"), SECURITY_STOPS),
    _limits("`unlimited`", SECURITY, INSECURE, _code("require: {findings: {max: unlimited}}"), SECURITY_STOPS),
    _limits("at one stage, under `at`", SECURITY, INSECURE, _code("at: {change: {enforcement: warn}}"), SECURITY_STOPS),
    _limits(
        "`defaults` for the kind of gate",
        SECURITY,
        INSECURE,
        said_policy("security: {}", more="defaults: {security: {require: {findings: {max: unlimited}}}}\n"),
        SECURITY_STOPS,
    ),
)

_gate = _part("Whether a gate runs")
GATES = (
    *(_gate(f"`enforcement: {word}`", CHECKS, BROKEN, checks(f"enforcement: {word}"), CHECKS_STOP) for word in ("warn", "shadow", "off")),
    _gate("other `stages`", CHECKS, BROKEN, checks("stages: [release]"), CHECKS_STOP),
    _gate("`not-applicable`", CHECKS, BROKEN, checks("not-applicable: we are in haste"), CHECKS_STOP),
    _gate("the gate is taken out", CHECKS, BROKEN, said_policy("secrets: {}"), CHECKS_STOP),
    _gate(
        "the gate has another name, and warns", SECURITY, INSECURE, said_policy("code: {uses: security, enforcement: warn}"), SECURITY_STOPS
    ),
    _gate("the gate's name means another kind of gate", SECURITY, INSECURE, _code("uses: secrets"), SECURITY_STOPS),
)

_TWO = {**SECURITY, "other.py": HARMLESS}
_KNOWN = json.dumps(
    {
        "version": "1.5.0",
        "plugins_used": [{"name": "AWSKeyDetector"}],
        "filters_used": [],
        "results": {"app.py": [{"type": "AWS Access Key", "hashed_secret": hashlib.sha1(KEY.encode()).hexdigest(), "line_number": 1}]},
    },
    indent=2,
)
_PASSING = CHECK.replace('pathlib.Path("said.txt").read_text()', '""')
#: Fails whenever it is begun anew, and passes at the second attempt.
_AT_FIRST = """\
from pathlib import Path


def test_two():
    seen = Path(".seen")
    times = len(seen.read_text()) if seen.exists() else 0
    seen.write_text("x" * (times + 1))
    assert times % 2
"""
_option = _part("How a gate looks")
OPTIONS = (
    _option("`exclude`", _TWO, INSECURE, _code("options: {exclude: [app.py]}"), SECURITY_STOPS),
    _option("`paths`", SECURITY, INSECURE, {**_code("options: {paths: [lib]}"), "lib/a.py": HARMLESS}, SECURITY_STOPS),
    _option("`skips`", SECURITY, INSECURE, _code("options: {skips: [B602]}, require: {suppressed: {max: unlimited}}"), SECURITY_STOPS),
    _option("`confidence`", SECURITY, {"app.py": "A = '0.0.0.0'\n"}, _code("options: {confidence: high}"), SECURITY_STOPS),
    _option(
        "`tests: low`, and the code lies among the tests",
        {**SECURITY, **_code("options: {tests: same}")},
        {"tests/test_app.py": VULNERABLE},
        _code("options: {tests: low}"),
        SECURITY_STOPS,
    ),
    _option(
        "`mode: compat`",
        SECRETS,
        {"a.txt": f"{KEY} {KEY}\n"},
        said_policy("secrets: {options: {mode: compat, exclude: [a.txt]}}"),
        SECRETS_STOP,
    ),
    _option(
        "`baseline` of another name",
        SECRETS,
        LEAKING,
        {**said_policy("secrets: {options: {baseline: known.json}, require: {suppressed: {max: unlimited}}}"), "known.json": _KNOWN},
        SECRETS_STOP,
    ),
    _option(
        "another `command`",
        CHECKS,
        BROKEN,
        {**said_policy(CHECKED.replace("check.py", "pass.py")), "pass.py": _PASSING},
        CHECKS_STOP,
    ),
    _option(
        "other `sources`",
        DEPENDENCIES,
        VULNERABLE_PACKAGE,
        {**said_policy(AUDITED.replace("[requirements.txt]", "[other.txt]")), "other.txt": "kettle==1.0\n"},
        DEPENDENCIES_STOP,
    ),
    _option(
        "another folder of `advisories`",
        DEPENDENCIES,
        VULNERABLE_PACKAGE,
        {
            **said_policy(AUDITED.replace("advisories: advisories", "advisories: few")),
            "few/DEMO-2.json": ADVISORIES["advisories/DEMO-2.json"],
        },
        DEPENDENCIES_STOP,
    ),
    _option(
        "`max-age` of the advisories",
        {**DEPENDENCIES, **said_policy(AUDITED.replace("0d", "7d"))},
        {"requirements.txt": "kettle==1.1\n"},
        said_policy(AUDITED),
        errored("where the change goes: dependencies could not tell"),
    ),
    _option(
        "`vex`, and a file that says that the advisory affects nothing",
        DEPENDENCIES,
        VULNERABLE_PACKAGE,
        {**said_policy(EXPLAINED), "vex/a.json": NOT_AFFECTED},
        DEPENDENCIES_STOP,
    ),
    _option("`args` of pytest", TESTS, WRONG, said_policy("tests: {options: {args: [-k, one]}}"), TESTS_STOP),
    _option(
        "`retries`, for a test that fails at first",
        {**TESTS, ".gitignore": ".seen\n"},
        {"test_two.py": _AT_FIRST},
        said_policy("tests: {options: {retries: 1}}"),
        TESTS_STOP,
    ),
    _option(
        "`exclude-rules`",
        PAGES,
        UNREADABLE,
        said_policy(SHOWN.replace("pages:", "exclude-rules: [image-alt], pages:")),
        _by_tip("accessibility"),
    ),
)

# -- where it stands ---------------------------------------------------------------------------

_WARNS = policy(CHECKED.replace("uses:", "enforcement: warn, uses:"))
_ON_TEAM = {**CHECKS, **said_policy(CHECKED, extends="baseline, team.yaml")}
_TEAM = {**_ON_TEAM, "team.yaml": "version: 1\ndefaults: {external: {enforcement: block}}\n"}
_LET_GO = "version: 1\ndefaults: {external: {enforcement: warn}}\n"
#: Python that reads as a policy too.
_BOTH = 'version: 1\nrunbook: __import__("subprocess").call("make", shell=True)\n'


def linked(name: str, target: str) -> Prepare:
    def link(repository: Repository) -> None:
        path = repository.root / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    return link


def moved(name: str, target: str) -> Prepare:
    def move(repository: Repository) -> None:
        (repository.root / target).parent.mkdir(parents=True, exist_ok=True)
        repository.git("mv", name, target)

    return move


def _submodule(name: str) -> Prepare:
    def put(repository: Repository) -> None:
        (repository.root / name).unlink(missing_ok=True)
        (repository.root / name).mkdir()
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},{name}")

    return put


_file = _part("The policy's files")
FILES = (
    _file(
        "`strict` is extended no more",
        {**CHECKS, **said_policy(CHECKED, extends="strict")},
        BROKEN,
        checks("enforcement: warn"),
        CHECKS_STOP,
    ),
    _file("a file that the policy extends is edited", _TEAM, BROKEN, {"team.yaml": _LET_GO}, CHECKS_STOP),
    _file(
        "another file is extended in its place",
        _TEAM,
        BROKEN,
        {**said_policy(CHECKED, extends="baseline, other.yaml"), "other.yaml": _LET_GO},
        CHECKS_STOP,
    ),
    _file("the policy is deleted", SECURITY, INSECURE, {"gates.yaml": None}, failed("the change takes its policy away")),
    _file(
        "the policy is moved away", CHECKS, BROKEN, {}, failed("the change takes its policy away"), prepare=moved("gates.yaml", "old.yaml")
    ),
    _file(
        "the policy is a link to a weak one", CHECKS, BROKEN, {"weak.yaml": _WARNS}, CHECKS_STOP, prepare=linked("gates.yaml", "weak.yaml")
    ),
    _file(
        "the policy is a link that leads nowhere",
        SECURITY,
        INSECURE,
        {},
        failed("takes its policy away"),
        prepare=linked("gates.yaml", "none"),
    ),
    _file(
        "the policy has always been a link, and what it leads to is edited",
        {**{name: text for name, text in CHECKS.items() if name != "gates.yaml"}, "ci/gates.yaml": CHECKS["gates.yaml"]},
        BROKEN,
        {"ci/gates.yaml": _WARNS},
        CHECKS_STOP,
        begun=linked("gates.yaml", "ci/gates.yaml"),
    ),
    _file(
        "the policy has always been a link, and leads elsewhere now",
        {**CHECKS, "a.yaml": CHECKS["gates.yaml"], "b.yaml": _WARNS},
        BROKEN,
        {},
        CHECKS_STOP,
        begun=linked("gates.yaml", "a.yaml"),
        prepare=linked("gates.yaml", "b.yaml"),
    ),
    _file("the policy can't be read", CHECKS, BROKEN, {"gates.yaml": "version: 1\ngates: none\n"}, errored("gates.yaml")),
    _file(
        "code that reads as a policy, for a change to policies alone",
        SECURITY,
        {"lib.py": _BOTH},
        {"gates.yaml": policy("security: {enforcement: warn}", extends="baseline, lib.py")},
        SECURITY_STOPS,
    ),
    _file(
        "a link changes beside the policy",
        CHECKS,
        BROKEN,
        checks("enforcement: warn"),
        CHECKS_STOP,
        prepare=linked("said.txt", "gates.yaml"),
    ),
)

# -- exceptions and who grants them ------------------------------------------------------------


def waiver(**changes: str) -> str:
    said = {
        "id": "W-1",
        "gate": "security",
        "match": "{rule: B602, path: app.py}",
        "class": "accepted-risk",
        "reason": "in haste",
        "owner": '"@dev"',
        "approver": '"@dev"',
        "created": "2026-11-20",
        "expires": "2026-12-10",
        **changes,
    }
    return "waivers:\n  - {" + ", ".join(f"{key}: {value}" for key, value in said.items()) + "}\n"


AS_OF = ("--as-of", "2026-11-28")
_REF = {"GITHUB_REF": "refs/pull/7/merge"}
_OVERRIDE = (
    "overrides:\n  - {id: O-1, for: {ref: refs/pull/7/merge}, reason: in haste, owner: '@dev', created: 2026-11-26, expires: 2026-11-30}\n"
)
_EXPIRED = waiver(created="2026-10-01", expires="2026-10-20")
_NONE_AT_ALL = "security: {require: {findings: {severity: high, max: 0}}}"
_OLD = {**INSECURE, **said_policy(_NONE_AT_ALL, more=_EXPIRED)}
_waivers = _part("Exceptions")
WAIVERS = (
    _waivers("a waiver of the finding", SECURITY, INSECURE, said_policy("security: {}", more=waiver()), SECURITY_STOPS, options=AS_OF),
    _waivers(
        "a waiver of everything",
        SECURITY,
        INSECURE,
        said_policy("security: {}", more=waiver(match='{rule: "*"}')),
        errored("gates.yaml"),
        options=AS_OF,
    ),
    _waivers(
        "an expired waiver is renewed, and wider",
        _OLD,
        {"b.txt": "b\n"},
        said_policy(_NONE_AT_ALL, more=waiver(match='{rule: B602, path: "*.py"}')),
        SECURITY_STOPS,
        options=AS_OF,
    ),
    _waivers(
        "a waiver that an approver signed for a folder of the repository, in the policy of the whole",
        {**SECURITY, **said_policy("security: {}", more=named(anna=ANNA))},
        INSECURE,
        said_policy("security: {}", more=named(anna=ANNA) + signed_waiver(ANNA, folder="pay")),
        failed("W-1 of @dev does not count: it is for the folder pay, and this is the whole repository"),
        options=AS_OF,
    ),
    _waivers(
        "`waiver-rules` that take any approval",
        {**SECURITY, **said_policy("security: {}", more="waiver-rules: {approval: signed}\n")},
        INSECURE,
        said_policy("security: {}", more="waiver-rules: {approval: self}\n" + waiver()),
        SECURITY_STOPS,
        options=AS_OF,
    ),
    _waivers(
        "`self-approval` in the same change",
        SECURITY,
        INSECURE,
        said_policy("security: {enforcement: warn}", more="self-approval: true\n"),
        SECURITY_STOPS,
    ),
    _waivers(
        "somebody is made an approver, and approves",
        {**SECURITY, **said_policy("security: {}", more='approvers: ["@anna"]\n')},
        INSECURE,
        said_policy("security: {enforcement: warn}", more='approvers: ["@anna", "@friend"]\n'),
        SECURITY_STOPS,
        approved_by=["friend"],
    ),
    _waivers(
        "its author is an approver, and approves",
        {**SECURITY, **said_policy("security: {}", more='approvers: ["@dev"]\n')},
        INSECURE,
        said_policy("security: {enforcement: warn}", more='approvers: ["@dev"]\n'),
        SECURITY_STOPS,
        approved_by=["dev"],
    ),
    _waivers(
        "an approver approves, and the policy is as it was",
        {**SECURITY, **said_policy("security: {}", more='approvers: ["@anna"]\n')},
        INSECURE,
        {},
        STILL,
        approved_by=["anna"],
    ),
    _waivers(
        "somebody is made an approver, and signs the policy",
        {**SECURITY, **said_policy("security: {}", more=named(anna=ANNA))},
        INSECURE,
        said_policy("security: {enforcement: warn}", more=named(anna=ANNA, friend=FRIEND)),
        failed("it is not signed as it stands by a key that the `approvers` of gates.yaml"),
        prepare=signed("@friend", FRIEND),
        options=AS_OF,
    ),
    _waivers(
        "the policy is edited after an approver signed it",
        {**SECURITY, **said_policy("security: {}", more=named(anna=ANNA))},
        INSECURE,
        said_policy("security: {enforcement: block}", more=named(anna=ANNA)),
        failed("edited after it was signed"),
        prepare=signed("@anna", ANNA, afterwards=("block", "warn")),
        options=AS_OF,
    ),
)

# -- what steers a gate from elsewhere ---------------------------------------------------------

_BANDIT = {
    ".bandit": "[bandit]\nskips = B602\nexclude = app.py\n",
    "bandit.yaml": "skips: [B602]\n",
    "pyproject.toml": '[tool.bandit]\nskips = ["B602"]\nexclude_dirs = ["app.py"]\n',
    "setup.cfg": "[bandit]\nskips = B602\n",
}
_SHOWN_ALONE = {**SECRETS, **said_policy("secrets: {require: {suppressed: {max: unlimited}}}")}
_tools = _part("Files that steer tools")
TOOLS = (
    _tools("`.secrets.baseline` knows the secret", _SHOWN_ALONE, LEAKING, {".secrets.baseline": _KNOWN}, SECRETS_STOP),
    _tools(
        "`.secrets.baseline` has always been a link, and leads elsewhere now",
        {**_SHOWN_ALONE, "a.json": json.dumps({"results": {}}), "b.json": _KNOWN},
        LEAKING,
        {},
        SECRETS_STOP,
        begun=linked(".secrets.baseline", "a.json"),
        prepare=linked(".secrets.baseline", "b.json"),
    ),
    _tools(
        "`.secrets.baseline` knows the secret, and an approver signed the policy alone",
        {**SECRETS, **said_policy("secrets: {}", more=named(anna=ANNA))},
        LEAKING,
        {**said_policy("secrets: {require: {suppressed: {max: unlimited}}}", more=named(anna=ANNA)), ".secrets.baseline": _KNOWN},
        failed("gates look by .secrets.baseline, changed too: a review of the change covers both"),
        prepare=signed("@anna", ANNA),
        options=AS_OF,
    ),
    _tools("an advisory is taken out of the folder", DEPENDENCIES, VULNERABLE_PACKAGE, {"advisories/DEMO-1.json": None}, DEPENDENCIES_STOP),
    _tools(
        "a VEX file says that the advisory affects nothing",
        {**DEPENDENCIES, **said_policy(EXPLAINED)},
        VULNERABLE_PACKAGE,
        {"vex/a.json": NOT_AFFECTED},
        DEPENDENCIES_STOP,
    ),
    _tools("bandit's own settings, in four files", SECURITY, INSECURE, _BANDIT, STILL),
    _tools(
        "the program of `external`, which says that all is well",
        CHECKS,
        BROKEN,
        {"check.py": _PASSING},
        passed("PASSED"),
        why="the program is the project's own code: what it looks at, it alone knows",
    ),
)

_inline = _part("Marks in the code")
INLINE = (
    _inline(
        "`# nosec` on a finding from high",
        SECURITY,
        INSECURE,
        {"app.py": VULNERABLE.replace("True)", "True)  # nosec")},
        failed("new suppressed from high is 1"),
    ),
    _inline(
        "`# nosec` on a finding below high",
        SECURITY,
        {"app.py": MEDIUM},
        {"app.py": MEDIUM.replace("(text)\n", "(text)  # nosec\n")},
        passed("1 suppressed"),
        why="`baseline` shows it, `strict` stops it",
    ),
    _inline(
        "the same under `strict`",
        {**SECURITY, **said_policy("security: {}", extends="strict")},
        {"app.py": MEDIUM},
        {"app.py": MEDIUM.replace("(text)\n", "(text)  # nosec\n")},
        failed("new suppressed from low is 1"),
    ),
    _inline(
        "an allow-list comment beside a secret",
        SECRETS,
        LEAKING,
        {"app.py": LEAK.replace("\n", "  # pragma: allowlist secret\n")},
        failed("new suppressed from high is 1"),
    ),
)

# -- tests -------------------------------------------------------------------------------------

_GONE = "a feature that goes takes its tests along: `removed-tests` counts them, each is named, and a policy may limit it"
_PASSED_OVER = "which tests a project runs is its own: each that is passed over is listed with its reason, and `skipped` may be limited"
_NONE_GONE = {**TESTS, **said_policy("tests: {require: {removed-tests: {max: 0}}}")}
_NONE_SKIPPED = {**TESTS, **said_policy("tests: {require: {skipped: {max: 0}}}")}
_SKIPPED = "import pytest\nfrom two import TWO\n\n\n@pytest.mark.skip(reason='later')\ndef test_two():\n    assert TWO == 2\n"
_tests = _part("Tests")
REMOVED = (
    _tests("a test is deleted", TESTS, WRONG, {"test_two.py": None}, passed("test_two stood at the base"), why=_GONE),
    _tests(
        "a test is deleted, where that is limited",
        _NONE_GONE,
        WRONG,
        {"test_two.py": None},
        failed("removed-tests is 1, at most 0 allowed"),
    ),
    _tests("a file of tests is emptied", _NONE_GONE, WRONG, {"test_two.py": ""}, failed("removed-tests is 1, at most 0 allowed")),
    _tests(
        "pytest is told of other files of tests",
        {
            **_NONE_GONE,
            "pytest.ini": "[pytest]\npython_files = check_*.py test_*.py\n",
            "check_two.py": TESTS["test_two.py"],
            "test_two.py": "",
        },
        WRONG,
        {"pytest.ini": "[pytest]\n", "check_two.py": None, "more_two.py": TESTS["test_two.py"]},
        failed("removed-tests is 1, at most 0 allowed"),
    ),
    _tests(
        "what a test asserts is taken out",
        TESTS,
        WRONG,
        {"test_two.py": "def test_two():\n    pass\n"},
        passed("PASSED"),
        why="no tool knows what a test should assert: whoever reads the change does",
    ),
    _tests("a test is marked to be skipped", TESTS, WRONG, {"test_two.py": _SKIPPED}, passed("later"), why=_PASSED_OVER),
    _tests(
        "a mark to be skipped, where that is limited",
        _NONE_SKIPPED,
        WRONG,
        {"test_two.py": _SKIPPED},
        failed("skipped is 1, at most 0 allowed"),
    ),
    _tests(
        "`-k` in pytest.ini",
        TESTS,
        WRONG,
        {"pytest.ini": "[pytest]\naddopts = -k one\n"},
        passed("deselected by -k 'one'"),
        why=_PASSED_OVER,
    ),
    _tests(
        "`collect_ignore` in a conftest.py",
        TESTS,
        WRONG,
        {"conftest.py": 'collect_ignore = ["test_two.py"]\n'},
        passed("not collected"),
        why=_PASSED_OVER,
    ),
)

# -- where the code lies -----------------------------------------------------------------------


def _utf16(repository: Repository) -> None:
    """A file that git keeps as it keeps others, and checks out so that a tool for text finds none."""
    (repository.root / ".gitattributes").write_text("app.py working-tree-encoding=UTF-16LE\n")
    (repository.root / "app.py").write_bytes(LEAK.encode("utf-16-le"))


def _forced(repository: Repository) -> None:
    (repository.root / ".gitignore").write_text("app.py\n")
    repository.git("add", "--force", "app.py")


_AMONG_TESTS = "`tests: low` is the default: `tests: same` stops it"
_place = _part("Where the code lies")
PLACES = (
    _place(
        "`.gitattributes`: `-diff`, `binary`, `linguist-generated`",
        SECURITY,
        INSECURE,
        {".gitattributes": "*.py -diff binary linguist-generated\n"},
        STILL,
    ),
    _place("`.gitattributes`: another encoding in the checkout", SECRETS, LEAKING, {}, STILL, prepare=_utf16),
    _place("`.gitignore` names a file that is committed", SECURITY, INSECURE, {}, STILL, prepare=_forced),
    _place(
        "the file is moved among the tests",
        _TWO,
        INSECURE,
        {"app.py": None, "tests/app.py": VULNERABLE},
        passed("2 new"),
        why=_AMONG_TESTS,
    ),
    _place(
        "the same, where findings in tests count as others do",
        {**_TWO, **_code("options: {tests: same}")},
        INSECURE,
        {"app.py": None, "tests/app.py": VULNERABLE},
        STILL,
    ),
    _place(
        "a file that is left out is moved to where files are examined, and changed, and left out there too",
        {**_TWO, **_code("options: {exclude: [vendor]}"), "vendor/lib.py": HARMLESS * 9},
        {"lib.py": HARMLESS * 9 + VULNERABLE},
        {"vendor/lib.py": None, **_code("options: {exclude: [vendor, lib.py]}")},
        SECURITY_STOPS,
    ),
    _place(
        "the file has a name that is none of Python's",
        _TWO,
        INSECURE,
        {"app.py": None, "app.txt": VULNERABLE},
        passed("PASSED"),
        why="what Python runs by `exec` or `runpy` can have any name: `examined` is shown with its files",
    ),
    _place(
        "a submodule takes the file's place",
        _TWO,
        INSECURE,
        {},
        passed("PASSED"),
        why="it is another repository's code, and its own gates examine it",
        prepare=_submodule("app.py"),
    ),
    _place("a submodule changes beside the policy", CHECKS, BROKEN, checks("enforcement: warn"), CHECKS_STOP, prepare=_submodule("module")),
    _place(
        "a secret in two pieces",
        SECRETS,
        LEAKING,
        {"app.py": f'KEY = "{KEY[:9]}" + "{KEY[9:]}"\n'},
        passed("PASSED"),
        why="no scan puts together what a program does",
    ),
)

_twice = _part("In two changes")
TWICE = (
    _twice(
        "a finding that was low among the tests is moved out of them",
        {**SECURITY, "tests/app.py": VULNERABLE},
        INSECURE,
        {"tests/app.py": None},
        STILL,
    ),
    _twice(
        "a mark that hid a finding is taken away",
        {**SECURITY, "app.py": VULNERABLE.replace("True)", "True)  # nosec")},
        INSECURE,
        {},
        STILL,
    ),
    _twice(
        "evidence of a run that passed is committed", CHECKS, BROKEN, {".gates/evidence/1.zip": "PK", ".gates/.gitignore": "*\n"}, STILL
    ),
)

# -- the job -----------------------------------------------------------------------------------

_NO_POLICY = {name: text for name, text in CHECKS.items() if name != "gates.yaml"}
_SAID = "its job says so: a verifier asks for it"
_FLOORED = {**CHECKS, "gates.yaml": _WARNS, "floor.yaml": CHECKS["gates.yaml"]}
_job = _part("The job and its branch")
JOB = (
    _job(
        "a branch from before the policy, checked out as it is",
        _NO_POLICY,
        BROKEN,
        {},
        failed("checks failed"),
        meanwhile={"gates.yaml": CHECKS["gates.yaml"]},
        merged=False,
    ),
    _job(
        "a branch from before the policy was tightened, checked out as it is",
        {**CHECKS, "gates.yaml": _WARNS},
        BROKEN,
        {},
        CHECKS_STOP,
        meanwhile={"gates.yaml": CHECKS["gates.yaml"]},
        merged=False,
    ),
    _job(
        "`--policy` names a file that the change brings",
        CHECKS,
        BROKEN,
        {"weak.yaml": _WARNS},
        CHECKS_STOP,
        named=["--policy", "{root}/weak.yaml"],
    ),
    _job(
        "`--policy` names a file that is a link to a weak one now",
        {**CHECKS, "ci/strict.yaml": CHECKS["gates.yaml"], "weak.yaml": _WARNS},
        BROKEN,
        {},
        CHECKS_STOP,
        options=["--policy", "{root}/ci/strict.yaml"],
        prepare=linked("ci/strict.yaml", "../weak.yaml"),
    ),
    _job(
        "`--policy-from` names a file that the change loosens",
        _FLOORED,
        BROKEN,
        {"floor.yaml": _WARNS},
        failed("by the policy"),
        options=["--policy-from", "{root}/floor.yaml"],
    ),
    _job(
        "an override that the change writes for itself",
        CHECKS,
        BROKEN,
        {"gates.yaml": CHECKS["gates.yaml"] + _OVERRIDE},
        failed("does not count: it is not signed"),
        options=AS_OF,
        variables=_REF,
    ),
    _job(
        "an override in a file that `--policy-from` names and only the change has",
        CHECKS,
        {**BROKEN, "floor.yaml": "version: 1\ngates: {secrets: {}}\n"},
        {"floor.yaml": f"version: 1\n{_OVERRIDE}"},
        failed("does not count: it is not signed"),
        options=["--policy-from", "{root}/floor.yaml", *AS_OF],
        variables=_REF,
    ),
    _job(
        "variables that sound as though they named a base",
        CHECKS,
        BROKEN,
        checks("enforcement: warn"),
        CHECKS_STOP,
        variables={"GITHUB_BASE_REF": "proposed", "GITHUB_HEAD_REF": "main", "GITHUB_SHA": "0" * 40, "BASE": "HEAD"},
    ),
    _job(
        "`GIT_DIR` and others of git's own variables",
        CHECKS,
        BROKEN,
        checks("enforcement: warn"),
        CHECKS_STOP,
        variables={"GIT_DIR": "/nowhere", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.bare", "GIT_CONFIG_VALUE_0": "true"},
    ),
    _job(
        "the job is of the event `pull_request_review`",
        CHECKS,
        BROKEN,
        checks("enforcement: warn"),
        CHECKS_STOP,
        variables={"GITHUB_EVENT_NAME": "pull_request_review"},
    ),
    _job(
        "the job is of the event `push`",
        CHECKS,
        BROKEN,
        checks("enforcement: warn"),
        passed("PASSED"),
        why="what is pushed is no change under review: let the check that is required be one of pull requests alone",
        variables={"GITHUB_EVENT_NAME": "push"},
    ),
    _job(
        "`--gate` leaves the gate out",
        {**CHECKS, **said_policy(CHECKED + "\nsecrets: {}")},
        BROKEN,
        {},
        passed("left out by the selection: checks"),
        why="it is marked partial, and `verify` calls it incomplete",
        named=["--gate", "secrets"],
    ),
    _job(
        "`--stage commit`",
        CHECKS,
        BROKEN,
        checks("enforcement: warn, stages: [commit]"),
        passed("stage commit"),
        why=f"{_SAID} with `--stage change`",
        named=["--stage", "commit"],
    ),
    _job(
        "`--base HEAD`",
        CHECKS,
        BROKEN,
        checks("enforcement: warn"),
        passed("PASSED"),
        why=f"{_SAID} with `--policy-digest`",
        named=["--base", "HEAD"],
    ),
    _job(
        "`--policy` names a weak one that stood there before",
        {**CHECKS, "weak.yaml": _WARNS},
        BROKEN,
        {},
        passed("PASSED"),
        why=f"{_SAID} with `--policy-digest`",
        named=["--policy", "{root}/weak.yaml"],
    ),
    _job(
        "`--as-of` a day on which a waiver counted",
        _OLD,
        {"b.txt": "b\n"},
        {},
        passed("judged on 2026-10-10"),
        why=f"{_SAID} with `--max-age`",
        named=["--as-of", "2026-10-10"],
    ),
)

WEAKENINGS = (*LIMITS, *GATES, *OPTIONS, *FILES, *WAIVERS, *TOOLS, *INLINE, *REMOVED, *PLACES, *TWICE, *JOB)
