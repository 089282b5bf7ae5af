"""A rule that opens by a pattern which is found anywhere in a text.

Avoid:

    rule own_mail on mail.send when action.to.matches("[a-z]+@acme[.]test") => auto_run

Prefer:

    rule own_mail on mail.send when action.to.matches("^[a-z]+@acme[.]test$") => auto_run

Why: `matches` looks for the pattern, so a text that only holds it passes too: an address such as
`eve@acme.test.evil.test`, or `SELECT 1; DROP TABLE` for `^SELECT`. A pattern that opens says what
the whole text is, from `^` to `$`. What restricts may look anywhere, and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gatewright.dsl import ast
from gatewright.dsl.checks import intervals
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.facts import Reading
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Scope
from gatewright.dsl.typing.scopes import ExpressionScope

_TRUE = intervals.point(True)
_FLAGS = re.compile(r"\(\?([a-zA-Z]+)\)")
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each pattern with an open end by which a row or a permit opens."""
    for row in view.rows:
        if row.row.effect.auto_run and not row.rule.shadow:
            yield from _open(row.known.values.values(), view.scopes[row.rule.package])
    for permit in view.policy.permits:
        if permit.condition is not None and view.shows(permit.span):
            reader = view.reader(permit.package, Scope(permit.package, permit.to))
            yield from _open(reader.parts(permit.condition), view.scopes[permit.package])


def _open(readings: Iterable[Reading], scope: ExpressionScope) -> Iterator[Diagnostic]:
    for reading in readings:
        if isinstance(reading, bool) or reading.values != _TRUE:
            continue
        match reading.subject.expression:
            case ast.MethodCall(_, "matches", (ast.Argument(None, pattern),)):
                reference = scope.let(pattern)
                literal = pattern if reference is None else reference.value
                if isinstance(literal, ast.StringLiteral) and not is_anchored(literal.value):
                    yield messages.unanchored_pattern(pattern.span)
            case _:
                pass


def is_anchored(pattern: str) -> bool:
    r"""Tell whether a pattern matches whole texts alone.

    >>> [is_anchored(p) for p in ("^a+$", "(?i)^(a|b)$", r"\Aa\z", "^a$|^b$")]
    [True, True, True, True]
    >>> [is_anchored(p) for p in ("a", "^a", "a$", "^a|b$", r"^a\$", "(?m)^a$")]
    [False, False, False, False, False, False]
    """
    flags = _FLAGS.match(pattern)
    if flags is not None:
        if "m" in flags[1]:
            return False
        pattern = pattern[flags.end() :]
    ends: list[list[str]] = [[]]
    depth = 0
    for piece in _PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            ends.append([])
        else:
            ends[-1].append(piece)
    return all(e and e[0] in ("^", "\\A") and e[-1] in ("$", "\\z") for e in ends)


LINT = Lint("unanchored-pattern", "GW1031", check)
