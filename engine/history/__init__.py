"""Past actions: what a policy asks of them, and where the answers come from.

`record` is one past action and its JSON; `query` says what may be asked and what the answer is;
`nothing` is a store without events, `memory` one with them, and `index`, `summing` and `differing`
are its indexes; `horizon` tells how far back a policy looks; `host` is a history as conditions see
it; `recorded` keeps given answers. A name is loaded when it is first used: most decisions ask no
history.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatewright.engine.history.horizon import longest_window
    from gatewright.engine.history.host import HistoryValue, PastEvent, ask_agreement
    from gatewright.engine.history.memory import History
    from gatewright.engine.history.query import AgreementQuery, HistoryStore, Query
    from gatewright.engine.history.record import STATUSES, Event, Status
    from gatewright.engine.history.recorded import HistoryFact, RecordedHistory

METHODS = ("count", "sum", "last", "distinct")
"""What a history can be asked."""

_HOMES = {
    "STATUSES": "record",
    "AgreementQuery": "query",
    "Event": "record",
    "History": "memory",
    "HistoryFact": "recorded",
    "HistoryStore": "query",
    "HistoryValue": "host",
    "PastEvent": "host",
    "Query": "query",
    "RecordedHistory": "recorded",
    "Status": "record",
    "ask_agreement": "host",
    "longest_window": "horizon",
}

__all__ = [
    "METHODS",
    "STATUSES",
    "AgreementQuery",
    "Event",
    "History",
    "HistoryFact",
    "HistoryStore",
    "HistoryValue",
    "PastEvent",
    "Query",
    "RecordedHistory",
    "Status",
    "ask_agreement",
    "longest_window",
]


def __getattr__(name: str) -> object:
    """Load a name from its module, on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
