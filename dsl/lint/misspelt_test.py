"""A test of an action that nothing declares, with a name that is nearly a declared one.

Avoid:

    action billing.refund { customer: string, amount: money(USD) }
    guard known on * unless agent.id in data.agents => block
    test "a refund of a stranger" { given billing.refnd { customer: "C-1" } expect block }

Prefer:

    test "a refund of a stranger" { given billing.refund { customer: "C-1" } expect block }

Why: a pattern such as `on *` covers actions that nobody declared, so a test may give one. Under a
misspelt name none of the rules on the action itself are tried, no field is checked, and the test
passes. Only names are told that differ from a declared one in one word, and by little.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gatewright.dsl import ast
from gatewright.dsl.checks.tests import PARTS
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.messages.catalog import closest
from gatewright.dsl.similar import are_alike


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each action of a test whose name is nearly a declared one."""
    declared = view.policy.actions.keys()
    for _, given in view.own_nodes(ast.Given):
        name = given.subject
        if name.text not in PARTS and name.text not in declared:
            meant = closest(name.text, declared)
            if meant is not None and _is_slip(name.parts, meant.split(".")):
                yield messages.misspelt_test(name.span, name.text, meant)


def _is_slip(written: Collection[str], meant: Collection[str]) -> bool:
    """Tell whether two names have the same words but one, and that nearly."""
    if len(written) != len(meant):
        return False
    different = [pair for pair in zip(written, meant, strict=True) if pair[0] != pair[1]]
    return len(different) == 1 and are_alike(*different[0])


LINT = Lint("misspelt-test", "GW1027", check)
