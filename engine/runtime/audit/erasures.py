"""What a store has erased -> whether the trail says so, by an entry `erased` of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, select

from gatewright.engine.runtime.audit.finding import Finding
from gatewright.engine.runtime.store import schema as t

MOST: Final = 100


class _Row(NamedTuple):
    run: str
    what: Literal["payloads", "decisions"]
    name: str


def erasures(connection: Connection) -> tuple[int, list[Finding]]:
    """Return how many payloads and logged decisions were erased, and those that nobody erased.

    Cost: as many as are erased.
    """
    count, findings = 0, list[Finding]()
    run: str | None = None
    said: dict[str, list[str]] = {}
    for row in _erased(connection):
        if row.run != run:
            run, said = row.run, _said(connection, row.run)
        if row.what == "payloads" and row.name in said["payloads"]:
            count += 1
        elif row.what == "decisions" and said["decisions"]:
            said["decisions"].pop()  # its digest is gone with it
            count += 1
        elif len(findings) < MOST:
            told = f"the payload `{row.name}`" if row.what == "payloads" else "a logged decision"
            message = f"{told} of run `{row.run}` was erased, and no entry of the trail says so"
            findings.append(Finding("payload", message))
    return count, findings


def _erased(connection: Connection) -> Iterator[_Row]:
    """Give what is erased, by run."""
    p, d = t.payloads.c, t.decisions.c
    gone = p.content.is_(None) | p.erased_at.is_not(None)
    runs = select(p.run).where(gone).union(select(d.run).where(d.erased_at.is_not(None)))
    for run in sorted(connection.scalars(runs)):
        for name in connection.scalars(select(p.commitment).where(p.run == run, gone)):
            yield _Row(run, "payloads", name)
        for number in connection.scalars(
            select(d.number).where(d.run == run, d.erased_at.is_not(None))
        ):
            yield _Row(run, "decisions", str(number))


def _said(connection: Connection, run: str) -> dict[str, list[str]]:
    c = t.leaves.c
    found: dict[str, list[str]] = {"payloads": [], "decisions": []}
    for body in connection.scalars(select(c.body).where(c.run == run, c.kind == "erased")):
        entry: dict[str, Any] = json.loads(body)["body"]
        for what, names in found.items():
            names += entry.get(what, ())
    return found
