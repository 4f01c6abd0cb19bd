"""The standard library's `dataclass`, made in a quarter of the time where it is frozen and has slots: a run imports two hundred of them.

The library compiles six methods for each class, which takes half a millisecond. Here `__init__` alone is compiled; the others, which are
the same for all classes but for the names of the fields, are closures. What a class asks for besides goes to the library.
"""

# ruff: noqa: N807 (methods that are given to a class)

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 (given on)
else:
    import dataclasses
    import reprlib
    from operator import attrgetter

    _OWN = frozenset({"__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__getstate__", "__setstate__"})

    def dataclass(cls=None, /, **options):
        """As `dataclasses.dataclass`, with the same options and the same result."""
        if cls is None:
            return lambda cls: dataclass(cls, **options)
        ours = options.get("frozen") and options.get("slots") and options.keys() <= {"frozen", "slots", "kw_only"}
        inherits = any(dataclasses.is_dataclass(base) for base in cls.__bases__)
        if not ours or inherits or not cls.__doc__ or not _OWN.isdisjoint(vars(cls)):
            return dataclasses.dataclass(cls, **options)
        kw_only = options.get("kw_only", False)
        made = dataclasses.dataclass(cls, init=False, repr=False, eq=False, slots=True, kw_only=kw_only)
        params = made.__dataclass_params__
        params.init = params.repr = params.eq = params.frozen = True
        fields = dataclasses.fields(made)
        made.__init__ = _init(made, fields)
        made.__repr__ = _repr([field.name for field in fields if field.repr])
        made.__eq__, made.__hash__ = _comparing([field.name for field in fields if field.compare])
        made.__setattr__, made.__delattr__ = _frozen(made)
        made.__getstate__, made.__setstate__ = _state([field.name for field in fields])
        return made

    def _init(cls, fields):
        """The one method that is compiled: it is called ten thousand times a run."""
        known = {"_set": object.__setattr__, "_new": _NEW}
        positional, keywords, body = ["self"], [], []
        for number, field in enumerate(fields):
            name, value = field.name, field.name
            known |= {f"_d{number}": field.default, f"_f{number}": field.default_factory}
            if field.default is not dataclasses.MISSING:
                word = f"{name}=_d{number}"
            elif field.default_factory is not dataclasses.MISSING:
                word, value = f"{name}=_new", f"_f{number}() if {name} is _new else {name}" if field.init else f"_f{number}()"
            else:
                word = name
            if field.init:
                (keywords if field.kw_only else positional).append(word)
                body.append(f"_set(self, {name!r}, {value})")
            elif field.default is not dataclasses.MISSING:
                body.append(f"_set(self, {name!r}, _d{number})")
            elif field.default_factory is not dataclasses.MISSING:
                body.append(f"_set(self, {name!r}, {value})")
        if hasattr(cls, "__post_init__"):
            body.append("self.__post_init__()")
        words = ", ".join([*positional, *(["*", *keywords] if keywords else [])])
        text = f"def __init__({words}):\n " + "\n ".join(body or ["pass"])
        exec(text, known)  # noqa: S102  # nosec B102 - names of fields alone, as the library does it
        known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
        known["__init__"].__annotations__ = {field.name: field.type for field in fields if field.init} | {"return": None}
        return known["__init__"]

    _NEW = type("New", (), {"__repr__": lambda _: "<factory>"})()

    def _repr(names):
        @reprlib.recursive_repr()
        def __repr__(self):
            return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

        return __repr__

    def _comparing(names):
        values = attrgetter(*names) if len(names) > 1 else lambda self: tuple(getattr(self, name) for name in names)

        def __eq__(self, other):
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        def __hash__(self):
            return hash(values(self))

        return __eq__, __hash__

    def _frozen(cls):
        def __setattr__(self, name, value):
            if type(self) is cls or name in cls.__dataclass_fields__:
                raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
            super(cls, self).__setattr__(name, value)

        def __delattr__(self, name):
            if type(self) is cls or name in cls.__dataclass_fields__:
                raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
            super(cls, self).__delattr__(name)

        return __setattr__, __delattr__

    def _state(names):
        def __getstate__(self):
            return [getattr(self, name) for name in names]

        def __setstate__(self, state):
            for name, value in zip(names, state, strict=True):
                object.__setattr__(self, name, value)

        return __getstate__, __setstate__
