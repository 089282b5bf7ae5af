"""The rows that a store has beside its trail -> whether they are what the trail says.

By run: its state, votes and attempts as its entries tell them, and all else of it by the digest
that its last step left there; its past action with what finds that; what it waits for; its
decisions, payloads and uses of exceptions. And every delegation. Leaves that wait for a checkpoint
count too.

An attempt that began before anybody answered is told too: entries show it, however rows look now.

Not compared, since no entry knows them: counts and times of claims, messages and notifiers, bundles
of policies, and runs whose last step was taken before steps vouched for rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Table, select

from gatewright.dsl.records import dataclass, field
from gatewright.engine.runtime.audit.deputies import delegations
from gatewright.engine.runtime.audit.events import Finders, event_findings
from gatewright.engine.runtime.audit.finding import Finding, row_finding
from gatewright.engine.runtime.audit.told import Told, told_of
from gatewright.engine.runtime.errors import DamagedRun
from gatewright.engine.runtime.run import WORK, Run
from gatewright.engine.runtime.store import bodies, runs, vouched
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.decisions import logged_digest

MOST: Final = 100
"""So many findings are named."""

_PAGE: Final = 200
_Row = RowMapping
_COLUMNS: Final = (
    "id", "version", "state", "parent", "action", "agent", "proposed_at", "updated_at", "fence",
)  # fmt: skip
_OF_TARGET: Final = ("system", "object")


@dataclass(slots=True)
class Compared:
    """How many runs and delegations were compared, how many could not be, and what differs."""

    compared: int = 0
    unvouched: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])

    def add(self, findings: Iterable[Finding]) -> None:
        """Take findings, as many as are named."""
        for finding in findings:
            if len(self.findings) < MOST:
                self.findings.append(finding)


def compare(connection: Connection) -> Compared:
    """Compare the rows of a store with its trail, which is taken for true. Cost: O(n)."""
    found = Compared()
    for page in _pages(connection):
        for run in page.runs:
            if any('"rows":{' in body for body in page.leaves.get(run["id"], ())):
                found.compared += 1
                found.add(_read(page, run))
            else:
                found.unvouched += 1
    found.add(_missing(connection))
    try:
        count, differing = delegations(connection)
    except (ValueError, LookupError, TypeError):
        found.add([row_finding("leaves", "delegations", "body", "cannot be read")])
        return found
    found.compared += count
    found.add(differing)
    return found


# --- pages


@dataclass(frozen=True, slots=True)
class _Page:
    """Some runs, and by run all rows that belong to them."""

    runs: list[_Row]
    leaves: dict[str, list[str]]
    asks: dict[str, list[_Row]]
    timers: dict[str, list[_Row]]
    payloads: dict[str, list[_Row]]
    decisions: dict[str, list[_Row]]
    uses: dict[str, list[_Row]]
    events: dict[str, list[_Row]]
    finders: Finders


def _pages(connection: Connection) -> Iterator[_Page]:
    after = ""
    while True:
        wanted = select(t.runs).where(t.runs.c.id > after).order_by(t.runs.c.id).limit(_PAGE)
        found = list(connection.execute(wanted).mappings())
        if found:
            yield _page(connection, found)
        if len(found) < _PAGE:
            return
        after = found[-1]["id"]


def _page(connection: Connection, found: list[_Row]) -> _Page:
    ids = [row["id"] for row in found]
    leaves = _by(connection, t.leaves, "run", ids, "number")
    events = _by(connection, t.events, "id", ids)
    numbers = [row["number"] for rows in events.values() for row in rows]
    return _Page(
        runs=found,
        leaves={run: [row["body"] for row in rows] for run, rows in leaves.items()},
        asks=_by(connection, t.asks, "run", ids),
        timers=_by(connection, t.timers, "run", ids),
        payloads=_by(connection, t.payloads, "run", ids, without=("content", "salt")),
        decisions=_by(connection, t.decisions, "run", ids),
        uses=_by(connection, t.exception_uses, "run", ids),
        events=events,
        finders=_finders(connection, numbers),
    )


def _finders(connection: Connection, numbers: list[int]) -> Finders:
    keys = _by(connection, t.event_keys, "event", numbers)
    named = {key["form"] for rows in keys.values() for key in rows} - {None}
    forms = _by(connection, t.event_forms, "number", sorted(named))
    return Finders(
        keys=keys,
        rules=_by(connection, t.event_rules, "event", numbers),
        forms={number: row for number, (row,) in forms.items()},
    )


def _by(
    connection: Connection, table: Table, column: str, values: list[Any],
    order: str | None = None, without: tuple[str, ...] = (),
) -> dict[Any, list[_Row]]:  # fmt: skip
    """Return the rows of a table that have one of some values, by these."""
    columns = [part for part in table.c if part.name not in without]
    found: dict[Any, list[_Row]] = {}
    if not values:
        return found
    wanted = select(*columns).where(table.c[column].in_(values))
    if order is not None:
        wanted = wanted.order_by(table.c[order])
    for row in connection.execute(wanted).mappings():
        found.setdefault(row[column], []).append(row)
    return found


# --- one run


def _read(page: _Page, row: _Row) -> list[Finding]:
    try:
        return list(_run(page, row, told_of(page.leaves[row["id"]])))
    except (DamagedRun, ValueError, RecursionError, LookupError, TypeError):
        return [row_finding("runs", row["id"], "body", "cannot be read")]


def _run(page: _Page, row: _Row, told: Told) -> Iterator[Finding]:
    id_ = row["id"]
    document = bodies.document(id_, row["body"])
    run = bodies.read(id_, row["body"])
    for key in told.unanswered:
        what = f"began the attempt `{key}`, and nobody whom the policy asked had answered"
        yield row_finding("leaves", id_, None, what)
    yield from _columns(row, document)
    yield from _differences(run, document, told)
    event = page.events.get(id_, [])
    yield from event_findings(id_, document, told, event, page.finders)
    questions, timers = runs.waits(run)
    yield from _waits("asks", id_, questions, page.asks.get(id_, []))
    yield from _waits("timers", id_, timers, page.timers.get(id_, []))
    yield from _decisions(id_, told, page.decisions.get(id_, []))
    kept = {one["commitment"] for one in page.payloads.get(id_, [])}
    for name in sorted(told.payloads - kept):
        yield row_finding("payloads", id_, None, f"has lost `{name}`")
    uses = {one["exception"] for one in page.uses.get(id_, [])}
    for name in sorted(told.uses ^ uses):
        what = "has lost" if name in told.uses else "has, though nothing used it,"
        yield row_finding("exception_uses", id_, None, f"{what} the use of `{name}`")


def _columns(row: _Row, document: dict[str, Any]) -> Iterator[Finding]:
    """Compare what is searched for with the document beside it."""
    target = document["rounds"][-1]["preview"]["target"]
    wanted = {name: document[name] for name in _COLUMNS}
    wanted |= {name: target[name] for name in _OF_TARGET} | {"target": target["id"]}
    if document.get("erased_at") is None:
        wanted["idempotency_key"] = runs.key_of(document["agent"], document["idempotency_key"])
    for name, value in wanted.items():
        if row[name] != value:
            yield row_finding("runs", row["id"], name, "is not that of its document")
    if (row["ready_at"] is not None) != (document["state"] in WORK):
        yield row_finding("runs", row["id"], "ready_at", "does not fit its state")


def _differences(run: Run, document: dict[str, Any], told: Told) -> Iterator[Finding]:
    """Compare a run with what its entries tell; whatever else was changed shows in the digest."""
    named, id_ = False, run.id
    rows = told.rows or {}
    if run.state != rows["state"]:
        named = True
        said = f"is `{run.state.value}`, and the trail says `{rows['state']}`"
        yield row_finding("runs", id_, "state", said)
    votes = [(v.person, v.route, v.card, v.at, v.on_behalf_of) for v in run.round.votes]
    for vote in votes:
        if vote not in told.votes and vote not in told.dropped:
            named = True
            yield row_finding("runs", id_, "votes", f"have one of `{vote[0]}` that nobody gave")
    for vote in told.votes:
        if vote not in votes:
            named = True
            yield row_finding("runs", id_, "votes", f"have lost or changed that of `{vote[0]}`")
    attempts = [(one.key, one.outcome) for one in run.attempts]
    if attempts != told.attempts:
        named = True
        yield row_finding("runs", id_, "attempts", "are not those of the trail")
    if not named and vouched.run_digest(document) != rows["run"]:
        yield row_finding("runs", id_, "body", "is not what its last step left")


def _waits(
    table: str, id_: str, wanted: list[dict[str, object]], found: list[_Row]
) -> Iterator[Finding]:
    """Compare what a run waits for."""
    left = {_key(table, one): one for one in wanted}
    for row in found:
        meant = left.pop(_key(table, row), None)
        if meant is None:
            yield row_finding(table, id_, None, f"has one of `{row['route']}` that is not asked")
            continue
        for name, value in meant.items():
            # One that could not be fired comes later than the run says.
            is_late = name == "due_at" and row["failures"] > 0 and row[name] > value
            if row[name] != value and not is_late:
                yield row_finding(table, id_, name, f"of `{row['route']}` is not that of the run")
    for key in left:
        yield row_finding(table, id_, None, f"has lost one of `{key[0]}`")


def _key(table: str, row: Any) -> tuple[str, str]:
    return row["route"], row["kind"] if table == "timers" else ""


def _decisions(id_: str, told: Told, found: list[_Row]) -> Iterator[Finding]:
    """Compare the decision log with the entries that have its digests."""
    left = list(told.logged)
    for row in found:
        if row["erased_at"] is not None:  # `erasures` tells whether somebody did
            continue
        name = logged_digest(row["body"])
        if name not in left:
            yield row_finding("decisions", id_, "body", "is another than the trail knows")
            continue
        left.remove(name)
        policy, at = told.logged[name]
        body = json.loads(row["body"])
        for column, value in (("policy", policy), ("at", at), ("id", body["id"])):
            if row[column] != value:
                yield row_finding("decisions", id_, column, "is not that of its entry")
    if len(found) < len(told.logged):
        missing = len(told.logged) - len(found)
        yield row_finding("decisions", id_, None, f"has lost {missing} of {len(told.logged)}")


# --- what is missing, or nobody's


def _missing(connection: Connection) -> Iterator[Finding]:
    """Give the runs of the trail that are no rows, and past actions that are no runs."""
    c, r, e = t.leaves.c, t.runs.c, t.events.c
    gone = select(c.run).where(c.run.is_not(None), ~select(r.id).where(r.id == c.run).exists())
    for id_ in connection.scalars(gone.distinct().order_by(c.run)):
        bodies = connection.scalars(select(c.body).where(c.run == id_))
        if any('"rows":{' in body for body in bodies):
            yield row_finding("runs", id_, None, "is missing")
    nobody = select(e.id).where(~select(r.id).where(r.id == e.id).exists()).order_by(e.number)
    for id_ in connection.scalars(nobody):
        yield row_finding("events", id_, None, "is of no run")
