"""The files of a contract as trees of YAML nodes, each read once; what would exhaust a reader, or leads out, is refused before.

Whoever changes a contract chooses what its readers do: the engine follows every reference and expands every alias.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import yaml

#: Deeper than anything that a person writes; the composer of libyaml, a function that calls itself, dies of some ten thousand.
MAX_DEPTH = 200
MAX_BYTES = 32 * 2**20
#: Values of one document once its aliases stand for what they name.
MAX_VALUES = 5_000_000
#: Keys whose value can lead a reader of schemas to another place.
_LEADING = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "operationRef", "externalValue"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class ContractError(Exception):
    """The contract can't be read: what is wrong and where."""


class Documents:
    """The documents of one contract, all of them in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._read: dict[Path, yaml.MappingNode] = {}

    def document(self, path: Path) -> yaml.MappingNode:
        """The root node of a file, with the place of everything in it."""
        path = path.resolve()
        if not path.is_relative_to(self.folder):
            raise ContractError(f"{path.name} leads out of the repository")
        if path not in self._read:
            self._read[path] = self._parse(path)
        return self._read[path]

    def check_references(self, path: Path) -> None:
        """Raise where this document, or one that it refers to, refers to a file of the machine outside of the folder.

        What is on the network is left to the engine, and so is a file that is not there.
        """
        waiting, seen = [path.resolve()], set[Path]()
        while waiting:
            path = waiting.pop()
            seen.add(path)
            for reference, line in leading(self.document(path)):
                address = unquote(reference.partition("#")[0])
                scheme = _SCHEME.match(address)
                if "\0" in address or (scheme and scheme[1].lower() == "file"):
                    raise ContractError(f"{self._name(path)}:{line} has a {reference!r}, which leads out of the repository")
                target = path if scheme else (path.parent / address).resolve()
                if target not in seen and target.is_file():
                    waiting.append(target)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _parse(self, path: Path) -> yaml.MappingNode:
        name = self._name(path)
        text = _text(path, name)
        if text.lstrip().startswith("{"):
            # JSON is YAML but for tabs as white space and halves of surrogate pairs; no operation's place depends on either.
            text = re.sub(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}", "?", text.replace("\t", " "))
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            if any(depth > MAX_DEPTH for depth in _depths(yaml.parse(text, Loader=loader))):
                raise ContractError(f"{name} nests its values more than {MAX_DEPTH} deep")
            root = yaml.compose(text, Loader=loader)
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            raise ContractError(f"{name}{line} is neither YAML nor JSON: {error.problem}") from error
        except yaml.YAMLError as error:
            raise ContractError(f"{name} is neither YAML nor JSON") from error
        if not isinstance(root, yaml.MappingNode):
            raise ContractError(f"{name} holds no contract")
        if _size(root, name, {}) > MAX_VALUES:
            raise ContractError(f"{name} has aliases that multiply: it stands for more than {MAX_VALUES:,} values")
        return root


def _text(path: Path, name: str) -> str:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ContractError(f"{name} can't be read: it is no file")
        if about.st_size > MAX_BYTES:
            raise ContractError(f"{name} is larger than {MAX_BYTES // 2**20} MiB")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{name} can't be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error


def _depths(events: Iterator[yaml.Event]) -> Iterator[int]:
    """How many lists and mappings stand around each place; read no further than it is asked for: the parser slows with the depth."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        yield depth


def _size(node: yaml.Node, name: str, known: dict[yaml.Node, int]) -> int:
    """How many values a node stands for. An alias is the very node that it names, so each is counted once and added often."""
    if node not in known:
        known[node] = 0
        known[node] = 1 + sum(_size(child, name, known) for child in _children(node))
    elif known[node] == 0:
        raise ContractError(f"{name}:{node.start_mark.line + 1} holds itself: an alias leads back to what it stands in")
    return known[node]


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def leading(root: yaml.Node) -> Iterator[tuple[str, int]]:
    """Every value that can lead a reader somewhere else, with its line, which counts from 1."""
    waiting, seen = [root], {root}
    while waiting:
        node = waiting.pop()
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode) and key.value in _LEADING:
                yield value.value, value.start_mark.line + 1
        new = set(_children(node)) - seen
        seen |= new
        waiting += new


@cache
def pairs(node: yaml.Node) -> tuple[tuple[yaml.ScalarNode, yaml.Node], ...]:
    """Keys and values of a mapping, after those merged by `<<` that it has not itself; nothing for any other node.

    Keys that are no scalars (YAML has them, JSON hasn't) are left out. Each node is looked at once: merges of merges can multiply.
    """
    listed = node.value if isinstance(node, yaml.MappingNode) else ()
    scalars = [(key, value) for key, value in listed if isinstance(key, yaml.ScalarNode)]
    own = [pair for pair in scalars if pair[0].value != "<<"]
    taken, added = {key.value for key, _ in own}, list[tuple[yaml.ScalarNode, yaml.Node]]()
    for _, value in (pair for pair in scalars if pair[0].value == "<<"):
        for merged in value.value if isinstance(value, yaml.SequenceNode) else (value,):
            new = [pair for pair in pairs(merged) if pair[0].value not in taken]
            added += new
            taken |= {key.value for key, _ in new}
    return (*added, *own)


def entries(node: yaml.Node) -> dict[str, yaml.Node]:
    """Keys of a mapping as text, and their values; of a key that stands twice the last."""
    return {key.value: value for key, value in pairs(node)}
