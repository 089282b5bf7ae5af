"""Indexes answer as looking at each event does: same values, same errors, whatever happened."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from threading import Thread
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import types as t
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.policy import Package
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.errors import EvaluationError
from gatewright.engine.history import index_cache
from gatewright.engine.history import query as answers
from gatewright.engine.history import series as series_module
from gatewright.engine.history import where as where_module
from gatewright.engine.history.event import STATUSES, Event
from gatewright.engine.history.host import HistoryValue
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import AgreementQuery, Query
from gatewright.engine.history.series import Record, Series
from gatewright.engine.history.where import holds, lasting
from gatewright.engine.scope import PolicyScope
from gatewright.engine.values import Duration, Map, Money, Timestamp, Value, kind_of
from tests.engine.declared import declare

NOW = 1_000
FIELDS = (
    "customer: string, amount: money, note?: string, n?: int, d?: decimal, f?: double, "
    "x?: any, t?: duration"
)
WHERES = (
    "",
    'status in ["executed", "pending"]',
    'note != "out" || status == "failed"',  # errs where there is no note
    'amount > 3 USD && status != "blocked"',  # errs for another currency
    'decided_by == null || decided_by == limit',
)  # fmt: skip


def package(where: str) -> Package:
    """Return a package with a history whose `where` no checker has seen."""
    plain = declare(
        f'action billing.refund {{ {FIELDS} }}\nlet limit = "ann"\nhistory refunds = billing.refund'
    ).packages["billing.refunds"]
    expression = parse_expression(where) if where else None
    declared = replace(plain.histories["refunds"], where=expression)
    return replace(plain, histories={"refunds": declared})


PACKAGES = [package(where) for where in WHERES]
KEYS: tuple[tuple[str, ...], ...] = (
    (), ("customer",), ("agent",), ("customer", "note"), ("customer", "n"), ("x",),
)  # fmt: skip
SUMMED = ("amount", "n", "d", "f", "x", "t", "note")
DIFFERING = ("customer", "amount", "note", "n", "x", "f", "status", "decided_by", "agent")

MARKS = "e" + "\u0301" * 300  # a text that has no normal form
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "customer": st.sampled_from(["C", "é", "e\u0301", None, 5]),
    "note": st.sampled_from([None, "out", "a", MARKS]),
    "amount": st.sampled_from(["5 USD", "0.10 USD", "-3.125 USD", "5 EUR", "5", None]),
    "n": st.sampled_from([None, 1, 2, -1, 2**62, "1"]),
    "d": st.sampled_from([None, "0.00", "0.1", "-2.50", "9" * 59, "0." + "1" * 55]),
    "f": st.sampled_from([None, 0.1, 1e308, -1e308, 5e-324, float("inf"), float("-inf"), 2]),
    "x": st.sampled_from([None, 1, 1.0, True, "1", (1, True), Decimal("1.50")]),
    "t": st.sampled_from([None, "1h", "-30s"]),
}
TIMES = st.sampled_from([NOW - 20, NOW - 10, NOW - 9, NOW - 1, NOW, NOW + 1, NOW + 7])
PLAIN_PARAMS: dict[str, Any] = {"customer": "C", "amount": "5 USD"}
PLAIN = st.fixed_dictionaries({"customer": st.just("C"), "amount": st.just("5 USD")})
PARAMS = st.one_of(PLAIN, st.fixed_dictionaries(VALUES))
"""Parameters of good actions, and any."""


def past(number: int, at: int, params: dict[str, Any], **parts: Any) -> Event:
    """Return an event; parameters that are None are left out."""
    given_params = {name: value for name, value in params.items() if value is not None}
    action = parts.pop("action", "billing.refund")
    status = parts.pop("status", "executed")
    return Event(f"a-{number}", action, Timestamp(at), status, Map.of(given_params), **parts)


EVENT = st.builds(
    past,
    st.integers(1, 9),
    TIMES,
    PARAMS,
    action=st.sampled_from(["billing.refund"] * 4 + ["billing.charge"]),
    status=st.sampled_from(STATUSES),
    agent=st.sampled_from([None, "bot", "b\u0301ot"]),
    decided_by=st.sampled_from([None, "ann", "bob"]),
)


def record(store: History, event: Event) -> None:
    """Record an event; where its id is known, as a later outcome of the same action."""
    known = next((e for e in store if e.id == event.id), event)
    again = Event(
        known.id, known.action, event.at, event.status, known.params, known.agent, known.target,
        event.decided_by,
    )  # fmt: skip
    store.append(again)


def outcome(answer: Callable[[], object]) -> object:
    """Return an answer with all that conditions can see of it, or its error."""
    try:
        found = answer()
    except EvaluationError as error:
        return error.code, error.message
    if isinstance(found, Money):
        return found, str(found.amount)
    if found is None or isinstance(found, Event):
        return found
    assert isinstance(found, (int, float, Decimal)) or kind_of(found) == "duration"  # type: ignore[arg-type]
    return repr(found)


def scope_of(policy: Package, **names: Value) -> PolicyScope:
    """Return the scope of the package in a decision."""
    known: dict[str, Value] = {"now": Timestamp(NOW), **names}
    return PolicyScope(policy, known)


def query(policy: Package, **parts: Any) -> Query:
    """Return a query as conditions make it, at some decision."""
    scope = scope_of(policy)
    declared = scope.package.histories["refunds"]
    return Query(
        declared.qualified, declared.actions, declared.record,
        holds=lambda event: holds(declared, scope, event), where=lasting(declared, scope), **parts,
    )  # fmt: skip


def same(store: History, asked: Query) -> None:
    """Ask a store, and look at each of its events: both must come to the same."""
    assert asked.where is not None
    events = list(store)
    assert outcome(lambda: store.last(asked)) == outcome(lambda: answers.last(events, asked))
    if asked.field is None:
        assert outcome(lambda: store.count(asked)) == outcome(lambda: answers.count(events, asked))
    if asked.field in SUMMED:
        assert outcome(lambda: store.sum(asked)) == outcome(lambda: answers.total(events, asked))
    if asked.field in DIFFERING:
        distinct = outcome(lambda: store.distinct(asked))
        assert distinct == outcome(lambda: answers.distinct(events, asked))


KEY_VALUES = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(["C", "e\u0301", "other"]),
        "agent": st.sampled_from(["bot", "nobody"]),
        "note": st.sampled_from(["out", "a", MARKS]),
        "n": st.sampled_from([1, 1.0, 2]),
        "x": st.sampled_from([1, True, "1", (1.0, True)]),
    }
)
QUESTIONS = st.fixed_dictionaries(
    {
        "keys": st.tuples(st.sampled_from(KEYS), KEY_VALUES).map(
            lambda drawn: tuple((name, drawn[1][name]) for name in drawn[0])
        ),
        "now": TIMES.map(Timestamp),
        "within_nanos": st.sampled_from([None, 0, 1, 10, 100]),
        "field": st.sampled_from([None, None, *SUMMED, *DIFFERING]),
        "exclude_id": st.none() | st.integers(1, 9).map(lambda n: f"a-{n}"),
    }
)


@pytest.mark.parametrize("policy", PACKAGES, ids=WHERES)
@given(st.lists(st.tuples(EVENT, QUESTIONS), max_size=14), st.lists(QUESTIONS, max_size=4))
def test_answers_are_those_of_looking_at_each_event(
    policy: Package, steps: list[tuple[Event, dict[str, Any]]], again: list[dict[str, Any]]
) -> None:
    store = History()
    with mock.patch.object(series_module, "BLOCK", 3):
        for event, question in steps:
            record(store, event)
            same(store, query(policy, **question))
        for question in [*(q for _, q in steps), *again]:
            same(store, query(policy, **question))


GOOD = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(["C", "D"]),
        "amount": st.sampled_from(["5 USD", "0.10 USD", "-3.125 USD", "0.000 USD"]),
        "n": st.integers(-3, 3),
        "f": st.floats(allow_nan=False, allow_infinity=False),
        "note": st.sampled_from("abc"),
    }
)


@given(
    st.lists(st.builds(past, st.integers(1, 40), st.integers(980, 1010), GOOD,
                       status=st.sampled_from(STATUSES)), min_size=20, max_size=40),
    st.lists(st.tuples(st.integers(985, 1010), st.integers(0, 30)), min_size=1, max_size=3),
)  # fmt: skip
def test_many_good_events(events: list[Event], windows: list[tuple[int, int]]) -> None:
    store, policy = History(), PACKAGES[1]
    questions = [
        query(policy, now=Timestamp(now), within_nanos=within, field=field, keys=keys)
        for now, within in windows
        for field in (None, "amount", "n", "f", "note", "status")
        for keys in ((), (("customer", "C"),))
    ]
    with mock.patch.object(series_module, "BLOCK", 4):
        for asked in questions:
            same(store, asked)  # the indexes grow with the history
        for event in events:
            record(store, event)
        at_once = History(store)  # whose indexes are built of all events at once
        for asked in questions:
            same(store, asked)
            same(at_once, asked)


@given(st.lists(EVENT, max_size=9), QUESTIONS, st.lists(EVENT, max_size=5), QUESTIONS)
def test_what_nobody_asked_for_yet_changes_too(
    events: list[Event], first: dict[str, Any], later: list[Event], second: dict[str, Any]
) -> None:
    """Groups of an index are put in order when they are asked for: not before a change, perhaps."""
    store, policy = History(), PACKAGES[1]
    for event in events:
        record(store, event)
    same(store, query(policy, **first))
    for event in later:
        record(store, event)
    values = {"customer": "C", "agent": "bot", "note": "a", "n": 1, "x": 1}
    for value in ("C", "e\u0301", "other"):
        keys = tuple((name, {**values, "customer": value}[name]) for name, _ in first["keys"])
        same(store, query(policy, **{**second, "field": first["field"], "keys": keys}))


def test_a_group_is_put_in_order_when_it_is_asked_for() -> None:
    store = History(past(n, n, {"customer": f"C-{n % 10}"}) for n in range(100))
    asked = query(PACKAGES[0], now=Timestamp(200), within_nanos=None, keys=(("customer", "C-1"),))
    with mock.patch.object(Series, "add", autospec=True, side_effect=Series.add) as add:
        assert store.count(asked) == store.count(asked) == 10
        assert add.call_count == 10
        store.append(past(101, 7, {"customer": "C-2"}))
        assert add.call_count == 21
        assert store.count(replace(asked, keys=(("customer", "C-2"),))) == 11
        assert add.call_count == 21


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(-5, 5)), max_size=60))
def test_a_series_is_a_sorted_list(steps: list[tuple[bool, int, int]]) -> None:
    series, model = Series(), dict[Record, int]()
    with mock.patch.object(series_module, "BLOCK", 3):
        for number, (grows, at, amount) in enumerate(steps):
            if grows or not model:
                new = Record(number if amount else -number, past(number, at, {}))
                series.add(new, amount)
                model[new] = amount
            else:
                old = sorted(model, key=lambda r: r.seq)[at % len(model)]
                assert series.amount_of(old) == model.pop(old)
                series.remove(old)
                assert series.amount_of(old) is None
    ordered = sorted(model, key=lambda r: (r.event.at, r.seq))
    assert [series.at(rank) for rank in range(series.size)] == ordered
    assert list(series.between(0, series.size)) == ordered
    assert list(series.between(1, series.size - 1)) == ordered[1:-1]
    for until in range(-1, 22):
        early = [r for r in ordered if r.event.at.nanos <= until]
        assert series.rank(until) == len(early)
        assert series.newest(until) is (early[-1] if early else None)
        assert series.sum(-5, until) == (len(early), sum(model[r] for r in early))
        assert series.reaches(until) is (len(early) == len(ordered))
        for after in range(-1, until + 1):
            between = [r for r in early if r.event.at.nanos > after]
            assert series.count(after, until) == len(between)
            assert series.sum(after, until) == (len(between), sum(model[r] for r in between))
    assert [series.amount_of(r) for r in ordered] == [model[r] for r in ordered]


# --- whose answers are kept ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "lasts"),
    [
        ("amount > 3 USD", True),
        ("amount > limit", True),
        ("amount > twice", True),
        ("note.size() > 3 && [1].exists(i, i == 1)", True),
        ("at > now - 1d", False),
        ("amount > current", False),
        ("customer in data.vips", False),
        ("customer == common.vip", False),
        (".action == 'a'", False),
        ("agreement(r, within: 1d) > 0.5", False),
        ("action == 'billing.refund' && agent != 'x'", True),
    ],
)
def test_a_where_lasts_if_it_reads_nothing_of_a_decision(where: str, lasts: bool) -> None:
    lets = "let limit = 3 USD\nlet twice = limit + limit\nlet current = now"
    policy = declare(
        f"action billing.refund {{ {FIELDS} }}\n{lets}\nhistory refunds = billing.refund"
    )
    plain = policy.packages["billing.refunds"]
    declared = replace(plain.histories["refunds"], where=parse_expression(where))
    scope = PolicyScope(replace(plain, imports={"common": "std.common"}), {"now": Timestamp(NOW)})
    found = lasting(declared, scope)
    assert (found is not None) is lasts
    if found is not None:
        event = past(1, 5, {"amount": "7 USD", "note": "long"}, agent="y")
        assert found.holds(event) is holds(declared, scope, event) is True


def test_of_another_scope_nothing_is_known() -> None:
    declared = PACKAGES[1].histories["refunds"]
    assert lasting(declared, MapScope({})) is not None
    reading = replace(declared, where=parse_expression("amount > limit"))
    assert lasting(reading, MapScope({"limit": 5})) is None
    assert lasting(reading, None) is not None  # it errs for every event, always


def test_a_where_that_reads_the_decision_is_asked_each_time() -> None:
    declared = replace(
        PACKAGES[0].histories["refunds"],
        where=parse_expression("at == now"),
    )
    store = History([past(1, 5, {}), past(2, 7, {})])
    for now, found in ((5, 1), (6, 0), (7, 1)):
        scope = scope_of(PACKAGES[0], now=Timestamp(now))
        value = HistoryValue(declared, store, Timestamp(now), outer=scope)
        names: dict[str, Value] = {"refunds": value, "w": Duration(100)}
        evaluator = Evaluator(MapScope(names))
        assert evaluator.evaluate(parse_expression("refunds.count(within: w)")) == found
    assert store.index(declared, "count", (), outer=scope_of(PACKAGES[0])) is None


@pytest.mark.parametrize(("where", "first", "later"), [(3, 5, 6), (1, 1, 2)])
def test_the_where_is_evaluated_once_an_event(where: int, first: int, later: int) -> None:
    """Or once a status, where it looks at nothing else."""
    store = History(past(n, n, PLAIN_PARAMS) for n in range(5))
    asked = query(PACKAGES[where], now=Timestamp(9), within_nanos=5)
    with mock.patch.object(where_module, "Evaluator", wraps=Evaluator) as evaluator:
        for _ in range(3):
            store.count(asked)
            store.sum(replace(asked, field="amount"))
        assert evaluator.call_count == first
        record(store, past(3, 0, {}, status="rejected"))
        assert evaluator.call_count == later


# --- as compiled conditions ask -----------------------------------------------------------------


def test_an_index_lives_on_while_events_come() -> None:
    declared = PACKAGES[1].histories["refunds"]
    store = History()
    index = store.index(declared, "count", ("customer",))
    total = store.index(declared, "sum", (), "amount")
    differing = store.index(declared, "distinct", (), "customer")
    assert index is not None
    assert total is not None
    assert differing is not None
    assert index is store.index(declared, "last", ("customer",))
    assert index.last(("C",), 100, 10) is None
    for number in range(4):
        store.append(past(number, 90 + number, {"customer": "C", "amount": "2 USD"}))
    assert index.count(("C",), 100, 10) == 3
    assert index.count(("C",), 100, 10, "a-3") == 2
    assert index.count(("D",), 100, 10) == 0
    latest = index.last(("C",), 100, 10)
    assert latest is not None
    assert latest.id == "a-3"
    assert total.sum((), 100, None) == Money(Decimal(8), "USD")
    assert differing.distinct((), 100, None) == 1
    assert (index.keys, index.field, total.field) == (("customer",), None, "amount")


def test_an_index_needs_a_field_that_events_have() -> None:
    declared = PACKAGES[0].histories["refunds"]
    store: Any = History()
    for method in ("sum", "distinct"):
        with pytest.raises(EvaluationError, match="the field to look at is not named"):
            store.index(declared, method, ())
        with pytest.raises(EvaluationError, match="past actions have no `zzz`"):
            store.index(declared, method, (), "zzz")


def test_histories_of_one_name_are_told_apart() -> None:
    store = History([past(1, 5, {}, status="failed")])
    counts = [
        store.count(query(p, now=Timestamp(9), within_nanos=None))
        for p in (PACKAGES[0], PACKAGES[1])
    ]
    assert counts == [1, 0]


def test_indexes_that_nobody_keeps_go_away() -> None:
    store = History([past(1, 5, PLAIN_PARAMS)])
    declared = PACKAGES[0].histories["refunds"]
    kept = store.index(declared, "count", ())
    names = [f"k{n}" for n in range(index_cache.KEPT + 10)]
    record_type = t.RecordType("e", (), open=True)
    for name in names:
        other = replace(declared, record=record_type)
        store.index(other, "count", (name,))
    gc.collect()
    assert len(store._indexes) == index_cache.KEPT + 1  # pyright: ignore[reportPrivateUsage]
    store.append(past(2, 6, PLAIN_PARAMS))
    assert kept is not None
    assert kept.count((), 9, None) == 2


def test_a_change_that_failed_is_made_good() -> None:
    store = History([past(1, 5, PLAIN_PARAMS)])
    asked = query(PACKAGES[3], now=Timestamp(9), within_nanos=None)
    assert store.count(asked) == 1
    with (
        mock.patch.object(where_module, "Evaluator", side_effect=MemoryError),
        pytest.raises(MemoryError),
    ):
        store.append(past(2, 6, PLAIN_PARAMS))
    assert store.count(asked) == len(store) == 2
    same(store, asked)


def test_readers_and_writers_share_a_history() -> None:
    store = History()
    declared = PACKAGES[1].histories["refunds"]
    count = store.index(declared, "count", ())
    total = store.index(declared, "sum", (), "n")
    assert count is not None
    assert total is not None
    seen: list[tuple[int, Value, int]] = []

    def read() -> None:
        while len(store) < 2000:
            before, summed = count.count((), 10**6, None), total.sum((), 10**6, None)
            seen.append((before, summed, count.count((), 10**6, None)))

    def write(start: int) -> None:
        for number in range(start, 2000, 2):
            store.append(past(number, number * 7919 % 5000, {"n": 1}))

    threads = [Thread(target=read), *(Thread(target=write, args=(n,)) for n in (0, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count.count((), 10**6, None) == total.sum((), 10**6, None) == 2000
    assert all(isinstance(n, int) and before <= n <= after for before, n, after in seen)


# --- forgetting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [2, 38])
def test_pruned_events_are_gone_from_every_answer(keep: int) -> None:
    policy = PACKAGES[1]
    events = [past(n, n, {"customer": "C", "amount": "1 USD", "note": "a"}) for n in range(40)]
    store = History(events)
    fields = (None, "amount", "note")
    for field in fields:
        same(store, query(policy, now=Timestamp(50), within_nanos=None, field=field))
    assert store.prune(Timestamp(40 - keep)) == 40 - keep
    assert len(store) == keep
    for field in fields:
        same(store, query(policy, now=Timestamp(50), within_nanos=10 + keep, field=field))
    store.append(past(99, 45, {"customer": "C", "amount": "1 USD", "note": "b"}))
    for field in fields:
        same(store, query(policy, now=Timestamp(50), within_nanos=10 + keep, field=field))
    assert store.prune(Timestamp(1)) == 0
    assert store.prune(Timestamp(60)) == keep + 1
    assert list(store) == []


@pytest.mark.parametrize("indexed", [True, False])
def test_a_window_that_reaches_what_was_pruned_is_an_error(indexed: bool) -> None:
    store = History(past(n, n, {"customer": "C", "amount": "1 USD"}) for n in range(10))
    store.prune(Timestamp(5))
    good = query(PACKAGES[0], now=Timestamp(9), within_nanos=5)
    bad = replace(good, within_nanos=6)
    if not indexed:
        good, bad = replace(good, where=None), replace(bad, where=None)
    assert store.count(good) == 5
    asked: list[Callable[[], object]] = [
        lambda: store.count(bad),
        lambda: store.sum(replace(bad, field="amount")),
        lambda: store.distinct(replace(bad, field="customer")),
        lambda: store.last(replace(bad, keys=(("customer", "other"),), within_nanos=None)),
        lambda: store.agreement(AgreementQuery("p.r", Timestamp(9), 6)),
    ]
    for ask in asked:
        assert outcome(ask) == (
            "invalid_argument", "the window reaches back to past actions that were pruned",
        )  # fmt: skip
    latest = store.last(replace(bad, within_nanos=None))
    assert latest is not None
    assert latest.id == "a-9"
    assert store.agreement(AgreementQuery("p.r", Timestamp(9), 5)) == 0.0
