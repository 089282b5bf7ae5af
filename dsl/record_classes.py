"""A class with annotations -> a dataclass whose methods are compiled when they are first called.

What `dataclasses` gives is given, by the same names, and `dataclasses` itself works on the result:
its descriptions of the fields are made when it asks for them, since importing it costs as much as
half of Python's own start. Left out, since nothing here needs it: InitVar, KW_ONLY, unsafe_hash,
weakref_slot, a dataclass of the standard library as a base.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gatewright.dsl import record_methods as methods
from gatewright.dsl.record_methods import REQUIRED, RecordField

_NO_FIELDS: Mapping[str, RecordField] = {}
_STANDARD_FIELDS = "__dataclass_fields__"
_STANDARD_PARAMS = "__dataclass_params__"


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

    def made(cls: type[Any]) -> type[Any]:
        return _made(cls, eq=eq, order=order, frozen=frozen, slots=slots)

    return made if cls is None else made(cls)


def replace(record: Any, /, **changes: Any) -> Any:
    """Return a record like that one with some fields changed, as `dataclasses.replace` does."""
    for name, one in methods.fields_of(type(record)).items():
        if one.init:
            changes.setdefault(name, getattr(record, name))
        elif name in changes:
            raise ValueError(f"{name} is no argument of {type(record).__qualname__}")
    return type(record)(**changes)


def _made(cls: type[Any], *, eq: bool, order: bool, frozen: bool, slots: bool) -> type[Any]:
    """Return the class with its fields and stubs; with slots it is made anew."""
    own = _own_fields(cls)
    fields: dict[str, RecordField] = {}
    for base in cls.__mro__[-1:0:-1]:
        if _STANDARD_FIELDS in base.__dict__ and "__record_fields__" not in base.__dict__:
            raise TypeError(f"{base.__qualname__} is a dataclass of the standard library")
        fields.update(base.__dict__.get("__record_fields__", _NO_FIELDS))
    fields.update(own)
    _refuse_misplaced(cls, fields)
    if slots:
        cls = _slotted(cls, own)
    cls.__record_fields__ = fields
    setattr(cls, _STANDARD_FIELDS, _StandardFields(cls))
    setattr(cls, _STANDARD_PARAMS, _StandardParams(eq=eq, order=order, frozen=frozen))
    if "__match_args__" not in cls.__dict__:
        by_place = [one.name for one in fields.values() if one.init and not one.kw_only]
        setattr(cls, "__match_args__", tuple(by_place))  # noqa: B010  # typed as constant
    _add_methods(cls, eq=eq, order=order, frozen=frozen, slots=slots)
    return cls


def _own_fields(cls: type[Any]) -> dict[str, RecordField]:
    """Return the fields that a class declares, and leave in the class what is a default."""
    found: dict[str, RecordField] = {}
    for name, annotation in cls.__annotations__.items():
        if annotation.startswith("ClassVar"):
            continue
        one = cls.__dict__.get(name, REQUIRED)
        if type(one) is RecordField:
            if one.default is REQUIRED:
                delattr(cls, name)
            else:
                setattr(cls, name, one.default)
        else:
            one = RecordField(one, REQUIRED, True, True, True, False)
        if type(one.default).__hash__ is None:
            raise ValueError(f"the default of {cls.__qualname__}.{name} could be changed")
        one.name, one.annotation, one.module = name, annotation, cls.__module__
        found[name] = one
    return found


def _refuse_misplaced(cls: type[Any], fields: Mapping[str, RecordField]) -> None:
    """Refuse a field without a default after one that has one."""
    before = ""
    for one in fields.values():
        if not one.init or one.kw_only:
            continue
        if one.is_required and before:
            raise TypeError(f"{cls.__qualname__}.{one.name} follows {before}, so needs a default")
        before = before if one.is_required else one.name


def _slotted(cls: type[Any], own: Mapping[str, RecordField]) -> type[Any]:
    """Make the class anew: where fields are kept is settled when a class is made."""
    content = dict(cls.__dict__)
    for name in (*own, "__dict__", "__weakref__"):
        content.pop(name, None)
    inherited = {s for base in cls.__mro__[1:] for s in base.__dict__.get("__slots__", ())}
    content["__slots__"] = tuple([name for name in own if name not in inherited])
    metaclass: Any = type(cls)
    made: type[Any] = metaclass(cls.__name__, cls.__bases__, content)
    made.__qualname__ = cls.__qualname__
    return made


def _add_methods(cls: type[Any], *, eq: bool, order: bool, frozen: bool, slots: bool) -> None:
    """Give the class what it does not define itself."""
    own = cls.__dict__
    # A class that defines `__eq__` and no `__hash__` has got one of None by Python.
    hashes = "__hash__" in own and not (own["__hash__"] is None and "__eq__" in own)
    if "__init__" not in own:
        _add_stub(cls, "__init__", methods.init_of)
    if "__repr__" not in own:
        _add_stub(cls, "__repr__", methods.repr_of)
    if eq and "__eq__" not in own:
        _add_stub(cls, "__eq__", methods.eq_of)
    if eq and not hashes:
        if frozen:
            _add_stub(cls, "__hash__", methods.hash_of)
        else:
            setattr(cls, "__hash__", None)  # noqa: B010  # what can change has no hash
    for name in methods.ORDERS if order else ():
        _add_stub(cls, name, methods.order_of)
    if frozen:
        methods.freeze(cls)
        if slots:
            methods.make_picklable(cls)


def _add_stub(
    cls: type[Any], name: str, make: Callable[[type[Any], str], Callable[..., Any]]
) -> None:
    """Add a method that puts the real one into its place and calls it."""

    def stub(self: Any, *args: Any, **kwargs: Any) -> Any:
        # Threads that come at the same time make the same method.
        real = make(cls, name)
        setattr(cls, name, real)
        return real(self, *args, **kwargs)

    stub.__name__ = name
    stub.__qualname__ = f"{cls.__qualname__}.{name}"
    setattr(cls, name, stub)


class _StandardFields:
    """The fields as `dataclasses` describes them, made when it asks for them."""

    __slots__ = ("_cls",)

    def __init__(self, cls: type[Any]) -> None:
        self._cls = cls

    def __get__(self, _: object, __: object = None) -> object:
        # Imports `inspect` and `ast`, which deciding does without.

        cls = self._cls
        found = {name: _standard(one) for name, one in methods.fields_of(cls).items()}
        setattr(cls, _STANDARD_FIELDS, found)
        return found


def _standard(one: RecordField) -> Any:
    """Return a field as `dataclasses` describes it."""
    # Imported by whoever asks already.
    import dataclasses

    given: dict[str, Any] = {
        "init": one.init,
        "repr": one.repr,
        "compare": one.compare,
        "kw_only": one.kw_only,
    }
    if one.default is not REQUIRED:
        given["default"] = one.default
    if one.default_factory is not REQUIRED:
        given["default_factory"] = one.default_factory
    made: Any = dataclasses.field(**given)
    made.name, made.type = one.name, one.annotation
    made._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
    return made


class _StandardParams:
    """How the class was decorated, which a dataclass made of it asks for."""

    __slots__ = ("eq", "frozen", "init", "order", "repr", "unsafe_hash")

    def __init__(self, *, eq: bool, order: bool, frozen: bool) -> None:
        self.init = self.repr = True
        self.unsafe_hash = False
        self.eq, self.order, self.frozen = eq, order, frozen
