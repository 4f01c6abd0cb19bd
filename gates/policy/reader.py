"""Reads one policy file: walks the table over its nodes and gathers everything that is wrong, each with its place."""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import gates
from gates import codec
from gates.dataclass import dataclass
from gates.errors import Problem
from gates.model import PolicySource
from gates.policy import syntax
from gates.policy.entry import Entry, Later, plain
from gates.policy.nodes import Keys, ListOf, MapOf, Node, OfGate, OneOrMany
from gates.policy.scalars import WrongError, is_nothing, read_scalar, says
from gates.policy.syntax import Items, Pairs, Place, Refused, Scalar, problem
from gates.policy.table import POLICY


@dataclass(frozen=True, slots=True)
class Document:
    """A policy file as it was read. `root` holds what could be read, None where nothing could."""

    source: PolicySource
    root: Entry | None
    problems: tuple[Problem, ...]


@lru_cache(maxsize=64)
def read(source: PolicySource) -> Document:
    """The file's tree and all that is wrong in it. Parts that depend on a gate are left for later (`Later`)."""
    root, problems = read_table(source.name, source.content, POLICY)
    if root is not None and isinstance(root.value, dict):
        _check_requires(root, problems)
    return Document(source, root, tuple(problems))


def read_table(name: str, content: bytes, table: Keys, noun: str = "the policy") -> tuple[Entry | None, list[Problem]]:
    """The tree of any file that a table describes, None where nothing could be read, and all that is wrong in it."""
    node, problems = syntax.parse(name, content)
    if node is None:
        return None, problems
    walk = _Walk(problems, noun)
    return walk.read(node, table, "", node.place), walk.problems


def suggest(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` where one of the known words is near, else nothing."""
    near = difflib.get_close_matches(word, list(known), 1, 0.7)
    return f", did you mean {near[0]!r}?" if near else ""


def _check_requires(root: Entry, problems: list[Problem]) -> None:
    requires = root.get("requires")
    if requires is None:
        return
    specifiers = importlib.import_module("packaging.specifiers")  # slow to load, and seldom needed
    try:
        wanted = specifiers.SpecifierSet(requires.value.removeprefix("quality-gates").strip())
    except specifiers.InvalidSpecifier:
        problems.append(problem(f"{requires.value!r} is not a requirement", requires.place, 'write it as in "quality-gates>=1.0"'))
        return
    if not wanted.contains(gates.__version__, prereleases=True):
        error = f"this policy requires {requires.value!r}, and this is quality-gates {gates.__version__}"
        problems.append(problem(error, requires.place, f"pip install {requires.value!r}"))


class _Walk:
    """One walk over a tree of nodes. `path` is the dotted key that messages name."""

    def __init__(self, problems: list[Problem], noun: str = "the policy") -> None:
        self.problems = problems
        self.noun = noun

    def read(self, node: syntax.Node, table: Node, path: str, place: Place) -> Entry:
        """The entry of a node; `place` is that of its key."""
        if isinstance(node, Refused):
            return Entry(None, place)
        match table:
            case OfGate():
                return Entry(Later(_later(node, path, place)), place)
            case Keys():
                return self._keys(node, table, path, place)
            case MapOf():
                return self._map(node, table, path, place)
            case ListOf():
                return self._list(node, table, path, place)
            case OneOrMany(of=of):
                many = isinstance(node, Items)
                return self._list(node, ListOf(of=of, at_least=1), path, place) if many else self._single(node, of, path, place)
        return self._scalar(node, table, path, place)

    def _single(self, node: syntax.Node, table: Node, path: str, place: Place) -> Entry:
        entry = self.read(node, table, path, place)
        return Entry(None if entry.value is None else [entry], place)

    # -- mappings and lists

    def _pairs(self, node: syntax.Node, path: str) -> list[tuple[str, Place, syntax.Node]] | None:
        """The keys of a mapping with their places and values; None (and a problem) where it is none."""
        if not isinstance(node, Pairs):
            self._expected("a mapping of keys", node, path, "write `{}` for an empty one")
            return None
        seen: dict[str, Place] = {}
        found = []
        for key, value in node.pairs:
            if not isinstance(key, Scalar):
                self._say("a key has to be a word", key.place, "write `key: value`")
            elif key.text == "<<" and key.plain:
                self._say("merge keys ('<<') are not allowed", key.place, "write the keys out, or use `extends` or `defaults`")
            elif key.text in seen:
                first = seen[key.text]
                self._say(f"duplicate key {key.text!r}, first at line {first.line}", key.place, "keep one of the two")
            else:
                seen[key.text] = key.place
                found.append((key.text, key.place, value))
        return found

    def _keys(self, node: syntax.Node, table: Keys, path: str, place: Place) -> Entry:
        pairs = self._pairs(node, path)
        if pairs is None:
            return Entry(None, place)
        before = len(self.problems)
        values: dict[str, Entry] = {}
        for name, where, value in pairs:
            key = table.find(name)
            if key is None:
                self._unknown(name, where, table, path)
            else:
                values[name] = self.read(value, key.of, _join(path, name), where)
        for key in table.keys:
            if key.required and not table.partial and key.name not in values:
                self._say(f"{path or self.noun} needs the key '{key.name}'", place, key.help)
        if table.some and len(self.problems) == before and not any(name in values for name in table.some):
            self._say(f"{path or self.noun} needs one of {', '.join(table.some)}", place, "without one of them it says nothing")
        entry = Entry(values, place)
        if table.build is not None and len(self.problems) == before:
            self._build(table.build, table, entry, path)
        return entry

    def _unknown(self, name: str, place: Place, table: Keys, path: str) -> None:
        within = f" in {path}" if path else ""
        if name in table.planned:
            self._say(f"'{name}' is planned and not built yet", place, "remove it: what is not built would protect nobody")
            return
        known = [key.name for key in table.keys]
        self._say(f"unknown key {name!r}{within}{suggest(name, known)}", place, f"known here: {', '.join(known)}")

    def _build(self, cls: type, table: Keys, entry: Entry, path: str) -> None:
        """Hold a mapping against its dataclass's own rules."""
        try:
            codec.decode(cls, plain(table, entry), path)
        except ValueError as error:
            self._say(str(error), entry.place, "see the gate's options")

    def _map(self, node: syntax.Node, table: MapOf, path: str, place: Place) -> Entry:
        pairs = self._pairs(node, path)
        if pairs is None:
            return Entry(None, place)
        values = {}
        for name, where, value in pairs:
            if not re.fullmatch(table.name.pattern, name) or len(name) > 64:
                self._say(f"{name!r} can't be the name of a {table.noun}", where, f"expected {table.name.says}, at most 64 characters")
            else:
                values[name] = self.read(value, table.of, _join(path, name), where)
        return Entry(values, place)

    def _list(self, node: syntax.Node, table: ListOf, path: str, place: Place) -> Entry:
        if not isinstance(node, Items):
            self._expected("a list", node, path, "write `[a, b]`, or a line with `- ` for each")
            return Entry(None, place)
        if len(node.items) < table.at_least:
            self._say(f"{path} is an empty list", place, "name at least one, or remove the key")
        return Entry([self.read(item, table.of, f"{path}[{index}]", item.place) for index, item in enumerate(node.items)], place)

    # -- scalars

    def _scalar(self, node: syntax.Node, table: Node, path: str, place: Place) -> Entry:
        try:
            if not isinstance(node, Scalar) or is_nothing(node):
                raise WrongError(says(table), f"write {says(table)}, or remove the key")
            return Entry(read_scalar(node, table), place, node.text)
        except WrongError as wrong:
            self._expected(wrong.expected, node, path, wrong.help)
            return Entry(None, place)

    def _expected(self, what: str, node: syntax.Node, path: str, help: str) -> None:
        self._say(f"{path or self.noun} has to be {what}, not {_shown(node)}", node.place, help)

    def _say(self, error: str, place: Place, help: str) -> None:
        self.problems.append(problem(error, place, help))


def _later(node: syntax.Node, path: str, place: Place) -> Callable[[Node], tuple[Entry, list[Problem]]]:
    def read_it(table: Node) -> tuple[Entry, list[Problem]]:
        walk = _Walk([])
        return walk.read(node, table, path, place), walk.problems

    return read_it


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(node: syntax.Node) -> str:
    match node:
        case Scalar(text=text):
            return "empty" if is_nothing(node) else repr(text if len(text) <= 60 else f"{text[:60]}…")
        case Items():
            return "a list"
    return "a mapping"
