"""The list of defences that are taken out to see whether a test notices: it names places of the source as they are now."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_defence_on_the_list_is_where_the_list_says() -> None:
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "scripts" / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    mutants = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = mutants
    try:
        spec.loader.exec_module(mutants)
        found = mutants.every(ROOT)
        assert len({mutant.name for mutant in found}) == len(found) > 700
        assert all(mutant.apply((ROOT / mutant.path).read_bytes()) != (ROOT / mutant.path).read_bytes() for mutant in found)
    finally:
        del sys.modules["mutants"]
