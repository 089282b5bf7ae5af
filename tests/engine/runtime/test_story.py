"""The whole story on real parts: policy files, tables, people, a worker, and the trail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

import gatewright as gw
from gatewright.cli import main
from gatewright.connectors.systems.sql import Param, SqlAction, SqlConnector, SqlObject
from gatewright.engine.runtime.directory import FileDirectory
from gatewright.engine.runtime.run import State
from tests.conftest import ROOT

PEOPLE: dict[str, object] = {
    "people": {"ann": {}, "bob": {}, "fay": {}},
    "groups": {"support-managers": ["ann", "bob"], "finance": ["fay"]},
}
REFUND = SqlAction(sets={"status": "refunded", "refunded": Param("amount")})


def refund(amount: str, charge: str) -> dict[str, object]:
    return {
        "action": "billing.refund",
        "params": {"customer": f"C-{charge}", "amount": amount},
        "agent": {"id": "refund-bot", "owner": "team-support"},
        "target": {"id": charge},
        "context": {"reasoning": "The parcel never came."},
    }


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """A shop's database with three charges."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE charges (id TEXT PRIMARY KEY, status TEXT, card TEXT,"
                " refunded NUMERIC(12, 2), v INTEGER)"
            )
        )
        for number in (1, 2, 3):
            connection.execute(
                text("INSERT INTO charges VALUES (:id, 'paid', '4111-1111-1111', 0, 1)"),
                {"id": f"ch_{number}"},
            )
    engine.dispose()
    return url


def test_a_refund_from_proposal_to_proof(shop: str, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'gate.db'}"
    charges = SqlObject(
        table="charges", key="id", version="v", money={"refunded": "USD"},
        actions={"billing.refund": REFUND},
    )  # fmt: skip
    connector = SqlConnector(shop, "stripe", {"charge": charges})
    policy = gw.load(ROOT / "examples" / "refunds")
    gate = gw.Gate(policy, store=store, connectors=[connector], directory=FileDirectory.of(PEOPLE))
    worker = gw.Worker(gate)

    small = gate.propose(refund("20.00 USD", "ch_1"))
    large = gate.propose(refund("75.00 USD", "ch_2"))
    assert (small.state, large.state) == (State.AUTO, State.PENDING)
    gate.approve(large.id, by="ann", card=large.card)
    worker.drain()
    assert gate.run(small.id).state is State.DONE
    assert gate.run(large.id).state is State.DONE
    back = gate.compensate(large.id, by="bob", note="the parcel came after all")
    gate.approve(back.id, by="ann", card=back.card)
    worker.drain()
    assert gate.run(large.id).state is State.COMPENSATED
    worker.step()  # nothing is left to do but the trail
    gate.close()
    connector.close()

    kept = (tmp_path / "gate.db").read_bytes()
    assert b"4111-1111-1111" not in kept  # @secret in the type of a charge
    runner = CliRunner()
    assert runner.invoke(main, ["audit", "verify", "--store", store]).exit_code == 0
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "gate.db", copy)
    at = kept.index(b'"kind":"approved"')
    copy.write_bytes(kept[:at] + b'"kind":"approvee"' + kept[at + 17 :])
    red = runner.invoke(main, ["audit", "verify", "--store", f"sqlite:///{copy}"])
    assert red.exit_code == 1
    assert "changed" in red.output + red.stderr
