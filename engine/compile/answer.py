"""The rows that hold -> what a decision says at once: effect, routes, stages, matched rules.

The same conclusion as `interpret` draws where no condition erred; made once for a set of rows.
Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from gatewright.dsl.policy import AUTO_RUN, BLOCK, CheckedPolicy, Effect, Floor, Permit, Row, Rule
from gatewright.engine.approvals import approvals
from gatewright.engine.decision import Answer, answer_of

Held: TypeAlias = "Permit | tuple[Rule, Row]"
"""What a row of a unit stands for."""


class Conclusion:
    """What draws conclusions for one action; `policy` is narrowed to it."""

    def __init__(self, policy: CheckedPolicy, rows: Sequence[Held], needs_permit: bool) -> None:
        self.policy = policy
        self.rows = rows
        self.needs_permit = needs_permit
        self._known: dict[Effect, Answer] = {}
        """Answers by effect, without what matched: a policy has few effects."""

    def of(self, ids: Iterable[int]) -> Answer:
        """Return the answer for the rows that hold, all others being false."""
        held = [self.rows[row] for row in sorted(ids)]
        if self.needs_permit and not any(isinstance(one, Permit) for one in held):
            return self._answer(BLOCK, ())
        matched = [one for one in held if not isinstance(one, Permit)]
        opened = any(rule.kind == "rule" for rule, _ in matched)
        effect = AUTO_RUN if opened else self._default()
        for _, row in matched:
            effect &= row.effect
        names = dict.fromkeys(rule.qualified for rule, _ in matched)
        return self._answer(effect, tuple(names))

    def _default(self) -> Effect:
        floors: tuple[Floor, ...] = self.policy.defaults
        effect = AUTO_RUN if floors else BLOCK
        for floor in floors:
            effect &= floor.effect
        return effect

    def _answer(self, effect: Effect, matched: tuple[str, ...]) -> Answer:
        known = self._known.get(effect)
        if known is None:
            stages = approvals(effect, self.policy.routes).stages
            known = self._known[effect] = answer_of(effect, stages, (), self.policy)
        return Answer(known.effect, known.routes, known.stages, matched) if matched else known
