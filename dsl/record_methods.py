"""The fields of a class, and the methods that a dataclass has.

A method is compiled from a text of fields' names, as `dataclasses` does it; nothing but those names
gets into the text. `__init__` is compiled only for a class of which several records are made: to
compile it takes longer than to set the fields of a few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from reprlib import recursive_repr
from typing import Any, Final, NoReturn

REQUIRED: Final[Any] = object()
"""What stands for a default that is not there."""
COMPILED_FROM: Final = 8
"""Which record of a class is the first that a compiled `__init__` makes."""
_OPERATORS = {"__eq__": "==", "__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


class RecordField:
    """What is known of one field."""

    __slots__ = (
        "annotation", "compare", "default", "default_factory", "init", "kw_only", "module", "name",
        "repr",
    )  # fmt: skip

    def __init__(
        self,
        default: Any,
        default_factory: Any = REQUIRED,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
        kw_only: bool = False,
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


class Declared:
    """The fields that one class declares, before anybody looks at them."""

    __slots__ = ("defaults", "fields", "given", "made", "names")

    def __init__(self, names: list[str], defaults: dict[str, Any], given: frozenset[str]) -> None:
        self.names = names
        self.defaults = defaults
        self.given = given
        """The methods that the class does not define itself."""
        self.fields: Mapping[str, RecordField] | None = None
        """With those of the bases, once they are asked for."""
        self.made = 0
        """How many records were made without a compiled `__init__`."""


def is_record(value: object) -> bool:
    """Tell whether a value is a record or a class of records."""
    return hasattr(value, "__record_own__")


def class_of(record: object) -> type[Any]:
    """Return the class of a record."""
    return type(record)


def names_of(record: object) -> tuple[str, ...]:
    """Return the names of the fields of a record or a class of records, in their order."""
    return tuple(fields_of(record if isinstance(record, type) else class_of(record)))


def fields_of(cls: type[Any]) -> Mapping[str, RecordField]:
    """Return the fields of a class of records, in their order.

    Raises TypeError and ValueError where the class is no good: a field without a default after one
    that has one, a default that could be changed, a dataclass of the standard library as a base.
    """
    declared: Declared = cls.__record_own__
    if declared.fields is None:
        declared.fields = _fields(cls)
    return declared.fields


def _fields(cls: type[Any]) -> dict[str, RecordField]:
    fields: dict[str, RecordField] = {}
    for base in reversed(cls.__mro__):
        declared = base.__dict__.get("__record_own__")
        if declared is not None:
            fields.update(_own_fields(base, declared))
        elif "__dataclass_fields__" in base.__dict__:
            raise TypeError(f"{base.__qualname__} is a dataclass of the standard library")
    before = ""
    for one in fields.values():
        if not one.init or one.kw_only:
            continue
        if one.is_required and before:
            raise TypeError(f"{cls.__qualname__}.{one.name} follows {before}, so needs a default")
        before = before if one.is_required else one.name
    return fields


def _own_fields(cls: type[Any], declared: Declared) -> dict[str, RecordField]:
    annotations = cls.__annotations__
    found: dict[str, RecordField] = {}
    for name in declared.names:
        one = declared.defaults.get(name, REQUIRED)
        if type(one) is not RecordField:
            one = RecordField(one)
        if type(one.default).__hash__ is None:
            raise ValueError(f"the default of {cls.__qualname__}.{name} could be changed")
        one.name, one.annotation, one.module = name, annotations[name], cls.__module__
        found[name] = one
    return found


def _compiled(cls: type[Any], name: str, text: str, known: dict[str, Any]) -> Callable[..., Any]:
    exec(text, known)  # noqa: S102  # the text is ours
    method: Callable[..., Any] = known[name]
    method.__qualname__ = f"{cls.__qualname__}.{name}"
    method.__module__ = cls.__module__
    return method


# --- making a record


def initialize(cls: type[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Do what `__init__` of a class does: `args` begins with the record.

    Once records of the class were made often enough, it gets an `__init__` of its own.
    """
    declared: Declared = cls.__record_own__
    declared.made += 1
    values = _bound(cls, args, kwargs) if declared.made < COMPILED_FROM else None
    if values is None:
        method = init_of(cls)
        setattr(cls, "__init__", method)  # noqa: B010  # typed as a constant
        method(*args, **kwargs)
        return
    record = args[0]
    for name, value in values.items():
        object.__setattr__(record, name, value)
    if hasattr(cls, "__post_init__"):
        record.__post_init__()


def _bound(
    cls: type[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the fields' values; None where the arguments are wrong, which `__init__` will say."""
    fields = fields_of(cls)
    values: dict[str, Any] = {}
    places = iter(args)
    next(places)
    named = 0
    for name, one in fields.items():
        if one.init:
            if not one.kw_only:
                value = next(places, REQUIRED)
                if value is not REQUIRED:
                    values[name] = value
                    continue
            if name in kwargs:
                named += 1
                values[name] = kwargs[name]
                continue
        if one.default_factory is not REQUIRED:
            values[name] = one.default_factory()
        elif one.default is not REQUIRED:
            values[name] = one.default
        elif one.init:
            return None
    return values if named == len(kwargs) and next(places, REQUIRED) is REQUIRED else None


def init_of(cls: type[Any]) -> Callable[..., Any]:
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
    text = "\n".join([f"def __init__({parameters}):", *(lines or [" pass"])])
    return _compiled(cls, "__init__", text, known)


def _parameter(one: RecordField) -> str:
    if one.default_factory is not REQUIRED:
        return f"{one.name}=REQUIRED"
    return one.name if one.default is REQUIRED else f"{one.name}=default_{one.name}"


def _assigned(cls: type[Any], name: str, value: str, known: dict[str, Any]) -> str:
    """Write what sets a field; where the class is frozen, past its `__setattr__`."""
    if not cls.__dataclass_params__.frozen:
        return f"self.{name} = {value}"
    setter = setter_of(cls, name)
    if setter is None:
        known["set_field"] = object.__setattr__
        return f"set_field(self, {name!r}, {value})"
    known[f"set_{name}"] = setter
    return f"set_{name}(self, {value})"


def setter_of(cls: type[Any], name: str) -> Callable[[Any, Any], None] | None:
    """Return what sets a field that is kept in a slot, whatever the class forbids."""
    for base in cls.__mro__:
        if name in base.__dict__.get("__slots__", ()):
            setter: Callable[[Any, Any], None] = base.__dict__[name].__set__
            return setter
    return None


def maker_of(cls: type[Any]) -> Callable[[list[Any]], Any]:
    """Return what makes a record of the values of all the fields that `__init__` takes, in order.

    The same as to call the class, without compiling an `__init__` for it.
    """
    taken = [one.name for one in fields_of(cls).values() if one.init]
    setters = [setter for name in taken if (setter := setter_of(cls, name)) is not None]
    if len(setters) < len(fields_of(cls)) or hasattr(cls, "__post_init__"):
        return lambda values: cls(**dict(zip(taken, values, strict=True)))

    def make(values: list[Any]) -> Any:
        made = object.__new__(cls)
        for set_field, value in zip(setters, values, strict=True):
            set_field(made, value)
        return made

    return make


# --- showing and comparing records


@recursive_repr()
def repr_of(record: Any) -> str:
    """Return the class and its fields by name."""
    fields = fields_of(class_of(record)).values()
    shown = ", ".join([f"{one.name}={getattr(record, one.name)!r}" for one in fields if one.repr])
    return f"{class_of(record).__qualname__}({shown})"


def _values(cls: type[Any], of: str) -> str:
    """Write the tuple of what records are compared by."""
    return "(" + "".join([f"{of}.{o.name}, " for o in fields_of(cls).values() if o.compare]) + ")"


def comparison(cls: type[Any], name: str) -> Callable[[Any, object], Any]:
    """Return `__eq__` or an order: records of one class, by the fields that are compared."""
    text = (
        f"def {name}(self, other):\n"
        f" if other.__class__ is self.__class__:\n"
        f"  return {_values(cls, 'self')} {_OPERATORS[name]} {_values(cls, 'other')}\n"
        f" return NotImplemented"
    )
    return _compiled(cls, name, text, {})


def hash_of(cls: type[Any], name: str) -> Callable[[Any], int]:
    """Return `__hash__`, by the fields that are compared."""
    return _compiled(cls, name, f"def {name}(self):\n return hash({_values(cls, 'self')})", {})


# --- what cannot be changed


def refuse_to_set(self: Any, name: str, value: object) -> None:
    """Refuse to set a field of a frozen record; a plain subclass may keep what it likes."""
    if _is_frozen(class_of(self), name):
        _refuse(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def refuse_to_delete(self: Any, name: str) -> None:
    """Refuse to delete a field of a frozen record."""
    if _is_frozen(class_of(self), name):
        _refuse(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


def _is_frozen(cls: type[Any], name: str) -> bool:
    return "__record_own__" in cls.__dict__ or name in fields_of(cls)


def _refuse(what: str) -> NoReturn:
    # Imports `inspect`, which deciding does without.
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(what)


def state(self: Any) -> list[Any]:
    """Return what is pickled of a frozen record with slots."""
    return [getattr(self, name) for name in fields_of(class_of(self))]


def set_state(self: Any, values: list[Any]) -> None:
    """Set what was pickled, past what forbids it."""
    for name, value in zip(fields_of(class_of(self)), values, strict=True):
        object.__setattr__(self, name, value)
