"""Actions that generated policies decide about, as JSON: fitting ones, odd ones, and past ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.strategies.conditions import ActionShape
from tests.strategies.fields import CHANGED, FIELDS, TARGET
from tests.strategies.picking import Draw, chance, pick


@dataclass(frozen=True)
class Proposal:
    """An action in its JSON shape, whether it is declared, and whether it fits its type."""

    action: Mapping[str, object]
    fits: bool
    declared: bool = True


AGENTS: tuple[Mapping[str, object] | None, ...] = (
    {"id": "bot-1", "owner": "ann", "team": "support", "age": 30},
    {"id": "bot-2", "owner": "bob", "attributes": {"team": "ops", "age": 3, "score": 0.9}},
    {"id": "bot-1", "since": "3d", "wage": "7 USD", "team": "U\u0308bel"},
    {"id": "bot-2"},
    {"id": "other", "owner": "other", "team": "none"},
    None,
)
CONTEXTS: tuple[Mapping[str, object] | None, ...] = (
    None,
    {"trigger": "a mail", "reasoning": "because it was asked for", "confidence": 0.5},
    {"confidence": 0.9, "evidence": ["C-1", {"a": 1}]},
)
TARGETS: tuple[Mapping[str, object], ...] = (
    {"id": "t-1"},
    {},
    {"id": "t-2", "system": "stripe", "object": "charge"},
)


def proposals(draw: Draw, actions: list[ActionShape], undeclared: str) -> Proposal:
    """Mostly an action that fits its type; else one with a single thing wrong, or undeclared."""
    kind = pick(draw, ["fits", "fits", "fits", "odd", "undeclared"])
    if kind == "undeclared":
        params = pick(draw, [{}, {"customer": "C-1", "amount": 7}, {"amount": "7 USD"}])
        action = {"action": undeclared, "params": params, **envelopes(draw, None)}
        return Proposal(action, True, declared=False)
    shape = pick(draw, actions)
    action = fitting(draw, shape)
    if kind == "fits":
        return Proposal(action, True)
    return Proposal(spoilt(draw, shape, action), False)


def envelopes(draw: Draw, shape: ActionShape | None) -> dict[str, object]:
    parts: dict[str, object] = {}
    agent = pick(draw, AGENTS)
    if agent is not None:
        parts["agent"] = agent
    context = pick(draw, CONTEXTS)
    if context is not None:
        parts["context"] = context
    target: dict[str, object] = dict(pick(draw, TARGETS))
    if shape is not None and shape.place is None:
        target = {k: v for k, v in target.items() if k == "id"}
    if shape is not None and shape.typed_target:
        names = pick(draw, [list(TARGET), ["stage"]])
        target["attributes"] = {n: pick(draw, TARGET[n].values) for n in names}
    if target:
        parts["target"] = target
    return parts


def fitting(draw: Draw, shape: ActionShape) -> dict[str, object]:
    """An action that fits its declared type."""
    params: dict[str, object] = {}
    for name, optional in shape.params:
        if not optional or chance(draw):
            params[name] = pick(draw, FIELDS[name].values)
    changes: dict[str, object] = {}
    for name in shape.changes:
        if chance(draw):
            values = CHANGED[name].values
            changes[name] = {"old": pick(draw, values), "new": pick(draw, values)}
    action: dict[str, object] = {"action": shape.name, "params": params, **envelopes(draw, shape)}
    if changes:
        action["changes"] = changes
    return action


def spoilt(draw: Draw, shape: ActionShape, action: Mapping[str, Any]) -> dict[str, object]:
    """An action with one thing wrong with it."""
    bad: dict[str, Any] = {**action, "params": dict(action["params"])}
    ways = ["unknown", "envelope", "change"]
    ways += ["missing", "missing"] if shape.required else []
    wrong = sorted(n for n in shape.names if FIELDS[n].wrong)
    ways += ["wrong", "wrong", "wrong"] if wrong else []
    way = pick(draw, ways)
    if way == "missing":
        bad["params"].pop(pick(draw, sorted(shape.required)))
    elif way == "wrong":
        name = pick(draw, wrong)
        bad["params"][name] = pick(draw, FIELDS[name].wrong)
    elif way == "unknown":
        bad["params"]["surprise"] = 1
    elif way == "change":
        bad["changes"] = {**action.get("changes", {}), "Surprise": {"old": 1, "new": 2}}
    else:
        spoiling: list[tuple[str, object]] = [
            ("at", "yesterday"), ("agent", 5), ("context", []), ("extra", 1), ("params", []),
            ("target", "t-1"),
        ]  # fmt: skip
        key, value = pick(draw, spoiling)
        bad[key] = value
    return bad


# --- the past


def records(draw: Draw, actions: list[ActionShape]) -> tuple[Mapping[str, object], ...]:
    """Past actions of the declared types, some at the edges of the windows."""
    found: list[Mapping[str, object]] = []
    for number in range(pick(draw, [0, 1, 2, 3, 4])):
        shape = pick(draw, actions)
        made = fitting(draw, shape)
        agent = pick(draw, ["bot-1", "bot-2"])
        record: dict[str, object] = {
            "id": f"a-{number}",
            "action": shape.name,
            "params": made["params"],
            "agent": agent,
            "target": {"id": "t-1"},
            "at": pick(draw, WHEN),
            "status": pick(draw, ["executed", "pending", "rejected", "failed"]),
            "rules": ["alpha.r0", "beta.two.r1"],
        }
        if chance(draw):
            record |= {"decided_by": "ann", "decided_at": "2026-06-15T11:59:00Z"}
        found.append(record)
    return tuple(found)


WHEN = (
    "2026-06-15T11:30:00Z",
    "2026-06-15T12:00:00Z",
    "2026-06-14T12:00:00Z",
    "2026-06-14T12:00:01Z",
    "2026-05-16T12:00:00Z",
    "2026-05-16T12:00:01Z",
    "2025-01-01T00:00:00Z",
)
