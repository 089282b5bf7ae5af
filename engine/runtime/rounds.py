"""A plan, decided by the policies and the history of now -> the round that people are shown."""

from __future__ import annotations

from typing import Final, Literal

from sqlalchemy import Connection

from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.records import dataclass
from gatewright.engine.canonical import canonical_json
from gatewright.engine.decision import Decision
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.card import card_digest
from gatewright.engine.runtime.plan import Plan, exact_in_json
from gatewright.engine.runtime.run import Document, Round
from gatewright.engine.runtime.store import decisions, payloads
from gatewright.engine.runtime.store.history import StoreHistory
from gatewright.engine.values import Timestamp


@dataclass(frozen=True, slots=True)
class Made:
    """A round with its decision, and the plan that it commits to."""

    round: Round
    decision: Decision
    content: str
    salt: str
    logged: str
    """The decision as the decision log has it."""

    @property
    def effect(self) -> Literal["auto_run", "require_approval", "block"]:
        """The effect as text."""
        return self.decision.effect.value


def made_of(
    connection: Connection, policy: PolicySet, plan: Plan, run: str, number: int,
    editor: str | None, now: int, seal: payloads.Seal | None,
) -> Made:  # fmt: skip
    """Decide about a plan, and make a round of it. Plans with secrets need a seal."""
    history = StoreHistory(connection, without=run, recorded=True)
    uses = decisions.uses_of(connection, without=run)
    decision = policy.evaluate(plan.action, history, now=Timestamp(now), uses=uses)
    content, salt = canonical_json(plan.kept).decode(), payloads.new_salt()
    if plan.holds_secrets and seal is not None:
        content = payloads.sealed(content, seal)
    name = payloads.commitment(content, salt)
    logged = decisions.logged_text(decision)
    shown = {**decision.to_dict(), **_grounds(decision)}
    known = policy.about(plan.action.name)
    stages = qualified_stages(decision, known)
    round_ = Round(
        number=number, opened_at=now, editor=editor, plan=name, action=plan.shown,
        preview=plan.shown_preview, decision=shown, policy=policy.digest, stages=stages,
        card=card_digest(
            run, number, name, plan.shown, plan.shown_preview, shown, stages, salt
        ),
        logged=decisions.logged_digest(logged), uses=decisions.uses_spent(decision, policy),
    )  # fmt: skip
    return Made(round_, decision, content, salt, logged)


def qualified_stages(decision: Decision, policy: CheckedPolicy) -> tuple[tuple[str, ...], ...]:
    """Return the stages of a decision with the qualified names of their routes."""
    names = {policy.route_name(qualified): qualified for qualified in policy.routes}
    return tuple(tuple(names[name] for name in stage) for stage in decision.stages)


def _grounds(decision: Decision) -> Document:
    """Return what a run keeps of the explanation: parts of the risk, exceptions, past actions."""
    explained = decision.explain()
    parts = explained.risk_parts if decision.risk else ()
    return {
        "risk_parts": [part.to_dict() for part in parts],
        "suspended": [one.to_dict() for one in explained.suspended],
        "facts": {"history": [_fact(one) for one in explained.history_read]},
    }


def _fact(fact: dict[str, Json]) -> Json:
    """Return a question to a history with its answer; of a past action which one it was."""
    answer = fact.get("answer")
    if isinstance(answer, dict):  # the decision log has all of it
        kept: Json = {name: answer[name] for name in _OF_EVENT if name in answer}
        fact = {**fact, "answer": kept}
    return exact_in_json(fact)


_OF_EVENT: Final = ("id", "action", "at", "status")
