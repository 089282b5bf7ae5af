"""The lint `unbounded-auto-run`."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from gatewright.dsl.lint import unbounded_auto_run
from gatewright.dsl.walk import walk
from tests.dsl.lint.support import found, in_billing

CODE = "GW1011"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("rule r on billing.refund => auto_run", "auto_run"),
        ("rule r on billing.refund when action.customer in data.customers => auto_run", "auto_run"),
        ("rule r on billing.refund when action.amount > 5 USD => auto_run", "auto_run"),
        ("rule r on billing.* => auto_run", "auto_run"),
        ("rule r => auto_run", "auto_run"),
        (
            "rule r on billing.refund cases { action.amount < 5 USD => require manager"
            " else => auto_run }",
            "else => auto_run",
        ),
        (
            "rule r on billing.refund => auto_run\n"
            "@shadow guard g on billing.refund when action.amount > 5 USD => require manager",
            "auto_run",
        ),
        (
            "rule r on billing.refund => auto_run\n"
            "guard g on billing.update when action.amount > 5 USD => require manager",
            "auto_run",
        ),
    ],
)
def test_what_cannot_be_undone_needs_a_bound(text: str, place: str) -> None:
    (line,) = in_billing(CODE, text)
    sentence = (
        "`billing.refund` cannot be undone, and runs here whatever its `amount` or `items` is"
    )
    assert line.startswith(f"`{place}` {sentence} | declared irreversible: `")


@pytest.mark.parametrize(
    "text",
    [
        "rule r on billing.refund when action.amount < 5 USD => auto_run",
        "rule r on billing.refund when action.amount == 5 USD => auto_run",
        "rule r on billing.refund when action.items <= 3 => auto_run",
        "rule r on billing.refund unless action.amount > 5 USD => auto_run",
        "rule r on billing.refund when action.amount * 2 < 5 USD => auto_run",
        "rule r on billing.refund when action.items < data.limit => auto_run",
        "rule r on billing.refund tier action.amount { < 5 USD => auto_run >= 5 USD => block }",
        "rule r on billing.refund => require manager",
        "rule r on billing.update => auto_run",
        "@shadow rule r on billing.refund => auto_run",
        "rule r on billing.refund => auto_run\n"
        "guard g on billing.refund when action.amount > 5 USD => require manager",
        "rule r on billing.refund when action.items < 3 when action.items > 5 => auto_run",
    ],
)
def test_with_a_bound_or_not_to_be_bounded(text: str) -> None:
    assert in_billing(CODE, text) == []


def test_a_changed_amount_is_an_amount() -> None:
    text = "package a\n@irreversible\naction a.b { changes { Sum: money(USD), Name: string } }\n"
    free = "rule r => auto_run"
    bounded = "rule r when changes.has('Sum') && changes.Sum.new < 5 USD => auto_run"
    (line,) = found(CODE, text + free)
    assert "whatever its `Sum` is" in line
    assert found(CODE, text + bounded) == []


def test_an_action_without_amounts_is_left_alone() -> None:
    text = "package a\n@irreversible\naction a.b { title: string }\nrule r => auto_run"
    assert found(CODE, text) == []


def test_a_condition_is_not_read_again_for_every_field() -> None:
    fields = ", ".join(f"n{n}: int" for n in range(100))
    action = f"@irreversible action billing.long {{ {fields} }}\n"
    rules = "guard g on billing.long when agent.id == 'x' => require manager\n"
    rules += "rule r on billing.long when agent.id == 'y' => auto_run"
    with patch.object(unbounded_auto_run, "walk", side_effect=walk) as read:
        assert in_billing(CODE, action + rules)
    assert read.call_count <= 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("default auto_run", True),
        ("default auto_run on *", True),
        ("default auto_run\nrule r on billing.refund when action.public => require manager", True),
        ("default auto_run\nrule r on billing.refund when action.amount > 5 USD => block", False),
        ("default auto_run\nguard g on * when action.amount > 5 USD => require manager", False),
        ("default auto_run\ndefault require manager on billing.refund", False),
        ("default auto_run on billing.update", False),
        ("default block", False),
    ],
)
def test_a_default_that_opens_needs_a_limit(text: str, told: bool) -> None:
    on = " on *" if "on *" in text else ""
    line = (
        f"`default auto_run{on}` `billing.refund` cannot be undone, and runs here whatever its `amount` or"
        " `items` is | declared irreversible: `billing.refund`"
    )
    assert in_billing(CODE, text) == ([line] if told else [])
