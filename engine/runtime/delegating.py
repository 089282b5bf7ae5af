"""Dated delegations: somebody answers in another's place for a while. They are not passed on."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, insert, or_, select, update

from gatewright.dsl.records import dataclass
from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import Roster, require_known
from gatewright.engine.runtime.run import Document
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store import trail
from gatewright.engine.values import Timestamp


@dataclass(frozen=True, slots=True)
class Given:
    """A delegation as it is kept: `taker` may answer in `giver`'s place between two instants."""

    id: str
    giver: str
    taker: str
    from_at: Timestamp
    until_at: Timestamp


def standing(desk: Desk, person: str | None) -> list[Given]:
    """Return delegations that hold or will, of one person those by and to them; ordered by end."""
    c = t.delegations.c
    wanted = select(c.id, c.giver, c.taker, c.from_at, c.until_at).where(c.revoked_at.is_(None))
    if person is not None:
        wanted = wanted.where(or_(c.giver == person, c.taker == person))

    def work(connection: Connection) -> list[Given]:
        now = desk.database.now(connection)
        rows = connection.execute(wanted.where(c.until_at > now).order_by(c.until_at, c.id))
        return [
            Given(id_, giver, taker, Timestamp(from_at), Timestamp(until_at))
            for id_, giver, taker, from_at, until_at in rows
        ]

    return desk.database.retrying(work, "reading")


def delegate(desk: Desk, *, giver: str, taker: str, from_at: Timestamp, until_at: Timestamp) -> str:
    """Let somebody answer in another's place for a while, and return the delegation's id."""
    if giver == taker or until_at <= from_at:
        raise Refused(
            "bad_delegation", "a delegation is to somebody else, and ends after it begins",
            "name another person, or other instants",
        )  # fmt: skip
    id_ = "del_" + uuid.uuid4().hex

    def work(connection: Connection) -> None:
        now = desk.database.now(connection)
        roster = Roster(people=desk.directory.people())
        require_known(roster, giver)
        require_known(roster, taker)
        connection.execute(
            insert(t.delegations).values(
                id=id_,
                giver=giver,
                taker=taker,
                from_at=t.within_columns(from_at.nanos),
                until_at=t.within_columns(until_at.nanos),
            )
        )
        body: Document = {
            "id": id_, "to": taker, "from": from_at.text, "until": until_at.text,
        }  # fmt: skip
        trail.record(connection, None, (Entry("delegated", "person", giver, body),), now)

    desk.database.retrying(work, "writing")
    return id_


def revoke(desk: Desk, delegation: str, *, by: str) -> None:
    """End a delegation early; whoever gave it can."""

    def work(connection: Connection) -> None:
        if not delegation.isascii() or "\0" in delegation:  # PostgreSQL would not even look
            raise _none_of_yours()
        now = desk.database.now(connection)
        c = t.delegations.c
        done = connection.execute(
            update(t.delegations)
            .where(c.id == delegation, c.giver == by, c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        if done.rowcount != 1:
            raise _none_of_yours()
        body: Document = {"id": delegation}
        trail.record(connection, None, (Entry("delegation_revoked", "person", by, body),), now)

    desk.database.retrying(work, "writing")


def _none_of_yours() -> Refused:
    return Refused("no_delegation", "there is no such delegation of yours", "")
