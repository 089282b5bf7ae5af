"""Texts of no declared type beside durations, instants and money: what a comparison makes of them."""

from __future__ import annotations

import pickle

import pytest

from gatewright.engine.cel.untyped import UntypedText, untyped
from gatewright.engine.decision import Decision
from gatewright.engine.values import Map
from tests.engine.interpret.support import action, decide, effect

ASKED = "on_error require legal rule all when {} => auto_run default require clerk "


def decided(condition: str, **attributes: object) -> str:
    """`T`, `F` or `E` of a condition about the agent."""
    agent = {"id": "bot", "owner": "ann", **attributes}
    found = effect(decide(ASKED.replace("{}", condition), action(agent=agent)))
    return {"auto_run": "T", "require clerk": "F"}.get(found, "E")


def test_the_risk_of_a_new_agent_as_the_language_page_has_it() -> None:
    """Source: docs/language.md#choices; the agent is given in JSON."""
    text = "rule all => auto_run risk new_agent when agent.age < 14d => 25 "

    def score(age: str) -> Decision:
        return decide(text, action(agent={"id": "a", "age": age}))

    assert [score(age).risk for age in ("3d", "13d", "2w", "14d", "336h", "335h59m")] == [
        25, 25, 0, 0, 0, 25,
    ]  # fmt: skip
    unread = score("young")
    assert unread.risk == 25
    assert [(e.source, e.message) for e in unread.errors] == [
        ("risk new_agent", "the text is no duration such as `30d` or `3600s`")
    ]


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("agent.x < 14d", "3d", "T"),
        ("14d > agent.x", "3d", "T"),
        ("agent.x <= 14d", "15d", "F"),
        ("agent.x == 1h", "3600s", "T"),
        ("agent.x != 1h", "3600s", "F"),
        ("agent.x in [1h, 2h]", "7200s", "T"),
        ("agent.x in 1h .. 2h", "90m", "T"),
        ("agent.x in 1h .. 2h", "3h", "F"),
        ("agent.x < now", "2026-06-15T11:59:59Z", "T"),
        ("agent.x > now - 7d", "2026-06-01T00:00:00Z", "F"),
        ("agent.x == 2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "T"),
        ("agent.x >= 50 USD", "50.00 USD", "T"),
        ("agent.x == 50 USD", "50 USD", "T"),
        # Within lists and maps, over a let-like name of a macro, and through an optional.
        ("agent.x.all(each, each < 14d)", ["3d", "4d"], "T"),
        ("agent.x.limit < 60 USD", {"limit": "50 USD"}, "T"),
        ("agent.?x.orValue(0s) < 14d", "3d", "T"),
        # What is not written so has no answer, whatever is asked.
        ("agent.x < 14d", "soon", "E"),
        ("agent.x == 14d", "soon", "E"),
        ("agent.x != 14d", "soon", "E"),
        ("agent.x < 14d", " 3d", "E"),
        ("agent.x < 14d", "14", "E"),
        ("agent.x < 14d", "99999999999d", "E"),
        ("agent.x < 14d", 3, "E"),
        ("agent.x < now", "2026-06-15", "E"),
        ("agent.x < 50 USD", "50", "E"),
        ("agent.x < 50 USD", "50 EUR", "E"),
        ("agent.x == 50 USD", "50 EUR", "E"),
        # It is a string everywhere else, and what a function makes of it is one.
        ('agent.x == "3d"', "3d", "T"),
        ('agent.x < "4"', "3d", "T"),
        ('agent.x + "" == "3d"', "3d", "T"),
        ('dyn(agent.x + "") < 14d', "3d", "E"),
        ("type(agent.x) == string", "3d", "T"),
        ("agent.x.size() == 2", "3d", "T"),
        ('agent.x.matches("[0-9]d")', "3d", "T"),
        ('{"3d": 1}[agent.x] == 1', "3d", "T"),
    ],
)
def test_what_it_is_beside_another_value(condition: str, value: object, expected: str) -> None:
    assert decided(condition, x=value) == expected


def test_two_of_them_are_two_strings() -> None:
    assert decided("agent.x < agent.y", x="3d", y="20h") == "F"
    assert decided("agent.x == agent.y", x="60m", y="1h") == "F"


def test_what_is_declared_a_string_stays_one() -> None:
    text = ASKED.replace("{}", "has(action.who) && dyn(action.who) != 3d")
    given = {**action(), "params": {"n": 1, "who": "3d"}}
    assert effect(decide(text, given)) == "auto_run"


@pytest.mark.parametrize(
    "condition",
    [
        "action.age < 14d",
        "target.age < 14d",
        'changes.has("age") && changes.age.new < 14d',
        "context.evidence[0] < 14d",
    ],
)
def test_every_part_of_an_action_that_has_no_declared_type(condition: str) -> None:
    text = f"rule all on ext.* when {condition} => auto_run"
    given = {
        "action": "ext.thing",
        "params": {"age": "3d"},
        "agent": {"id": "bot"},
        "target": {"system": "crm", "attributes": {"age": "3d"}},
        "changes": {"age": {"old": "1d", "new": "3d"}},
        "context": {"evidence": ["3d"]},
    }
    assert effect(decide(text, given)) == "auto_run"


def test_marking_keeps_what_a_value_is() -> None:
    value = (1, "a", Map.of({"k": ("b", None)}))
    marked = untyped(value)
    assert marked == value
    assert isinstance(marked, tuple)
    assert type(marked[1]) is UntypedText
    assert pickle.loads(pickle.dumps(marked)) == value  # noqa: S301
