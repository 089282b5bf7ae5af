"""What compiled conditions ask of a history: questions with their keys, and who answers them.

A question is made once, when a unit is compiled; a decision brings the values of its keys.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from gatewright.dsl.policy import History as DeclaredHistory
from gatewright.engine.cel.scope import Scope
from gatewright.engine.compile.tree import Unsure
from gatewright.engine.history.event import Event
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import (
    KEYS_OF_EVENTS,
    HistoryStore,
    checked_key,
    declared_type,
)
from gatewright.engine.history.recorded import HistoryFact
from gatewright.engine.history.sums import kind_of_type
from gatewright.engine.values import Value

Method: TypeAlias = Literal["count", "sum", "last", "distinct"]

_EMPTY: Final = History()
"""What is asked where the host has no history: nothing ever happened."""


def _nobody() -> object:
    return None


def _unanswered(*_: object) -> Value:
    raise Unsure


Answer: TypeAlias = "Value | Event"
"""What a history answers; `last` answers with an event, or None where there is none."""


class Question:
    """`refunds.count(customer: ..., within: 30d)` without the values of its keys.

    `keys` are names in sorted order; without `within_nanos` the window has no beginning. HOT,
    benchmarks/past.py: it keeps the index of the store that was asked last.
    """

    __slots__ = (
        "_found",
        "_outer",
        "are_texts",
        "declared",
        "field",
        "keys",
        "method",
        "within_nanos",
    )  # fmt: skip

    def __init__(
        self,
        declared: DeclaredHistory,
        method: Method,
        field: str | None,
        keys: tuple[str, ...],
        within_nanos: int | None,
        outer: Scope,
    ) -> None:
        self.declared = declared
        self.method: Method = method
        self.field = field
        self.keys = keys
        self.within_nanos = within_nanos
        self._outer = outer
        self.are_texts = all(self._is_text(name) for name in keys)
        """Whether all keys are texts."""
        self._found: tuple[Callable[[], object], Callable[..., Answer]] = (_nobody, _unanswered)

    def _is_text(self, name: str) -> bool:
        if name in KEYS_OF_EVENTS:
            return True
        return kind_of_type(declared_type(self.declared.record, name)) == "string"

    def ask(self, store: HistoryStore | None, values: tuple[Value, ...], now_nanos: int) -> Answer:
        """Return the answer of a store, None being one in which nothing ever happened.

        Raises EvaluationError, or Unsure if it has no index.
        """
        for value in values:
            if type(value) is not str or not self.are_texts:
                self._check(values)
                break
        asked, answer = self._found  # together: another thread may be asking another store
        if store is None or asked() is not store:
            answer = self._find(_EMPTY if store is None else store)
        return answer(values, now_nanos, self.within_nanos)

    def _check(self, values: tuple[Value, ...]) -> None:
        for name, value in zip(self.keys, values, strict=True):
            checked_key(name, value, self.declared.record)

    def _find(self, store: HistoryStore) -> Callable[..., Answer]:
        asked, known = self._found
        if asked() is store:
            return known
        find = getattr(store, "index", None)
        index = None
        if find is not None:
            index = find(self.declared, self.method, self.keys, self.field, self._outer)
        if index is None:
            raise Unsure
        answer: Callable[..., Answer] = getattr(index, self.method)
        self._found = weakref.ref(store), answer
        return answer

    def fact(self, values: tuple[Value, ...], answer: Answer) -> HistoryFact:
        """Return the question with its answer, as an explanation is told of it."""
        keys = tuple(zip(self.keys, values, strict=True))
        qualified = self.declared.qualified
        return HistoryFact(qualified, self.method, self.field, keys, self.within_nanos, answer)
