"""Past actions: what a policy asks of them, and where the answers come from.

`record` is one past action and its JSON; `query` says what may be asked and what the answer is;
`memory` is a store, and `index`, `summing` and `differing` are its indexes; `horizon` tells how far
back a policy looks; `host` is a history as conditions see it; `recorded` keeps given answers.
"""

from gatewright.engine.history.horizon import longest_window
from gatewright.engine.history.host import HistoryValue, PastEvent, ask_agreement
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import AgreementQuery, HistoryStore, Query
from gatewright.engine.history.record import STATUSES, Event, Status
from gatewright.engine.history.recorded import HistoryFact, RecordedHistory

__all__ = [
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
