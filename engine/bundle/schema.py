"""The closed table of classes that a bundle may hold, and their fields.

A class is written as its number in this table. The table's fingerprint stands in every bundle, so
that one written with other classes or fields is refused as a whole.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from gatewright.dsl import policy, types
from gatewright.dsl.ast import base, declarations, expressions, parts, policy_tests

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
    return cls.__module__ == module and is_dataclass(cls) and cls not in _NOT_HELD


CLASSES = _classes()
NUMBERS = {cls: number for number, cls in enumerate(CLASSES)}


def field_types(cls: type[Any]) -> dict[str, Any]:
    """Return the fields of a class in the order in which they are written, with their types.

    What a class makes of its other fields is not written.
    """
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls) if field.init}


@cache
def fingerprint() -> str:
    """Return a digest of all classes, fields and types."""
    lines = [
        f"{cls.__module__}.{cls.__name__} "
        + " ".join(f"{field.name}:{field.type}" for field in fields(cls))
        for cls in CLASSES
    ]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()
