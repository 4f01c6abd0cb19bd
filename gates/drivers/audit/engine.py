"""The audit itself: pip-audit's `Auditor` over the inventory, after a canary has shown that the advisories are not blind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

import requests
from packageurl import PackageURL
from packaging.version import Version
from pip_audit._dependency_source import DependencySource
from pip_audit._fix import ResolvedFixVersion
from pip_audit._service import Dependency, ResolvedDependency, ServiceError, SkippedDependency, VulnerabilityResult

from gates.drivers.audit import severity
from gates.drivers.audit.inventory import CannotTellError, Package
from gates.drivers.audit.services import Auditor, OsvAdvisories, PyPIAdvisories, RecordAdvisories

Service = PyPIAdvisories | OsvAdvisories | RecordAdvisories
Answered = tuple[Dependency, list[VulnerabilityResult]]
#: Versions that have been known to be vulnerable for years: a service that knows its business knows each.
NETWORK_CANARIES = (
    ("aiohttp", "3.7.3"),
    ("cryptography", "3.2"),
    ("django", "3.2"),
    ("flask", "0.12.2"),
    ("jinja2", "2.4.1"),
    ("lxml", "4.6.1"),
    ("numpy", "1.16.0"),
    ("paramiko", "2.4.0"),
    ("pillow", "8.0.0"),
    ("pyyaml", "5.3"),
    ("requests", "2.19.1"),
    ("twisted", "19.2.0"),
    ("urllib3", "1.24.1"),
    ("werkzeug", "0.15.3"),
)
#: Drawn anew in each run: a stand-in that knows the one package that everybody asks for is found out.
_DRAWN = 3
_INSTEAD = "give `advisories` a folder or .zip of OSV records"


class Declared(DependencySource):
    """The inventory as pip-audit wants it."""

    def __init__(self, pairs: list[tuple[str, Version]]) -> None:
        self._pairs = pairs

    def collect(self) -> Iterator[Dependency]:
        return (ResolvedDependency(name, version) for name, version in self._pairs)

    def fix(self, fix_version: ResolvedFixVersion) -> None:
        raise NotImplementedError("this gate mends nothing")


@dataclass(frozen=True, slots=True)
class Audit:
    """One service, asked through pip-audit. `name` is what the policy calls it."""

    service: Service
    name: str

    def check_canaries(self) -> list[dict[str, Any]]:
        """Find what is known to be vulnerable, or raise `CannotTellError`: an answer of "nothing" would mean nothing."""
        held = self.service.held.canaries() if isinstance(self.service, RecordAdvisories) else _draw()
        if not held:
            raise CannotTellError(f"the advisories {self.name!r} name no version that is affected", "name others with `advisories`")
        answers = self._ask([(name, version) for name, version, _ in held])
        return [self._canary(*canary, answer) for canary, answer in zip(held, answers, strict=True)]

    def packages(self, declared: list[Package]) -> list[dict[str, Any]]:
        """What the service says of each package, in order: `vulns`, or `skip_reason`."""
        pairs = [(package.name, Version(Version(package.version).public)) for package in declared]
        return [self._answer(package, answer) for package, answer in zip(declared, self._ask(pairs), strict=True)]

    def _canary(self, name: str, version: Version, id: str, answer: Answered) -> dict[str, Any]:
        found = sorted({known for result in answer[1] for known in (result.id, *result.aliases)})
        if not found or (id and id not in found):
            raise CannotTellError(
                f"the advisory source {self.name!r} is blind: it does not find {name} {version}, which is known to be vulnerable",
                f"a mirror of packages often carries no advisories: let this machine reach the service itself, or {_INSTEAD}",
            )
        return {"name": name, "version": str(version), "expected": id, "found": found}

    def _answer(self, package: Package, answer: Answered) -> dict[str, Any]:
        dependency, results = answer
        if dependency.canonical_name != package.name:
            raise CannotTellError(
                f"pip-audit answered for {dependency.canonical_name} instead of {package.name}", "report this as a defect"
            )
        data: dict[str, Any] = {"name": package.name, "version": package.version}
        if isinstance(dependency, SkippedDependency):
            return {**data, "skip_reason": f"the advisory source {self.name!r} does not know this package and version"}
        purl = PackageURL("pypi", name=package.name, version=package.version).to_string()
        return {**data, "purl": purl, "vulns": [self._vulnerability(package, result) for result in results]}

    def _vulnerability(self, package: Package, result: VulnerabilityResult) -> dict[str, Any]:
        ids = sorted({result.id, *result.aliases})
        known = [self.service.records[id] for id in ids if id in self.service.records]
        later = [version for version in result.fix_versions if version > Version(package.version)]
        return {
            "id": result.id,
            "aliases": [id for id in ids if id != result.id],
            "fix_versions": [str(version) for version in sorted(later)],
            "description": result.description,
            "severity": severity.of(known, package.name),
        }

    def _ask(self, pairs: list[tuple[str, Version]]) -> list[Answered]:
        try:
            return list(Auditor(self.service).audit(Declared(pairs)))
        except (ServiceError, requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CannotTellError(
                f"the advisory service {self.name!r} gave no usable answer: {_why(error)}",
                f"try again later, let this machine reach the service, or {_INSTEAD}",
            ) from error


def _draw() -> list[tuple[str, Version, str]]:
    """A few of the network's canaries in order; of any of their records the id will do."""
    drawn = SystemRandom().sample(NETWORK_CANARIES, _DRAWN)
    return [(name, Version(version), "") for name, version in sorted(drawn)]


def _why(error: Exception) -> str:
    """In words that don't vary from run to run: no addresses of memory, ports or texts of the operating system."""
    cause = error.__cause__
    if isinstance(cause, requests.HTTPError) and cause.response is not None:
        return f"it answered {cause.response.status_code}"
    if isinstance(error, requests.JSONDecodeError):
        return "what it answered is not JSON (a sign-in page, perhaps)"
    if isinstance(error, requests.exceptions.RetryError | requests.ConnectionError | requests.Timeout):
        return "it could not be reached"
    if isinstance(error, ServiceError | requests.RequestException):
        return str(error) or type(error).__name__
    return "what it answered is not advisory data"
