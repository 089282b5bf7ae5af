"""A checked policy -> the actions whose compiled form a bundle has: those with many rows.

Imports nothing of the compiler: most policies have no such action.
"""

from __future__ import annotations

from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.bundle import compiled_layout as layout
from gatewright.engine.narrow import Places, permit_places


def large_actions(policy: CheckedPolicy) -> list[str]:
    """Return the names of the actions to compile, in order. Cost: linear in what covers actions."""
    rules = Places.of(rule.scope for rule in policy.rules)
    permits = permit_places(policy.permits)
    rows = {
        name: sum(len(policy.rules[n].rows) for n in rules.covering(name, action.package))
        + len(permits.covering(name, action.package))
        for name, action in policy.actions.items()
    }
    chosen: list[str] = []
    left = layout.MOST_ROWS
    for name in sorted(rows, key=lambda name: (-rows[name], name)):
        if layout.LEAST_ROWS <= rows[name] <= left:
            chosen.append(name)
            left -= rows[name]
    return sorted(chosen)
