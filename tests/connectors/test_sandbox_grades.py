"""A system that promises less really keeps less: what goes wrong then, and what is not told."""

from __future__ import annotations

import pytest

from gatewright.connectors.systems.sandbox import ConnectionLost, Sandbox
from gatewright.engine.runtime.ports import (
    Applied,
    Capabilities,
    Concurrency,
    Conflict,
    Idempotency,
    Unsupported,
)
from tests.connectors.sandbox_actions import CHARGE, refund

NOTHING = Capabilities(Concurrency.NONE, Idempotency.NONE)
GAP = Capabilities(Concurrency.WEAK, Idempotency.NONE)
PROBE = Capabilities(Concurrency.NONE, Idempotency.PROBE, can_probe=True)
OVERTAKEN = {"kind": "overtaken", "system": "billing", "changes": {"description": "called"}}


def world(can: Capabilities, *faults: dict[str, object]) -> Sandbox:
    return Sandbox(capabilities={"billing": can}, faults=faults)


def test_without_versions_there_are_none_to_compare() -> None:
    billing = world(NOTHING).connector("billing")
    receipt = billing.execute(refund("1.00 USD"), None, "k")
    versions = (billing.read(CHARGE).version, billing.preview(refund()).version, receipt.version)
    assert versions == (None, None, None)


def test_without_keys_a_second_call_has_a_second_effect() -> None:
    sandbox = world(NOTHING)
    billing = sandbox.connector("billing")
    first, second = (billing.execute(refund("1.00 USD"), None, "k") for _ in range(2))
    assert (first.reference, second.reference) == ("re_1", "re_2")
    assert [effect.key for effect in sandbox.effects()] == ["k", "k"]
    assert billing.probe("k").applied is Applied.UNKNOWN


def test_with_a_probe_alone_the_second_effect_is_told_at_least() -> None:
    sandbox = world(PROBE)
    billing = sandbox.connector("billing")
    assert billing.probe("k").applied is Applied.NO
    receipts = [billing.execute(refund("1.00 USD"), None, "k") for _ in range(2)]
    assert billing.probe("k").receipt == receipts[-1]
    assert len(sandbox.effects()) == 2


def test_a_gap_lets_a_change_through_that_an_atomic_write_does_not() -> None:
    sandbox = world(GAP, OVERTAKEN)
    billing = sandbox.connector("billing")
    assert billing.execute(refund("1.00 USD"), "1", "a").version == "3"
    with pytest.raises(Conflict):
        billing.execute(refund("1.00 USD"), "1", "b")
    with pytest.raises(Conflict):
        Sandbox(faults=[OVERTAKEN]).connector("billing").execute(refund("1.00 USD"), "1", "a")


def test_what_takes_nothing_back_keeps_nothing_for_it() -> None:
    billing = world(NOTHING).connector("billing")
    assert billing.preview(refund()).undo is None
    receipt = billing.execute(refund(), None, "k")
    assert receipt.undo == {}
    other = Sandbox().connector("billing").execute(refund(), "1", "k")
    for taken in (receipt, other):
        with pytest.raises(Unsupported, match="takes nothing back"):
            billing.compensate(taken, None, "b")


def test_a_version_that_nobody_named_is_a_conflict() -> None:
    sandbox = Sandbox()
    with pytest.raises(Conflict):
        sandbox.connector("billing").execute(refund(), None, "k")
    assert sandbox.effects() == []


def test_keys_that_were_forgotten_are_new_ones() -> None:
    can = Capabilities(Concurrency.NONE, Idempotency.NATIVE, key_window_s=3600)
    sandbox = world(can)
    billing = sandbox.connector("billing")
    first = billing.execute(refund("1.00 USD"), None, "k")
    assert billing.execute(refund("1.00 USD"), None, "k") == first
    sandbox.forget_keys("crm")
    assert billing.execute(refund("1.00 USD"), None, "k") == first
    sandbox.forget_keys("billing")
    assert billing.execute(refund("1.00 USD"), None, "k").reference == "re_2"


def test_closing_lets_go_what_is_still_on_its_way() -> None:
    sandbox = Sandbox(faults=[{"kind": "arrives_late"}])
    with pytest.raises(ConnectionLost):
        sandbox.connector("billing").execute(refund(), "1", "k")
    assert sandbox.effects() == []
    sandbox.release()
    assert len(sandbox.effects()) == 1
    sandbox.close()
