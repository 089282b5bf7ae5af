"""The tables. Migrations in `migrations/` make them; a test compares the two, and the version.

Instants are nanoseconds since 1970 UTC (`..._at`), documents canonical JSON as text. Rows are the
truth: nothing waits in a process.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION: Final = "0008"
"""The version of these tables: what the last migration is called."""

metadata = MetaData()

EARLIEST, LATEST = -(2**63), 2**63 - 1
"""The instants that a column holds: 1677 to 2262."""


ERASED = "erased"
"""Stands where something was erased."""


def within_columns(nanos: int) -> int:
    """Return an instant as a column holds it; one beyond is drawn to the end."""
    return min(max(nanos, EARLIEST), LATEST)


_Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by INTEGER only

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(24), nullable=False),
    Column("parent", String(40)),
    Column("action", String(256), nullable=False),
    Column("agent", String(256)),
    Column("system", String(256)),
    Column("object", String(256)),
    Column("target", String(256)),
    Column("proposed_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("idempotency_key", String(512)),
    Column("ready_at", BigInteger),  # a worker may claim it from then on; null: nothing to execute
    Column("claimed_by", String(128)),
    Column("fence", Integer, nullable=False, default=0),
    Column("body", Text, nullable=False),
    UniqueConstraint("idempotency_key"),
)
Index("runs_by_state", runs.c.state, runs.c.proposed_at)
Index("runs_by_target", runs.c.system, runs.c.object, runs.c.target)
Index("runs_ready", runs.c.ready_at)
Index("runs_by_proposal", runs.c.proposed_at, runs.c.id)
Index("runs_by_parent", runs.c.parent)

asks = Table(
    "asks",
    metadata,
    Column("run", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("route", String(512), primary_key=True),
    Column("proposed_at", BigInteger, nullable=False),  # of the run: queues are in that order
    Column("asked_at", BigInteger, nullable=False),
    Column("late_at", BigInteger),
)
Index("asks_by_route", asks.c.route, asks.c.proposed_at, asks.c.run)

timers = Table(
    "timers",
    metadata,
    Column("run", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),  # remind, late, timeout
    Column("route", String(512), primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False, default=0, server_default="0"),  # to fire, in a row
)
Index("timers_due", timers.c.due_at)

payloads = Table(
    "payloads",
    metadata,
    Column("commitment", String(80), primary_key=True),
    Column("run", String(40), ForeignKey("runs.id"), nullable=False),
    Column("salt", String(64)),
    Column("content", Text),  # null once erased
    Column("erased_at", BigInteger),
)
Index("payloads_by_run", payloads.c.run)

policies = Table(
    "policies",
    metadata,
    Column("digest", String(80), primary_key=True),
    Column("bundle", LargeBinary, nullable=False),
    Column("first_used_at", BigInteger, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("run", String(40), ForeignKey("runs.id"), nullable=False),
    Column("id", String(64), nullable=False),
    Column("policy", String(80), ForeignKey("policies.digest"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("erased_at", BigInteger),
)
Index("decisions_by_run", decisions.c.run)

event_shapes = Table(
    "event_shapes",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("action", String(256), nullable=False),
    Column("body", Text, nullable=False),  # by field: as what its value can be read
)
Index("event_shapes_by_action", event_shapes.c.action)

events = Table(
    "events",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("id", String(256), nullable=False, unique=True),
    Column("action", String(256), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("shape", String(64), ForeignKey("event_shapes.digest"), nullable=False),
    Column("body", Text, nullable=False),
)
Index("events_by_action", events.c.action, events.c.at)
Index("events_by_shape", events.c.shape, events.c.at)

event_forms = Table(
    "event_forms",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("action", String(256), nullable=False),
    Column("status", String(16), nullable=False),
    Column("shape", String(64), ForeignKey("event_shapes.digest"), nullable=False),
    Column("slots", Text, nullable=False),  # JSON: of which field each `units` are, and in what
)

event_keys = Table(
    "event_keys",
    metadata,
    Column("event", _Number, ForeignKey("events.number"), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("value", String(64), primary_key=True),  # a digest of the value, one for each reading
    Column("at", BigInteger, nullable=False),
    # Of one of `event_forms`, where the value is a text; null otherwise. They refer by nothing but
    # the number: a lock on the row of a form, of each that records an event, would be one of all.
    Column("form", _Number),
    Column("units1", BigInteger),  # amounts of the event, as whole numbers
    Column("units2", BigInteger),
    Column("units3", BigInteger),
)
Index("event_forms_by_action", event_forms.c.action)
Index("event_forms_by_shape", event_forms.c.shape)
Index(  # whoever counts and adds up reads nothing but this
    "event_keys_by_value",
    event_keys.c.name, event_keys.c.value, event_keys.c.form, event_keys.c.at, event_keys.c.event,
    event_keys.c.units1, event_keys.c.units2, event_keys.c.units3,
)  # fmt: skip

event_rules = Table(
    "event_rules",
    metadata,
    Column("event", _Number, ForeignKey("events.number"), primary_key=True),
    Column("rule", String(512), primary_key=True),
    Column("at", BigInteger, nullable=False),
)
Index("event_rules_by_rule", event_rules.c.rule, event_rules.c.at)

exception_uses = Table(
    "exception_uses",
    metadata,
    Column("exception", String(512), primary_key=True),
    Column("run", String(40), ForeignKey("runs.id"), primary_key=True),
)

delegations = Table(
    "delegations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("giver", String(256), nullable=False),
    Column("taker", String(256), nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)
Index("delegations_by_taker", delegations.c.taker, delegations.c.until_at)
Index("delegations_by_end", delegations.c.until_at)

leaves = Table(
    "leaves",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("run", String(40)),
    Column("kind", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON: the bytes that are hashed
    Column("position", BigInteger, unique=True),  # in the tree; null until the sequencer comes
)
Index("leaves_by_run", leaves.c.run, leaves.c.number)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True),  # how many leaves
    Column("root", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    # JSON: `subtrees`, the roots of the full ones, to append without reading; `leaves`, the hashes
    # of those that came since the checkpoint before, to name the one that was changed.
    Column("frontier", Text, nullable=False),
    Column("note", Text, nullable=False),  # what is signed, and the signatures
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("type", String(64), nullable=False),
    Column("run", String(40)),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # a CloudEvents envelope
    Column("due_at", BigInteger),  # null once `deliveries` says who is told
)
Index("outbox_due", outbox.c.due_at)
Index("outbox_by_at", outbox.c.at)

notifiers = Table(
    "notifiers",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("seen_at", BigInteger, nullable=False),  # when a worker last said that it has it
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("message", _Number, ForeignKey("outbox.number"), primary_key=True),
    Column("notifier", String(128), primary_key=True),
    Column("run", String(40)),
    Column("state", String(16), nullable=False),  # waiting, delivered, dead, dropped
    Column("due_at", BigInteger),  # from when it may be tried; null unless it waits
    Column("attempts", Integer, nullable=False, default=0),  # counted when one begins
    Column("ended_at", BigInteger),  # of one that waits: until when it was dead
    Column("error", Text),
)
Index("deliveries_due", deliveries.c.notifier, deliveries.c.due_at, deliveries.c.message)
Index(
    "deliveries_by_run",
    deliveries.c.run, deliveries.c.notifier, deliveries.c.state, deliveries.c.message,
)  # fmt: skip
Index("deliveries_by_state", deliveries.c.state, deliveries.c.message)


@cache
def complete() -> MetaData:
    """Return the tables with the indexes that are written in the words of one database.

    Whoever names PostgreSQL to SQLAlchemy has all of it loaded, a tenth of what a command takes;
    and indexes matter to whoever makes or compares tables only.
    """
    waiting = leaves.c.position.is_(None)
    Index("leaves_waiting", leaves.c.number, sqlite_where=waiting, postgresql_where=waiting)
    Index(  # the primary key is in the order of the database's collation: `aa` may follow `z`
        "runs_by_prefix", runs.c.id, postgresql_ops={"id": "varchar_pattern_ops"}
    ).ddl_if(dialect="postgresql")
    return metadata
