"""A calendar that nothing uses.

Avoid:

    calendar office { zone "Europe/Berlin" days "mon-fri" hours "09:00-17:00" }
    route manager { one of group("managers") timeout 24h then reject }

Prefer:

    calendar office { zone "Europe/Berlin" days "mon-fri" hours "09:00-17:00" }
    route manager { one of group("managers") timeout 1bd then reject calendar office }

Why: timers that should rest at night and on holidays do not. A package that only declares what
others import is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint import usage
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each calendar that no declaration of the set uses."""
    used = usage.calendars(view)
    for package, declaration in view.declarations():
        if isinstance(declaration, ast.CalendarDecl) and not usage.is_library(view, package):
            name = declaration.name
            if (package, name.name) not in used:
                yield messages.unused_calendar(name.span, name.name)


LINT = Lint("unused-calendar", "GW1009", check)
