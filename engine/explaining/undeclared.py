"""The name of an action that nothing declares -> what people are told of it.

Such an action is decided by patterns alone, so its name may be a declared one, misspelt.
"""

from __future__ import annotations

from collections.abc import Collection

from gatewright.engine.reading.problems import shown


def told_undeclared(name: str, declared: Collection[str]) -> str | None:
    """Say that no action has a name, and which it may be meant for; None where one has it.

    An action without a name is told as a problem of its own, and not here.
    """
    if not name or name in declared:
        return None
    # Late, since only mistakes get hints: a decision loads no messages.
    from gatewright.dsl.messages.catalog import nearest

    advice = nearest(name, declared)
    return f"no action {shown(name)} is declared" + (f": {advice}" if advice else "")
