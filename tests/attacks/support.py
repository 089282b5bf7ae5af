"""What the attacks share: an action that runs by itself, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gatewright.dsl.diagnostics import PolicyError
from gatewright.engine.decision import Decision, Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source

AT = "2026-11-20T12:00:00Z"
MARKS = "a" + "\u0301" * 300
"""More combining marks in a row than `nfc` puts in order."""

REFUND = """
package billing.refunds
type Charge { status: string }
action billing.refund on stripe.charge as Charge {
  customer: string, amount: money(USD) >= 0 USD, reason?: string, count?: int, share?: double,
  rate?: decimal, sure?: bool, raw?: bytes, when?: timestamp, wait?: duration,
  kind?: enum("a", "b"), list?: list<int>, map?: map<string, int>, extra?: any,
  changes { status: enum("open", "closed") }
}
history refunds = billing.refund where status in ["executed", "pending"]
route manager { one of group("managers") }
default require manager
on_error require manager
rule small on billing.refund when action.amount < 50 USD => auto_run because "{action.customer}"
guard repeat on billing.refund
  when refunds.count(customer: action.customer, within: 30d) >= 1
  => block
"""


def refund(**params: Any) -> dict[str, Any]:
    """Return a small refund, which runs by itself, with other or further parameters."""
    return {
        "action": "billing.refund",
        "params": {"customer": "C-1", "amount": "5.00 USD", **params},
        "agent": {"id": "bot"},
        "at": AT,
    }


def written(decision: Decision) -> str:
    """Return all that a decision says, in every form; raises ValueError for what is no JSON."""
    explanation = decision.explain()
    return "\n".join(
        [
            json.dumps(decision.to_dict(), allow_nan=False, ensure_ascii=False),
            json.dumps(explanation.to_dict(), allow_nan=False, ensure_ascii=False),
            str(explanation),
            decision.id,
        ]
    )


def effect_of(policy: PolicySet, action: Any, **rest: Any) -> Effect:
    """Decide, write everything, and return the effect."""
    decision = policy.evaluate(action, **rest)
    assert written(decision)
    return decision.effect


def is_stopped(source: str, action: Mapping[str, Any], **data: Any) -> bool:
    """Tell whether a policy is refused when loaded, or else does not let the action run."""
    try:
        policy = load_source(source, data=data)
    except PolicyError:
        return True
    return effect_of(policy, action) is not Effect.AUTO_RUN
