"""What goes with every transition, in its transaction: audit leaves and messages to be sent.

A leaf has only a commitment of the words of its entry: they are a payload of the run, and can be
erased while the tree still holds.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, insert, select, update

from gatewright.engine.canonical import canonical_json
from gatewright.engine.runtime.run import Document, Run
from gatewright.engine.runtime.step import Entry, Message
from gatewright.engine.runtime.store import payloads
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.secrecy.masking import MASK
from gatewright.engine.values import Timestamp


def record(
    connection: Connection, run: str | None, entries: Sequence[Entry], now: int,
    rows: Document | None = None,
) -> None:  # fmt: skip
    """Insert audit leaves, and keep their words; the last one vouches for `rows` of the store."""
    leaves: list[dict[str, object]] = []
    for number, entry in enumerate(entries, start=1):
        leaf = _leaf(connection, run, entry, now)
        if rows is not None and number == len(entries):
            leaf["rows"] = rows
        body = canonical_json(leaf).decode()
        leaves.append({"run": run, "kind": entry.kind, "at": now, "body": body})
    if leaves:
        connection.execute(insert(t.leaves), leaves)


def of_run(connection: Connection, run: str) -> list[Document]:
    """Return what the leaves of a run say, the oldest first, each with its words in its `body`.

    Where these are erased, the entry has `erased`: true.
    """
    c = t.leaves.c
    bodies = connection.scalars(select(c.body).where(c.run == run).order_by(c.number))
    contents = payloads.contents(connection, run)
    return [told(json.loads(body), contents) for body in bodies]


def told(leaf: Document, contents: Mapping[str, str | None]) -> Document:
    """Return a leaf with its words, and without its rows.

    `contents` are the payloads of its run, by commitment.
    """
    leaf = {key: leaf[key] for key in leaf if key != "rows"}
    name = str(leaf.get("words"))
    if name not in contents:
        return leaf
    content, rest = contents[name], {key: leaf[key] for key in leaf if key != "words"}
    if content is None:
        return {**rest, "erased": True}
    return {**rest, "body": {**leaf["body"], **json.loads(content)}}


def _leaf(connection: Connection, run: str | None, entry: Entry, now: int) -> Document:
    leaf: Document = {
        "kind": entry.kind, "run": run, "at": Timestamp(now).text,
        "actor": {"kind": entry.actor_kind, "id": entry.actor}, "body": entry.body,
    }  # fmt: skip
    if entry.words and run is None:  # of no run, so of nobody's data
        leaf["body"] = {**entry.body, **entry.words}
    elif entry.words and run is not None:
        content, salt = canonical_json(entry.words).decode(), payloads.new_salt()
        payloads.put(connection, run, content, salt)
        leaf["words"] = payloads.commitment(content, salt)
    return leaf


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


def erase_messages(connection: Connection, run: str) -> None:
    """Take what people wrote out of the messages of a run; they are told without it."""
    c = t.outbox.c
    rows = connection.execute(select(c.number, c.body).where(c.run == run)).all()
    for number, body in rows:
        envelope = json.loads(body)
        if "note" in envelope["data"]:
            envelope["data"]["note"] = MASK
            changed = canonical_json(envelope).decode()
            connection.execute(update(t.outbox).where(c.number == number).values(body=changed))
    d = t.deliveries.c
    connection.execute(
        update(t.deliveries).where(d.run == run, d.error.is_not(None)).values(error=t.ERASED)
    )
