"""The table of classes that bundles hold is that of the classes there are."""

from __future__ import annotations

from hashlib import sha256
from types import ModuleType
from typing import Any

from gatewright.dsl import policy, types
from gatewright.dsl.ast import base, bodies, declarations, expressions, parts, policy_tests
from gatewright.dsl.record_methods import is_record
from gatewright.engine.bundle.schema import COUNT, FINGERPRINT, HELD, class_of, number_of

MODULES = (base, bodies, declarations, expressions, parts, policy_tests, policy, types)


def classes(module: ModuleType) -> list[type[Any]]:
    """The classes of a module that a bundle may hold, by name."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and is_record(value)
    ]
    return sorted(set(found) - {policy.CheckedPolicy}, key=lambda cls: cls.__name__)


def annotations_of(cls: type[Any]) -> str:
    """All that a class of records and its bases say of their fields."""
    declared = [base for base in cls.__mro__ if "__record_own__" in base.__dict__]
    return " ".join(
        f"{name}:{kind}" for base in declared for name, kind in base.__annotations__.items()
    )


def fingerprint() -> str:
    """What `FINGERPRINT` has to be."""
    lines = [
        f"{cls.__module__}.{cls.__name__} {annotations_of(cls)}"
        for module in MODULES
        for cls in classes(module)
    ]
    return sha256("\n".join(lines).encode()).hexdigest()


def test_the_table_has_every_class() -> None:
    expected = {m.__name__: " ".join(cls.__name__ for cls in classes(m)) for m in MODULES}
    assert expected == HELD, "write what is expected into HELD of engine/bundle/schema.py"


def test_the_fingerprint_is_that_of_the_classes() -> None:
    assert fingerprint() == FINGERPRINT, "write what is found into engine/bundle/schema.py"


def test_numbers_are_those_of_the_table() -> None:
    assert [number_of(class_of(number)) for number in range(COUNT)] == [*range(COUNT)]
