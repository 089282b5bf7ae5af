"""The lint `weaker-escalation`."""

from __future__ import annotations

import pytest

from gatewright.dsl.lint import lint
from tests.dsl.lint.support import checked, found

CODE = "GW1023"
ACTION = "package a\naction a.b { subject: string, other: string }\n"


def _routes(first: str, second: str) -> str:
    return (
        f"{ACTION}route one {{ {first} timeout 4h then escalate two }}\n"
        f"route two {{ {second} timeout 4h then reject }}\n"
    )


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ('one of group("a") outranks two', 'one of group("b")', "which `one` outranks"),
        ('2 of group("a")', 'one of group("b")', "where one person is enough"),
        ('3 of group("a")', '2 of group("b")', "where 2 people are enough"),
        ('3 of group("a")', 'all of [user("u"), user("v")]', "where 2 people are enough"),
        ('all of group("a")', 'one of group("b")', "where one person is enough"),
        ('one of user("u")', 'one of [user("u"), group("b")]',
         "which asks the same people and more"),
        ('2 of [user("u"), user("v")]', '2 of [[user("v"), group("b")], user("u")]',
         "which asks the same people and more"),
        ('one of group("a") exclude requester, agent.owner, action.subject', 'one of group("b")',
         "which lets `action.subject` answer"),
        ('one of group("a") exclude requester, [action.subject, action.other]',
         'one of group("b") exclude requester, action.subject outranks one',
         "which lets `action.other` answer"),
    ],
)  # fmt: skip
def test_escalations_to_a_route_that_asks_less(first: str, second: str, what: str) -> None:
    assert found(CODE, _routes(first, second)) == [
        f"`two` silence weakens `one`: it escalates to `two`, {what} | declared here: `two`"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('one of group("a")', 'one of group("b")'),
        ('one of group("a")', '2 of group("b")'),
        ('2 of group("a")', 'one of group("b") outranks one'),
        ('2 of group("a")', 'all of group("b")'),
        ('all of group("a")', '2 of group("b")'),
        ('all of user("u")', 'one of group("b")'),
        ('all of user("u")', 'all of [user("u"), user("v")]'),
        ('one of group("a") exclude requester, action.subject',
         'one of group("b") exclude requester, action.subject'),
        ('one of group("a") exclude requester, user("kim")', 'one of group("b")'),
    ],
)  # fmt: skip
def test_escalations_to_as_much_or_on_purpose_are_fine(first: str, second: str) -> None:
    assert found(CODE, _routes(first, second)) == []


def test_a_route_of_another_package() -> None:
    other = (
        'package b\nimport a as a\nroute three { 2 of group("x") timeout 4h then escalate a.two }'
    )
    assert found(CODE, _routes('one of group("a")', 'one of group("b")'), other) == [
        "`a.two` silence weakens `three`: it escalates to `a.two`, where one person is enough"
        " | declared here: `two`"
    ]


def test_the_advice_names_all_to_exclude() -> None:
    text = _routes('one of group("a") exclude requester, action.subject', 'one of group("b")')
    (told,) = [d for d in lint(checked(text)) if d.code == CODE]
    assert told.help == (
        "exclude it in `two` too: `exclude requester, agent.owner, action.subject`"
    )
