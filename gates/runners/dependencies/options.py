"""What the policy may say of the dependencies gate."""

from __future__ import annotations

from urllib.parse import urlsplit

from gates.api import Duration, Fewer, More, option
from gates.dataclass import dataclass

DAY_SECONDS = 24 * 60 * 60
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is audited, and against which advisories."""

    sources: tuple[str, ...] = option(
        "lock and requirements files, folders or globs of them (default: every one found; pyproject.toml where nothing is locked)",
        default=(),
        looser=Fewer(empty="unknown"),
    )
    advisories: str = option(
        "`pypi`, `osv`, the address of a service that answers like OSV (https://…) or like PyPI's JSON interface (pypi+https://…), "
        "or a folder or .zip of OSV records",
        default="pypi",
    )
    max_age: Duration = option(
        "how old the newest record of a folder or zip may be; `0d` for no limit. Services on the network are asked as they are now",
        default=7 * DAY_SECONDS,
        minimum=0,
        looser=More(boundless=0),
    )
    vex: tuple[str, ...] = option(
        "files of this repository, and folders of them, that say which advisories do not affect it (OpenVEX, CycloneDX); "
        "what they cover is listed as suppressed",
        default=(),
        looser=More(vetoes=True),
    )

    def __post_init__(self) -> None:
        if "://" not in self.advisories:
            return
        address = urlsplit(self.advisories.removeprefix("pypi+"))
        if address.username or address.password:
            raise ValueError("`advisories` holds credentials: an address stands in the evidence, write it without them")
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise ValueError("`advisories` must be an https address: an answer without TLS could be anyone's")

    @property
    def network(self) -> bool:
        return self.advisories in {"pypi", "osv"} or "://" in self.advisories
