"""The lint `unanchored-pattern`."""

from __future__ import annotations

import pytest

from gatewright.dsl.lint.unanchored_pattern import is_anchored
from tests.dsl.lint.support import in_billing

CODE = "GW1031"
TOLD = "this pattern is found anywhere in a text, so what stands before or behind it is not asked"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('rule r on billing.refund when action.note.matches("a") => auto_run', '"a"'),
        ('rule r on billing.refund when action.public && action.note.matches("^a") => auto_run', '"^a"'),
        ('rule r on billing.refund unless !action.note.matches("^a|b$") => auto_run', '"^a|b$"'),
        ('let p = "a$"\nrule r on billing.refund when action.note.matches(p) => auto_run', "p"),
        ('rule r on billing.refund cases { action.note.matches("a") => auto_run else => block }', '"a"'),
        ('permit when agent.team.matches("it") to billing.refund', '"it"'),
    ],
)  # fmt: skip
def test_patterns_that_open_and_have_an_open_end(text: str, place: str) -> None:
    assert in_billing(CODE, text) == [f"`{place}` {TOLD}"]


@pytest.mark.parametrize(
    "text",
    [
        'rule r on billing.refund when action.note.matches("^a$") => auto_run',
        'rule r on billing.refund unless action.note.matches("a") => auto_run',
        'rule r on billing.refund when action.note.matches("a") => require manager',
        'guard r on billing.refund when action.note.matches("a") => block',
        'rule r on billing.refund cases { action.note.matches("a") => block else => auto_run }',
        '@shadow rule r on billing.refund when action.note.matches("a") => auto_run',
    ],
)
def test_patterns_of_whole_texts_and_those_that_restrict_are_fine(text: str) -> None:
    assert in_billing(CODE, text) == []


@pytest.mark.parametrize(
    ("pattern", "whole"),
    [
        ("", False), ("^$", True), ("^a|^b$", False), ("^(a|b)$", True), ("^[|]$", True),
        (r"^\|$", True), (r"^a\\$", True), (r"^a\$", False), ("(?i)^a$", True), ("(?im)^a$", False),
        (r"^[]|]$", True), (r"^[^]|]+$", True), (r"^\(|\)$", False), ("^a$|^b$", True), ("(^a$)", False),
    ],
)  # fmt: skip
def test_whole_patterns(pattern: str, whole: bool) -> None:
    assert is_anchored(pattern) is whole
