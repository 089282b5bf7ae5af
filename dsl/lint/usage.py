"""Which names of packages are used anywhere in a policy set.

Names are compared as written: a name that a macro hides counts as used. So what is reported as
unused is.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.lint.view import View, nodes, package_of
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.walk import walk


def is_library(view: View, package: str) -> bool:
    """Tell whether a package only declares what others may use; it need not be used whole."""
    return package not in view.deciding


def values(policy: CheckedPolicy) -> set[tuple[str, str]]:
    """Return the names that the expressions of each package mention.

    Lets and histories are seen in their own package alone.
    Source: docs/language.md#files-and-packages.
    """
    return {
        (package_of(file), node.name) for file in policy.files for node in nodes(file, ast.Name)
    }


def referred(policy: CheckedPolicy, package: str, name: ast.QualifiedName) -> tuple[str, str]:
    """Return the package and name that a dotted name refers to, seen from a package."""
    *prefix, short = name.parts
    if not prefix:
        return package, short
    local = ".".join(prefix)
    return policy.packages[package].imports.get(local, local), short


def routes(policy: CheckedPolicy) -> set[tuple[str, str]]:
    """Return the routes that something can ask: effects, timeouts and invariants of any package.

    To be outranked by another route is no use.
    """
    return {
        referred(policy, package_of(file), name)
        for file in policy.files
        for name in _route_names(file)
    }


def _route_names(file: ast.File) -> Iterator[ast.QualifiedName]:
    for effect in nodes(file, ast.Require):
        yield from effect.routes
    for claim in nodes(file, ast.AlwaysAtLeast):
        yield claim.route
    for timeout in nodes(file, ast.Timeout):
        if timeout.route is not None:
            yield timeout.route


def type_names(policy: CheckedPolicy) -> set[tuple[str, str]]:
    """Return the declared types that fields and actions have."""
    found: set[tuple[str, str]] = set()
    for file in policy.files:
        names = [ref.name for ref in nodes(file, ast.TypeRef)]
        targets = (action.target_type for action in nodes(file, ast.ActionDecl))
        names.extend(name for name in targets if name is not None)
        found.update(referred(policy, package_of(file), name) for name in names)
    return found


def calendars(policy: CheckedPolicy) -> set[tuple[str, str]]:
    """Return the calendars that routes count by or conditions ask."""
    return values(policy) | {
        referred(policy, package_of(file), item.name)
        for file in policy.files
        for item in nodes(file, ast.UseCalendar)
    }


def mentioned(expr: ast.Expr, part: ast.Expr) -> bool:
    """Tell whether an expression is or contains another one."""
    return any(node == part for node in walk(expr))
