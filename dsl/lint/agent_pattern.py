"""A permit for an agent whose id looks like a pattern.

Avoid:

    permit agent "refund-bot-*" to billing.refund

Prefer:

    permit when agent.id.startsWith("refund-bot-") to billing.refund

Why: the id in a permit is compared as it stands, and `*` and `?` stand for themselves. No agent is
called so, so the permit permits nobody, and every action of the package is blocked. Patterns are
for actions: `to billing.*`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages

_WILD = "*?"


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each permit whose agent has a `*` or `?` in its id."""
    for _, declaration in view.declarations():
        if isinstance(declaration, ast.PermitDecl) and declaration.agent is not None:
            agent = declaration.agent
            if any(char in agent.value for char in _WILD):
                yield messages.agent_pattern(agent.span, agent.value, _condition(agent.value))


def _condition(pattern: str) -> str | None:
    """Return the condition that a pattern with one `*`, at an end, may mean."""
    bare = pattern.strip("*")
    if not bare or any(char in bare for char in (*_WILD, '"', "\\")):
        return None
    if pattern == f"{bare}*":
        return f'agent.id.startsWith("{bare}")'
    return f'agent.id.endsWith("{bare}")' if pattern == f"*{bare}" else None


LINT = Lint("agent-pattern", "GW1035", check)
