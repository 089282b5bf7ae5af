from __future__ import annotations

from decimal import Decimal

from gatewright.engine.load import load_source
from gatewright.engine.policy_tests.hints import Hints, hints
from gatewright.engine.values import Duration, Money, Timestamp, Uint

POLICY = """\
package a
action a.x { n: int, u: uint, m: money(USD), s: string, l: list<int>, t: timestamp, d: double }
action a.y { n: int }
history past = a.x
let limit = 50 USD
let unused = action.n < 77
permit when agent.age < 14d to a.x
permit when agent.team == "y" to a.y
risk r1 on a.x when action.s == "risky" => 10
rule one on a.x when action.m < limit && action.u == 5u && action.l == [1, 2] => auto_run
rule two on a.x when action.s.size() > 0 && action.s.size() < 1.5 => auto_run
rule three on a.x when past.count(within: 30d) == 0 && past.last().at < now - 7d => auto_run
rule four on a.y when action.n == 8 => auto_run
guard g on a.x when action.d >= 0.5 => block
exception e suspends g {
  when agent.id == "bot-9"
  from 2026-05-01T00:00:00Z
  until 2026-05-09T00:00:00Z
  owner "o"
  reason "r"
  ticket "T-1"
}
"""


def of(action: str) -> Hints:
    return hints(load_source(POLICY).policy, action)


def test_constants_and_their_neighbours_by_path() -> None:
    found = of("a.x").values
    cents = [Decimal("50"), Decimal("49.99"), Decimal("50.01")]
    assert found[("action", "m")] == tuple(Money(amount, "USD") for amount in cents)
    assert found[("action", "u")] == (Uint(5), Uint(4), Uint(6))
    assert found[("action", "l")] == ((1, 2),)
    assert found[("action", "d")] == (0.5, 0.49, 0.51)
    assert found[("action", "s")] == ("risky",)
    assert found[("action", "n")] == (77, 76, 78)
    assert found[("agent", "id")] == ("bot-9",)
    days = 14 * 86_400
    assert found[("agent", "age")] == tuple(Duration(s * 10**9) for s in (days, days - 1, days + 1))
    assert Timestamp.parse("2026-05-08T23:59:59Z") in found[("now",)]


def test_sizes_windows_and_what_is_read() -> None:
    found = of("a.x")
    assert found.sizes == {("action", "s"): (0, 1)}
    assert found.windows == (30 * 86_400 * 10**9,)
    assert {("action", "m"), ("agent", "age"), ("agent", "id")} <= found.read


def test_only_what_concerns_the_action_counts() -> None:
    found = of("a.y").values
    assert found[("action", "n")] == (8, 7, 9, 77, 76, 78)
    assert found[("agent", "team")] == ("y",)
    assert ("action", "m") not in found
    assert ("agent", "age") not in found


def test_undeclared_actions_have_hints_too() -> None:
    policy = load_source("package a\nguard g on b.* when action.n > 5 => block\n").policy
    assert hints(policy, "b.c").values == {("action", "n"): (5, 4, 6)}
    assert hints(policy, "c.d").values == {}


def test_a_neighbour_beyond_the_range_is_left_out() -> None:
    policy = load_source(
        "package a\naction a.x { t: timestamp, u: uint }\n"
        "guard g on a.x when action.t == 9999-12-31T23:59:59.999999999Z => block\n"
        "guard h on a.x when action.u == 0u => block\n"
    ).policy
    assert len(hints(policy, "a.x").values[("action", "t")]) == 2
    assert hints(policy, "a.x").values[("action", "u")] == (Uint(0), Uint(1))
