"""The strategies of `gatewright.testing`: what they draw, and what they lean to."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from gatewright.drawing import fits
from gatewright.dsl import types as t
from gatewright.engine.action import Action
from gatewright.engine.conform import conform
from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history import History
from gatewright.engine.load import load_source
from gatewright.engine.values import Money, Timestamp
from gatewright.testing import JsonObject, actions, bad_actions, decides_same, histories

FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
SEARCH = settings(max_examples=2000, phases=[Phase.generate], suppress_health_check=[*HealthCheck])

POLICY = load_source("""\
package all.types
type Inner { a: int, tags?: map<string, uint>, by: map<int, bool>, flags: map<bool, duration> }
type Deal { region: enum("eu", "us"), size?: int >= 3 }
action a.x on crm.deal as Deal {
  b: bool, i: int >= -2, j: int <= 7, u: uint, d: double > 0.5, e: double <= 2.0, dec: decimal,
  m: money(USD) >= 0 USD, n: money < 9 EUR, s: string(max: 5), long: string, by: bytes,
  t: timestamp >= 2026-01-01T00:00:00Z, du: duration >= 1h, shorter: duration <= 5m,
  k: enum("p", "q"), l: list<decimal>, r: Inner, x: any, o?: string, eq: int == 4, ne: int != 0,
  word: string != "bad"
  ,
  changes { stage: enum("new", "won"), note?: string }
}
action a.y { amount: money(USD) }
action a.z { }
history past = a.x, a.y
let limit = 50 USD
permit agent "bot" to a.*
permit when agent.team == "support" to a.*
risk unsure on a.x when has(context.confidence) && context.confidence < 0.8 => 10
rule r on a.y when action.amount < limit && agent.age < 14d && target.kind != "odd" => auto_run
rule s on a.y when past.count(agent: agent.id, within: 30d) > 2 => auto_run
rule u on a.x when action.l.size() < 6 && size(action.s) > 3 && action.dec <= 0.25 => auto_run
guard g on a.x when action.long == "needle" || now < 2026-03-01T00:00:00Z => block
exception e suspends g {
  when agent.id == "bot-9"
  from 2026-05-01T00:00:00Z
  until 2026-05-09T00:00:00Z
  owner "o"
  reason "r"
  ticket "T-1"
}
""")


def fitting(action: JsonObject, policy: PolicySet = POLICY) -> bool:
    read, problems = Action.read(action)
    return not problems and conform(read, policy.policy.actions[read.name]).fits


@FEW
@given(actions(POLICY))
def test_actions_fit_their_type(action: JsonObject) -> None:
    assert fitting(action), conform(Action.from_dict(action), None)
    assert not [e for e in POLICY.evaluate(action).errors if e.source == "action"]


@FEW
@given(bad_actions(POLICY))
def test_bad_actions_do_not_fit_and_never_run(action: JsonObject) -> None:
    assert not fitting(action)
    assert POLICY.evaluate(action).effect is not Effect.AUTO_RUN


@FEW
@given(actions(POLICY, "a.y"))
def test_one_action_can_be_asked_for(action: JsonObject) -> None:
    assert action["action"] == "a.y"


def finds(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool]) -> bool:
    try:
        find(strategy, wanted, settings=SEARCH)
    except NoSuchExample:
        return False
    return True


@pytest.mark.parametrize("amount", ["49.99 USD", "50.00 USD", "50.01 USD"])
def test_values_lean_to_thresholds(amount: str) -> None:
    assert finds(actions(POLICY, "a.y"), lambda a: a["params"]["amount"] == amount)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda a: a["params"]["s"] == "x" * 5,
        lambda a: a["params"]["s"] == "x" * 4,
        lambda a: len(a["params"]["l"]) == 6,
        lambda a: a["params"]["dec"] == "0.26",
        lambda a: a["params"]["long"] == "needle",
        lambda a: a["params"]["i"] == -2,
        lambda a: a["params"]["t"] == "2026-01-01T00:00:00Z",
        lambda a: "o" not in a["params"],
        lambda a: "o" in a["params"],
        lambda a: a["agent"]["id"] == "bot-9",
        lambda a: a["agent"]["team"] == "support",
        lambda a: a["at"] == "2026-05-01T00:00:00Z",
        lambda a: a["at"] == "2026-02-28T23:59:59Z",
        lambda a: a.get("context", {}).get("confidence") == 0.79,
        lambda a: "changes" not in a,
        lambda a: set(a.get("changes", {}).get("note", {})) == {"new"},
        lambda a: a["target"]["attributes"].get("size") == 3,
    ],
)
def test_actions_reach_the_edges(wanted: Callable[[JsonObject], bool]) -> None:
    assert finds(actions(POLICY, "a.x"), wanted)


def test_attributes_that_conditions_read_are_there() -> None:
    @FEW
    @given(actions(POLICY, "a.y"))
    def check(action: JsonObject) -> None:
        assert {"id", "owner", "age", "team"} <= set(action["agent"])
        assert "kind" in action["target"]["attributes"]

    check()
    assert finds(actions(POLICY, "a.y"), lambda a: a["agent"]["age"] == "1209600s")


@pytest.mark.parametrize(
    "wanted",
    [
        lambda a: a["params"].get("amount") == "5.00 EUR",
        lambda a: a["params"].get("amount") == 5.0,
        lambda a: "amount" not in a["params"] and len(a["params"]) == 1,
        lambda a: "amount" not in a["params"] and not a["params"],
        lambda a: "priority" in a,
        lambda a: a["agent"] == "agent-1",
    ],
)
def test_bad_actions_make_every_kind_of_mistake(wanted: Callable[[JsonObject], bool]) -> None:
    assert finds(bad_actions(POLICY, "a.y"), wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda a: a["params"].get("m") == "-0.01 USD",
        lambda a: a["params"].get("m") == "5.00 EUR",
        lambda a: a["params"].get("n") == "9.00 EUR",
        lambda a: a["params"].get("s") == "x" * 6,
        lambda a: a["params"].get("k") == "P",
        lambda a: a["params"].get("word") == "bad",
        lambda a: isinstance(a["params"].get("r"), dict) and a["params"]["r"].get("a") == "5",
        lambda a: a["params"].get("r") == "x",
        lambda a: a.get("target", {}).get("system") == "crm-2",
    ],
)
def test_near_misses_of_every_type(wanted: Callable[[JsonObject], bool]) -> None:
    assert finds(bad_actions(POLICY, "a.x"), wanted)


# --- histories


@FEW
@given(histories(POLICY, max_size=4))
def test_histories_lie_in_the_past_and_can_be_asked(history: History) -> None:
    assert len(history) <= 4
    assert all(event.at <= Timestamp.parse("2026-01-01T00:00:01Z") for event in history)
    assert [event.at for event in history] == sorted(event.at for event in history)
    action = {"action": "a.y", "params": {"amount": "5 USD"}, "at": "2026-01-01T00:00:00Z",
              "agent": {"id": "bot", "age": "1d", "team": "x"},
              "target": {"attributes": {"kind": "k"}}}  # fmt: skip
    assert not POLICY.evaluate(action, history).errors


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_ages_lean_to_windows(offset: int) -> None:
    now = Timestamp.parse("2026-04-01T00:00:00Z")
    wanted = Timestamp(now.nanos - (30 * 86_400 + offset) * 10**9)
    found = histories(POLICY, now="2026-04-01T00:00:00Z")
    assert finds(found, lambda h: any(event.at == wanted for event in h))
    assert finds(histories(POLICY, now=now), lambda h: any(e.rules for e in h))


def test_a_policy_without_windows_and_rules_has_histories_too() -> None:
    policy = load_source("package a\naction a.x { }\n")
    assert finds(histories(policy), lambda h: len(h) == 2)
    assert finds(actions(policy), lambda a: "target" in a)


def test_the_number_of_a_threshold_need_not_have_a_neighbour() -> None:
    policy = load_source(
        "package a\naction a.x { t: timestamp }\n"
        "rule r on a.x when action.t <= 9999-12-31T23:59:59Z => auto_run\n"
    )
    assert finds(actions(policy), lambda a: a["params"]["t"] == "9999-12-31T23:59:59Z")


# --- deciding the same


def test_two_policies_decide_the_same_or_not() -> None:
    text = "package a\naction a.x { n: int }\nrule r on a.x when action.n < %d => auto_run\n"
    five, also, six = (load_source(text % n) for n in (5, 5, 6))
    action = {"action": "a.x", "params": {"n": 5}, "at": "2026-01-01T00:00:00Z"}
    assert decides_same(five, also, action)
    assert not decides_same(five, six, action)
    assert not finds(actions(five), lambda a: not decides_same(five, also, a))
    assert finds(actions(five), lambda a: not decides_same(five, six, a))


# --- errors


def test_a_policy_without_the_action_is_refused() -> None:
    with pytest.raises(ValueError, match=r"declares no action `a\.q`"):
        actions(POLICY, "a.q")
    with pytest.raises(ValueError, match=r"declares no action$"):
        actions(load_source("package a\nguard g on * => block\n"))


def test_without_hypothesis_the_error_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    imported = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.partition(".")[0] == "hypothesis":
            raise ImportError(name)
        return imported(name, *more)

    for name in ("gatewright.testing", "gatewright.drawing"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="needs the package `hypothesis`"):
        importlib.import_module("gatewright.testing")


@pytest.mark.parametrize(
    ("data", "field", "expected"),
    [
        (5, t.FieldType(t.INT), True),
        ("5", t.FieldType(t.INT), False),
        (Money(Decimal(5), "USD"), t.FieldType(t.MoneyType("USD")), True),
        (object(), t.FieldType(t.ANY), False),
    ],
)
def test_data_fits_a_field(data: object, field: t.FieldType, expected: bool) -> None:
    assert fits(data, field) is expected
