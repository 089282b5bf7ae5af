"""Which parts of an action were given but could not be read. They are not absent.

A condition that asks whether such a part is there has no answer, so that a restriction counts.
Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl.records import dataclass
from gatewright.engine.action import Action
from gatewright.engine.reading.conform import Conformed
from gatewright.engine.reading.problems import MAX_PROBLEMS, Step


@dataclass(frozen=True, slots=True)
class Unread:
    """The fields of one part of an action that could not be read; `whole` is all of them."""

    whole: bool = False
    names: frozenset[str] = frozenset()

    def covers(self, name: str) -> bool:
        """Tell whether a field could not be read."""
        return self.whole or name in self.names


ALL_READ = Unread()


def unread(part: str, action: Action, conformed: Conformed) -> Unread:
    """Return what could not be read of `params`, `changes`, `target`, `agent` or `context`."""
    problems = action.problems
    below = [_below(part, p.steps) for p in problems if not p.steps or p.steps[0] == part]
    # So many problems may have hidden others.
    whole = len(problems) >= MAX_PROBLEMS or any(not steps for steps in below)
    names = {str(steps[0]) for steps in below if steps}
    return Unread(whole, frozenset((*names, *_unfit(part, action, conformed))))


def _below(part: str, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return where in a part something is; attributes are fields of what has them."""
    has_attributes = part in ("agent", "target") and steps[1:2] == ("attributes",)
    return steps[2:] if has_attributes else steps[1:]


def _unfit(part: str, action: Action, conformed: Conformed) -> Iterator[str]:
    """Yield the fields that were read, but do not fit their types."""
    if part == "params":
        yield from (str(key) for key in action.params if key not in conformed.params)
    if part == "target" and action.target is not None:
        given, fitting = action.target, conformed.target
        yield from (str(key) for key in given.attributes if key not in fitting.attributes)
        yield from (name for name in ("system", "object")
                    if getattr(given, name) != getattr(fitting, name)
                    and getattr(fitting, name) is None)  # fmt: skip
