"""Conditions on past actions decide compiled as they do interpreted, and are asked as often."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.action import Action
from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.event import Event
from gatewright.engine.history.index import EventIndex
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import AgreementQuery, Query
from gatewright.engine.load import load_source
from gatewright.engine.values import Map, Money, Timestamp, Value

NOW = 1_800_000_000 * 10**9
HOUR = 3_600 * 10**9
HEAD = """package a
route r { one of group("g") }
default require r
on_error require r
action x.y { who: string, m: money(USD), free?: money, n?: int, f?: double, when?: timestamp }
history h = x.y where status != "blocked"
let other = "a"
"""
CONDITIONS = (
    "h.count(who: action.who, within: 2h) >= 2",
    "h.count(within: 2h) - h.count(who: action.who, within: 2h) > 1",
    "h.sum(m, who: action.who, within: 3h) + action.m > 20 USD",
    "h.sum(m, within: 3h) - action.m >= 7.5 USD",
    "h.sum(m, within: 3h) == action.m",
    "h.sum(m, within: 3h) in 1 USD .. 20 USD",
    "h.sum(free, who: action.who, within: 3h) + action.m > 5 USD",
    "h.sum(free, within: 3h) < 5 EUR",
    "h.sum(n, within: 3h) + 1 > 3",
    "h.sum(f, within: 3h) > 0.25",
    "h.distinct(who, within: 3h) > 1",
    "h.last(who: action.who).at > now - 2h",
    "h.last(within: 3h).at + 1h < now",
    "now - h.last(who: action.who, within: 3h).at < 2h",
    "has(h.last().m) && h.last().m > action.m",
    "has(h.last().n) && h.last().n == 1",
    "has(h.last().status) && h.last().status == 'failed'",
    "[1h, 2h].exists(d, now - h.last(who: action.who).at < d)",
    "['b'].exists(other, h.count(who: other, within: 3h) > 0)",
    "cel.bind(other, 'b', h.last(who: other).at > now - 2h)",
    "[{'who': 'b'}].exists(action, h.count(who: action.who, within: 3h) > 0)",
    "[[{'at': now - 9h}]].exists(h, h.last().at == optional.of(now - 9h))",
    "[1 USD, 2 USD].exists(m, h.sum(m, within: 3h) + m > 9 USD)",
)


@pytest.fixture(scope="module", params=CONDITIONS)
def policy(request: pytest.FixtureRequest) -> PolicySet:
    made = load_source(f"{HEAD}rule o on x.y when {request.param} => auto_run")
    for _ in range(2):
        made.evaluate(act("a", "1 USD"), now=Timestamp(NOW))
    return made


def act(who: str, amount: str) -> dict[str, Any]:
    return {"action": "x.y", "params": {"who": who, "m": amount}, "agent": {"id": "b"}}


def past(
    number: int, hours: float, who: str, amount: object, more: dict[str, Value], status: Any
) -> Event:
    params: dict[str, Any] = {"who": who, "m": amount, **more}
    at = Timestamp(NOW - int(hours * HOUR))
    return Event(f"e{number}", "x.y", at, status, Map.of(params), "b")


AMOUNTS = st.sampled_from(["5 USD", "0.125 USD", "-7.50 USD", "1e30 USD", "3 EUR", 5])
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([-1, 0, 0.5, 1, 2, 2.5, 3, 9]),
        st.sampled_from(["a", "a", "é", "e\u0301"]),
        st.one_of(st.just("5 USD"), AMOUNTS),
        st.fixed_dictionaries(
            {},
            optional={
                "free": st.sampled_from(["1 USD", "2.5 EUR"]), "n": st.sampled_from([1, -2, 2**62]),
                "f": st.sampled_from([0.1, 1e308, -3.5]),
            },
        ),
        st.sampled_from(["executed", "failed", "blocked"]),
    ),
    max_size=6,
)  # fmt: skip


@given(EVENTS, st.sampled_from(["a", "é", "z"]), st.sampled_from(["1 USD", "7.5 USD", "-9 USD"]))
def test_compiled_conditions_on_histories_are_the_interpreter_s(
    policy: PolicySet,
    events: list[tuple[float, str, object, dict[str, Value], str]],
    who: str,
    amount: str,
) -> None:
    store = History([past(number, *parts) for number, parts in enumerate(events)])
    action, now = act(who, amount), Timestamp(NOW)
    told = policy.decide_once(action, store, now=now)
    read = Action.from_dict({**action, "params": {"who": who, "m": Money.parse(amount)}})
    for given_ in (action, read, read):  # the second time by its shape
        compiled = policy.evaluate(given_, store, now=now)
        assert (compiled.effect, compiled.routes) == (told.effect, told.routes)
        assert str(compiled.explain()) == str(told.explain())


def test_one_question_of_several_conditions_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = load_source(
        HEAD
        + "".join(
            f"guard g{n} on x.y when h.count(who: action.who, within: 1h) > {n} => require r\n"
            for n in range(5)
        )
    )
    asked: list[tuple[Value, ...]] = []
    counted = EventIndex.count

    def count(index: EventIndex, values: tuple[Value, ...], *window: Any) -> int:
        asked.append(values)
        return counted(index, values, *window)

    monkeypatch.setattr(EventIndex, "count", count)
    store = History([past(n, 0.5, "a", "1 USD", {}, "executed") for n in range(3)])
    for _ in range(3):
        made.evaluate(act("a", "1 USD"), store, now=Timestamp(NOW))
    asked.clear()
    decision = made.evaluate(act("a", "1 USD"), store, now=Timestamp(NOW))
    assert asked == [("a",)]
    assert decision.matched == ("a.g0", "a.g1", "a.g2")
    assert "3" in str(decision.explain())
    assert asked == [("a",)]


def test_a_number_and_a_truth_value_are_different_keys() -> None:
    made = load_source(
        HEAD.replace("who: string", "who: string, k: any, l: any")
        + "guard one on x.y when h.count(k: action.k, within: 1h) == 1 => require r\n"
        + "guard two on x.y when h.count(k: action.l, within: 1h) == 2 => block\n"
    )
    keys: list[Value] = [1, True, True]
    store = History(
        [past(n, 0.5, "a", "1 USD", {"k": key}, "executed") for n, key in enumerate(keys)]
    )
    action = act("a", "1 USD")
    action["params"].update(k=1, l=True)
    for _ in range(3):
        decision = made.evaluate(action, store, now=Timestamp(NOW))
        assert decision.matched == ("a.one", "a.two")


# --- stores that fail


class Away(History):
    """A history whose database is away, always or so many times."""

    def __init__(self, error: BaseException, times: int = 10**6) -> None:
        super().__init__([past(1, 0.5, "a", "1 USD", {}, "executed")])
        self.error = error
        self.left = times

    def _fail(self) -> None:
        if self.left:
            self.left -= 1
            raise self.error

    def index(self, *asked: Any, **more: Any) -> Any:
        self._fail()
        return cast("Any", super()).index(*asked, **more)

    def count(self, query: Query) -> int:
        self._fail()
        return super().count(query)

    def agreement(self, query: AgreementQuery) -> float:
        self._fail()
        return super().agreement(query)


OPENING = HEAD + "rule o on x.y when h.count(who: action.who, within: 1h) < 5 => auto_run"
AGREED = HEAD + "rule o on x.y when agreement(o, within: 1h) < 0.5 => auto_run"


@pytest.mark.parametrize("source", [OPENING, AGREED])
@pytest.mark.parametrize("decisions", [1, 3])
def test_a_store_that_fails_restricts_what_asks_it(
    source: str, decisions: int, caplog: pytest.LogCaptureFixture
) -> None:
    made, store = load_source(source), Away(ConnectionError("postgres://ann:secret@db is away"))
    for _ in range(decisions - 1):
        made.evaluate(act("a", "1 USD"), store, now=Timestamp(NOW))
    decision = made.evaluate(act("a", "1 USD"), store, now=Timestamp(NOW))
    asked = "a.h.count(who, within: 1h)" if source == OPENING else "a.o.agreement(within: 1h)"
    assert (decision.effect, decision.routes) == (Effect.REQUIRE_APPROVAL, ("r",))
    assert [error.message for error in decision.errors] == [
        f"`{asked}` was not answered: the past actions cannot be read"
    ]
    assert asked in str(decision.explain())
    assert "secret" not in str(decision.explain()) + str(decision.to_dict())
    assert {record.getMessage() for record in caplog.records} == {f"`{asked}` was not answered"}
    assert {record.exc_info[1] for record in caplog.records if record.exc_info} == {store.error}


def test_a_store_that_fails_once_is_asked_again() -> None:
    made, store = load_source(OPENING), History()
    for _ in range(2):
        made.evaluate(act("a", "1 USD"), store, now=Timestamp(NOW))
    away = Away(ConnectionError(), times=1)
    decision = made.evaluate(act("a", "1 USD"), away, now=Timestamp(NOW))
    assert (decision.effect, away.left) == (Effect.AUTO_RUN, 0)
    assert not decision.errors


@pytest.mark.parametrize("decisions", [0, 3])
def test_whoever_stops_a_program_is_not_held_up(decisions: int) -> None:
    made = load_source(OPENING)
    for _ in range(decisions):
        made.evaluate(act("a", "1 USD"), History(), now=Timestamp(NOW))
    with pytest.raises(KeyboardInterrupt):
        made.evaluate(act("a", "1 USD"), Away(KeyboardInterrupt()), now=Timestamp(NOW))


@pytest.mark.parametrize("decisions", [0, 3])
def test_a_store_within_a_step_may_raise(decisions: int) -> None:
    made, away = load_source(OPENING), Away(ConnectionError())
    vars(away)["is_part_of_step"] = True
    for _ in range(decisions):
        made.evaluate(act("a", "1 USD"), History(), now=Timestamp(NOW))
    with pytest.raises(ConnectionError):
        made.evaluate(act("a", "1 USD"), away, now=Timestamp(NOW))


class Careless(History):
    """A history that answers some questions with what is no answer to them."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._careless = answer

    def count(self, query: Query) -> int:
        """Return something."""
        return self._careless  # type: ignore[no-any-return]

    def index(self, *asked: Any, **more: Any) -> Any:
        """Have no index: each question is asked."""

    def agreement(self, query: AgreementQuery) -> float:
        """Return something."""
        return self._careless  # type: ignore[no-any-return]


@pytest.mark.parametrize("source", [OPENING, AGREED])
@pytest.mark.parametrize("answer", [None, "2", True, -1, b"", []])
@pytest.mark.parametrize("decisions", [1, 3])
def test_what_is_no_answer_restricts(source: str, answer: Any, decisions: int) -> None:
    made, store = load_source(source), Careless(answer)
    for _ in range(decisions - 1):
        made.evaluate(act("a", "1 USD"), store, now=Timestamp(NOW))
    decision = made.evaluate(act("a", "1 USD"), store, now=Timestamp(NOW))
    assert (decision.effect, decision.routes) == (Effect.REQUIRE_APPROVAL, ("r",))
    assert [error.message.partition("`")[2][:2] for error in decision.errors] == ["a."]


@pytest.mark.parametrize("store", [[], [{"id": "1"}], (), {}, "past.jsonl", 5, Query])
def test_what_answers_no_questions_is_no_history(store: Any) -> None:
    # A list has a `count` of its own: whatever happened, it would be 0.
    made = load_source(OPENING)
    for decide in (made.evaluate, made.decide_once, made.outcome):
        with pytest.raises(TypeError, match=r"a history is made of past actions, `gw.History\("):
            decide(act("a", "1 USD"), store)
