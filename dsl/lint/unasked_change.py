"""A guard with a table over several changed fields, of which a row looks at some alone.

Avoid:

    guard handover on crm.account.update
      table (changes.OwnerId.new, changes.Region.new) { "nobody" | _ => block }

Prefer:

    guard handover on crm.account.update
      table (changes.OwnerId.new) { "nobody" => block }

Why: a table over `changes.F` applies only where F changes, and one over two fields only where both
do. A cell `_` looks as if the other field did not matter, but an update that leaves that field as
it is passes the guard.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.resolve.expand import changed_fields


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each guard with a row that does not look at a field, and needs it."""
    for rule in view.rules:
        body = rule.declaration.body
        if rule.kind != "rule" and isinstance(body, ast.Table):
            for row in body.rows:
                asked, other = _fields(body, row, asked=True), _fields(body, row, asked=False)
                if asked and not asked.issuperset(other):
                    yield messages.unasked_change(row.span, sorted(asked), sorted(other - asked))
                    break


def _fields(body: ast.Table, row: ast.TableRow, *, asked: bool) -> frozenset[str]:
    """Return the changed fields of the cells that look at them, or of those that do not."""
    cells = zip(body.subjects, row.cells, strict=True)
    return frozenset(
        field
        for subject, cell in cells
        if isinstance(cell, ast.AnyCell) is not asked
        for field in changed_fields(subject)
    )


LINT = Lint("unasked-change", "GW1036", check)
