"""Looks at a repository and writes the policy that fits it: what `gates init` saves, and `gates run` uses where there is none."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gates import registry
from gates.adapters import files, git
from gates.api import Gate, Suggestion, Survey

_HEADER = """\
# What a change has to pass, read by Quality Gates (`gates run`). All that can stand here: docs/policy.md,
# `gates policy schema` for editors, and `gates policy show` for what follows from it.
version: 1
extends: [baseline]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A policy file's text, and the names of the gates that it switches on."""

    text: str
    gates: tuple[str, ...]


def propose(root: Path) -> Proposal:
    """A policy for the repository at `root`, made of what each gate finds there. The same tree gives the same text."""
    survey = look(root)
    found: dict[str, Suggestion] = {}
    missing: list[Gate] = []
    for gate in registry.every():
        suggestion = gate.detect(survey) if gate.detect else None
        if suggestion is not None:
            found[gate.id] = suggestion
        elif gate.detect:
            missing.append(gate)
    return Proposal(text=_text(found, missing), gates=tuple(found))


def look(root: Path) -> Survey:
    """The repository's root and its files, as every gate's `detect` is shown them."""
    listed = git.list_files(root)
    names = files.walk(root) if listed is None else (name for name in listed if (root / name).is_file())
    return Survey(root=root, files=tuple(names))


def _text(found: Mapping[str, Suggestion], missing: list[Gate]) -> str:
    parts = [_HEADER, "gates:" if found else "gates: {}"]
    for name, suggestion in found.items():
        parts.append(_comments(suggestion.comments) + _gate(name, suggestion.options))
    if missing:
        names = ", ".join(gate.id for gate in missing)
        parts.append(
            textwrap.indent(textwrap.fill(f"Nothing was found here for: {names}. docs/gates/ says how to switch each on.", 96), "  # ")
        )
    return "\n".join(parts) + "\n"


def _comments(lines: tuple[str, ...]) -> str:
    wrapped = [part for line in lines for part in textwrap.wrap(line, 96)]
    return "".join(f"  # {part}\n" for part in wrapped)


def _gate(name: str, options: Mapping[str, Any]) -> str:
    if not options:
        return f"  {name}: {{}}"
    import yaml

    body = yaml.safe_dump({"options": _written(options)}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    return f"  {name}:\n{textwrap.indent(body.rstrip(), '    ')}"


def _written(value: Any) -> Any:
    """Options as a policy spells them: kebab-case keys, lists for tuples."""
    if isinstance(value, Mapping):
        return {str(key).replace("_", "-"): _written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return value
