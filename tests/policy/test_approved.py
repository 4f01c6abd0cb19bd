"""`approved:` of a policy: what is wrong with one is said with its line, and the last file's counts."""

from __future__ import annotations

import pytest

from tests.policy.making import complaints, policy

GATES = "version: 1\ngates: {tests: {}}\n"
APPROVED = f"""\
approved:
  of: sha256:{"0" * 64}
  to: sha256:{"1" * 64}
  by: "@anna"
  created: 2026-11-01
  expires: 2026-11-15
  signature: ed25519:{"A" * 86}==
"""


def test_fourteen_days_are_the_most() -> None:
    assert complaints(GATES + APPROVED) == []
    (wrong,) = complaints(GATES + APPROVED.replace("2026-11-15", "2026-11-16"))
    assert wrong == "gates.yaml:8:3 the approval would count from 2026-11-01 to 2026-11-16"
    assert len(complaints(GATES + APPROVED.replace("2026-11-15", "2026-10-31"))) == 1


@pytest.mark.parametrize("line", APPROVED.splitlines()[1:])
def test_nothing_can_be_left_out(line: str) -> None:
    key = line.strip().partition(":")[0]
    (wrong,) = complaints(GATES + APPROVED.replace(f"{line}\n", ""))
    assert wrong == f"gates.yaml:3:1 approved needs the key {key!r}"


@pytest.mark.parametrize(("old", "new"), [("sha256:0", "sha256:x"), ("sha256:1", "1"), ("ed25519:A", "A"), ("2026-11-01", "soon")])
def test_what_is_none_of_its_kind_is_refused(old: str, new: str) -> None:
    (wrong,) = complaints(GATES + APPROVED.replace(old, new))
    assert wrong.startswith("gates.yaml:")


def test_the_last_file_that_says_one_counts() -> None:
    found = policy(APPROVED.replace("anna", "ben") + "version: 1\n", GATES + APPROVED).approved
    assert found is not None
    assert found.by == "@anna"
    assert policy(APPROVED + "version: 1\n", GATES).approved == found
