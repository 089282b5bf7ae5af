"""Past decisions, derived again: from the kept plan, the logged facts, and the policies of then.

Whoever doubts a decision need not trust the log: the reference interpreter decides once more, and
what it says is compared with what was logged, and that with the audit trail. What was erased, or
held secrets that are not kept, cannot be derived, and is said so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NoReturn, TypeAlias, cast

from sqlalchemy import Connection

from gatewright.dsl.records import dataclass
from gatewright.dsl.types import ANY
from gatewright.engine.action import Action
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.canonical import canonical_json
from gatewright.engine.decision import place_of
from gatewright.engine.errors import EvaluationError
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.event import Event
from gatewright.engine.history.query import AgreementQuery, Query, declared_type
from gatewright.engine.history.recorded import HistoryFact, Method
from gatewright.engine.reading.conform import conform_value
from gatewright.engine.reading.freeze import Freezer
from gatewright.engine.reading.json_text import Json, read_json
from gatewright.engine.reading.problems import UNFIT, Place
from gatewright.engine.runtime.run import Document, Run
from gatewright.engine.runtime.store import decisions, payloads, runs, trail
from gatewright.engine.runtime.store.errors import StoreUnusable
from gatewright.engine.secrecy.masking import MASK
from gatewright.engine.values import Money, Timestamp, Value

_COMPARED: Final = (
    "effect", "routes", "stages", "rules", "errors", "risk", "obligations", "because",
    "policy_digest", "at",
)  # fmt: skip


Outcome: TypeAlias = Literal["same", "different", "impossible", "erased"]
"""`erased`: what it needs was erased, and the trail says so."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What became of deriving one decision again; `why` says it in words."""

    run: str
    number: int
    """Of the decisions about the run, from 1."""
    at: str
    effect: str
    """As it was logged."""
    policy: str
    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True)
class _Told:
    """What the trail says of a run's decisions: by digest, and which of them were erased."""

    decided: Mapping[str, Document]
    erased: frozenset[str]


def derive(connection: Connection, run: str, seal: payloads.Seal | None = None) -> list[Derived]:
    """Derive all decisions about a run again, the oldest first; raises NoSuchRun."""
    found = runs.get(connection, run)
    entries_of = trail.of_run(connection, run)
    told = _Told(
        {leaf["body"]["logged"]: leaf["body"] for leaf in entries_of if leaf["kind"] == "decided"},
        frozenset(
            name
            for leaf in entries_of
            if leaf["kind"] == "erased"
            for name in (*leaf["body"]["payloads"], *leaf["body"]["decisions"])
        ),
    )
    entries = decisions.logged(connection, run)
    derived = [
        _derived(connection, run, number, entry, told, seal)
        for number, entry in enumerate(entries, start=1)
    ]
    missing = len(found.rounds) - len(entries)
    return [*derived, *(_missing(found, len(entries) + n + 1) for n in range(missing))]


def _missing(run: Run, number: int) -> Derived:
    round_ = run.rounds[number - 1]
    return Derived(
        run.id, number, Timestamp(round_.opened_at).text, round_.decision["effect"], round_.policy,
        "different", "the log has no entry of it",
    )  # fmt: skip


def _derived(
    connection: Connection, run: str, number: int, entry: decisions.Logged,
    told: _Told, seal: payloads.Seal | None,
) -> Derived:  # fmt: skip
    body = cast("dict[str, Any]", read_json(entry.body))
    outcome, why = _compared(connection, entry, body, told, seal)
    at, effect = Timestamp(entry.at).text, str(body.get("effect"))
    return Derived(run, number, at, effect, entry.policy, outcome, why)


def _compared(
    connection: Connection, entry: decisions.Logged, body: dict[str, Any],
    told: _Told, seal: payloads.Seal | None,
) -> tuple[Outcome, str]:  # fmt: skip
    if entry.erased_at is not None:
        if told.erased:
            return "erased", "what was decided on was erased"
        return "different", "it was erased, and the audit trail has no entry of that"
    leaf = told.decided.get(decisions.logged_digest(entry.body))
    if leaf is None:
        return "different", "the audit trail knows another entry of the log"
    content = payloads.get(connection, leaf["plan"], seal)
    if content is None:
        return "impossible", "the plan was erased, or is sealed by a key that was not given"
    try:
        policy = decisions.policy_of(connection, leaf["policy"])
    except (KeyError, BundleError, StoreUnusable) as error:
        return "different", f"the policies of then cannot be used: {error}"
    action = Action.read(read_json(content))[0]
    facts = LoggedFacts(body["facts"]["history"])
    now = Timestamp.parse(body["at"])
    again = policy.evaluate(action, facts, now=now, uses=_uses(policy, body["suspended"]))
    made = cast("dict[str, Any]", again.to_dict())
    if facts.missed:
        return "impossible", f"the answer to {facts.missed[0]} is not kept"
    differing = [name for name in _COMPARED if _plain(made[name]) != _plain(body[name])]
    # The record's secret values are part of the action that was decided, and not of its plan.
    is_whole = made["action_digest"] == body["action_digest"]
    if differing and not is_whole:
        return "impossible", "the record held secret values, which are not kept"
    if differing:
        name = differing[0]
        return "different", f"`{name}` would be {_short(made[name])}, not {_short(body[name])}"
    return "same", "" if is_whole else "but for secret values of the record, which are not kept"


def _plain(value: Json) -> bytes:
    return canonical_json(value)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _uses(policy: PolicySet, suspended: list[Document]) -> Callable[[str], int | None]:
    """Return uses of exceptions as they must have been: left where one was used, else spent.

    One that did not hold takes nothing away however often it was used.
    """
    used = {(entry["exception"], canonical_json(entry["at"])) for entry in suspended}
    left = {
        exception.qualified
        for exception in policy.policy.exceptions
        if (exception.name, canonical_json(place_of(exception.span).to_dict())) in used
    }
    return lambda name: 0 if name in left else None


class LoggedFacts:
    """A `HistoryStore` that answers what a logged decision was answered.

    What it has no answer to is in `missed`: nothing may be concluded then.
    """

    def __init__(self, facts: list[Document]) -> None:
        self._facts = facts
        self.missed: list[str] = []

    def count(self, query: Query) -> int:
        """Return the logged answer."""
        answer = self._answer("count", query)
        if not isinstance(answer, int):
            self._miss(query.history)
        return answer

    def distinct(self, query: Query) -> int:
        """Return the logged answer."""
        answer = self._answer("distinct", query)
        if not isinstance(answer, int):
            self._miss(query.history)
        return answer

    def sum(self, query: Query) -> Value:
        """Return the logged answer, as a value of the field's type."""
        answer = self._answer("sum", query)
        value = _read(answer, query)
        if value is UNFIT:
            self._miss(query.history)
        return cast("Value", value)

    def last(self, query: Query) -> Event | None:
        """Return the logged event."""
        answer = self._answer("last", query)
        return None if answer is None else Event.from_dict(answer)

    def agreement(self, query: AgreementQuery) -> float:
        """Return the logged answer."""
        fact = HistoryFact(query.rule, "agreement", None, (), query.within_nanos, None)
        answer = self._recall(fact)
        if not isinstance(answer, int | float):
            self._miss(query.rule)
        return float(answer)

    def _answer(self, method: Method, query: Query) -> Json:
        parts = (query.history, method, query.field, query.keys, query.within_nanos)
        return self._recall(HistoryFact(*parts, None))

    def _recall(self, asked: HistoryFact) -> Json:
        question = {k: v for k, v in asked.to_dict().items() if k != "answer"}
        found = [fact for fact in self._facts if _asks(fact, question)]
        if len(found) != 1 or found[0].get("answer") == MASK:
            return self._miss(asked.text)
        if "error" in found[0]:
            raise EvaluationError(found[0]["error"]["code"], found[0]["error"]["message"])
        answer: Json = found[0]["answer"]
        return answer

    def _miss(self, what: str) -> NoReturn:
        self.missed.append(f"`{what}`")
        raise EvaluationError("no_such_key", f"`{what}` was not asked when this was decided")


def _asks(fact: Document, question: Mapping[str, Json]) -> bool:
    """Tell whether a logged fact answers a question; a masked key may have been any."""
    parts = {k: v for k, v in fact.items() if k not in ("answer", "error")}
    if parts.keys() != question.keys():
        return False
    keys = cast("dict[str, Json]", question["keys"])
    logged = cast("dict[str, Json]", parts["keys"])
    return (
        all(parts[name] == question[name] for name in parts if name != "keys")
        and logged.keys() == keys.keys()
        and all(logged[name] in (MASK, keys[name]) for name in keys)
    )


def _read(answer: Json, query: Query) -> object:
    """Return the JSON of a sum as the value that it was."""
    value = Freezer().value(answer, Place("answer"))
    declared = declared_type(query.record, query.field or "")
    if declared != ANY:
        return conform_value(value, declared, "answer")
    try:
        return Money.parse(value) if isinstance(value, str) else value
    except EvaluationError:
        return UNFIT
