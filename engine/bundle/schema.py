"""The closed table of classes that a bundle may hold, and their fields.

A class is written as its number in this table. The table's fingerprint stands in every bundle, so
that one written with other classes or fields is refused as a whole.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from gatewright.dsl import policy, types
from gatewright.dsl.ast import base, declarations, expressions, parts, policy_tests
from gatewright.dsl.record_methods import RecordField, annotations_of, fields_of, is_record
from gatewright.dsl.sha256 import sha256

_MODULES = (base, expressions, parts, declarations, policy_tests, types, policy)
_NOT_HELD = (policy.CheckedPolicy,)


def _classes() -> tuple[type[Any], ...]:
    """Return the dataclasses that the modules define, by name."""
    found: dict[str, type[Any]] = {}
    for module in _MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and _is_held(value, module.__name__):
                found[f"{module.__name__}.{value.__name__}"] = value
    return tuple(found[name] for name in sorted(found))


def _is_held(cls: type[Any], module: str) -> bool:
    return cls.__module__ == module and is_record(cls) and cls not in _NOT_HELD


CLASSES = _classes()
NUMBERS = {cls: number for number, cls in enumerate(CLASSES)}


def held_fields(cls: type[Any]) -> tuple[RecordField, ...]:
    """Return the fields that are written, in order: those that an object is made from."""
    return tuple(field for field in fields_of(cls).values() if field.init)


def field_types(cls: type[Any]) -> dict[str, Any]:
    """Return the fields of a class in the order in which they are written, with their types."""
    return {field.name: _type_of(field.annotation, field.module) for field in held_fields(cls)}


@cache
def _type_of(annotation: str, module: str) -> Any:
    """Return the type that an annotation of a module of ours means there."""
    return eval(annotation, vars(sys.modules[module]))  # noqa: S307  # an annotation of ours


@cache
def fingerprint() -> str:
    """Return a digest of all classes, fields and types."""
    lines = [f"{cls.__module__}.{cls.__name__} {annotations_of(cls)}" for cls in CLASSES]
    return sha256("\n".join(lines).encode("utf-8")).hex()
