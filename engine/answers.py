"""An effect as a policy has it -> the answer of a decision, with routes by the names people see."""

from __future__ import annotations

from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.policy import Effect as PolicyEffect
from gatewright.engine.decision import Answer, Effect


def answer_of(
    effect: PolicyEffect,
    stages: tuple[tuple[str, ...], ...],
    matched: tuple[str, ...],
    policy: CheckedPolicy,
) -> Answer:
    """Return the answer for an effect whose routes, by qualified name, are laid out in stages."""
    named = tuple(tuple(policy.route_name(route) for route in stage) for stage in stages)
    routes = tuple(route for stage in named for route in stage)
    return Answer(_kind(effect), routes, named, matched)


def _kind(effect: PolicyEffect) -> Effect:
    if effect.block:
        return Effect.BLOCK
    return Effect.REQUIRE_APPROVAL if effect.routes else Effect.AUTO_RUN
