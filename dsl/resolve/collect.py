"""Parsed files -> packages with their declarations by kind and name.

Finds what is declared twice, names that the language keeps for itself, annotations that do not
exist, and imports of packages that are not there. Nothing inside a declaration is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.files import library_packages
from gatewright.dsl.messages import names as messages
from gatewright.dsl.messages import syntax as syntax_messages
from gatewright.dsl.records import dataclass, field

Report = Callable[[Diagnostic], None]
D = TypeVar("D", bound=ast.NamedDeclaration)

RESERVED = frozenset(
    {
        "action", "changes", "target", "agent", "context", "now", "risk", "data", "requester",
        "agreement",
    }
)  # fmt: skip
"""The names that every condition sees. Source: docs/language.md#what-a-condition-sees."""

_SEVERITIES = frozenset({"low", "medium", "high", "critical"})
_COMMON = frozenset({"owner", "severity", "allow"})
_ANNOTATIONS: Mapping[type[ast.Declaration], frozenset[str]] = {
    ast.ActionDecl: _COMMON | {"irreversible"},
    ast.RuleDecl: _COMMON | {"shadow"},
}


@dataclass(slots=True)
class PackageDeclarations:
    """The declarations of one package, over all its files."""

    name: str
    lets: dict[str, ast.LetDecl] = field(default_factory=dict[str, ast.LetDecl])
    histories: dict[str, ast.HistoryDecl] = field(default_factory=dict[str, ast.HistoryDecl])
    calendars: dict[str, ast.CalendarDecl] = field(default_factory=dict[str, ast.CalendarDecl])
    routes: dict[str, ast.RouteDecl] = field(default_factory=dict[str, ast.RouteDecl])
    types: dict[str, ast.TypeDecl] = field(default_factory=dict[str, ast.TypeDecl])
    rules: dict[str, ast.RuleDecl] = field(default_factory=dict[str, ast.RuleDecl])
    risks: dict[str, ast.RiskDecl] = field(default_factory=dict[str, ast.RiskDecl])
    exceptions: dict[str, ast.ExceptionDecl] = field(default_factory=dict[str, ast.ExceptionDecl])
    invariants: dict[str, ast.InvariantDecl] = field(default_factory=dict[str, ast.InvariantDecl])
    tests: dict[str, ast.PolicyTest] = field(default_factory=dict[str, ast.PolicyTest])
    imports: dict[str, ast.Import] = field(default_factory=dict[str, ast.Import])
    unnamed: list[ast.Declaration] = field(default_factory=list[ast.Declaration])
    """Defaults, on_errors and permits."""
    missing: set[str] = field(default_factory=set[str])
    """Imported packages that are not there. That is told; what they should hold is not."""

    def home(self, name: ast.QualifiedName) -> str:
        """Return the package that a name belongs to: this one, or the one before the last dot."""
        prefix = ".".join(name.parts[:-1])
        imported = self.imports.get(prefix)
        return imported.package.text if imported else prefix or self.name


@dataclass(slots=True)
class Collected:
    """All packages of a set, and its actions, whose names are global."""

    packages: dict[str, PackageDeclarations] = field(default_factory=dict[str, PackageDeclarations])
    actions: dict[str, tuple[str, ast.ActionDecl]] = field(
        default_factory=dict[str, tuple[str, ast.ActionDecl]]
    )
    """Action name -> its package and declaration."""


def collect(files: Iterable[ast.File], report: Report) -> Collected:
    """Sort declarations into packages; the first of two with one name is kept."""
    found = Collected()
    for file in sorted(files, key=lambda f: (f.span.source.name, f.span.source.text)):
        if file.package is None:
            continue
        name = file.package.text
        package = found.packages.setdefault(name, PackageDeclarations(name))
        for imported in file.imports:
            _import(package, imported, report)
        for declaration in file.declarations:
            _annotations(declaration, report)
            _declare(found, package, declaration, report)
    for package in found.packages.values():
        _import_names(package, report)
        for imported in package.imports.values():
            if imported.package.text not in found.packages:
                package.missing.add(imported.package.text)
                known = {*found.packages, *library_packages()} - {package.name}
                report(
                    messages.unknown_package(imported.package.span, imported.package.text, known)
                )
    return found


def _import_names(package: PackageDeclarations, report: Report) -> None:
    """Report imports whose local name is a value's too: a reader could take one for the other."""
    for local, imported in package.imports.items():
        for table in (package.lets, package.histories, package.calendars):
            if local in table:
                report(messages.import_hides(imported.span, local, table[local].name.span))


def _import(package: PackageDeclarations, imported: ast.Import, report: Report) -> None:
    local = imported.local_name
    if imported.alias is not None and local in RESERVED:
        report(messages.reserved_name(imported.alias.span, local))
    first = package.imports.setdefault(local, imported)
    if first.package.text != imported.package.text:
        report(messages.import_twice(imported.span, local, first.span))


def _declare(
    found: Collected, package: PackageDeclarations, declaration: ast.Declaration, report: Report
) -> None:
    match declaration:
        case ast.ActionDecl(name=name):
            known = found.actions.get(name.text)
            if known is not None:
                first = known[1].name.span
                report(messages.declared_twice(name.span, "the action", name.text, first))
            else:
                found.actions[name.text] = (package.name, declaration)
        case ast.LetDecl():
            _value(package, "the value", declaration, package.lets, report)
        case ast.HistoryDecl():
            _value(package, "the history", declaration, package.histories, report)
        case ast.CalendarDecl():
            _value(package, "the calendar", declaration, package.calendars, report)
        case ast.RouteDecl():
            _name("the route", declaration, package.routes, report)
        case ast.TypeDecl():
            _name("the type", declaration, package.types, report)
        case ast.RuleDecl():
            _name("the rule or guard", declaration, package.rules, report)
        case ast.RiskDecl():
            _name("the risk", declaration, package.risks, report)
        case ast.ExceptionDecl():
            _name("the exception", declaration, package.exceptions, report)
        case ast.InvariantDecl():
            _name("the invariant", declaration, package.invariants, report)
        case ast.PolicyTest(name=title):
            other = package.tests.setdefault(title.value, declaration)
            if other is not declaration:
                report(
                    messages.declared_twice(title.span, "the test", title.value, other.name.span)
                )
        case _:
            package.unnamed.append(declaration)


def _value(
    package: PackageDeclarations, what: str, declaration: D, table: dict[str, D], report: Report
) -> None:
    """Declare what conditions see by name: lets, histories and calendars share their names."""
    name = declaration.name
    if name.name in RESERVED:
        report(messages.reserved_name(name.span, name.name))
    tables = (package.lets, package.histories, package.calendars)
    for other in (t[name.name] for t in tables if t is not table and name.name in t):
        report(messages.declared_twice(name.span, what, name.name, other.name.span))
        return
    _name(what, declaration, table, report)


def _name(what: str, declaration: D, table: dict[str, D], report: Report) -> None:
    name = declaration.name
    first = table.setdefault(name.name, declaration)
    if first is not declaration:
        report(messages.declared_twice(name.span, what, name.name, first.name.span))


def _annotations(declaration: ast.Declaration, report: Report) -> None:
    known = _ANNOTATIONS.get(type(declaration), _COMMON)
    _annotated(declaration.annotations, known, "this declaration", report)
    for fields in _fields(declaration):
        for member in fields:
            _annotated(member.annotations, frozenset({"secret"}), "a field", report)


def _annotated(
    annotations: Iterable[ast.Annotation], known: frozenset[str], what: str, report: Report
) -> None:
    """Check annotations, and that each says its own thing; several `@allow` add up."""
    given: dict[str, ast.Annotation] = {}
    for annotation in annotations:
        _annotation(annotation, known, what, report)
        first = given.setdefault(annotation.name, annotation)
        if first is not annotation and annotation.name != "allow":
            what_twice = f"`@{annotation.name}`"
            report(syntax_messages.repeated_part(annotation.span, what_twice, first.span))


def _fields(declaration: ast.Declaration) -> Iterator[tuple[ast.FieldDecl, ...]]:
    match declaration:
        case ast.ActionDecl(members=members):
            yield tuple(m for m in members if isinstance(m, ast.FieldDecl))
            for block in members:
                if isinstance(block, ast.ChangesBlock):
                    yield block.fields
        case ast.TypeDecl(fields=fields):
            yield fields
        case _:
            return


def _annotation(
    annotation: ast.Annotation, known: frozenset[str], what: str, report: Report
) -> None:
    name, span = annotation.name, annotation.span
    if name not in known:
        report(messages.unknown_annotation(span, name, what, known))
        return
    values = [
        a.value.value
        for a in annotation.arguments
        if isinstance(a.value, ast.StringLiteral) and a.name is None
    ]
    texts = len(values) == len(annotation.arguments)
    if name in {"irreversible", "shadow", "secret"} and annotation.arguments:
        report(messages.bad_annotation(span, name, "no arguments"))
    elif name == "owner" and not (texts and len(values) == 1):
        report(messages.bad_annotation(span, name, 'one string, such as `@owner("payments")`'))
    elif name == "severity" and not (texts and len(values) == 1 and values[0] in _SEVERITIES):
        report(messages.bad_annotation(span, name, "one of `low`, `medium`, `high`, `critical`"))
    elif name == "allow" and not (texts and values):
        report(messages.bad_annotation(span, name, "the names of lints, as strings"))
