"""What the SQL connector does beyond the contract: exact values, refusals, no secrets in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gatewright.connectors.systems.sql import OutcomeUnknown, Param, SqlAction, SqlConnector
from gatewright.engine.reading.json_text import Json, JsonNumber
from gatewright.engine.runtime.ports import Applied, ConnectorError, TargetRef, Unsupported
from tests.connectors.shop import OBJECT, charge, edit, opened, refund

CH_1 = charge("ch_1")


@pytest.fixture
def shop(database_url: str) -> Iterator[SqlConnector]:
    with opened(database_url) as connector:
        yield connector


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("refunded", "5 USD", "5.00 USD"),
        ("refunded", "9999999999.99 USD", "9999999999.99 USD"),
        ("rate", "0.1", "0.1000"),
        ("rate", JsonNumber("0.0335"), "0.0335"),
        ("rate", 3, "3.0000"),
        ("rate", None, None),
        ("paid", False, False),
        ("tries", 7, 7),
        ("score", 0.25, 0.25),
        ("due", "2026-12-24T13:00:00.25+01:00", "2026-12-24T12:00:00.25Z"),
        ("day", "2026-02-28", "2026-02-28"),
        ("note", "it's; DROP TABLE charges --", "it's; DROP TABLE charges --"),
        ("token", "AAH/", "AAH/"),
    ],
)
def test_what_is_previewed_is_kept_and_read(
    shop: SqlConnector, name: str, given: Json, kept: Json
) -> None:
    preview = shop.preview(edit({name: given}))
    assert [(f.field, f.new) for f in preview.fields] == [(name, kept)]
    shop.execute(edit({name: given}), preview.version, "k")
    assert shop.read(CH_1, [name]).values == {name: kept}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("refunded", "5 EUR"), ("refunded", "5.001 USD"), ("refunded", 5), ("refunded", None),
        ("refunded", "99999999999.99 USD"), ("rate", "0.00001"), ("rate", "abc"), ("rate", True),
        ("paid", 1), ("paid", None), ("tries", "7"), ("tries", 2**63), ("tries", True),
        ("score", "1"), ("due", "tomorrow"), ("due", "2026-12-24T12:00:00.0000001Z"),
        ("day", "2026-02-30"), ("note", "x" * 41), ("note", "a\x00b"), ("note", 1), ("token", "?"),
    ],
)  # fmt: skip
def test_what_a_column_cannot_hold_is_refused(shop: SqlConnector, name: str, given: Json) -> None:
    before = shop.read(CH_1)
    with pytest.raises(Unsupported, match=name):
        shop.preview(edit({name: given}))
    with pytest.raises(Unsupported, match=name):
        shop.execute(edit({name: given}), before.version, "k")
    assert shop.read(CH_1) == before


def test_only_declared_fields_are_written(shop: SqlConnector) -> None:
    for name in ("status", "id", "v", "refunded_amount", "nothing"):
        with pytest.raises(Unsupported):
            shop.preview(edit({name: "x"}))
    with pytest.raises(Unsupported):
        shop.read(CH_1, ["v"])


def test_a_missing_parameter_is_told(shop: SqlConnector) -> None:
    action = refund("1 USD")
    with pytest.raises(Unsupported, match="amount"):
        shop.preview(replace(action, params=type(action.params)()))


def test_a_write_without_a_version_is_refused(shop: SqlConnector) -> None:
    with pytest.raises(ConnectorError):
        shop.execute(refund("1 USD"), None, "k")
    assert shop.read(CH_1).version == "7"


def test_a_key_is_for_one_write(shop: SqlConnector) -> None:
    shop.execute(refund("1 USD"), "7", "k")
    with pytest.raises(Unsupported, match="key"):
        shop.execute(refund("2 USD"), "7", "k")
    assert shop.read(CH_1, ["refunded"]).values == {"refunded": "1.00 USD"}


def test_a_receipt_cannot_write_what_no_action_sets(shop: SqlConnector) -> None:
    receipt = shop.execute(refund("1 USD"), "7", "k")
    with pytest.raises(Unsupported):
        shop.preview_compensation(replace(receipt, undo={"fields": {"id": "ch_2"}}))


def test_other_systems_and_objects_are_refused(shop: SqlConnector) -> None:
    for target in (TargetRef("bank", "charge", "ch_1"), TargetRef("shop", "user", "ch_1")):
        with pytest.raises(Unsupported):
            shop.read(target)


def test_another_connector_knows_the_receipts(shop: SqlConnector, database_url: str) -> None:
    receipt = shop.execute(refund("1 USD"), "7", "k")
    again = SqlConnector(database_url, "shop", {"charge": OBJECT})
    try:
        assert again.probe("k").receipt == receipt
    finally:
        again.close()


def test_a_write_that_the_database_refuses_leaves_no_receipt(
    shop: SqlConnector, database_url: str
) -> None:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE UNIQUE INDEX one_status ON charges (status)"))
        connection.execute(
            text(
                "INSERT INTO charges (id, status, refunded_amount, paid, v)"
                " VALUES ('ch_2', 'refunded', 0, true, 1)"
            )
        )
    engine.dispose()
    before = shop.read(CH_1)
    with pytest.raises(ConnectorError, match="nothing was changed") as caught:
        shop.execute(refund("12345.67 USD"), "7", "k")
    assert "12345" not in str(caught.value)
    assert shop.read(CH_1) == before
    assert shop.probe("k").applied is Applied.NO


def test_a_failing_commit_is_an_unknown_outcome(
    shop: SqlConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server commits, and the answer is lost: the probe tells it."""
    dialect = shop._engine.dialect  # pyright: ignore[reportPrivateUsage]
    commit, lost = type(dialect).do_commit, dialect.loaded_dbapi.OperationalError

    def lose_the_answer(self: object, connection: object) -> None:
        commit(dialect, connection)  # type: ignore[arg-type]
        raise lost("connection lost")

    monkeypatch.setattr(type(dialect), "do_commit", lose_the_answer)
    with pytest.raises(OutcomeUnknown):
        shop.execute(refund("1 USD"), "7", "k")
    monkeypatch.undo()
    assert shop.probe("k").applied is Applied.YES
    assert shop.read(CH_1).version == "8"


@pytest.mark.parametrize(
    "declared",
    [
        replace(OBJECT, table="nothing"),
        replace(OBJECT, key="nothing"),
        replace(OBJECT, version="note"),
        replace(OBJECT, fields={"x": "nothing"}),
        replace(OBJECT, actions={"a": SqlAction(sets={"id": "x"})}),
        replace(OBJECT, actions={"a": SqlAction(sets={"nothing": Param("x")})}),
        replace(OBJECT, money={"paid": "USD"}),
    ],
)
def test_a_declaration_that_does_not_fit_is_an_error(database_url: str, declared: object) -> None:
    with pytest.raises(ValueError, match="`"), opened(database_url, declared):  # type: ignore[arg-type]
        pass


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter2@127.0.0.1:1/x", "sqlite:///no/such/hunter2/folder/x.db"]
)
def test_no_word_holds_the_address(url: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        SqlConnector(url, "shop", {})
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match="address") as bad:
        SqlConnector("hunter2 is no address", "shop", {})
    assert "hunter2" not in str(bad.value)


def test_a_database_that_is_away_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "hunter2"
    url = f"sqlite:///{folder}/shop.db"
    shop = SqlConnector(url, "shop", {"charge": OBJECT}, waits=True)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "hunter2" not in caplog.text
    calls: list[Callable[[], object]] = [
        lambda: shop.preview(refund("1 USD")), lambda: shop.read(CH_1), lambda: shop.probe("k"),
        lambda: shop.execute(refund("1 USD"), "7", "k"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ConnectorError, match="nothing was changed"):
            call()
    folder.mkdir()
    with pytest.raises(ConnectorError, match="there is no table `charges`"):
        shop.read(CH_1)
    with opened(url):  # makes the table
        assert shop.probe("k").applied is Applied.NO
        shop.execute(refund("1 USD"), "7", "k")
        assert shop.probe("k").applied is Applied.YES
    shop.close()


def test_a_connector_is_shown_without_its_address(shop: SqlConnector) -> None:
    assert repr(shop) == "SqlConnector('shop', ['charge'])"


def test_an_engine_without_transactions_is_refused(database_url: str) -> None:
    address = database_url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with pytest.raises(ValueError, match="AUTOCOMMIT"):
        SqlConnector(engine, "shop", {})
    engine.dispose()
