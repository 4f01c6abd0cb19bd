"""Looks at a repository and writes the policy that fits it: what `gates init` saves, and `gates run` uses where there is none."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import field
from decimal import Decimal
from pathlib import Path
from typing import Any

from gates import codec, registry
from gates.adapters import files, git
from gates.api import Suggestion, Survey
from gates.dataclass import dataclass

_HEADER = """\
# What a change has to pass, read by Quality Gates (`gates run`). All that can stand here: docs/policy.md,
# `gates policy schema` for editors, and `gates policy show` for what follows from it.
version: 1
extends: [baseline]
"""
#: The gate that is never proposed: nothing in a repository tells for sure how its service is started.
_SERVED = "contracts"
_HOW_TO_SERVE = (
    "contracts, and accessibility of pages that a program serves, are for you to add: they need to be told how the service is started "
    "(`serve`). See docs/gates/contracts.md and docs/gates/accessibility.md."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What is said of a gate beside its options: plain data as a policy holds it, and a line of comment for each reason."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What fits a repository: suggestions by gate, the ids of gates that found nothing to examine, and what to do for others elsewhere."""

    found: Mapping[str, Suggestion]
    missing: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()

    @property
    def gates(self) -> tuple[str, ...]:
        """The names of the gates that it switches on."""
        return tuple(self.found)

    @property
    def text(self) -> str:
        """The policy file that says so."""
        return self.write({})

    def write(self, additions: Mapping[str, Addition], note: str = "") -> str:
        """The same with more about some gates, and a note at its head."""
        parts = [_comment(note, "") + _HEADER, "gates:" if self.found else "gates: {}"]
        for name, suggestion in self.found.items():
            more = additions.get(name, Addition())
            comments = "".join(_comment(line, "  ") for line in (*suggestion.comments, *more.comments))
            settings = {**({"options": suggestion.options} if suggestion.options else {}), **more.settings}
            parts.append(comments + _gate(name, settings))
        parts += [_comment(line, "  ").rstrip("\n") for line in (*self.elsewhere, *self._not_proposed())]
        return "\n".join(parts) + "\n"

    def _not_proposed(self) -> Iterator[str]:
        if self.missing:
            yield f"Nothing was found here for: {', '.join(self.missing)}. docs/gates/ says how to switch each on."
        if _SERVED not in self.found:
            yield _HOW_TO_SERVE


def propose(root: Path) -> Proposal:
    """A policy for the repository at `root`, made of what each gate finds there. The same tree gives the same text."""
    survey = look(root)
    found: dict[str, Suggestion] = {}
    missing: list[str] = []
    elsewhere: list[str] = []
    for gate in registry.every():
        suggestion = gate.detect(survey) if gate.detect else None
        if suggestion is not None and suggestion.instead:
            elsewhere.append(suggestion.instead)
        elif suggestion is not None:
            found[gate.id] = suggestion
        elif gate.detect:
            missing.append(gate.id)
    return Proposal(found=found, missing=tuple(missing), elsewhere=tuple(elsewhere))


def look(root: Path) -> Survey:
    """The repository's root and its files, as every gate's `detect` is shown them."""
    listed = git.list_files(root)
    names = files.walk(root) if listed is None else (name for name in listed if (root / name).is_file())
    return Survey(root=root, files=tuple(names))


def _comment(text: str, indent: str) -> str:
    """A text as lines of comment. Names of files stand in it: nothing of them may end the line."""
    seen = "".join(char if char.isprintable() or (char.isspace() and char.isascii()) else ascii(char)[1:-1] for char in text)
    return textwrap.indent("".join(f"# {line}\n" for line in textwrap.wrap(seen, 96)), indent)


def _gate(name: str, settings: Mapping[str, Any]) -> str:
    if not settings:
        return f"  {name}: {{}}"
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes exact numbers as a policy reads them."""

    Dumper.add_representer(Decimal, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", codec.decimal_text(number)))
    return "\n".join([f"  {name}:", *(textwrap.indent(_block(Dumper, key, value), "    ") for key, value in _written(settings).items())])


def _block(dumper: Any, key: str, value: Any) -> str:
    """One setting; of what it holds only the innermost lists and mappings stand in one line."""
    import yaml

    flow = None if isinstance(value, dict | list) else False
    said = yaml.dump({key: value}, Dumper=dumper, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=100)
    return str(said).rstrip()


def _written(value: Any) -> Any:
    """Plain data as a policy spells it: kebab-case keys, lists for tuples, whole numbers without a point."""
    if isinstance(value, Decimal) and value == int(value):
        return int(value)
    if isinstance(value, Mapping):
        return {str(key).replace("_", "-"): _written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return value
