"""A run and its past action -> what the trail vouches for, and whether they still are that.

Each step of a run writes digests of both into its last leaf, and the next step goes on only where
the rows have them: whatever it found it would vouch for. What a worker's claim changes is left out,
since a claim has no leaf. The run's salt is in both, so that nobody can guess a content once it is
erased with the salt.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Connection, bindparam, select

from gatewright.dsl.records import replace
from gatewright.engine.errors import EvaluationError
from gatewright.engine.runtime.errors import EditedRun
from gatewright.engine.runtime.run import Document, Run
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.bodies import document, read, text_of
from gatewright.engine.values import Timestamp

OF_CLAIMS: Final = ("version", "fence", "updated_at")
"""What is not vouched for: it counts and times the claims of workers."""

NO_STEP: Final = "message."
"""How the kinds of leaves begin that are about a run, and are no step of it."""


# HOT: every step asks this. Made once, since to put it together takes as long as to ask it.
_LAST: Final = (
    select(
        t.leaves.c.body,
        select(t.events.c.body).where(t.events.c.id == bindparam("id")).scalar_subquery(),
    )
    .where(t.leaves.c.run == bindparam("id"), ~t.leaves.c.kind.startswith(NO_STEP))
    .order_by(t.leaves.c.number.desc())
    .limit(1)
)


def rows_of(run: Run, event: str | None) -> Document:
    """Return what the last leaf of a step says of the rows: state, and digests.

    `event` is the text that the store has of the past action, if it has one.
    """
    rows: Document = {"state": run.state.value, "run": run_digest(json.loads(text_of(run)))}
    if event is not None:
        rows["event"] = event_digest(run.salt, event)
    return rows


def as_left(connection: Connection, id_: str, body: str) -> Run:
    """Return the run of a row, which has an id and a text, where its last step left it so.

    The time that it saw is that of the last step: nobody vouches for times of claims. Raises
    DamagedRun, and EditedRun where the row or its past action is another, or where no leaf knows
    the run. One whose last step was taken before steps vouched for rows is taken as it is. Cost:
    one look-up.
    """
    run = read(id_, body)
    if run.id != id_:
        raise EditedRun(id_, "its row")
    found = connection.execute(_LAST, {"id": id_}).one_or_none()
    if found is None:
        raise EditedRun(run.id, "its trail")
    try:
        left = _left(connection, run.id, found[0])
    except (ValueError, LookupError, TypeError, RecursionError, EvaluationError):
        raise EditedRun(run.id, "its trail") from None
    if left is None:
        return run
    if run_digest(document(run.id, body)) != left.run:
        raise EditedRun(run.id, "its row")
    if (None if found[1] is None else event_digest(run.salt, found[1])) != left.event:
        raise EditedRun(run.id, "its past action")
    return replace(run, updated_at=left.at)


class _Left(NamedTuple):
    """What the last step of a run left, as its leaf says."""

    run: str
    event: str | None
    at: int


def _left(connection: Connection, run: str, last: str) -> _Left | None:
    """Return what the latest leaf that vouches for rows says; None where none does.

    Cost: as many leaves as the run has, where the last one does not: an older Gatewright wrote it.
    """
    leaf = _object(last)
    if "rows" not in leaf:
        c = t.leaves.c
        bodies = connection.scalars(select(c.body).where(c.run == run).order_by(c.number.desc()))
        older = next((one for one in map(_object, bodies) if "rows" in one), None)
        if older is None:
            return None
        leaf = older
    rows = leaf["rows"]
    return _Left(rows["run"], rows.get("event"), Timestamp.parse(leaf["at"]).nanos)


def _object(text: str) -> Document:
    found: object = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("a leaf is an object")
    return cast("Document", found)


def run_digest(document: dict[str, Any]) -> str:
    """Return the digest of a run, of its document as JSON was read."""
    left = {name: part for name, part in document.items() if name not in OF_CLAIMS}
    return _digest(json.dumps(left, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def event_digest(salt: str, body: str) -> str:
    """Return the digest of the text of an event."""
    return _digest(salt + body)


def _digest(text: str) -> str:
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
