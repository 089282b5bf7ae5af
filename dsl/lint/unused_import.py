"""An import of which nothing is used.

Avoid:

    import std.people as people
    route manager { one of group("managers") }

Prefer:

    route manager { one of group("managers") }

Why: an import brings the rules and guards of its package into the set as well. Whoever reads the
list of imports should see what the policy depends on. An import counts for all files of a package.
A package of the standard library that decides or scores, such as `std.context`, joins the set by
being imported; nothing else of it has to be used.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint import usage
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.view import View, package_of
from gatewright.dsl.messages import lints as messages


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each import whose local name its package never uses."""
    used = _used(view)
    for file in view.files:
        for imported in file.imports:
            name = imported.local_name
            if (package_of(file), name) not in used and not _activates(view, imported):
                yield messages.unused_import(imported.span, imported.package.text, name)


def _activates(view: View, imported: ast.Import) -> bool:
    """Tell whether an import brings rules or risks into the set that are not there without it."""
    package = imported.package.text
    return package.startswith("std.") and not usage.is_library(view, package)


def _used(view: View) -> set[tuple[str, str]]:
    """Return what stands before a dot in dotted names, and names alone, by package."""
    alone = {(package, node.name) for package, node in view.own_nodes(ast.Name)}
    names = view.own_nodes(ast.QualifiedName)
    return alone | {(package, ".".join(name.parts[:-1])) for package, name in names}


LINT = Lint("unused-import", "GW1010", check)
