"""A run -> the past action that rules see of it in a history."""

from __future__ import annotations

from typing import Any, cast

from gatewright.dsl.records import replace
from gatewright.engine.action import Action
from gatewright.engine.history.event import Event as PastEvent
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.secrecy.masking import MASK
from gatewright.engine.values import Timestamp


def event_of(run: Run) -> PastEvent:
    """Return a run as rules see it in a history."""
    action = Action.read(_unreadable_secrets(run.round.action))[0]
    votes = run.round.votes
    by, at = (votes[-1].person, votes[-1].at) if votes else (None, None)
    if run.state is State.REJECTED:
        by, at = run.closed_by, run.updated_at
    event = PastEvent.of(action, run.id, Timestamp(run.proposed_at), run.state.status)
    matched = [
        f"{rule['package']}.{rule['name']}"
        for rule in run.round.decision["rules"]
        if rule["status"] == "matched"
    ]
    decided_at = None if at is None else Timestamp(at)
    return replace(event, decided_by=by, decided_at=decided_at, rules=tuple(matched))


def _unreadable_secrets(shown: Any) -> Any:
    """Return an action with what is masked made unfit for any type.

    A history that is keyed by a secret value then errs, where a mask would never be counted.
    """
    if isinstance(shown, dict):
        entries = cast("dict[str, Any]", shown)
        return {key: _unreadable_secrets(value) for key, value in entries.items()}
    return [MASK] if shown == MASK else shown
