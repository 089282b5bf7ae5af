"""An exception becomes a part of the condition of what it suspends."""

from __future__ import annotations

from typing import cast

import pytest

from gatewright.dsl.diagnostics import PolicyError
from gatewright.engine.load import load_source
from tests.engine.interpret.support import ERRS, NOW, action, decide, effect, policy, statuses

GUARDED = (
    "default require clerk on_error require legal rule a => auto_run guard g => require finance "
)
FROM, UNTIL = "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"


def exception(
    when: str = "", names: str = "g", begin: str = FROM, end: str = UNTIL, more: str = ""
) -> str:
    return f"exception e suspends {names} {{ {when} from {begin} until {end} {more} }}"


@pytest.mark.parametrize(
    ("excepted", "expected"),
    [
        (exception(), "auto_run"),
        (exception("when true"), "auto_run"),
        (exception("when false"), "require finance"),
        (exception("when true when false"), "require finance"),
        (exception('when agent.id == "bot"'), "auto_run"),
        # c && !E is E: the guard has its effect, and the floor comes on top.
        (exception(f"when {ERRS}"), "require finance and legal"),
        (exception(f"when {ERRS} when false"), "require finance"),
        # True from `from` until before `until`.
        (exception(begin=NOW), "auto_run"),
        (exception(end=NOW), "require finance"),
        (exception(begin="2026-06-16T00:00:00Z"), "require finance"),
        (exception(end="2026-06-10T00:00:00Z"), "require finance"),
        # Out of its time it is not evaluated.
        (exception(f"when {ERRS}", end=NOW), "require finance"),
        # A rule that is taken away does not open.
        (exception(names="a"), "require finance"),
        (exception(names="a, g"), "require clerk"),
    ],
)
def test_an_exception_suspends_only_while_it_applies(excepted: str, expected: str) -> None:
    assert effect(decide(GUARDED + excepted)) == expected


def test_an_instant_before_its_end_it_still_holds() -> None:
    text = GUARDED + exception(end=NOW)
    assert effect(decide(text, now="2026-06-15T11:59:59.999999999Z")) == "auto_run"
    text = GUARDED + exception(begin=NOW)
    assert effect(decide(text, now="2026-06-15T11:59:59.999999999Z")) == "require finance"


def test_a_line_knows_what_an_earlier_one_says() -> None:
    text = GUARDED + exception('when has(action.who) when action.who == "ann"')
    assert effect(decide(text)) == "require finance"
    ann = action() | {"params": {"n": 1, "who": "ann"}}
    assert effect(decide(text, ann)) == "auto_run"
    turned = GUARDED + exception('when action.who == "ann" when has(action.who)')
    with pytest.raises(PolicyError, match=r"`action\.who` may be absent"):
        policy(turned)


def test_of_two_exceptions_one_is_enough() -> None:
    second = exception("when true").replace("exception e", "exception f")
    assert effect(decide(GUARDED + exception("when false") + " " + second)) == "auto_run"
    erring = exception(f"when {ERRS}") + " " + second
    decision = decide(GUARDED + erring)
    assert (effect(decision), decision.errors) == ("auto_run", ())


def test_the_error_of_a_suspended_guard_is_none() -> None:
    text = f"rule a => auto_run guard g when {ERRS} => block " + exception()
    decision = decide(text)
    assert (effect(decision), decision.errors) == ("auto_run", ())
    assert statuses(decision) == {"a": "matched", "g": "suspended"}


def test_a_guard_that_would_not_match_is_not_suspended() -> None:
    decision = decide("rule a => auto_run guard g when false => block " + exception())
    assert statuses(decision) == {"a": "matched"}
    assert decision.explain().suspended == ()


@pytest.mark.parametrize(
    ("used", "expected"),
    [(0, "auto_run"), (1, "auto_run"), (2, "require finance"), (3, "require finance"),
     (None, "require finance")],
)  # fmt: skip
def test_uses_are_counted_by_the_host(used: int | None, expected: str) -> None:
    asked: list[str] = []

    def uses(name: str) -> int | None:
        asked.append(name)
        return used

    decision = decide(GUARDED + exception(more="max_uses 2"), uses=uses)
    assert effect(decision) == expected
    assert asked == ["shop.e"]


def test_an_explanation_goes_by_the_uses_that_the_decision_saw() -> None:
    checked = load_source(
        'package p\nroute r { one of group("g") }\naction p.a { n: int }\nrule o on p.a => auto_run\n'
        "guard g on p.a when action.n > 3 => require r\n"
        "exception e suspends g { from 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z\n"
        '  owner "o" reason "r" ticket "t" max_uses 1 }\n'
    )
    action = {"action": "p.a", "params": {"n": 5}, "at": "2026-01-05T00:00:00Z"}
    for _ in range(4):  # interpreted, and compiled
        used, asked = [0], list[str]()

        def uses(name: str, used: list[int] = used, asked: list[str] = asked) -> int:
            asked.append(name)
            return used[0]

        decision = checked.evaluate(action, uses=uses)
        used[0] = 1
        assert decision.effect == "auto_run"
        assert "AUTO_RUN" in str(decision.explain())
        assert asked == ["p.e"]


def test_nobody_counts_unless_the_host_says_so() -> None:
    assert effect(decide(GUARDED + exception(more="max_uses 2"))) == "require finance"


def test_an_absolute_guard_cannot_be_suspended() -> None:
    with pytest.raises(PolicyError, match="absolute"):
        policy("rule a => auto_run absolute guard g => block " + exception())


def test_the_suspension_is_explained() -> None:
    more = 'owner "ops@acme.test" reason "peak" ticket "OPS-1"'
    decision = decide(GUARDED + exception(more=more))
    [suspended] = decision.explain().suspended
    told = suspended.to_dict()
    assert told | {"at": None} == {
        "rule": "g",
        "package": "shop",
        "effect": "require finance",
        "exception": "e",
        "until": UNTIL,
        "owner": "ops@acme.test",
        "reason": "peak",
        "ticket": "OPS-1",
        "at": None,
    }
    assert "owner: ops@acme.test, reason: peak, ticket: OPS-1" in str(decision.explain())
    bare = str(decide(GUARDED + exception()).explain())
    assert "owner" not in bare
    assert "2026-07-01T00:00:00Z" in bare


def test_an_exception_that_its_uses_keep_from_a_guard_is_explained() -> None:
    told = decide(GUARDED + exception(more="max_uses 2")).explain()
    [idle] = told.idle
    assert (idle.rule, idle.exception, idle.why) == ("g", "e", "its uses are not counted")
    assert "Suspended" not in str(told)
    assert (
        "Exceptions without effect:\n  g stands: exception e is open, but its uses are not counted"
        in str(told)
    )
    assert told.to_dict()["idle"] == [idle.to_dict()]
    assert decide(GUARDED + exception()).explain().idle == ()


def test_an_exception_may_suspend_rules_of_another_package() -> None:
    other = (
        f"package other\nimport shop as s\nexception e suspends s.g {{ from {FROM} until {UNTIL} }}"
    )
    assert effect(decide(policy(GUARDED, other))) == "auto_run"


@pytest.mark.parametrize("count", [-1, "1", 1.0, True, float("nan")])
def test_what_is_no_count_of_uses_counts_nothing(count: object) -> None:
    def uses(_: str) -> int | None:
        return cast("int", count)

    decision = decide(GUARDED + exception(more="max_uses 2"), uses=uses)
    assert effect(decision) == "require finance"
