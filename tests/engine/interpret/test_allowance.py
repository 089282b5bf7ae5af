"""What all conditions of a decision may cost together, and what is decided beyond it."""

from __future__ import annotations

from itertools import permutations

import pytest

from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel import budget
from gatewright.engine.cel.budget import Allowance, Budget, OutOfSteps
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.decision import Decision
from gatewright.engine.errors import EvaluationError
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source
from tests.engine.interpret.support import effect

HEAD = """package shop
action shop.tag { tags: list<int> }
route manager { one of group("managers") }
route auditor { one of group("auditors") }
default require manager
"""
OPEN = "rule small when action.tags.size() < 100000 => auto_run"
DEAR = "action.tags.exists(tag, tag * 2 + tag == -{number})"
STEPS, FREE = 3_000, 10
TOGETHER = f"the conditions of the decision cost more than {STEPS} steps together"


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of what a decision has, so that little is slow."""
    monkeypatch.setattr(budget, "DECISION_STEPS", STEPS)
    monkeypatch.setattr(budget, "FREE_STEPS", FREE)


def dear(count: int, effect: str = "block", kind: str = "guard") -> list[str]:
    """Guards whose conditions cost eight steps an element each, and are false."""
    conditions = [DEAR.format(number=number + 1) for number in range(count)]
    return [f"{kind} dear{n} when {text} => {effect}" for n, text in enumerate(conditions)]


def tags(length: int) -> dict[str, object]:
    params = {"tags": list(range(length))}
    return {"action": "shop.tag", "params": params, "at": "2026-01-10T00:00:00Z"}


def policy(*declarations: str) -> PolicySet:
    return load_source(HEAD + "\n".join(declarations))


def decide(policies: PolicySet, length: int) -> Decision:
    """The decision of the interpreter, with which compiled code agrees."""
    decision = policies.decide_once(tags(length))
    for _ in range(3):
        assert policies.evaluate(tags(length)).to_dict() == decision.to_dict()
    return decision


def spent(steps: int) -> Budget:
    budget = Budget()
    budget.charge(steps)
    return budget


def messages(decision: Decision) -> set[str]:
    return {error.message for error in decision.report.errors}


def test_past_the_limit_every_condition_is_an_error() -> None:
    policies = policy(OPEN, *dear(10, "require auditor"), "on_error require auditor")
    assert effect(decide(policies, 10)) == "auto_run"
    beyond = decide(policies, 100)
    assert effect(beyond) == "require auditor and manager"
    assert messages(beyond) == {TOGETHER}
    assert len(beyond.report.errors) == 11


def test_the_first_steps_of_a_condition_are_free() -> None:
    count = 2 * STEPS // FREE
    policies = policy(OPEN, *dear(count))
    assert effect(decide(policies, 1)) == "auto_run"


def test_the_order_of_rules_makes_no_difference() -> None:
    declarations = [OPEN, *dear(4), "rule other when action.tags[0] == 0 => require auditor"]
    told = {
        str(decide(policy(*declared), 120).to_dict()["because"])
        for declared in [*permutations(declarations)][::97]
    }
    assert len(told) == 1


def test_a_condition_that_has_no_answer_opens_nothing() -> None:
    """The rule is true of the action, but nobody came to know it."""
    assert effect(decide(policy(OPEN, *dear(4, "require manager")), 120)) == "block"


def test_a_permit_does_not_permit_past_the_limit() -> None:
    permit = 'permit when agent.id == "bot" to shop.tag'
    policies = policy(permit, OPEN, *dear(4, "require manager"))
    given = {**tags(120), "agent": {"id": "bot"}}
    assert policies.evaluate(given).report.rules[0].kind == "permit"
    assert policies.evaluate({**tags(10), "agent": {"id": "bot"}}).effect.value == "auto_run"


def test_rules_in_shadow_have_steps_of_their_own() -> None:
    shadowed = ["@shadow\n" + guard for guard in dear(10)]
    decision = decide(policy(OPEN, *shadowed), 100)
    assert effect(decision) == "auto_run"
    live = decide(policy(OPEN, *dear(1, "require auditor"), *(
        shadow.replace("dear", "shadow") for shadow in shadowed
    )), 100)  # fmt: skip
    assert effect(live) == "auto_run"


def test_a_let_is_paid_for_once() -> None:
    lets = f"let found = {DEAR.format(number=1)}"
    guards = [f"guard g{n} when found => block" for n in range(50)]
    assert effect(decide(policy(lets, OPEN, *guards), 100)) == "auto_run"


def test_a_let_is_paid_for_once_where_risks_err() -> None:
    """What a condition on the score may come to besides forgets no let: the order would count."""
    lets = f"let found = {DEAR.format(number=1)}"
    risk = "risk unknown when action.tags[1000] == 1 => 10"
    conditions = ["risk > 50", "found"] * 6
    on_error = "on_error require auditor"
    for ordered in (conditions, sorted(conditions), sorted(conditions, reverse=True)):
        guards = [f"guard g{n:02} when {text} => block" for n, text in enumerate(ordered)]
        decision = decide(policy(lets, risk, OPEN, *guards, on_error), 100)
        assert effect(decision) == "require auditor"
        assert TOGETHER not in messages(decision)


LETS = [f"let found{n} = action.tags.filter(tag, tag * 2 + tag == {n})" for n in range(5)]
FOUND = " + ".join(f"found{n}" for n in range(5))


@pytest.mark.parametrize(
    "more",
    [
        f"@shadow\nguard tried when ({FOUND}).size() > 0 => block",
        f'rule told when action.tags.size() > 1 => auto_run because "{{{FOUND}}}"',
    ],
)
def test_who_reads_a_let_before_makes_no_obligation_cheaper(more: str) -> None:
    rule = f"{OPEN}\n  obligate note(all: {FOUND})"
    for declared in ([rule], [rule, more], [more, rule]):
        policies = policy(*LETS, *declared)
        (obligation,) = decide(policies, 100).obligations
        assert obligation.args["all"] is None
        (obligation,) = decide(policies, 10).obligations
        assert obligation.args["all"] == [0, 1]


def test_what_texts_ask_a_history_makes_no_obligation_cheaper() -> None:
    asked = f"let asked = past.count(within: 30d)\nlet all = asked >= 0 ? {FOUND} : []"
    rule = f'{OPEN}\n  because "{{all.size() + asked}}"\n  obligate note(all: {FOUND})'
    (obligation,) = decide(policy("history past = shop.tag", *LETS, asked, rule), 100).obligations
    assert obligation.args["all"] is None


def test_lets_count_as_conditions_do() -> None:
    lets = [f"let found{n} = {DEAR.format(number=n + 1)}" for n in range(10)]
    guard = "guard any when " + " || ".join(f"found{n}" for n in range(10)) + " => block"
    decision = decide(policy(*lets, OPEN, guard), 100)
    assert messages(decision) == {TOGETHER}


def test_an_exception_that_suspends_many_rules_is_paid_for_once() -> None:
    guards = [f"guard g{n} when action.tags.size() > 1 => block" for n in range(50)]
    suspended = ", ".join(f"g{n}" for n in range(50))
    exception = f"""exception quiet suspends {suspended} {{
      when action.tags.all(tag, tag * 2 + tag >= 0)
      from 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z
      owner "ops@acme.test" reason "a quiet week"
    }}"""
    assert effect(decide(policy(OPEN, *guards, exception), 100)) == "auto_run"


def test_texts_and_obligations_have_as_much_again() -> None:
    told = [
        f"guard g{n} when action.tags.size() > {n} => require manager\n"
        f'  because "{{action.tags.filter(tag, tag * 2 + tag == {n * 3})}}"\n'
        f"  obligate note(all: action.tags.filter(tag, tag * 2 + tag == {n * 3}))"
        for n in range(10)
    ]
    decision = policy(OPEN, *told).decide_once(tags(100))
    assert effect(decision) == "require manager"
    assert "[0]" in decision.because
    assert "?" in decision.because
    assert {str(obligation.args["all"]) for obligation in decision.obligations} == {"None"}
    few = policy(OPEN, *told).decide_once(tags(10))
    assert [obligation.args["all"] for obligation in few.obligations] == [[n] for n in range(10)]


def test_an_allowance_is_a_sum() -> None:
    allowance = Allowance()
    allowance.take(spent(FREE))
    assert allowance.taken == 0
    allowance.take(spent(FREE + STEPS))
    assert not allowance.is_spent
    with pytest.raises(OutOfSteps):
        allowance.take(spent(FREE + 1))
    with pytest.raises(OutOfSteps):
        allowance.take(spent(0))


def test_of_four_steps_for_text_one_counts() -> None:
    of_text = Budget()
    of_text.charge_text(40_000)
    assert (of_text.spent, of_text.counted) == (4_000, 1_000 - FREE)


def test_text_that_there_are_no_steps_for_makes_no_other_steps_free() -> None:
    budget = spent(90_000)
    with pytest.raises(EvaluationError):
        budget.charge_text(10_000_000)
    assert budget.counted == 90_000 + 10_000 // 4 - FREE


def test_a_walk_by_a_large_pattern_counts_in_full() -> None:
    scope = MapScope({"x": "a" * 10_000})
    small, large = Budget(), Budget()
    Evaluator(scope, small).evaluate(parse_expression('x.matches("b|c")'))
    Evaluator(scope, large).evaluate(parse_expression('x.matches("b{90}")'))
    assert small.counted < small.spent / 3
    assert large.counted - small.counted == large.spent - small.spent > 900
