"""What goes with every transition, in its transaction: audit leaves and messages to be sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from gatewright.engine.canonical import canonical_json
from gatewright.engine.runtime.run import Document, Run
from gatewright.engine.runtime.step import Entry, Message
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.values import Timestamp


def record(connection: Connection, run: str | None, entries: Iterable[Entry], now: int) -> None:
    """Insert audit leaves."""
    rows = [
        {"run": run, "kind": entry.kind, "at": now, "body": _leaf(run, entry, now)}
        for entry in entries
    ]
    if rows:
        connection.execute(insert(t.leaves), rows)


def of_run(connection: Connection, run: str) -> list[Document]:
    """Return what the leaves of a run say, the oldest first."""
    c = t.leaves.c
    bodies = connection.scalars(select(c.body).where(c.run == run).order_by(c.number))
    return [json.loads(body) for body in bodies]


def _leaf(run: str | None, entry: Entry, now: int) -> str:
    body = {
        "kind": entry.kind, "run": run, "at": Timestamp(now).text,
        "actor": {"kind": entry.actor_kind, "id": entry.actor}, "body": entry.body,
    }  # fmt: skip
    return canonical_json(body).decode()


def post(connection: Connection, run: Run, messages: Iterable[Message], now: int) -> None:
    """Put messages into the outbox, each as a CloudEvent."""
    rows: list[dict[str, object]] = []
    for message in messages:
        id_ = uuid.uuid4().hex
        envelope = {
            "specversion": "1.0", "id": id_, "source": "gatewright",
            "type": f"gatewright.{message.kind}", "subject": run.id, "time": Timestamp(now).text,
            "datacontenttype": "application/json",
            "data": {
                "run": run.id, "state": run.state.value, "action": run.action, "card": run.card,
                "to": list(message.to), **message.body,
            },
        }  # fmt: skip
        rows.append(
            {
                "id": id_, "type": message.kind, "run": run.id, "at": now, "due_at": now,
                "body": canonical_json(envelope).decode(),
            }
        )  # fmt: skip
    if rows:
        connection.execute(insert(t.outbox), rows)
