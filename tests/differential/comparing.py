"""Where two interpreters disagree: the smallest parts of an expression that explain it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gatewright.engine.rendering import render
from gatewright.engine.values import Value
from tests.differential.outcomes import Failed, Host, Outcome, ours, same, theirs
from tests.differential.trees import Tree


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An operation that two interpreters answer differently, though they agree on its parts.

    `parts` is what the parts come to; of a macro only the list or map that it goes through.
    """

    host: Host
    operation: str
    text: str
    parts: tuple[Outcome, ...]
    ours: Outcome
    theirs: Outcome

    def __str__(self) -> str:
        return f"{self.text}\n  ours    {_shown(self.ours)}\n  {self.host:7} {_shown(self.theirs)}"


def _shown(outcome: Outcome) -> str:
    return f"error: {outcome.why}" if isinstance(outcome, Failed) else render(outcome)


def disagreements(host: Host, tree: Tree) -> list[Disagreement]:
    """Return the parts that explain why an expression comes to different things."""
    left, right = ours(tree.text), theirs(host, tree.text)
    if same(left, right):
        return []
    inner = [found for part in _inside(tree) for found in disagreements(host, part)]
    if inner:
        return inner
    parts = tuple(ours(part.text) for part in tree.closed_parts)
    operation = tree.template if tree.parts else "literal"
    return [Disagreement(host, operation, tree.text, parts, left, right)]


def _inside(tree: Tree) -> Iterator[Tree]:
    """Give what is evaluated by itself on the way to a value, with values for the names."""
    yield from tree.closed_parts
    if tree.variable is not None:
        container: Value | Failed = ours(tree.parts[0].text)
        if not isinstance(container, Failed):
            yield from tree.turns(container)
