"""Everything that is known after a loop: the store's rows, the ledgers' calls, the people's journals."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from gatewright.engine.runtime.audit import verify
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import Run
from gatewright.engine.runtime.store import payloads, runs
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.trail import told
from tests.engine.runtime.kill.bank import GRADES, ledger_of
from tests.engine.runtime.kill.journal import Deed, deeds
from tests.engine.runtime.kill.place import Place


@dataclass(frozen=True)
class Evidence:
    """What the checks look at."""

    runs: dict[str, Run]
    leaves: dict[str, list[dict[str, Any]]]
    """By run, in the order of the store."""
    messages: dict[str, Counter[str]]
    """By run: how often which type."""
    ids: list[str]
    """Of all messages."""
    effects: dict[str, Counter[str]]
    """By system: how often each key had an effect."""
    calls: dict[str, Counter[str]]
    deeds: dict[str, Deed]
    trail: verify.Report


def collect(place: Place, gate: Gate) -> Evidence:
    """Read everything, when nothing moves any more."""
    effects, calls = dict[str, Counter[str]](), dict[str, Counter[str]]()
    for system in GRADES:
        with ledger_of(place.folder, system).opened() as db:
            effects[system] = Counter(key for (key,) in db.execute("SELECT key FROM effects"))
            calls[system] = Counter(key for (key,) in db.execute("SELECT key FROM calls"))
    with gate.desk.database.reading() as connection:
        found = {run.id: run for run in runs.listed(connection, most=1_000_000)}
        leaves: dict[str, list[dict[str, Any]]] = {run: [] for run in found}
        rows = connection.execute(
            select(t.leaves.c.run, t.leaves.c.body).order_by(t.leaves.c.number)
        )
        words = {run: payloads.contents(connection, run) for run in found}
        for run, body in rows:
            leaves[run].append(told(json.loads(body), words[run]))
        messages = {run: Counter[str]() for run in found}
        ids = list[str]()
        for run, kind, id_ in connection.execute(
            select(t.outbox.c.run, t.outbox.c.type, t.outbox.c.id)
        ):
            messages[run][kind] += 1
            ids.append(id_)
        trail = verify.verify(connection)
    return Evidence(
        found, leaves, messages, ids, effects, calls,
        deeds(place.folder.glob("crowd-*.jsonl")), trail,
    )  # fmt: skip
