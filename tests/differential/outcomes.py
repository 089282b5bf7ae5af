"""What an expression comes to, in three interpreters, as our values: or that it is an error."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import celpy
from celpy import celtypes

from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    Duration,
    Map,
    Timestamp,
    TypeValue,
    Uint,
    Value,
    kind_of,
)

Host: TypeAlias = Literal["cpp", "python"]


@dataclass(frozen=True, slots=True)
class Failed:
    """No value; `why` is for people, two errors count as the same."""

    why: str


Outcome: TypeAlias = Value | Failed

# Google's wrapper cuts instants and durations to microseconds.
_NANOS_SEEN: Final = 1000


def ours(text: str) -> Outcome:
    """Return what our interpreter makes of an expression."""
    try:
        return Evaluator(MapScope({})).evaluate(parse_expression(text))
    except EvaluationError as error:
        return Failed(error.code)
    except PolicyError as error:
        return Failed(str(error))


def theirs(host: Host, text: str) -> Outcome:
    """Return what another interpreter makes of an expression."""
    return _cpp(text) if host == "cpp" else _python(text)


def same(left: Outcome, right: Outcome) -> bool:
    """Tell whether two outcomes are the same: kinds too, and zeros with their signs."""
    if isinstance(left, Failed) or isinstance(right, Failed):
        return isinstance(left, Failed) and isinstance(right, Failed)
    if kind_of(left) != kind_of(right):
        return False
    match left, right:
        case float(), float():
            signs = math.copysign(1, left) == math.copysign(1, right)
            return (math.isnan(left) and math.isnan(right)) or (left == right and signs)
        case tuple(), tuple():
            return len(left) == len(right) and all(map(same, left, right))
        case Map(), Map():
            # Keys that are uints come as ints from Google's wrapper.
            return len(left) == len(right) and all(
                key in right and same(left[key], right[key]) for key in left
            )
        case ((Timestamp() | Duration()), (Timestamp() | Duration())):
            return abs(left.nanos - right.nanos) < _NANOS_SEEN
        case _:
            return left == right


# --- Google's, in C++ ---------------------------------------------------------------------------


_EXTENSIONS: Final = ("Bindings", "Encoders", "Math", "Optional", "Strings")


@cache
def _cpp_environment() -> Any:
    """Return the one environment; the package has no types that a checker would find."""
    cel = importlib.import_module("cel_expr_python.cel")
    extensions = [
        getattr(importlib.import_module(f"cel_expr_python.ext.ext_{name.lower()}"), f"Ext{name}")()
        for name in _EXTENSIONS
    ]
    return cel.NewEnv(extensions=extensions)


def _cpp(text: str) -> Outcome:
    try:
        # Unchecked: types are found out at run time, as ours are.
        found = _cpp_environment().compile(text, disable_check=True).eval()
    except RuntimeError as error:
        return Failed(str(error))
    return _from_cpp(found)


def _is(value: Any, kind: type) -> bool:
    """Tell what a value is, without letting a type checker conclude what may be in it."""
    return isinstance(value, kind)


def _from_cpp(found: Any) -> Outcome:
    kind, value = found.type().name(), found.value()
    if kind == "ERROR":
        return Failed(str(value))
    if kind == "UINT":
        return Uint(value)
    if kind == "TYPE":
        name: str = value.name().partition("<")[0].lower()
        return TypeValue(_TYPE_NAMES.get(name, name))
    if _is(value, list):
        return _whole(tuple(_from_cpp(item) for item in value))
    if _is(value, dict):
        return _mapped([(key, _from_cpp(item)) for key, item in value.items()])
    return _plain(value)


_TYPE_NAMES: Final = {
    "null": "null_type",
    "nonetype": "null_type",
    "timestamp": "google.protobuf.Timestamp",
    "duration": "google.protobuf.Duration",
    "bytearray": "bytes",
}


def _whole(items: tuple[Outcome, ...]) -> Outcome:
    """Return a list of outcomes, or the first of them that failed."""
    values: list[Value] = []
    for item in items:
        if isinstance(item, Failed):
            return item
        values.append(item)
    return tuple(values)


def _mapped(entries: list[tuple[Value, Outcome]]) -> Outcome:
    values = _whole(tuple(item for _, item in entries))
    if isinstance(values, tuple):
        return Map(zip((key for key, _ in entries), values, strict=True))
    return values


def _plain(value: Any) -> Outcome:
    """Return what Python's own type stands for."""
    match value:
        case datetime():
            return Timestamp.from_datetime(value)
        case timedelta():
            return _duration(value)
        case bytearray():
            return bytes(value)
        case bool() | float() | str() | bytes() | None:
            return value
        case int():
            return int(value)
        case _:
            return Failed(f"a {type(value).__name__}")


def _duration(length: timedelta) -> Outcome:
    """Return a duration; theirs may reach 10,000 years, and what ours cannot hold counts as failed."""
    nanos = (length.days * 86_400 + length.seconds) * 10**9 + length.microseconds * 1000
    return Duration(nanos) if INT_MIN <= nanos <= INT_MAX else Failed("longer than 292 years")


# --- cel-python, in Python ------------------------------------------------------------------------


# Made here, for it raises Python's limit of recursion, which a test must not do.
_PYTHON: Any = celpy.Environment()


def _python(text: str) -> Outcome:
    try:
        program = _PYTHON.program(_PYTHON.compile(text))
        return _from_python(program.evaluate({}))
    except Exception as error:  # it raises whatever Python raised in it
        return Failed(f"{type(error).__name__}: {error}")


def _from_python(value: Any) -> Outcome:
    match value:
        case celtypes.BoolType():
            return bool(value)
        case celtypes.UintType():
            return Uint(int(value))
        case celtypes.IntType():
            return int(value)
        case celtypes.DoubleType():
            return float(value)
        case celtypes.StringType():
            return str(value)
        case celtypes.BytesType():
            return bytes(value)
        case _ if _is(value, list):
            return _whole(tuple(_from_python(item) for item in value))
        case _ if _is(value, dict):
            entries = [(_from_python(key), _from_python(item)) for key, item in value.items()]
            return _mapped([(key, item) for key, item in entries if not isinstance(key, Failed)])
        case type():
            name = value.__name__.removesuffix("Type").lower()
            return TypeValue(_TYPE_NAMES.get(name, name))
        case _:
            return _plain(value)
