"""A short run of the fuzzer (`scripts/fuzz.py`), the same each time; what longer ones found stands in the table of attacks."""

from __future__ import annotations

from pathlib import Path

from tests.evidence.forging import forge
from tests.evidence.fuzzing import Fuzzer, Tally


def test_no_change_by_chance_is_accepted_or_does_harm(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    tally = Fuzzer(forge(tmp_path), 36, scratch).run(iter(range(400)), Tally())
    assert tally.found == []
    assert {"bytes: code 5", "closed: code 6", "signed_by_us: code 8", "envelope: code 6", "trust file: refused with 2"} <= set(
        tally.answers
    )
