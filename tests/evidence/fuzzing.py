"""Changes real bundles by chance, again and again from one seed, and asks the verifier: none may be accepted, crash it or hold it up.

Most changes would stop at the first checksum, so the rest of the bundle is made right again to a depth that is chosen each time:
the archive, the manifest, a signature by an unknown key, or even one by the key that is trusted.
"""

from __future__ import annotations

import copy
import json
import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gates import canonical
from gates.cli import answers, output
from gates.errors import BundleError, GatesError, VerifyCode
from gates.evidence import archive, bundle, trust_file
from gates.evidence.follows import made_by_this_version
from gates.evidence.verify import Expectation, Verification, verify
from gates.report import html
from tests.evidence.forging import Forge, Members, closed, signed

#: No answer may take longer, in seconds of CPU.
SLOW = 5.0
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_LENGTHS = (1, 2, 4, 16, 100, 5000)
_TEXTS = ("", "\x1b[2J", "\u202e", "::error::x", "<script>", "../x", "a" * 70_000, "1e9999", "9" * 5000, "-0", "fp1:", "é", "2026-11-28")
_VALUES: tuple[Any, ...] = (None, True, False, 0, -1, 1, 2**31, 2**53 - 1, 2**53, 10**400, 0.5, [], {}, [[]], *_TEXTS)
_BYTES = (
    b"",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"{",
    b"[" * 70_000,
    b'"',
    b"\\ud800",
    b"NaN",
    b"<a>" * 20_000,
    b"PK\x03\x04",
    b"PK\x05\x06",
)


@dataclass(slots=True)
class Tally:
    """What was tried, how often, and what came of it. `found` are the faults, each with the number of the try that shows it."""

    answers: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    slowest: float = 0.0

    @property
    def tries(self) -> int:
        return self.answers.total()


class Fuzzer:
    """Tries by number: the same seed and number make the same change."""

    def __init__(self, forge: Forge, seed: int, scratch: Path) -> None:
        self._forge = forge
        self._seed = seed
        self._path = scratch / "changed.zip"
        self._trust = scratch / "trust.yaml"
        for name in ("release.pub", "enemy.pub"):
            (scratch / name).write_bytes((forge.folder / name).read_bytes())
        self._pools = [bundle_.unsigned for bundle_ in (forge.good, forge.bad, forge.weak, forge.other)]
        self._signed = forge.members

    def run(self, numbers: Iterator[int], tally: Tally) -> Tally:
        for number in numbers:
            chance = random.Random(f"{self._seed}/{number}")
            begun = time.process_time()
            try:
                answer = self._one(chance)
            except Exception as error:  # noqa: BLE001 (whatever it is, it is a fault)
                answer = f"raised {type(error).__name__}"
                place = traceback.extract_tb(error.__traceback__)[-1]
                tally.found.append(f"{number}: {type(error).__name__}: {str(error)[:300]} ({Path(place.filename).name}:{place.lineno})")
            spent = time.process_time() - begun
            tally.slowest = max(tally.slowest, spent)
            if spent > SLOW:
                tally.found.append(f"{number}: took {spent:.1f} s")
            if "fault: " in answer:
                tally.found.append(f"{number}: {answer}")
            tally.answers[answer] += 1
        return tally

    def _one(self, chance: random.Random) -> str:
        ways = (self._bytes, self._headers, self._damaged, self._closed, self._signed_anew, self._signed_by_us, self._envelope)
        way = chance.choices((*ways, self._trust_file), (2, 2, 1, 4, 2, 6, 3, 1))[0]
        try:
            content = way(chance)
        except (BundleError, KeyError, RecursionError, TypeError, ValueError):
            return f"{way.__name__[1:]}: can't be made"  # beyond what an archive or canonical JSON can hold
        if way == self._trust_file:
            return self._read_trust(content)
        return f"{way.__name__[1:]}: {self._asked(content, by_us=way == self._signed_by_us)}"

    # -- ways in

    def _bytes(self, chance: random.Random) -> bytes:
        return _spoilt(chance, self._forge.content)

    def _headers(self, chance: random.Random) -> bytes:
        """Fields of the archive's headers, which lie at the marks."""
        content = bytearray(self._forge.content)
        marks = [found.start() for found in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", content)]
        for _ in range(chance.choice((1, 1, 2, 3))):
            place = chance.choice(marks) + chance.randrange(46)
            width = chance.choice((1, 2, 4))
            value = chance.choice((0, 1, 8, 0x7F, 0xFF, 0x800, 0xFFFF, 0xFFFFFFFF, chance.getrandbits(32)))
            content[place : place + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        return bytes(content)

    def _damaged(self, chance: random.Random) -> bytes:
        return archive.pack(self._changed(chance, self._signed))

    def _closed(self, chance: random.Random) -> bytes:
        return archive.pack(closed(self._changed(chance, self._signed)))

    def _signed_anew(self, chance: random.Random) -> bytes:
        return archive.pack(signed(closed(self._changed(chance, self._signed)), self._forge.enemy))

    def _signed_by_us(self, chance: random.Random) -> bytes:
        """The worst day: whoever has the key signs what was changed. What it says must follow all the same."""
        return archive.pack(signed(closed(self._changed(chance, chance.choice(self._pools))), self._forge.key))

    def _envelope(self, chance: random.Random) -> bytes:
        name = chance.choice(sorted(set(self._signed) & bundle.SIGNATURES))
        return archive.pack({**self._signed, name: _json_or_bytes(chance, self._signed[name], self._signed)})

    def _trust_file(self, chance: random.Random) -> bytes:
        return _spoilt(chance, (self._forge.folder / "trust.yaml").read_bytes())

    # -- changes

    def _changed(self, chance: random.Random, members: Members) -> Members:
        members = dict(members)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            names = sorted(name for name in members if name not in bundle.SIGNATURES and name != "manifest.json")
            name, other = chance.choice(names), chance.choice(names)
            match chance.randrange(12):
                case 0:
                    members.pop(name)
                case 1:
                    members[name], members[other] = members[other], members[name]
                case 2:
                    members[f"{name.rpartition('/')[0]}/{chance.choice(('x.json', 'observe.json', 'tests.json'))}".strip("/")] = members[
                        other
                    ]
                case 3:
                    pool = chance.choice(self._pools)
                    members[name] = pool.get(name, members[name])
                case 4:
                    manifest = _json_or_bytes(chance, members["manifest.json"], members)
                    members["manifest.json"] = manifest if _is_object(manifest) else members["manifest.json"]
                case _:
                    members[name] = _json_or_bytes(chance, members[name], members)
        return members

    # -- the question

    def _read_trust(self, content: bytes) -> str:
        """Whatever the trust file is: the keys that it is about, or an error in words."""
        self._trust.write_bytes(content)
        try:
            found = trust_file.read(self._trust)
        except GatesError as error:
            return f"trust file: refused with {int(error.exit_code)}"
        known = {self._forge.key.public.id, self._forge.enemy.public.id}
        return "trust file: read" if {item.key.id for item in found.keys} <= known else "fault: a key from nowhere"

    def _asked(self, content: bytes, *, by_us: bool) -> str:
        self._path.write_bytes(content)
        expected = Expectation(trusted=self._forge.trusted, signed=True) if by_us else self._forge.expected
        found = verify(self._path, expected, lambda record: html.render(record, bundle=None))
        fault = _fault(found)
        if not fault and found.code < VerifyCode.NOT_INTACT and content != self._forge.content:
            fault = _unlike(found) if by_us else "something else was accepted"
        if not fault and found.contents is not None:
            fault = self._reports(found)
        return f"fault: {fault}" if fault else f"code {int(found.code)}"

    def _reports(self, found: Verification) -> str:
        """What a person is shown of a bundle that is intact, whatever else it is."""
        assert found.contents is not None
        record = found.contents.record
        for kind in ("text", "json", "markdown", "sarif", "junit", "github"):
            shown = output.render(kind, record, bundle=None, code=0)
            if kind == "text" and _CONTROL.search(shown):
                return f"{kind} shows control characters"
        return ""


def _fault(found: Verification) -> str:
    text, document = answers.text(found, None, color=False), answers.document(found, None, found.code)
    json.loads(document)
    if _CONTROL.search(text) or _CONTROL.search(document):
        return "control characters are shown"
    return "very much is said" if len(text) > 20_000 else ""


def _unlike(found: Verification) -> str:
    """What was accepted has to be, byte for byte, what a run writes that says the same."""
    contents = found.contents
    assert contents is not None
    if not made_by_this_version(contents):
        return ""  # nobody here can tell how that one writes
    written = bundle.members_of(contents.record, contents.sources, contents.raw)
    other = [name for name in written if contents.members.get(name) != written[name]]
    return f"{other[0]} was accepted, and no run writes it so" if other else ""


def _is_object(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False


def _spoilt(chance: random.Random, content: bytes) -> bytes:
    """A few bytes changed, inserted, taken out, doubled or moved."""
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        start = chance.randrange(len(content) + 1)
        end = min(len(content), start + chance.choice(_LENGTHS))
        match chance.randrange(6):
            case 0:
                content = content[:start] + bytes([chance.randrange(256)]) + content[start + 1 :]
            case 1:
                content = content[:start] + chance.choice(_BYTES) + content[start:]
            case 2:
                content = content[:start] + content[end:]
            case 3:
                content = content[:end] + content[start:]
            case 4:
                content = content[:start] + chance.randbytes(end - start) + content[end:]
            case _:
                other = chance.randrange(len(content) + 1)
                content = content[:start] + content[other : other + end - start] + content[end:]
    return content


def _json_or_bytes(chance: random.Random, content: bytes, members: Members) -> bytes:
    """The content with other data where it is JSON (mostly written canonically), else with other bytes."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return _spoilt(chance, content)
    if chance.randrange(6) == 0:
        return _spoilt(chance, content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        data = _restructured(chance, data, members)
    write: Callable[[Any], bytes] = canonical.dumps if chance.randrange(8) else lambda value: json.dumps(value).encode()
    try:
        return write(data)
    except (ValueError, RecursionError):
        return json.dumps(data).encode("utf-8", "replace")


def _restructured(chance: random.Random, data: Any, members: Members) -> Any:
    places = list(_places(data))
    if not places:
        return chance.choice(_VALUES)
    holder, key = chance.choice(places)
    match chance.randrange(9):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        case 1:
            holder[chance.choice((f"{key}x", "", "gate", "é", "a" * 300, "\x1b[0m"))] = holder.pop(key)
        case 2 if isinstance(holder, list):
            chance.shuffle(holder)
        case 3:
            other, where = chance.choice(places)
            holder[key] = copy.deepcopy(other[where]) if where in other or isinstance(other, list) else None
        case 4:
            for _ in range(chance.choice((1, 70, 900))):
                holder[key] = [holder[key]]
        case 5 if isinstance(holder[key], int) and not isinstance(holder[key], bool):
            holder[key] += chance.choice((-1, 1, 2**32))
        case 6 if isinstance(holder[key], str):
            holder[key] = holder[key] + chance.choice(_TEXTS) if chance.randrange(2) else holder[key][::-1]
        case 7:
            name = chance.choice(sorted(name for name in members if name.endswith(".json")))
            holder[key] = json.loads(members[name]) if _is_object(members[name]) else None
        case _:
            holder[key] = copy.deepcopy(chance.choice(_VALUES))
    return data


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every value inside the data, as what holds it and its key there."""
    waiting = [data]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            yield holder, key
            waiting.append(holder[key])
