"""Which declarations a bundle holds, in which order, and as which class."""

from __future__ import annotations

from typing import Any, Final

from gatewright.dsl import policy

KINDS: Final[dict[str, type[Any]]] = {
    "packages": policy.Package,
    "actions": policy.ActionType,
    "routes": policy.Route,
    "defaults": policy.Floor,
    "on_errors": policy.Floor,
    "permits": policy.Permit,
    "risks": policy.Risk,
    "rules": policy.Rule,
    "exceptions": policy.PolicyException,
    "invariants": policy.Invariant,
    "tests": policy.Test,
}
"""The parts of a checked policy, each one unit a declaration. Files follow them."""

NAMED: Final = ("packages", "actions", "routes")
"""Those that are had by name."""
COVERING: Final = ("defaults", "on_errors", "permits", "risks", "rules", "invariants")
"""Those that cover actions."""
DECLARED: Final = ("rules", "invariants", "tests")
"""Those that keep their declaration, which their file shares."""
FILES: Final = "files"
HEADS: Final = "heads"
"""The first file without its declarations: where a decision that nothing explains is placed."""
ALL: Final = (*KINDS, HEADS, FILES)

OWN_SECTIONS: Final = frozenset({"data", "index", "offsets", "sources", "units"})
"""The sections that hold the checked policy."""
COMPILED_SECTIONS: Final = frozenset({"trees", "trees-index", "trees-offsets"})
"""Those that hold the compiled form of large actions, where there are any.

All others are their writers' own.
"""
