"""One run -> many: its rows once more under other ids, a few transactions for thousands of runs.

A hundred thousand proposals would take the better part of an hour. So one is proposed, and its
rows are written again with another id, charge, customer, agent and time. Commitments, cards, keys
and shapes are computed as the store computes them: each of these runs can be shown, approved and
carried out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import Connection, Table, func, insert, select

from benchmarks.runtime.scene import refund
from gatewright.engine.canonical import canonical_json, digest
from gatewright.engine.runtime import card
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import Run
from gatewright.engine.runtime.store import payloads
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.decisions import logged_digest
from gatewright.engine.runtime.store.keys import value_digest
from gatewright.engine.runtime.store.vouched import event_digest, run_digest
from gatewright.engine.values import Timestamp

_BATCH: Final = 2_000
_BY_RUN: Final = (t.runs, t.payloads, t.decisions, t.asks, t.timers, t.leaves, t.outbox)
_NUMBERED: Final = (t.leaves, t.outbox, t.decisions)
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Twin:
    """What tells one of the many from the others."""

    number: int
    agent: str
    customer: str
    earlier_ns: int
    """How long before the first one it was proposed."""

    @property
    def run(self) -> str:
        """The id of the run."""
        return f"run_{self.number:032x}"

    @property
    def charge(self) -> str:
        """The charge that it refunds."""
        return f"ch_{self.number:08d}"


def fill(gate: Gate, amount: str, twins: Iterator[Twin]) -> int:
    """Propose one run of an amount, and write its twins; return how many."""
    model = _Model(
        gate, gate.propose(refund("ch_model", amount, agent="model", customer="C-model"))
    )
    written = 0
    while True:
        batch = [twin for _, twin in zip(range(_BATCH), twins, strict=False)]
        if not batch:
            return written
        with gate.desk.database.transaction() as connection:
            model.write(connection, batch)
        written += len(batch)


class _Model:
    """The rows of one run, and how others are made of them."""

    def __init__(self, gate: Gate, run: Run) -> None:
        self.run = run
        with gate.desk.database.reading() as connection:
            self.rows = {table: _rows(connection, table, run.id) for table in _BY_RUN}
            (self.event,) = _rows(connection, t.events, run.id, "id")
            number = self.event["number"]
            self.keys = _rows(connection, t.event_keys, number, "event")
            self.rules = _rows(connection, t.event_rules, number, "event")
        self.content = self.rows[t.payloads][0]["content"]
        self.salt: str = self.rows[t.payloads][0]["salt"]
        self.card = _card_text(run, self.salt)

    def write(self, connection: Connection, twins: list[Twin]) -> None:
        """Insert the rows of twins."""
        found: dict[Table, list[_Row]] = {
            table: [] for table in (*_BY_RUN, t.events, t.event_keys, t.event_rules)
        }
        first = (connection.scalar(select(func.max(t.events.c.number))) or 0) + 1
        for event, twin in enumerate(twins, start=first):
            for table, rows in self._twin(twin, event).items():
                found[table] += rows
        for table, rows in found.items():
            if rows:
                connection.execute(insert(table), rows)
        if connection.dialect.name == "postgresql":
            last = first + len(twins) - 1
            connection.execute(select(func.setval("events_number_seq", last)))

    def _twin(self, twin: Twin, event: int) -> dict[Table, list[_Row]]:
        changed = _Changed(self.run, twin)
        content, salt = changed.text(self.content), payloads.new_salt()
        changed.words[self.run.round.plan] = payloads.commitment(content, salt)
        changed.words[self.salt] = salt
        changed.words[self.run.card] = self._card(changed)
        self._vouch(changed)
        rows = {table: [changed.row(row) for row in self.rows[table]] for table in _BY_RUN}
        rows[t.payloads][0] |= {"salt": salt, "content": content}
        for table in _NUMBERED:
            for number, row in enumerate(rows[table]):
                del row["number"]
                if table is t.outbox:
                    row["id"] = f"{twin.number:030x}{number:02x}"
        rows[t.events] = [changed.row(self.event) | {"number": event}]
        for table, kept in ((t.event_keys, self.keys), (t.event_rules, self.rules)):
            rows[table] = [changed.row(row) | {"event": event} for row in kept]
        return rows

    def _vouch(self, changed: _Changed) -> None:
        """Let the digests be replaced that leaves have of other rows."""
        logged = changed.text(self.rows[t.decisions][0]["body"])
        changed.words[self.run.round.logged] = logged_digest(logged)
        rows = json.loads(self.rows[t.leaves][-1]["body"])["rows"]
        run = json.loads(changed.text(self.rows[t.runs][0]["body"]))
        changed.words[rows["run"]] = run_digest(run)
        event = changed.text(self.event["body"])
        changed.words[rows["event"]] = event_digest(self.run.salt, event)

    def _card(self, changed: _Changed) -> str:
        """Return the digest that `card_digest` gives for the twin: no key of the card differs."""
        return "sha256:" + sha256(changed.text(self.card).encode()).hexdigest()


def _card_text(run: Run, salt: str) -> str:
    """Return the text of which `card_digest` makes a digest."""
    texts: list[bytes] = []

    def noted(document: object) -> str:
        texts.append(canonical_json(document))
        return digest(document)

    round_ = run.round
    with patch.object(card, "digest", noted):
        found = card.card_digest(
            run.id, round_.number, round_.plan, round_.action, round_.preview, round_.decision,
            round_.stages, salt,
        )  # fmt: skip
    assert found == run.card
    return texts[0].decode()


class _Changed:
    """Rewrites the rows of the model for one twin."""

    def __init__(self, run: Run, twin: Twin) -> None:
        self.twin = twin
        at = run.proposed_at - twin.earlier_ns
        self.earlier = twin.earlier_ns
        self.words = {
            run.id: twin.run, "ch_model": twin.charge, "C-model": twin.customer,
            '"model"': f'"{twin.agent}"', str(run.proposed_at): str(at),
            Timestamp(run.proposed_at).text: Timestamp(at).text,
        }  # fmt: skip
        for ask in run.round.asks:
            if ask.timeout_at is not None:
                self.words[str(ask.timeout_at)] = str(ask.timeout_at - twin.earlier_ns)
        self.digests = {
            value_digest(("string", old)): value_digest(("string", new))
            for old, new in (
                ("ch_model", twin.charge), ("C-model", twin.customer), ("model", twin.agent)
            )
        }  # fmt: skip

    def text(self, found: str) -> str:
        """Return a text with everything that differs replaced."""
        for old, new in self.words.items():
            found = found.replace(old, new)
        return found

    def row(self, row: _Row) -> _Row:
        """Return a row of the model as the twin has it."""
        return {name: self._cell(name, value) for name, value in row.items()}

    def _cell(self, name: str, value: Any) -> Any:
        if isinstance(value, int) and name.endswith("at"):
            return value - self.earlier
        if not isinstance(value, str):
            return value
        if name == "agent":
            return self.twin.agent
        return self.digests[value] if value in self.digests else self.text(value)


def _rows(connection: Connection, table: Table, value: object, by: str = "run") -> list[_Row]:
    column = table.c["id"] if table is t.runs else table.c[by]
    found = connection.execute(select(table).where(column == value)).mappings()
    return [{str(name): cell for name, cell in row.items()} for row in found]
