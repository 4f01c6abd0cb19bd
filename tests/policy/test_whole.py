"""Two policies are the same whole where no run could tell them apart, and else never."""

from __future__ import annotations

import pytest

from gates.errors import PolicyError
from gates.policy import whole
from tests.policy.making import find_gate, source

POLICY = """\
version: 1
requires: quality-gates>=0.0.1
approvers: ["@anna"]
gates:
  tests:
    options: {retries: 1}
    at: {release: {options: {retries: 0}}}
  security: {}
waivers:
  - {id: W-1, gate: tests, match: {rule: r, path: b.py}, class: mitigated, reason: r, owner: o, approver: a, created: 2026-11-01,
     expires: 2026-11-30}
"""
APPROVED = f"""\
approved: {{of: "sha256:{"0" * 64}", to: "sha256:{"1" * 64}", by: "@anna", created: 2026-11-01, expires: 2026-11-02,
  signature: "ed25519:{"A" * 86}=="}}
"""


def digest(*texts: str) -> str:
    return whole.digest([source(text, f"{number}.yaml") for number, text in enumerate(texts)], find_gate)


@pytest.mark.parametrize(
    "text",
    [
        f"# who may\n{POLICY}",
        POLICY.replace("\n", "\r\n"),
        POLICY.replace('["@anna"]', "\n  - '@anna'"),
        POLICY.replace("security: {}", "security: {enforcement: block}"),
        POLICY + APPROVED,
    ],
)
def test_how_it_is_written_and_who_approved_it_is_no_part(text: str) -> None:
    assert digest(text) == digest(POLICY)


def test_what_its_files_are_called_is_no_part() -> None:
    assert digest(POLICY) == whole.digest([source(POLICY, "ci/other.yaml")], find_gate) == digest("version: 1\n", POLICY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("retries: 1", "retries: 2"),
        ("retries: 0", "retries: 3"),
        ("security: {}", "security: {at: {commit: {enforcement: warn}}}"),
        ("security: {}", "security: {why: since}"),
        (">=0.0.1", ">=0.0.2"),
        ("requires: quality-gates>=0.0.1\n", ""),
        ("@anna", "@ben"),
        ("b.py", "b*.py"),
        ("expires: 2026-11-30", f"expires: 2026-11-30, signature: 'ed25519:{'A' * 86}=='"),
        ("gates:\n", "self-approval: true\ngates:\n"),
    ],
)
def test_everything_that_it_says_is_a_part(old: str, new: str) -> None:
    assert POLICY.count(old) == 1
    assert digest(POLICY.replace(old, new)) != digest(POLICY)


def test_one_that_is_none_at_another_stage_is_not_known() -> None:
    wrong = source(POLICY.replace("security: {}", "contracts: {stages: [release], options: {schema: a}}"))
    assert whole.digest_where_known([wrong], find_gate) is None
    with pytest.raises(PolicyError, match="url"):
        whole.digest([wrong], find_gate)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/Shop/web", "github.com/shop/web"),
        ("https://GitHub.com/shop/web.git", "github.com/shop/web"),
        ("https://token@github.com/shop/web/", "github.com/shop/web"),
        ("git@github.com:shop/web.git", "github.com/shop/web"),
        ("ssh://git@github.com:22/shop/web.git", "github.com/shop/web"),
        ("https://github.com/shop/web.old", "github.com/shop/web.old"),
        ("/srv/git/web.git", "/srv/git/web.git"),
        ("../web", "../web"),
        ("file:///srv/git/web", "file:///srv/git/web"),
        (r"C:\git\web", r"C:\git\web"),
        (None, None),
    ],
)
def test_a_repository_has_one_name_however_it_was_cloned(address: str | None, name: str | None) -> None:
    assert whole.repository(address) == name
