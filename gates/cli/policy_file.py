"""The policy file that a command writes into: read whole, changed in one place, and written only where it then says what it should."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gates import canonical, registry
from gates.adapters import files
from gates.cli import sources
from gates.dataclass import dataclass
from gates.errors import UsageError
from gates.model import Policy, PolicySource, Stage
from gates.policy.compose import compose
from gates.policy.insertion import NoPlaceError

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """The policy file that is written into, with all that it extends."""

    path: Path
    sources: tuple[PolicySource, ...]

    @classmethod
    def read(cls, root: Path, named: str | None) -> PolicyFile:
        """Raises `UsageError` where there is none, and `PolicyError`."""
        found = sources.standing(root, named)
        return cls(path=(root.resolve() / found[-1].name).resolve(), sources=found)

    @property
    def name(self) -> str:
        return self.sources[-1].name

    def policy(self, stage: Stage) -> Policy:
        """What the file comes to as it is. Raises `PolicyError`."""
        return compose(self.sources, stage, registry.find).policy

    def changed(self, change: Callable[[str], str], expected: Policy, by_hand: str) -> bytes:
        """The file's bytes after a change of its text, which has to make exactly the policy that is expected. Raises `UsageError`."""
        top = self.sources[-1]
        bom, text = (_BOM, top.content[len(_BOM) :]) if top.content.startswith(_BOM) else (b"", top.content)
        try:
            content = bom + change(text.decode("utf-8")).encode("utf-8")
        except NoPlaceError:
            raise self._unwritable(by_hand) from None
        source = PolicySource(name=top.name, content=content, sha256=canonical.sha256(content))
        policy = compose((*self.sources[:-1], source), expected.stage, registry.find).policy
        if replace(policy, sources=()) != replace(expected, sources=()):
            raise self._unwritable(by_hand)
        return content

    def write(self, content: bytes) -> None:
        """Put new bytes in the place of those that were read. Raises `UsageError` where it was changed meanwhile, and `EvidenceError`."""
        if self.path.read_bytes() != self.sources[-1].content:
            raise UsageError(f"{self.name} was changed meanwhile, so nothing was written", where=str(self.path), help="run it again")
        mode = stat.S_IMODE(self.path.stat().st_mode)
        files.write_atomically(self.path, content)
        self.path.chmod(mode)

    def _unwritable(self, by_hand: str) -> UsageError:
        return UsageError(
            f"{self.name} has no place where it could be written safely, so it was left alone", where=str(self.path), help=by_hand
        )
