"""What may be absent is read only where it is known to be there."""

from __future__ import annotations

import pytest

from gatewright.dsl.parser import parse_expression
from gatewright.dsl.typing.presence import Facts, Presence, changing
from gatewright.dsl.typing.typer import Typer
from tests.dsl.typing.support import LABEL, USUAL, described, infer, scope

KNOWN = [
    'has(action.reason) && action.reason == ""',
    'has(action.reason) && (action.public || action.reason == "")',
    '!has(action.reason) || action.reason == ""',
    'has(action.reason) ? action.reason == "" : true',
    '!has(action.reason) ? true : action.reason == ""',
    "has(action.reason) && has(action.order) && action.reason == action.order",
    '(has(action.reason) && true) && action.reason == ""',
    '!(!has(action.reason) || !action.public) && action.reason == ""',
    '(action.public ? has(action.reason) : false) && action.reason == ""',
    '(action.public ? has(action.reason) : has(action.reason)) && action.reason == ""',
    '(has(action.reason) || has(action.reason) && action.public) && action.reason == ""',
    'false && action.reason == ""',
    'true || action.reason == ""',
    "has(action.reason) && [action.reason].exists(x, action.reason == x)",
    "has(action.reason) && action.tags.exists(x, x == action.reason)",
    "action.tags.exists(x, has(action.reason) && x == action.reason)",
    'has(action.reason) && action["reason"] == ""',
    'has(action.reason) && .action.reason == ""',
    "has(action.reason) && action.reason.size() + 1 > action.reason.size()",
    'has(action.backup) && action.backup.status == ""',
    'has(action.backup) && has(action.backup.card) && action.backup.card == ""',
    'has(action.backup) && action.backup.?card == optional.of("")',
    'given && action.reason == ""',
    'not_given || action.reason == ""',
    '!not_given && action.reason == ""',
    "given && long",
    "safe_long",
    "given && has(action.order) && urgent",
    'has(action.reason) && why == ""',
    '!(has(action.reason) && action.public) || action.reason == ""',
    'changes.has("Amount") && changes.Amount.new > changes.Amount.old',
    'changes.has(owner_field) && changes.Owner.new == ""',
    "has(changes.Amount) && changes.Amount.new > 1 USD",
    'changes.only(["Amount"]) && changes.Amount.new > 1 USD',
    'changes.only(["Amount", "Amount"]) && changes.Amount.new > 1 USD',
    'changes.only(harmless) && changes.Owner.new == ""',
    'changes.only(by_let) && changes.Owner.new == ""',
    '"Owner" in changes.fields && changes.Owner.new == ""',
    'owner_field in changes.fields && changes["Owner"].new == ""',
    "changes.?Amount.new.orValue(1 USD) > 1 USD",
    "refunds.last().at > now - 1d",
    "has(refunds.last().amount) && refunds.last().amount > 1 USD",
    'has(refunds.last().amount) && refunds.last().customer == ""',
    "has(refunds.last(customer: action.customer).order)"
    ' && refunds.last(customer:  action.customer).order == ""',
    "has(last_refund.amount) && last_refund.amount > 1 USD",
    "has(last_refund.amount) && refunds.last(customer: action.customer).amount > 1 USD",
    "cel.bind(r, refunds.last(), has(r.amount) && r.amount > 1 USD)",
    'action.items.exists(i, has(i.card) && i.card == "")',
    "action.items.map(i, has(i.card), i.card) == []",
    "action.items.transformList(n, i, has(i.card), i.card) == []",
    "action.items.all(i, action.items.all(j, has(j.card) && has(i.card) && i.card == j.card))",
    "action.items.all(i, has(refunds.last(customer: i.status).amount)"
    " && refunds.last(customer: i.status).amount > 1 USD)",
]

ABSENT = [
    ('action.reason == ""', "action.reason", "has(action.reason)"),
    ('action.reason == "" && has(action.reason)', "action.reason", "has(action.reason)"),
    ('has(action.reason) || action.reason == ""', "action.reason", "has(action.reason)"),
    ('!has(action.reason) && action.reason == ""', "action.reason", "has(action.reason)"),
    ('has(action.order) && action.reason == ""', "action.reason", "has(action.reason)"),
    ('(has(action.reason) || action.public) && action.reason == ""', "action.reason", "has("),
    ('(action.public ? has(action.reason) : true) && action.reason == ""', "action.reason", ""),
    ('has(action.reason) ? true : action.reason == ""', "action.reason", "has(action.reason)"),
    ('action["reason"] == ""', 'action["reason"]', "has(action.reason)"),
    ("has(action.backup.card)", "action.backup", "has(action.backup)"),
    ('has(action.backup) && action.backup.card == ""', "action.backup.card", "has(action.b"),
    ("long", "long", "has(action.reason)"),
    ("given || long", "long", "has(action.reason)"),
    ('why == ""', "why", "has(action.reason)"),
    ('other.reasoned == ""', "other.reasoned", "has(action.reason)"),
    ("given && urgent", "urgent", "has(action.order)"),
    ("changes.Amount.new > 1 USD", "changes.Amount", 'changes.has("Amount")'),
    ('changes["Amount"].new > 1 USD', 'changes["Amount"]', 'changes.has("Amount")'),
    ('changes.has("Owner") && changes.Amount.new > 1 USD', "changes.Amount", "Amount"),
    ('changes.only(["Owner", "Amount"]) && changes.Owner.new == ""', "changes.Owner", "Owner"),
    ('changes.only(two_fields) && changes.Owner.new == ""', "changes.Owner", "Owner"),
    ('"Owner" in ["Owner"] && changes.Owner.new == ""', "changes.Owner", "Owner"),
    ("refunds.last().amount > 1 USD", "refunds.last().amount", "has(refunds.last().amount)"),
    ("last_refund.amount > 1 USD", "last_refund.amount", "has(last_refund.amount)"),
    ('has(refunds.last().amount) && refunds.last().order == ""', "refunds.last().order", "order"),
    ('has(refunds.last(agent: "a").amount) && refunds.last().amount > 1 USD', "", ""),
    ("cel.bind(r, refunds.last(), r.amount > 1 USD)", "r.amount", "has(r.amount)"),
    ('action.items.exists(i, i.card == "")', "i.card", "has(i.card)"),
    ('action.items.filter(i, has(i.card)).all(i, i.card == "")', "i.card", "has(i.card)"),
    ('action.items.all(i, has(i.card) && action.items.all(i, i.card == ""))', "i.card", "has("),
    ("action.items.all(i, has(i.card) || action.items.all(j, j.card == i.card))", "", ""),
    ('has(action.reason) && [action.charge].all(action, action.card == "")', "action.card", ""),
]


@pytest.mark.parametrize("text", KNOWN)
def test_what_is_known_to_be_there_can_be_read(text: str) -> None:
    checked = infer(text)
    assert checked.codes == [], described(checked.found)


@pytest.mark.parametrize(("text", "underlined", "test"), ABSENT)
def test_what_may_be_absent_is_told(text: str, underlined: str, test: str) -> None:
    checked = infer(text)
    assert set(checked.codes) == {"GW0312"}, described(checked.found)
    found = checked.found[0]
    assert underlined in found.span.text
    assert found.help is not None
    assert found.help.startswith("write `")
    assert test in found.help
    assert "&& ...` before it" in found.help


def test_a_let_is_told_where_it_is_used_with_what_it_reads() -> None:
    found = infer("long").found[0]
    assert found.message == f"`action.reason` may be absent {LABEL}"
    assert [(lab.span.source.name, lab.span.text, lab.text) for lab in found.labels] == [
        ("<long>", "action.reason", "`long` reads it here")
    ]


def test_what_a_let_of_lets_needs_reaches_the_use_once() -> None:
    lets = {"a": 'action.reason == ""', "b": "a && a", "c": "b || a"}
    checked = infer("c", scope(lets))
    assert checked.codes == ["GW0312"], described(checked.found)
    assert infer("has(action.reason) && c", scope(lets)).codes == []


def test_a_field_of_a_loop_in_a_let_is_told_in_the_let() -> None:
    where = scope({"cards": 'action.items.exists(i, i.card == "")'})
    checked = infer("cards && cards", where)
    assert checked.codes == ["GW0312"]
    assert checked.found[0].span.text == "i.card"


def test_facts_are_given_by_the_caller() -> None:
    assert infer("action.reason", facts=["has(action.reason)"]).codes == []
    assert infer("changes.Owner.new", facts=['changes.has("Owner")']).codes == []
    assert infer("action.order", facts=["has(action.reason)"]).codes == ["GW0312"]


def test_changing_gives_fields_of_changes() -> None:
    found: list[object] = []
    typer = Typer(USUAL, found.append)
    typer.infer(parse_expression("changes.Amount.new > changes.Amount.old"), changing(["Amount"]))
    assert not found
    assert changing([]) == Facts.none()


def test_facts_combine() -> None:
    presence = Presence(USUAL)
    reason = presence.facts_when_true(parse_expression("has(action.reason)"))
    order = presence.facts_when_true(parse_expression("has(action.order)"))
    never = presence.facts_when_true(parse_expression("false"))
    assert reason.and_(order).or_(reason) == reason
    assert reason.or_(order) == Facts.none()
    assert never.or_(order) == order
    assert order.or_(never) == order
    assert next(iter(reason.present)) in never.and_(Facts.none())
    assert presence.facts_when_false(parse_expression("!has(action.reason)")) == reason


def test_circles_of_lets_say_nothing() -> None:
    presence = Presence(USUAL)
    assert presence.facts_when_true(parse_expression("itself")) == Facts.none()
    assert presence.facts_when_true(parse_expression("has(itself.x)")).present
    assert presence.facts_when_true(parse_expression("changes.has(itself)")) == Facts.none()


def test_bound_names_hide_lets() -> None:
    presence = Presence(USUAL)
    expr = parse_expression("given")
    assert presence.facts_when_true(expr).present
    assert presence.outcomes(expr, USUAL, {"given"})[0] == Facts.none()
