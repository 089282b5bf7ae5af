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
    for name, one in fields_of(type(record)).items():
        if one.init:
            changes.setdefault(name, getattr(record, name))
        elif name in changes:
            raise ValueError(f"{name} is no argument of {type(record).__qualname__}")
    return type(record)(**changes)


class _Params:
    """One way in which classes are decorated, and what it gives them."""

    def __init__(self, eq: bool, order: bool, frozen: bool, slots: bool) -> None:
        self.init = self.repr = True
        self.unsafe_hash = False
        self.eq, self.order, self.frozen, self.slots = eq, order, frozen, slots
        given: dict[str, Any] = {"__init__": __init__, "__repr__": __repr__}
        if eq:
            given["__eq__"] = __eq__
        if order:
            given.update(_ORDERS)
        self._given = given
        self._enforced: dict[str, Any] = {
            "__dataclass_params__": self,
            _STANDARD_FIELDS: _STANDARD,
        }
        if frozen:
            self._enforced.update(
                __setattr__=methods.refuse_to_set, __delattr__=methods.refuse_to_delete
            )
            if slots:
                self._enforced.update(__getstate__=methods.state, __setstate__=methods.set_state)

    def made(self, cls: type[Any]) -> type[Any]:
        """Return the class with its methods; with slots it is made anew."""
        own = cls.__dict__
        annotations = own.get("__annotations__", {})
        names = [n for n, annotation in annotations.items() if annotation[:8] != "ClassVar"]
        defaults = {name: own[name] for name in names if name in own}
        added = {**self._given, **self._enforced}
        for name in self._given:
            if name in own:
                del added[name]
        # A class that defines `__eq__` and no `__hash__` has got one of None by Python.
        hashes = "__hash__" in own and not (own["__hash__"] is None and "__eq__" in own)
        if self.eq and not hashes:
            added["__hash__"] = __hash__ if self.frozen else None
        if "__match_args__" not in own:
            added["__match_args__"] = _MATCHED
        added["__record_own__"] = methods.Declared(names, defaults, frozenset(added))
        if self.frozen:
            _refuse_setters(cls)
        if self.slots:
            return _slotted(cls, names, added)
        for name, value in added.items():
            setattr(cls, name, value)
        for name, default in defaults.items():
            if type(default) is RecordField:
                if default.default is REQUIRED:
                    delattr(cls, name)
                else:
                    setattr(cls, name, default.default)
        return cls


def _slotted(cls: type[Any], names: list[str], added: Mapping[str, Any]) -> type[Any]:
    """Make the class anew: where fields are kept is settled when a class is made."""
    content = {**cls.__dict__, **added}
    for name in (*names, "__dict__", "__weakref__"):
        content.pop(name, None)
    bases = cls.__mro__[1:-1]
    if bases:
        inherited = {slot for base in bases for slot in base.__dict__.get("__slots__", ())}
        names = [name for name in names if name not in inherited]
    content["__slots__"] = tuple(names)
    content["__qualname__"] = cls.__qualname__
    metaclass: Any = type(cls)
    made: type[Any] = metaclass(cls.__name__, cls.__bases__, content)
    return made


def _refuse_setters(cls: type[Any]) -> None:
    for name in ("__setattr__", "__delattr__"):
        if name in cls.__dict__:
            raise TypeError(f"{cls.__qualname__} is frozen, and defines {name}")


# --- what all classes share


def _owner(record: Any, name: str) -> type[Any]:
    """Return the class that a method was called for: the first that was given it."""
    for cls in type(record).__mro__:
        declared = cls.__dict__.get("__record_own__")
        if declared is not None and name in declared.given:
            return cls
    raise TypeError(f"{type(record).__qualname__} was given no {name}")


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
