"""The short ways from a dict, and from an action by its shape, decide as the interpreter does.

Whole decisions are compared, digest and explanation included: what is kept of a dict must be it.
"""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, localcontext
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine import shape
from gatewright.engine.action import Action
from gatewright.engine.compile import forest
from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source
from gatewright.engine.reading import given as reading
from gatewright.engine.values import Money, Timestamp

POLICY = load_source("""package a
type Charge { status: enum("open", "closed"), region?: string, weight?: int >= 0 }
action x.y on stripe.charge as Charge {
  who: string(max: 9), amount: money(USD) >= 0.005 USD, kind: enum("late", "\u00fcber"),
  n?: int >= -5, sure?: bool, free?: money, fee?: money(EUR), rate?: decimal, due?: timestamp,
  length?: duration, tags?: list<string>, extra?: any, half?: double, word?: string,
  changes { Stage: enum("a", "b"), Count?: int }
}
action x.small { amount: money(USD) }
action x.bare {}
route manager { one of group("m") }
route finance { one of group("f") outranks manager }
on_error block
rule by_amount on x.y tier action.amount {
  < 50 USD => auto_run
  50 USD .. 200.004 USD => require manager
  > 200.004 USD => require finance
} because "{action.amount} to {action.who}"
rule small on x.small when action.amount < 5.005 USD => auto_run
rule exact on x.small when action.amount == 7.25 USD => require manager
rule bare on x.bare => auto_run
guard moved on x.bare when has(target.stage) && target.stage == "b" => require finance
guard closed on x.y when has(target.status) && target.status == "closed" => block
guard late on x.y when action.kind == "late" => require manager
guard count on x.y when has(action.n) && action.n > 3 => require finance
guard sure on x.y when has(action.sure) && action.sure => require manager
guard fee on x.y when has(action.fee) && action.fee >= 2.50 EUR => require finance
guard free on x.y when has(action.free) && action.free == 5 JPY => require finance
guard team on x.y when has(agent.team) && agent.team == "x" => require manager
guard owner on x.y when has(agent.owner) && agent.owner == "ann" => require manager
guard why on x.y when has(context.trigger) && context.trigger.contains("b") => require manager
guard stage on x.y when changes.has("Stage") && changes.Stage.new == "b" => require finance
guard due on x.y when has(action.due) && action.due < now => require finance
guard word on x.y when has(action.word) && action.word.size() > 3 => require finance
guard id on x.y when has(target.id) && target.id == "t" => require manager
guard place on x.y when has(target.system) && target.system == "stripe" => require manager
guard object on x.y when has(target.object) && target.object == "charge" => require manager
guard weight on x.y when has(target.weight) && target.weight > 2 => require manager
""")
NOW = Timestamp.parse("2026-06-15T12:00:00Z")
USUAL: dict[str, Any] = {
    "action": "x.y",
    "params": {"who": "C-1", "amount": "60.50 USD", "kind": "\u00fcber"},
    "agent": {"id": "bot"},
    "target": {"system": "stripe", "object": "charge", "id": "t", "attributes": {"status": "open"}},
    "at": "2026-06-15T12:00:00Z",
}


class Text(str):
    __slots__ = ()


class Dict(dict[str, object]):
    pass


class Whole(int):
    pass


class Liar(str):
    """A key that says it is `params`."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other == "params"

    def __hash__(self) -> int:
        return hash("params")


class Sub(Action):
    pass


def by_dict(data: Any, now: Timestamp | None = NOW) -> bool:
    """Tell whether a dict is decided about without being read as an action."""
    compiled = POLICY.units.of("x.y" if data.get("action") == "x.y" else str(data.get("action")))
    assert compiled is not None
    try:
        return compiled.of_dict(POLICY, data, None, now, None) is not None
    except Exception:  # whatever it raises, it decides nothing
        return False


def same(data: Any, now: Timestamp | None = NOW) -> dict[str, Any]:
    """Decide about a dict, and about the action that is read of it; as the interpreter does."""
    wanted = POLICY.decide_once(data, now=now).to_dict()
    assert POLICY.evaluate(data, now=now).to_dict() == wanted
    action, _ = Action.read(data)
    for _ in range(2):  # the second time by its shape
        assert POLICY.evaluate(action, now=now).to_dict() == wanted
    explained = str(POLICY.decide_once(data, now=now).explain())
    assert str(POLICY.evaluate(data, now=now).explain()) == explained
    return wanted


# --- usual dicts, in their many forms

MONEY = ["0 USD", "0.00 USD", "0.01 USD", "0.004 USD", "0.005 USD", "49.99 USD", "50 USD", "50.0 USD",
         "50.00 USD", "200 USD", "200.00 USD", "200.01 USD", "999.99 USD", "1000 USD", "1000.5 USD",
         "007.50 USD", "123456789012345.67 USD", "1234567890123456.67 USD", "200.004 USD",
         "7.25 USD", "5.00 USD", "5.01 USD"]  # fmt: skip
NO_MONEY = ["-5 USD", "5 EUR", "5USD", "5  USD", "5. USD", ".5 USD", "5.5", "USD", "", "1e2 USD",
            "\u0665 USD", "\u0665.00 USD", "\u00b2 USD", "1_0 USD", "+5 USD", " 5 USD", "5 usd",
            "5.123456789012345 USD", "5.50 USD ", "5.5.5 USD", "5.\u0665\u0665 USD", "5.-5 USD",
            "5. 5 USD", 5, 5.5, True, None, {"amount": "5.00", "currency": "USD"},
            Decimal(5), Money(Decimal("60.50"), "USD"), Money(Decimal("60.505"), "USD"),
            Money(Decimal(60), "EUR"), Money(Decimal(0), None), Text("5 USD"), b"5 USD"]  # fmt: skip
FIELDS: dict[str, list[Any]] = {
    "who": ["C-1", "", "x" * 9, "x" * 10, "e\u0301" * 9, "\u212a", "\ud800", "a\u0301" * 10, 5, None,
            Text("C"), "\U0001f600" * 9],
    "amount": [*MONEY, *NO_MONEY],
    "kind": ["late", "\u00fcber", "u\u0308ber", "early", 5, None, Text("late"), True],
    "n": [0, -5, -6, 4, 2**63 - 1, 2**63, 10**70, True, 1.0, "4", None, Whole(4)],
    "sure": [True, False, 1, 0, "true", None],
    "free": ["5 JPY", "5.00 JPY", "6 JPY", "x", Money(Decimal(5), "JPY"), None, 5],
    "fee": ["2.50 EUR", "2.5 EUR", "2 EUR", "2.499 EUR", "3 USD", None, Money(Decimal(3), "EUR")],
    "rate": ["1.50", Decimal("1E+2"), Decimal("NaN"), 1, 1.5, "x", None, Decimal(10) ** 70],
    "due": ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00+01:00", "yesterday", 5, None],
    "length": ["30d", "1h30m", "x", 5, None],
    "tags": [["a"], [], ["a", 5], "a", None, [["a"]]],
    "extra": ["3d", 5, 2**64, [1], {"a": 1}, None, 1.5, float("nan"), b"x", "e\u0301"],
    "half": [0.5, 1, float("inf"), float("nan"), "0.5", None, True],
    "word": ["abcd", "abc", "x" * 2_001, "e\u0301" * 3, None],
}  # fmt: skip
ODD: list[Any] = [None, [], 5, "x", Dict(), {}, {1: 2}, {"a": 1}, OrderedDict(a=1), {Liar("x"): 1}]
AGENTS: list[Any] = [
    {"id": "bot"}, {"id": "bot", "owner": "ann"}, {"owner": "ann"}, {"id": "bot", "team": "x"},
    {"id": "bot", "team": "x", "n": 5, "b": True, "f": 1.5, "t": "e\u0301"}, {"id": ""}, {"id": None},
    {"id": "bot", "owner": None}, {"id": "b" * 257}, {"id": "\u00e9"}, {"id": 5}, {"team": None},
    {"team": ["x"]}, {"id": "b", "attributes": {"team": "x"}}, {"id": "b", "\u00e9": 1}, {Text("id"): "b"},
    {"id": Text("bot")}, {"team": "x" * 3_000}, {"team": 2**70}, {"id": "bot", Liar("x"): 1}, Dict(id="b"),
    {str(n): n for n in range(60)},
]  # fmt: skip
TARGETS: list[Any] = [
    {"id": "t"}, {"system": "stripe", "object": "charge"}, {"system": "paypal"}, {"object": "x"},
    {"system": None, "id": "t"}, {"id": ""}, {"id": 5}, {"system": Text("stripe")},
    {"attributes": {}}, {"attributes": None}, {"attributes": {"status": "closed", "weight": 3}},
    {"attributes": {"status": "open", "region": "e\u0301"}}, {"attributes": {"weight": -1}},
    {"attributes": {"status": None}}, {"attributes": {"other": 1}}, {"id": "t", "other": 1},
    {"attributes": {"status": "ajar"}}, {"attributes": Dict()}, {Text("id"): "t"},
]  # fmt: skip
CONTEXTS: list[Any] = [
    {"trigger": "abc"}, {"trigger": "", "reasoning": "e\u0301"}, {"trigger": None}, {"other": 1},
    {"confidence": 0.5}, {"confidence": 1}, {"confidence": 2}, {"confidence": True},
    {"confidence": float("nan")}, {"evidence": ["a", 5, "e\u0301"]}, {"evidence": [["a"]]}, {"evidence": "a"},
    {"evidence": ("a",)}, {"evidence": [None]}, {"evidence": [5] * 60}, {"trigger": "x" * 3_000}, {"trigger": 5},
    {"reasoning": Text("b")},
]  # fmt: skip
CHANGES: list[Any] = [
    {"Stage": {"old": "a", "new": "b"}}, {"Stage": {"new": "b"}}, {"Stage": {"old": None, "new": "b"}},
    {"Count": {"old": 1, "new": 2}}, {"Count": {"new": 2}}, {"Count": {"old": None, "new": 5}},
    {"Count": {"old": 2**63}}, {"Stage": {}}, {"Stage": None}, {"Stage": "b"}, {"Other": {"old": 1, "new": 2}},
    {"Stage": {"old": "a", "new": "b", "x": 1}}, {"Stage": {"old": "a", Text("new"): "b"}},
    {"Stage": {"old": "a", "new": "b"}, "Count": {"old": 1, "new": 2}}, {"Stage": {"old": "a", "new": ["b"]}},
]  # fmt: skip
INSTANTS: list[Any] = [
    "2026-06-15T12:00:00Z", "2026-06-15T12:00:00.5Z", "2026-06-15T12:00:00+01:00", "2026-02-30T12:00:00Z",
    "2026-06-15T24:00:00Z", "2026-W24-1T12:00:00Z", "yesterday", "", 5, None, Timestamp(5),
    Text("2026-06-15T12:00:00Z"), "\u0662026-06-15T12:00:0Z",
]  # fmt: skip
PARTS: dict[str, list[Any]] = {
    "agent": [*AGENTS, *ODD],
    "target": [*TARGETS, *ODD],
    "context": [*CONTEXTS, *ODD],
    "changes": [*CHANGES, *ODD],
    "at": INSTANTS,
    "idempotency_key": ["k", "", "k" * 257, "\u00e9", 5, None, Text("k")],
    "params": ODD,
    "other": [1, None],
    Liar("x"): [1, {}],
    Text("agent"): [{"id": "bot"}],
}
ONE_ODD = [
    *(pytest.param({**USUAL, key: value}, id=ascii((key, value))[:60])
      for key, values in PARTS.items() for value in values),
    *(pytest.param({**USUAL, "params": {**USUAL["params"], key: value}}, id=ascii((key, value))[:60])
      for key, values in FIELDS.items() for value in values),
    *(pytest.param({k: v for k, v in USUAL.items() if k != gone}, id=f"no {gone}") for gone in USUAL),
    *(pytest.param({**USUAL, "params": {k: v for k, v in USUAL["params"].items() if k != gone}}, id=f"no {gone}")
      for gone in USUAL["params"]),
]  # fmt: skip


@pytest.mark.parametrize("data", ONE_ODD)
def test_whatever_is_odd_in_one_place_is_decided_as_by_the_interpreter(data: Any) -> None:
    same(data)


def picked(choices: Mapping[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return dicts with some of the keys, each with one of its values."""
    return st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in choices.items()})


USUAL_PARAMS = {"who": ["C-1", "e\u0301"], "amount": MONEY, "kind": ["late", "\u00fcber"]}
MOSTLY_FINE = st.tuples(
    st.fixed_dictionaries({k: st.sampled_from(v) for k, v in USUAL_PARAMS.items()}),
    picked(FIELDS),
    picked({k: v for k, v in PARTS.items() if type(k) is str and k not in ("params", "other")}),
    st.lists(st.sampled_from([*FIELDS, *PARTS]), max_size=3),
    st.integers(0, 3),
).map(lambda parts: mixed(*parts))


def mixed(
    params: dict[str, Any], fields: dict[str, Any], rest: dict[str, Any], kept: list[str], odd: int
) -> dict[str, Any]:
    """Return a usual dict with as many odd things as `odd` says, and the others named `kept`."""
    chosen = [*kept, *[*fields, *rest][:odd]]
    more = {key: value for key, value in fields.items() if key in chosen}
    return {
        **USUAL,
        "params": {**params, **more},
        **{key: value for key, value in rest.items() if key in chosen},
    }


@given(MOSTLY_FINE, st.sampled_from([NOW, None]))
def test_dicts_with_some_odd_parts_are_decided_as_by_the_interpreter(
    data: dict[str, Any], now: Timestamp | None
) -> None:
    if now is None:
        data = {**data, "at": USUAL["at"]}  # else the clock would tell them apart
    same(data, now)


SHORT: list[dict[str, Any]] = [
    USUAL,
    {k: v for k, v in USUAL.items() if k in ("action", "params")},
    {**USUAL, "params": {**USUAL["params"], "n": 5, "sure": True, "free": "5 JPY", "fee": "2.50 EUR"}},
    {**USUAL, "params": {**USUAL["params"], "rate": "1.5", "due": "2026-01-01T00:00:00Z", "length": "3d"}},
    {**USUAL, "params": {**USUAL["params"], "who": "\u00e9", "word": "e\u0301" * 4}},
    {**USUAL, "agent": {"id": "bot", "owner": "ann", "team": "x"}},
    {**USUAL, "context": {"trigger": "b", "confidence": 0.5, "evidence": ["a", 1]}},
    {**USUAL, "changes": {"Stage": {"old": "a", "new": "b"}, "Count": {"new": 2}}},
    {**USUAL, "idempotency_key": "k", "at": "2026-06-15T14:00:00.25+02:00"},
    {"action": "x.small", "params": {"amount": "5.00 USD"}},
    {"action": "x.bare"},
    {"action": "x.bare", "params": {}},
]  # fmt: skip


@pytest.mark.parametrize("data", SHORT, ids=range(len(SHORT)))
def test_usual_dicts_go_the_short_way(data: dict[str, Any]) -> None:
    assert by_dict(data)
    assert not same(data)["errors"]


@pytest.mark.parametrize("amount", [*MONEY, *NO_MONEY], ids=ascii)
def test_amounts_stand_to_bounds_as_decimals_do(amount: Any) -> None:
    same({"action": "x.small", "params": {"amount": amount}})
    same({**USUAL, "params": {**USUAL["params"], "amount": amount}})


def test_bounds_of_half_cents_are_exact() -> None:
    small = {"action": "x.small", "params": {"amount": "5.00 USD"}}
    assert same(small)["effect"] == "auto_run"
    assert same({**small, "params": {"amount": "5.01 USD"}})["effect"] == "block"
    assert same({**small, "params": {"amount": "5.005 USD"}})["effect"] == "block"
    assert same({**small, "params": {"amount": "7.25 USD"}})["routes"] == ["manager"]
    assert same({**USUAL, "params": {**USUAL["params"], "amount": "0.00 USD"}})["errors"]
    assert not same({**USUAL, "params": {**USUAL["params"], "amount": "0.01 USD"}})["errors"]


def test_a_narrow_context_of_decimals_changes_no_amount() -> None:
    with localcontext() as narrow:
        narrow.prec = 2
        policy = load_source(
            "package b\naction b.c { m: money(USD) <= 123456.78 USD }\n"
            "rule r on b.c when action.m <= 123456.77 USD => auto_run"
        )
        for text, effect in (("123456.77 USD", Effect.AUTO_RUN), ("123456.78 USD", Effect.BLOCK)):
            data = {"action": "b.c", "params": {"m": text}}
            assert policy.evaluate(data).effect is effect
            for _ in range(2):
                assert policy.evaluate(Action.from_dict(data)).effect is effect
        assert policy.evaluate({"action": "b.c", "params": {"m": "123456.79 USD"}}).errors


@pytest.mark.parametrize("part", [{"changes": {"Stage": {"old": 1, "new": "b"}}},
                                  {"target": {"attributes": {"stage": "b"}}},
                                  {"target": {"attributes": {"stage": "a", "x": [1]}}},
                                  {"changes": {"Other": {"new": 5}}},
                                  {"params": {"x": 1}}], ids=str)  # fmt: skip
def test_parts_that_no_type_lists_are_seen(part: dict[str, Any]) -> None:
    same({"action": "x.bare", **part})


# --- what is decided about cannot be changed afterwards


def changed(value: Any) -> None:
    """Change everything in a dict or list that can be changed."""
    if hasattr(value, "values"):
        for each in value.values():
            changed(each)
        value.clear()
        value["action"] = "x.bare"
    elif hasattr(value, "append"):
        value.append("more")


@pytest.mark.parametrize("data", SHORT, ids=range(len(SHORT)))
def test_what_becomes_of_a_dict_does_not_change_a_decision(data: dict[str, Any]) -> None:
    wanted = POLICY.decide_once(data, now=NOW)
    mine = copy.deepcopy(data)
    decision = POLICY.evaluate(mine, now=NOW)
    changed(mine)
    assert decision.to_dict() == wanted.to_dict()
    assert str(decision.explain()) == str(wanted.explain())
    assert decision.action_digest == Action.from_dict(data).digest


def test_a_dict_that_changes_while_it_is_decided_about_gives_one_of_both_decisions() -> None:
    """Effect and explanation are of the same values, whichever those were."""
    data = copy.deepcopy(USUAL)
    amounts = {"60.50 USD": "manager", "500.00 USD": "finance"}
    barrier, done = Barrier(3), [False]

    def change() -> None:
        barrier.wait()
        while not done[0]:
            for amount in amounts:
                data["params"]["amount"] = amount

    def decide() -> None:
        barrier.wait()
        for _ in range(300):
            decision = POLICY.evaluate(data, now=NOW)
            (route,) = set(decision.routes) & {"manager", "finance"}
            (reason,) = decision.because
            assert amounts[reason.partition(" to")[0].rstrip(".")] == route

    with ThreadPoolExecutor(3) as pool:
        changing, *deciding = pool.submit(change), pool.submit(decide), pool.submit(decide)
        for each in deciding:
            each.result()
        done[0] = True
        changing.result()


def test_threads_that_come_first_at_once_decide_the_same() -> None:
    policy = load_source(
        "package b\naction b.c { n: int }\nrule r on b.c when action.n < 5 => auto_run"
    )
    barrier = Barrier(8)

    def decide(number: int) -> bool:
        data = {"action": "b.c", "params": {"n": number}}
        given: Any = data if number % 2 else Action.from_dict(data)
        barrier.wait()
        return all(policy.evaluate(given).effect is Effect.AUTO_RUN for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(decide, range(8))] == [True] * 5 + [False] * 3


# --- the clock, and who is asked


def test_the_instant_is_the_given_one_else_the_actions_else_the_clocks() -> None:
    for given_ in (USUAL, Action.from_dict(USUAL), Action.from_dict(USUAL)):
        assert POLICY.evaluate(given_).at == "2026-06-15T12:00:00Z"
        assert POLICY.evaluate(given_, now=Timestamp(5)).at == Timestamp(5).text
    undated = {k: v for k, v in USUAL.items() if k != "at"}
    for data in (undated, Action.from_dict(undated)):
        before = POLICY.evaluate(data).at
        assert before <= POLICY.evaluate(data).at
        assert before > "2026"
    with pytest.raises(TypeError):
        POLICY.evaluate(USUAL, now="2026-06-15T12:00:00Z")  # type: ignore[arg-type]


def test_only_so_many_instants_are_kept() -> None:
    for second in range(1_200):
        text = f"2026-06-15T12:{second // 60:02}:{second % 60:02}Z"
        assert POLICY.evaluate({**USUAL, "at": text}).at == text
    assert 0 < len(reading.INSTANTS) <= 512


# --- actions and their shapes


def test_actions_made_otherwise_than_by_reading_have_no_shape() -> None:
    read = Action.from_dict(USUAL)
    assert read.shape is not None
    made = Action(read.name, read.params, read.agent, read.target, at=read.at)
    assert made.shape is None
    wanted = POLICY.decide_once(USUAL).to_dict()
    assert POLICY.evaluate(made).to_dict() == wanted
    assert POLICY.evaluate(Sub.from_dict(USUAL)).to_dict() == wanted
    bad, problems = Action.read({**USUAL, "other": 1})
    assert problems and bad.shape is None


def pickled(action: Action) -> Action:
    again: Action = pickle.loads(pickle.dumps(action))  # noqa: S301
    return again


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
def test_copies_of_an_action_have_its_shape(again: Callable[[Action], Action]) -> None:
    read = Action.from_dict(USUAL)
    copied = again(read)
    assert copied.shape is read.shape
    assert copied.values == read.values
    assert POLICY.evaluate(copied).to_dict() == POLICY.evaluate(read).to_dict()


def test_shapes_tell_apart_what_is_checked_no_more() -> None:
    def shape_of(**params: object) -> object:
        return Action.from_dict({**USUAL, "params": {**USUAL["params"], **params}}).shape

    assert shape_of() is shape_of(amount="5.00 USD", who="other")
    different = [shape_of(), shape_of(n=5), shape_of(n=True), shape_of(n="5"), shape_of(more=5)]
    different += [shape_of(m=Money(Decimal(value), c)) for value, c in (("5", "USD"), ("5", "EUR"), ("5.005", "USD"))]  # fmt: skip
    assert None not in different
    assert len({*map(id, different)}) == len(different)


def test_more_shapes_than_are_kept_are_decided_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forest, "MOST_SHAPES", 2)
    policy = load_source(
        "package b\naction b.c { a?: int, b?: int, c?: int }\n"
        "rule r on b.c unless has(action.a) && action.a > 1 => auto_run"
    )
    for params in ({}, {"a": 1}, {"b": 2}, {"c": 3}, {"a": 2, "b": 2}, {"a": 0, "c": 1}):
        data = {"action": "b.c", "params": params, "at": "2026-06-15T12:00:00Z"}
        for _ in range(2):
            decided = policy.evaluate(Action.from_dict(data)).to_dict()
            assert decided == policy.decide_once(data).to_dict()
    assert sum("b.c" in by_name for by_name in policy.programs.values()) == 2


def test_a_process_keeps_only_so_many_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape, "MOST_SHAPES", 0)
    unknown = Action.from_dict({"action": "x.bare", "params": {"never seen before": 1}})
    assert unknown.shape is None and unknown.values == ()
    monkeypatch.undo()
    many = {str(n): n for n in range(shape.MOST_VALUES + 1)}
    assert Action.from_dict({"action": "x.bare", "params": many}).shape is None
    long = {"n" * (shape.MOST_CHARS + 1): 1}
    assert Action.from_dict({"action": "x.bare", "params": long}).shape is None


@pytest.mark.parametrize("word", ["u\u0308ber", "\u00fcber", "\u212a"])
def test_values_of_enums_count_in_normal_form(word: str) -> None:
    policy = load_source(
        f'package b\naction b.c {{ kind: enum("{word}", "x") }}\n'
        "rule r on b.c => auto_run\non_error block"
    )
    for given_ in ("u\u0308ber", "\u00fcber", "\u212a", "K", "x"):
        data = {"action": "b.c", "params": {"kind": given_}, "at": "2026-06-15T12:00:00Z"}
        wanted = policy.decide_once(data).to_dict()
        assert policy.evaluate(data).to_dict() == wanted
        for _ in range(2):
            assert policy.evaluate(Action.from_dict(data)).to_dict() == wanted


def test_an_action_whose_name_is_too_long_is_read_in_full() -> None:
    name = "a." + "b" * 300
    policy = load_source(
        f"package b\naction {name} {{}}\nrule r on {name} => auto_run\non_error block"
    )
    for _ in range(2):
        assert policy.evaluate({"action": name}).effect is Effect.BLOCK


def test_a_set_made_anew_shares_no_units() -> None:
    policy = PolicySet(POLICY.policy)
    assert policy.evaluate(USUAL, now=NOW).to_dict() == same(USUAL)
    assert policy.units.known is not POLICY.units.known
    assert policy == POLICY
