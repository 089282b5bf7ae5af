"""Answers that were given, so that an explanation sees what its decision saw.

A `RecordedHistory` stands between conditions and a store: it asks each question once and keeps the
answer. Without a store behind it, it replays. Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Final, Literal, TypeAlias

from gatewright.dsl import records
from gatewright.dsl.records import dataclass
from gatewright.engine.canonical import to_json
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import AgreementQuery, HistoryStore, Query, identity
from gatewright.engine.reading.json_text import Json
from gatewright.engine.secrecy.masking import MASK, mask
from gatewright.engine.values import Duration, Value

Method: TypeAlias = Literal["count", "sum", "last", "distinct", "agreement"]
Answer: TypeAlias = "Value | Event | EvaluationError"


@dataclass(frozen=True, slots=True)
class HistoryFact:
    """One question and its answer; `history` is the rule's name for `agreement`."""

    history: str
    method: Method
    field: str | None
    keys: tuple[tuple[str, Value], ...]
    within_nanos: int | None
    answer: Answer = records.field(compare=False)

    @property
    def question(self) -> Hashable:
        """What tells questions of one decision apart."""
        keys = tuple((name, identity(value)) for name, value in self.keys)
        return (self.history, self.method, self.field, keys, self.within_nanos)

    @property
    def text(self) -> str:
        """The question as a policy writes it, keys without their values, which may be secret."""
        arguments = [] if self.field is None else [self.field]
        arguments += [name for name, _ in self.keys]
        if self.within_nanos is not None:
            arguments.append(f"within: {Duration(self.within_nanos).literal}")
        return f"{self.history}.{self.method}({', '.join(arguments)})"

    def to_dict(self, secrets: Collection[str] = ()) -> dict[str, Json]:
        """Return the fact as JSON; an error as `{"error": {"code": ..., "message": ...}}`.

        Values of the fields named in `secrets` are masked, also where they were summed.
        """
        parts: dict[str, Json] = {"history": self.history, "method": self.method}
        if self.field is not None:
            parts["field"] = self.field
        keys: Json = {name: to_json(value) for name, value in self.keys}
        parts["keys"] = mask(keys, secrets)
        if self.within_nanos is not None:
            parts["within"] = Duration(self.within_nanos).text
        if isinstance(self.answer, EvaluationError):
            parts["error"] = {"code": self.answer.code, "message": self.answer.message}
        elif isinstance(self.answer, Event):
            parts["answer"] = mask(self.answer.to_dict(), [f"params.{name}" for name in secrets])
        else:
            hidden = self.method == "sum" and self.field in secrets
            parts["answer"] = MASK if hidden else to_json(self.answer)
        return parts


class RecordedHistory:
    """A `HistoryStore` that remembers; every question is asked of the store at most once."""

    def __init__(self, store: HistoryStore | None, facts: Iterable[HistoryFact] = ()) -> None:
        self._store = store
        self._facts = {fact.question: fact for fact in facts}

    @property
    def facts(self) -> tuple[HistoryFact, ...]:
        """Every question with its answer, in the order first asked."""
        return tuple(self._facts.values())

    def count(self, query: Query) -> int:
        """Return the answer of the store."""
        answer = self._answer("count", query, lambda store: store.count(query))
        return _whole(answer)

    def sum(self, query: Query) -> Value:
        """Return the answer of the store."""
        answer = self._answer("sum", query, lambda store: store.sum(query))
        return None if isinstance(answer, Event) else answer

    def last(self, query: Query) -> Event | None:
        """Return the answer of the store."""
        answer = self._answer("last", query, lambda store: store.last(query))
        return answer if isinstance(answer, Event) else None

    def distinct(self, query: Query) -> int:
        """Return the answer of the store."""
        return _whole(self._answer("distinct", query, lambda store: store.distinct(query)))

    def agreement(self, query: AgreementQuery) -> float:
        """Return the answer of the store."""
        fact = HistoryFact(query.rule, "agreement", None, (), query.within_nanos, None)
        answer = self._recall(fact, lambda store: store.agreement(query))
        return answer if isinstance(answer, float) else 0.0

    def _answer(
        self, method: Method, query: Query, ask: Callable[[HistoryStore], Value | Event]
    ) -> Value | Event:
        keys = query.keys
        fact = HistoryFact(query.history, method, query.field, keys, query.within_nanos, None)
        return self._recall(fact, ask)

    def _recall(
        self, asked: HistoryFact, ask: Callable[[HistoryStore], Value | Event]
    ) -> Value | Event:
        known = self._facts.get(asked.question)
        if known is None:
            known = self._ask(asked, ask)
            self._facts[asked.question] = known
        if isinstance(known.answer, EvaluationError):
            # A fresh one: an exception that is raised twice would gather both tracebacks.
            raise EvaluationError(known.answer.code, known.answer.message)
        return known.answer

    def _ask(self, asked: HistoryFact, ask: Callable[[HistoryStore], Value | Event]) -> HistoryFact:
        answer: Answer
        try:
            if self._store is None:
                raise EvaluationError(
                    "no_such_key", f"`{asked.text}` was not asked when this was decided"
                )
            answer = ask(self._store)
            if not _FITS[asked.method](answer):
                raise TypeError(f"`{asked.method}` was answered with a {type(answer).__name__}")
        except EvaluationError as error:
            answer = EvaluationError(error.code, error.message)
        except Exception:
            if _is_part_of_step(self._store):
                raise
            # What failed may say more than a decision may: it is logged, and only its place told.
            # Late, since hardly any store fails, and deciding does without it.
            import logging

            logging.getLogger("gatewright.history").warning(
                "`%s` was not answered", asked.text, exc_info=True
            )
            answer = EvaluationError(
                "not_answered", f"`{asked.text}` was not answered: the past actions cannot be read"
            )
        parts = (asked.history, asked.method, asked.field, asked.keys, asked.within_nanos)
        return HistoryFact(*parts, answer)


_FITS: Final[dict[Method, Callable[[object], bool]]] = {
    "count": lambda answer: type(answer) is int and answer >= 0,
    "sum": lambda answer: not isinstance(answer, Event),
    "last": lambda answer: answer is None or isinstance(answer, Event),
    "distinct": lambda answer: type(answer) is int and answer >= 0,
    "agreement": lambda answer: isinstance(answer, float),
}
"""What each question is answered with. INVARIANT: anything else is an error, never no event."""


def _is_part_of_step(store: HistoryStore | None) -> bool:
    """Tell whether what fails in a store is to break off the step; one that cannot say does not."""
    try:
        return bool(getattr(store, "is_part_of_step", False))
    except Exception:
        return False


def _whole(answer: Value | Event) -> int:
    return answer if isinstance(answer, int) else 0
