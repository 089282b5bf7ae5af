"""Small policies decide compiled as they do interpreted, at the edges where the two could part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from gatewright.engine.action import Action
from gatewright.engine.cel.budget import DEFAULT_STEPS, Budget
from gatewright.engine.compile import lower, native
from gatewright.engine.decision import Answer, Effect, answer_of
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source
from gatewright.engine.truth import Truth
from gatewright.engine.values import Money, Timestamp

HEAD = """package a
route r { one of group("g") }
default require r
on_error block
"""
NOW = Timestamp.parse("2026-06-15T12:00:00Z")
Uses = Callable[[str], int | None]


def same(
    policy: PolicySet,
    given: Mapping[str, object],
    history: History | None = None,
    *,
    now: Timestamp | None = NOW,
    uses: Uses | None = None,
) -> Effect:
    """Decide by both, which must agree; the effect."""
    decision = policy.evaluate(given, history, now=now, uses=uses)
    outcome = policy.outcome(given, history, now=now, uses=uses)
    matched = tuple(
        r.rule.qualified for r in outcome.rules if r.truth is Truth.TRUE and not r.rule.shadow
    )
    told = answer_of(outcome.effect, outcome.approvals.stages, matched, policy.policy)
    assert told == Answer(decision.effect, decision.routes, decision.stages, decision.matched)
    return decision.effect


def act(agent: object = None, **params: object) -> dict[str, Any]:
    return {"action": "x.y", "params": params, "agent": agent or {"id": "b"}}


# --- what an action may bring


def test_money_of_another_currency_does_not_keep_a_refinement() -> None:
    policy = load_source(HEAD + "action x.y { m: money <= 100 USD }\nrule o on x.y => auto_run")
    assert same(policy, act(m="5 USD")) is Effect.AUTO_RUN
    assert same(policy, act(m="500 USD")) is Effect.BLOCK
    assert same(policy, act(m="5 EUR")) is Effect.BLOCK


@pytest.mark.parametrize("condition", ["action.d < 1e300", "action.d in [1.5, 1e-300]"])
def test_a_literal_of_more_digits_than_a_decimal_has_is_an_error(condition: str) -> None:
    text = (
        f"action x.y {{ d: decimal }}\nrule o on x.y => auto_run\nguard g when {condition} => block"
    )
    policy = load_source(HEAD + text)
    for _ in range(3):
        assert same(policy, act(d="1.5")) is Effect.BLOCK


@pytest.mark.parametrize(
    "condition", ['money("5 EUR") + action.m > 10 USD', "action.m - far > 1 USD"]
)
def test_a_sum_of_two_currencies_is_an_error(condition: str) -> None:
    text = 'let far = money("5 EUR")\naction x.y { m: money }\nrule o on x.y when '
    policy = load_source(f"{HEAD}{text}{condition} => auto_run")
    for _ in range(3):
        assert same(policy, act(m="6 USD")) is Effect.BLOCK


@pytest.mark.parametrize("field", ["F", "fields"])
def test_the_list_of_what_changes_is_always_there(field: str) -> None:
    text = f"action x.y {{ changes {{ {field}: string }} }}\nrule o on x.y when "
    policy = load_source(f"{HEAD}{text}has(changes.fields) => auto_run")
    named = load_source(f'{HEAD}{text}changes.has("{field}") => auto_run')
    for _ in range(3):
        assert same(policy, act()) is Effect.AUTO_RUN
        assert same(named, act()) is Effect.REQUIRE_APPROVAL


@pytest.mark.parametrize("condition", ["@ == far", "@ in [far]", "@ in both", "action.name == far"])
def test_a_text_that_cannot_be_compared_is_left_to_the_interpreter(condition: str) -> None:
    data = {"one": "a" + "\u0301" * 200, "two": "\u0301" * 200}
    lets = "let far = data.one + data.two\nlet both = [far]\naction x.y { s: string }\n"
    for path, answer in (("action.s", Effect.REQUIRE_APPROVAL), ("agent.id", Effect.BLOCK)):
        rule = f"rule o on x.y when {condition.replace('@', path)} => auto_run"
        policy = load_source(f"{HEAD}{lets}{rule}", data=data)
        wanted = Effect.REQUIRE_APPROVAL if "name" in condition else answer
        for _ in range(3):
            assert same(policy, act({"id": "\u00e9" * 30}, s="b")) is wanted


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [14, 40, 64])
@pytest.mark.parametrize(
    "condition",
    [
        "[action.a] == [action.o] && action.n == 5",
        '"%s".format([action.a]) == "q" && action.n == 5',
        f"{'[' * 45}action.a{']' * 45} == {'[' * 45}action.o{']' * 45} && action.n == 5",
    ],
)
def test_nesting_too_deep_is_an_error_that_nothing_absorbs(condition: str, depth: int) -> None:
    text = "action x.y { a: any, o: any, n: int }\nrule o on x.y => auto_run\nguard g when "
    policy = load_source(f"{HEAD}{text}{condition} => block")
    given = act(a=nested(depth), o=nested(depth), n=1)
    assert len({same(policy, given) for _ in range(3)}) == 1


def test_money_without_a_currency_does_not_fit() -> None:
    policy = load_source(HEAD + "action x.y { m: money }\nrule o on x.y => auto_run")
    assert same(policy, act(m=Money(Decimal(0), None))) is Effect.BLOCK


def test_an_instant_of_half_nanoseconds_is_not_read() -> None:
    policy = load_source(HEAD + "action x.y {}\nrule o on x.y => auto_run")
    nanos: Any = 5.5
    assert same(policy, {**act(), "at": Timestamp(nanos)}, now=None) is Effect.BLOCK


# --- what conditions cost


def lists(count: int, length: int, text: int) -> dict[str, object]:
    return {
        f"l{i}": [f"{i:03d}{j:05d}".rjust(text, "a") for j in range(length)] for i in range(count)
    }


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let conditions cost a tenth, everywhere: what costs too much need not take seconds."""
    limit = DEFAULT_STEPS // 10
    monkeypatch.setattr(Budget.__init__, "__defaults__", (limit,))
    monkeypatch.setattr(native, "DEFAULT_STEPS", limit)
    monkeypatch.setattr(lower, "DEFAULT_STEPS", limit)
    monkeypatch.setattr(lower, "MAX_STEPS", limit - 2 * lower.MAX_NODES)
    monkeypatch.setattr(lower, "MAX_LIST_STEPS", lower.MAX_LIST_STEPS // 10)


COSTLY = [
    pytest.param("action.s in data.l{}", 2, lists(2, 39, 2_000), id="long texts"),
    pytest.param("action.s in data.l{}", 16, lists(16, 300, 20), id="many lists"),
    pytest.param(
        "data.l{}.exists(x, x == 'q')", 4, lists(4, 1_000, 8), id="constants"
    ),
    pytest.param(
        "data.l{}.exists(x, x == action.s)", 2, lists(2, 900, 8), id="native code"
    ),
    pytest.param(
        "(data.l{}.exists(x, x == action.s) && action.n == 1)", 2, lists(2, 900, 8), id="mixed"
    ),
]  # fmt: skip


@pytest.mark.usefixtures("small_budget")
@pytest.mark.parametrize(("part", "count", "data"), COSTLY)
@pytest.mark.parametrize(
    "form",
    [
        "rule o on x.y unless {} => auto_run",
        "rule o on x.y => auto_run\nguard g on x.y when {} => block",
    ],
)
def test_parts_that_cost_too_much_together_are_an_error(
    part: str, count: int, data: dict[str, object], form: str
) -> None:
    condition = " || ".join(part.replace("{}", str(i)) for i in range(count))
    declared = "action x.y { s: string, n: int }\n"
    policy = load_source(HEAD + declared + form.replace("{}", condition), data=data)
    assert same(policy, act(s="a" * 2_000, n=2)) is Effect.BLOCK


@pytest.mark.usefixtures("small_budget")
def test_a_part_that_costs_too_much_is_an_error_also_where_a_later_one_is_false() -> None:
    condition = "data.l0.exists(x, x == action.s + action.s) && action.n == 1"
    policy = load_source(
        HEAD + "action x.y { s: string, n: int }\nrule o on x.y => auto_run\n"
        f"guard g on x.y when {condition} => block",
        data=lists(1, 3_000, 8),
    )
    assert same(policy, act(s="a", n=2)) is Effect.BLOCK


def test_each_let_has_a_budget_of_its_own() -> None:
    policy = load_source(
        HEAD
        + "action x.y { s: string }\nlet a = action.s in data.l0\nlet b = action.s in data.l1\n"
        "rule o on x.y unless a || b => auto_run",
        data=lists(2, 390, 2_000),
    )
    assert same(policy, act(s="a" * 2_000)) is Effect.AUTO_RUN


# --- texts, exceptions, risks


@pytest.mark.parametrize("text", ["K", "\u212a", "\u00e9", "e\u0301", "", "x" * 2_001, "3d"])
def test_texts_that_look_alike(text: str) -> None:
    policy = load_source(
        HEAD + 'action x.y { s: string }\npermit agent "K" to x.*\npermit agent "\u00e9" to x.y\n'
        'permit agent "b" to x.y\nrule o on x.y when action.s in ["K", "e\u0301"] => auto_run'
    )
    wanted = Effect.AUTO_RUN if text in "K\u212a\u00e9e\u0301" and text else None
    found = same(policy, act(s=text))
    assert (found is Effect.AUTO_RUN) == (wanted is Effect.AUTO_RUN)
    same(policy, act({"id": text}, s="K"))


EXCEPTION = """action x.y { n: int }
rule o on x.y => auto_run
guard g on x.y when action.n > 3 => block
exception e suspends g { from 2026-06-01T00:00:00Z until 2026-06-15T12:00:00Z max_uses 2
  when agent.t == "x" reason "r" owner "o" }
"""


@pytest.mark.parametrize("shift", [-1, 0, 1])
@pytest.mark.parametrize("edge", ["2026-06-01T00:00:00Z", "2026-06-15T12:00:00Z"])
def test_exceptions_at_their_edges(edge: str, shift: int) -> None:
    policy = load_source(HEAD + EXCEPTION)
    now = Timestamp(Timestamp.parse(edge).nanos + shift)
    open_ = (shift >= 0) == edge.startswith("2026-06-01")
    for used in (None, 0, 1, 2, 3):
        for agent in ({"id": "b", "t": "x"}, {"id": "b", "t": "y"}, {"id": "b"}):
            found = same(policy, act(agent, n=5), now=now, uses=lambda _, used=used: used)  # type: ignore[misc]
            applies = open_ and used in (0, 1) and agent.get("t") == "x"
            assert (found is Effect.AUTO_RUN) == applies


RISKS = """action x.y { n: int, s?: string }
let hot = risk >= 50
risk a on x.y when has(action.s) && action.s == "x" => 30
risk b on x.y when agent.t in ["q"] => 30
risk c on x.y when action.n == 5 => 50
rule o on x.y when risk < 60 => auto_run
rule p on x.y unless hot => auto_run
guard g on x.y when risk == 80 => block
"""


def test_risks_that_err() -> None:
    policy = load_source(HEAD + RISKS)
    agents = ({"id": "b"}, {"id": "b", "t": "q"}, {"id": "b", "t": "z"}, {"id": "b", "t": 5})
    found = {
        same(policy, act(agent, n=n, **params))
        for agent in agents
        for n in (1, 5)
        for params in ({}, {"s": "x"}, {"s": "y"}, {"s": 5})
    }
    assert found >= {Effect.AUTO_RUN, Effect.BLOCK}


# --- threads and histories

HISTORY = """action x.y { c: string, m: money }
history h = x.y where true
rule o on x.y => auto_run because "{h.count(c: action.c, within: 30d)} before"
guard g on x.y when h.count(c: action.c, within: 30d) >= 2 => block
"""


def past(count: int) -> History:
    at = "2026-06-14T12:00:00Z"
    event = {"action": "x.y", "params": {"c": "C", "m": "5 USD"}, "agent": {"id": "b"}, "at": at}
    return History([{**event, "status": "executed", "id": str(i)} for i in range(count)])


def test_threads_that_come_first_all_decide_alike() -> None:
    barrier = Barrier(8)
    policy = load_source(HEAD + HISTORY)
    few, many = past(1), past(3)

    def run(number: int) -> list[Effect]:
        barrier.wait()
        stores = [few, many] if number % 2 else [many, few]
        return [
            policy.evaluate(act(c="C", m="5 USD"), stores[turn % 2], now=NOW).effect
            for turn in range(40)
        ]

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(run, range(8))]
    for number, effects in enumerate(found):
        turns = [Effect.AUTO_RUN, Effect.BLOCK]
        assert effects == (turns if number % 2 else turns[::-1]) * 20


def test_an_action_that_was_read_decides_as_its_dict() -> None:
    policy = load_source(HEAD + HISTORY)
    given = act(c="C", m="5 USD")
    assert same(policy, given, past(3)) is Effect.BLOCK
    read = Action.from_dict(given)
    assert policy.evaluate(read, past(3), now=NOW).effect is Effect.BLOCK
