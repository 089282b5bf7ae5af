"""The policies of the model test: one rule that asks whom the action names, a budget, and a block."""

from __future__ import annotations

from functools import cache

from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source

TEXT = """
package shop.model

type Charge { status: string, refunded: string }

action billing.refund on stripe.charge as Charge {
  customer: string,
  amount: money(USD) > 0 USD,
  way: enum("auto", "manager", "finance", "pair", "board", "both", "then", "silent")
}

history refunds = billing.refund where status in ["executed", "pending"]

route manager {
  one of group("managers")
  remind 1h  sla 2h
  timeout 4h then escalate finance
}
route finance { one of group("finance") outranks manager timeout 24h then reject }
route pair { 2 of group("pair") timeout 6h then reject }
route board { all of group("board") remind 2h timeout 8h then reject }
route silent { one of group("managers") timeout 3h then approve }

default block
on_error require finance

permit agent "bot" to billing.refund

rule by_way on billing.refund
  cases {
    action.way == "auto"    => auto_run
    action.way == "manager" => require manager
    action.way == "finance" => require finance
    action.way == "pair"    => require pair
    action.way == "board"   => require board
    action.way == "both"    => require manager and pair
    action.way == "then"    => require manager then pair
    action.way == "silent"  => require silent
    else => block
  }

guard budget on billing.refund
  when action.way != "then"
  when refunds.sum(amount, customer: action.customer, within: 24h) + action.amount > 100 USD
  => require finance

absolute guard disputed on billing.refund
  when target.status == "disputed"
  => block
"""
STRICTER = (
    ('"manager" => require manager', '"manager" => require finance'),
    ("2 of", "3 of"),
    ("> 100 USD", "> 60 USD"),
)
"""What the other policy says instead."""


@cache
def policy(stricter: bool) -> PolicySet:
    """Return the policy, or the one that asks more."""
    text = TEXT
    for old, new in STRICTER if stricter else ():
        assert old in text
        text = text.replace(old, new)
    return load_source(text)
