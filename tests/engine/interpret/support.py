"""Small policies and what they decide, written as the policy author writes effects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gatewright.engine.decision import Decision, Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source
from gatewright.engine.values import Timestamp

NOW = "2026-06-15T12:00:00Z"

HEAD = """package shop
action shop.refund on stripe.charge { n: int, who?: string,
  changes { Amount: money(USD), Stage: string } }
action shop.order.cancel { n: int }
route clerk { one of group("clerks") }
route manager { one of group("managers") outranks clerk }
route finance { one of group("finance") outranks manager }
route legal { one of group("legal") }
"""
"""A package with two actions and four routes; a route outranks the one before it, but for legal."""

ERRS = "agent.nothing == 1"
"""A condition without an answer, for every agent of these tests."""


def policy(*texts: str, data: Mapping[str, object] | None = None) -> PolicySet:
    """A set of the package above, with more declarations, and of further whole files."""
    first, *others = texts or ("",)
    return load_source([HEAD + first, *others], data=data)


def action(n: object = 1, name: str = "shop.refund", **parts: object) -> dict[str, object]:
    """A refund by `bot`; `n=None` leaves its only required parameter out."""
    params = {} if n is None else {"n": n}
    return {"action": name, "params": params, "agent": {"id": "bot", "owner": "ann"}, **parts}


def decide(
    policies: PolicySet | str,
    given: Mapping[str, object] | None = None,
    *,
    past: Iterable[Mapping[str, object]] = (),
    now: str = NOW,
    uses: Callable[[str], int | None] | None = None,
) -> Decision:
    chosen = policy(policies) if isinstance(policies, str) else policies
    return chosen.evaluate(
        given if given is not None else action(),
        History(past),
        now=Timestamp.parse(now),
        uses=uses,
    )


def effect(decision: Decision) -> str:
    """The decision as an effect: `require manager and legal then finance`."""
    if decision.effect is not Effect.REQUIRE_APPROVAL:
        return decision.effect.value
    return "require " + " then ".join(" and ".join(stage) for stage in decision.stages)


def statuses(decision: Decision) -> dict[str, str]:
    """What became of each rule and guard that is told."""
    return {rule.name: rule.status for rule in decision.rules if rule.name}
