"""Nothing of a secret is in the store, on a card or in a message, wherever a connector puts it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

import gatewright as gw
from gatewright.connectors.people.lines import LinesNotifier
from gatewright.connectors.systems.sql import Param, SqlAction, SqlConnector, SqlObject
from gatewright.engine.runtime.card import card_text
from gatewright.engine.runtime.directory import FileDirectory
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.hiding import SecretValues
from gatewright.engine.runtime.run import State
from gatewright.engine.runtime.standing import run_document

SECRET, OLD, NEW = "S3CR3T-iban", "S3CR3T-old", "S3CR3T-new"

POLICY = """
package bank.secrets
type Account { owner: string, @secret iban: string }
action bank.move on bank.account as Account { @secret to: string }
action bank.edit on bank.account as Account { changes { @secret iban: string, owner: string } }
route manager { one of [user("ann"), user("bob")] }
default require manager
"""
CLEARING = """
package bank.secrets
type Account { owner: string, @secret iban: string }
action bank.clear on bank.account as Account { }
route manager { one of [user("ann"), user("bob")] }
default require manager
"""
UNDECLARED = """
package bank.secrets
type Account { owner: string, @secret iban: string }
action bank.other on bank.account as Account { @secret to: string }
route manager { one of [user("ann"), user("bob")] }
default block
rule edits on bank.* => require manager
"""

ACCOUNTS = SqlObject(
    "accounts", "id", "v",
    {
        "bank.move": SqlAction(sets={"account": Param("to")}),
        "bank.clear": SqlAction(sets={"iban": "none"}),
        "bank.edit": SqlAction(changes=("iban", "owner")),
    },
)  # fmt: skip

MOVE = {"action": "bank.move", "params": {"to": SECRET}, "target": {"id": "A-1"}}
EDIT = {"action": "bank.edit", "changes": {"iban": {"new": NEW}}, "target": {"id": "A-1"}}


class Bank:
    """A gate before a bank's table of accounts, with a secret in it."""

    def __init__(self, folder: Path, policy: str, *, sealed: bool = True) -> None:
        self.folder = folder
        self.engine = create_engine(f"sqlite:///{folder / 'bank.db'}")
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "CREATE TABLE accounts (id TEXT PRIMARY KEY, owner TEXT, iban TEXT, account TEXT, v INTEGER)"
                )
            )
            connection.execute(
                text("INSERT INTO accounts VALUES ('A-1', 'ann', :old, 'none', 1)"), {"old": OLD}
            )
        self.gate = gw.Gate(
            gw.load_source(policy), store=f"sqlite:///{folder / 'gate.db'}",
            connectors=[SqlConnector(self.engine, "bank", {"account": ACCOUNTS})],
            directory=FileDirectory.of({"people": {"ann": {}, "bob": {}}}),
            seal=Fernet(Fernet.generate_key()) if sealed else None,
            notifiers=[LinesNotifier(str(folder / "messages.jsonl"))],
        )  # fmt: skip

    def done(self, action: object, state: State = State.DONE) -> gw.Run:
        run = self.gate.propose(action)  # type: ignore[arg-type]
        self.gate.approve(run.id, by="ann", card=run.card)
        gw.Worker(self.gate).drain()
        run = self.gate.run(run.id)
        assert run.state is state, run.note
        return run

    def everything(self, *runs: gw.Run) -> str:
        """What the store holds and what is shown."""
        shown = [card_text(run) + json.dumps(run_document(run)) for run in runs]
        with self.gate.desk.database.reading() as connection:
            dump = "\n".join(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]
        return "\n".join([dump, *shown, (self.folder / "messages.jsonl").read_text()])

    def values(self) -> tuple[str, str]:
        with self.engine.begin() as connection:
            row = connection.execute(text("SELECT iban, account FROM accounts")).one()
        return row[0], row[1]


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(tmp_path, POLICY)
    yield bank
    bank.gate.close()
    bank.engine.dispose()


def test_a_secret_parameter_that_a_column_of_another_name_gets(bank: Bank) -> None:
    run = bank.done(MOVE)
    assert bank.values() == (OLD, SECRET)
    assert "S3CR3T" not in bank.everything(run)


def test_the_old_value_of_a_secret_field(bank: Bank) -> None:
    run = bank.done(EDIT)
    assert bank.values() == (NEW, "none")
    assert "S3CR3T" not in bank.everything(run)


def test_a_secret_that_is_written_back(bank: Bank) -> None:
    """What taking back needs is kept sealed, and is what was there."""
    run = bank.done(EDIT)
    back = bank.gate.compensate(run.id, by="bob")
    bank.gate.approve(back.id, by="ann", card=back.card)
    gw.Worker(bank.gate).drain()
    back = bank.gate.run(back.id)
    assert back.state is State.DONE, back.note
    assert bank.values() == (OLD, "none")
    assert "S3CR3T" not in bank.everything(run, back)


def test_a_secret_that_an_agent_repeats(bank: Bank) -> None:
    says = {"reasoning": f"move it to {SECRET}, please", "evidence": [SECRET], "trigger": SECRET}
    run = bank.done({**MOVE, "context": says})
    assert run.round.action["context"]["reasoning"] == "move it to ***, please"
    assert "S3CR3T" not in bank.everything(run)


def test_a_secret_that_a_condition_looked_at(tmp_path: Path) -> None:
    """What conditions saw is shown with the run, but not this."""
    guard = """
    guard odd on bank.move when action.to.endsWith("iban") => require manager
    guard same on bank.move when target.owner + action.to != "ann" => require manager
    risk long on bank.move when action.to.size() > 3 => 10
    """
    bank = Bank(tmp_path, POLICY + guard)
    run = bank.done(MOVE)
    card = run_document(run)
    told = {rule["name"]: rule["conditions"] for rule in (*card["rules"], *card["risk_parts"])}
    assert told.keys() >= {"odd", "same", "long"}
    assert all("***" in told[name][0]["shown"] for name in ("odd", "same", "long"))
    assert "S3CR3T" not in bank.everything(run)
    bank.gate.close()
    bank.engine.dispose()


def test_without_a_seal_old_values_are_not_kept(tmp_path: Path) -> None:
    """Nor can they be written back."""
    bank = Bank(tmp_path, CLEARING, sealed=False)
    run = bank.done({"action": "bank.clear", "target": {"id": "A-1"}})
    assert bank.values()[0] == "none"
    assert "S3CR3T" not in bank.everything(run)
    with pytest.raises(GateError) as caught:
        bank.gate.compensate(run.id, by="bob")
    assert caught.value.code == "no_undo"
    bank.gate.close()
    bank.engine.dispose()


@pytest.mark.parametrize(
    ("secret", "value", "is_found"),
    [
        ("S3CR3T", "S3CR3T", True),
        ("S3CR3T", "an S3CR3T within", True),
        ("S3CR3T", {"a": [{"b": "S3CR3T"}]}, True),
        ("S3CR3T", {"S3CR3T": 1}, True),
        ("5 USD", "5.00 USD", True),
        (7, "7.0", True),
        ("7", 7, True),
        ("e\u0301t", "\u00e9t", True),
        ("abc", "abcd", False),
        ("sNaN", "sNaN", True),
        ("9" * 500, "9" * 500, True),
        ("5 USD", "5 EUR", False),
        ("S3CR3T", "another", False),
        ("", "", False),
        (None, None, False),
    ],
)
def test_where_a_secret_is_found(secret: object, value: object, is_found: bool) -> None:
    known = SecretValues({"params": {"p": secret}}, {"params": {"p": "***"}})
    assert known.are_in(value) is is_found


def test_an_undeclared_action_of_a_secret_name(tmp_path: Path) -> None:
    bank = Bank(tmp_path, UNDECLARED)
    edit = {**EDIT, "target": {"system": "bank", "object": "account", "id": "A-1"}}
    run = bank.done(edit)
    assert bank.values()[0] == NEW
    assert "S3CR3T" not in bank.everything(run)
    bank.gate.close()
    bank.engine.dispose()
