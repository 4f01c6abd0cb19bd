"""No secret gets into a bundle, by whatever door."""

from __future__ import annotations

import pytest

from gates.errors import EvidenceError
from gates.evidence import bundle
from gates.redact import Redactor
from tests.report.record_factory import passed

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
