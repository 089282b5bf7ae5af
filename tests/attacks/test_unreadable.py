"""What was given and cannot be read is not absent, and whoever reads it never fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from gatewright.engine.action import Action
from gatewright.engine.decision import Effect
from gatewright.engine.load import load_source
from gatewright.engine.reading import freeze
from gatewright.engine.values import Duration, Map, Money, Timestamp, Uint
from tests.attacks.support import AT, MARKS, REFUND, effect_of, refund, written

HEAD = """package a
type Thing { size?: int }
action x.y on shop.thing as Thing { n?: int, extra?: any, changes { F: string } }
action x.z {}
route r { one of group("g") }
default require r
on_error require r
rule open on x.y => auto_run
"""
GOOD: dict[str, Any] = {"action": "x.y", "params": {}, "agent": {"id": "b"}, "at": AT}
BAD: list[dict[str, Any]] = [
    {"changes": 5},
    {"changes": []},
    {"changes": "F"},
    {"changes": {5.5: 1}},
    {"changes": {"a": 1, MARKS: 2}},
]


@pytest.mark.parametrize("bad", BAD, ids=ascii)
@pytest.mark.parametrize(
    "condition",
    ['when changes.has("F")', 'unless changes.has("F")', 'when changes.only(["F"])',
     'unless changes.only(["F"])', "when changes.fields.size() == 0", "when !has(changes.F)",
     "when has(changes.F)", 'when "F" in changes.fields'],
)  # fmt: skip
def test_changes_that_cannot_be_read_may_change_anything(
    bad: dict[str, Any], condition: str
) -> None:
    policy = load_source(HEAD + f"guard g on x.y {condition} => block")
    assert effect_of(policy, {**GOOD, **bad}) is Effect.BLOCK


FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("action.n", {"params": {"n": "x"}}),
    ("action.n", {"params": {"n": {1: 1, "1": 1}}}),
    ("action.n", {"params": 5}),
    ("action.n", {"params": {5.5: 1}}),
    ("action.extra", {"params": {"extra": [float("nan")]}}),
    ("action.extra", {"params": {"extra": 2**63}}),
    ("target.size", {"target": {"attributes": {"size": "x"}}}),
    ("target.size", {"target": {"attributes": 5}}),
    ("target.size", {"target": 5}),
    ("target.id", {"target": {"id": 5}}),
    ("target.system", {"target": {"system": "other"}}),
    ("agent.team", {"agent": {"team": float("nan")}}),
    ("agent.team", {"agent": {"attributes": {"team": 1j}}}),
    ("agent.team", {"agent": 5}),
    ("agent.owner", {"agent": {"owner": 5}}),
    ("context.confidence", {"context": {"confidence": 7}}),
    ("context.evidence", {"context": {"evidence": "x"}}),
    ("context.trigger", {"context": 5}),
    ("action.n", {"params": {"n": 1j, **{f"k{i}": 1j for i in range(60)}}}),
    ("action.n", {"params": {**{f"k{i}": 1j for i in range(60)}, "n": 1j}}),
]


@pytest.mark.parametrize(("field", "bad"), FIELDS, ids=lambda v: ascii(v)[:60])
@pytest.mark.parametrize("condition", ["has({0})", "!has({0})", "{0} == {0}"])
def test_a_field_that_cannot_be_read_is_not_absent(
    field: str, bad: dict[str, Any], condition: str
) -> None:
    policy = load_source(
        HEAD + f"guard g on x.y when dyn({condition.format(field)}) == true => block"
        if "==" not in condition
        else HEAD + f"guard g on x.y when has({field}) && {condition.format(field)} => block"
    )
    assert effect_of(policy, {**GOOD, **bad}) is Effect.BLOCK


def test_a_field_that_was_not_given_is_absent() -> None:
    policy = load_source(HEAD + "guard g on x.y when has(action.n) => block")
    assert effect_of(policy, GOOD) is Effect.AUTO_RUN
    assert effect_of(policy, {**GOOD, "params": {"zzz": 1}}) is Effect.REQUIRE_APPROVAL


def test_a_salvaged_action_keeps_its_problems() -> None:
    policy = load_source(HEAD)
    action, problems = Action.read({**GOOD, "params": {"n": {1, 2}}})
    assert problems == action.problems != ()
    for given in (action, replace(action, at=None), replace(action, name="x.y")):
        assert effect_of(policy, given) is Effect.REQUIRE_APPROVAL


# --- secrets in problems


SECRETS = """package a
type Card { @secret pin?: int }
action x.y {
  @secret vault?: map<string, int>, @secret free?: any, extra?: any, card?: Card,
  cards?: map<string, Card>, changes { @secret F: map<string, int> }
}
"""
KEY = "S3CR3T"


@pytest.mark.parametrize("inner", [float("nan"), 2**63, 10**70, {1}, "x", {1: 1, "1": 2}, MARKS])
def test_a_problem_does_not_name_what_lies_in_a_secret(inner: Any) -> None:
    policy = load_source(SECRETS)
    secret = {KEY: inner, f"{KEY}2": {KEY: [inner]}}
    twice = {KEY: 1, f"{KEY}\u00e9": 2, f"{KEY}e\u0301": 3}
    for shape in (secret, {KEY: secret}, [secret], twice):
        params = {
            "vault": shape,
            "free": shape,
            "extra": {"pin": shape},
            "card": {"pin": shape},
            "cards": {"x": {"pin": shape}},
        }
        for name, value in params.items():
            decision = policy.evaluate({**GOOD, "params": {name: value}})
            assert KEY not in written(decision)
        decision = policy.evaluate({**GOOD, "changes": {"F": {"old": shape, "new": shape}}})
        assert KEY not in written(decision)


# --- classes of the caller


def evil(base: type, **methods: Any) -> type:
    """Return a subclass that answers as it likes."""
    return type("Evil", (base,), methods)


def fails(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("evil")


def says(answer: Any) -> Any:
    def method(*_: Any, **__: Any) -> Any:
        return answer

    return method


def endless(*_: Any) -> Iterator[tuple[str, int]]:
    number = 0
    while True:
        number += 1
        yield str(number), number


COMPARED = ("__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__ne__")
TRUE = {name: says(True) for name in COMPARED}
FALSE = {name: says(False) for name in COMPARED}
WORSE = dict.fromkeys((*COMPARED, "__hash__", "__bool__", "__len__", "__iter__"), fails)
FORGED = [
    *(
        Money(evil(Decimal, is_finite=says(True), adjusted=says(0), **how)(5000), "USD")
        for how in (TRUE, FALSE)
    ),
    Money(Decimal(5000), evil(str, __eq__=says(True), __hash__=says(0))("USD")),
    evil(str, __str__=says("5 USD"), **TRUE)("5000 USD"),
    evil(dict, items=says([("amount", "5000"), ("currency", "USD")]))(amount="5", currency="USD"),
]


@pytest.mark.parametrize("number", range(len(FORGED)))
def test_an_amount_is_what_it_is_and_not_what_it_says(number: int) -> None:
    amount = FORGED[number]
    policy = load_source(REFUND)
    assert effect_of(policy, refund(amount=amount)) is Effect.REQUIRE_APPROVAL
    params = Map([("customer", "C"), ("amount", amount if not isinstance(amount, dict) else 5)])
    by_hand = Action("billing.refund", params=params, at=Timestamp.parse(AT))
    assert effect_of(policy, by_hand) is Effect.REQUIRE_APPROVAL


def liar(claimed: Any) -> object:
    """Return an object that says it is of another class, or fails where it is asked."""
    return evil(object, __class__=property(says(claimed) if claimed is not None else fails))()


ODD: list[Any] = [
    evil(dict, items=fails)(a=1),
    evil(dict, items=endless)(),
    evil(dict, **WORSE)(a=1),
    evil(dict, get=fails, __getitem__=fails, keys=fails)(a=1),
    evil(list, __iter__=fails)([1]),
    evil(list, __iter__=endless)([1]),
    evil(tuple, **WORSE)((1,)),
    evil(str, **WORSE)("x"),
    evil(str, __str__=fails, isascii=fails, encode=fails)("\u00e9"),
    evil(int, __int__=fails, __index__=fails, __abs__=fails, **WORSE)(5),
    evil(float, __float__=fails, **WORSE)(5.5),
    evil(bytes, __bytes__=fails, **WORSE)(b"x"),
    evil(Uint, __int__=fails, **WORSE)(5),
    object.__new__(evil(Timestamp, __getattribute__=fails)),
    object.__new__(evil(Duration, __getattribute__=says("x"))),
    evil(datetime, utcoffset=fails, __sub__=fails)(2026, 1, 1),
    evil(timedelta, __floordiv__=fails)(1),
    evil(Decimal, is_finite=fails, as_tuple=fails, **WORSE)(5),
    *(liar(claimed) for claimed in (None, dict, list, str, int, float, bool, Map, Action, Money)),
    *(liar(claimed) for claimed in (Timestamp, Duration, Decimal, datetime, timedelta, bytes)),
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_no_class_of_a_caller_makes_a_decision_fail(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freeze, "MAX_VALUES", 1_000)  # what is endless is read so far
    odd: Any = ODD[number]
    good: dict[str, Any] = GOOD
    policy = load_source(
        HEAD + "guard g on * when has(action.extra) && action.extra == 5 => block"
        " guard h on * when agent.x == 5 && has(context.trigger) => block"
    )
    broken = cast("Any", object.__new__(evil(Action, __getattribute__=fails)))
    proposals: tuple[Any, ...] = (
        odd,
        {**good, "params": odd},
        {**good, "params": {"extra": odd, "n": odd}},
        {**good, "params": {"extra": [odd, {"x": odd}]}},
        {**good, "agent": odd},
        {**good, "agent": {"id": odd, "x": odd, "attributes": odd}},
        {**good, "target": {"id": odd, "attributes": {"size": odd}}},
        {**good, "changes": {"F": {"old": odd, "new": odd}}},
        {**good, "changes": {"F": odd}},
        {**good, "context": {"confidence": odd, "trigger": odd, "evidence": odd}},
        {**good, "at": odd},
        {**good, "action": odd},
        {**good, "idempotency_key": odd},
        Action("x.y", params=Map([("extra", odd), ("n", odd)])),
        broken,
    )
    for action in proposals:
        assert effect_of(policy, action) in Effect
    assert effect_of(policy, {**GOOD, "params": {"n": odd}}) is not Effect.AUTO_RUN or (
        isinstance(odd, int)
    )
