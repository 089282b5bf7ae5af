"""Past actions: what a policy asks of them, and where the answers come from.

`event` is one past action and its JSON, `quick` reads the usual ones; `query` says what may be
asked and what the answer is, `sums` what a sum is, `where` which events a history has; `host` is a
history as conditions see it, `agreement` the function of that name. `memory` is a store with
events, `nothing` one without; `index`, `sum_index` and `distinct_index` are its indexes, `series`
events in order of time, and `index_cache` keeps the indexes that were asked for. `recorded` keeps
given answers; `horizon` tells how far back a policy looks.
"""

from __future__ import annotations

METHODS = ("count", "sum", "last", "distinct")
"""What a history can be asked."""
