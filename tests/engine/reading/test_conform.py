"""Actions against their declared types."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import types as t
from gatewright.engine.action import Action, Change, Target
from gatewright.engine.reading.conform import Conformed, conform, conform_value
from gatewright.engine.reading.problems import UNFIT, Place
from gatewright.engine.values import (
    NOTHING,
    Duration,
    Map,
    Money,
    Timestamp,
    Uint,
    Value,
    kind_of,
)  # fmt: skip
from tests.engine.declared import action_type
from tests.engine.reading.test_json_text import JSON

RECORDS = "type Item { sku: string, count: int >= 1, @secret note?: string }"


def fit(fields: str, params: dict[str, Any], more: str = "", **parts: Any) -> Conformed:
    """Conform an action to a declaration with these fields."""
    action = Action.from_dict({"action": "billing.refund", "params": params, **parts})
    return conform(action, action_type(fields, more=more))


def read(declared: str, value: object) -> Value:
    """Return a parameter of that type which must fit."""
    conformed = fit(f"v: {declared}", {"v": value}, RECORDS)
    assert conformed.problems == ()
    return conformed.params["v"]


def problem(declared: str, value: object) -> str:
    """Return what is wrong with a parameter of that type; it must be left out."""
    conformed = fit(f"v: {declared}", {"v": value}, RECORDS)
    assert not conformed.fits
    assert len(conformed.params) == 0
    return str(conformed.problems[0])


def number(text: str) -> object:
    """Return a JSON number as the reader of JSON gives it."""
    return Action.from_json(f'{{"action": "x", "params": {{"n": {text}}}}}').params["n"]


@pytest.mark.parametrize(
    ("declared", "value", "typed"),
    [
        ("bool", True, True),
        ("int", 5, 5),
        ("int", Uint(5), 5),
        ("int", -(2**63), -(2**63)),
        ("uint", 5, Uint(5)),
        ("uint", 2**64 - 1, Uint(2**64 - 1)),
        ("double", 5, 5.0),
        ("double", 0.5, 0.5),
        ("double", number("0.50"), 0.5),
        ("decimal", "1.50", Decimal("1.50")),
        ("decimal", 3, Decimal(3)),
        ("decimal", Decimal("1.5"), Decimal("1.5")),
        ("decimal", number("50.10"), Decimal("50.10")),
        ("decimal", number("0.1000000000000000055511151231257827"),
         Decimal("0.1000000000000000055511151231257827")),
        ("decimal", number("1e3"), Decimal(1000)),
        ("money", "75.00 USD", Money(Decimal("75.00"), "USD")),
        ("money", {"amount": "-75.5", "currency": "EUR"}, Money(Decimal("-75.5"), "EUR")),
        ("money", {"amount": Decimal("1e2"), "currency": "EUR"}, Money(Decimal(100), "EUR")),
        ("money(USD)", Money(Decimal(1), "USD"), Money(Decimal(1), "USD")),
        ("string", "", ""),
        ("string(max: 2)", "é😀", "é😀"),
        ("string(max: 1)", "e\u0301", "é"),
        ("bytes", "/w==", b"\xff"),
        ("bytes", b"a", b"a"),
        ("timestamp", "2026-01-01T00:00:00Z", Timestamp.parse("2026-01-01T00:00:00Z")),
        ("timestamp", Timestamp(7), Timestamp(7)),
        ("duration", "3600s", Duration(3600 * 10**9)),
        ("duration", "1h30m", Duration(5400 * 10**9)),
        ("duration", "30d", Duration(30 * 86_400 * 10**9)),
        ("duration", "-2w", Duration(-14 * 86_400 * 10**9)),
        ("duration", timedelta(hours=1), Duration(3600 * 10**9)),
        ('enum("open", "refunded")', "open", "open"),
        ("list<int>", [1, 2], (1, 2)),
        ("list<money(USD)>", ["1 USD"], (Money(Decimal(1), "USD"),)),
        ("map<string, decimal>", {"a": "1.5"}, Map.of({"a": Decimal("1.5")})),
        ("map<int, string>", {"-1": "a", 2: "b"}, Map([(-1, "a"), (2, "b")])),
        ("map<uint, bool>", {"1": True}, Map([(Uint(1), True)])),
        ("map<bool, int>", {"true": 1, "false": 0}, Map([(True, 1), (False, 0)])),
        ("Item", {"sku": "a", "count": 1}, Map.of({"sku": "a", "count": 1})),
        ("list<Item>", [{"sku": "a", "count": 1, "note": "n"}],
         (Map.of({"sku": "a", "count": 1, "note": "n"}),)),
        ("any", None, None),
        ("any", [1, {"a": 1.5}], (1, Map.of({"a": 1.5}))),
        ("any", number("1.50"), 1.5),
        ("any", "75.00 USD", "75.00 USD"),
        ("int >= 5", 5, 5),
        ("decimal <= 0.30", "0.30000000000000000000", Decimal("0.30000000000000000000")),
        ("money(USD) >= 0 USD", "0 USD", Money(Decimal(0), "USD")),
        ("duration <= 30d", "30d", Duration(30 * 86_400 * 10**9)),
    ],
)  # fmt: skip
def test_a_value_that_fits_becomes_one_of_its_type(
    declared: str, value: object, typed: Value
) -> None:
    found = read(declared, value)
    assert (found, kind_of(found)) == (typed, kind_of(typed))
    assert isinstance(found, type(typed))
    if isinstance(typed, Map):
        assert list(found) == list(typed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("declared", "value", "message"),
    [
        ("bool", 1, "`params.v` must be a bool, not an int"),
        ("bool", None, "`params.v` must be a bool, not null"),
        ("int", True, "`params.v` must be an int, not a bool"),
        ("int", 1.0, "`params.v` must be an int, not a double"),
        ("int", "1", "`params.v` must be an int, not a string"),
        ("int", 2**63, "`params.v` must fit a signed 64-bit integer"),
        ("uint", -1, "`params.v` must fit an unsigned 64-bit integer"),
        ("uint", True, "`params.v` must be a uint, not a bool"),
        ("double", "1.5", "`params.v` must be a double, not a string"),
        ("double", True, "`params.v` must be a double, not a bool"),
        ("double", 2**53 + 1, "`params.v` must be a number that a double holds exactly"),
        ("decimal", 1.5, '`params.v` must be a decimal as text such as "1.50", not a double'),
        ("decimal", True, '`params.v` must be a decimal as text such as "1.50", not a bool'),
        ("decimal", "x", '`params.v` must be a decimal as text such as "1.50", not this text'),
        ("decimal", 10**59, None),
        ("money", 75, '`params.v` must be money as text such as "75.00 USD", not an int'),
        ("money", number("75.00"),
         '`params.v` must be money as text such as "75.00 USD", not a double'),
        ("money", "75", '`params.v` must be money as text such as "75.00 USD", not this text'),
        ("money", {"amount": 75, "currency": "USD"},
         '`params.v` must be money as text such as "75.00 USD", not a map'),
        ("money", {"amount": "75", "currency": "usd"},
         '`params.v` must be money as text such as "75.00 USD", not a map'),
        ("money", {"amount": "75", "currency": 3},
         '`params.v` must be money as text such as "75.00 USD", not a map'),
        ("money", {"amount": "75", "currency": "USD", "unit": "cent"},
         '`params.v` must be money as text such as "75.00 USD", not a map'),
        ("money(EUR)", 75, '`params.v` must be money(EUR) as text such as "75.00 EUR", not an int'),
        ("money(USD)", "75 EUR", "`params.v` must be money in USD"),
        ("string", 5, "`params.v` must be a string, not an int"),
        ("string(max: 2)", "abc", "`params.v` must not be longer than 2 characters"),
        ("bytes", "/w=", "`params.v` must be bytes as base64 text, not this text"),
        ("bytes", 5, "`params.v` must be bytes as base64 text, not an int"),
        ("timestamp", "2026-01-01",
         '`params.v` must be a timestamp as text such as "2026-12-02T00:00:00Z", not this text'),
        ("timestamp", 5,
         '`params.v` must be a timestamp as text such as "2026-12-02T00:00:00Z", not an int'),
        ("duration", "30 d",
         '`params.v` must be a duration as text such as "30d" or "3600s", not this text'),
        ("duration", "999999w",
         '`params.v` must be a duration as text such as "30d" or "3600s", not this text'),
        ("duration", 30,
         '`params.v` must be a duration as text such as "30d" or "3600s", not an int'),
        ('enum("open", "refunded")', "refund",
         '`params.v` must be one of "open", "refunded": did you mean `refunded`?'),
        ('enum("open", "refunded")', "x", '`params.v` must be one of "open", "refunded"'),
        ('enum("open", "refunded")', 1,
         '`params.v` must be one of "open", "refunded", not an int'),
        ("list<int>", {"0": 1}, "`params.v` must be a list<int>, not a map"),
        ("list<int>", [1, "a"], "`params.v[1]` must be an int, not a string"),
        ("map<string, int>", [1], "`params.v` must be a map<string, int>, not a list"),
        ("map<string, int>", {"a b": "x"}, '`params.v["a b"]` must be an int, not a string'),
        ("map<int, int>", {"01": 1}, '`params.v["01"]` has a key that is not an int'),
        ("map<int, int>", {"9223372036854775808": 1},
         '`params.v["9223372036854775808"]` has a key that is not an int'),
        ("map<bool, int>", {"True": 1}, "`params.v.True` has a key that is not a bool"),
        ("Item", [], "`params.v` must be an object of type Item, not a list"),
        ("Item", {"count": 1}, "`params.v.sku` is missing"),
        ("Item", {"sku": "a", "count": 0}, "`params.v.count` must be >= 1"),
        ("Item", {"sku": "a", "count": 1, "cuont": 2},
         "`params.v.cuont` is not declared among the fields of `Item`: did you mean `count`?"),
        ("any", 2**63, "`params.v` does not fit a signed 64-bit integer"),
        ("any", [{"a": [-(2**63) - 1]}],
         "`params.v[0].a[0]` does not fit a signed 64-bit integer"),
        ("int >= 5", 4, "`params.v` must be >= 5"),
        ("decimal <= 0.30", "0.30000000000000000001", "`params.v` must be <= 0.30"),
        ("money >= 0 USD", "1 EUR",
         "`params.v` cannot be compared with its bound: EUR and USD are different currencies"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(declared: str, value: object, message: str | None) -> None:
    if message is None:
        assert read(declared, value) == value
    else:
        assert problem(declared, value) == message


def test_missing_and_unknown_fields() -> None:
    conformed = fit("customer: string, reason?: string", {"custmer": "C", "x": 1})
    assert [str(p) for p in conformed.problems] == [
        "`params.customer` is missing",
        "`params.custmer` is not declared among the fields of `billing.refund`: "
        "did you mean `customer`?",
        "`params.x` is not declared among the fields of `billing.refund`",
    ]
    assert [p.path for p in conformed.problems] == ["params.customer", "params.custmer", "params.x"]


def test_an_optional_field_is_left_out_not_null() -> None:
    assert fit("reason?: string", {}).fits
    assert [str(p) for p in fit("reason?: string", {"reason": None}).problems] == [
        "`params.reason` must be a string, not null; leave the key out where there is no value"
    ]


def test_what_fits_stays_where_something_else_does_not() -> None:
    conformed = fit("a: int, b: int", {"a": "x", "b": 1})
    assert conformed.params == Map.of({"b": 1})


def test_an_undeclared_action_stands_as_it_is() -> None:
    action = Action.from_json(
        '{"action": "x", "params": {"m": "75.00 USD", "n": 1.50, "big": 99999999999999999999},'
        '"changes": {"F": {"old": null, "new": [1.5]}, "G": {"new": 1},'
        ' "H": {"old": 1, "new": 99999999999999999999}},'
        '"target": {"system": "s", "attributes": {"a": {"b": 1}, "c": 99999999999999999999}}}'
    )
    conformed = conform(action, None)
    assert conformed.params == Map.of({"m": "75.00 USD", "n": 1.5})
    assert type(conformed.params["n"]) is float
    assert dict(conformed.changes) == {"F": Change(None, (1.5,)), "G": Change(NOTHING, 1)}
    assert conformed.target == Target("s", None, None, Map.of({"a": Map.of({"b": 1})}))
    assert [p.path for p in conformed.problems] == [
        "params.big", "changes.H.new", "target.attributes.c",
    ]  # fmt: skip


def test_changes_get_the_types_of_their_fields() -> None:
    declared = (
        'changes { status: enum("open", "refunded"), amount: money(USD) > 0 USD, note?: string }'
    )
    changes = {
        "status": {"old": "open", "new": "refunded"},
        "amount": {"old": "1 USD", "new": "2.5 USD"},
        "note": {"old": None, "new": "n"},
    }
    conformed = fit(declared, {}, changes=changes)
    assert conformed.fits
    assert dict(conformed.changes) == {
        "status": Change("open", "refunded"),
        "amount": Change(Money(Decimal(1), "USD"), Money(Decimal("2.5"), "USD")),
        "note": Change(NOTHING, "n"),
    }
    assert dict(fit(declared, {}, changes={"note": {"new": "n"}}).changes) == {
        "note": Change(NOTHING, "n")
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": {"new": "open"}}, "`changes.status.old` is missing"),
        ({"status": {"old": None, "new": "open"}},
         '`changes.status.old` must be one of "open", not null'),
        ({"status": {"old": "open", "new": "shut"}}, '`changes.status.new` must be one of "open"'),
        ({"amount": {"old": "1 USD", "new": "0 USD"}}, "`changes.amount.new` must be > 0 USD"),
        ({"stat": {"old": 1, "new": 2}},
         "`changes.stat` is not declared among the fields of `changes`: did you mean `status`?"),
    ],
)  # fmt: skip
def test_changes_that_do_not_fit(change: dict[str, Any], message: str) -> None:
    declared = 'changes { status: enum("open"), amount: money(USD) > 0 USD }'
    conformed = fit(declared, {}, changes=change)
    assert [str(p) for p in conformed.problems] == [message]
    assert len(conformed.changes) == 0


def test_an_action_without_changes_refuses_some() -> None:
    conformed = fit("", {}, changes={"F": {"old": 1, "new": 2}})
    assert [p.path for p in conformed.problems] == ["changes.F"]


CHARGE = "type Charge { status: string, fee?: money, age: duration }"


def target(given_target: dict[str, Any] | None) -> Conformed:
    action = Action.from_dict({"action": "billing.refund", "target": given_target})
    return conform(action, action_type("", "on stripe.charge.v2 as Charge", CHARGE))


def test_the_target_is_of_the_declared_system_and_type() -> None:
    assert target(None).target == Target("stripe", "charge.v2")
    found = target({"id": "ch_1", "attributes": {"age": "3d", "fee": "1 USD"}})
    assert found.fits
    assert found.target.id == "ch_1"
    assert found.target.attributes == Map.of(
        {"fee": Money(Decimal(1), "USD"), "age": Duration(3 * 86_400 * 10**9)}
    )
    assert target({"system": "stripe", "object": "charge.v2"}).fits


@pytest.mark.parametrize(
    ("given_target", "message"),
    [
        ({"system": "paypal"}, "`target.system` must be `stripe`, as the action is declared"),
        ({"object": "charge"}, "`target.object` must be `charge.v2`, as the action is declared"),
        ({"attributes": {"stauts": "x"}},
         "`target.attributes.stauts` is not declared among the fields of `Charge`: "
         "did you mean `status`?"),
        ({"attributes": {"fee": 1}},
         '`target.attributes.fee` must be money as text such as "75.00 USD", not an int'),
    ],
)  # fmt: skip
def test_a_target_that_does_not_fit(given_target: dict[str, Any], message: str) -> None:
    conformed = target(given_target)
    assert [str(p) for p in conformed.problems] == [message]
    assert conformed.target.system in ("stripe", None)
    assert conformed.target.object in ("charge.v2", None)
    assert len(conformed.target.attributes) == 0


def test_an_action_without_on_takes_any_target() -> None:
    conformed = fit("", {}, target={"system": "s", "object": "o", "attributes": {"a": 1}})
    assert conformed.fits
    assert conformed.target == Target("s", "o", None, Map.of({"a": 1}))


CARD = "4111-1111-1111-1111"
HIDDEN_FIELDS = (
    '@secret card: string(max: 3), @secret kind: enum("4111-1111-1111-1112"), '
    "@secret item: Item, @secret keyed: map<string, int>, @secret paid: money >= 0 USD"
)


def test_problems_of_secret_fields_do_not_tell_their_values() -> None:
    params: dict[str, Any] = {
        "card": CARD, "kind": CARD, "item": {CARD: 1, "sku": [], "count": "x"},
        "keyed": {CARD: "x"}, "paid": "75 EUR",
    }  # fmt: skip
    conformed = fit(HIDDEN_FIELDS, params, RECORDS)
    texts = [str(p) for p in conformed.problems] + [p.path for p in conformed.problems]
    assert not any(CARD in text or "EUR" in text for text in texts)
    assert {p.path for p in conformed.problems} == {f"params.{name}" for name in params}
    assert "`params.paid` cannot be compared with its bound" in texts
    assert "`params.item` has a field that its type does not declare" in texts


def test_problems_are_capped_and_nothing_after_them_fits_by_mistake() -> None:
    params = {"v": [{"sku": 1, "count": 1}] * 100}
    conformed = fit("v: list<Item>", params, RECORDS)
    assert len(conformed.problems) == 50
    assert len(conformed.params) == 0


@pytest.mark.parametrize(
    ("value", "declared", "typed"),
    [
        ("legacy", t.EnumType(("a",)), "legacy"),
        ("long", t.StringType(1), "long"),
        (5, t.STRING, UNFIT),
        ("5 USD", t.MONEY, Money(Decimal(5), "USD")),
        (None, t.NULL, None),
        (1, t.NULL, UNFIT),
    ],
)
def test_recorded_values_are_read_leniently(value: Value, declared: t.Type, typed: Value) -> None:
    assert conform_value(value, declared, "v") == typed


def test_recorded_records_may_have_other_fields() -> None:
    record = t.RecordType("R", (("a", t.FieldType(t.INT)), ("b", t.FieldType(t.INT))))
    assert conform_value(Map.of({"a": 1, "old": 2}), record, "v") == Map.of({"a": 1})
    assert conform_value(Map.of({"a": "x"}), record, "v") is UNFIT


def test_places_are_paths_and_end_at_a_secret() -> None:
    assert Place("a").key("b").item(2).key("x y").path == 'a.b[2]["x y"]'
    assert Place("").key("k" * 100).path == f'["{"k" * 60}..."]'
    assert Place("a").key("b", secret=True).key("c").item(1).path == "a.b"
    assert repr(UNFIT) == "UNFIT"


TYPES = st.sampled_from(
    ["bool", "int", "uint", "double", "decimal", "money", "money(USD)", "string(max: 3)", "bytes",
     "timestamp", "duration", 'enum("a", "b")', "list<int>", "map<string, any>", "map<int, int>",
     "Item", "any", "list<list<Item>>"]
)  # fmt: skip


@given(TYPES, JSON, st.booleans())
def test_whatever_is_proposed_fits_or_is_left_out(declared: str, value: Any, wrap: bool) -> None:
    params = {"v": {"sku": value, "count": 1} if wrap else value}
    conformed = fit(f"v: {declared}", params, RECORDS)
    assert conformed.fits == ("v" in conformed.params)
    if conformed.fits:
        again = Action.from_dict({"action": "billing.refund", "params": dict(conformed.params)})
        assert conform(again, action_type(f"v: {declared}", more=RECORDS)) == conformed
