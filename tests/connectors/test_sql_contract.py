"""The SQL connector keeps the contract, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatewright.connectors.contract import ConnectorContract
from gatewright.connectors.systems.sql import SqlConnector
from gatewright.engine.action import Action
from gatewright.engine.runtime.ports import Connector, TargetRef
from tests.connectors.shop import charge, edit, opened, refund


class TestSetsOfTheSqlConnector(ConnectorContract):
    """An action whose columns are declared: constants and parameters."""

    @pytest.fixture
    def connector(self, shop: SqlConnector) -> Connector:
        return shop

    @pytest.fixture
    def shop(self, database_url: str) -> Iterator[SqlConnector]:
        with opened(database_url) as connector:
            yield connector

    def target(self) -> TargetRef:
        return charge("ch_1")

    def missing(self) -> TargetRef:
        return charge("ch_404")

    def change(self, target: TargetRef) -> Action:
        return refund("75.00 USD", target.id)


class TestChangesOfTheSqlConnector(TestSetsOfTheSqlConnector):
    """An action that says itself which fields it changes."""

    def change(self, target: TargetRef) -> Action:
        return edit({"note": "called back", "due": "2026-12-24T12:00:00.5Z"}, target.id)
