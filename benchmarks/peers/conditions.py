"""What the expression languages share: the refund policy as one expression, and its variables."""

from __future__ import annotations

from typing import Any

REFUND = (
    'status == "closed" ? "block"'
    ' : amount > 20000 ? "finance"'
    ' : (amount >= 5000 || reason == "goodwill") ? "manager"'
    ' : "auto_run"'
)

NO_RULE_SET = "an expression has no rule set: the host would have to pick the expression"


def variables(request: Any) -> dict[str, Any]:
    """Return a refund as the variables of the expression; the amount is in cents, an integer."""
    return {"amount": request.cents, "status": request.status, "reason": request.reason}
