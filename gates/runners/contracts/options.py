"""Options of the contracts gate, as a policy writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from gates.api import Fewer, Serve, option
from gates.dataclass import dataclass

Phase = Literal["examples", "coverage", "fuzzing", "stateful"]
Check = Literal[
    "not-a-server-error",
    "status-code-conformance",
    "content-type-conformance",
    "response-headers-conformance",
    "response-schema-conformance",
    "negative-data-rejection",
    "positive-data-acceptance",
    "missing-required-header",
    "unsupported-method",
    "allow-header-conformance",
    "use-after-free",
    "ensure-resource-availability",
    "ignored-auth",
    "object-level-authorization",
]
#: Checks that follow what happens to one resource over several requests.
NEED_LINKS = frozenset({"use-after-free", "ensure-resource-availability"})
#: A check that compares what two users may see.
NEEDS_IDENTITIES = "object-level-authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of the gate, as a policy writes them."""

    schema: str = option("the contract: an OpenAPI file of the repository, or an address, where `{url}` stands for the service's own")
    url: str = option("address of a service that runs already, with its base path", default="")
    serve: Serve | None = option("how to start the service under test", default=None)
    base_path: str = option("where the operations begin on a service that is started; the contract's own base path without it", default="")
    needs: tuple[str, ...] = option(
        "variables that must be set, or the gate is errored; a service that is started gets them", default=(), looser=Fewer()
    )
    headers: Mapping[str, str] = option("headers to send: to each name, the variable that holds its value", default={})
    phases: tuple[Phase, ...] = option(
        "what to try; `stateful` follows links and is slow", default=("examples", "coverage", "fuzzing"), looser=Fewer()
    )
    seed: int = option("the same seed and a fresh service give the same requests", default=1, minimum=0)
    max_examples: int = option("requests that fuzzing makes up for each operation", default=20, minimum=1, looser=Fewer())
    checks: tuple[Check, ...] = option("checks to make of each answer; all without it", default=(), looser=Fewer(empty="all"))
    inputs: tuple[str, ...] = option(
        "files, folders or globs that the service is made of: where none changed, what was seen before counts (default: every file)",
        default=(),
        looser=Fewer(empty="all"),
    )

    def __post_init__(self) -> None:
        if self.checks and set(self.checks) <= NEED_LINKS and "stateful" not in self.phases:
            raise ValueError(f"the checks {', '.join(self.checks)} need the phase `stateful`")
        if self.checks == (NEEDS_IDENTITIES,):
            raise ValueError(f"the check {NEEDS_IDENTITIES} compares two users, which can't be given yet: ask for another")
        if bool(self.url) == (self.serve is not None):
            raise ValueError("a contract needs either `url` or `serve`")
        if self.base_path and (self.serve is None or not self.base_path.startswith("/")):
            raise ValueError("`base-path` begins with / and goes with `serve`")
        if self.url and (urlsplit(self.url).scheme not in ("http", "https") or "@" in urlsplit(self.url).netloc):
            raise ValueError("`url` is an http(s) address without a user; send credentials with `headers`")
