"""Expressions where a type is wanted, as the values of an action in a test."""

from __future__ import annotations

import pytest

from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.typing.typer import Typer
from tests.dsl.typing.support import (
    ACTION,
    CHANGES,
    CHARGE,
    EUR,
    STAGE,
    USD,
    USUAL,
    described,
    record,
)

OPEN = t.RecordType("agent", (("id", t.FieldType(t.STRING)),), open=True)

FITTING: list[tuple[str, t.Type]] = [
    ("5", t.INT),
    ("5", t.DOUBLE),
    ("5", t.DECIMAL),
    ("5", t.UINT),
    ("1.5", t.DECIMAL),
    ("1.5", t.DOUBLE),
    ('"open"', STAGE),
    ("action.customer", STAGE),
    ("action.stage", STAGE),
    ('"abc"', t.StringType(3)),
    ("action.customer", t.StringType(3)),
    ("action.stage", t.STRING),
    ("5 USD", USD),
    ("5 EUR", t.MONEY),
    ("action.cash", USD),
    ("action.extra", USD),
    ("{}", CHARGE),
    ('{ status: "x" }', CHARGE),
    ('{ "status": "x", card: "y" }', CHARGE),
    ("action.charge", CHARGE),
    ("action.extra", CHARGE),
    ("action.limits", record("Limits", a=t.INT)),
    ('{ amount: 5 USD, rate: 1.5, score: 1, stage: "open", items: [{ status: "x" }] }', ACTION),
    ('{ Amount: { old: 1 USD, new: 2 USD }, Stage: { new: "open" } }', CHANGES),
    ('{ id: "a", team: 5 }', OPEN),
    ('{ "a": 1 }', t.MapType(t.STRING, t.DECIMAL)),
    ("data.limits", t.MapType(t.STRING, t.INT)),
    ("[1, 2.5]", t.ListType(t.DECIMAL)),
    ("[]", t.ListType(t.INT)),
    ("action.tags", t.ListType(t.STRING)),
    ("[?optional.of(1)]", t.ListType(t.INT)),
    ("optional.of(1)", t.OptionalType(t.INT)),
    ("null", t.ANY),
    ("zzz_unknown", t.INT),
    ('group("a")', t.PEOPLE),
]

WRONG: list[tuple[str, t.Type, str, str, str, str]] = [
    ('"opne"', STAGE, "GW0307", '"opne"', "`opne` is not one of the values", "`open`"),
    ("owner_field", STAGE, "GW0307", "owner_field", "`Owner` is not", "the values are"),
    ("action.mood", STAGE, "GW0311", "action.mood", "what is wanted here is", ""),
    ('"abcd"', t.StringType(3), "GW0333", '"abcd"', "4 characters", ""),
    ("5 EUR", USD, "GW0308", "5 EUR", "`USD` and `EUR`", ""),
    ("action.euros", USD, "GW0308", "action.euros", "`USD` and `EUR`", ""),
    ("5", USD, "GW0311", "5", "is `money(USD)`, and this is `int`", "`50 USD`"),
    ("5", t.MONEY, "GW0311", "5", "is `money`, and this is `int`", "`50 USD`"),
    ("action.score", t.DECIMAL, "GW0311", "action.score", "`double`", 'decimal("1.50")'),
    ('"5"', t.INT, "GW0311", '"5"', "`string`", "without quotes"),
    ("5", t.STRING, "GW0311", "5", "`int`", "in quotes"),
    ('"2026"', t.TIMESTAMP, "GW0311", '"2026"', "`string`", "2026-12-02T00:00:00Z"),
    ("5", t.DURATION, "GW0311", "5", "`int`", "`30d`"),
    ("-5", t.UINT, "GW0311", "-5", "`int`", ""),
    ("1.5", t.INT, "GW0311", "1.5", "`double`", ""),
    ("5", CHARGE, "GW0311", "5", "is `Charge`, and this is `int`", ""),
    ("action", CHARGE, "GW0311", "action", "this is action `billing.refund`", ""),
    ("refunds", t.ANY, "GW0311", "refunds", "this is a history", ""),
    ("{ stats: 1 }", CHARGE, "GW0302", "stats", "`Charge` has no field `stats`", "`status`"),
    ("{ status: 1 }", CHARGE, "GW0311", "1", "is `string`", ""),
    ("{ status: zzz }", CHARGE, "GW0301", "zzz", "", ""),
    ("{ 1: 2 }", CHARGE, "GW0329", "1", "a bare word or a `string`", ""),
    ('{ status: "a", "status": "b" }', CHARGE, "GW0332", '"status"', "given twice", ""),
    ("{ Amount: { old: 1 EUR } }", CHANGES, "GW0308", "1 EUR", "", ""),
    ("{ Amount: { nw: 1 USD } }", CHANGES, "GW0302", "nw", "`changes.Amount`", "`new`"),
    ("{ Amuont: 1 }", CHANGES, "GW0302", "Amuont", "`changes` has no field", "`Amount`"),
    ('{ "a": "b" }', t.MapType(t.STRING, t.INT), "GW0311", '"b"', "`string`", ""),
    ('[1, "a"]', t.ListType(t.INT), "GW0311", '"a"', "`string`", ""),
    ("[1.5]", t.ListType(EUR), "GW0311", "1.5", "`money(EUR)`", "`50 EUR`"),
    ('"a"', t.PEOPLE, "GW0311", '"a"', "is `people`", ""),
    ("action.reason", t.STRING, "GW0312", "action.reason", "may be absent", ""),
    ("now.in(office)", t.CHANNEL, "GW0311", "now.in(office)", "is `channel`", ""),
]


def check(text: str, wanted: t.Type) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    Typer(USUAL, found.append).check(parse_expression(text), wanted)
    return found


@pytest.mark.parametrize(("text", "wanted"), FITTING, ids=lambda value: str(value))
def test_what_fits_is_accepted(text: str, wanted: t.Type) -> None:
    found = [d for d in check(text, wanted) if d.code != "GW0301"]
    assert not found, described(found)


@pytest.mark.parametrize(("text", "wanted", "code", "underlined", "message", "help"), WRONG)
def test_what_does_not_fit_is_told(
    text: str, wanted: t.Type, code: str, underlined: str, message: str, help: str
) -> None:
    found = check(text, wanted)
    assert [d.code for d in found] == [code], described(found)
    assert found[0].span.text == underlined
    assert message in found[0].message
    assert help in (found[0].help or "")


def test_a_literal_has_the_type_that_is_wanted() -> None:
    expr = parse_expression("{ status: [1.5] }")
    typer = Typer(USUAL, lambda d: None)
    wanted = record("R", status=t.ListType(t.DECIMAL))
    assert typer.check(expr, wanted) == wanted
    assert t.DECIMAL in typer.types.values()
