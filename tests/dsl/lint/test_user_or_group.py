"""The lint `user-or-group`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found

CODE = "GW1028"
HEAD = """package p
action a.b { n: int }
let leads = ["kim", "leads"]
route first { one of [group("leads"), role("auditor")] timeout 4h then reject }
"""


def _told(place: str, name: str, kind: str) -> list[str]:
    return [
        f"`{place}` `{name}` is one person for the route `r`, and a {kind} elsewhere"
        f' | a {kind} here: `{kind}("{name}")`'
    ]


@pytest.mark.parametrize(
    ("route", "place", "name", "kind"),
    [
        ('one of "leads"', '"leads"', "leads", "group"),
        ('one of user("leads")', 'user("leads")', "leads", "group"),
        ('2 of [user("ann"), "auditor"]', '"auditor"', "auditor", "role"),
        ('one of action.n > 5 ? ["ann"] : ["leads"]', '"leads"', "leads", "group"),
        ("one of leads", '"leads"', "leads", "group"),
        ('one of user("ann") exclude requester, user("leads")', 'user("leads")', "leads", "group"),
    ],
)
def test_a_user_with_the_name_of_a_group(route: str, place: str, name: str, kind: str) -> None:
    assert found(CODE, f"{HEAD}route r {{ {route} }}\n") == _told(place, name, kind)


@pytest.mark.parametrize(
    "route",
    [
        'one of group("leads")',
        'one of [user("kim"), "ann"]',
        'one of data.customers exclude requester, group("leads")',
        'one of user("team-leads")',
    ],
)
def test_groups_and_other_users_are_fine(route: str) -> None:
    assert found(CODE, f"{HEAD}route r {{ {route} }}\n") == []


def test_a_group_of_another_package_counts() -> None:
    other = 'package q\nroute s { one of user("leads") }\n'
    assert len(found(CODE, HEAD, other)) == 1
