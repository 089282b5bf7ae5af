"""A rule or guard whose actions no test gives.

Avoid:

    guard big on billing.refund when action.amount > 500 USD => require finance
    // and no test that gives billing.refund

Prefer:

    test "a big refund needs finance" {
      given billing.refund { customer: "C-1", amount: 500.01 USD }
      expect require finance
    }

Why: a test is the only thing that tells a threshold that was meant from one that was mistyped. The
lint asks only that some test of the set gives an action that the rule covers; `gatewright test
--coverage` tells which rows a test has reached. A set without any test is told once.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.checks.tests import PARTS
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each rule without a test; one alone for a set without any test."""
    given = _given(view)
    for rule in view.rules:
        if not any(rule.scope.covers(name, package) for name, package in given.items()):
            actions = (action.name for action in view.covered(rule.scope))
            what = f"the {rule.kind} `{rule.name}`"
            others = None if view.policy.tests else len(view.rules) - 1
            yield messages.untested_rule(rule.span, what, actions, others)
            if others is not None:
                return


def _given(view: View) -> dict[str, str | None]:
    """Return the actions that tests give, with the packages that declare them."""
    actions = view.policy.actions
    names = {
        item.subject.text
        for test in view.policy.tests
        for item in test.declaration.items
        if isinstance(item, ast.Given) and item.subject.text not in PARTS
    }
    return {name: actions[name].package if name in actions else None for name in names}


LINT = Lint("untested-rule", "GW1016", check)
