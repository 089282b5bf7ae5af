"""A default or an `on_error` that runs where nobody answers.

Avoid:

    route manager { one of group("managers") timeout 4h then approve }
    on_error require manager

Prefer:

    route manager { one of group("managers") timeout 4h then approve }
    route security { one of group("security") timeout 4h then reject }
    on_error require security

Why: a default is for what no rule opens, and `on_error` for what could not be judged. Where all
that they ask approve by silence, such an action runs after a while and nobody has looked at it; to
err, or to be unknown, is then a way through. What a rule sends to such a route was thought of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatewright.dsl.checks.orders import approving_routes
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.policy import Effect, Route


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each default or floor of which every route approves by silence."""
    policy = view.policy
    approving = approving_routes(policy.routes)
    for floor in (*policy.defaults, *policy.on_errors):
        if floor.effect.routes and view.shows(floor.span):
            ends = {name: approving[name] for name in _asked(floor.effect, policy.routes)}
            if all(ends.values()):
                asked = min(ends)
                silent = policy.routes[ends[asked] or asked]
                name = policy.route_name(silent.qualified)
                yield messages.opened_by_silence(floor.span, floor.kind, name, silent.span)


def _asked(effect: Effect, routes: Mapping[str, Route]) -> Iterator[str]:
    """Yield the routes of an effect that no other one of it serves for."""
    for name in effect.routes:
        serving = {other for other in effect.routes if name in routes[other].outranks}
        ordered = {other for pair in effect.orders if name in pair for other in pair}
        if serving <= ordered:
            yield name


LINT = Lint("opened-by-silence", "GW1022", check)
