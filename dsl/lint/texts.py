"""The texts that a policy's author wrote: strings, `because` texts, names of tests."""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.lint.view import View
from gatewright.dsl.source import Span


def texts(view: View) -> Iterator[tuple[Span, str]]:
    """Yield the place of each text, quotes included, and what it says.

    An expression in a `because` text is part of the place, and its strings are texts of their own.
    """
    for _, literal in view.own_nodes(ast.StringLiteral):
        yield literal.span, literal.value
    for _, template in view.own_nodes(ast.Template):
        said = "".join(part if isinstance(part, str) else " " for part in template.parts)
        yield template.span, said
