"""Our dataclass is the library's: whatever a class asks for, both make the same of it."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import Any

import pytest

from gates.dataclass import dataclass as ours

ByWhom = Callable[..., Any]


def plain(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Sample:
        """A sample."""

        name: str
        number: int = 3
        words: tuple[str, ...] = ()
        known: dict[str, int] = field(default_factory=dict)

    return Sample


def by_position(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True)
    class Sample:
        """A sample."""

        name: str
        number: int = 3
        late: str = field(default="x", kw_only=True)

    return Sample


def one_field(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True)
    class Sample:
        """A sample."""

        name: object

    return Sample


def no_field(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True)
    class Sample:
        """A sample."""

    return Sample


def hidden(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Sample:
        """A sample."""

        name: str
        secret: str = field(default="s", repr=False)
        beside: object = field(default=None, compare=False)
        made: list[int] = field(default_factory=list, init=False, compare=False)
        fixed: int = field(default=7, init=False)

    return Sample


def checked(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Sample:
        """A sample."""

        name: str

        def __post_init__(self) -> None:
            if not self.name:
                raise ValueError("no name")

        @property
        def loud(self) -> str:
            return self.name.upper()

    return Sample


def with_its_own(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True)
    class Sample:
        """A sample."""

        name: object = "a"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    return Sample


def heir(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True)
    class Parent:
        """A parent."""

        name: str = "a"

    @dataclass(frozen=True, slots=True)
    class Sample(Parent):
        """A sample."""

        number: int = 2

    return Sample


def sorted_one(dataclass: ByWhom) -> type:
    @dataclass(frozen=True, slots=True, order=True)
    class Sample:
        """A sample."""

        name: str = "a"

    return Sample


SAMPLES = [plain, by_position, one_field, no_field, hidden, checked, with_its_own, heir, sorted_one]
CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((), {"name": "a"}),
    ((), {"name": ""}),
    (("a",), {}),
    (("a", 4), {"late": "y"}),
    ((), {"name": "a", "number": 4}),
    ((), {"name": "a", "words": ("b",), "known": {"c": 1}}),
    ((), {"name": "a", "secret": "t", "beside": 1}),
    ((), {"name": ["not", "hashable"]}),
    ((), {"nothing": 1}),
]


def outcome(act: Callable[[], Any]) -> Any:
    """What an act gives, or the kind of its error."""
    try:
        return act()
    except (TypeError, ValueError, AttributeError) as error:
        return type(error)


def seen(sample: Any) -> list[Any]:
    """All that can be told of a class and of what is made of it, in words that hold for either decorator."""
    made = [outcome(partial(sample, *args, **words)) for args, words in CALLS]
    things: list[Any] = [thing for thing in made if isinstance(thing, sample)]
    shown: list[Any] = [
        str(inspect.signature(sample)),
        sample.__name__,
        sample.__doc__,
        getattr(sample, "__slots__", None),
        getattr(sample, "__match_args__", None),
        [(item.name, item.type, item.init, item.repr, item.compare, item.kw_only) for item in dataclasses.fields(sample)],
        [thing if isinstance(thing, type) else repr(thing) for thing in made],
        [[one == other for other in things] for one in things],
        [outcome(partial(hash, thing)) for thing in things],
        [thing == "a" for thing in things],
    ]
    for thing in things:
        shown += [
            # The library raises `TypeError` for a name that is no field, since it makes the class twice.
            [isinstance(outcome(partial(setattr, thing, name, "b")), type) for name in ("name", "other")],
            isinstance(outcome(partial(delattr, thing, "name")), type),
            repr(copy.copy(thing)),
            repr(copy.deepcopy(thing)),
            repr(dataclasses.asdict(thing)),
            repr(outcome(partial(dataclasses.replace, thing, name="z"))),
        ]
    return shown


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_both_make_the_same_of_a_class(sample: Callable[[ByWhom], type]) -> None:
    assert seen(sample(ours)) == seen(sample(dataclasses.dataclass))


def test_what_is_frozen_can_be_stored_and_loaded() -> None:
    from gates.model import Location

    place = Location(path="a", line=3)
    assert pickle.loads(pickle.dumps(place)) == place


def test_a_default_that_is_made_is_made_anew() -> None:
    one, other = plain(ours)(name="a"), plain(ours)(name="a")
    one.known["x"] = 1
    assert other.known == {}


def test_a_frozen_class_passes_for_one() -> None:
    with pytest.raises(TypeError, match="frozen"):

        @dataclasses.dataclass
        class Heir(plain(ours)):  # type: ignore[misc]
            number: int = 4
