"""Gatewright decides which actions of agents run, which wait for a person, and which never happen.

>>> import gatewright as gw
>>> policy = gw.load_source('''
... package demo.notes
... action notes.add { text: string }
... rule short on notes.add when action.text.size() <= 10 => auto_run
... ''')
>>> policy.evaluate({"action": "notes.add", "params": {"text": "hello"}}).effect
<Effect.AUTO_RUN: 'auto_run'>

Everything here is loaded when it is first used: `import gatewright` itself is cheap.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatewright.dsl.diagnostics import Diagnostic, PolicyError
    from gatewright.engine.action import Action
    from gatewright.engine.bundle.errors import BundleError
    from gatewright.engine.decision import Decision, Effect
    from gatewright.engine.errors import EvaluationError
    from gatewright.engine.evaluate import PolicySet, evaluate
    from gatewright.engine.explaining.explanation_text import Explanation
    from gatewright.engine.history.memory import History
    from gatewright.engine.load import load_source
    from gatewright.engine.reading.problems import ActionError
    from gatewright.engine.runtime.errors import GateError
    from gatewright.engine.runtime.gate import Gate
    from gatewright.engine.runtime.run import Run
    from gatewright.engine.runtime.worker import Worker
    from gatewright.engine.values import Duration, Money, Timestamp
    from gatewright.engine.watch import Watched
    from gatewright.loading import load
    from gatewright.watching import watch

__version__ = "0.1.0"

_HOMES = {
    "Action": "gatewright.engine.action",
    "ActionError": "gatewright.engine.reading.problems",
    "BundleError": "gatewright.engine.bundle.errors",
    "Decision": "gatewright.engine.decision",
    "Diagnostic": "gatewright.dsl.diagnostics",
    "Duration": "gatewright.engine.values",
    "Effect": "gatewright.engine.decision",
    "EvaluationError": "gatewright.engine.errors",
    "Explanation": "gatewright.engine.explaining.explanation_text",
    "Gate": "gatewright.engine.runtime.gate",
    "GateError": "gatewright.engine.runtime.errors",
    "History": "gatewright.engine.history.memory",
    "Money": "gatewright.engine.values",
    "PolicyError": "gatewright.dsl.diagnostics",
    "PolicySet": "gatewright.engine.evaluate",
    "Run": "gatewright.engine.runtime.run",
    "Timestamp": "gatewright.engine.values",
    "Watched": "gatewright.engine.watch",
    "Worker": "gatewright.engine.runtime.worker",
    "evaluate": "gatewright.engine.evaluate",
    "load": "gatewright.loading",
    "load_source": "gatewright.engine.load",
    "watch": "gatewright.watching",
}

__all__ = [
    "Action",
    "ActionError",
    "BundleError",
    "Decision",
    "Diagnostic",
    "Duration",
    "Effect",
    "EvaluationError",
    "Explanation",
    "Gate",
    "GateError",
    "History",
    "Money",
    "PolicyError",
    "PolicySet",
    "Run",
    "Timestamp",
    "Watched",
    "Worker",
    "evaluate",
    "load",
    "load_source",
    "watch",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module, on first use."""
    if name not in _HOMES:
        # With the module, so that Python can suggest the nearest name.
        why = f"module 'gatewright' has no attribute {name!r}"
        raise AttributeError(why, name=name, obj=sys.modules[__name__])
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
