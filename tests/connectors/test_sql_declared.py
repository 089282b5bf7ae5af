"""A connector to tables from plain data, as `gatewright.toml` has it."""

from __future__ import annotations

import inspect
import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gatewright.connectors.systems.sql import declared
from gatewright.engine.action import Action
from gatewright.engine.runtime.ports import Unsupported


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """What the module's docstring declares, on a database that is there."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as shop:
        shop.execute(
            "CREATE TABLE charges (id TEXT PRIMARY KEY, status TEXT, refunded NUMERIC,"
            " email TEXT, v INTEGER)"
        )
        shop.execute("INSERT INTO charges VALUES ('ch_1', 'paid', 0, 'a@shop.example', 1)")
    shop.close()
    _, _, text = (inspect.getdoc(declared) or "").partition("\n\n")
    (entry,) = tomllib.loads(text)["connectors"]
    assert entry.pop("use") == "sql"
    return {**entry, "database": f"sqlite:///{path}"}


def action(changes: dict[str, Any]) -> Action:
    return Action.from_dict(
        {
            "action": "billing.refund",
            "params": {"amount": "75.00 USD"},
            "target": {"system": "stripe", "object": "charge", "id": "ch_1"},
            "changes": {name: {"new": value} for name, value in changes.items()},
        }
    )


def test_an_action_sets_what_is_declared_and_changes_what_it_may(given: dict[str, Any]) -> None:
    connector = declared.sql(**given)
    shown = connector.preview(action({"email": "b@shop.example"}))
    assert {change.field: change.new for change in shown.fields} == {
        "status": "refunded", "refunded": "75.00 USD", "email": "b@shop.example",
    }  # fmt: skip
    with pytest.raises(Unsupported, match="may change email, and nothing else"):
        connector.preview(action({"v": 2}))
    connector.close()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"key": 5}, "`objects.charge.key`: input should be a valid string"),
        ({"colour": "red"}, "`objects.charge.colour`: extra inputs are not permitted"),
        ({"version": None}, "`objects.charge.version`: input should be a valid string"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(
    given: dict[str, Any], wrong: dict[str, Any], why: str
) -> None:
    given["objects"]["charge"] |= wrong
    with pytest.raises(ValueError) as raised:
        declared.sql(**given)
    assert str(raised.value) == why
