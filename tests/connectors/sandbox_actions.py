"""Actions on records of the sandbox, as an agent proposes them."""

from __future__ import annotations

from gatewright.engine.action import Action
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import TargetRef

CHARGE = TargetRef("billing", "charge", "ch_1")
TICKET = TargetRef("tickets", "ticket", "T-812")
CONTACT = TargetRef("crm", "contact", "C-1")
USER = TargetRef("identity", "user", "u-42")
GROUP = TargetRef("identity", "group", "viewers")


def act(
    name: str, target: TargetRef, changes: dict[str, Json] | None = None, **params: Json
) -> Action:
    data: dict[str, object] = {
        "action": name,
        "target": {"system": target.system, "object": target.object, "id": target.id},
        "params": params,
    }
    if changes is not None:
        data["changes"] = {name: {"new": value} for name, value in changes.items()}
    return Action.from_dict(data)


def refund(amount: Json = "75.00 USD", target: TargetRef = CHARGE, **more: Json) -> Action:
    return act("billing.refund", target, None, amount=amount, **more)
