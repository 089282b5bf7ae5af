"""Expressions where a type is wanted: values of a test's action, bounds, arguments of routes.

Literals count as what they are wanted to be. Source: docs/language.md#declarations, #tests.
"""

from __future__ import annotations

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages import types as messages
from gatewright.dsl.source import Span
from gatewright.dsl.typing.base import Env, Inference
from gatewright.dsl.typing.compat import NUMBERS, Bindings, Fit, fits


class Expectations:
    """Checks expressions against the types that are wanted, for one type checker."""

    def __init__(self, typer: Inference) -> None:
        self._typer = typer

    def check(self, expr: ast.Expr, expected: t.Type, env: Env) -> t.Type:
        """Check that an expression can stand where `expected` is wanted; return its type."""
        match expr, expected:
            case ast.MapLiteral(), t.RecordType() | t.ChangesType():
                self._record(expr, expected, env)
                return self._note(expr, expected)
            case ast.MapLiteral(entries), t.MapType(key, value):
                for entry in entries:
                    self.check(entry.key, key, env)
                    self.check(entry.value, value, env)
                return self._note(expr, expected)
            case ast.ListLiteral(items), t.ListType(element) if not any(i.optional for i in items):
                for item in items:
                    self.check(item.value, element, env)
                return self._note(expr, expected)
            case ast.IntLiteral() | ast.DoubleLiteral(), _ if _reads_as(expr, expected):
                return self._note(expr, expected)
            case _:
                kind = self._typer.infer_in(expr, env)
                self._fit(expr, kind, expected, env)
                return kind

    def _note(self, expr: ast.Expr, kind: t.Type) -> t.Type:
        self._typer.types[id(expr)] = kind
        return kind

    def _fit(self, expr: ast.Expr, kind: t.Type, expected: t.Type, env: Env) -> None:
        """Report a type that is not the wanted one, and a literal that is too much for it."""
        meant = env.resolve(expr)
        match expected, meant:
            case t.EnumType(values), ast.StringLiteral(text):
                if text not in values:
                    what = "one of the values of this field"
                    self._typer.report(messages.not_in_enum(expr.span, text, values, what))
                return
            case t.StringType(int(limit)), ast.StringLiteral(text):
                if len(text) > limit:
                    self._typer.report(messages.text_too_long(expr.span, len(text), limit))
                return
            case t.MoneyType(str(wanted)), _:
                if isinstance(kind, t.MoneyType) and kind.currency not in (None, wanted):
                    labels = (Label(expr.span, f"`{wanted}` is wanted here"),)
                    given = kind.currency or ""
                    self._typer.report(messages.two_currencies(expr.span, wanted, given, labels))
                    return
            case _:
                pass
        if fits(kind, expected, Bindings()) is Fit.NO and kind != t.UNKNOWN:
            help = _help(kind, expected)
            self._typer.report(
                messages.wrong_type(expr.span, "what is wanted here", expected, kind, help)
            )

    def _record(
        self, expr: ast.MapLiteral, expected: t.RecordType | t.ChangesType, env: Env
    ) -> None:
        """Check a map that stands for a record; a bare name as key stands for its text."""
        seen: dict[str, Span] = {}
        for entry in expr.entries:
            name = _key(entry.key)
            if name is None:
                kind = self._typer.infer_in(entry.key, env)
                what = "the name of a field is a bare word or a `string`"
                self._typer.report(messages.bad_index(entry.key.span, what, kind))
                continue
            first = seen.setdefault(name, entry.key.span)
            if first is not entry.key.span:
                self._typer.report(messages.key_twice(entry.key.span, first))
            field = expected.field(name)
            if field is not None:
                self.check(entry.value, _value_type(expected, name, field.type), env)
                continue
            if not expected.open:
                self._typer.report(
                    messages.unknown_field(
                        entry.key.span, str(expected), name, expected.names, None, ""
                    )
                )
            self._typer.infer_in(entry.value, env)


def _value_type(expected: t.RecordType | t.ChangesType, name: str, kind: t.Type) -> t.Type:
    if isinstance(expected, t.RecordType):
        return kind
    sides = (("old", t.FieldType(kind)), ("new", t.FieldType(kind)))
    return t.RecordType(f"changes.{name}", sides)


def _key(key: ast.Expr) -> str | None:
    match key:
        case ast.Name(name, False) | ast.StringLiteral(name):
            return name
        case _:
            return None


def _reads_as(expr: ast.IntLiteral | ast.DoubleLiteral, expected: t.Type) -> bool:
    """Tell whether a number literal can be read as the wanted type."""
    if isinstance(expr, ast.DoubleLiteral):
        return expected == t.DECIMAL
    return expected in (t.DECIMAL, t.DOUBLE) or (expected == t.UINT and expr.value >= 0)


def _help(kind: t.Type, expected: t.Type) -> str | None:
    if isinstance(expected, t.MoneyType):
        return f"write money: `50 {expected.currency or 'USD'}`"
    if expected == t.DECIMAL and kind == t.DOUBLE:
        return 'write the number as a literal, or make it exact: `decimal("1.50")`'
    if expected in NUMBERS and isinstance(kind, t.StringType):
        return "write a number without quotes"
    if isinstance(expected, t.StringType) and kind in NUMBERS:
        return "write a text in quotes"
    if expected == t.CHANNEL:
        return 'write a channel: `slack("#refunds")`, `email`'
    if expected == t.TIMESTAMP:
        return "write an instant: `2026-12-02T00:00:00Z`"
    return "write a length of time: `30d`" if expected == t.DURATION else None
