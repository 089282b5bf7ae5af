"""A class with annotations -> a dataclass whose methods are made when they are first called.

What `dataclasses` gives is given, by the same names, and `dataclasses` itself works on the result:
its descriptions of the fields are made when it asks for them, since importing it costs as much as
half of Python's own start. Left out, since nothing here needs it: InitVar, KW_ONLY, unsafe_hash,
weakref_slot, a dataclass of the standard library as a base.

A class gets methods that all classes share. Each finds the class that it was called for, makes that
class's own method (`record_methods.py`), and puts that into its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gatewright.dsl import record_methods as methods
from gatewright.dsl.record_methods import REQUIRED, RecordField, fields_of

_STANDARD_FIELDS = "__dataclass_fields__"
_NOTHING: Mapping[str, str] = {}


def field(
    *,
    default: Any = REQUIRED,
    default_factory: Any = REQUIRED,
    init: bool = True,
    repr: bool = True,
    compare: bool = True,
    kw_only: bool = False,
) -> Any:
    """Say more of a field than its type, as `dataclasses.field` does."""
    return RecordField(default, default_factory, init, repr, compare, kw_only)


def dataclass(
    cls: Any = None,
    /,
    *,
    eq: bool = True,
    order: bool = False,
    frozen: bool = False,
    slots: bool = False,
) -> Any:
    """Make a class a dataclass, as `dataclasses.dataclass` does."""
    params = _params(eq, order, frozen, slots)
    if cls is None:
        return params.made
    return params.made(cls)


def replace(record: Any, /, **changes: Any) -> Any:
    """Return a record like that one with some fields changed, as `dataclasses.replace` does."""
    for name, one in fields_of(methods.class_of(record)).items():
        if one.init:
            changes.setdefault(name, getattr(record, name))
        elif name in changes:
            raise ValueError(f"{name} is no argument of {methods.class_of(record).__qualname__}")
    return type(record)(**changes)


class _Params:
    """One way in which classes are decorated, and what it gives them."""

    def __init__(self, eq: bool, order: bool, frozen: bool, slots: bool) -> None:
        self.init = self.repr = True
        self.unsafe_hash = False
        self.eq, self.order, self.frozen, self.slots = eq, order, frozen, slots
        self._given: dict[str, Any] = {
            "__init__": __init__,
            "__repr__": __repr__,
            "__match_args__": _MATCHED,
            "__dataclass_params__": self,
            _STANDARD_FIELDS: _STANDARD,
        }
        if eq:
            self._given.update(__eq__=__eq__, __hash__=__hash__ if frozen else None)
        if order:
            self._given.update(_ORDERS)
        if frozen:
            self._given.update(
                __setattr__=methods.refuse_to_set, __delattr__=methods.refuse_to_delete
            )
            if slots:
                self._given.update(__getstate__=methods.state, __setstate__=methods.set_state)
        self._names = frozenset(self._given)

    # HOT: `gatewright eval` of a bundle makes some 150 classes, which is a fifth of its time.
    def made(self, cls: type[Any]) -> type[Any]:
        """Return the class with its methods; with slots it is made anew."""
        content = dict(cls.__dict__)
        names: list[str] = []
        defaults: dict[str, Any] = {}
        for name, annotation in content.get("__annotations__", _NOTHING).items():
            if annotation[:8] != "ClassVar":
                names.append(name)
                if name in content:
                    defaults[name] = content.pop(name)
        given, given_names = self._given, self._names
        if not given_names.isdisjoint(content):
            given = self._given_to(cls)
            given_names = frozenset(given)
        declared = methods.Declared(names, defaults, given_names)
        if self.slots:
            return _slotted(cls, names, {**content, **given, "__record_own__": declared})
        for name, value in given.items():
            setattr(cls, name, value)
        setattr(cls, "__record_own__", declared)  # noqa: B010  # of no class that has a name
        for name, default in defaults.items():
            if type(default) is RecordField:
                if default.default is REQUIRED:
                    delattr(cls, name)
                else:
                    setattr(cls, name, default.default)
        return cls

    def _given_to(self, cls: type[Any]) -> dict[str, Any]:
        """Return what a class is given that defines some of it itself."""
        own = cls.__dict__
        if self.frozen and ("__setattr__" in own or "__delattr__" in own):
            raise TypeError(f"{cls.__qualname__} is frozen, and defines what sets its fields")
        given = {name: value for name, value in self._given.items() if name not in own}
        # A class that defines `__eq__` and no `__hash__` has got one of None by Python.
        if self.eq and "__eq__" in own and own.get("__hash__") is None:
            given["__hash__"] = self._given["__hash__"]
        return given


def _slotted(cls: type[Any], names: list[str], content: dict[str, Any]) -> type[Any]:
    """Make the class anew: where fields are kept is settled when a class is made."""
    content.pop("__dict__", None)
    content.pop("__weakref__", None)
    bases = cls.__mro__[1:-1]
    if bases:
        inherited = {slot for base in bases for slot in base.__dict__.get("__slots__", ())}
        content["__slots__"] = tuple([name for name in names if name not in inherited])
    else:
        content["__slots__"] = tuple(names)
    content["__qualname__"] = cls.__qualname__
    metaclass: Any = type(cls)
    made: type[Any] = metaclass(cls.__name__, cls.__bases__, content)
    return made


# --- what all classes share


def _owner(record: Any, name: str) -> type[Any]:
    """Return the class that a method was called for: the first that was given it."""
    for cls in methods.class_of(record).__mro__:
        declared = cls.__dict__.get("__record_own__")
        if declared is not None and name in declared.given:
            return cls
    raise TypeError(f"{methods.class_of(record).__qualname__} was given no {name}")


def __init__(*args: Any, **kwargs: Any) -> None:
    record = args[0]
    methods.initialize(_owner(record, "__init__"), args, kwargs)


def __repr__(self: Any) -> str:
    return methods.repr_of(self)


def __eq__(self: Any, other: object) -> Any:
    return _own(self, "__eq__", methods.comparison)(self, other)


def __lt__(self: Any, other: object) -> Any:
    return _own(self, "__lt__", methods.comparison)(self, other)


def __le__(self: Any, other: object) -> Any:
    return _own(self, "__le__", methods.comparison)(self, other)


def __gt__(self: Any, other: object) -> Any:
    return _own(self, "__gt__", methods.comparison)(self, other)


def __ge__(self: Any, other: object) -> Any:
    return _own(self, "__ge__", methods.comparison)(self, other)


def __hash__(self: Any) -> int:
    made: int = _own(self, "__hash__", methods.hash_of)(self)
    return made


_ORDERS = {"__lt__": __lt__, "__le__": __le__, "__gt__": __gt__, "__ge__": __ge__}


def _own(
    record: Any, name: str, make: Callable[[type[Any], str], Callable[..., Any]]
) -> Callable[..., Any]:
    """Make a class's own method, and put it into the place of the shared one."""
    cls = _owner(record, name)
    own = make(cls, name)
    setattr(cls, name, own)
    return own


class _StandardFields:
    """The fields as `dataclasses` describes them, made when it asks for them."""

    __slots__ = ()

    def __get__(self, _: object, owner: type[Any]) -> object:
        # Imports `inspect` and `ast`, which deciding does without.
        import dataclasses

        found: dict[str, Any] = {}
        for name, one in fields_of(owner).items():
            given: dict[str, Any] = {"init": one.init, "repr": one.repr, "compare": one.compare}
            if one.default is not REQUIRED:
                given["default"] = one.default
            if one.default_factory is not REQUIRED:
                given["default_factory"] = one.default_factory
            made: Any = dataclasses.field(**given, kw_only=one.kw_only)
            made.name, made.type = one.name, one.annotation
            made._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
            found[name] = made
        setattr(owner, _STANDARD_FIELDS, found)
        return found


class _MatchArgs:
    """The fields that a pattern may name by their place."""

    __slots__ = ()

    def __get__(self, _: object, owner: type[Any]) -> tuple[str, ...]:
        fields = fields_of(owner).values()
        found = tuple([one.name for one in fields if one.init and not one.kw_only])
        setattr(owner, "__match_args__", found)  # noqa: B010  # typed as a constant
        return found


_STANDARD = _StandardFields()
_MATCHED = _MatchArgs()
_PARAMS: dict[tuple[bool, bool, bool, bool], _Params] = {}


def _params(eq: bool, order: bool, frozen: bool, slots: bool) -> _Params:
    key = (eq, order, frozen, slots)
    found = _PARAMS.get(key)
    if found is None:
        found = _PARAMS[key] = _Params(*key)
    return found
