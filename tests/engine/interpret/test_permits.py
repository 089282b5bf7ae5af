"""A permit bounds an agent before any rule is asked."""

from __future__ import annotations

import pytest

from tests.engine.interpret.support import ERRS, action, decide, effect, policy

OPEN = "rule all on * => auto_run "
OTHER = 'package other\naction other.thing { }\nroute boss { one of group("b") }\n'


@pytest.mark.parametrize(
    ("permits", "expected"),
    [
        ("", "auto_run"),
        ('permit agent "bot" to shop.refund', "auto_run"),
        ('permit agent "bot" to shop.*', "auto_run"),
        ('permit agent "bot" to *', "auto_run"),
        ('permit agent "bot" to shop.order.cancel, shop.refund', "auto_run"),
        ('permit agent "eve" to shop.refund', "block"),
        ('permit agent "eve" to *', "block"),
        # The package has a permit, so that its other actions need one too.
        ('permit agent "bot" to shop.order.cancel', "block"),
        ('permit agent "bot" to shop.order.*', "block"),
        ('permit agent "bot" to other.*', "block"),
        # One that covers the agent is enough.
        ('permit agent "eve" to * permit agent "bot" to shop.*', "auto_run"),
        ('permit when agent.owner == "ann" to shop.*', "auto_run"),
        ('permit when agent.owner == "eve" to shop.*', "block"),
        # One that errs does not permit.
        (f"permit when {ERRS} to shop.*", "block"),
        (f'permit when {ERRS} to shop.* permit agent "bot" to shop.*', "auto_run"),
        # Permits can see what rules see.
        ("permit when action.n < 5 to shop.refund", "auto_run"),
        ("permit when risk < 50 to shop.refund risk r when true => 60", "block"),
        # A risk that errs may be high or low: neither permits.
        (f"permit when risk < 50 to shop.refund risk r when {ERRS} => 60", "block"),
        (f"permit when risk >= 50 to shop.refund risk r when {ERRS} => 60", "block"),
    ],
)
def test_an_agent_needs_a_permit_where_there_are_any(permits: str, expected: str) -> None:
    assert effect(decide(OPEN + permits)) == expected


def test_a_permit_of_another_package_is_one() -> None:
    """Some permit of the set covers the action, so that it needs one."""
    other = OTHER + 'permit agent "eve" to shop.refund'
    assert effect(decide(policy(OPEN, other))) == "block"
    cancel = action(name="shop.order.cancel")
    assert effect(decide(policy(OPEN, other), cancel)) == "auto_run"
    assert effect(decide(policy(OPEN, OTHER + 'permit agent "bot" to shop.*'))) == "auto_run"


def test_an_action_that_nobody_declares_needs_a_permit_where_one_covers_it() -> None:
    foreign = {"action": "crm.note", "agent": {"id": "bot"}}
    for permits, expected in (
        ("", "auto_run"),
        ('permit agent "eve" to shop.*', "auto_run"),
        ('permit agent "eve" to crm.*', "block"),
        ('permit agent "bot" to crm.*', "auto_run"),
    ):
        assert effect(decide(OPEN + permits, foreign)) == expected


def test_an_agent_without_an_id_has_no_permit_of_its_own() -> None:
    nameless = action(agent={"owner": "ann"})
    assert effect(decide(OPEN + 'permit agent "bot" to *', nameless)) == "block"
    assert effect(decide(OPEN + 'permit when agent.owner == "ann" to *', nameless)) == "auto_run"
    assert effect(decide(OPEN + 'permit agent "bot" to *', action(agent=None))) == "block"


def test_the_decision_says_who_is_not_permitted_to_do_what() -> None:
    decision = decide(OPEN + 'permit when agent.owner == "eve" to shop.refund')
    assert decision.because == ("agent bot is not permitted to shop.refund",)
    [permit] = decision.rules
    assert (permit.kind, permit.effect, permit.decisive) == ("permit", "block", True)
    [condition] = permit.conditions
    assert condition.shown == 'agent.owner ("ann") == "eve"'
    assert decision.matched == ()
    nameless = decide(OPEN + 'permit agent "bot" to *', action(agent=None))
    assert nameless.because == ("an agent without an id is not permitted to shop.refund",)


def test_no_rule_is_asked_without_a_permit() -> None:
    """The error floor is no part of it either."""
    decision = decide(
        'on_error require legal permit agent "eve" to *'
        f" rule a => auto_run guard g when {ERRS} => block"
    )
    assert effect(decision) == "block"
    assert [rule.kind for rule in decision.rules] == ["permit"]
    assert decision.errors == ()
    assert decision.explain().missing == ()


def test_what_is_wrong_is_told_without_a_permit_too() -> None:
    text = (
        f"permit when {ERRS} to shop.refund permit when action.n == 1 to shop.*"
        f" risk r when {ERRS} => 5 guard g when {ERRS} => block"
    )
    decision = decide(text, action(None))
    assert [(error.source, error.message) for error in decision.errors] == [
        ("action", "`params.n` is missing"),
        ("permit", "`agent.nothing` is absent"),
        ("permit", "`action.n` is absent"),
        ("risk r", "`agent.nothing` is absent"),
    ]
    assert [rule.kind for rule in decision.rules] == ["permit"], "there is no floor"


def test_an_erring_permit_is_no_error_where_another_one_permits() -> None:
    decision = decide(OPEN + f'permit when {ERRS} to * permit agent "bot" to *')
    assert (effect(decision), decision.errors) == ("auto_run", ())


def test_where_no_permit_covers_the_action_the_place_of_one_is_shown() -> None:
    decision = decide(OPEN + 'permit agent "bot" to other.*')
    [permit] = decision.rules
    assert permit.at.line > 1
    assert permit.because == "agent bot is not permitted to shop.refund"
