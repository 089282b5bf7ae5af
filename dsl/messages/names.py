"""Texts about packages, imports and names (GW02xx)."""

from __future__ import annotations

from collections.abc import Iterable

from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages.catalog import Finding, circle, message, nearest
from gatewright.dsl.source import Span

MAY_BE_DECLARED_ELSEWHERE = frozenset(
    {"GW0202", "GW0204", "GW0205", "GW0206", "GW0207", "GW0213", "GW0511"}
)
"""Codes that say nothing where a part of the set cannot be read: it may declare what is missing."""


@message("GW0201", "declared twice")
def declared_twice(span: Span, what: str, name: str, first: Span) -> Finding:
    return Finding(
        span,
        f"{what} `{name}` is declared twice",
        help="rename one of them, or merge the two",
        labels=(Label(first, "first declared here"),),
    )


@message("GW0202", "unknown package")
def unknown_package(span: Span, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"there is no package `{name}` in this policy set or in the standard library",
        help=nearest(name, known)
        or f"load the file that begins with `package {name}` together with this one",
    )


@message("GW0203", "name of the language")
def reserved_name(span: Span, name: str) -> Finding:
    return Finding(
        span,
        f"`{name}` is a name of the language and cannot be declared",
        help="choose another name; an import is given one with `as`",
    )


@message("GW0204", "unknown route")
def unknown_route(span: Span, name: str, known: Iterable[str], hint: str | None) -> Finding:
    return Finding(
        span,
        f"there is no route `{name}` here",
        help=hint
        or nearest(name, known)
        or 'declare it with `route name { one of group("...") }`, or import its package',
    )


@message("GW0205", "unknown action")
def unknown_action(span: Span, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"no action `{name}` is declared",
        help=nearest(name, known)
        or "declare it with `action`, or cover it by a pattern such as `billing.*`",
    )


_TYPES_OF_OTHERS = {
    "text": "text is `string`",
    "number": "a number is `int`, `double` or the exact `decimal`; an amount is `money(USD)`",
    "float": "a number with a fraction is `double`, or the exact `decimal`",
    "date": "an instant is a `timestamp`",
    "datetime": "an instant is a `timestamp`",
    "array": "a list is `list<string>`",
    "object": "a record is declared with `type`; keys that are not known are `map<string, any>`",
    "dict": "a record is declared with `type`; keys that are not known are `map<string, any>`",
    "currency": "an amount is `money(USD)`",
}


@message("GW0206", "unknown type")
def unknown_type(span: Span, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"there is no type `{name}`",
        help=_TYPES_OF_OTHERS.get(name.lower())
        or nearest(name, known)
        or "declare it with `type`, or use a type such as `string`, `int` or `money(USD)`",
    )


@message("GW0207", "unknown rule or guard")
def unknown_rule(
    span: Span, name: str, known: Iterable[str], elsewhere: str | None = None
) -> Finding:
    names = sorted({*known})
    listed = f"there is {', '.join(f'`{n}`' for n in names)}" if 0 < len(names) <= 12 else None
    hint = f"it is one of another package: write `{elsewhere}`" if elsewhere else None
    return Finding(
        span,
        f"there is no rule or guard `{name}` here",
        help=hint
        or nearest(name, names)
        or listed
        or "name one of this package, or of another one with its package: `refunds.large`",
    )


@message("GW0208", "unknown annotation")
def unknown_annotation(span: Span, name: str, what: str, known: Iterable[str]) -> Finding:
    names = [f"@{other}" for other in sorted(known)]
    return Finding(
        span,
        f"there is no annotation `@{name}` for {what}",
        help=nearest(f"@{name}", names) or f"there is {', '.join(f'`{n}`' for n in names)}",
    )


@message("GW0209", "bad annotation argument")
def bad_annotation(span: Span, name: str, wanted: str) -> Finding:
    example = _ANNOTATED.get(name, f"@{name}")
    return Finding(span, f"`@{name}` takes {wanted}", help=f"write `{example}`")


_ANNOTATED = {
    "owner": '@owner("payments")',
    "severity": '@severity("high")',
    "allow": '@allow("unused-let")',
}


@message("GW0210", "import given twice")
def import_twice(span: Span, name: str, first: Span) -> Finding:
    return Finding(
        span,
        f"the import name `{name}` stands for two packages",
        help="give one of them another name with `as`",
        labels=(Label(first, "first imported here"),),
    )


@message("GW0211", "types that contain each other")
def type_circle(span: Span, names: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"this type contains itself: {circle(names)}",
        help="a record of an action has a fixed depth; use `any` for the inner one",
    )


@message("GW0212", "values that contain each other")
def let_circle(span: Span, names: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"this `let` is defined by itself: {circle(names)}",
        help="give one of them a value that names none of the others",
    )


@message("GW0213", "unknown calendar")
def unknown_calendar(span: Span, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        span,
        f"there is no calendar `{name}` here",
        help=nearest(name, known)
        or f'declare it with `calendar {name} {{ zone "Europe/Berlin" }}`, or import its package',
    )


@message("GW0214", "package of the standard library")
def reserved_package(span: Span, name: str) -> Finding:
    return Finding(
        span,
        f"the package `{name}` belongs to the standard library",
        help="choose a name that does not begin with `std.`",
    )


@message("GW0215", "import and value of one name")
def import_hides(span: Span, name: str, declared: Span) -> Finding:
    return Finding(
        span,
        f"the import name `{name}` is the name of a value of this package too",
        help="give the import another name with `as`, or rename the value",
        labels=(Label(declared, "declared here"),),
    )
