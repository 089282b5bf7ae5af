"""The lint `lost-exclusion`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found

CODE = "GW1020"


PACKAGE = """package billing
action billing.refund { customer: string }
let more = ["kim"]
let mine = agent.owner
"""


def _route(exclude: str) -> list[str]:
    return found(CODE, f'{PACKAGE}route r {{ one of group("it") {exclude} }}')


@pytest.mark.parametrize(
    ("exclude", "told", "who"),
    [
        ('exclude user("kim")', 'user("kim")', "`requester` and `agent.owner`"),
        ("exclude action.customer", "action.customer", "`requester` and `agent.owner`"),
        ("exclude more", "more", "`requester`"),
        ("exclude agent.owner", "agent.owner", "`requester`"),
        ("exclude [mine, action.customer]", "[mine, action.customer]", "`requester`"),
    ],
)
def test_exclusions_that_leave_the_requester_in(exclude: str, told: str, who: str) -> None:
    assert _route(exclude) == [f"`{told}` this replaces the default of the route `r`: {who} may"
                               " approve"]  # fmt: skip


@pytest.mark.parametrize(
    "exclude",
    [
        "",
        "exclude requester, agent.owner",
        "exclude requester, action.customer",
        'exclude user("kim") exclude requester, agent.owner',
        'exclude [user("kim"), requester], agent.owner',
    ],
)
def test_the_default_and_exclusions_that_name_the_requester_are_fine(exclude: str) -> None:
    assert _route(exclude) == []
