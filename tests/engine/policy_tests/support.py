"""Policies with tests, and what became of the tests."""

from __future__ import annotations

from gatewright.engine.load import load_source
from gatewright.engine.policy_tests.run import TestResult, run_tests

REFUNDS = """\
package billing.refunds

action billing.refund on stripe.charge {
  customer: string,
  amount: money(USD) >= 0 USD,
  rate?: decimal,
  @secret card?: string,
  changes { status: enum("open", "refunded"), owner: string }
}
history refunds = billing.refund where status in ["executed", "pending"]
history approved = billing.refund where decided_by == "ann"

route manager { one of group("managers") timeout 4h then reject }
route finance { one of group("finance") outranks manager timeout 4h then reject }
route legal { one of group("legal") timeout 4h then reject }

default require manager
on_error block
let small = 50 USD

risk large on billing.refund when action.amount > 500 USD => 40 because "over 500 USD"

rule by_amount on billing.refund
  tier action.amount {
    < small => auto_run
    >= small => require manager
  }
  because "{action.amount} for {action.customer}, {has(action.card) ? action.card : 'no card'}."
guard repeat on billing.refund
  when refunds.count(customer: action.customer, within: 30d) >= 1
  => require finance
  because "A refund in the last 30 days."
guard ordered on billing.refund when action.customer == "C-then" => require manager then legal
guard listed on billing.refund when action.customer in data.closed => block
"""
DATA: dict[str, object] = {"closed": ["C-closed"], "other": 1}


def run(tests: str, policy: str = REFUNDS) -> list[TestResult]:
    """Run test blocks that follow a policy."""
    return list(run_tests(load_source(policy + tests, data=DATA, name="refunds.gate")))


def one(tests: str, policy: str = REFUNDS) -> TestResult:
    """Run the only test."""
    (result,) = run(tests, policy)
    return result


def block(body: str, given: str = 'customer: "C-1", amount: 5 USD') -> str:
    """Write a test of one refund."""
    return f'test "t" {{ given billing.refund {{ {given} }} {body} }}'
