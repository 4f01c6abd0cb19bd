"""What a bundle holds and what it never does: a comparison is read back as it was written, no secret gets in by whatever door."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gates.errors import BundleError, EvidenceError
from gates.evidence import bundle
from gates.judge.compare import compare
from gates.model import Record
from gates.redact import Redactor
from tests.report.record_factory import full, passed

SECRET = "tok-0123456789"


@pytest.mark.parametrize(
    "member",
    [{"run.json": b'{"ci_url":"https://x/?t=tok-0123456789"}'}, {"raw/tests/tok-0123456789.xml": b"<a/>"}],
    ids=["content", "name"],
)
def test_a_member_that_would_give_a_secret_away_is_not_sealed_nor_shown(member: dict[str, bytes]) -> None:
    with pytest.raises(EvidenceError) as raised:
        bundle.seal(passed(), member, Redactor([SECRET]))
    assert all(SECRET not in line for problem in raised.value.problems for line in problem.lines())


def sealed(record: Record) -> dict[str, bytes]:
    members = bundle.members_of(record, (), {})
    return bundle.seal(replace(record, content_digest=bundle.content_digest(members)), members, Redactor([]))


def test_a_comparison_is_a_member_of_its_own_outside_the_content_digest() -> None:
    plain = replace(passed(), policy=replace(passed().policy, sources=()))
    record = replace(plain, comparison=compare(full(), plain, previous="5e" * 32))
    members = sealed(record)
    read = bundle.open_members(members)
    assert read.record.comparison == record.comparison
    assert json.loads(members[bundle.COMPARISON])["previous"] == "5e" * 32
    alone = bundle.open_members(sealed(plain))
    assert (alone.record.comparison, bundle.COMPARISON in alone.members) == (None, False)
    assert alone.manifest.content_digest == read.manifest.content_digest


def test_a_comparison_of_another_form_is_refused() -> None:
    plain = replace(passed(), policy=replace(passed().policy, sources=()))
    members = bundle.members_of(plain, (), {})
    digest = bundle.content_digest(members)
    with pytest.raises(BundleError) as raised:
        bundle.open_members(bundle.seal(replace(plain, content_digest=digest), members | {bundle.COMPARISON: b"{}"}, Redactor([])))
    assert raised.value.problems[0].where == bundle.COMPARISON
