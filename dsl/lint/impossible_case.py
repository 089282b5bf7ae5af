"""A text in small letters that is compared with one that has capitals, or the other way round.

Avoid:

    guard angry on ticket.comment when action.body.lowerAscii().contains("Lawsuit") => require lead

Prefer:

    guard angry on ticket.comment when action.body.lowerAscii().contains("lawsuit") => require lead

Why: `lowerAscii()` leaves no capital letter, so the comparison never holds, and the guard never
acts whatever the text says. Texts in a comparison, in a list after `in`, and in `contains`,
`startsWith` and `endsWith` are looked at, and plain patterns of `matches`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.typing.scopes import ExpressionScope

_SOUGHT = ("contains", "startsWith", "endsWith", "matches", "indexOf")
_NO_PLAIN_TEXT = ("\\", "[", "(?")


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each text that a change of letters leaves nothing equal to."""
    for package, call in view.own_nodes(ast.MethodCall):
        if call.method in _SOUGHT and len(call.arguments) == 1:
            is_pattern = call.method == "matches"
            sought = call.arguments[0].value
            yield from _compared(call.target, sought, view.scopes[package], is_pattern=is_pattern)
    for package, node in view.own_nodes(ast.Binary):
        if node.operator in ("==", "!=", "in"):
            scope = view.scopes[package]
            yield from _compared(node.left, node.right, scope)
            yield from _compared(node.right, node.left, scope)


def _compared(
    changed: ast.Expr, other: ast.Expr, scope: ExpressionScope, *, is_pattern: bool = False
) -> Iterator[Diagnostic]:
    match _meant(changed, scope):
        case ast.MethodCall(_, "lowerAscii" | "upperAscii" as function, ()):
            change = _lower if function == "lowerAscii" else _upper
            for literal in _texts(other, scope):
                text = literal.value
                plain = not is_pattern or not any(part in text for part in _NO_PLAIN_TEXT)
                if plain and text != change(text):
                    yield messages.impossible_case(literal.span, function, text, change(text))
        case _:
            pass


def _texts(expr: ast.Expr, scope: ExpressionScope) -> Iterator[ast.StringLiteral]:
    """Yield the texts that an expression is, or lists."""
    meant = _meant(expr, scope)
    listed = [item.value for item in meant.items] if isinstance(meant, ast.ListLiteral) else [meant]
    for each in listed:
        if isinstance(each, ast.StringLiteral):
            yield each


def _meant(expr: ast.Expr, scope: ExpressionScope) -> ast.Expr:
    reference = scope.let(expr)
    return expr if reference is None else reference.value


def _lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def _upper(text: str) -> str:
    return "".join(c.upper() if c.isascii() else c for c in text)


LINT = Lint("impossible-case", "GW1029", check)
