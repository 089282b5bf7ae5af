"""Routes, effects and calendars. Source: docs/language.md#how-a-decision-is-made, #route."""

from __future__ import annotations

import pytest

from gatewright.dsl.policy import OnTimeout, Period
from gatewright.dsl.reach import closure
from gatewright.dsl.resolve.effects import find_circle
from tests.dsl.resolve.support import checked, told

HOUR = 3600 * 10**9


def test_a_route_as_declared() -> None:
    policy = checked(
        "package p\naction p.a { }\ncalendar office { zone 'UTC' }\n"
        "route finance { one of group('f') outranks lead }\nroute lead { one of 'x' outranks clerk }\n"
        "route clerk { one of 'y' }\n"
        "route m { 2 of ['a', user('b')] exclude requester, agent.owner, group('x') exclude 'me'\n"
        "  distinct remind 1h sla 2bd timeout 4bd then escalate finance notify slack('#x'), email\n"
        "  notify email }\n"
    )
    m = policy.routes["p.m"]
    assert m.quorum == 2
    assert len(m.exclude) == 4
    assert len(m.notify) == 3
    assert m.remind == Period(HOUR)
    assert m.sla == Period(None, 2)
    assert m.timeout == OnTimeout(Period(None, 4), "escalate", "p.finance")
    assert m.calendar == "p.office"
    assert policy.routes["p.finance"].outranks == {"p.lead", "p.clerk"}
    assert policy.routes["p.clerk"].calendar is None
    assert policy.routes["p.lead"].quorum == "one"


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ("", ["GW0501 `r` the route `r` names nobody who may approve"]),
        ("one of 'a' one of 'b'", ["GW0110 `one of 'b'` who approves is given twice"]),
        ("one of []", ["GW0502 `[]` nobody is named here, so nobody could ever approve"]),
        ("one of role(' ')", ["GW0502 `role(' ')` nobody is named here, so nobody could ever approve"]),
        ("one of ['']", ["GW0502 `['']` nobody is named here, so nobody could ever approve"]),
        ("one of ['a', user(' ')]",
         ["GW0502 `['a', user(' ')]` nobody is named here, so nobody could ever approve"]),
        ("0 of 'a'", ["GW0503 `0 of 'a'` at least one person must approve"]),
        ("2 of ['a']", ["GW0504 `2 of ['a']` 2 people must approve, and only 1 is named"]),
        ("2 of 'a'", ["GW0504 `2 of 'a'` 2 people must approve, and only 1 is named"]),
        ("2 of ['a', 'a']", ["GW0504 `2 of ['a', 'a']` 2 people must approve, and only 1 is named"]),
        ("2 of ['a', user('a')]",
         ["GW0504 `2 of ['a', user('a')]` 2 people must approve, and only 1 is named"]),
        ("2 of [user('a'), user(action.name)]", []),
        ("2 of ['a', group('b')]", []),
        ("all of 'a'", []),
        ("3 of ['a', user('b')]",
         ["GW0504 `3 of ['a', user('b')]` 3 people must approve, and only 2 are named"]),
        ("3 of ['a', group('b')]", []),
        ("3 of group('b')", []),
        ("1 of user('b')", []),
        ("all of user('b')", []),
        ("2 of user('b')", ["GW0504 `2 of user('b')` 2 people must approve, and only 1 is named"]),
        ("one of 'a' distinct distinct", ["GW0110 `distinct` `distinct` is given twice"]),
        ("one of 'a' remind 1h remind 2h", ["GW0110 `remind 2h` `remind` is given twice"]),
        ("one of 'a' sla 1h sla 2h", ["GW0110 `sla 2h` `sla` is given twice"]),
        ("one of 'a' remind 0h", ["GW0513 `0h` a timer must be longer than nothing"]),
        ("one of 'a' sla 0bd calendar c", ["GW0513 `0bd` a timer must be longer than nothing"]),
        ("one of 'a' remind 2h timeout 1h then reject",
         ["GW0512 `2h` the reminder comes at or after the time-out"]),
        ("one of 'a' remind 1bd timeout 24h then reject calendar c",
         ["GW0512 `1bd` the reminder comes at or after the time-out"]),
        ("one of 'a' remind 1h timeout 2h then reject sla 9h", []),
        ("one of 'a' outranks gone, b", ["GW0204 `gone` there is no route `gone` here"]),
        ("one of 'a' timeout 1h then escalate gone", ["GW0204 `gone` there is no route `gone` here"]),
        ("one of 'a' calendar gone", ["GW0213 `gone` there is no calendar `gone` here"]),
        ("one of 'a' calendar x.c", ["GW0213 `x.c` there is no calendar `x.c` here"]),
        ("one of 'a' calendar c calendar c", ["GW0110 `calendar c` `calendar` is given twice"]),
        ("one of 'a' outranks r", ["GW0505 `r` a route outranks itself: `r` -> `r`"]),
        ("one of 'a' timeout 1h then escalate r",
         ["GW0506 `r` the escalation never ends: `r` -> `r`"]),
        ("one of 5", ["GW0515 `5` people are named here, and `5` is `int`"]),
        ("one of ['a', 5]", ["GW0515 `5` people are named here, and `5` is `int`"]),
        ("one of data.people", []),
        ("one of data.numbers",
         ["GW0515 `data.numbers` people are named here, and `data.numbers` is `list<int>`"]),
        ("one of target.owner", []),
        ("one of 'a' exclude true", ["GW0515 `true` people are named here, and `true` is `bool`"]),
        ("one of 'a' exclude requester", []),
        ("one of 'a' notify 'x'",
         ["GW0311 `'x'` what is wanted here is `channel`, and this is `string`"]),
        ("one of 'a' notify teams('x'), webhook('y'), apprise('z'), email('w')", []),
        ("one of boss('a')", ["GW0303 `boss` there is no function `boss`"]),
    ],
)  # fmt: skip
def test_a_route_that_is_wrong_is_told(items: str, lines: list[str]) -> None:
    text = "package p\naction p.a { }\ncalendar c { zone 'UTC' }\nroute b { one of 'b' }\n"
    data = {"people": ["a", "b"], "numbers": [1]}
    assert told(f"{text}route r {{ {items} }}\n", data=data) == lines


def test_business_days_need_one_calendar() -> None:
    route = "route r { one of 'a' timeout 1bd then reject }\n"
    line = "GW0511 `1bd` business days need a calendar with a time zone"
    assert told(f"package p\n{route}") == [line]
    c, d = "calendar c { zone 'UTC' }\n", "calendar d { zone 'UTC' }\n"
    assert checked(f"package p\n{c}{route}").routes["p.r"].calendar == "p.c"
    assert told(f"package p\n{c}{d}{route}") == [line]


@pytest.mark.parametrize(
    ("items", "days", "hours"),
    [
        ("", range(5), (0, 1440)),
        ("days 'mon'", [0], (0, 1440)),
        ("days 'Mon, wed,SAT'", [0, 2, 5], (0, 1440)),
        ("days 'fri-mon'", [4, 5, 6, 0], (0, 1440)),
        ("days 'mon-sun'", range(7), (0, 1440)),
        ("days 'sun-sat'", range(7), (0, 1440)),
        ("hours '09:00-17:30'", range(5), (540, 1050)),
        ("hours '00:00 - 24:00'", range(5), (0, 1440)),
    ],
)
def test_a_calendar_has_days_and_minutes(
    items: str, days: list[int], hours: tuple[int, int]
) -> None:
    policy = checked(f"package p\ncalendar c {{ zone 'Europe/Berlin' {items} }}\n")
    calendar = policy.packages["p"].calendars["c"]
    assert calendar.zone == "Europe/Berlin"
    assert calendar.days == frozenset(days)
    assert (calendar.opens_minute, calendar.closes_minute) == hours


@pytest.mark.parametrize(
    "items",
    [
        "", "zone 'Berlin'", "zone ''", "zone '../etc/passwd'", "zone '/etc/localtime'", "zone 5",
        "zone 'UTC' days ''", "zone 'UTC' days 'mo'", "zone 'UTC' days 'mon-'",
        "zone 'UTC' days 'mon..fri'", "zone 'UTC' days 5", "zone 'UTC' hours '9-17'",
        "zone 'UTC' hours '17:00-09:00'", "zone 'UTC' hours '09:00-09:00'",
        "zone 'UTC' hours '09:00-25:00'", "zone 'UTC' hours 9", "zone 'UTC' holidays 5",
        "zone 'UTC\\x00'",
    ],
)  # fmt: skip
def test_a_calendar_that_is_wrong_is_told(items: str) -> None:
    codes = {line[:6] for line in told(f"package p\ncalendar c {{ {items} }}\n")}
    assert codes == {"GW0604"}


def test_holidays_are_a_list() -> None:
    text = "package p\ncalendar c { zone 'UTC' holidays data.days }\n"
    assert checked(text, data={"days": ["2026-12-25"]})
    checked("package p\ncalendar c { zone 'UTC' holidays ['2026-12-25'] }\n")
    assert told(text, data={"days": 5}) == [
        "GW0604 `data.days` the holidays of a calendar are a list of dates"
    ]
    assert told(text) == ["GW0302 `days` `data` has no field `days`"]


# --- effects


def test_then_orders_each_stage_before_the_next() -> None:
    policy = checked(
        "package p\nroute a { one of 'x' }\nroute b { one of 'x' }\nroute c { one of 'x' }\n"
        "guard g => require a and b then c\nguard h => require a then b then c\n"
    )
    g, h = (rule.rows[0].effect for rule in policy.rules)
    assert g.orders == {("p.a", "p.c"), ("p.b", "p.c")}
    assert h.orders == {("p.a", "p.b"), ("p.b", "p.c")}


@pytest.mark.parametrize(
    ("effect", "lines"),
    [
        ("require a and a", ["GW0514 `a` the route `a` is required twice in one effect"]),
        ("require a and gone", ["GW0204 `gone` there is no route `gone` here"]),
        ("require a then b then a",
         ["GW0508 `require a then b then a` each of these routes waits for the other:"
          " `a` -> `b` -> `a`"]),
        ("require a then a",
         ["GW0508 `require a then a` each of these routes waits for the other: `a` -> `a`"]),
    ],
)  # fmt: skip
def test_an_effect_that_is_wrong_is_told_wherever_it_stands(effect: str, lines: list[str]) -> None:
    text = "package p\nroute a { one of 'x' }\nroute b { one of 'x' }\n"
    assert told(f"{text}guard g => {effect}\n") == lines
    assert told(f"{text}default {effect}\n") == lines
    assert told(f"{text}on_error {effect}\n") == lines


ROUTES = "package p\nroute a { one of 'x' }\nroute b { one of 'x' }\nroute c { one of 'x' }\n"


def test_orders_of_several_rules_go_round() -> None:
    text = ROUTES + "action p.x { }\nguard g => require a then b\nguard h => require b then c\n"
    checked(text)
    assert told(text + "guard i => require c then a\n") == [
        "GW0508 `require a then b` each of these routes waits for the other:"
        " `a` -> `b` -> `c` -> `a`"
    ]
    # Rules that never meet on one action do not contradict each other.
    checked(text + "guard i on q.* => require c then a\n", "package q\naction q.x { }\n")


def test_rows_of_one_rule_may_go_both_ways() -> None:
    checked(
        ROUTES + "action p.x { n: int }\nrule r cases { action.n > 5 => require a then b\n"
        "else => require b then a }\nguard g => require a then c\n"
    )


@pytest.mark.parametrize(
    ("rest", "approves"),
    [
        ("rule r => require m", True),
        ("rule r cases { action.n > 5 => block else => require m }", True),
        ("default require m", True),
        ("on_error require m on p.*", True),
        ("rule r => require n", True),
        ("rule r => require o", False),
        ("rule r on p.y => require m", False),
        ("default require m on p.y", False),
    ],
)
def test_silence_may_not_approve_what_cannot_be_undone(rest: str, approves: bool) -> None:
    lines = told(
        "package p\n@irreversible action p.x { n: int }\naction p.y { n: int }\n"
        "route m { one of 'x' timeout 1h then approve }\n"
        "route n { one of 'x' timeout 1h then escalate m }\n"
        f"route o {{ one of 'x' timeout 1h then reject }}\n{rest}\n"
    )
    assert [line[:10] for line in lines] == (["GW0507 `m`"] if approves else [])


def test_guards_and_errors_never_open() -> None:
    lines = told(
        "package p\nguard g => auto_run\non_error auto_run\nabsolute guard h => auto_run\n"
    )
    assert [line[:6] for line in lines] == ["GW0510", "GW0509", "GW0510"]
    checked("package p\ndefault auto_run\n")


@pytest.mark.parametrize(
    ("orders", "circle"),
    [
        ([], []),
        ([("a", "b"), ("b", "c")], []),
        ([("a", "a")], ["a", "a"]),
        ([("x", "a"), ("a", "b"), ("b", "a")], ["a", "b", "a"]),
        ([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], []),
        ([(str(i), str(i + 1)) for i in range(5000)], []),
    ],
)
def test_a_circle_of_orders_is_found_and_the_same_each_time(
    orders: list[tuple[str, str]], circle: list[str]
) -> None:
    assert find_circle(orders) == circle
    assert find_circle(reversed(orders)) == circle


def test_the_closure_leaves_a_name_itself_out() -> None:
    assert closure({"a": ["b"], "b": ["a", "c"]}) == {
        "a": frozenset({"b", "c"}),
        "b": frozenset({"a", "c"}),
    }
