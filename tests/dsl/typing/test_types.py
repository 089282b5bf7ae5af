"""Expressions that are right: each with the type that is inferred."""

from __future__ import annotations

import pytest

from gatewright.dsl import types as t
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.typing.typer import Typer
from tests.dsl.typing.support import USUAL, described, infer

TYPES = """
# literals
null => null
true => bool
5 => int
-9223372036854775808 => int
5u => uint
1.5 => double
"a" => string
b"a" => bytes
50 USD => money(USD)
30d => duration
2026-12-02T00:00:00Z => timestamp
[] => list<any>
{} => map<any, any>
[1, 2] => list<int>
[1, "a"] => list<any>
[null, 1] => list<any>
[1 USD, 2 EUR] => list<money>
[[1], [2]] => list<list<int>>
[[1], ["a"]] => list<any>
[?action.?reason] => list<string(max: 500)>
[?action.extra] => list<any>
{"a": 1, "b": 2} => map<string, int>
{"a": 1, 2: "b"} => map<any, any>
{1: true, 2: false} => map<int, bool>
{true: 1, false: 2, 1u: 3, 2: 4} => map<any, int>
{action.stage: 1} => map<enum("open", "refunded", "closed"), int>
{action.extra: 1} => map<any, int>
{?"a": action.?order} => map<string, string>

# names and fields
action.amount => money(USD)
.action.amount => money(USD)
action.charge.status => string
action.items[0].status => string
action.amount.amount => decimal
action.cash.currency => string
action.extra.whatever.deep => any
action.extra[0] => any
agent.id => string
agent.team => any
target.stage => any
risk => int
now => timestamp
data.pool => list<string>
data.limits.gold => int
data.limits["gold"] => int
data.limits[action.customer] => any
data.limits[action.extra] => any
data.teams.red.lead => string
data.teams["red"]["lead"] => string
data.nothing == null => bool
action.limits.gold => int
action.limits["gold"] => int
action.limits[action.extra] => int
action.by_number[1] => string
action.by_number[1u] => string
action.tags[0] => string
action.tags[action.size] => string
context.evidence => list<any>
small => money(USD)
other.cheap => money(USD)
other.orders.count(within: 1h) => int
now.in(other.shop) => bool

# optional values
action.?reason => optional<string(max: 500)>
action.?charge.status => optional<string>
action[?"reason"] => optional<string(max: 500)>
action.?backup.card => optional<string>
action.limits[?"a"] => optional<int>
action.tags[?0] => optional<string>
action.extra[?0] => optional<any>
action.extra.?a => optional<any>
changes.?Amount.new => optional<money(USD)>
action.?reason.orValue("") => string
action.?reason.hasValue() => bool
action.?order.or(action.?reason).value() => string
optional.none() => optional<any>
optional.of(1) => optional<int>
optional.of(1) == optional.none() => bool
optional.of(action.count).optMap(x, x + 1) => optional<int>
action.?backup.optFlatMap(b, b.?card) => optional<string>
action.extra.optMap(x, x) => optional<any>
action.extra.optFlatMap(x, x) => any
[optional.of(1)].unwrapOpt() => list<int>
optional.unwrap([optional.of("a")]) => list<string>

# arithmetic
1 + 2 => int
1u + 2u => uint
1.5 / 2.5 => double
action.rate + 1 => decimal
action.rate * 1.5 => decimal
1.5 * action.rate => decimal
-1.5 + action.rate => decimal
-(1.5) * action.rate => decimal
action.count + action.rate => decimal
action.rate % 3 => decimal
action.size * action.rate => decimal
-action.rate => decimal
-action.amount => money(USD)
-action.ttl => duration
-action.score => double
action.amount + 5 USD => money(USD)
action.amount + action.cash => money(USD)
action.cash - action.cash => money
action.amount * 2 => money(USD)
2.5 * action.amount => money(USD)
action.amount * action.rate => money(USD)
action.amount / 3 => money(USD)
action.amount / 1.5 => money(USD)
action.amount / small => decimal
"a" + action.stage => string
b"a" + action.raw => bytes
[1] + [2] => list<int>
[1] + [] => list<any>
now - 7d => timestamp
7d + now => timestamp
now - now => duration
1h + 30m => duration
action.extra + 1 => any
action.extra + "a" => string
action.extra + action.extra => any
-action.extra => any

# comparisons
1 == 1.0 => bool
1 < 1u => bool
action.count == action.score => bool
action.rate == 1 => bool
action.rate >= 50.10 => bool
50.10 <= action.rate => bool
action.rate in [1.5, 2.5] => bool
action.rate in [1.5, 2] => bool
1.5 in action.rates => bool
action.amount >= 50 USD => bool
action.cash == action.euros => bool
action.stage == "open" => bool
action.stage != action.customer => bool
action.stage in ["open", "closed"] => bool
action.customer in ["a", "b"] => bool
action.customer in data.pool => bool
action.stage in data.pool => bool
action.customer in action.limits => bool
"gold" in data.limits => bool
action.customer in data.limits => bool
action.customer in agent => bool
action.count in action.extra => bool
action.extra in [1, 2] => bool
"a" in [1u, "a", b"c"] => bool
[1] == [2] => bool
["a"] == action.tags => bool
{"a": 1} == action.limits => bool
action.charge == {"status": "x"} => bool
{"status": "x"} == action.charge => bool
action.extra == 5 USD => bool
action.extra < 5 => bool
action.extra < action.extra => bool
true < false => bool
b"a" < b"b" => bool
"a" < action.customer => bool
now > 2026-01-01T00:00:00Z => bool
action.ttl <= 8h => bool
action.amount in 1 USD .. 5 USD => bool
action.rate in 1.5 .. 2.5 => bool
action.count in 1 .. 2.5 => bool
now in now - 1h .. now => bool
type(action.count) == int => bool
type(now) == google.protobuf.Timestamp => bool
type(ip("::1")) == net.IP => bool
ip("::1") == ip("::2") => bool
null == null => bool
action.extra == null => bool

# logic
true && false || !true => bool
action.extra && action.public => bool
action.public ? 1 : 2 => int
action.public ? 1 USD : 2 EUR => money
action.public ? "a" : action.stage => string
action.public ? action.extra : 1 => any
action.public ? null : 1 => any
!action.extra => bool

# functions
size(action.tags) => int
action.customer.size() => int
size(data.limits) => int
action.charge.size() => int
action.customer.lowerAscii().contains("x") => bool
action.customer.split(",") => list<string>
action.tags.join(",") => string
["a", action.stage].join() => string
"%s and %d".format(["a", 1]) => string
action.customer.matches("^C-[0-9]+$") => bool
matches(action.customer, word) => bool
regex.extract(action.customer, "a(b)") => optional<string>
regex.extractAll(action.customer, r"\\d") => list<string>
math.abs(action.amount) => money(USD)
math.abs(-5) => int
math.greatest(1, 2) => int
math.greatest(1, 2.0) => any
math.greatest(action.amount, small) => money(USD)
math.least([1, 2]) => int
math.greatest(action.rate, 1) => any
math.sign(action.amount) => int
lists.range(3) => list<int>
[[1], [2]].flatten() => list<int>
[1].flatten() => list<int>
[3, 1].sort() => list<int>
[3, 1].first() => optional<int>
sets.contains([1], [2]) => bool
round(action.rate, 2, "half_even") => decimal
round(action.amount, 2, action.customer) => money(USD)
divide(action.amount, 3, 2, "half_up") => money(USD)
divide(action.amount, small, 2, "down") => decimal
decimal("1.5") + 1 => decimal
money("5.00 USD") => money
string(action.amount) => string
int("5") => int
timestamp("2026-01-01T00:00:00Z") => timestamp
now.getHours("Europe/Berlin") => int
action.ttl.getHours() => int
now.in(office) => bool
base64.encode(action.raw) => string
cidr("10.0.0.0/8").containsIP("10.0.0.1") => bool
dyn(5) => any
type(5) => type
action.extra.size() => int
action.extra.first() => optional<any>
group("managers") => people
action.extra.contains("x") => bool

# macros
action.tags.all(x, x != "") => bool
action.tags.exists(i, x, i > 0 && x != "") => bool
action.tags.exists_one(x, x == "a") => bool
action.limits.all(k, k != "") => bool
action.limits.exists(k, v, k != "" && v > 3) => bool
data.limits.all(k, v, v > 3) => bool
data.teams.all(k, k != "") => bool
agent.all(k, v, v == 3) => bool
action.tags.map(x, x.size()) => list<int>
action.tags.map(x, x != "", x.size()) => list<int>
action.tags.filter(x, x != "") => list<string>
action.limits.filter(k, k != "") => list<string>
action.tags.transformList(i, x, i) => list<int>
action.tags.transformList(i, x, i > 1, x) => list<string>
action.tags.transformMap(i, x, x) => map<int, string>
action.limits.transformMap(k, v, v > 1, v * 2) => map<string, int>
action.limits.transformMapEntry(k, v, {v: k}) => map<int, string>
action.limits.transformMapEntry(k, v, action.extra) => any
action.items.sortBy(i, i.status) => list<Charge>
action.tags.sortBy(i, action.stage) => list<string>
action.extra.map(x, x + 1) => list<any>
action.extra.all(x, x > 1) => bool
action.extra.all(k, v, v > 1) => bool
action.extra.sortBy(x, x) => any
cel.bind(x, action.amount, x + x) => money(USD)
[1, 2].map(x, [x].map(y, x + y)) => list<list<int>>
[1].map(action, action + 1) => list<int>
[1].map(size, size + 1) => list<int>
[1].map(math, math + 1) => list<int>
[{"abs": 1}].map(math, math.abs) => list<int>
["a"].map(other, other.cheap) => list<unknown>
[1].all(small, small > 1) => bool

# histories, changes, agreement
refunds.count(customer: action.customer, within: 30d) => int
refunds.count(within: window) => int
refunds.count(agent: agent.id, action: action.name, target: target.id, within: 1h) => int
refunds.count(customer: action.extra, within: action.extra) => int
refunds.sum(amount, within: 24h) => money(USD)
refunds.sum(amount, agent: agent.id, within: 24h) + action.amount => money(USD)
refunds.sum(extra, within: 24h) => any
refunds.distinct(customer, within: 1h) => int
refunds.last().at => timestamp
refunds.last(customer: action.customer).at > now - 7d => bool
changes.has("Amount") => bool
changes.has(owner_field) => bool
changes.only(["Amount", "Stage"]) => bool
changes.only(by_let) => bool
changes.fields => list<enum("Amount", "Stage", "Owner")>
changes.fields == ["Amount"] => bool
changes.fields.size() => int
agreement(by_amount, within: 90d) > 0.95 => bool
agreement(shop.by_age, within: 90d) => double
"""

CASES = [
    tuple(line.rsplit(" => ", 1))
    for line in TYPES.splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_an_expression_has_its_type(text: str, wanted: str) -> None:
    checked = infer(text)
    expected_mistakes = ["GW0331"] if wanted == "list<unknown>" else []
    assert checked.codes == expected_mistakes, described(checked.found)
    assert str(checked.type) == wanted


def test_every_node_has_its_type() -> None:
    expr = parse_expression("action.amount + 5 USD > small")
    typer = Typer(USUAL, lambda d: None)
    typer.infer(expr)
    assert typer.types[id(expr)] == t.BOOL
    assert typer.types[id(expr.left)] == t.MoneyType("USD")  # type: ignore[union-attr]


def test_what_a_condition_makes_known_is_known_to_the_next() -> None:
    found: list[object] = []
    typer = Typer(USUAL, found.append)
    first, second = map(parse_expression, ("has(action.reason)", 'action.reason != ""'))
    typer.check_condition(first)
    typer.check_condition(second, typer.facts_when_true(first))
    assert not found
    typer.check_condition(second)
    assert found


def test_what_is_known_adds_up_negated_or_not() -> None:
    found: list[object] = []
    typer = Typer(USUAL, found.append)
    has_none = parse_expression("!has(action.reason)")
    changes = parse_expression('changes.has("Amount")')
    known = typer.facts_when_false(has_none).and_(typer.facts_when_true(changes))
    both = 'action.reason == "" && changes.Amount.new > 1 USD'
    typer.check_condition(parse_expression(both), known)
    assert not found


def test_changes_of_an_undeclared_action_are_any() -> None:
    open_changes = t.ChangesType((), open=True)
    where = type(USUAL)({**USUAL.names, "changes": open_changes})
    assert infer('changes.has("X") && changes.X.new == 5', where).codes == []
    assert str(infer("changes.fields", where).type) == "list<string>"
    assert infer("changes.X.new", where).codes == ["GW0312"]
