"""What every connector must do, as a class of tests: subclass it, fill in the hooks, run pytest.

Only what `capabilities` promise is tested; the rest is skipped with the reason. A connector that
fails here must not be given to a gate. Source: docs/connectors.md#write-one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gatewright.engine.action import Action
from gatewright.engine.runtime.ports import (
    Applied,
    Concurrency,
    Conflict,
    Connector,
    Idempotency,
    NoSuchTarget,
    Preview,
    Receipt,
    Record,
    TargetRef,
    Unsupported,
)

_COMPARES = (Concurrency.ATOMIC, Concurrency.WEAK)


class ConnectorContract:
    """The tests. A subclass is named `Test...` and overrides the hooks that raise.

    Each test gets a connector to a system of its own, in which `target` exists unchanged.
    """

    volatile: frozenset[str] = frozenset()
    """Fields that the system itself changes with every write, such as `updated_at`."""

    @pytest.fixture
    def connector(self) -> Connector:
        """Give a fresh connector, to a system where nothing has been done yet."""
        raise NotImplementedError

    def target(self) -> TargetRef:
        """Return a record that exists."""
        raise NotImplementedError

    def missing(self) -> TargetRef:
        """Return a record of the same kind that does not exist."""
        raise NotImplementedError

    def change(self, target: TargetRef) -> Action:
        """Return an action that gives at least one field of the record another value."""
        raise NotImplementedError

    def unknown(self, target: TargetRef) -> Action:
        """Return an action that the connector does not know."""
        return Action.from_dict({"action": "contract.no_such_action", "target": target.to_dict()})

    # --- reading

    def test_it_names_its_system(self, connector: Connector) -> None:
        assert connector.system == self.target().system

    def test_read_and_preview_change_nothing(self, connector: Connector) -> None:
        before = self._read(connector)
        connector.preview(self.change(self.target()))
        assert self._read(connector) == before

    def test_fields_are_read_by_name(self, connector: Connector) -> None:
        every = self._read(connector)
        for field, value in every.values.items():
            found = connector.read(self.target(), [field])
            assert found == Record({field: value}, every.version)

    def test_a_preview_holds_what_the_record_holds(self, connector: Connector) -> None:
        preview = connector.preview(self.change(self.target()))
        record = self._read(connector)
        assert preview.target == self.target()
        assert preview.version == record.version
        assert {f.field: f.old for f in preview.fields} == {
            f.field: record.values.get(f.field) for f in preview.fields
        }
        assert any(f.old != f.new for f in preview.fields), "the action must change something"
        assert preview.summary

    def test_a_missing_record_is_told(self, connector: Connector) -> None:
        missing = self.missing()
        action = self.change(missing)
        with pytest.raises(NoSuchTarget):
            connector.read(missing)
        with pytest.raises(NoSuchTarget):
            connector.preview(action)
        version = self._read(connector).version
        with pytest.raises(NoSuchTarget):
            connector.execute(action, version, "contract-missing")

    def test_an_unknown_action_is_refused(self, connector: Connector) -> None:
        before = self._read(connector)
        action = self.unknown(self.target())
        with pytest.raises(Unsupported):
            connector.preview(action)
        with pytest.raises(Unsupported):
            connector.execute(action, before.version, "contract-unknown")
        assert self._read(connector) == before

    # --- writing

    def test_execute_does_exactly_what_the_preview_shows(self, connector: Connector) -> None:
        before = self._read(connector)
        preview, receipt = self._execute(connector, "contract-1")
        after = self._read(connector)
        planned = {**before.values, **{f.field: f.new for f in preview.fields}}
        assert self._steady(after) == self._steady(Record(planned, None))
        assert (receipt.key, receipt.target) == ("contract-1", self.target())
        assert receipt.version == after.version
        if before.version is not None:
            assert after.version != before.version, "a write must change the version"

    def test_another_version_is_a_conflict(self, connector: Connector) -> None:
        self._need(connector.capabilities.concurrency in _COMPARES, "comparing versions")
        preview, _ = self._execute(connector, "contract-1")
        before = self._read(connector)
        with pytest.raises(Conflict):
            connector.execute(self.change(self.target()), preview.version, "contract-2")
        assert self._read(connector) == before

    def test_of_two_at_once_one_wins(self, connector: Connector) -> None:
        self._need(
            connector.capabilities.concurrency is Concurrency.ATOMIC, "atomic compare-and-set"
        )
        action = self.change(self.target())
        version = connector.preview(action).version
        outcomes = _at_once(
            lambda: connector.execute(action, version, "contract-a"),
            lambda: connector.execute(action, version, "contract-b"),
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Receipt"]
        (won,) = (outcome for outcome in outcomes if isinstance(outcome, Receipt))
        assert self._read(connector).version == won.version

    # --- repeating

    def test_the_same_key_again_has_no_second_effect(self, connector: Connector) -> None:
        promised = connector.capabilities.idempotency
        self._need(
            promised in (Idempotency.NATIVE, Idempotency.COMPARE_AND_SET), "repeating a call"
        )
        preview, receipt = self._execute(connector, "contract-1")
        before = self._read(connector)
        action = self.change(self.target())
        if promised is Idempotency.NATIVE:
            assert connector.execute(action, preview.version, "contract-1") == receipt
        else:
            with pytest.raises(Conflict):
                connector.execute(action, preview.version, "contract-1")
        assert self._read(connector) == before

    def test_the_same_key_at_once_has_one_effect(self, connector: Connector) -> None:
        self._need(connector.capabilities.idempotency is Idempotency.NATIVE, "keys")
        action = self.change(self.target())
        version = connector.preview(action).version
        first, second = _at_once(
            lambda: connector.execute(action, version, "contract-1"),
            lambda: connector.execute(action, version, "contract-1"),
        )
        assert isinstance(first, Receipt), first
        assert first == second
        assert self._read(connector).version == first.version

    def test_a_probe_knows_what_became_of_a_key(self, connector: Connector) -> None:
        self._need(connector.capabilities.can_probe, "probing")
        assert connector.probe("contract-1").applied is not Applied.YES
        _, receipt = self._execute(connector, "contract-1")
        found = connector.probe("contract-1")
        assert (found.applied, found.receipt) == (Applied.YES, receipt)
        assert connector.probe("contract-2").applied is not Applied.YES

    def test_a_refused_call_leaves_no_trace(self, connector: Connector) -> None:
        self._need(connector.capabilities.can_probe, "probing")
        self._need(connector.capabilities.concurrency in _COMPARES, "comparing versions")
        preview, _ = self._execute(connector, "contract-1")
        with pytest.raises(Conflict):
            connector.execute(self.change(self.target()), preview.version, "contract-2")
        assert connector.probe("contract-2").applied is not Applied.YES

    # --- taking back

    def test_a_compensation_restores_the_record(self, connector: Connector) -> None:
        self._need(connector.capabilities.can_compensate, "taking back")
        before = self._read(connector)
        _, receipt = self._execute(connector, "contract-1")
        written = self._read(connector)
        preview = connector.preview_compensation(receipt)
        assert self._read(connector) == written
        assert {f.field: f.old for f in preview.fields} == {
            f.field: written.values.get(f.field) for f in preview.fields
        }
        undone = connector.compensate(receipt, preview.version, "contract-2")
        after = self._read(connector)
        assert self._steady(after) == self._steady(before)
        assert (undone.key, undone.version) == ("contract-2", after.version)

    def test_a_compensation_compares_the_version(self, connector: Connector) -> None:
        self._need(connector.capabilities.can_compensate, "taking back")
        self._need(connector.capabilities.concurrency in _COMPARES, "comparing versions")
        preview, receipt = self._execute(connector, "contract-1")
        written = self._read(connector)
        with pytest.raises(Conflict):
            connector.compensate(receipt, preview.version, "contract-2")
        assert self._read(connector) == written

    def test_a_compensation_with_the_same_key_happens_once(self, connector: Connector) -> None:
        self._need(connector.capabilities.can_compensate, "taking back")
        self._need(connector.capabilities.idempotency is Idempotency.NATIVE, "keys")
        _, receipt = self._execute(connector, "contract-1")
        version = connector.preview_compensation(receipt).version
        undone = connector.compensate(receipt, version, "contract-2")
        before = self._read(connector)
        assert connector.compensate(receipt, version, "contract-2") == undone
        assert self._read(connector) == before

    def test_what_cannot_be_taken_back_is_refused(self, connector: Connector) -> None:
        _, receipt = self._execute(connector, "contract-1")
        if connector.capabilities.can_compensate:
            receipt = replace(receipt, undo={})
        written = self._read(connector)
        with pytest.raises(Unsupported):
            connector.preview_compensation(receipt)
        with pytest.raises(Unsupported):
            connector.compensate(receipt, written.version, "contract-2")
        assert self._read(connector) == written

    # --- help

    def _read(self, connector: Connector) -> Record:
        return connector.read(self.target())

    def _execute(self, connector: Connector, key: str) -> tuple[Preview, Receipt]:
        action = self.change(self.target())
        preview = connector.preview(action)
        return preview, connector.execute(action, preview.version, key)

    def _steady(self, record: Record) -> dict[str, object]:
        return {name: value for name, value in record.values.items() if name not in self.volatile}

    def _need(self, promised: bool, what: str) -> None:
        if not promised:
            pytest.skip(f"{what} is not promised")


def _at_once(*calls: Callable[[], Receipt]) -> list[Receipt | Exception]:
    """Do calls in a thread each, all begun together; return what they returned or raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Receipt]) -> Receipt | Exception:
        barrier.wait(timeout=30)
        try:
            return call()
        except Exception as error:  # whatever it is, the test looks at it
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
