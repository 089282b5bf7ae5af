"""Expressions that are wrong: each with its code, what is underlined, message and advice."""

from __future__ import annotations

import pytest

from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.messages.catalog import TITLES
from tests.dsl.typing.support import LABEL, described, infer

Mistake = tuple[str, str, str, str, str]

NAMES: list[Mistake] = [
    ("customer == 1", "GW0301", "customer", "nothing is named `customer`", "`action.customer`"),
    ("action.stage == open", "GW0301", "open", "`open`", 'in quotes: `"open"`'),
    ("now.in(offic)", "GW0301", "offic", "`offic`", "did you mean `office`?"),
    ("size > 1", "GW0301", "size", "`size`", "write `action.size`"),
    ("lowerAscii > 1", "GW0301", "lowerAscii", "`lowerAscii`", "in quotes"),
    ("round > 1", "GW0301", "round", "`round`", "it is a function: write `round(...)`"),
    ("other > 1", "GW0301", "other", "`other`", "it is a package: write `other.`"),
    ("math > 1", "GW0301", "math", "`math`", "in quotes"),
    ("requester == 1", "GW0330", "requester", "only a route knows who asks", ""),
    ("other.chap > 1 USD", "GW0302", "chap", "`other` has no field `chap`", "`cheap`"),
    ("other.action", "GW0302", "action", "`other` has no field `action`", "`cheap`"),
    ("action.amuont", "GW0302", "amuont", "`action` has no field `amuont` for", "`amount`"),
    ("action . amuont", "GW0302", "amuont", "no field `amuont`", "`amount`"),
    ("(action.amuont)", "GW0302", "amuont", "no field `amuont`", "`amount`"),
    ("action // why\n .amuont", "GW0302", "amuont", "no field `amuont`", "`amount`"),
    ("action.`amu-ont`", "GW0302", "`amu-ont`", "no field `amu-ont`", "`amount`"),
    ("action.Amount", "GW0302", "Amount", "no field `Amount`", "`changes.Amount.new`"),
    ("action.?reasn", "GW0302", "reasn", "no field `reasn`", "`reason`"),
    ("action.charge.stats", "GW0302", "stats", "`action.charge` has no", "`status`"),
    ("action.charge.zzz", "GW0302", "zzz", "no field `zzz`", "are `status` and `card`"),
    ("data.poool", "GW0302", "poool", "`data` has no field `poool`", "`pool`"),
    ('data.limits["gld"]', "GW0302", '"gld"', "`data.limits` has no field `gld`", "`gold`"),
    ('"gld" in data.limits', "GW0302", '"gld"', "`data.limits` has no", "`gold`"),
    ("has(action.reasn)", "GW0302", "reasn", "no field `reasn`", "`reason`"),
    ("changes.Amuont.new", "GW0302", "Amuont", "`changes` has no field", "`Amount`"),
    ('changes["Amuont"].new', "GW0302", '"Amuont"', "`changes` has no field", "`Amount`"),
    ("has(changes.Amuont)", "GW0302", "Amuont", "`changes` has no field", "`Amount`"),
    ("changes.?Amount.nw", "GW0302", "nw", "`changes.?Amount` has no field `nw`", "`new`"),
    ("action.tags.size", "GW0331", "size", "`list<string>` has no field", "`action.tags.size()`"),
    ("action.count.x", "GW0331", "x", "`int` has no field `x`", ""),
    ("action.by_number.x", "GW0331", "x", "`map<int, string>` has no field", ""),
    ("office.zone", "GW0331", "zone", "a calendar has no field", ""),
    ("refunds.amount > 1", "GW0320", "amount", "a history has no `amount`", "refunds.last"),
    ("refunds.cont", "GW0320", "cont", "a history has no `cont`", "`count`"),
]

CALLS: list[Mistake] = [
    ("siez(action.tags)", "GW0303", "siez", "no function `siez`", "did you mean `size`?"),
    (".siez(action.tags)", "GW0303", "siez", "no function `siez`", "did you mean `size`?"),
    ("startsWith(1, 2)", "GW0303", "startsWith", "no function", "`x.startsWith(...)`"),
    ("risk(1)", "GW0303", "risk", "no function `risk`", "a value, not a function"),
    ("small(1)", "GW0303", "small", "no function `small`", "a value, not a function"),
    ("has(action.reason, 1)", "GW0303", "has", "no function", "`has(action.reason)`"),
    ("all(action.tags)", "GW0303", "all", "no function `all`", "`list.all(x, x > 0)`"),
    ("action.tags.frist()", "GW0303", "frist", "no function `frist`", "`first`"),
    ("action.tags.length()", "GW0303", "length", "`length`", "write `action.tags.size()`"),
    ("action.tags.every()", "GW0303", "every", "`every`", "write `action.tags.all(x, ...)`"),
    ("action.rate.round()", "GW0303", "round", "`round`", "write `round(action.rate)`"),
    ("action.charge.sizee()", "GW0303", "sizee", "`sizee`", "did you mean `size`?"),
    ("math.abz(1)", "GW0303", "abz", "no function `math.abz`", "`math.abs`"),
    ("cel.bind(x, 1)", "GW0315", "bind", "`cel.bind` does not take 2", "cel.bind(name"),
    ("action.tags.all(x)", "GW0315", "all", "`all` does not take 1", "`list.all(x, x > 0)`"),
    ('action.tags.all("x", true)', "GW0315", '"x"', "binds a plain name", "list.all(x"),
    ("action.tags.all(.x, true)", "GW0315", ".x", "binds a plain name", "list.all(x"),
    ("action.tags.all(x, x, true)", "GW0315", "x", "two different names", "list.all(x"),
    ("action.customer.all(x, true)", "GW0316", "all", "needs a list or a map", "split a text"),
    ("action.count.map(x, 1)", "GW0316", "map", "`map` needs a list or a map", ""),
    ("action.limits.sortBy(x, 1)", "GW0316", "sortBy", "`sortBy` needs a list", ""),
    ("action.items.sortBy(x, x)", "GW0316", "x", "values that have an order", ""),
    ("action.tags.optMap(x, x)", "GW0316", "optMap", "needs an optional value", ""),
    ("optional.of(1).optFlatMap(x, x)", "GW0316", "x", "needs an optional value", ""),
    ("action.tags.transformMapEntry(i, x, x)", "GW0316", "x", "needs a map", ""),
    ("action.tags.all(x, x)", "GW0311", "x", "the condition of `all` is `bool`", '`x != ""`'),
    ("action.tags.map(x, x, 1)", "GW0311", "x", "the condition of `map`", '`x != ""`'),
    ("[?action.count]", "GW0316", "action.count", "needs an optional value", ""),
    ("size(1, 2)", "GW0304", "size", "`size` does not take `int` and `int`", "size(string"),
    ("optional.none(1)", "GW0304", "none", "`optional.none` does not take `int`", ""),
    ("action.customer.trim(1)", "GW0304", "trim", "`trim` does not take `int`", "string.trim()"),
    ("5.size()", "GW0304", "size", "`size` does not take `int`", ""),
    ("size()", "GW0304", "size", "`size` does not take no arguments", ""),
    ("size(5)", "GW0304", "5", "`size` does not take `int`", "it is `size(string"),
    ('"a".contains(5)', "GW0304", "5", "`contains` does not take `int`", ""),
    ("now.in(action.tags)", "GW0304", "action.tags", "`in` does not take", "(calendar)"),
    ("size(refunds)", "GW0304", "refunds", "`size` does not take a history", ""),
    ("type(changes)", "GW0304", "changes", "`type` does not take the changes", ""),
    ("dyn(office)", "GW0304", "office", "`dyn` does not take a calendar", ""),
    ('round(1.005, 2, "up")', "GW0304", "1.005", "`round` does not take `double`", ""),
    ('math.greatest(1, "a")', "GW0304", '"a"', "does not take `string`", "and 5 more"),
    ('round(action.rate, 2, "half_evn")', "GW0307", '"half_evn"', "a way to round", "half_even"),
    ("math.greatest(small, 5 EUR)", "GW0308", "greatest", "`USD` and `EUR` are", "convert"),
    ("size(x: action.tags)", "GW0313", "x: action.tags", "`size` takes no named", "`x:`"),
    ("has(x: action.reason)", "GW0313", "x: action.reason", "`has` takes no named", "`x:`"),
    ("[1].all(x, y: true)", "GW0313", "y: true", "`all` takes no named", "`y:`"),
    ("cel.bind(x, 1, y: x)", "GW0313", "y: x", "`cel.bind` takes no named", "`y:`"),
    ('changes.has(f: "Amount")', "GW0313", 'f: "Amount"', "`has` takes no named", "`f:`"),
    ("has(action)", "GW0314", "action", "a field that is written with a dot", "has(action.reason)"),
    ('has(action["reason"])', "GW0314", 'action["reason"]', "with a dot", "has(action.reason)"),
    ("has(action.?reason)", "GW0314", "action.?reason", "with a dot", "has(action.reason)"),
    ("action.customer.matches(action.name)", "GW0317", "action.name", "not a literal", "quotes"),
    ('matches(action.name, "a" + "b")', "GW0317", '"a" + "b"', "`matches` is not", "quotes"),
    ('action.customer.matches("(a")', "GW0318", '"(a"', "missing ): (a", "RE2"),
    ('action.customer.matches("(?=a)")', "GW0318", '"(?=a)"', "(?=", "RE2"),
    ("action.customer.matches(broken)", "GW0318", "broken", "missing ): (a", "RE2"),
    ('regex.replace(action.customer, "[", "x")', "GW0318", '"["', "missing ]", "RE2"),
]

OPERATORS: list[Mistake] = [
    ("action.amount > 5 EUR", "GW0308", "5 EUR", "`USD` and `EUR` are different", "convert"),
    ("action.amount == action.euros", "GW0308", "action.amount == action.euros", "`EUR`", ""),
    ("action.amount + action.euros", "GW0308", "action.amount + action.euros", "`EUR`", ""),
    ("action.amount / 1 EUR", "GW0308", "1 EUR", "`EUR`", ""),
    ("action.amount in [1 USD, 2 EUR]", "GW0308", "2 EUR", "`EUR`", ""),
    ("action.amount in 1 USD .. 5 EUR", "GW0308", "5 EUR", "`EUR`", ""),
    ("action.rate > action.score", "GW0309", "action.rate > action.score", "is exact", "decimal("),
    ("action.rate > half", "GW0309", "action.rate > half", "`decimal` is exact", "decimal("),
    ("action.rate + action.score", "GW0309", "action.rate + action.score", "is exact", ""),
    ("action.rate in rates", "GW0309", "rates", "is exact", "decimal("),
    ("action.rate in data.prices", "GW0309", "action.rate in data.prices", "is exact", ""),
    ("action.amount * action.score", "GW0309", "action.amount * action.score", "is exact", ""),
    ("action.score * small", "GW0309", "action.score * small", "`money(USD)` is exact", ""),
    ("action.amount > 50", "GW0310", "50", "`money(USD)` and a plain number", "`50 USD`"),
    ("50.5 < action.amount", "GW0310", "50.5", "plain number", "`50.5 USD`"),
    ("action.cash > 50", "GW0310", "50", "`money` and a plain number", "`50 USD`"),
    ("action.amount + 2", "GW0310", "2", "plain number", "`2 USD`"),
    ("action.amount + risk", "GW0310", "action.amount + risk", "plain number", "`50 USD`"),
    ("action.cash in 1 USD .. 5 EUR", "GW0308", "action.cash in 1 USD .. 5 EUR", "`EUR`", ""),
    ('action.extra in 1 .. "b"', "GW0306", 'action.extra in 1 .. "b"', "`string`", ""),
    ("action.amount in 1 .. 5 USD", "GW0310", "1", "plain number", "`1 USD`"),
    ("action.amount in [1 USD, 2]", "GW0310", "2", "plain number", "`2 USD`"),
    ('action.stage == "opne"', "GW0307", '"opne"', "`opne` is not a value of", "`open`"),
    ('"zzz" != action.stage', "GW0307", '"zzz"', "`zzz` is not", "`open`, `refunded` and `closed`"),
    ('action.stage in ["open", "closd"]', "GW0307", '"closd"', "`closd` is not", "`closed`"),
    ("action.stage in stages", "GW0307", "stages", "`clsed` is not", "`closed`"),
    ("action.stage == owner_field", "GW0307", "owner_field", "`Owner` is not", "the values are"),
    ('"Amuont" in changes.fields', "GW0307", '"Amuont"', "`Amuont` is not", "`Amount`"),
    ("action.stage == action.mood", "GW0306", "action.stage == action.mood", "cannot be", "common"),
    ('action.stage < "open"', "GW0306", '"open"', "cannot be compared", '`in ["open"]`'),
    (
        "action.count == null",
        "GW0306",
        "null",
        "`int` cannot be compared with `null`",
        "never null",
    ),
    ('action.count == "5"', "GW0306", '"5"', "`int` cannot be compared", "without quotes"),
    ('action.public == "true"', "GW0306", '"true"', "`bool` cannot be compared", ""),
    ('now > "2026-01-01"', "GW0306", '"2026-01-01"', "`timestamp` cannot", "2026-12-02T"),
    ("now > 2026-12-01", "GW0306", "now > 2026-12-01", "`timestamp` cannot", "2026-12-02T"),
    ("1 USD < action.amount < 5 USD", "GW0306", "5 USD", "`bool` cannot", "x > a && x < b"),
    ('action.ttl > "1h"', "GW0306", '"1h"', "`duration` cannot", "`30d`"),
    ('action.amount > "5 USD"', "GW0306", '"5 USD"', "`money(USD)` cannot", "`50 USD`"),
    ("action.ttl <= 8", "GW0306", "8", "`duration` cannot be compared with `int`", "`8h`"),
    ("refunds > 5", "GW0306", "5", "a history cannot be compared with `int`", "refunds.count("),
    ("changes == 5", "GW0306", "5", "the changes cannot be compared", "changes.Amount.new"),
    ("office == now", "GW0306", "office == now", "a calendar cannot be compared", ""),
    ('action.?reason == ""', "GW0306", '""', "cannot be compared", "action.?reason.orValue("),
    ("action.tags < action.tags", "GW0306", "action.tags < action.tags", "cannot", ""),
    ("action.tags == [1]", "GW0306", "action.tags == [1]", "`list<int>`", ""),
    ("action.charge == 5", "GW0306", "5", "`Charge` cannot be compared with `int`", ""),
    ("action == 5", "GW0306", "5", "action `billing.refund` cannot be compared", ""),
    ("action.extra < [1]", "GW0306", "action.extra < [1]", "`any` cannot be compared", ""),
    ("5 in action.tags", "GW0306", "5", "cannot be compared", ""),
    ("5 in action.limits", "GW0306", "5", "cannot be compared", ""),
    ("5 in data.limits", "GW0329", "5", "the name of a field is a `string`", ""),
    ('"x" in action.customer', "GW0316", "action.customer", "`in` needs", 'contains("x")'),
    ('"Owner" in changes', "GW0316", "changes", "`in` needs", 'changes.has("Owner")'),
    ("5 in refunds", "GW0316", "refunds", "this is a history", "refunds.count("),
    ("5 in 5", "GW0316", "5", "this is `int`", ""),
    ("action.count + 1.5", "GW0305", "1.5", "`+` does not take `int` and `double`", "convert"),
    ("action.customer + 5", "GW0305", "5", "`string` and `int`", "`string(5)`"),
    ("5 + action.customer", "GW0305", "5", "`int` and `string`", "`string(5)`"),
    ("now + 7", "GW0305", "7", "`timestamp` and `int`", "`7d`"),
    ("now + now", "GW0305", "now + now", "`timestamp` and `timestamp`", ""),
    ("refunds + 5", "GW0305", "5", "a history and `int`", "refunds.count("),
    ("5 / action.amount", "GW0305", "5", "`int` and `money(USD)`", ""),
    ("action.amount * small", "GW0305", "action.amount * small", "`*` does not take", ""),
    ("action.public + action.public", "GW0305", "action.public + action.public", "`+`", ""),
    ("-action.customer", "GW0305", "action.customer", "`-` does not take `string`", ""),
    ("-action.size", "GW0305", "action.size", "`-` does not take `uint`", ""),
    ("!action.count", "GW0311", "action.count", "what `!` negates is `bool`", "`action.count > 0`"),
    ("action.count && true", "GW0311", "action.count", "an operand of `&&`", "> 0"),
    ("true || action.customer", "GW0311", "action.customer", "an operand of `||`", '!= ""'),
    ("true && action.?order", "GW0311", "action.?order", "`bool`", "`action.?order.hasValue()`"),
    ("true && refunds", "GW0311", "refunds", "this is a history", "refunds.count("),
    ("true && action.charge", "GW0311", "action.charge", "this is `Charge`", ""),
    ("action.count ? 1 : 2", "GW0311", "action.count", "what stands before `?`", "> 0"),
    ('action.public ? 1 : "a"', "GW0328", 'action.public ? 1 : "a"', "`int` and the other", "one"),
    ("1bd > 1h", "GW0319", "1bd", "business days such as `1bd`", "`24h`"),
]

PARTS: list[Mistake] = [
    ("action.tags[1.5]", "GW0329", "1.5", "a position in a list is an `int`", ""),
    ("action.by_number[action.name]", "GW0329", "action.name", "a key of this map is a `int`", ""),
    ("data.limits[1]", "GW0329", "1", "the name of a field is a `string`", ""),
    ("action.count[0]", "GW0329", "action.count", "only lists and maps have elements", ""),
    ("action.customer[?0]", "GW0329", "action.customer", "only lists and maps", ""),
    ("changes[action.name]", "GW0325", "action.name", "changed field is not a literal", "quotes"),
    ("{1.5: 2}", "GW0329", "1.5", "a key is a `bool`", ""),
    ("{[]: 2}", "GW0329", "[]", "a key is a `bool`", ""),
    ('{"a": 1, "a": 2}', "GW0332", '"a"', "this key is given twice", ""),
    ("{true: 1, true: 2}", "GW0332", "true", "this key is given twice", ""),
    ("{1: 1, 1u: 2}", "GW0332", "1u", "this key is given twice", ""),
]

DOMAIN: list[Mistake] = [
    ("refunds.cuont(within: 1h)", "GW0320", "cuont", "a history has no `cuont`", "`count`"),
    ("refunds.zzz(5)", "GW0320", "zzz", "a history has no `zzz`", "`last` or `distinct`"),
    ("refunds.count(custmer: 1, within: 1h)", "GW0321", "custmer", "no key", "`customer`"),
    ('refunds.count(status: "x", within: 1h)', "GW0321", "status", "no key `status`", "the keys"),
    (
        "refunds.count(extra: action.amount, within: 1h)",
        "GW0306",
        "action.amount",
        "`any`",
        "declare a type for `extra`",
    ),
    ("refunds.count(extra: now, within: 1h)", "GW0306", "now", "`timestamp`", "`extra`"),
    ("refunds.count(5, within: 1h)", "GW0323", "5", "takes only named arguments", "customer:"),
    ("refunds.last(5)", "GW0323", "5", "`last` takes only named", ""),
    ("refunds.count()", "GW0322", "count", "`count` needs a window", "`within: 30d`"),
    ("refunds.sum(amount)", "GW0322", "sum", "`sum` needs a window", ""),
    ("refunds.distinct(order)", "GW0322", "distinct", "`distinct` needs a window", ""),
    ("refunds.count(within: 30)", "GW0311", "30", "the window of a history is", "within: 30d"),
    ("refunds.count(within: 0s)", "GW0322", "0s", "longer than nothing", ""),
    ("refunds.count(within: -1h)", "GW0322", "-1h", "longer than nothing", ""),
    ("refunds.count(within: 1bd)", "GW0319", "1bd", "business days", "`24h`"),
    ("refunds.count(within: 1h, within: 2h)", "GW0324", "within: 2h", "given twice", ""),
    ("refunds.count(customer: 5, within: 1h)", "GW0306", "5", "`int` cannot be compared", ""),
    ("refunds.count(amount: 5 EUR, within: 1h)", "GW0308", "5 EUR", "`EUR` and `USD`", ""),
    ("refunds.sum(amuont, within: 1h)", "GW0323", "amuont", "no field `amuont`", "`amount`"),
    ('refunds.sum("amount", within: 1h)', "GW0323", '"amount"', "bare name", "sum(amount, ...)"),
    ("refunds.sum(action.amount, within: 1h)", "GW0323", "action.amount", "bare", "sum(amount"),
    ("refunds.sum(action.x.y, within: 1h)", "GW0323", "action.x.y", "bare", "sum(amount, within"),
    ("refunds.sum(5, within: 1h)", "GW0323", "5", "a bare name", "sum(amount, within"),
    ("refunds.sum(within: 1h)", "GW0323", "sum", "the name of one field first", "sum(amount"),
    ("refunds.sum(within: 1h, amount)", "GW0323", "sum", "one field first", "sum(amount"),
    ("refunds.sum(customer, within: 1h)", "GW0323", "customer", "cannot be added up", "numbers"),
    ('changes.hass("Amount")', "GW0326", "hass", "`changes` has no `hass(...)`", "`has`"),
    ("changes.zzz()", "GW0326", "zzz", "`changes` has no `zzz(...)`", "`has` or `only`"),
    ("changes.has()", "GW0315", "has", "takes one argument, not 0", 'changes.has("Amount")'),
    ("changes.only([], [])", "GW0315", "only", "takes one argument, not 2", "changes.only("),
    ("changes.has(action.name)", "GW0325", "action.name", "is not a literal", "in quotes"),
    ("changes.only(action.tags)", "GW0325", "action.tags", "is not a literal", "in quotes"),
    ("changes.only([action.name])", "GW0325", "action.name", "is not a literal", "in quotes"),
    ('changes.has("Amuont")', "GW0302", '"Amuont"', "`changes` has no field", "`Amount`"),
    ('changes.only(["Owner", "Stge"])', "GW0302", '"Stge"', "has no field `Stge`", "`Stage`"),
    ("agreement(by_amuont, within: 1d)", "GW0207", "by_amuont", "no rule or guard", "`by_amount`"),
    ('agreement("by_amount", within: 1d)', "GW0327", "agreement", "one rule or guard", "90d"),
    ("agreement(within: 1d)", "GW0327", "agreement", "one rule or guard", "90d"),
    ("agreement(within: 1d, by_amount)", "GW0327", "agreement", "one rule or guard", "90d"),
    ("agreement(by_amount, within: 1d, within: 2d)", "GW0324", "within: 2d", "given twice", "away"),
    ("agreement(small, within: 1d)", "GW0327", "agreement", "one rule or guard", "90d"),
    ("agreement(by_amount)", "GW0322", "agreement", "`agreement` needs a window", "30d"),
    ("agreement(by_amount, within: 5)", "GW0311", "5", "the window of a history", "30d"),
    ("agreement(by_amount, x: 1, within: 1d)", "GW0313", "x: 1", "takes no named", "`x:`"),
]

ALL = [*NAMES, *CALLS, *OPERATORS, *PARTS, *DOMAIN]


@pytest.mark.parametrize(("text", "code", "underlined", "message", "help"), ALL)
def test_a_mistake_is_told_once_where_it_is(
    text: str, code: str, underlined: str, message: str, help: str
) -> None:
    checked = infer(text)
    assert checked.codes == [code], described(checked.found)
    found = checked.found[0]
    assert found.span.text == underlined
    assert message in found.message
    assert help in (found.help or "")


@pytest.mark.parametrize("text", sorted({mistake[0] for mistake in ALL}))
def test_messages_are_one_sentence_in_policy_words(text: str) -> None:
    for found in infer(text).found:
        assert_readable(found)


def assert_readable(found: Diagnostic) -> None:
    assert found.message[0] in "`abcdefghijklmnopqrstuvwxyz"
    assert not found.message.endswith(".")
    for text in (found.message, found.help or "", *(label.text for label in found.labels)):
        assert "Type(" not in text
        assert "Scalar" not in text
        assert "None" not in text


def test_every_code_of_the_stage_has_a_case() -> None:
    codes = {code for code in TITLES if code.startswith("GW03")}
    elsewhere = {"GW0312", "GW0333"}
    assert codes - elsewhere <= {mistake[1] for mistake in ALL}


def test_two_sides_are_labelled_with_their_types() -> None:
    found = infer("action.amount == action.euros").found[0]
    assert [(label.span.text, label.text) for label in found.labels] == [
        ("action.amount", "this is money(USD)"),
        ("action.euros", "this is money(EUR)"),
    ]


def test_a_pattern_of_a_let_is_shown_where_it_is_written() -> None:
    found = infer("action.customer.matches(broken)").found[0]
    assert [label.span.source.name for label in found.labels] == ["<broken>"]


def test_what_depends_on_the_action_names_it_and_what_does_not_does_not() -> None:
    assert infer("action.zzz").found[0].message.endswith(LABEL)
    assert LABEL not in infer("data.zzz").found[0].message


@pytest.mark.parametrize(
    "text",
    [
        "action.zzz > 5",
        "zzz + 5 USD",
        "zzz.yyy.xxx(1)[2]",
        "zzz.yyy()",
        "zzz.matches(yyy_zzz) ? 1 : 2",
        "-zzz",
        "zzz in action.tags",
        "5 in zzz",
        "zzz in 1 .. 2",
        "[zzz].map(x, x + 1)",
        "zzz.map(x, x.y)",
        "refunds.sum(zzz, within: 1h) > 5",
        "{zzz: 1}",
        "[?zzz]",
        'round(zzz, 2, "up")',
        "zzz && true",
        "zzz ? 1 : 2",
        "true ? zzz : 2",
        "action.tags.sortBy(x, zzz)",
    ],
)
def test_one_mistake_is_told_once(text: str) -> None:
    unknown = [d for d in infer(text).found if d.code not in {"GW0301", "GW0302", "GW0323"}]
    assert not unknown, described(unknown)


def test_several_mistakes_are_all_told() -> None:
    codes = infer('action.amuont > 5 && action.stage == "x" && zzz').codes
    assert codes == ["GW0302", "GW0307", "GW0301"]


def test_a_long_expression_is_cut_in_messages() -> None:
    text = "action.?" + "reason.orValue(" + "'" + "x" * 100 + "').zzz"
    assert "..." in (infer(f"[{text[:-4]}].size() && true").found[0].help or "...")
    found = infer(f"data.limits[{'action.name + ' * 10}'gold'].zzz.yyy && data.?zzz").found
    assert all(len(d.message) < 200 for d in found)
