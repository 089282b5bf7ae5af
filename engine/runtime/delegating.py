"""Dated delegations: somebody answers in another's place for a while. They are not passed on."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, insert, update

from gatewright.engine.runtime.desk import Desk
from gatewright.engine.runtime.errors import Refused
from gatewright.engine.runtime.routing import Roster, require_known
from gatewright.engine.runtime.run import Document
from gatewright.engine.runtime.step import Entry
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store import trail
from gatewright.engine.values import Timestamp


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
        now = desk.database.now(connection)
        c = t.delegations.c
        done = connection.execute(
            update(t.delegations)
            .where(c.id == delegation, c.giver == by, c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        if done.rowcount != 1:
            raise Refused("no_delegation", "there is no such delegation of yours", "")
        body: Document = {"id": delegation}
        trail.record(connection, None, (Entry("delegation_revoked", "person", by, body),), now)

    desk.database.retrying(work, "writing")
