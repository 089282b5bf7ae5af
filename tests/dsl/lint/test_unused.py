"""The lints about what is declared and not used."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import ACTIONS, found, in_billing

ROUTE, LET, HISTORY, TYPE, CALENDAR, IMPORT = (f"GW{n}" for n in range(1005, 1011))
USES_ROUTES = "guard uses when action.amount > 1 USD => require manager and finance\n"
OFFICE = 'calendar office { zone "Europe/Berlin" days "mon-fri" hours "09:00-17:00" }\n'
SHARED = """package shared
let small = 50 USD
type Money { value: decimal }
calendar office { zone "Europe/Berlin" days "mon-fri" hours "09:00-17:00" }
route duty { one of group("duty") }
"""


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (ROUTE, "default require manager", "`finance` nothing requires the route `finance`"),
        (
            ROUTE,
            "default require finance",  # to be outranked is no use
            "`manager` nothing requires the route `manager`",
        ),
        (LET, "let small = 50 USD", "`small` the value `small` is never used"),
        (HISTORY, "history past = billing.refund", "`past` the history `past` is never asked"),
        (
            TYPE,
            "type Odd { x: int }",
            "`Odd` no action and no field has the type `Odd`",
        ),
        (CALENDAR, OFFICE, "`office` the calendar `office` is never used"),
    ],
)
def test_what_nothing_uses_is_told(code: str, text: str, expected: str) -> None:
    assert in_billing(code, text) == [expected]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (ROUTE, USES_ROUTES),
        (ROUTE, "default require manager\non_error require finance"),
        (ROUTE, "default require manager\ninvariant i: always at least finance"),
        (
            ROUTE,
            "default require manager\n"
            'route late { one of group("late") timeout 1h then escalate finance }\n'
            "on_error require late",
        ),
        (LET, "let small = 50 USD\nguard g when action.amount > small => block"),
        (LET, "let small = 50 USD\nlet big = small * 2\nguard g when action.amount > big => block"),
        (LET, 'let small = 50 USD\nguard g => block because "Over {small}."'),
        (
            HISTORY,
            "history past = billing.refund\nguard g when past.count(within: 1d) > 1 => block",
        ),
        (TYPE, ""),
        (CALENDAR, OFFICE + "guard g when now.in(office) => block"),
        (
            CALENDAR,
            OFFICE + 'route slow { one of group("slow") timeout 1bd then reject calendar office }\n'
            "default require slow",
        ),
        (
            CALENDAR,
            OFFICE + 'route slow { one of group("slow") timeout 1bd then reject }\n'
            "default require slow",
        ),
    ],
)
def test_what_something_uses_is_fine(code: str, text: str) -> None:
    assert in_billing(code, text) == []


def test_a_type_may_be_used_by_another_type() -> None:
    text = "package a\ntype In { x: int }\ntype Out { in: list<In> }\naction a.b { out: Out }"
    assert found(TYPE, text) == []


@pytest.mark.parametrize("code", [ROUTE, LET, TYPE, CALENDAR])
def test_a_package_of_shared_declarations_need_not_be_used_whole(code: str) -> None:
    assert found(code, ACTIONS + USES_ROUTES, SHARED) == []


def test_what_another_package_uses_by_an_import_is_used() -> None:
    shared = SHARED.replace("let small = 50 USD", "default block on billing.refund")
    user = """
    action billing.pay { value: s.Money }
    route slow { one of group("slow") timeout 1bd then reject calendar s.office }
    guard g on billing.refund => require s.duty and slow
    """
    text = ACTIONS.replace("package billing\n", "package billing\nimport shared as s\n")
    for code in (TYPE, CALENDAR, IMPORT):
        assert found(code, text + user, shared) == []
    assert found(ROUTE, text + user, shared) == [
        "`manager` nothing requires the route `manager`",
        "`finance` nothing requires the route `finance`",
    ]


def test_what_another_package_reads_by_an_import_is_used() -> None:
    shared = (
        SHARED + "let large = 90 USD\nhistory past = billing.refund\n"
        "default block on billing.refund"  # a package that decides: its unused names are told
    )
    text = ACTIONS.replace("package billing\n", "package billing\nimport shared as s\n")
    user = """
    guard g when action.amount > s.small && !now.in(s.office) => block
    guard h on billing.refund when s.past.count(customer: action.customer, within: 1d) > 1 => block
    """
    for code in (CALENDAR, HISTORY, IMPORT):
        assert found(code, text + user, shared) == []
    assert found(LET, text + user, shared) == ["`large` the value `large` is never used"]


def test_a_name_of_another_package_does_not_count() -> None:
    other = (
        "package other\nlet small = 1\naction other.a { x: int }\nguard g when action.x >"
        " small => block"
    )
    assert found(LET, ACTIONS + "let small = 50 USD", other) == [
        "`small` the value `small` is never used"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import shared\n", ["`import shared` nothing of `shared` is used as `shared`"]),
        ("import shared as s\n", ["`import shared as s` nothing of `shared` is used as `s`"]),
        (
            "import shared\naction a.b { x: shared.Money }",
            [],
        ),
        ("import shared\nguard g on * => require shared.duty", []),
    ],
)
def test_an_import_of_which_nothing_is_used_is_told(text: str, expected: list[str]) -> None:
    assert found(IMPORT, f"package user\n{text}", SHARED) == expected


def test_an_import_that_activates_risks_is_used_by_being_there() -> None:
    assert found(IMPORT, "package user\nimport std.context as c") == []
    assert found(IMPORT, "package user\nimport std.people as p") != []


def test_an_import_of_rules_of_the_standard_library_has_a_use() -> None:
    # They join the set only by the import.
    assert found(IMPORT, "package user\nimport std.context") == []
    assert found(IMPORT, "package user\nimport std.people") == [
        "`import std.people` nothing of `std.people` is used as `people`"
    ]


def test_an_import_counts_for_all_files_of_its_package() -> None:
    one = "package user\nimport shared"
    other = "package user\nguard g on * => require shared.duty"
    assert found(IMPORT, one, other, SHARED) == []
