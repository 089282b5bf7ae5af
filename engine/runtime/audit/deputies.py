"""Delegations -> whether each is as it was given, and ended when the trail says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from gatewright.engine.runtime.audit.finding import Finding, row_finding
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.values import Timestamp


def delegations(connection: Connection) -> tuple[int, list[Finding]]:
    """Return how many there are, and what differs."""
    told = _told(connection)
    found = connection.execute(select(t.delegations).order_by(t.delegations.c.id)).mappings().all()
    return len(found), list(_differing(told, [dict(row) for row in found]))


def _told(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return the rows that the trail says there are, by id."""
    c = t.leaves.c
    kinds = ("delegated", "delegation_revoked")
    bodies = select(c.body).where(c.run.is_(None), c.kind.in_(kinds)).order_by(c.number)
    told: dict[str, dict[str, Any]] = {}
    for text in connection.scalars(bodies):
        leaf: dict[str, Any] = json.loads(text)
        body = leaf["body"]
        if leaf["kind"] == "delegated":
            told[body["id"]] = {
                "id": body["id"], "giver": leaf["actor"]["id"], "taker": body["to"],
                "from_at": _instant(body["from"]), "until_at": _instant(body["until"]),
                "revoked_at": None,
            }  # fmt: skip
        elif body["id"] in told:
            told[body["id"]]["revoked_at"] = _instant(leaf["at"])
    return told


def _differing(told: dict[str, dict[str, Any]], found: list[dict[str, Any]]) -> Iterator[Finding]:
    left = dict(told)
    for row in found:
        wanted = left.pop(row["id"], None)
        if wanted is None:
            yield row_finding("delegations", row["id"], None, "was given by nobody")
            continue
        for name, value in wanted.items():
            if row[name] != value:
                yield row_finding("delegations", row["id"], name, "is not as it was given")
    for id_ in left:
        yield row_finding("delegations", id_, None, "is missing")


def _instant(text: str) -> int:
    return t.within_columns(Timestamp.parse(text).nanos)
