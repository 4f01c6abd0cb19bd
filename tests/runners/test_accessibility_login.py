"""Pages behind a login, with a real Chromium: what is seen, what could look like it, and what may be told of the session."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gates.adapters import host
from gates.api import Depends, Facts, Serve, Status
from gates.errors import NotBuiltError
from gates.facts import read_facts
from gates.observe import Observation, redacted
from gates.redact import Redactor
from gates.runners.accessibility import GATE, Options, visits
from gates.runners.accessibility.options import Login
from gates.testing import observe_raw
from tests.api.making import a_context
from tests.runners.behind_login import COOKIE, LOGIN, NOT_SEEN, SEEN, SITE, TOKEN, a_project, a_state, printing
from tests.runners.pages import left_behind, not_examined, rules, web


def observed_with(root: Path, work: Path, address: str, login: dict[str, Any], *pages: str, **more: Any) -> Observation:
    work.mkdir(exist_ok=True)
    options = {"pages": pages, "url": address, "login": login, "page_timeout": 2, **more.pop("options", {})}
    return observe_raw(GATE, root=root, work=work, options=options, **more)


def facts_of(observed: Observation) -> Facts:
    return read_facts(GATE, GATE.id, redacted(observed, Redactor(observed.secrets)))


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observation]:
    """All pages, shared by two browsers that are given the same session."""
    folder = tmp_path_factory.mktemp("login")
    with pytest.MonkeyPatch.context() as patch, web(SITE) as address:
        patch.setattr(visits, "_VISITS", 1)
        patch.setattr(host, "cores", lambda: 2)
        yield observed_with(a_project(folder), folder / "work", address, LOGIN, *SEEN, *NOT_SEEN)
    assert left_behind(folder) == []
