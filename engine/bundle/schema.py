"""The closed table of classes that a bundle may hold, and their fields.

A class is written as its number in this table. The table's fingerprint stands in every bundle, so
that one written with other classes or fields is refused as a whole. Both are written down here, so
that a bundle is read without loading classes that it does not hold; tests/engine/bundle/
test_schema.py compares them with the classes, and says what they have to be.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Any, Final

from gatewright.dsl.record_methods import RecordField, fields_of

HELD: Final = {
    "gatewright.dsl.ast.base": ("Ident Node QualifiedName"),
    "gatewright.dsl.ast.bodies": (
        "Annotation AnyCell AutoRun Block CaseRow Cases ChangesBlock CompareCell ExactCell "
        "FieldDecl Plain RangeCell Require Table TableRow Tier TierRow TypeRef"
    ),
    "gatewright.dsl.ast.declarations": (
        "ActionDecl AlwaysAtLeast Approvers CalendarDecl CalendarItem Comment Declaration "
        "DefaultDecl Distinct ExceptionDecl ExceptionItem Exclude File HistoryDecl Import "
        "InvariantDecl LetDecl MonotoneIn NamedDeclaration NeverDefault NeverEffect Notify "
        "OnErrorDecl Outranks PermitDecl Remind RiskDecl RouteDecl RuleDecl Sla Timeout "
        "TypeDecl UseCalendar"
    ),
    "gatewright.dsl.ast.expressions": (
        "And Argument Between Binary BoolLiteral BusinessDaysLiteral BytesLiteral Call "
        "Conditional DoubleLiteral DurationLiteral Index IntLiteral ListItem ListLiteral "
        "MapEntry MapLiteral MethodCall MoneyLiteral Name NullLiteral Or Select StringLiteral "
        "TimestampLiteral UintLiteral Unary"
    ),
    "gatewright.dsl.ast.parts": ("Clause Obligation Pattern Refinement Template"),
    "gatewright.dsl.ast.policy_tests": (
        "AtInstant CaseTable CaseTableRow ExpectBecause ExpectEffect ExpectError ExpectRisk "
        "ExpectRules Given Past PolicyTest"
    ),
    "gatewright.dsl.policy": (
        "ActionType Calendar Condition Effect Floor History Invariant Let OnTimeout Package "
        "Period Permit PolicyException Risk Route Row Rule Scope Test"
    ),
    "gatewright.dsl.types": (
        "CalendarType ChangesType EnumType FieldType HistoryType ListType MapType MoneyType "
        "OptionalType RecordType Scalar StringType TypeVariable"
    ),
}
"""The classes by module, in the order of their numbers."""
FINGERPRINT: Final = "b08b7844545b20f97f6c62202342bbaab14c1727e0c54729665e33272c5abd13"
"""A digest of all classes, fields and types."""

_NAMES: Final = tuple([(module, name) for module, names in HELD.items() for name in names.split()])
_NUMBERS: Final = {name: number for number, name in enumerate(_NAMES)}
COUNT: Final = len(_NAMES)
"""How many classes there are."""


@cache
def class_of(number: int) -> type[Any]:
    """Return the class of a number below `COUNT`."""
    module, name = _NAMES[number]
    cls: type[Any] = getattr(import_module(module), name)
    return cls


def number_of(cls: type[Any]) -> int:
    """Return the number of a class; raises KeyError for one that no bundle holds."""
    return _NUMBERS[cls.__module__, cls.__name__]


def is_held(hint: object) -> bool:
    """Tell whether a type is a class that a bundle may hold."""
    return isinstance(hint, type) and (hint.__module__, hint.__name__) in _NUMBERS


def held_fields(cls: type[Any]) -> tuple[RecordField, ...]:
    """Return the fields that are written, in order: those that an object is made from."""
    return tuple(field for field in fields_of(cls).values() if field.init)


@cache
def type_of(annotation: str, module: str) -> Any:
    """Return the type that an annotation of a module of ours means there."""
    return eval(annotation, vars(sys.modules[module]))  # noqa: S307  # an annotation of ours
