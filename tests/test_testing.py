"""The strategies of `gatewright.testing`: what they draw, and what they lean to."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gatewright.dsl import types as t
from gatewright.engine.action import Action
from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.event import STATUSES
from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source
from gatewright.engine.reading.conform import conform
from gatewright.engine.values import Money, Timestamp
from gatewright.testing import JsonObject, actions, bad_actions, decides_same, histories
from gatewright.value_strategies import fits

pytestmark = pytest.mark.volume

FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
MANY = 300
"""How many are drawn to find what is leant to: the latest first comes as number 112."""
MOST = 600
"""How many bad actions are drawn of those of which some mistakes come only twice in 300."""
WITH_RARE_MISTAKES = ("a.bounds", "a.part")

POLICY = load_source("""\
package all.types
type Inner { a: int, tags?: map<string, uint>, by: map<int, bool>, flags: map<bool, duration> }
type Deal { region: enum("eu", "us"), size?: int >= 3 }
action a.number {
  i: int >= -2, j: int <= 7, eq: int == 4, ne: int != 0, u: uint, d: double > 0.5,
  e: double <= 2.0, dec: decimal, m: money(USD) >= 0 USD, n: money < 9 EUR
}
action a.text {
  s: string(max: 5), long: string, o?: string, word: string != "bad", k: enum("p", "q"), b: bool,
  by: bytes, t: timestamp >= 2026-01-01T00:00:00Z, du: duration >= 1h, shorter: duration <= 5m
}
action a.part on crm.deal as Deal {
  l: list<decimal>, r: Inner, x: any, changes { stage: enum("new", "won"), note?: string }
}
action a.y { amount: money(USD) }
action a.bounds { m: money(USD) >= 0 USD, n: money < 9 EUR }
action a.equal { eq: int == 4 }
action a.words { s: string(max: 5), k: enum("p", "q") }
action a.word { word: string != "bad" }
action a.z { }
history past = a.y
let limit = 50 USD
permit agent "bot" to a.*
permit when agent.team == "support" to a.*
risk unsure on a.y when has(context.confidence) && context.confidence < 0.8 => 10
rule r on a.y when action.amount < limit && agent.age < 14d && target.kind != "odd" => auto_run
rule s on a.y when past.count(agent: agent.id, within: 30d) > 2 => auto_run
rule u on a.number when action.dec <= 0.25 => auto_run
rule v on a.text when action.s.size() > 3 && action.long == "needle" => auto_run
rule w on a.part when size(action.l) < 6 => auto_run
guard g on a.y when now < 2026-03-01T00:00:00Z => block
exception e suspends g {
  when agent.id == "bot-9"
  from 2026-05-01T00:00:00Z
  until 2026-05-09T00:00:00Z
  owner "o"
  reason "r"
  ticket "T-1"
}
""")


@cache
def drawn(name: str, bad: bool = False) -> list[JsonObject]:
    """Draw many actions, the same in every run."""
    if not bad:
        return samples(actions(POLICY, name))
    return samples(bad_actions(POLICY, name), MOST if name in WITH_RARE_MISTAKES else MANY)


def samples(strategy: st.SearchStrategy[Any], count: int = MANY) -> list[Any]:
    found: list[Any] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(strategy)
    def collect(one: Any) -> None:
        found.append(one)

    collect()
    return found


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


Wanted: TypeAlias = Callable[[JsonObject], bool]


def param(name: str, value: object) -> Wanted:
    return lambda action: action["params"].get(name, None) == value


EDGES: list[tuple[str, Wanted]] = [
    ("a.y", param("amount", "49.99 USD")),
    ("a.y", param("amount", "50.00 USD")),
    ("a.y", param("amount", "50.01 USD")),
    ("a.y", lambda a: a["agent"]["age"] == "1209600s"),
    ("a.y", lambda a: a["agent"]["id"] == "bot-9"),
    ("a.y", lambda a: a["agent"]["team"] == "support"),
    ("a.y", lambda a: a["target"]["attributes"]["kind"] == "odd"),
    ("a.y", lambda a: a["at"] == "2026-05-01T00:00:00Z"),
    ("a.y", lambda a: a["at"] == "2026-02-28T23:59:59Z"),
    ("a.y", lambda a: a.get("context", {}).get("confidence") == 0.79),
    ("a.number", param("i", -2)),
    ("a.number", param("j", 7)),
    ("a.number", param("eq", 4)),
    ("a.number", param("m", "0.00 USD")),
    ("a.number", param("n", "8.99 EUR")),
    ("a.number", param("dec", "0.26")),
    ("a.text", param("s", "xxxxx")),
    ("a.text", param("s", "xxxx")),
    ("a.text", param("long", "needle")),
    ("a.text", param("t", "2026-01-01T00:00:00Z")),
    ("a.text", param("du", "3600s")),
    ("a.text", param("shorter", "299s")),
    ("a.text", param("o", None)),
    ("a.text", lambda a: "o" in a["params"]),
    ("a.part", lambda a: len(a["params"]["l"]) == 6),
    ("a.part", lambda a: "changes" not in a),
    ("a.part", lambda a: set(a.get("changes", {}).get("note", {})) == {"new"}),
    ("a.part", lambda a: a["target"]["attributes"].get("size") == 3),
    ("a.part", lambda a: "size" not in a["target"]["attributes"]),
    ("a.z", lambda a: "target" in a),
    ("a.z", lambda a: "context" not in a),
]


@pytest.mark.parametrize(("name", "wanted"), EDGES)
def test_actions_lean_to_the_edges(name: str, wanted: Wanted) -> None:
    assert any(map(wanted, drawn(name)))


def test_attributes_that_conditions_read_are_there() -> None:
    for action in drawn("a.y"):
        assert {"id", "owner", "age", "team"} <= set(action["agent"])
        assert "kind" in action["target"]["attributes"]


MISTAKES: list[tuple[str, Wanted]] = [
    ("a.y", param("amount", "5.00 EUR")),
    ("a.y", param("amount", 5.0)),
    ("a.y", lambda a: a["params"] == {}),
    ("a.y", lambda a: set(a["params"]) == {"amounts"}),
    ("a.y", lambda a: len(a["params"]) == 2),
    ("a.y", lambda a: "priority" in a),
    ("a.y", lambda a: a["agent"] == "agent-1"),
    ("a.bounds", param("m", "-0.01 USD")),
    ("a.bounds", param("n", "9.00 EUR")),
    ("a.equal", param("eq", 5)),
    ("a.words", param("s", "x" * 6)),
    ("a.words", param("k", "P")),
    ("a.word", param("word", "bad")),
    ("a.part", param("r", "x")),
    (
        "a.part",
        lambda a: isinstance(a["params"].get("r"), dict) and a["params"]["r"]["a"] == "5",
    ),
    ("a.part", lambda a: a.get("target", {}).get("system") == "crm-2"),
    ("a.part", lambda a: "xxxxxx" in a.get("changes", {})),
]


@pytest.mark.parametrize(("name", "wanted"), MISTAKES)
def test_bad_actions_make_every_kind_of_mistake(name: str, wanted: Wanted) -> None:
    assert any(map(wanted, drawn(name, bad=True)))


# --- histories


@FEW
@given(histories(POLICY, max_size=4))
def test_histories_lie_in_the_past_and_can_be_asked(history: History) -> None:
    assert len(history) <= 4
    assert all(event.at <= Timestamp.parse("2026-01-01T00:00:01Z") for event in history)
    assert [event.at for event in history] == sorted(event.at for event in history)
    action = {"action": "a.y", "params": {"amount": "5 USD"}, "at": "2026-01-01T00:00:00Z",
              "agent": {"id": "bot", "age": timedelta(days=1), "team": "x"},
              "target": {"attributes": {"kind": "k"}}}  # fmt: skip
    assert not POLICY.evaluate(action, history).errors


def test_ages_lean_to_windows() -> None:
    now = Timestamp.parse("2026-04-01T00:00:00Z")
    found = [event for history in samples(histories(POLICY, now=now)) for event in history]
    ages = {(now.nanos - event.at.nanos) // 10**9 - 30 * 86_400 for event in found}
    assert {-1, 0, 1} <= ages
    assert any(event.rules for event in found)
    assert {event.status for event in found} == set(STATUSES)


def test_a_policy_without_windows_and_rules_has_histories_too() -> None:
    policy = load_source("package a\naction a.x { }\n")
    found = samples(histories(policy, now="2026-04-01T00:00:00Z", max_size=2))
    assert {len(history) for history in found} == {0, 1, 2}


def test_the_number_of_a_threshold_need_not_have_a_neighbour() -> None:
    policy = load_source(
        "package a\naction a.x { t: timestamp }\n"
        "rule r on a.x when action.t <= 9999-12-31T23:59:59Z => auto_run\n"
    )
    assert any(a["params"]["t"] == "9999-12-31T23:59:59Z" for a in samples(actions(policy)))


# --- deciding the same


def test_two_policies_decide_the_same_or_not() -> None:
    text = "package a\naction a.x { n: int }\nrule r on a.x when action.n < %d => auto_run\n"
    five, also, six = (load_source(text % n) for n in (5, 5, 6))
    found = samples(actions(five))
    assert all(decides_same(five, also, action) for action in found)
    assert not all(decides_same(five, six, action) for action in found)
    action = {"action": "a.x", "params": {"n": 5}, "at": "2026-01-01T00:00:00Z"}
    assert not decides_same(five, six, action, History())


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

    for name in ("gatewright.testing", "gatewright.value_strategies"):
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
