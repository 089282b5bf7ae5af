"""Runs in the database: the document, and beside it whatever is searched for.

`change` is the only way in which a run becomes another: compare-and-set on its version, with its
questions, timers, event, audit leaves and messages in the caller's transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, tuple_, update

from gatewright.engine.canonical import digest
from gatewright.engine.runtime.errors import DamagedRun, NoSuchRun, Outdated
from gatewright.engine.runtime.routing import asked
from gatewright.engine.runtime.run import WORK, Run, State, TimerKind
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store import vouched
from gatewright.engine.runtime.store.bodies import read, text_of

_LOG: Final = logging.getLogger("gatewright.store")

LONGEST_KEY: Final = 512
"""How many characters the store has for what a repeated proposal is known by."""

SET_ASIDE_NS: Final = 3_600_000_000_000
"""For how long a run is left alone that cannot be read, or is not as its last step left it; a timer
that cannot be fired, at most."""

FIRST_PAUSE_NS: Final = 60_000_000_000
"""For how long a timer that cannot be fired is left alone at first."""


def get(connection: Connection, run: str) -> Run:
    """Return a run as its row is, to be looked at; raises NoSuchRun, DamagedRun."""
    return read(run, _body(connection, run))


def as_left(connection: Connection, run: str, *, lock: bool = False) -> Run:
    """Return a run as its last step left it, for another step; with `lock` nobody else takes one.

    Raises NoSuchRun, DamagedRun, and EditedRun where somebody edited it since. INVARIANT: every
    step begins with this, since its entry vouches for what it finds.
    """
    return vouched.as_left(connection, run, _body(connection, run, lock=lock))


def held(connection: Connection, run: str) -> Run:
    """Return what `as_left` does, and keep others from the run while this transaction lasts."""
    return as_left(connection, run, lock=True)


def _body(connection: Connection, run: str, *, lock: bool = False) -> str:
    query = select(t.runs.c.body).where(t.runs.c.id == run)
    if not run.isascii() or "\0" in run:  # PostgreSQL would not even look
        raise NoSuchRun(run)
    body: str | None = connection.scalar(query.with_for_update() if lock else query)
    if body is None:
        raise NoSuchRun(run)
    return body


def beginning_with(connection: Connection, prefix: str, most: int) -> list[str]:
    """Return the ids of runs that begin with a text of ASCII characters, in order, at most so many.

    Cost: as many rows of an index as are returned.
    """
    c = t.runs.c
    end = f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"
    within: tuple[ColumnElement[bool], ...]
    if connection.dialect.name == "postgresql":  # by characters, not by the database's collation
        within = (c.id.bool_op("~>=~")(prefix), c.id.bool_op("~<~")(end))
    else:
        within = (c.id >= prefix, c.id < end)
    return sorted(connection.scalars(select(c.id).where(*within).limit(most)))


def by_key(connection: Connection, key: str) -> Run | None:
    """Return the run that was proposed with an idempotency key, also where it was erased."""
    c = t.runs.c
    known = c.idempotency_key.in_([key, erased_key(key)])
    row = connection.execute(select(c.id, c.body).where(known)).first()
    return None if row is None else read(*row)


def key_of(agent: str | None, key: str | None) -> str | None:
    """Return what a repeated proposal is known by: keys of different agents never meet."""
    if key is None:
        return None
    name = (agent or "").replace("\\", "\\\\").replace(":", "\\:") + f":{key}"
    return erased_key(name) if len(name) > LONGEST_KEY else name  # no other begins so


def erased_key(key: str) -> str:
    """Return what is left of a key that is erased, or too long."""
    return key if key.startswith("\\sha256:") else "\\" + digest(key)


def add(connection: Connection, run: Run, key: str | None, ready_at: int | None) -> None:
    """Keep a new run. `key` is what a repeated proposal is known by."""
    target = run.round.preview["target"]
    connection.execute(
        insert(t.runs).values(
            id=run.id, version=run.version, state=run.state.value, parent=run.parent,
            action=run.action, agent=run.agent, system=target["system"], object=target["object"],
            target=target["id"], proposed_at=run.proposed_at, updated_at=run.updated_at,
            idempotency_key=key, ready_at=ready_at, fence=run.fence, body=text_of(run),
        )
    )  # fmt: skip
    _project(connection, run)


def change(
    connection: Connection, before: Run, run: Run, ready_at: int | None, holds_claim: bool = False
) -> None:
    """Put a run in the place of what it was; raises Outdated where that is not there any more.

    `holds_claim` leaves the run to the worker that has claimed it, until the claim ends; so does
    everything that leaves its state as it is, such as a comment.
    """
    target = run.round.preview["target"]
    values: dict[str, object] = {
        "version": run.version, "state": run.state.value, "updated_at": run.updated_at,
        "fence": run.fence, "object": target["object"], "target": target["id"],
        "body": text_of(run),
    }  # fmt: skip
    if run.state is not before.state and not (holds_claim and ready_at is not None):
        values |= {"ready_at": ready_at, "claimed_by": None}
    _replace(connection, before, run, values)


def claim(connection: Connection, before: Run, run: Run, until: int, worker: str) -> None:
    """Give a run to a worker until an instant, from which on others may claim it."""
    values: dict[str, object] = {
        "version": run.version, "updated_at": run.updated_at, "fence": run.fence,
        "body": text_of(run), "ready_at": until, "claimed_by": worker,
    }  # fmt: skip
    _replace(connection, before, run, values)


def leave(connection: Connection, run: Run, until: int) -> None:
    """Let nobody claim a run before an instant, where its claim is still the latest."""
    c = t.runs.c
    mine = (c.id == run.id, c.fence == run.fence, c.state == run.state.value)
    connection.execute(
        update(t.runs).where(*mine).values(ready_at=t.within_columns(until), claimed_by=None)
    )


def erase(connection: Connection, before: Run, run: Run) -> None:
    """Put an erased run in the place of what it was.

    Of its idempotency key a digest stays: what is proposed again must not be done twice.
    """
    c = t.runs.c
    key = connection.scalar(select(c.idempotency_key).where(c.id == run.id))
    target = run.round.preview["target"]
    _replace(connection, before, run, {
        "version": run.version, "updated_at": run.updated_at, "object": target["object"],
        "target": target["id"], "idempotency_key": None if key is None else erased_key(key),
        "body": text_of(run),
    })  # fmt: skip


def _replace(connection: Connection, before: Run, run: Run, values: Mapping[str, object]) -> None:
    c = t.runs.c
    done = connection.execute(
        update(t.runs).where(c.id == run.id, c.version == before.version).values(**values)
    )
    if done.rowcount != 1:
        raise Outdated(run.id)
    if run.rounds != before.rounds or run.state != before.state:
        for table in (t.asks, t.timers):
            connection.execute(delete(table).where(table.c.run == run.id))
        _project(connection, run)


def _project(connection: Connection, run: Run) -> None:
    """Write down what a pending run waits for, to be found by route and by instant."""
    questions, timers = waits(run)
    if questions:
        connection.execute(insert(t.asks), questions)
    if timers:
        connection.execute(insert(t.timers), timers)


def waits(run: Run) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Return the rows of `asks` and of `timers` of a run: none unless it is pending."""
    if run.state is not State.PENDING:
        return [], []
    asks = asked(run.round)
    # A route that was asked twice, since another escalated to it, has one row: the earliest.
    routes = {ask.route: ask for ask in sorted(asks, key=lambda ask: ask.asked_at, reverse=True)}
    questions: list[dict[str, object]] = [
        {
            "run": run.id, "route": a.route, "proposed_at": run.proposed_at,
            "asked_at": a.asked_at, "late_at": _due(a.late_at),
        }
        for a in routes.values()
    ]  # fmt: skip
    due: dict[tuple[str, str], int] = {}
    for ask in asks:
        for kind in ("remind", "late", "timeout"):
            at = getattr(ask, f"{kind}_at")
            if at is not None:
                due[kind, ask.route] = min(at, due.get((kind, ask.route), at))
    timers: list[dict[str, object]] = [
        {"run": run.id, "kind": kind, "route": route, "due_at": t.within_columns(at)}
        for (kind, route), at in due.items()
    ]
    return questions, timers


def due_timers(connection: Connection, now: int, most: int) -> list[tuple[str, TimerKind, str]]:
    """Return (run, kind, route) of instants that were reached, the earliest first."""
    c = t.timers.c
    rows = connection.execute(
        select(c.run, c.kind, c.route).where(c.due_at <= now).order_by(c.due_at).limit(most)
    )
    return [(run, kind, route) for run, kind, route in rows]


def postpone_timer(connection: Connection, run: str, kind: TimerKind, route: str, now: int) -> None:
    """Let a timer that could not be fired come later, if it is still due.

    After a minute at first, then after twice as long, and so on: others do not wait for it.
    """
    c = t.timers.c
    here = (c.run == run, c.kind == kind, c.route == route, c.due_at <= now)
    failures = connection.scalar(select(c.failures).where(*here))
    if failures is None:
        return
    pause = min(FIRST_PAUSE_NS << min(failures, 20), SET_ASIDE_NS)
    due_at = t.within_columns(now + pause)
    connection.execute(update(t.timers).where(*here).values(due_at=due_at, failures=failures + 1))


def ready(connection: Connection, now: int) -> Run | None:
    """Return a run that a worker may claim now, and keep other workers from it.

    One that cannot be read, or that somebody edited, is left alone for a while: others do not wait
    for it, and nothing of it is carried out.
    """
    c = t.runs.c
    query = (
        select(c.id, c.body)
        .where(c.ready_at <= now)
        .order_by(c.ready_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while (row := connection.execute(query).first()) is not None:
        try:
            run = vouched.as_left(connection, *row)
            if run.state in WORK:
                return run
            _LOG.error("run %s: its row says that it may be carried out, its text does not", row.id)
        except DamagedRun as error:
            _LOG.error("%s", error)
        set_aside(connection, row.id, now)
    return None


def set_aside(connection: Connection, run: str, now: int) -> None:
    """Let nobody claim a run for a while that could be claimed, whatever its row says."""
    c = t.runs.c
    later = t.within_columns(now + SET_ASIDE_NS)
    connection.execute(
        update(t.runs).where(c.id == run, c.ready_at.is_not(None)).values(ready_at=later)
    )


def listed(
    connection: Connection,
    *,
    states: Iterable[State] | None = None,
    after: tuple[int, str] | None = None,
    most: int = 100,
) -> list[Run]:
    """Return runs, the oldest first, at most so many; `after` is where the page before ended."""
    c = t.runs.c
    query = select(c.id, c.body)
    if states is not None:
        query = query.where(c.state.in_([state.value for state in states]))
    if after is not None:
        query = query.where(tuple_(c.proposed_at, c.id) > after)
    rows = connection.execute(query.order_by(c.proposed_at, c.id).limit(most))
    return [read(*row) for row in rows]


def children(connection: Connection, parent: str) -> list[Run]:
    """Return all runs that take another one's place or take it back, the oldest first."""
    c = t.runs.c
    query = select(c.id, c.body).where(c.parent == parent)
    return [read(*row) for row in connection.execute(query.order_by(c.proposed_at, c.id))]


def others_wrote(connection: Connection, run: Run, since: int) -> bool:
    """Tell whether another run wrote, or may have written, the same record since an instant."""
    c, target = t.runs.c, run.round.preview["target"]
    rows = connection.execute(
        select(c.id, c.body)
        .where(c.system == target["system"], c.object == target["object"])
        .where(c.target == target["id"], c.id != run.id, c.updated_at >= since)
    ).all()
    try:
        others = [vouched.as_left(connection, *row) for row in rows]
    except DamagedRun:  # it may have
        return True
    attempts = [attempt for other in others for attempt in other.attempts]
    return any(
        attempt.outcome != "not_applied" and (attempt.ended_at is None or attempt.ended_at >= since)
        for attempt in attempts
    )


def writing(connection: Connection, run: Run) -> list[str]:
    """Return the other runs that are writing, or may be, the same record now."""
    c, target = t.runs.c, run.round.preview["target"]
    return list(
        connection.scalars(
            select(c.id)
            .where(c.system == target["system"], c.object == target["object"])
            .where(c.target == target["id"], c.id != run.id, c.state == State.EXECUTING.value)
        )
    )


def branches(connection: Connection, of: Sequence[str]) -> list[str]:
    """Return the runs that some runs are branches of, or the other way round."""
    c, known = t.runs.c, set(of)
    near = select(c.id, c.body).where(c.parent.in_(known) | c.id.in_(known)).order_by(c.id)
    found = set[str]()
    for row in connection.execute(near):
        run = read(*row)
        if run.relation == "branch":
            found |= {run.id, run.parent or ""}
    return sorted(found - known)


def counted(connection: Connection, states: Iterable[State]) -> dict[State, int]:
    """Return how many runs are in each of some states, those that none is in left out."""
    c, wanted = t.runs.c, [state.value for state in states]
    rows = connection.execute(
        select(c.state, func.count()).where(c.state.in_(wanted)).group_by(c.state)
    )
    found = {State(state): count for state, count in rows}
    return {State(state): found[State(state)] for state in wanted if State(state) in found}


def in_states(
    connection: Connection, states: Iterable[State], after: tuple[int, str] | None, most: int
) -> list[tuple[int, str]]:
    """Return (proposed_at, id) of runs in some states, the oldest first."""
    c = t.runs.c
    query = select(c.proposed_at, c.id).where(c.state.in_([state.value for state in states]))
    if after is not None:
        query = query.where(tuple_(c.proposed_at, c.id) > after)
    rows = connection.execute(query.order_by(c.proposed_at, c.id).limit(most))
    return [(at, run) for at, run in rows]


def asking(
    connection: Connection, route: str, after: tuple[int, str] | None, most: int
) -> list[tuple[int, str]]:
    """Return (proposed_at, id) of pending runs that ask a route, the oldest first."""
    c = t.asks.c
    query = select(c.proposed_at, c.run).where(c.route == route)
    if after is not None:
        query = query.where(tuple_(c.proposed_at, c.run) > after)
    rows = connection.execute(query.order_by(c.proposed_at, c.run).limit(most))
    return [(at, run) for at, run in rows]


def several(connection: Connection, ids: Iterable[str]) -> dict[str, Run]:
    """Return those of some runs that there are and that can be read, by their ids."""
    c = t.runs.c
    found: dict[str, Run] = {}
    for id_, body in connection.execute(select(c.id, c.body).where(c.id.in_(list(ids)))):
        try:
            found[id_] = read(id_, body)
        except DamagedRun as error:
            _LOG.error("%s", error)
    return found


def waiting(connection: Connection) -> tuple[int, int | None]:
    """Return how many runs wait for people, and when the oldest of them was proposed."""
    c = t.runs.c
    row = connection.execute(
        select(func.count(), func.min(c.proposed_at)).where(c.state == State.PENDING.value)
    ).one()
    return row[0], row[1]


def ready_at(run: Run, now: int) -> int | None:
    """Return from when a worker may claim the run; None where there is nothing to execute."""
    return now if run.state in WORK else None


def _due(nanos: int | None) -> int | None:
    return None if nanos is None else t.within_columns(nanos)
