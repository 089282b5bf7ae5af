"""Which names of packages are used anywhere in a policy set.

Names are compared as written: a name that a macro hides counts as used. So what is reported as
unused is.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.lint.view import View
from gatewright.dsl.policy import CheckedPolicy


def is_library(view: View, package: str) -> bool:
    """Tell whether a package only declares what others may use; it need not be used whole."""
    return package not in view.deciding


def values(view: View) -> set[tuple[str, str]]:
    """Return the names that the expressions of each package mention, `imported.name` as well."""
    found = {(package, node.name) for package, node in view.all_nodes(ast.Name)}
    for package, node in view.all_nodes(ast.Select):
        if isinstance(node.operand, ast.Name):
            home = view.policy.packages[package].imports.get(node.operand.name)
            if home is not None:
                found.add((home, node.field))
    return found


def referred(policy: CheckedPolicy, package: str, name: ast.QualifiedName) -> tuple[str, str]:
    """Return the package and name that a dotted name refers to, seen from a package."""
    *prefix, short = name.parts
    if not prefix:
        return package, short
    local = ".".join(prefix)
    return policy.packages[package].imports.get(local, local), short


def routes(view: View) -> set[tuple[str, str]]:
    """Return the routes that something can ask: effects, timeouts and invariants of any package.

    To be outranked by another route is no use.
    """
    return {referred(view.policy, package, name) for package, name in _route_names(view)}


def _route_names(view: View) -> Iterator[tuple[str, ast.QualifiedName]]:
    for package, effect in view.all_nodes(ast.Require):
        yield from ((package, name) for name in effect.routes)
    for package, claim in view.all_nodes(ast.AlwaysAtLeast):
        yield package, claim.route
    for package, timeout in view.all_nodes(ast.Timeout):
        if timeout.route is not None:
            yield package, timeout.route


def type_names(view: View) -> set[tuple[str, str]]:
    """Return the declared types that fields and actions have."""
    names = [(package, ref.name) for package, ref in view.all_nodes(ast.TypeRef)]
    actions = view.all_nodes(ast.ActionDecl)
    targets = ((package, action.target_type) for package, action in actions)
    names.extend((package, name) for package, name in targets if name is not None)
    return {referred(view.policy, package, name) for package, name in names}


def calendars(view: View) -> set[tuple[str, str]]:
    """Return the calendars that routes count by, named or the only one, or conditions ask."""
    named = {
        referred(view.policy, package, item.name)
        for package, item in view.all_nodes(ast.UseCalendar)
    }
    counted = (route.calendar for route in view.policy.routes.values() if route.calendar)
    for calendar in counted:
        package, _, name = calendar.rpartition(".")
        named.add((package, name))
    return values(view) | named
