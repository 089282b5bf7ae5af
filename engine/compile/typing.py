"""The types of a policy's expressions, as the checker saw them, for whoever compiles them."""

from __future__ import annotations

from collections.abc import Callable

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.checks.contexts import Contexts
from gatewright.dsl.checks.lets import Lets
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Source
from gatewright.dsl.typing.scopes import ExpressionScope
from gatewright.dsl.typing.typer import Typer


def typed(policy: CheckedPolicy, package: str, action: str | None) -> Callable[[ast.Expr], t.Type]:
    """Return what tells the types of a package's expressions where they decide about an action.

    `action` is the name of a declared action; None stands for those that nobody declared. A whole
    condition must be asked for before its parts; what was never part of one is any. What only a
    run will tell is any too.
    """
    contexts = Contexts(policy, Lets(policy.packages))
    declared = policy.actions.get(action) if action is not None else None
    # No action has the empty name, so a pattern of it covers only what nobody declared.
    names = ("",) if declared is None else tuple(declared.name.split("."))
    span = Source("", "").whole() if declared is None else declared.span
    (context,) = contexts.of_patterns(package, [ast.Pattern(names, False, span=span)])
    return TypesOf(context.scope)


class TypesOf:
    """The types of the expressions of one scope; each is inferred once."""

    def __init__(self, scope: ExpressionScope) -> None:
        self._typer = Typer(scope, _ignore)
        self._kept: list[ast.Expr] = []  # types are known by the `id` of nodes, which must live on

    def __call__(self, expr: ast.Expr) -> t.Type:
        """Return the type of an expression; any where nothing is known of it."""
        if id(expr) not in self._typer.types:
            self._kept.append(expr)
            self._typer.infer(expr)
        kind = self._typer.types.get(id(expr), t.ANY)
        return t.ANY if kind == t.UNKNOWN else kind


def _ignore(_: Diagnostic) -> None:
    """Say nothing: the checker has told everything already."""
