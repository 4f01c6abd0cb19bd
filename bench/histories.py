"""How well findings of `accessibility` and `dependencies` are told new from old on made-up changes, of which the truth is known.

A site of pages, or a folder of lock files, is made by chance and then changed by chance: things are added, taken out, moved,
renamed, edited, mended. Each keeps a number of its own through all that, so it is known of each fault whether the change brought it.
Both states are commits of a real repository, and are compared as `gates run --base` compares them. What the engine would find is said
by a stand-in, in no time; of some changes by axe-core and pip-audit themselves.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for the tests, which are no part of the package

from gates import canonical, redact, registry  # noqa: E402
from gates.api import Examined, Facts, Gate, Location, ObserveContext, Raw, Severity  # noqa: E402
from gates.change.base import Base  # noqa: E402
from gates.change.compare import Here, against  # noqa: E402
from gates.facts import read_facts  # noqa: E402
from gates.judge.match import match  # noqa: E402
from gates.model import PolicySource, Stage, State, Status  # noqa: E402
from gates.observe import Observed, Progress, Setting, observe, redacted  # noqa: E402
from gates.plan import plan  # noqa: E402
from gates.policy.compose import compose  # noqa: E402
from gates.runners.accessibility.visits import lines_of  # noqa: E402
from tests.repository import Repository  # noqa: E402

#: A fault: its rule, and the number of the thing that has it.
Fault = tuple[str, int]
#: Where something is wrong, in words: a rule and a page, or an advisory and a package.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding as the stand-in for an engine tells it, and the numbers of the things that it is about."""

    rule: str
    location: Location
    identity: tuple[str, ...]
    about: frozenset[int]


class World:
    """Something that is changed by chance."""

    gate: str
    options: Mapping[str, Any]

    def files(self) -> dict[str, str]:
        """The text of each file by its path."""
        raise NotImplementedError

    def told(self) -> Iterator[Told]:
        """What the engine finds in them."""
        raise NotImplementedError

    def edits(self) -> Sequence[Callable[[random.Random], None]]:
        """What may be done to it; one that finds nothing to do does nothing."""
        raise NotImplementedError

    def faults(self) -> set[Fault]:
        return {(told.rule, number) for told in self.told() for number in told.about}


# -- pages -------------------------------------------------------------------------------------

#: Of each rule of axe-core: an element that breaks it, and its name in a selector where its word stands in the page once.
FAULTS = {
    "image-alt": ('<img src="pictures/{word}.gif">', 'img[src$="{word}.gif"]'),
    "link-name": ('<a href="/{word}"></a>', 'a[href$="{word}"]'),
    "label": ('<input name="{word}">', 'input[name="{word}"]'),
    "color-contrast": ('<p style="color: #999">{text}</p>', ""),
}
GOOD = "<p>{text}</p>"
_TEXTS = ("tea", "pot", "kettle", "leaf", "cup", "saucer", "lemon", "honey", "milk", "spoon", "tray", "steam")


@dataclass(kw_only=True)
class Element:
    """An element by its number: which rule it breaks (empty: none), the word and the text in it."""

    number: int
    rule: str
    word: str
    text: str

    def html(self) -> str:
        return (FAULTS[self.rule][0] if self.rule else GOOD).format(word=self.word, text=self.text)


@dataclass(kw_only=True)
class Box:
    """Elements of a page one below the other, in so many boxes."""

    elements: list[Element]
    depth: int = 1


class Site(World):
    """Pages of a static site, each a list of boxes."""

    gate = "accessibility"
    options: Mapping[str, Any] = {"serve": {"directory": "public"}, "pages": ["**/*.html"]}

    def __init__(self, chance: random.Random) -> None:
        self._number = 0
        self.pages: dict[str, list[Box]] = {}
        for _ in range(chance.randint(1, 3)):
            self.add_page(chance)

    def files(self) -> dict[str, str]:
        return {f"public/{name}.html": "\n".join(line for line, _ in _lines(name, boxes)) + "\n" for name, boxes in self.pages.items()}

    def told(self) -> Iterator[Told]:
        for name, boxes in self.pages.items():
            lines = list(_lines(name, boxes))
            text = "\n".join(line for line, _ in lines)
            every = [element for box in boxes for element in box.elements]
            by_rule: dict[str, list[Element]] = {}
            for element in every:
                by_rule.setdefault(element.rule, []).append(element)
            found = {
                id(element): line
                for alike in by_rule.values()
                for element, line in zip(alike, lines_of([element.html() for element in alike], text), strict=True)
            }
            for place, box in enumerate(boxes, 1):
                for index, element in enumerate(box.elements, 1):
                    if element.rule:
                        yield self._told(name, element, self._selector(element, place, index, box, every), found[id(element)])

    def _told(self, name: str, element: Element, selector: str, line: int | None) -> Told:
        location = Location(url=f"/{name}.html", selector=selector, path=f"public/{name}.html", line=line)
        return Told(rule=element.rule, location=location, identity=(f"/{name}.html", selector), about=frozenset({element.number}))

    def _selector(self, element: Element, place: int, index: int, box: Box, every: Sequence[Element]) -> str:
        """As axe-core makes it: by an attribute that is the only one of its kind, else by the place in the page."""
        pattern = FAULTS[element.rule][1]
        if pattern and sum((other.rule, other.word) == (element.rule, element.word) for other in every) == 1:
            return pattern.format(word=element.word)
        tag = element.html()[1:].partition(" ")[0]
        return " > ".join([f"div:nth-child({place})", *["div"] * (box.depth - 1), f"{tag}:nth-child({index})"])

    def edits(self) -> Sequence[Callable[[random.Random], None]]:
        often = (self.add_good, self.add_faulty, self.remove, self.move, self.wrap, self.reword_good)
        return (
            *often,
            *often,
            self.reword_faulty,
            self.mend,
            self.spoil,
            self.copy_element,
            self.rename_page,
            self.add_page,
            self.drop_page,
        )

    def _new(self, chance: random.Random, *, faulty: bool) -> Element:
        self._number += 1
        text = " ".join([*chance.choices(_TEXTS, k=3), str(self._number)])
        rule = chance.choice(sorted(FAULTS)) if faulty else ""
        return Element(number=self._number, rule=rule, word=f"{chance.choice(_TEXTS)}-{self._number}", text=text)

    def _any(self, chance: random.Random, *, faulty: bool | None = None) -> tuple[Box, int] | None:
        found = [
            (box, index)
            for boxes in self.pages.values()
            for box in boxes
            for index, element in enumerate(box.elements)
            if faulty is None or bool(element.rule) is faulty
        ]
        return chance.choice(found) if found else None

    def _box(self, chance: random.Random) -> Box:
        return chance.choice([box for boxes in self.pages.values() for box in boxes])

    def _put(self, chance: random.Random, element: Element, box: Box) -> None:
        box.elements.insert(chance.randint(0, len(box.elements)), element)

    def add_good(self, chance: random.Random) -> None:
        self._put(chance, self._new(chance, faulty=False), self._box(chance))

    def add_faulty(self, chance: random.Random) -> None:
        self._put(chance, self._new(chance, faulty=True), self._box(chance))

    def remove(self, chance: random.Random) -> None:
        if (found := self._any(chance)) is not None:
            del found[0].elements[found[1]]

    def move(self, chance: random.Random) -> None:
        """To another place of the same page."""
        name = chance.choice(sorted(self.pages))
        full = [box for box in self.pages[name] if box.elements]
        if full:
            box = chance.choice(full)
            element = box.elements.pop(chance.randrange(len(box.elements)))
            self._put(chance, element, chance.choice(self.pages[name]))

    def wrap(self, chance: random.Random) -> None:
        self._box(chance).depth += 1

    def reword_good(self, chance: random.Random) -> None:
        self._reword(chance, faulty=False)

    def reword_faulty(self, chance: random.Random) -> None:
        self._reword(chance, faulty=True)

    def _reword(self, chance: random.Random, *, faulty: bool) -> None:
        if (found := self._any(chance, faulty=faulty)) is not None:
            element = found[0].elements[found[1]]
            found[0].elements[found[1]] = dataclasses.replace(element, text=" ".join([*chance.choices(_TEXTS, k=4), str(element.number)]))

    def mend(self, chance: random.Random) -> None:
        if (found := self._any(chance, faulty=True)) is not None:
            found[0].elements[found[1]] = dataclasses.replace(found[0].elements[found[1]], rule="")

    def spoil(self, chance: random.Random) -> None:
        if (found := self._any(chance, faulty=False)) is not None:
            found[0].elements[found[1]] = dataclasses.replace(found[0].elements[found[1]], rule=chance.choice(sorted(FAULTS)))

    def copy_element(self, chance: random.Random) -> None:
        """What is copied is there once more, so it is new."""
        if (found := self._any(chance)) is not None:
            self._number += 1
            found[0].elements.append(dataclasses.replace(found[0].elements[found[1]], number=self._number))

    def rename_page(self, chance: random.Random) -> None:
        self._number += 1
        self.pages[f"page-{self._number}"] = self.pages.pop(chance.choice(sorted(self.pages)))

    def add_page(self, chance: random.Random) -> None:
        self._number += 1
        made = [[self._new(chance, faulty=chance.random() < 0.4) for _ in range(chance.randint(3, 8))] for _ in range(chance.randint(1, 3))]
        self.pages[f"page-{self._number}"] = [Box(elements=elements) for elements in made]

    def drop_page(self, chance: random.Random) -> None:
        if len(self.pages) > 1:
            del self.pages[chance.choice(sorted(self.pages))]


def _lines(name: str, boxes: Sequence[Box]) -> Iterator[tuple[str, int | None]]:
    """The lines of a page, and the number of the element on each."""
    yield f'<!doctype html><html lang="en"><head><title>{name}</title></head>', None
    yield '<body style="background: #fff"><h1>Tea</h1>', None
    for box in boxes:
        for depth in range(box.depth):
            yield "  " * depth + "<div>", None
        for element in box.elements:
            yield "  " * box.depth + element.html(), element.number
        for depth in reversed(range(box.depth)):
            yield "  " * depth + "</div>", None
    yield "</body></html>", None


# -- packages ----------------------------------------------------------------------------------

_PACKAGES = ("teapot", "kettle", "saucer", "infuser", "strainer", "samovar")
#: Advisories: package, and from which to before which version it is affected.
ADVISORIES = {f"DEMO-2026-{number:04}": (name, low, high) for number, (name, low, high) in enumerate(
    [(name, low, low + width) for name in _PACKAGES for low, width in ((0, 4), (2, 3), (5, 9))], 1000
)}  # fmt: skip


@dataclass(kw_only=True)
class Pin:
    number: int
    name: str
    version: int


class Locks(World):
    """Requirements files, each a list of pins."""

    gate = "dependencies"
    options: Mapping[str, Any] = {"advisories": "advisories", "max-age": "0d"}

    def __init__(self, chance: random.Random) -> None:
        self._number = 0
        self.locks: dict[str, list[Pin]] = {}
        for _ in range(chance.randint(1, 3)):
            self.add_file(chance)

    def files(self) -> dict[str, str]:
        records = {f"advisories/{id}.json": json.dumps(_record(id, *affected)) for id, affected in ADVISORIES.items()}
        return records | {
            f"{name}/requirements.txt": "".join(f"{pin.name}=={pin.version}.0\n" for pin in pins) or "# nothing\n"
            for name, pins in self.locks.items()
        }

    def told(self) -> Iterator[Told]:
        """One finding for an advisory and a package of a version, whatever files it stands in."""
        places: dict[tuple[str, int], list[tuple[str, int, int]]] = {}
        for name, pins in sorted(self.locks.items()):
            for line, pin in enumerate(pins, 1):
                places.setdefault((pin.name, pin.version), []).append((f"{name}/requirements.txt", line, pin.number))
        for (name, version), found in places.items():
            for id, (affected, low, high) in ADVISORIES.items():
                if affected == name and low <= version < high:
                    location = Location(path=found[0][0], line=found[0][1], purl=f"pkg:pypi/{name}@{version}.0")
                    yield Told(rule=id, location=location, identity=(name, id), about=frozenset(number for _, _, number in found))

    def edits(self) -> Sequence[Callable[[random.Random], None]]:
        return (self.add, self.remove, self.bump, self.bump, self.move, self.shuffle, self.rename_file, self.add_file, self.drop_file)

    def _pin(self, chance: random.Random) -> Pin:
        self._number += 1
        return Pin(number=self._number, name=chance.choice(_PACKAGES), version=chance.randint(1, 9))

    def _any(self, chance: random.Random) -> tuple[list[Pin], int] | None:
        found = [(pins, index) for pins in self.locks.values() for index in range(len(pins))]
        return chance.choice(found) if found else None

    def _put(self, chance: random.Random, pin: Pin) -> None:
        """Into a file that does not name the package yet; nowhere, where each does."""
        free = [pins for pins in self.locks.values() if pin.name not in {other.name for other in pins}]
        if free:
            pins = chance.choice(free)
            pins.insert(chance.randint(0, len(pins)), pin)

    def add(self, chance: random.Random) -> None:
        self._put(chance, self._pin(chance))

    def remove(self, chance: random.Random) -> None:
        if (found := self._any(chance)) is not None:
            del found[0][found[1]]

    def bump(self, chance: random.Random) -> None:
        if (found := self._any(chance)) is not None:
            found[0][found[1]] = dataclasses.replace(found[0][found[1]], version=found[0][found[1]].version + chance.randint(1, 3))

    def move(self, chance: random.Random) -> None:
        """From one file to another."""
        if (found := self._any(chance)) is not None:
            self._put(chance, found[0].pop(found[1]))

    def shuffle(self, chance: random.Random) -> None:
        chance.shuffle(self.locks[chance.choice(sorted(self.locks))])

    def rename_file(self, chance: random.Random) -> None:
        self._number += 1
        self.locks[f"part-{self._number}"] = self.locks.pop(chance.choice(sorted(self.locks)))

    def add_file(self, chance: random.Random) -> None:
        self._number += 1
        names = chance.sample(_PACKAGES, chance.randint(1, 4))
        self.locks[f"part-{self._number}"] = [dataclasses.replace(self._pin(chance), name=name) for name in names]

    def drop_file(self, chance: random.Random) -> None:
        if len(self.locks) > 1:
            del self.locks[chance.choice(sorted(self.locks))]


def _record(id: str, name: str, low: int, high: int) -> dict[str, Any]:
    events = [{"introduced": f"{low}.0" if low else "0"}, {"fixed": f"{high}.0"}]
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    affected["versions"] = [f"{version}.0" for version in range(low, high)]
    return {
        "schema_version": "1.6.0",
        "id": id,
        "modified": "2026-03-02T09:00:00Z",
        "summary": "A lid that is left open",
        "affected": [affected],
    }


# -- one change --------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Tally:
    """What came of the changes that were compared.

    Two kinds can't be told otherwise: `swapped`, where the change took out what has the same identity (a package with that
    advisory, an element with that selector) and is not known to have brought another; `split`, where one finding became two,
    such as a package that two files pin, and one of them at another version now.
    """

    changes: int = 0
    findings: int = 0
    new: int = 0
    false: int = 0
    missed: int = 0
    swapped: int = 0
    split: int = 0
    wrong: list[str] = field(default_factory=list)


def stand_in(gate: Gate, before: World, after: World) -> Gate:
    """The gate with an engine that says what is known to be wrong."""

    def observe_known(context: ObserveContext, _: object) -> None:
        told = (after if context.judged is None else before).told()
        context.raw_json("told.json", [{"rule": item.rule, "identity": item.identity, "location": _plain(item.location)} for item in told])

    def parse_known(raw: Raw) -> Facts:
        findings = [
            raw.finding(
                rule=item["rule"],
                severity=Severity.HIGH,
                message=item["rule"],
                location=Location(**item["location"]),
                identity=item["identity"],
            )
            for item in raw.json("told.json")
        ]
        return raw.facts(examined=Examined(unit=gate.unit, expected=1, done=1), findings=findings)

    return dataclasses.replace(gate, observe=observe_known, parse=parse_known)


def _plain(location: Location) -> dict[str, object]:
    return {key: value for key, value in dataclasses.asdict(location).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The facts of what is checked out and of the base, and the state of each finding against that."""

    facts: Facts
    base: Facts | None
    states: tuple[State, ...]


def compared(gate: Gate, world: World, repository: Repository, base: str, work: Path) -> Sides:
    content = canonical.of({"version": 1, "gates": {world.gate: {"options": {**world.options}}}})
    source = PolicySource(name="gates.yaml", content=content, sha256=canonical.sha256(content))
    policy = compose([source], Stage.CHANGE, registry.find).policy
    (step,) = plan(policy, lambda _: gate)
    setting = Setting(root=repository.root, work=work, environment=os.environ, offline=True)

    def read(observed: Observed) -> dict[str, Facts]:
        return {item.name: read_facts(gate, item.name, redacted(item, redact.Redactor(item.secrets))) for item in observed.observations}

    facts = read(observe([step], setting, jobs=1, progress=Progress()))[world.gate]
    _expect_known(facts)
    here = Here(policy=policy.gates[0], step=step, facts=facts)
    found = against(Base(commit=base, found_by="the base"), setting, [here], read, jobs=1, progress=Progress())
    for item in found.facts:
        _expect_known(item)
    there = found.facts[0] if found.facts else None
    return Sides(facts=facts, base=there, states=match(facts, there, found.change).states)


def _expect_known(facts: Facts) -> None:
    if facts.status is not Status.COMPLETED or facts.reason:
        raise SystemExit(f"{facts.gate} could not tell: {facts.reason}")


def change(make: Callable[[random.Random], World], chance: random.Random) -> tuple[World, World]:
    """A world before and after one to six edits."""
    before = make(chance)
    after = copy.deepcopy(before)
    for _ in range(chance.randint(1, 6)):
        chance.choice(after.edits())(chance)
    return before, after


def compare(make: Callable[[random.Random], World], seed: int, tally: Tally, *, real: bool) -> None:
    """Make a change by chance, compare both sides, and count where the states are not the truth."""
    before, after = change(make, random.Random(seed))
    gate = registry.find(after.gate)
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        base = repository.commit(before.files())
        repository.git("rm", "-r", "-q", ".")
        repository.commit(after.files())
        (work := Path(folder) / "work").mkdir()
        sides = compared(gate if real else stand_in(gate, before, after), after, repository, base, work)
    old = before.faults()
    here = recognized(sides.facts, after, seed)
    there = recognized(sides.base, before, seed) if sides.base else list(before.told())
    pairs = [(item, state is State.NEW) for item, state in zip(here, sides.states, strict=True)]
    false, missed, swapped, split = _sorted_out(pairs, there, old)
    tally.changes += 1
    tally.findings += len(here)
    tally.new += sum(not _is_old(item, old) for item in here)
    tally.false += len(false)
    tally.missed += len(missed)
    tally.swapped += swapped
    tally.split += split
    tally.wrong += [f"seed {seed}: {kind} {place}" for kind, places in (("false", false), ("missed", missed)) for place in places]


def recognized(facts: Facts, world: World, seed: int) -> list[Told]:
    """Of each finding, what it is about: by its line or package; where it has no line, in the order of the file."""
    known: dict[tuple[str, str, int | None], list[Told]] = {}
    for told in world.told():
        known.setdefault((told.rule, *_spot(told.location)), []).append(told)
    found = []
    for finding in facts.findings:
        rule = finding.rule.partition("/")[2]
        left = known.get((rule, *_spot(finding.location)))
        if not left:
            raise SystemExit(f"seed {seed}: nobody knows why the engine found {rule} at {finding.location}")
        found.append(dataclasses.replace(left.pop(0), identity=(finding.location.purl or finding.location.selector or "",)))
    if any(known.values()):
        raise SystemExit(f"seed {seed}: the engine did not find {next(left[0] for left in known.values() if left)}")
    return [dataclasses.replace(item, identity=(_named(item.identity[0]),)) for item in found]


def _spot(location: Location) -> tuple[str, int | None]:
    return (location.purl, 0) if location.purl else (location.url or "", location.line)


def _named(identity: str) -> str:
    """A package without its version; a selector as it is."""
    return identity.rpartition("@")[0] if identity.startswith("pkg:") else identity


def _sorted_out(pairs: Sequence[tuple[Told, bool]], before: Sequence[Told], old: set[Fault]) -> tuple[list[Place], list[Place], int, int]:
    """Where findings that are called new are old, and those that are not are new; and how many of each can't be told otherwise."""
    still = Counter(fault for item, _ in pairs for fault in _faults(item))
    gone = Counter((item.rule, item.identity) for item in before if not any(fault in still for fault in _faults(item)))
    joined = Counter({_faults(item): sum(bool(_faults(item) & _faults(now)) for now, _ in pairs) - 1 for item in before})
    false, missed, swapped, split = [], [], 0, 0
    for item, new in pairs:
        place, is_old = _place(item.rule, item.location), _is_old(item, old)
        was = next((faults for faults in joined if faults & _faults(item)), None)
        if new and is_old and was is not None and joined[was] > 0:
            joined[was] -= 1
            split += 1
        elif new and is_old:
            false.append(place)
        elif not new and not is_old and gone[item.rule, item.identity]:
            gone[item.rule, item.identity] -= 1
            swapped += 1
        elif not new and not is_old:
            missed.append(place)
    return false, missed, swapped, split


def _faults(told: Told) -> frozenset[Fault]:
    return frozenset((told.rule, number) for number in told.about)


def _is_old(told: Told, old: set[Fault]) -> bool:
    return any((told.rule, number) in old for number in told.about)


def _place(rule: str, location: Location) -> Place:
    return rule, str(location)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/histories", description="how well findings are told new from old on made-up changes")
    parser.add_argument("--changes", type=int, default=300, metavar="N", help="so many changes of each kind, by the stand-in")
    parser.add_argument("--real", type=int, default=10, metavar="N", help="so many of them by the real engines as well")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first seed")
    parser.add_argument("--show", action="store_true", help="print each finding that is not told as it is")
    options = parser.parse_args(argv)
    print(f"{'':38}{'changes':>8}{'findings':>9}{'new':>6}{'false new':>10}{'missed':>8}{'swapped':>9}{'split':>7}")
    worlds: tuple[tuple[str, Callable[[random.Random], World]], ...] = (("accessibility", Site), ("dependencies", Locks))
    for name, make in worlds:
        for title, number, real in (("as known", options.changes, False), ("by the engine", options.real, True)):
            tally = Tally()
            for seed in range(options.first, options.first + number):
                compare(make, seed, tally, real=real)
            errors = f"{tally.false:10}{tally.missed:8}{tally.swapped:9}{tally.split:7}"
            print(f"{name + ', ' + title:38}{tally.changes:8}{tally.findings:9}{tally.new:6}{errors}")
            for line in tally.wrong if options.show else ():
                print(f"    {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
