"""Each system of the sandbox keeps the contract, in memory and in a file, at every grade."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewright.connectors.contract import ConnectorContract
from gatewright.connectors.systems.sandbox import Sandbox
from gatewright.engine.action import Action
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import (
    Capabilities,
    Concurrency,
    Connector,
    Idempotency,
    TargetRef,
)
from tests.connectors.sandbox_actions import CHARGE, CONTACT, GROUP, TICKET, USER, act, refund

GRADES = {
    "best": None,
    "no-undo": Capabilities(Concurrency.ATOMIC, Idempotency.NATIVE, can_probe=True),
    "weak-keys": Capabilities(Concurrency.WEAK, Idempotency.NATIVE, None, True, True),
    "versions-only": Capabilities(
        Concurrency.ATOMIC, Idempotency.COMPARE_AND_SET, can_compensate=True
    ),
    "weak-probe": Capabilities(Concurrency.WEAK, Idempotency.PROBE, None, True, True),
    "keys-only": Capabilities(Concurrency.NONE, Idempotency.NATIVE, None, True, True),
    "nothing": Capabilities(Concurrency.NONE, Idempotency.NONE),
}


class TestRefunds(ConnectorContract):
    """An operation that leaves another record."""

    @pytest.fixture(params=["memory", "file"])
    def sandbox(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
        world = Sandbox(None if request.param == "memory" else tmp_path / "world.db")
        yield world
        world.close()

    @pytest.fixture
    def connector(self, sandbox: Sandbox) -> Connector:
        return sandbox.connector(self.target().system)

    def target(self) -> TargetRef:
        return CHARGE

    def missing(self) -> TargetRef:
        return TargetRef(self.target().system, self.target().object, "404")

    def change(self, target: TargetRef) -> Action:
        return refund("1000.00 USD", target)


class TestPartialRefunds(TestRefunds):
    def change(self, target: TargetRef) -> Action:
        return refund({"amount": "0.01", "currency": "USD"}, target)


class TestInvoices(TestRefunds):
    def target(self) -> TargetRef:
        return TargetRef("billing", "invoice", "in_1")

    def change(self, target: TargetRef) -> Action:
        return act("billing.invoice.void", target)


class TestContacts(TestRefunds):
    """The generic update."""

    def target(self) -> TargetRef:
        return CONTACT

    def change(self, target: TargetRef) -> Action:
        return act("acme.move_customer", target, {"owner": "rep-77", "note": "moved"})


class TestOpportunities(TestRefunds):
    def target(self) -> TargetRef:
        return TargetRef("crm", "Opportunity", "006-1")

    def change(self, target: TargetRef) -> Action:
        changes = {"Amount": "1 USD", "CloseDate": "2027-01-01T01:00:00+01:00"}
        return act("crm.opportunity.update", target, {**changes, "StageName": "Closed Won"})


class TestNotes(TestRefunds):
    def target(self) -> TargetRef:
        return TICKET

    def change(self, target: TargetRef) -> Action:
        return act("tickets.note", target, body="The parcel is in Lyon.")


class TestTickets(TestRefunds):
    def target(self) -> TargetRef:
        return TICKET

    def change(self, target: TargetRef) -> Action:
        return act("zendesk.ticket.close", target, {"status": "solved", "priority": "low"})


class TestGrantsOnGroups(TestRefunds):
    def target(self) -> TargetRef:
        return GROUP

    def change(self, target: TargetRef) -> Action:
        return act("identity.role.grant", target, subject="u-42", ticket="IT-1")


class TestRevocationsOnGroups(TestRefunds):
    """Taken back, the member is where it was."""

    @pytest.fixture
    def sandbox(self) -> Sandbox:
        members: list[Json] = ["u-1", "u-2", "u-10"]
        return Sandbox(records={
            "identity": {
                "group": {"viewers": {"members": members}},
                "user": {"u-2": {"roles": ["deployers", "viewers"]}},
            }
        })  # fmt: skip

    def target(self) -> TargetRef:
        return GROUP

    def change(self, target: TargetRef) -> Action:
        return act("identity.role.revoke", target, subject="u-2")


class TestGrantsOnUsers(TestRefunds):
    def target(self) -> TargetRef:
        return USER

    def change(self, target: TargetRef) -> Action:
        return act("identity.role.grant", target, role={"name": "deployers", "risk": "medium"})


class TestUsers(TestRefunds):
    def target(self) -> TargetRef:
        return USER

    def change(self, target: TargetRef) -> Action:
        return act("identity.user.disable", target)


class TestLowerGrades(TestRefunds):
    """What is promised is kept; the suite skips what is not."""

    @pytest.fixture(params=GRADES.values(), ids=list(GRADES))
    def sandbox(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sandbox]:
        can: Capabilities | None = request.param
        world = Sandbox(tmp_path / "world.db", capabilities={"billing": can} if can else {})
        yield world
        world.close()

    def change(self, target: TargetRef) -> Action:
        return refund("10.00 USD", target)


class TestOtherNames(TestRefunds):
    """A policy may know a system and an action by other names."""

    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return Sandbox(names={"billing": "stripe"}, actions={"acme.give_back": "billing.refund"})

    @pytest.fixture
    def connector(self, sandbox: Sandbox) -> Connector:
        return sandbox.connector("billing")

    def target(self) -> TargetRef:
        return TargetRef("stripe", "charge", "ch_1")

    def change(self, target: TargetRef) -> Action:
        return act("acme.give_back", target, amount="20.00 USD", customer="C-1")
