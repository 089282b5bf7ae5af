"""The lint `opened-by-silence`."""

from __future__ import annotations

import pytest

from tests.dsl.lint.support import found

CODE = "GW1022"
PACKAGE = """package billing
action billing.refund { customer: string }
route silent { one of group("a") timeout 4h then approve }
route slow { one of group("b") timeout 4h then escalate silent }
route strict { one of group("c") timeout 4h then reject }
route above { one of group("d") outranks strict timeout 4h then approve }
"""


@pytest.mark.parametrize(
    ("text", "what", "route"),
    [
        ("default require silent", "what no rule opens", "silent"),
        ("on_error require silent", "what could not be evaluated", "silent"),
        ("on_error require slow on *", "what could not be evaluated", "silent"),
        ("default require silent and slow", "what no rule opens", "silent"),
        ("default require strict and above", "what no rule opens", "above"),
    ],
)
def test_defaults_and_floors_that_approve_by_silence(text: str, what: str, route: str) -> None:
    assert found(CODE, PACKAGE + text) == [
        f"`{text}` {what} runs where nobody answers: `{route}` approves by silence"
        f" | this approves when its time is over: `{route}`"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "default require strict",
        "default block",
        "default require silent and strict",
        "default require strict then above",
        "rule r => require silent",
        "default auto_run",
    ],
)
def test_where_somebody_must_answer_nothing_is_told(text: str) -> None:
    assert found(CODE, PACKAGE + text) == []
