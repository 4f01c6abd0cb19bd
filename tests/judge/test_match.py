"""New, existing, mended: each pass by an example, and what holds of all of them whatever the findings are."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.judge.match import Matched, match
from gates.model import Change, Compared, FileChange, Finding, Hunk, Kind, Location, Place, Severity, State
from tests.judge.making import error, facts, finding

NEW, OLD = State.NEW, State.EXISTING
BASE = "1" * 40


def at(path: str, line: int | None, *, rule: str = "security/B1", severity: Severity = Severity.HIGH, **changes: object) -> Finding:
    found = finding(1, severity=severity, rule=rule, location=Location(path=path, line=line), fingerprint=f"fp1:{path}:{line}")
    return replace(found, **changes)  # type: ignore[arg-type]


def on(path: str, line: int, text: int, *, around: int | None = None, within: int | None = None, values: tuple[int, ...] = ()) -> Place:
    """A place whose neighbours are its own, where nothing else is said."""
    return Place(path=path, line=line, text=text, around=line * 1000 + text if around is None else around, within=within, values=values)


def change(
    *files: FileChange,
    here: Sequence[Place] = (),
    there: Sequence[Place] = (),
    only_changed: bool = True,
    reason: str = "",
    by: str = "line",
) -> Change:
    compared = Compared(gate="security", by="line" if by == "line" else "identity", only_changed=only_changed, reason=reason)
    return Change(base=BASE, found_by="a test", files=files, here=tuple(here), there=tuple(there), gates=(compared,))


def hunk(base_start: int, base_lines: int, start: int, lines: int) -> Hunk:
    return Hunk(base_start=base_start, base_lines=base_lines, start=start, lines=lines)


def held(here: Sequence[Finding], there: Sequence[Finding], between: Change | None) -> list[State]:
    return list(match(facts(*here), facts(*there), between).states)


# -- what is compared at all


def test_without_a_base_everything_is_new() -> None:
    assert match(facts(finding(1), finding(2)), None, None) == Matched(states=(NEW, NEW))


@pytest.mark.parametrize("there", [None, error()])
def test_a_base_that_could_not_tell_makes_nothing_old(there: object) -> None:
    assert match(facts(finding(1)), there, None).states == (NEW,)  # type: ignore[arg-type]
    assert match(facts(finding(1)), there, change(by="identity")).states == (NEW,)  # type: ignore[arg-type]


def test_a_gate_that_is_not_compared_or_can_not_be_has_new_findings_alone() -> None:
    both = at("a.py", 1)
    place = on("a.py", 1, 7)
    assert held([both], [both], change(here=[place], there=[place], reason="it could not tell what was there")) == [NEW]
    assert held([both], [both], replace(change(here=[place], there=[place]), gates=())) == [NEW]


# -- by line


def test_what_stands_in_a_file_that_is_the_same_on_both_sides_was_there_before() -> None:
    assert held([at("a.py", 1), at("b.py", 1)], [], change(FileChange(base="b.py", path="b.py"))) == [OLD, NEW]


def test_a_file_that_is_gone_and_that_something_is_found_in_all_the_same_is_not_unchanged() -> None:
    """Behind a link to another folder git sees no file, and a tool does."""
    assert held([at("a/b.py", 1)], [], change(FileChange(base="a/b.py"))) == [NEW]


def test_unchanged_files_say_nothing_where_the_base_was_looked_at_whole() -> None:
    place = on("a.py", 1, 7)
    whole = change(here=[place], there=[place], only_changed=False)
    assert held([at("a.py", 1)], [at("a.py", 1)], whole) == [OLD]
    assert held([at("a.py", 1)], [], whole) == [NEW]


def test_a_line_that_the_change_kept_is_the_same_wherever_it_stands_now() -> None:
    moved = change(
        FileChange(base="a.py", path="b.py", hunks=(hunk(2, 0, 3, 4),)),
        here=[on("b.py", 9, 7, around=1)],
        there=[on("a.py", 5, 7, around=2)],
    )
    assert held([at("b.py", 9)], [at("a.py", 5)], moved) == [OLD]
    assert held([at("b.py", 9, rule="security/B2")], [at("a.py", 5)], moved) == [NEW]


def test_a_kept_line_with_another_text_is_not_the_same() -> None:
    """As where a private key begins in the line that was kept, and its body was replaced."""
    here, there = [on("a.py", 5, 8)], [on("a.py", 5, 7)]
    assert held([at("a.py", 5)], [at("a.py", 5)], change(FileChange(base="a.py", path="a.py", hunks=()), here=here, there=there)) == [NEW]


def test_the_same_text_in_the_same_file_is_the_same_also_where_it_was_renamed() -> None:
    between = change(
        FileChange(base="a.py", path="b.py", hunks=(hunk(5, 1, 9, 1),)), here=[on("b.py", 9, 7)], there=[on("a.py", 5, 7, around=1)]
    )
    assert held([at("b.py", 9)], [at("a.py", 5)], between) == [OLD]
    elsewhere = replace(between, files=(FileChange(base="a.py"), FileChange(path="b.py")))
    assert held([at("b.py", 9)], [at("a.py", 5)], elsewhere) == [NEW]


@pytest.mark.parametrize("aspect", ["around", "within"])
def test_between_the_same_lines_or_in_the_same_definition_it_is_the_same_in_any_file(aspect: str) -> None:
    files = (FileChange(base="a.py"), FileChange(path="z/b.py"))
    here, there = replace(on("z/b.py", 9, 7), **{aspect: 70}), replace(on("a.py", 5, 8), **{aspect: 70})  # type: ignore[arg-type]
    assert held([at("z/b.py", 9)], [at("a.py", 5)], change(*files, here=[here], there=[there])) == [OLD]


def test_a_short_line_is_not_known_by_its_definition() -> None:
    files = (FileChange(base="a.py"), FileChange(path="b.py"))
    assert held([at("b.py", 9)], [at("a.py", 5)], change(*files, here=[on("b.py", 9, 7)], there=[on("a.py", 5, 8)])) == [NEW]


def test_each_old_finding_covers_one_new_one() -> None:
    file = FileChange(base="a.py", path="a.py", hunks=(hunk(5, 0, 6, 2),))
    here = [on("a.py", line, 7, around=line) for line in (5, 6, 7)]
    found = match(facts(*(at("a.py", line) for line in (5, 6, 7))), facts(at("a.py", 5)), change(file, here=here, there=[on("a.py", 5, 7)]))
    assert found == Matched(states=(OLD, NEW, NEW))


def test_what_the_base_had_beside_is_mended() -> None:
    file = FileChange(base="a.py", path="a.py", hunks=(hunk(5, 1, 4, 0),))
    there = [on("a.py", 4, 6), on("a.py", 5, 7)]
    found = match(facts(at("a.py", 4)), facts(at("a.py", 4), at("a.py", 5)), change(file, here=[on("a.py", 4, 6)], there=there))
    assert found == Matched(states=(OLD,), mended=("fp1:a.py:5",))


def test_a_line_that_nobody_could_read_is_new() -> None:
    file = FileChange(base="a.py", path="a.py", hunks=())
    assert held([at("a.py", 5)], [at("a.py", 5)], change(file)) == [NEW]
    assert held([at("a.py", 5)], [at("a.py", 5)], change(file, here=[on("a.py", 5, 7)])) == [NEW]


def test_a_finding_of_a_whole_file_goes_by_its_fingerprint() -> None:
    file = FileChange(base="a.py", path="a.py")
    assert held([at("a.py", None)], [at("a.py", None)], change(file)) == [OLD]
    assert held([at("a.py", None)], [at("a.py", None, fingerprint="fp1:other")], change(file)) == [NEW]


@pytest.mark.parametrize(
    "milder",
    [
        at("a.py", 5, severity=Severity.MEDIUM),
        at("a.py", 5, suppressed_by="# nosec"),
        at("a.py", 5, kind=Kind.NEEDS_REVIEW),
    ],
)
def test_an_old_finding_that_counted_for_less_covers_nothing(milder: Finding) -> None:
    place = on("a.py", 5, 7, within=9, values=(3,))
    between = change(FileChange(base="a.py", path="a.py", hunks=()), here=[place], there=[place])
    assert held([at("a.py", 5)], [milder], between) == [NEW]


def test_the_worst_is_the_old_one_where_there_are_two_and_one_was() -> None:
    between = change(
        FileChange(base="a.py", path="a.py", hunks=(hunk(5, 0, 6, 1),)),
        here=[on("a.py", 5, 7, within=9), on("a.py", 6, 7, within=9)],
        there=[on("a.py", 4, 7, within=9)],
    )
    low, high = at("a.py", 5, severity=Severity.LOW), at("a.py", 6)
    assert held([low, high], [at("a.py", 4)], between) == [NEW, OLD]
    assert held([high, low], [at("a.py", 4)], between) == [OLD, NEW]


# -- values of secrets


def test_a_secret_that_the_base_held_is_none_that_the_change_brings_however_often() -> None:
    files = (FileChange(base="a.py", path="a.py", hunks=()), FileChange(path="b.py"))
    here = [on("a.py", 1, 1, values=(5,)), on("b.py", 1, 2, values=(5,)), on("b.py", 2, 3, values=(5,)), on("b.py", 3, 4, values=(5, 6))]
    found = match(
        facts(at("a.py", 1), at("b.py", 1), at("b.py", 2), at("b.py", 3)),
        facts(at("a.py", 1)),
        change(*files, here=here, there=[on("a.py", 1, 1, values=(5,))]),
    )
    assert found == Matched(states=(OLD, OLD, OLD, NEW))


def test_a_secret_of_an_unchanged_file_was_held_too() -> None:
    here = [on("a.py", 1, 1, values=(5,)), on("b.py", 1, 2, values=(5,))]
    assert held([at("a.py", 1), at("b.py", 1)], [], change(FileChange(path="b.py"), here=here)) == [OLD, OLD]


def test_a_secret_whose_line_was_rewritten_is_not_mended() -> None:
    file = FileChange(base="a.py", path="a.py", hunks=(hunk(1, 1, 1, 1),))
    between = change(file, here=[on("a.py", 1, 1, values=(5,))], there=[on("a.py", 1, 2, values=(5,))])
    assert match(facts(at("a.py", 1)), facts(at("a.py", 1)), between) == Matched(states=(OLD,))


def test_a_secret_that_weighed_less_or_was_hidden_is_new_where_it_counts() -> None:
    file = FileChange(base="t/a.py", path="a.py", hunks=(hunk(1, 1, 1, 1),))
    between = change(file, here=[on("a.py", 1, 1, values=(5,))], there=[on("t/a.py", 1, 2, values=(5,))])
    assert held([at("a.py", 1)], [at("t/a.py", 1, severity=Severity.LOW)], between) == [NEW]
    assert held([at("a.py", 1)], [at("t/a.py", 1, suppressed_by="pragma")], between) == [NEW]


# -- by identity


def package(purl: str, *, path: str = "requirements.txt", advisory: str = "CVE-1", severity: Severity = Severity.HIGH) -> Finding:
    place = Location(path=path, purl=purl)
    return finding(1, rule=f"security/{advisory}", severity=severity, location=place, fingerprint=f"fp1:{purl}:{path}:{advisory}")


def test_a_package_is_known_without_its_version() -> None:
    before = [package("pkg:npm/%40scope/a@1.0?arch=x")]
    assert held([package("pkg:npm/%40scope/a@1.1#sub@2")], before, change(by="identity")) == [OLD]
    assert held([package("pkg:npm/%40scope/b@1.0")], before, change(by="identity")) == [NEW]
    assert held([package("pkg:npm/%40scope/a@1.0", advisory="CVE-2")], before, change(by="identity")) == [NEW]
    assert held([package("pkg:npm/%40scope/a@1.0", severity=Severity.CRITICAL)], before, change(by="identity")) == [NEW]


def test_the_package_of_the_same_file_and_version_is_the_old_one() -> None:
    here = [package("pkg:pypi/a@2.0", path="new.txt"), package("pkg:pypi/a@1.0")]
    assert held(here, [package("pkg:pypi/a@1.0")], change(by="identity")) == [NEW, OLD]


def test_what_is_no_package_goes_by_its_fingerprint() -> None:
    page = finding(1, location=Location(url="/", selector="img"))
    assert held([page, finding(2)], [page], change(by="identity")) == [OLD, NEW]


# -- whatever the findings are

LINES = st.sampled_from(["a", "b", "c", "d"])
SEVERITIES = st.sampled_from(list(Severity))
KINDS = st.sampled_from([Kind.FINDING, Kind.NEEDS_REVIEW])


@given(st.lists(LINES, min_size=1, max_size=12), st.lists(LINES, min_size=1, max_size=12), st.data())
def test_lines_are_mapped_as_the_change_keeps_them(was: list[str], now: list[str], data: st.DataObject) -> None:
    """By hunks of Python's own comparison. Each line here has a finding with the same text: the old one is on the kept line."""
    blocks = difflib.SequenceMatcher(None, was, now, autojunk=False)
    kept = {one + step: other + step for one, other, size in blocks.get_matching_blocks() for step in range(size)}
    hunks = tuple(hunk(a1 + (a2 > a1), a2 - a1, b1 + (b2 > b1), b2 - b1) for tag, a1, a2, b1, b2 in blocks.get_opcodes() if tag != "equal")
    line = data.draw(st.integers(0, len(was) - 1))
    between = change(
        FileChange(base="a.py", path="b.py", hunks=hunks),
        here=[on("b.py", number + 1, 7) for number in range(len(now))],
        there=[on("a.py", line + 1, 7, around=2)],
    )
    states = held([at("b.py", number + 1) for number in range(len(now))], [at("a.py", line + 1)], between)
    assert [number for number, state in enumerate(states) if state is OLD] == [kept.get(line, 0)]


@st.composite
def sides(draw: st.DrawFn) -> tuple[list[Finding], list[Finding], Change]:
    """Findings of both sides with their places, few texts and few files, so that much is the same."""
    made: list[list[Finding]] = []
    places: list[tuple[Place, ...]] = []
    for side in ("here", "there"):
        found, known = [], {}
        for number in range(draw(st.integers(0, 6))):
            path, line = draw(st.sampled_from(["a.py", "b.py", "kept.py"])), draw(st.integers(1, 4))
            numbers = st.integers(0, 2)
            known[path, line] = Place(
                path=path,
                line=line,
                text=draw(numbers),
                around=10 + draw(numbers),
                within=draw(st.none() | st.integers(20, 22)),
                values=tuple(draw(st.lists(st.integers(30, 32), max_size=2, unique=True))),
            )
            item = at(path, line, severity=draw(SEVERITIES), rule=f"security/{draw(st.sampled_from('AB'))}", kind=draw(KINDS))
            found.append(replace(item, fingerprint=f"{side}:{number}"))
        made.append(found)
        places.append(tuple(known.values()))
    files = (
        FileChange(base="a.py", path="a.py", hunks=draw(st.none() | st.just((hunk(2, 1, 2, 0),)))),
        draw(st.sampled_from([FileChange(base="b.py", path="b.py", hunks=()), FileChange(path="b.py"), FileChange(base="x", path="b.py")])),
    )
    return made[0], made[1], change(*files, here=places[0], there=places[1], only_changed=draw(st.booleans()))


def by_fingerprint(here: Sequence[Finding], there: Sequence[Finding], between: Change) -> dict[str, State]:
    return dict(zip((item.fingerprint for item in here), held(here, there, between), strict=True))


@given(sides(), st.randoms(use_true_random=False))
def test_the_order_in_which_findings_are_given_changes_nothing(made: tuple[list[Finding], list[Finding], Change], random: object) -> None:
    here, there, between = made
    mixed_here, mixed_there = list(here), list(there)
    random.shuffle(mixed_here)  # type: ignore[attr-defined]
    random.shuffle(mixed_there)  # type: ignore[attr-defined]
    mixed = replace(between, here=between.here[::-1], there=between.there[::-1])
    assert by_fingerprint(mixed_here, mixed_there, mixed) == by_fingerprint(here, there, between)
    assert match(facts(*mixed_here), facts(*mixed_there), mixed).mended == match(facts(*here), facts(*there), between).mended


@given(sides())
def test_nothing_is_old_without_an_old_one_that_is_as_bad(made: tuple[list[Finding], list[Finding], Change]) -> None:
    here, there, between = made
    compared = between.gates[0]
    unchanged = [item for item in here if compared.only_changed and item.location.path == "kept.py"]
    for item, state in zip(here, held(here, there, between), strict=True):
        if state is OLD and item not in unchanged:
            assert any(old.kind is item.kind and old.severity >= item.severity for old in (*there, *unchanged))


@given(sides())
def test_without_values_there_are_no_more_old_ones_than_there_were(made: tuple[list[Finding], list[Finding], Change]) -> None:
    here, there, between = made
    bare = replace(between, here=tuple(replace(place, values=()) for place in between.here))
    states = held(here, there, bare)
    compared = between.gates[0]
    old = Counter(
        item.rule
        for item, state in zip(here, states, strict=True)
        if state is OLD and not (compared.only_changed and item.location.path == "kept.py")
    )
    found = match(facts(*here), facts(*there), bare)
    asked = [item for item in there if not (compared.only_changed and item.location.path == "kept.py")]
    assert old <= Counter(item.rule for item in asked)
    assert len(found.mended) + old.total() == len(asked)


@given(sides(), st.integers(0, 5))
def test_one_more_finding_never_makes_another_old(made: tuple[list[Finding], list[Finding], Change], number: int) -> None:
    here, there, between = made
    changed = [item for item in here if item.location.path != "kept.py"]
    if number >= len(changed):
        return
    less = [item for item in here if item is not changed[number]]
    before, after = by_fingerprint(less, there, between), by_fingerprint(here, there, between)
    assert not [name for name, state in before.items() if state is NEW and after[name] is OLD]


@given(sides(), st.integers(0, 5))
def test_one_less_at_the_base_never_makes_another_old(made: tuple[list[Finding], list[Finding], Change], number: int) -> None:
    here, there, between = made
    if number >= len(there):
        return
    less = [item for index, item in enumerate(there) if index != number]
    with_all, without = by_fingerprint(here, there, between), by_fingerprint(here, less, between)
    assert not [name for name, state in without.items() if state is OLD and with_all[name] is NEW]
