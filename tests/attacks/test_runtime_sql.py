"""One row has one id: whoever spells it otherwise passes no limit that is kept for a record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import gatewright as gw
from gatewright.configuration import open_gate, read
from gatewright.connectors.systems.sql import Param, SqlAction, SqlConnector, SqlObject
from gatewright.engine.runtime.errors import PreviewFailed
from gatewright.engine.runtime.ports import NoSuchTarget, TargetRef
from gatewright.engine.runtime.run import State
from gatewright.engine.runtime.store.database import open_database
from gatewright.engine.runtime.store.errors import StoreUnusable
from tests.engine.runtime.databases import database_url, postgres_server

__all__ = ["database_url", "postgres_server"]

PAY = SqlObject(
    "accounts", "id", "v", {"bank.pay": SqlAction(sets={"paid": Param("amount")})},
    money={"paid": "USD"},
)  # fmt: skip

ALIASES: dict[str, tuple[str, str, str, list[str]]] = {
    "a whole number": (
        "INTEGER", "5", "5", ["05", "+5", " 5", "5 ", "5\n", "\u0665", "\uff15", "-0", "5.0"],
    ),
    "a large number": ("BIGINT", "1000", "1000", ["1_000", "01000", "1e3"]),
    "a decimal": ("NUMERIC(10, 2)", "5", "5.00", ["5.0", "5", "05.00", "+5.00"]),
    "a fixed length": ("CHAR(8)", "'ab'", "ab", ["ab ", "ab      ", "AB"]),
    "a day": ("DATE", "'2026-11-26'", "2026-11-26", ["20261126", "2026-W48-4"]),
}  # fmt: skip
ON_POSTGRES: dict[str, tuple[str, str, str, list[str]]] = {
    "a uuid": (
        "UUID", "'0af5cd21-5a11-4c9e-8f5d-0123456789ab'", "0af5cd21-5a11-4c9e-8f5d-0123456789ab",
        [
            "0AF5CD21-5A11-4C9E-8F5D-0123456789AB", "0af5cd215a114c9e8f5d0123456789ab",
            "{0af5cd21-5a11-4c9e-8f5d-0123456789ab}",
            "urn:uuid:0af5cd21-5a11-4c9e-8f5d-0123456789ab",
        ],
    ),
}  # fmt: skip
ON_SQLITE: dict[str, tuple[str, str, str, list[str]]] = {
    "texts of any case": ("TEXT COLLATE NOCASE", "'ch_a'", "ch_a", ["CH_A", "Ch_a"]),
    "texts with spaces": ("TEXT COLLATE RTRIM", "'ch_a'", "ch_a", ["ch_a ", "ch_a  "]),
}


def connected(url: str, kind: str, value: str) -> SqlConnector:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS accounts"))
        connection.execute(
            text(f"CREATE TABLE accounts (id {kind} PRIMARY KEY, paid NUMERIC(12, 2), v INTEGER)")
        )
        connection.execute(text(f"INSERT INTO accounts VALUES ({value}, 0, 1)"))  # noqa: S608
    engine.dispose()
    return SqlConnector(url, "bank", {"account": PAY})


@pytest.mark.parametrize("name", [*ALIASES, "of one database"])
def test_a_row_answers_to_one_id(database_url: str, name: str) -> None:
    own = ON_SQLITE if database_url.startswith("sqlite") else ON_POSTGRES
    for kind, value, id_, others in own.values() if name not in ALIASES else [ALIASES[name]]:
        connector = connected(database_url, kind, value)
        try:
            assert connector.read(TargetRef("bank", "account", id_)).version == "1"
            for other in others:
                with pytest.raises(NoSuchTarget):
                    connector.read(TargetRef("bank", "account", other))
        finally:
            connector.close()


LIMITED = """
package bank.limits
action bank.pay on bank.account { amount: money(USD) > 0 USD }
history paid = bank.pay where status in ["executed", "pending"]
default block
rule any on bank.pay => auto_run
guard once on bank.pay
  when paid.count(target: target.id, within: 24h) >= 1
  => block
"""


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[gw.Gate]:
    connector = connected(f"sqlite:///{tmp_path / 'bank.db'}", "INTEGER", "5")
    gate = gw.Gate(
        gw.load_source(LIMITED), store=f"sqlite:///{tmp_path / 'gate.db'}", connectors=[connector]
    )
    yield gate
    gate.close()
    connector.close()


def pay(id_: str) -> dict[str, Any]:
    return {"action": "bank.pay", "params": {"amount": "5 USD"}, "target": {"id": id_}}


@pytest.mark.parametrize("spelling", ["05", "+5", " 5", "\u0665"])
def test_a_limit_for_a_record_is_not_passed_by_its_spelling(
    limited: gw.Gate, spelling: str
) -> None:
    assert limited.propose(pay("5")).state is State.AUTO
    with pytest.raises(PreviewFailed):
        limited.propose(pay(spelling))
    assert limited.propose(pay("5")).state is State.BLOCKED


# --- declarations and versions that are odd

BOTH = SqlAction(sets={"paid": Param("amount")}, changes=("note",))
NOTES = """
package bank.notes
action bank.note on bank.account { amount: money(USD), changes { note: string, paid: money(USD) } }
default block
rule any on bank.* => auto_run
"""


def noted(folder: Path, action: SqlAction, version: str = "1", **more: Any) -> SqlConnector:
    url = f"sqlite:///{folder / 'bank.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE accounts (id TEXT PRIMARY KEY, paid NUMERIC, note TEXT, v INTEGER)")
        )
        connection.execute(text(f"INSERT INTO accounts VALUES ('A', 0, '', {version})"))  # noqa: S608
    engine.dispose()
    declared = SqlObject(
        "accounts", "id", "v", {"bank.note": action}, money={"paid": "USD"}, **more
    )
    return SqlConnector(url, "bank", {"account": declared})


def ended(folder: Path, connector: SqlConnector, action: dict[str, Any]) -> gw.Run:
    gate = gw.Gate(
        gw.load_source(NOTES), store=f"sqlite:///{folder / 'gate.db'}", connectors=[connector]
    )
    run = gate.propose(action)
    gw.Worker(gate).drain()
    run = gate.run(run.id)
    gate.close()
    connector.close()
    return run


NOTE: dict[str, Any] = {
    "action": "bank.note", "params": {"amount": "5 USD"}, "target": {"id": "A"},
    "changes": {"note": {"new": "x"}},
}  # fmt: skip


def test_an_action_that_sets_a_field_and_lets_another_be_changed(tmp_path: Path) -> None:
    run = ended(tmp_path, noted(tmp_path, BOTH), NOTE)
    assert run.state is State.DONE, run.note


def test_what_is_set_cannot_be_changed(tmp_path: Path) -> None:
    changes = {"note": {"new": "x"}, "paid": {"new": "900 USD"}}
    connector = noted(tmp_path, BOTH)
    run = ended(tmp_path, connector, {**NOTE, "changes": changes})
    assert [(f["field"], f["new"]) for f in run.round.preview["fields"]] == [
        ("paid", "5.00 USD"), ("note", "x"),
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["9223372036854775807", "'abc'", "1.5", "NULL"])
def test_a_version_that_cannot_be_raised(tmp_path: Path, version: str) -> None:
    run = ended(tmp_path, noted(tmp_path, BOTH, version), NOTE)
    assert run.state is State.FAILED
    assert "version" in str(run.note)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        (SqlAction(sets={"note": "a"}, changes=("note",)), None),
        (SqlAction(sets={"note": "a"}, changes=("other",)), {"note": "note", "other": "note"}),
    ],
    ids=["one field", "one column"],
)
def test_a_column_is_set_in_one_way(
    tmp_path: Path, action: SqlAction, fields: dict[str, str] | None
) -> None:
    named = fields and {**fields, "paid": "paid"}
    with pytest.raises(ValueError, match="in two ways"):
        noted(tmp_path, action, fields=named)


@pytest.mark.parametrize(
    "address",
    ["postgresql://u@h:S3CR3T/x", "S3CR3T", "nodb://u:S3CR3T@h/x",
     "mysql://u:S3CR3T@127.0.0.1:1/x"],
)  # fmt: skip
def test_an_address_is_not_told(address: str) -> None:
    with pytest.raises(ValueError) as caught:
        SqlConnector(address, "bank", {})
    assert "S3CR3T" not in str(caught.value)
    with pytest.raises(StoreUnusable) as unusable:
        open_database(address)
    assert "S3CR3T" not in str(unusable.value)


def test_a_database_that_is_away_keeps_nobody_from_the_gate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is waited for; nothing that is said of it shows its address."""
    file = tmp_path / "gatewright.toml"
    file.write_text(
        'policy = "p.gate"\nstore = "sqlite:///gate.db"\n[[connectors]]\nuse = "sql"\n'
        'system = "bank"\ndatabase = "postgresql://u:S3CR3T@127.0.0.1:1/x"\nobjects = {}\n'
    )
    with closing(open_gate(read(file), gw.load_source(NOTES))) as gate:
        assert gate.queue() == []
    assert caplog.messages == ["the database of `bank` is away: it is looked at again when needed"]
