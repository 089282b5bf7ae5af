"""The fields of a class -> the methods that a dataclass has.

A method is compiled from a text of fields' names, as `dataclasses` does it; nothing but those names
gets into the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from reprlib import recursive_repr
from typing import Any, NoReturn

REQUIRED: Any = object()
"""What stands for a default that is not there."""
ORDERS = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


class RecordField:
    """What is known of one field."""

    __slots__ = (
        "annotation", "compare", "default", "default_factory", "init", "kw_only", "module", "name",
        "repr",
    )  # fmt: skip

    def __init__(
        self,
        default: Any,
        default_factory: Any,
        init: bool,
        repr: bool,
        compare: bool,
        kw_only: bool,
    ) -> None:
        self.name = self.annotation = self.module = ""
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare
        self.kw_only = kw_only

    @property
    def is_required(self) -> bool:
        """Whether a record cannot be made without a value of it."""
        return self.default is REQUIRED and self.default_factory is REQUIRED


def fields_of(cls: type[Any]) -> Mapping[str, RecordField]:
    """Return the fields of a class made by `gatewright.dsl.records.dataclass`, in their order."""
    fields: Mapping[str, RecordField] = cls.__record_fields__
    return fields


def is_record(value: object) -> bool:
    """Tell whether a value is a record or a class of records."""
    return hasattr(value, "__record_fields__")


def names_of(record: object) -> tuple[str, ...]:
    """Return the names of the fields of a record or a class of records, in their order."""
    fields: Mapping[str, RecordField] = getattr(record, "__record_fields__")  # noqa: B009
    return tuple(fields)


def _compiled(cls: type[Any], name: str, text: str, known: dict[str, Any]) -> Callable[..., Any]:
    exec(text, known)  # noqa: S102  # the text is ours
    method: Callable[..., Any] = known[name]
    method.__qualname__ = f"{cls.__qualname__}.{name}"
    method.__module__ = cls.__module__
    return method


# --- making a record


def init_of(cls: type[Any], name: str) -> Callable[..., Any]:
    """Return `__init__`: fields in their order, those by keyword alone last."""
    known: dict[str, Any] = {"REQUIRED": REQUIRED}
    by_place: list[str] = []
    by_name: list[str] = []
    lines: list[str] = []
    for one in fields_of(cls).values():
        value = one.name
        if one.default_factory is not REQUIRED:
            known[f"make_{one.name}"] = one.default_factory
            made = f"make_{one.name}()"
            value = f"{made} if {value} is REQUIRED else {value}" if one.init else made
        elif one.default is not REQUIRED:
            known[f"default_{one.name}"] = one.default
            value = value if one.init else f"default_{one.name}"
        if one.init:
            (by_name if one.kw_only else by_place).append(_parameter(one))
        elif one.is_required:
            continue
        lines.append(f" {_assigned(cls, one.name, value, known)}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    parameters = ", ".join(["self", *by_place, *(["*", *by_name] if by_name else [])])
    return _compiled(
        cls, name, f"def __init__({parameters}):\n" + "\n".join(lines or [" pass"]), known
    )


def _parameter(one: RecordField) -> str:
    if one.default_factory is not REQUIRED:
        return f"{one.name}=REQUIRED"
    return one.name if one.default is REQUIRED else f"{one.name}=default_{one.name}"


def _assigned(cls: type[Any], name: str, value: str, known: dict[str, Any]) -> str:
    """Write what sets a field; where the class is frozen, past its `__setattr__`."""
    if not cls.__dataclass_params__.frozen:
        return f"self.{name} = {value}"
    slot = getattr(cls, name, None) if _is_slot(cls, name) else None
    if slot is None:
        known["set_field"] = object.__setattr__
        return f"set_field(self, {name!r}, {value})"
    known[f"set_{name}"] = slot.__set__
    return f"set_{name}(self, {value})"


def _is_slot(cls: type[Any], name: str) -> bool:
    return any(name in base.__dict__.get("__slots__", ()) for base in cls.__mro__)


# --- showing and comparing records


def repr_of(cls: type[Any], _: str) -> Callable[[Any], str]:
    """Return `__repr__`: the class and its fields by name."""
    names = [one.name for one in fields_of(cls).values() if one.repr]

    @recursive_repr()
    def __repr__(self: Any) -> str:
        shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _values(cls: type[Any], of: str) -> str:
    """Write the tuple of what records are compared by."""
    return "(" + "".join([f"{of}.{o.name}, " for o in fields_of(cls).values() if o.compare]) + ")"


def _comparing(cls: type[Any], name: str, operator: str) -> Callable[..., Any]:
    text = (
        f"def {name}(self, other):\n"
        f" if other.__class__ is self.__class__:\n"
        f"  return {_values(cls, 'self')} {operator} {_values(cls, 'other')}\n"
        f" return NotImplemented"
    )
    return _compiled(cls, name, text, {})


def eq_of(cls: type[Any], name: str) -> Callable[[Any, Any], Any]:
    """Return `__eq__`: the same class, and the same values of the fields that are compared."""
    return _comparing(cls, name, "==")


def order_of(cls: type[Any], name: str) -> Callable[[Any, Any], Any]:
    """Return one of `<`, `<=`, `>` and `>=`, by the fields that are compared."""
    return _comparing(cls, name, ORDERS[name])


def hash_of(cls: type[Any], name: str) -> Callable[[Any], int]:
    """Return `__hash__`, by the fields that are compared."""
    return _compiled(cls, name, f"def {name}(self):\n return hash({_values(cls, 'self')})", {})


# --- what cannot be changed


def freeze(cls: type[Any]) -> None:
    """Let the fields of a class be neither set nor deleted."""
    names = frozenset(fields_of(cls))

    def __setattr__(self: Any, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            _refuse(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            _refuse(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    for method in (__setattr__, __delattr__):
        if method.__name__ in cls.__dict__:
            raise TypeError(f"{cls.__qualname__} is frozen, and defines {method.__name__}")
        setattr(cls, method.__name__, method)


def _refuse(what: str) -> NoReturn:
    # Imports `inspect`, which deciding does without.
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(what)


def make_picklable(cls: type[Any]) -> None:
    """Let a frozen class with slots be copied and pickled: its fields are set past it."""
    for method in (__getstate__, __setstate__):
        setattr(cls, method.__name__, method)


def __getstate__(self: Any) -> list[Any]:
    return [getattr(self, name) for name in fields_of(type(self))]


def __setstate__(self: Any, state: list[Any]) -> None:
    for name, value in zip(fields_of(type(self)), state, strict=True):
        object.__setattr__(self, name, value)
