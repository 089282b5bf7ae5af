"""What each simulated system does, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.connectors.systems.sandbox import Sandbox
from gatewright.engine.action import Action
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import (
    ConnectorError,
    NoSuchTarget,
    Receipt,
    TargetRef,
    Unsupported,
)
from gatewright.engine.values import Money
from tests.connectors.sandbox_actions import CHARGE, CONTACT, GROUP, TICKET, USER, act, refund


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    world = Sandbox()
    yield world
    world.close()


def do(sandbox: Sandbox, action: Action, key: str = "k") -> Receipt:
    assert action.target is not None
    connector = sandbox.connector(str(action.target.system))
    return connector.execute(action, connector.preview(action).version, key)


def take_back(sandbox: Sandbox, receipt: Receipt, key: str = "back") -> Receipt:
    connector = sandbox.connector(receipt.target.system)
    return connector.compensate(receipt, connector.preview_compensation(receipt).version, key)


def values(sandbox: Sandbox, target: TargetRef) -> dict[str, Json]:
    return dict(sandbox.values(target.system, target.object, target.id))


# --- billing


def test_a_refund_leaves_a_record_and_less_to_refund(sandbox: Sandbox) -> None:
    receipt = do(sandbox, refund("75 USD", reason="late"))
    charge = values(sandbox, CHARGE)
    assert (charge["refunded"], charge["refundable"], charge["status"]) == (
        "75.00 USD", "925.00 USD", "paid",
    )  # fmt: skip
    assert receipt.reference == "re_1"
    assert sandbox.values("billing", "refund", "re_1") == {
        "charge": "ch_1", "amount": "75.00 USD", "reason": "late", "status": "succeeded",
    }  # fmt: skip
    (effect,) = sandbox.effects()
    assert (effect.target, effect.action, effect.key) == (CHARGE, "billing.refund", "k")
    assert [(f.field, f.old, f.new) for f in effect.fields] == [
        ("refunded", "0.00 USD", "75.00 USD"), ("refundable", "1000.00 USD", "925.00 USD"),
    ]  # fmt: skip


def test_a_charge_that_is_refunded_in_parts_says_so_at_the_end(sandbox: Sandbox) -> None:
    do(sandbox, refund("999.99 USD"), "1")
    assert values(sandbox, CHARGE)["status"] == "paid"
    do(sandbox, refund("0.01 USD"), "2")
    assert values(sandbox, CHARGE)["status"] == "refunded"
    assert set(sandbox.records("billing", "refund", charge="ch_1")) == {"re_1", "re_2"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"amount": "1000.01 USD"}, "only 1000.00 USD of charge ch_1 can still be refunded"),
        ({"amount": "1.00 EUR"}, "charge ch_1 is in USD"),
        ({"amount": "0.00 USD"}, "more than nothing"),
        ({"amount": "-5.00 USD"}, "more than nothing"),
        ({"amount": 5}, "`amount`"),
        ({"amount": {"amount": "5"}}, "`amount`"),
        ({}, "`amount`"),
        ({"amount": "1.00 USD", "customer": "C-2"}, "one of customer C-1"),
    ],
)
def test_a_refund_that_cannot_be(sandbox: Sandbox, params: dict[str, Json], message: str) -> None:
    before = values(sandbox, CHARGE)
    action = act("billing.refund", CHARGE, None, **params)
    with pytest.raises(ConnectorError, match=message):
        sandbox.connector("billing").preview(action)
    with pytest.raises(ConnectorError, match=message):
        sandbox.connector("billing").execute(action, "1", "k")
    assert values(sandbox, CHARGE) == before
    assert sandbox.effects() == []


def test_the_first_of_two_refunds_is_cancelled_and_the_other_stays(sandbox: Sandbox) -> None:
    first = do(sandbox, refund("600.00 USD"), "1")
    do(sandbox, refund("400.00 USD"), "2")
    take_back(sandbox, first)
    charge = values(sandbox, CHARGE)
    assert (charge["refunded"], charge["refundable"], charge["status"]) == (
        "400.00 USD", "600.00 USD", "paid",
    )  # fmt: skip
    assert sandbox.values("billing", "refund", "re_1")["status"] == "cancelled"
    with pytest.raises(Unsupported, match="re_1 cannot be cancelled any more"):
        take_back(sandbox, first, "again")


def test_a_cancellation_changes_no_state_that_the_refund_did_not(sandbox: Sandbox) -> None:
    receipt = do(sandbox, refund("600.00 USD"))
    sandbox.edit("billing", "charge", "ch_1", {"status": "disputed"})
    take_back(sandbox, receipt)
    assert values(sandbox, CHARGE)["status"] == "disputed"


def test_a_preview_shows_what_changes_and_nothing_else(sandbox: Sandbox) -> None:
    last = str(values(sandbox, TICKET)["last_comment"])
    preview = sandbox.connector("tickets").preview(act("tickets.reply", TICKET, body=last))
    assert [change.field for change in preview.fields] == ["replies"]
    named = sandbox.connector("crm").preview(act("acme.edit", CONTACT, {"note": None}))
    assert [change.field for change in named.fields] == ["note"], "an update shows what it names"


def test_a_new_record_takes_no_id_that_there_is(sandbox: Sandbox) -> None:
    sandbox.edit("billing", "refund", "re_2", {"charge": "ch_9"})
    assert do(sandbox, refund("1.00 USD")).reference == "re_3"
    assert sandbox.values("billing", "refund", "re_2")["charge"] == "ch_9"


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40_000)), max_size=12))
def test_no_cent_is_lost(steps: list[tuple[bool, int]]) -> None:
    """Refunds and cancellations in any order: the sums are those of the refunds that count."""
    sandbox, made = Sandbox(), list[Receipt]()
    for number, (cancels, cents) in enumerate(steps):
        if cancels and made:
            take_back(sandbox, made.pop(cents % len(made)), f"k{number}")
        else:
            try:
                made.append(do(sandbox, refund(f"{cents / 100:.2f} USD"), f"k{number}"))
            except ConnectorError:
                assert cents > left(sandbox, "refundable")
        assert left(sandbox, "refunded") + left(sandbox, "refundable") == 100_000
        counted = [
            Money.parse(str(r["amount"])).amount
            for r in sandbox.records(
                "billing", "refund", charge="ch_1", status="succeeded"
            ).values()
        ]
        assert sum(counted) * 100 == left(sandbox, "refunded")


def left(sandbox: Sandbox, field: str) -> int:
    return int(Money.parse(str(values(sandbox, CHARGE)[field])).amount * 100)


def test_only_an_open_invoice_is_voided(sandbox: Sandbox) -> None:
    paid = act("billing.invoice.void", TargetRef("billing", "invoice", "in_2"))
    with pytest.raises(ConnectorError, match="in_2 is paid"):
        do(sandbox, paid)


# --- tickets


def test_what_a_customer_saw_is_not_taken_back(sandbox: Sandbox) -> None:
    action = act(
        "zendesk.ticket.comment", TICKET, public=True, body="Sorry.", attachments=["a.pdf"]
    )
    assert sandbox.connector("tickets").preview(action).undo is None
    receipt = do(sandbox, action)
    assert receipt.reference == "T-812#5"
    assert sandbox.values("tickets", "comment", "T-812#5")["attachments"] == ["a.pdf"]
    assert values(sandbox, TICKET)["replies"] == 5
    with pytest.raises(Unsupported):
        take_back(sandbox, receipt)


def test_a_note_is_deleted_and_what_was_said_since_stays(sandbox: Sandbox) -> None:
    note = do(sandbox, act("tickets.note", TICKET, body="ask Ada"), "1")
    do(sandbox, act("tickets.reply", TICKET, body="We ask."), "2")
    take_back(sandbox, note)
    ticket = values(sandbox, TICKET)
    assert (ticket["replies"], ticket["notes"], ticket["last_comment"]) == (5, 0, "We ask.")
    later = do(sandbox, act("tickets.note", TICKET, body="asked"), "3")
    assert later.reference == "T-812#7"
    take_back(sandbox, later, "back 2")
    assert values(sandbox, TICKET)["last_comment"] == "We ask."


def test_the_last_comment_is_the_latest_that_is_there(sandbox: Sandbox) -> None:
    """Also of more than nine, and where others were deleted before."""
    for number in range(5, 11):
        do(sandbox, act("tickets.reply", TICKET, body=f"reply {number}"), f"r{number}")
    notes = [do(sandbox, act("tickets.note", TICKET, body=f"note {n}"), f"n{n}") for n in (1, 2)]
    for number, note in enumerate(notes):
        take_back(sandbox, note, f"b{number}")
    assert values(sandbox, TICKET)["last_comment"] == "reply 10"
    with pytest.raises(Unsupported, match="cannot be deleted"):
        take_back(sandbox, notes[0], "again")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"public": True}, "`body`"),
        ({"public": True, "body": ""}, "`body`"),
        ({"public": "yes", "body": "x"}, "`public`"),
        ({"body": "x"}, "`public`"),
        ({"public": True, "body": "x" * 20_001}, "at most 20000"),
        ({"public": True, "body": "x", "attachments": "a.pdf"}, "`attachments` must be a list"),
    ],
    ids=["no-body", "empty", "not-a-truth", "not-said", "too-long", "no-list"],
)
def test_a_comment_that_cannot_be(sandbox: Sandbox, params: dict[str, Json], message: str) -> None:
    with pytest.raises(Unsupported, match=message):
        do(sandbox, act("tickets.comment", TICKET, None, **params))
    assert values(sandbox, TICKET)["replies"] == 4


# --- identity


@pytest.mark.parametrize("on", ["group", "user"])
def test_a_role_is_on_both_sides(sandbox: Sandbox, on: str) -> None:
    give, take = (
        act(f"identity.role.{verb}", GROUP, subject="u-42", ticket="IT-1") if on == "group"
        else act(f"identity.role.{verb}", USER, role={"name": "viewers", "risk": "low"})
        for verb in ("grant", "revoke")
    )  # fmt: skip
    do(sandbox, give, "1")
    members = values(sandbox, GROUP)["members"]
    assert isinstance(members, list)
    assert "u-42" in members
    assert values(sandbox, USER)["roles"] == ["viewers"]
    grant = sandbox.values("identity", "grant", "G-1")
    assert (grant["subject"], grant["group"], grant["status"]) == ("u-42", "viewers", "active")
    do(sandbox, take, "2")
    assert values(sandbox, USER)["roles"] == []
    assert sandbox.values("identity", "grant", "G-1")["status"] == "revoked"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (act("identity.role.grant", GROUP, subject="u-999"), "no user `u-999`"),
        (act("identity.role.grant", GROUP, subject="u-45"), "u-45 is disabled"),
        (act("identity.role.revoke", GROUP, subject="u-42"), "u-42 is not in viewers"),
        (act("identity.role.grant", GROUP), "`subject`"),
        (act("identity.role.grant", USER, role="kings"), "no group `kings`"),
        (act("identity.role.grant", USER, role={"risk": "low"}), "`role`"),
        (act("identity.role.grant", GROUP, subject="u-42", expires="soon"), "an instant"),
        (act("identity.user.enable", USER), "enabled already"),
    ],
    ids=[
        "no-user",
        "disabled",
        "not-in-it",
        "no-subject",
        "no-group",
        "no-role",
        "when",
        "enabled",
    ],
)
def test_what_identity_refuses(sandbox: Sandbox, action: Action, message: str) -> None:
    with pytest.raises(ConnectorError, match=message):
        do(sandbox, action)
    assert sandbox.effects() == []


def test_a_role_is_not_granted_twice(sandbox: Sandbox) -> None:
    do(sandbox, act("identity.role.grant", GROUP, subject="u-42"), "1")
    with pytest.raises(ConnectorError, match="u-42 is in viewers already"):
        do(sandbox, act("identity.role.grant", GROUP, subject="u-42"), "2")


# --- updates


def test_policies_see_the_stage_of_an_opportunity(sandbox: Sandbox) -> None:
    target = TargetRef("crm", "Opportunity", "006-1")
    preview = sandbox.connector("crm").preview(act("crm.move", target, {"NextStep": "call"}))
    assert (preview.attributes["stage"], preview.attributes["region"]) == ("Proposal", "emea")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tier": "platinum"}, "`tier` must be one of bronze, silver, gold"),
        ({"tier": None}, "`tier`"),
        ({"name": 7}, "`name` must be a text"),
        ({"id": "C-2"}, "cannot change `id`"),
        ({"nme": "x"}, "it can change: name"),
        ({}, "has no action `acme.edit`"),
    ],
    ids=["no-value", "empty", "no-text", "id", "unknown", "none"],
)
def test_what_an_update_refuses(sandbox: Sandbox, changes: dict[str, Json], message: str) -> None:
    before = values(sandbox, CONTACT)
    with pytest.raises(Unsupported, match=message):
        do(sandbox, act("acme.edit", CONTACT, changes))
    assert values(sandbox, CONTACT) == before


def test_money_is_changed_by_operations_only(sandbox: Sandbox) -> None:
    for target in (CHARGE, TargetRef("billing", "invoice", "in_1")):
        with pytest.raises(Unsupported, match="cannot change `amount`"):
            do(sandbox, act("acme.edit", target, {"amount": "1.00 USD"}))
    with pytest.raises(Unsupported, match="cannot change `roles`"):
        do(sandbox, act("acme.edit", USER, {"roles": ["domain-admins"]}))


def test_a_change_needs_its_new_value(sandbox: Sandbox) -> None:
    target = {"system": "crm", "object": "contact", "id": "C-1"}
    action = Action.from_dict(
        {"action": "acme.edit", "target": target, "changes": {"tier": {"old": "gold"}}}
    )
    with pytest.raises(Unsupported, match="new value"):
        do(sandbox, action)


def test_a_receipt_without_the_name_of_its_action(sandbox: Sandbox) -> None:
    """A worker that found out by reading makes one: an update goes back, an operation does not."""
    before = values(sandbox, CONTACT)
    receipt = do(sandbox, act("acme.edit", CONTACT, {"note": "x"}))
    take_back(sandbox, replace(receipt, undo={"fields": {"note": None}}))
    assert values(sandbox, CONTACT) == before
    receipt = do(sandbox, refund("5.00 USD"))
    with pytest.raises(Unsupported, match="cannot change `refunded`"):
        take_back(sandbox, replace(receipt, undo={"fields": {"refunded": "0.00 USD"}}))
    unclear: list[dict[str, Json]] = [
        {"given": {}}, {"action": 7, "fields": {}}, {"action": "x", "given": {"a": 1}},
    ]  # fmt: skip
    for undo in unclear:
        with pytest.raises(Unsupported, match="does not say"):
            take_back(sandbox, replace(receipt, undo=undo))


@pytest.mark.parametrize(
    ("undo", "message"),
    [
        ({"action": "tickets.reply", "given": {"comment": "T-812#1"}}, "cannot be taken back"),
        ({"action": "tickets.comment", "given": {"comment": "T-812#1"}}, "cannot be deleted"),
        ({"action": "tickets.comment", "given": {"comment": "T-1#1"}}, "no comment `T-1#1`"),
        ({"action": "tickets.comment", "given": {}}, "`comment`"),
        ({"action": "acme.edit", "fields": {}}, "changes nothing"),
    ],
    ids=["never", "public", "missing", "unnamed", "nothing"],
)
def test_a_receipt_that_nobody_gave(sandbox: Sandbox, undo: dict[str, Json], message: str) -> None:
    """Receipts come back from a store: what they say is checked like an action."""
    receipt = replace(do(sandbox, act("tickets.note", TICKET, body="x")), undo=undo)
    before = values(sandbox, TICKET)
    with pytest.raises(ConnectorError, match=message):
        sandbox.connector("tickets").compensate(receipt, receipt.version, "back")
    assert values(sandbox, TICKET) == before


def test_what_was_changed_since_is_not_taken_back(sandbox: Sandbox) -> None:
    invoice = TargetRef("billing", "invoice", "in_1")
    receipt = do(sandbox, act("billing.invoice.void", invoice))
    sandbox.edit("billing", "invoice", "in_1", {"status": "paid"})
    with pytest.raises(Unsupported, match="in_1 is paid"):
        take_back(sandbox, receipt)
    user = do(sandbox, act("identity.user.disable", USER))
    sandbox.edit("identity", "user", "u-42", {"enabled": True})
    with pytest.raises(ConnectorError, match="enabled already"):
        take_back(sandbox, user)
    again = do(sandbox, act("identity.user.disable", USER), "2")
    assert again.version == "4"
    with pytest.raises(ConnectorError, match="disabled already"):
        do(sandbox, act("identity.user.disable", USER), "3")


# --- what is not there


def test_other_systems_objects_and_records_are_refused(sandbox: Sandbox) -> None:
    billing = sandbox.connector("billing")
    with pytest.raises(Unsupported, match="another system"):
        billing.read(TargetRef("crm", "contact", "C-1"))
    with pytest.raises(Unsupported, match="it has charge, refund, invoice"):
        billing.read(TargetRef("billing", "contact", "C-1"))
    with pytest.raises(Unsupported, match="no such field"):
        billing.read(CHARGE, ["v"])
    with pytest.raises(Unsupported, match="names no record"):
        billing.preview(act("billing.refund", USER, amount="1.00 USD"))
    with pytest.raises(NoSuchTarget):
        billing.preview(refund("1.00 USD", TargetRef("billing", "charge", "ch_999")))


def test_a_key_is_for_one_write(sandbox: Sandbox) -> None:
    billing = sandbox.connector("billing")
    receipt = billing.execute(refund("1.00 USD"), "1", "k")
    assert billing.execute(refund("1.00 USD"), "1", "k") == receipt
    for action, version in ((refund("2.00 USD"), "1"), (refund("1.00 USD"), "2")):
        with pytest.raises(Unsupported, match="key belongs to another write"):
            billing.execute(action, version, "k")
    assert len(sandbox.effects()) == 1


def test_keys_of_two_systems_never_meet(sandbox: Sandbox) -> None:
    do(sandbox, refund("1.00 USD"), "k")
    do(sandbox, act("acme.edit", CONTACT, {"note": "x"}), "k")
    assert [e.target.system for e in sandbox.effects()] == ["billing", "crm"]
    assert len(sandbox.effects("crm")) == 1
