"""Which part does what: balanced, complete, and the same each time."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.parts import share, spread


def test_what_takes_longest_is_placed_first_and_evenly() -> None:
    assert spread({"a": 9, "b": 5, "c": 4, "d": 4, "e": 3}, 2) == {"a": 1, "b": 2, "c": 2, "d": 1, "e": 2}


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=4), st.integers(0, 1000)), st.integers(1, 9))
def test_each_piece_has_one_part_and_no_part_is_longer_than_the_mean_by_more_than_one_piece(weights: dict[str, int], parts: int) -> None:
    found = spread(weights, parts)
    loads: Counter[int] = Counter()
    for name, part in found.items():
        assert 1 <= part <= parts
        loads[part] += weights[name]
    assert found.keys() == weights.keys()
    assert max(loads.values(), default=0) <= sum(weights.values()) / parts + max(weights.values(), default=0)


@given(st.permutations(["a.py", "b.py", "c.py", "d.py"]))
def test_the_order_of_files_changes_nothing(files: list[str]) -> None:
    times = {"a.py": {"a.py::one": 10}, "b.py": {"b.py::one": 200, "b.py::two": 150}}
    assert share(files, times, 2) == share(sorted(files), times, 2)


def test_without_durations_files_are_spread_evenly() -> None:
    files, items = share([f"test_{number}.py" for number in range(10)], {}, 3)
    assert not items
    assert sorted(Counter(files.values()).values()) == [3, 3, 4]


def test_a_file_that_nobody_measured_counts_as_the_mean_of_the_others() -> None:
    times = {"a.py": {"a.py::t": 99}, "b.py": {"b.py::t": 99}}
    files, _ = share(["a.py", "b.py", "new.py", "newer.py"], times, 2)
    assert sorted(Counter(files.values()).values()) == [2, 2]


def test_a_large_file_is_taken_apart_and_a_small_one_stays_whole() -> None:
    times = {"large.py": {f"large.py::t{number}": 99 for number in range(10)}, "small.py": {"small.py::a": 20, "small.py::b": 20}}
    files, items = share(["large.py", "small.py"], times, 2)
    assert set(files) == {"small.py"}
    assert set(items) == set(times["large.py"])
    assert sorted(Counter(items.values()).values()) in ([4, 6], [5, 5])


def test_a_single_large_test_can_t_be_taken_apart() -> None:
    files, items = share(["large.py"], {"large.py": {"large.py::t": 1000}}, 2)
    assert (set(files), items) == ({"large.py"}, {})


def test_a_measured_file_that_is_gone_is_in_no_part() -> None:
    assert share(["a.py"], {"a.py": {"a.py::t": 1}, "gone.py": {"gone.py::t": 9}}, 2)[0].keys() == {"a.py"}


@pytest.mark.parametrize("parts", [2, 5])
def test_a_suite_of_small_tests_is_balanced_to_a_quarter(parts: int) -> None:
    """Lengths like those of real suites: a few files hold most of it."""
    times = {
        f"test_{file}.py": {f"test_{file}.py::t{test}": (file * 7919 + test * 104729) % 97 * (1 + file % 9) for test in range(5 + file * 3)}
        for file in range(25)
    }
    files, items = share(sorted(times), times, parts)
    loads: Counter[int] = Counter()
    for file, tests in times.items():
        for test, ms in tests.items():
            loads[items.get(test) or files[file]] += ms + 1
    assert max(loads.values()) <= 1.25 * sum(loads.values()) / parts
