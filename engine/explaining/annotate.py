"""A condition -> the text in which people see what it saw: `action.amount (75.00 USD) < 50 USD`.

Values of `@secret` fields, and of anything computed from them, are shown as `***`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl import ast
from gatewright.dsl.macros import macro_of
from gatewright.dsl.records import dataclass
from gatewright.engine.errors import EvaluationError
from gatewright.engine.rendering import render
from gatewright.engine.secrecy.masking import MASK
from gatewright.engine.secrecy.secrets import Secrets
from gatewright.engine.values import Value, is_host

_PRECEDENCE = {
    "*": 6, "/": 6, "%": 6, "+": 5, "-": 5,
    "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4,
}  # fmt: skip
_POSTFIX, _UNARY, _AND, _OR, _LOWEST = 8, 7, 3, 2, 1


@dataclass(frozen=True, slots=True)
class Annotator:
    """Writes expressions with the values of their parts."""

    seen: Mapping[int, Value | EvaluationError]
    secrets: Secrets
    lets: Mapping[str, ast.Expr]

    def write(self, expr: ast.Expr) -> str:
        """Return the expression with values in it; the value of the whole is left to the caller."""
        return self._write(expr, _LOWEST, top=True)

    def _write(self, expr: ast.Expr, room: int, *, top: bool = False) -> str:
        text, own = self._node(expr)
        if own < room:
            text = f"({text})"
        if not top and self._is_fact(expr):
            text += self._value(expr)
        return text

    def _is_fact(self, expr: ast.Expr) -> bool:
        """Tell whether a value is read or computed by a call, not written in the condition."""
        return isinstance(expr, ast.Name | ast.Select | ast.Index | ast.Call | ast.MethodCall)

    def _value(self, expr: ast.Expr) -> str:
        value = self.seen.get(id(expr), self)
        if isinstance(value, Annotator | bool) or is_host(value):
            return ""
        if isinstance(value, EvaluationError):
            return " (an error)"
        if self.secrets.touches(expr, self.lets):
            return f" ({MASK})"
        return f" ({self.secrets.show(value)})"

    def _node(self, expr: ast.Expr) -> tuple[str, int]:
        """Return the text of a node and how tightly it binds."""
        match expr:
            case ast.Name(name=name, absolute=absolute):
                return ("." if absolute else "") + name, _POSTFIX
            case ast.Select(operand=operand, field=field, optional=optional):
                return f"{self._path(operand)}{'.?' if optional else '.'}{_field(field)}", _POSTFIX
            case ast.Index(operand=operand, index=index, optional=optional):
                mark = "?" if optional else ""
                inner = self._write(index, _LOWEST)
                return f"{self._path(operand)}[{mark}{inner}]", _POSTFIX
            case ast.Call(function=function, absolute=absolute):
                return f"{'.' if absolute else ''}{function}({self._arguments(expr)})", _POSTFIX
            case ast.MethodCall(target=target, method=method):
                return f"{self._target(target)}.{method}({self._arguments(expr)})", _POSTFIX
            case ast.Unary(operator=operator, operand=operand):
                return f"{operator}{self._write(operand, _UNARY)}", _UNARY
            case ast.Binary(operator=operator, left=left, right=right):
                own = _PRECEDENCE[operator]
                first, second = self._write(left, own), self._write(right, own + 1)
                return f"{first} {operator} {second}", own
            case ast.And(operands=operands):
                return " && ".join(self._write(o, _AND + 1) for o in operands), _AND
            case ast.Or(operands=operands):
                return " || ".join(self._write(o, _OR + 1) for o in operands), _OR
            case ast.Conditional(condition=condition, then=then, otherwise=otherwise):
                first, second = self._write(condition, _OR), self._write(then, _OR)
                return f"{first} ? {second} : {self._write(otherwise, _LOWEST)}", _LOWEST
            case ast.Between(value=value, low=low, high=high):
                first, last = self._write(low, 5), self._write(high, 5)
                return f"{self._write(value, 4)} in {first} .. {last}", 4
            case ast.ListLiteral(items=items):
                inner = ", ".join(("?" if i.optional else "") + self._write(i.value, _LOWEST)
                                  for i in items)  # fmt: skip
                return f"[{inner}]", _POSTFIX
            case ast.MapLiteral(entries=entries):
                inner = ", ".join(
                    ("?" if e.optional else "")
                    + f"{self._write(e.key, _LOWEST)}: {self._write(e.value, _LOWEST)}"
                    for e in entries
                )
                return f"{{{inner}}}", _POSTFIX
            case ast.StringLiteral(value=value) if expr.span.text[-1:] not in ('"', "'"):
                return render(value), _POSTFIX  # made by the expansion of a tier or table
            case _:
                return expr.span.text.strip("() \t\r\n") or "?", _POSTFIX

    def _path(self, operand: ast.Expr) -> str:
        """Write what a field is read from: of `a.b.c` only the whole has its value shown."""
        if isinstance(operand, ast.Name | ast.Select | ast.Index):
            return self._node(operand)[0]
        return self._write(operand, _POSTFIX)

    def _target(self, target: ast.Expr) -> str:
        if isinstance(target, ast.Name):
            return self._node(target)[0]
        return self._write(target, _POSTFIX)

    def _arguments(self, call: ast.Call | ast.MethodCall) -> str:
        """Write arguments; inside a macro values change from turn to turn, so none are shown."""
        writer = self if macro_of(call) is None else Annotator({}, self.secrets, self.lets)
        return ", ".join((f"{a.name}: " if a.name else "") + writer._write(a.value, _LOWEST)
                         for a in call.arguments)  # fmt: skip


def _field(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"
