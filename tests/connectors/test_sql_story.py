"""An update of a table, from its proposal to its end."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

import gatewright as gw
from gatewright.connectors.systems.sql import SqlAction, SqlConnector, SqlObject
from gatewright.engine.runtime.run import State

POLICY = """
package shop.contacts
action crm.update on crm.contact { changes { name: string, city: string } }
default block
rule everything on crm.update => auto_run
"""


def test_what_was_decided_about_is_not_asked_again_for_its_order(tmp_path: Path) -> None:
    """A plan is kept with its fields in one order, whatever order they were proposed in."""
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE contacts (id TEXT PRIMARY KEY, name TEXT, city TEXT, v INTEGER)")
        )
        connection.execute(text("INSERT INTO contacts VALUES ('C-1', 'Ada', 'Lyon', 1)"))
    contacts = SqlObject("contacts", "id", "v", {"crm.update": SqlAction(changes=("name", "city"))})
    gate = gw.Gate(
        gw.load_source(POLICY),
        store=f"sqlite:///{tmp_path / 'gate.db'}",
        connectors=[SqlConnector(engine, "crm", {"contact": contacts})],
    )
    changes = {"name": {"new": "Eva"}, "city": {"new": "Rome"}}
    run = gate.propose({"action": "crm.update", "target": {"id": "C-1"}, "changes": changes})
    gw.Worker(gate).drain()
    done = gate.run(run.id)
    assert (done.state, len(done.rounds)) == (State.DONE, 1)
    gate.close()
    engine.dispose()
