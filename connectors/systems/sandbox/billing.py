"""The simulated billing system: charges, their refunds, and invoices. Amounts are exact.

A refund leaves a record `re_1` and lowers what of the charge can still be refunded; cancelling it
raises that again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatewright.connectors.systems.sandbox.fields import INSTANT, choice, money, read_money, text
from gatewright.connectors.systems.sandbox.model import (
    Case,
    Deed,
    ObjectType,
    Operation,
    Other,
    Seeded,
    System,
    amount_of,
)
from gatewright.connectors.systems.sandbox.seeds import Pick
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import ConnectorError, Unsupported
from gatewright.engine.values import Money

CHARGES: Final = 20


def refund(case: Case) -> Deed:
    """Give back an amount of a charge."""
    amount, left = _amount(case), amount_of(case.values, "refundable")
    customer = case.given.get("customer")
    if customer is not None and customer != case.values["customer"]:
        raise ConnectorError(f"charge {case.id} is one of customer {case.values['customer']}")
    if amount.currency != left.currency:
        raise ConnectorError(f"charge {case.id} is in {left.currency}")
    if amount.amount > left.amount:
        raise ConnectorError(f"only {left.text} of charge {case.id} can still be refunded")
    id_ = f"re_{case.look.next_number('refund', 're_')}"
    made: dict[str, Json] = {
        "charge": case.id, "amount": amount.text, "status": "succeeded",
        "reason": case.given.get("reason"),
    }  # fmt: skip
    new = _moved(case, amount)
    if amount.amount == left.amount:
        new["status"] = "refunded"
    return Deed(
        new,
        f"gives {amount.text} of charge {case.id} back to customer {case.values['customer']}",
        "the refund is cancelled, as an action of its own",
        {"refund": id_, "status": case.values["status"]},
        (Other("refund", id_, made),),
        id_,
    )


def cancel_refund(case: Case) -> Deed:
    """Take a refund back: the charge is as if there had been none."""
    id_ = case.text("refund")
    made = case.other("refund", id_)
    if made["charge"] != case.id or made["status"] != "succeeded":
        raise Unsupported(f"refund {id_} cannot be cancelled any more")
    amount = amount_of(made, "amount")
    new = _moved(case, Money(-amount.amount, amount.currency))
    if case.values["status"] == "refunded":
        new["status"] = case.given.get("status")
    return Deed(
        new,
        f"cancels the refund {id_} of {amount.text}",
        None,
        others=(Other("refund", id_, {"status": "cancelled"}),),
        reference=id_,
    )


def void(case: Case) -> Deed:
    """Declare an invoice void: nobody has to pay it."""
    if case.values["status"] != "open":
        raise ConnectorError(f"invoice {case.id} is {case.values['status']}")
    return Deed({"status": "void"}, f"voids invoice {case.id}", "the invoice is opened again")


def reopen(case: Case) -> Deed:
    """Open an invoice again that was declared void."""
    if case.values["status"] != "void":
        raise Unsupported(f"invoice {case.id} is {case.values['status']}")
    return Deed({"status": "open"}, f"opens invoice {case.id} again", None)


def _amount(case: Case) -> Money:
    try:
        amount = read_money(case.given.get("amount"))
    except (ValueError, EvaluationError):
        raise Unsupported("the action needs the parameter `amount`, money") from None
    if amount.amount <= 0:
        raise ConnectorError("an amount that is given back is more than nothing")
    return amount


def _moved(case: Case, amount: Money) -> dict[str, Json]:
    """Return the sums of a charge after an amount more was refunded."""
    refunded, left = amount_of(case.values, "refunded"), amount_of(case.values, "refundable")
    return {
        "refunded": Money(refunded.amount + amount.amount, amount.currency).text,
        "refundable": Money(left.amount - amount.amount, amount.currency).text,
    }


def seeded(pick: Pick) -> Iterator[Seeded]:
    """Give a charge and an invoice for each customer. Every fifth charge is disputed."""
    for number in range(1, CHARGES + 1):
        # The first is large whatever the seed is: examples refund parts of it.
        amount = "1000.00 USD" if number == 1 else pick.money(f"ch_{number}", 2_000, 150_000)
        common: dict[str, Json] = {"customer": f"C-{number}", "amount": amount}
        yield Seeded("charge", f"ch_{number}", {
            **common, "refunded": "0.00 USD", "refundable": amount,
            "status": "paid" if number % 5 else "disputed",
            "card": f"ends in {pick.number(f'ch_{number}/card', 1000, 9999)}",
        })  # fmt: skip
        yield Seeded("invoice", f"in_{number}", {
            **common, "due": f"2026-12-{pick.number(f'in_{number}', 1, 28):02}T00:00:00Z",
            "status": "open" if number % 2 else "paid",
        })  # fmt: skip


BILLING: Final = System(
    "billing",
    {
        "charge": ObjectType(
            {
                "customer": text(""), "amount": money("0.00 USD"), "refunded": money("0.00 USD"),
                "refundable": money("0.00 USD"), "status": choice("paid", "refunded", "disputed"),
                "card": text(), "description": text(),
            },
            editable=("description",),
        ),
        "refund": ObjectType(
            {
                "charge": text(""), "amount": money("0.00 USD"), "reason": text(),
                "status": choice("succeeded", "cancelled"),
            },
            editable=("reason",),
        ),
        "invoice": ObjectType(
            {
                "customer": text(""), "amount": money("0.00 USD"),
                "status": choice("open", "paid", "void"), "due": INSTANT, "memo": text(),
            },
            editable=("due", "memo"),
        ),
    },
    {
        ("charge", "billing.refund"): Operation(refund, cancel_refund),
        ("invoice", "billing.invoice.void"): Operation(void, reopen),
    },
    seeded,
)  # fmt: skip
