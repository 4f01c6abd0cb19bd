"""Advisory services as pip-audit's own `VulnerabilityService`s: PyPI, OSV, and records at hand.

Each keeps the records that its answers were made of in `records`, because pip-audit drops the severity.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from packaging.version import Version
from pip_audit._audit import Auditor  # first: pip-audit's modules import each other in a circle
from pip_audit._service import (
    Dependency,
    OsvService,
    PyPIService,
    ResolvedDependency,
    ServiceError,
    VulnerabilityResult,
    VulnerabilityService,
)
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from gates.drivers.audit import ranges
from gates.drivers.audit.records import Records

__all__ = ["Auditor", "OsvAdvisories", "PyPIAdvisories", "RecordAdvisories"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a service may say nothing, and how often it is asked again after a moment's failure."""

    seconds: int
    again: int


PATIENT = Patience(seconds=20, again=2)
#: For a person who waits for the answer.
HURRIED = Patience(seconds=3, again=0)
_AT_ONCE = 8
#: pip-audit insists on a folder for its cache; nothing is written there, as no session here keeps anything.
_NO_CACHE = Path("cache")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Answer = tuple[Dependency, list[VulnerabilityResult]]


class _Direct(HTTPAdapter):
    """Every answer is asked for anew (a cache could be old) and a moment's failure is tried again; `base` replaces the host."""

    def __init__(self, patience: Patience, base: str = "") -> None:
        retry = Retry(
            total=patience.again,
            backoff_factor=0.2,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        super().__init__(max_retries=retry, pool_maxsize=_AT_ONCE)
        self._base = base

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self._base and not str(request.url).startswith(f"{self._base}/"):
            name, version, leaf = str(request.url).split("/")[-3:]
            request.prepare_url(f"{self._base}/{name}/{version}/{leaf}", None)
        return super().send(request, *args, **kwargs)


def _prepare(session: requests.Session, adapter: HTTPAdapter, address: str, check: Any) -> None:
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    session.hooks["response"].append(check)
    if urlsplit(address).hostname in _LOOPBACK:
        session.trust_env = False


def _side_by_side(service: VulnerabilityService, specs: Iterator[Dependency]) -> Iterator[Answer]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(service.query, specs)


class PyPIAdvisories(PyPIService):
    """PyPI's JSON interface, there or at another address. It gives no severity."""

    def __init__(self, base: str = "", patience: Patience = PATIENT) -> None:
        super().__init__(_NO_CACHE, patience.seconds)
        self.records: dict[str, dict[str, Any]] = {}
        _prepare(self.session, _Direct(patience, base.rstrip("/")), base, self._check)

    def query_all(self, specs: Iterator[Dependency]) -> Iterator[Answer]:
        return _side_by_side(self, specs)

    def _check(self, response: requests.Response, **_: Any) -> None:
        """Silence is no clean bill: pip-audit takes an answer without `vulnerabilities` for one."""
        if response.status_code == requests.codes.ok and not isinstance(response.json().get("vulnerabilities"), list):
            raise ServiceError("its answer does not speak of vulnerabilities")


class OsvAdvisories(OsvService):
    """The OSV interface, at osv.dev or at another address."""

    def __init__(self, address: str = OsvService.DEFAULT_OSV_URL, patience: Patience = PATIENT) -> None:
        super().__init__(_NO_CACHE, patience.seconds, address)
        self.records: dict[str, dict[str, Any]] = {}
        _prepare(self.session, _Direct(patience), address, self._check)

    def query_all(self, specs: Iterator[Dependency]) -> Iterator[Answer]:
        return _side_by_side(self, specs)

    def _check(self, response: requests.Response, **_: Any) -> None:
        """Refuse what pip-audit would drop without a word: further pages, records of another schema, records of nothing."""
        if response.status_code != requests.codes.ok:
            return
        answer = response.json()
        if answer.get("next_page_token"):
            raise ServiceError("it gave only a part of its answer")
        for record in answer.get("vulns", []):
            if not record.get("withdrawn") and (Version(record.get("schema_version", "1.0.0")).major != 1 or not record.get("affected")):
                raise ServiceError(f"its record {record['id']} can't be read")
            self.records[record["id"]] = record


class RecordAdvisories(VulnerabilityService):
    """OSV records at hand, matched here by version lists and ranges."""

    def __init__(self, held: Records) -> None:
        self.held = held
        self.records = held.by_id

    def query(self, spec: Dependency) -> Answer:
        if not isinstance(spec, ResolvedDependency):
            return spec, []
        name = spec.canonical_name
        hits = [record for record in self.held.by_package.get(name, []) if ranges.affects(record, name, spec.version)]
        return spec, [_result(record, name) for record in hits]


def _result(record: dict[str, Any], name: str) -> VulnerabilityResult:
    text = record.get("summary") or record.get("details") or "N/A"
    ids = [record["id"], *record.get("aliases", [])]
    return VulnerabilityResult.create(ids, text, ranges.fix_versions(record, name), None)
