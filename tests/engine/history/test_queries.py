"""What conditions ask of a history, against an oracle that follows docs/language.md#history word by word."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import types as t
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.policy import History as DeclaredHistory
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import query as answers
from gatewright.engine.history.event import STATUSES, Event
from gatewright.engine.history.host import HistoryValue, ask_agreement
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import AgreementQuery, HistoryStore, Query, identity
from gatewright.engine.history.recorded import RecordedHistory  # fmt: skip
from gatewright.engine.values import Duration, Map, Money, Timestamp, Uint, Value, kind_of
from tests.engine.declared import declare, history

NOW = Timestamp.parse("2026-11-20T12:00:00Z")
DAY = 86_400 * 10**9
FIELDS = "customer: string, amount: money(USD), note?: string, n?: int"
DECLARED = history(FIELDS, 'where status in ["executed", "pending"]')


def event(number: int, ago: int = DAY, **parts: Any) -> Event:
    """Return a past refund, so many nanoseconds ago."""
    params = {"customer": "C-1", "amount": "5 USD", **parts.pop("params", {})}
    given_params = {key: value for key, value in params.items() if value is not None}
    return Event(
        id=f"a-{number}",
        action=parts.pop("action", "billing.refund"),
        at=Timestamp(NOW.nanos - ago),
        status=parts.pop("status", "executed"),
        params=Map.of(given_params),
        agent=parts.pop("agent", "bot"),
        **parts,
    )


def ask(
    expression: str,
    store: HistoryStore,
    declared: DeclaredHistory = DECLARED,
    names: Mapping[str, Value] | None = None,
    **options: Any,
) -> Value:
    """Evaluate an expression in which `refunds` is the history."""
    scope: dict[str, Value] = {"refunds": HistoryValue(declared, store, NOW, **options)}
    scope.update(names or {})
    return Evaluator(MapScope(scope)).evaluate(parse_expression(expression))


def error(expression: str, *args: Any, **options: Any) -> tuple[str, str]:
    """Evaluate an expression that errs; return the code and the message."""
    with pytest.raises(EvaluationError) as raised:
        ask(expression, *args, **options)
    return raised.value.code, raised.value.message


# --- the oracle ---------------------------------------------------------------------------------

CUSTOMERS = ("C-1", "C-2", "é", "e\u0301")
AGO = st.sampled_from([-1, 0, 1, DAY - 1, DAY, DAY + 1, 2 * DAY])
EVENTS = st.lists(
    st.builds(
        event,
        st.integers(1, 6),
        AGO,
        status=st.sampled_from(STATUSES),
        action=st.sampled_from(["billing.refund", "billing.charge"]),
        agent=st.sampled_from([None, "bot", "other"]),
        params=st.fixed_dictionaries(
            {
                "customer": st.sampled_from(CUSTOMERS),
                "amount": st.sampled_from(["5 USD", "0.10 USD", "-3 USD"]),
                "n": st.none() | st.integers(-2, 2),
            }
        ),
    ),
    max_size=12,
    unique_by=lambda e: e.id,
)


def oracle(events: list[Event], within: int, customer: str, exclude: str) -> list[Event]:
    """Say which events a query means, as the language page does."""
    return [
        e
        for e in events
        if e.action == "billing.refund"
        and e.status in ("executed", "pending")
        and NOW.nanos - within < e.at.nanos <= NOW.nanos
        and e.id != exclude
        and unicodedata.normalize("NFC", str(e.params["customer"]))
        == unicodedata.normalize("NFC", customer)
    ]


@given(EVENTS, AGO.filter(lambda n: n >= 0), st.sampled_from(CUSTOMERS), st.sampled_from("0123"))
def test_windows(events: list[Event], within: int, customer: str, excluded: str) -> None:
    exclude = f"a-{excluded}"
    store = History(events)
    names: dict[str, Value] = {"c": customer, "w": Duration(within)}
    wanted = oracle(events, within, customer, exclude)
    keys = "customer: c, within: w"

    def answer(question: str) -> Value:
        return ask(question, store, names=names, exclude_id=exclude)

    assert answer(f"refunds.count({keys})") == len(wanted)
    amounts = [Fraction(str(e.params["amount"]).removesuffix(" USD")) for e in wanted]
    summed = answer(f"refunds.sum(amount, {keys})")
    assert isinstance(summed, Money)
    assert (Fraction(summed.amount), summed.currency) == (sum(amounts), "USD")
    numbers = [e.params["n"] for e in wanted if "n" in e.params]
    assert answer(f"refunds.sum(n, {keys})") == sum(n for n in numbers if isinstance(n, int))
    assert answer(f"refunds.distinct(n, {keys})") == len(set(numbers))
    latest = max((e.at for e in wanted), default=Timestamp(Timestamp.MIN_NANOS))
    assert answer(f"refunds.last({keys}).at") == latest


@given(EVENTS, st.randoms())
def test_the_order_of_records_does_not_matter(events: list[Event], random: Any) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    for question in (
        "refunds.count(within: 1d)", "refunds.sum(amount, within: 1d)", "refunds.last().at",
        "refunds.distinct(customer, within: 1d)", "refunds.sum(n, agent: 'bot', within: 2d)",
    ):  # fmt: skip
        assert ask(question, History(events)) == ask(question, History(shuffled))


@given(EVENTS, st.builds(event, st.just(99), AGO))
def test_one_more_action_never_lowers_a_count(events: list[Event], one: Event) -> None:
    question = "refunds.count(within: 1d)"
    before, after = ask(question, History(events)), ask(question, History([*events, one]))
    assert isinstance(before, int)
    assert after == before + ask(question, History([one]))  # type: ignore[operator]


def test_equal_actions_count_each() -> None:
    store = History([event(1), event(2), event(3, status="rejected")])
    assert ask("refunds.count(within: 30d)", store) == 2
    assert ask("refunds.sum(amount, within: 30d)", store) == Money(Decimal(10), "USD")


def test_pending_actions_see_one_another() -> None:
    store = History([event(n, 0, status="pending") for n in range(3)])
    assert ask("refunds.count(within: 30d)", store, exclude_id="a-1") == 2


# --- sums ---------------------------------------------------------------------------------------


def summed(declared: str, *values: Any) -> Value:
    """Sum the field `v` of that type over events with these values."""
    store = History(event(i, params={"v": v}) for i, v in enumerate(values))
    record = history(f"customer: string, amount: money, v?: {declared}")
    return ask("refunds.sum(v, within: 2d)", store, record)


@pytest.mark.parametrize(
    ("declared", "values", "total"),
    [
        ("money(EUR)", (), Money(Decimal(0), "EUR")),
        ("money", (), Money(Decimal(0), None)),
        ("money", ("1.10 EUR", "2.20 EUR"), Money(Decimal("3.30"), "EUR")),
        ("int", (), 0),
        ("int", (2**62, 2**62, -(2**62)), 2**62),
        ("uint", (1, 2), Uint(3)),
        ("double", (0.1,) * 10, 1.0),
        ("double", (), 0.0),
        ("decimal", ("0.1",) * 10, Decimal(1)),
        ("decimal", ("9" * 40, "0." + "9" * 15), Decimal("9" * 40 + "." + "9" * 15)),
        ("duration", ("1h", "30m"), Duration(5400 * 10**9)),
        ("any", (), 0),
        ("any", (1, 2), 3),
        ("int", (None, 5), 5),
    ],
)
def test_sums(declared: str, values: tuple[Any, ...], total: Value) -> None:
    found = summed(declared, *values)
    assert (found, kind_of(found)) == (total, kind_of(total))


@pytest.mark.parametrize(
    ("declared", "values", "code", "message"),
    [
        ("money", ("1 EUR", "1 USD"), "currency_mismatch",
         "the past actions have several currencies: they have no sum"),
        ("money(USD)", ("1 EUR",), "type_mismatch",
         "`v` of a past billing.refund is not of type money(USD)"),
        ("int", (2**62, 2**62), "overflow", "the number does not fit a signed 64-bit integer"),
        ("uint", (2**63, 2**63), "overflow", "the number does not fit an unsigned 64-bit integer"),
        ("double", (1.7e308, 1.7e308), "overflow", "the sum does not fit a double"),
        ("decimal", ("9" * 60, "1"), "overflow", "a decimal has at most 60 digits"),
        ("decimal", ("9" * 40, "0." + "9" * 30), "overflow", "a decimal has at most 60 digits"),
        ("string", ("a",), "type_mismatch", "`v` has values of type string: they have no sum"),
        ("any", ("a",), "type_mismatch", "`v` has values of type string: they have no sum"),
        ("any", (1, 1.5), "type_mismatch", "`v` has values of several kinds: they have no sum"),
    ],
)  # fmt: skip
def test_sums_that_err(declared: str, values: tuple[Any, ...], code: str, message: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        summed(declared, *values)
    assert (raised.value.code, raised.value.message) == (code, message)


# --- fields and keys ----------------------------------------------------------------------------


def test_keys() -> None:
    store = History([event(1, target="ch"), event(2, agent="x", params={"customer": "e\u0301"})])
    assert ask("refunds.count(agent: 'bot', within: 2d)", store) == 1
    assert ask("refunds.count(target: 'ch', within: 2d)", store) == 1
    assert ask("refunds.count(action: 'billing.refund', within: 2d)", store) == 2
    assert ask("refunds.count(customer: 'é', agent: 'x', within: 2d)", store) == 1
    assert ask("refunds.count(n: 1, within: 2d)", store) == 0
    assert ask("refunds.count(n: 1.5, within: 2d)", store) == 0


@pytest.mark.parametrize(
    ("question", "code", "message"),
    [
        ("refunds.count(customer: 1, within: 1d)", "type_mismatch",
         "the key `customer` is an int, not of type string"),
        ("refunds.count(customer: null, within: 1d)", "type_mismatch",
         "the key `customer` is null, not of type string"),
        ("refunds.count(agent: 1, within: 1d)", "type_mismatch",
         "the key `agent` is an int, not of type string"),
        ("refunds.count(amount: 5, within: 1d)", "type_mismatch",
         "the key `amount` is an int, not of type money"),
        ("refunds.count(custmer: 'a', within: 1d)", "no_such_field",
         "past actions have no `custmer`: did you mean `customer`?"),
        ("refunds.count(zzz: 'a', within: 1d)", "no_such_field", "past actions have no `zzz`"),
        ("refunds.count(status: 'a', within: 1d)", "invalid_argument",
         "`status` is no key: the `where` of a history can look at it"),
        ("refunds.count(customer: 'a')", "invalid_argument", "`count` needs `within: 30d`"),
        ("refunds.count(within: 1)", "type_mismatch",
         "`within` is a duration such as 30d, not an int"),
        ("refunds.count(within: -1d)", "invalid_argument", "`within` must not be negative"),
        ("refunds.count('C-1', within: 1d)", "invalid_argument",
         "`count` takes keys with names: `customer: x`"),
        ("refunds.count(n: 1, n: 1, within: 1d)", "invalid_argument", "`n` is given twice"),
        ("refunds.sum(within: 1d)", "invalid_argument",
         "`sum` needs a field first: `sum(amount, within: 30d)`"),
        ("refunds.distinct()", "invalid_argument",
         "`distinct` needs a field first: `distinct(amount, within: 30d)`"),
        ("refunds.sum('amount', within: 1d)", "invalid_argument",
         "`sum` needs a field first: `sum(amount, within: 30d)`"),
        ("refunds.sum(amuont, within: 1d)", "no_such_field",
         "past actions have no `amuont`: did you mean `amount`?"),
        ("refunds.distinct(amuont, within: 1d)", "no_such_field",
         "past actions have no `amuont`: did you mean `amount`?"),
        ("refunds.average(amount, within: 1d)", "no_such_function",
         "there is no `average` here: a history is asked with count, sum, last, distinct"),
        ("refunds.count", "no_such_field",
         "a history has no `count`: ask it with count, sum, last, distinct"),
        ("refunds.last().pay()", "no_such_function",
         "there is no `pay` here: a past action has fields only"),
        ("refunds.last().amount", "no_such_field",
         "there is no past action whose `amount` could be read"),
    ],
)  # fmt: skip
def test_questions_that_err(question: str, code: str, message: str) -> None:
    assert error(question, History()) == (code, message)


def test_a_history_has_no_fields() -> None:
    assert ask("has(refunds.count)", History()) is False


def test_the_empty_field_is_no_query() -> None:
    query = Query("h", ("x",), DECLARED.record, NOW, DAY)
    assert query.holds(event(1))
    for answer in (answers.total, answers.distinct):
        with pytest.raises(EvaluationError, match="the field to look at is not named"):
            answer([], query)


def test_absent_fields() -> None:
    store = History([event(1), event(2, params={"note": "x"}), event(3, params={"note": "y"})])
    assert ask("refunds.count(note: 'x', within: 2d)", store) == 1
    assert ask("refunds.distinct(note, within: 2d)", store) == 2
    assert ask("refunds.distinct(target, within: 2d)", store) == 0


def test_what_an_event_lacks_is_an_error_only_where_it_matters() -> None:
    bad: dict[str, Any] = {"params": {"customer": None, "amount": 5}}
    assert error("refunds.count(customer: 'a', within: 2d)", History([event(1, **bad)])) == (
        "no_such_field", "a past billing.refund has no `customer`"
    )  # fmt: skip
    assert error("refunds.sum(amount, within: 2d)", History([event(1, **bad)])) == (
        "type_mismatch", "`amount` of a past billing.refund is not of type money(USD)"
    )  # fmt: skip
    assert ask("refunds.count(within: 2d)", History([event(1, **bad)])) == 1
    blocked = History([event(1, status="blocked", **bad)])
    assert ask("refunds.count(customer: 'a', within: 2d)", blocked) == 0


def test_values_of_older_policies_are_read_leniently() -> None:
    record = history('customer: enum("A"), amount: money, note?: string(max: 1)')
    store = History([event(1, params={"note": "long"})])
    assert ask("refunds.last().customer", store, record) == "C-1"
    assert ask("refunds.last().note", store, record) == "long"


# --- last ---------------------------------------------------------------------------------------


def test_last() -> None:
    store = History(
        [event(1, 5, params={"note": "a"}), event(2, 3, decided_by="ann"), event(3, -1),
         event(4, 3, params={"note": "b"}), event(5, 4, status="blocked")]
    )  # fmt: skip
    assert ask("refunds.last().id", store) == "a-4"
    assert ask("refunds.last(note: 'a').id", store) == "a-1"
    assert ask("refunds.last().amount", store) == Money(Decimal(5), "USD")
    assert ask("[refunds.last().agent, refunds.last().status]", store) == ("bot", "executed")
    assert ask("has(refunds.last().note)", store) is True
    assert ask("has(refunds.last().decided_by)", store) is False
    assert ask("has(refunds.last(note: 'z').at)", store) is False
    assert ask("refunds.last(note: 'z').at == timestamp('0001-01-01T00:00:00Z')", store) is True
    assert ask(
        "refunds.last(within: duration('1ns'), note: 'a').at < now", store, names={"now": NOW}
    )
    assert error("refunds.last().decided_by", store) == (
        "no_such_field", "the past action has no `decided_by`"
    )  # fmt: skip
    assert error("refunds.last().nte", store)[0] == "no_such_field"


# --- where --------------------------------------------------------------------------------------


def test_where_sees_the_fields_of_an_event() -> None:
    where = (
        'where amount > 3 USD && customer.startsWith("C") && agent == "bot" && decided_by != "x"'
    )
    record = history(FIELDS, where)
    store = History([event(1), event(2, params={"amount": "3 USD"}), event(3, agent="y"),
                     event(4, decided_by="x")])  # fmt: skip
    assert ask("refunds.count(within: 2d)", store, record) == 1


def test_a_where_that_errs_is_an_error_of_the_call() -> None:
    record = history("customer: string, amount: int", "where amount / 0 > 1")
    store = History([event(1, params={"amount": 1})])
    code, message = error("refunds.count(within: 2d)", store, record)
    assert code == "divide_by_zero"
    assert message.startswith("the `where` of `refunds` has no answer for a past action: ")
    assert ask("refunds.count(customer: 'other', within: 2d)", store, record) == 0


def where_of(text: str) -> DeclaredHistory:
    """Return the history with a `where` that no checker has seen."""
    expr = parse_expression(text)
    return DeclaredHistory(
        "refunds", "billing.refunds", ("billing.refund",), expr, DECLARED.record, DECLARED.span
    )


def test_names_of_a_where() -> None:
    store = History([event(1)])
    count = "refunds.count(within: 2d)"
    assert ask(count, store, where_of("limit == 5"), outer=MapScope({"limit": 5})) == 1
    assert ask(count, store, where_of(".amount == 5"), outer=MapScope({"amount": 5})) == 1
    assert ask(count, store, where_of("decided_by == null && target == null")) == 1
    assert error(count, store, where_of("limit == 5"))[0] == "no_such_name"
    assert error(count, store, where_of("note == ''")) == (
        "no_such_field",
        "the `where` of `refunds` has no answer for a past action: the past action has no `note`",
    )
    assert error(count, store, where_of("customer"))[0] == "type_mismatch"


def test_where_asks_for_fields_that_may_be_absent() -> None:
    fields = "customer: string, amount: money(USD), note?: string"
    store = History([event(1), event(2, params={"note": "x"}), event(3, params={"note": "y"}),
                     event(4, decided_by="ann", params={"note": 5})])  # fmt: skip
    count = "refunds.count(within: 2d)"
    without = ' && decided_by != "ann"'
    for where, expected in {
        f'where has(note) && note == "x"{without}': 1,
        f'where (!has(note) || note == "x"){without}': 2,
        f'where (has(note) ? note == "y" : true){without}': 2,
        f"where has(note) && ['x', 'z'].exists(n, n == note){without}": 1,
        f"where ['x'].exists(n, has(note) && n == note){without}": 1,
        "where has(decided_by)": 1,
        "where !has(decided_by) && has(customer)": 3,
    }.items():
        assert ask(count, store, history(fields, where)) == expected, where
    # What was recorded but cannot be read is not absent.
    assert error(count, store, history(fields, "where has(note)"))[0] == "type_mismatch"


def test_only_fields_are_asked_for() -> None:
    store = History([event(1)])
    for where in ("has(limit)", "['a'].exists(note, has(note))"):
        code, _ = error("refunds.count(within: 2d)", store, where_of(where))
        assert code == "invalid_argument", where


# --- agreement ----------------------------------------------------------------------------------


def test_agreement() -> None:
    parts: dict[str, Any] = {"rules": ("p.r",), "decided_by": "ann"}
    store = History(
        [
            event(1, status="executed", **parts), event(2, status="failed", **parts),
            event(3, status="compensated", **parts), event(4, status="rejected", **parts),
            event(5, status="pending", **parts), event(6, status="blocked", **parts),
            event(7, status="rejected", rules=("p.other",), decided_by="ann"),
            event(8, status="executed", rules=("p.r",)),
            event(9, 3 * DAY, status="rejected", **parts),
            event(10, -1, status="rejected", **parts),
        ]
    )  # fmt: skip
    within = Duration(2 * DAY)
    assert ask_agreement(store, "p.r", within, NOW) == 0.75
    assert ask_agreement(store, "p.r", within, NOW, "a-4") == 1.0
    assert ask_agreement(store, "p.none", within, NOW) == 0.0
    with pytest.raises(EvaluationError, match="not an int"):
        ask_agreement(store, "p.r", 5, NOW)


# --- recorded answers ---------------------------------------------------------------------------


class Counting(History):
    """A history that counts how often it is asked."""

    asked = 0

    def count(self, query: Query) -> int:
        self.asked += 1
        return super().count(query)


QUESTIONS = (
    "refunds.count(within: 2d)", "refunds.count(customer: 'C-1', within: 2d)",
    "refunds.sum(amount, within: 2d)", "refunds.distinct(note, within: 2d)",
    "refunds.last(customer: 'C-1').id", "refunds.last(customer: 'none').at",
)  # fmt: skip


def test_recorded_answers_are_replayed() -> None:
    store = Counting([event(1), event(2, params={"note": "x"})])
    recorded = RecordedHistory(store)
    given_answers = [ask(question, recorded) for question in QUESTIONS]
    agreed = ask_agreement(recorded, "p.r", Duration(DAY), NOW)
    store.append(event(3))
    assert [ask(question, recorded) for question in QUESTIONS] == given_answers
    assert store.asked == 2
    replayed = RecordedHistory(None, recorded.facts)
    assert [ask(question, replayed) for question in QUESTIONS] == given_answers
    assert ask_agreement(replayed, "p.r", Duration(DAY), NOW) == agreed
    assert replayed.facts == recorded.facts
    assert [fact.text for fact in recorded.facts] == [
        "billing.refunds.refunds.count(within: 2d)",
        "billing.refunds.refunds.count(customer, within: 2d)",
        "billing.refunds.refunds.sum(amount, within: 2d)",
        "billing.refunds.refunds.distinct(note, within: 2d)",
        "billing.refunds.refunds.last(customer)",
        "billing.refunds.refunds.last(customer)",
        "p.r.agreement(within: 1d)",
    ]


def test_recorded_errors_err_again() -> None:
    recorded = RecordedHistory(History([event(1, params={"amount": 1})]))
    for replayed in (False, False, True):
        store = RecordedHistory(None, recorded.facts) if replayed else recorded
        code, message = error("refunds.sum(amount, within: 2d)", store)
        assert code == "type_mismatch"
        assert "`amount`" in message
    assert error("refunds.count(within: 1d)", RecordedHistory(None, recorded.facts)) == (
        "no_such_key",
        "`billing.refunds.refunds.count(within: 1d)` was not asked when this was decided",
    )


def test_facts_as_json() -> None:
    recorded = RecordedHistory(History([event(1)]))
    for question in QUESTIONS[1:]:
        ask(question, recorded)
    error("refunds.sum(customer, within: 1d)", recorded)
    facts = [fact.to_dict() for fact in recorded.facts]
    assert facts[0] == {
        "history": "billing.refunds.refunds", "method": "count", "keys": {"customer": "C-1"},
        "within": "172800s", "answer": 1,
    }  # fmt: skip
    assert (facts[1]["field"], facts[1]["answer"]) == ("amount", "5.00 USD")
    assert facts[3]["answer"] == event(1).to_dict()
    assert facts[4]["answer"] is None
    assert facts[5]["error"] == {
        "code": "type_mismatch",
        "message": "`customer` has values of type string: they have no sum",
    }
    masked = [fact.to_dict(secrets=["customer", "amount"]) for fact in recorded.facts]
    assert masked[0]["keys"] == {"customer": "***"}
    assert masked[0]["answer"] == 1
    assert masked[1]["answer"] == "***"
    last = event(1).to_dict()
    assert masked[3]["answer"] == {**last, "params": {"customer": "***", "amount": "***"}}


def test_agreement_queries_compare() -> None:
    assert AgreementQuery("p.r", NOW, DAY) == AgreementQuery("p.r", NOW, DAY, None)


# --- identities ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, Uint(1), True),
        (1, True, False),
        (1, "1", False),
        (Decimal("1.50"), Decimal("1.5"), True),
        ("e\u0301", "é", True),
        (Money(Decimal("1.0"), "USD"), Money(Decimal(1), "USD"), True),
        (Money(Decimal(1), "USD"), Money(Decimal(1), "EUR"), False),
        ((1, (True,)), (1.0, (True,)), True),
        ((1, (True,)), (1, (1,)), False),
        (Map.of({"a": 1, "b": 2}), Map.of({"b": 2.0, "a": 1}), True),
        (Map.of({"a": 1}), Map.of({"a": True}), False),
        (None, None, True),
        (b"a", "a", False),
        (Timestamp(1), Duration(1), False),
    ],
)
def test_identity(left: Value, right: Value, same: bool) -> None:
    assert (identity(left) == identity(right)) is same
    assert len({identity(left), identity(right)}) == 2 - same


def test_types_without_run_time_kind_of_their_own() -> None:
    inner = t.RecordType("R", (("a", t.FieldType(t.INT)),))
    record = t.RecordType("e", (("v", t.FieldType(inner)), ("w", t.FieldType(t.ListType(t.INT)))))
    kinds = {"v": Map.of({"a": 1}), "w": (1, 2)}
    declared = DeclaredHistory("refunds", "p", ("billing.refund",), None, record, DECLARED.span)
    store = History([event(1, params=kinds)])
    names: dict[str, Value] = {"v": Map.of({"a": 1}), "w": (1, 2)}
    assert ask("refunds.count(v: v, w: w, within: 2d)", store, declared, names) == 1
    open_record = t.RecordType("e", (), open=True)
    anything = DeclaredHistory(
        "refunds", "p", ("billing.refund",), None, open_record, DECLARED.span
    )
    assert ask("refunds.count(v: v, w: w, within: 2d)", store, anything, names) == 1
    assert ask("refunds.count(z: 1, within: 2d)", store, anything) == 0


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("refunds.count(amount: m, within: 2d)", 2),
        ("refunds.distinct(amount, within: 2d)", 2),
        ("refunds.sum(amount, within: 2d)", Money(Decimal(11), "USD")),
    ],
)
def test_amounts_of_actions_that_declare_them_differently_are_amounts(
    asked: str, expected: Value
) -> None:
    declared = declare(
        "action billing.refund { amount: money(USD) }\naction billing.credit { amount: money }\n"
        "history refunds = billing.refund, billing.credit"
    ).packages["billing.refunds"].histories["refunds"]  # fmt: skip
    store = History(
        event(number, params={"amount": amount, "customer": None}, action=action)
        for number, (action, amount) in enumerate(
            [
                ("billing.refund", "5 USD"),
                ("billing.credit", "5.00 USD"),
                ("billing.credit", "1 USD"),
            ]
        )
    )
    assert ask(asked, store, declared, {"m": Money(Decimal(5), "USD")}) == expected


@pytest.mark.parametrize(
    "key", [Money(Decimal(5), "USD"), Timestamp(1), Duration(1), b"a"], ids=lambda key: kind_of(key)
)
def test_a_key_that_nothing_as_written_equals_is_an_error(key: Value) -> None:
    declared = history("note: any")
    code, message = error(
        "refunds.count(note: key, within: 2d)", History([]), declared, {"key": key}
    )
    assert (code, message) == (
        "type_mismatch", f"the key `note` is a {kind_of(key)}, and what is any is as written"
    )  # fmt: skip
