"""Conditions that would cost much more than their budget, made so by what an agent writes."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest

from gatewright.dsl.diagnostics import PolicyError
from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import texts_equal
from gatewright.engine.decision import Effect
from gatewright.engine.errors import EvaluationError
from gatewright.engine.load import load_source
from tests.attacks.support import MARKS, effect_of

LONG = "\u00e9" * 300_000
NAMES = ", ".join(f'"n\u00e4me{number}"' for number in range(60))
HEAD = """package a
action x.y { who: string, other: string }
rule open on x.y => auto_run
"""


def steps(left: str, right: str) -> int:
    """Return what one comparison of two texts costs."""
    budget = Budget()
    texts_equal(left, right, budget)
    return budget.spent


@pytest.mark.parametrize("right", ["n\u00e4me", "K", "", "x" * 18_000])
def test_texts_that_cannot_be_equal_cost_as_much_as_the_shorter(right: str) -> None:
    assert steps(LONG, right) == steps(right, LONG) == len(right) // 10


def test_two_long_texts_cost_as_much_as_the_longer() -> None:
    assert steps("\u00e9" * 50_000, "e\u0301" * 50_000) == 5_000 + 10_000


def test_a_text_that_is_much_longer_can_never_be_equal() -> None:
    """The longest decompositions have 4 characters: 4 for 1 on the one side, 1 for 4 beyond."""
    characters = map(chr, range(sys.maxunicode + 1))
    assert max(len(unicodedata.normalize("NFD", char)) for char in characters) == 4
    assert texts_equal("\u1f82" * 9, unicodedata.normalize("NFD", "\u1f82" * 9), Budget())


@pytest.mark.parametrize("pair", [("\u212a", "K"), ("\u037e", ";"), ("e\u0301", "\u00e9")])
def test_equal_texts_of_another_spelling_stay_equal(pair: tuple[str, str]) -> None:
    left, right = pair
    assert texts_equal(left, right, Budget())
    assert texts_equal(right, left, Budget())


CONDITIONS = [
    "[action.who, action.who + 'x'].exists(a, action.other + a < a)",
    "[1, 2, 3, 4, 5].exists(i, (action.who + 'a') == (action.other + 'b'))",
    "[1, 2, 3, 4, 5].exists(i, action.who in {'a': 1})",
    "[1, 2, 3, 4, 5].exists(i, {'a': 1}[?action.who].hasValue())",
    "[1, 2, 3, 4, 5].exists(i, {action.who: 1} == {action.other: 2})",
    "[1, 2, 3, 4, 5].exists(i, action.who in action.other .. action.who)",
    "[1, 2, 3, 4, 5].exists(i, ['a', 'b'].transformMap(k, v, k).size() == 9"
    " || [action.who].transformMapEntry(k, v, {v: 1}).size() == 9)",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_whatever_reads_long_texts_is_charged(condition: str) -> None:
    policy = load_source(HEAD + f"guard g on x.y when {condition} => block")
    action = {"action": "x.y", "params": {"who": LONG, "other": LONG + "\u00e9"}}
    decision = policy.evaluate(action)
    assert decision.effect is Effect.BLOCK
    assert "costs more than its limit" in decision.errors[0].message


@pytest.mark.parametrize(
    "condition", [f"action.who in [{NAMES}]", f"[{NAMES}].exists(n, n == action.who)"]
)
def test_a_long_text_is_looked_up_among_many_names(condition: str) -> None:
    policy = load_source(HEAD + f"guard g on x.y when {condition} => block")
    assert (
        effect_of(policy, {"action": "x.y", "params": {"who": LONG, "other": ""}})
        is Effect.AUTO_RUN
    )


def test_a_budget_that_is_spent_stays_spent() -> None:
    budget = Budget(10)
    for _ in range(2):
        with pytest.raises(EvaluationError, match="costs more"):
            texts_equal("\u00e9" * 200, "\u00e8" * 200, budget)


@pytest.mark.parametrize("data", [{"a": MARKS}, {MARKS: 1}, {"a": [{MARKS: 1}]}], ids=ascii)
def test_a_data_document_has_no_endless_marks(data: dict[str, object]) -> None:
    with pytest.raises(PolicyError, match="too many combining marks"):
        load_source(HEAD, data=data)


@pytest.mark.parametrize("mark", ["\u0f73", "\u0f75", "\u0f81"])
def test_marks_that_count_as_characters_are_marks(mark: str) -> None:
    """Each stands for two marks: a million of them would take hours to be put in order."""
    policy = load_source(HEAD)
    begun = time.process_time()
    decision = policy.evaluate({"action": "x.y", "params": {"who": "a" + mark * 1_000_000}})
    assert time.process_time() - begun < 5
    assert "too many combining marks" in decision.errors[0].message


COMPILED = {
    "ranges": "action.tags.exists(tag, action.who in tag .. tag)",
    "built-texts": "(action.who + action.who) in action.tags || (action.who + action.other) in action.tags",
}


@pytest.mark.parametrize("condition", COMPILED.values(), ids=COMPILED)
def test_what_costs_too_much_does_so_in_compiled_code(condition: str) -> None:
    """Too much for one condition, of an action that has no large value."""
    policy = load_source(
        "package a\naction x.y { who: string, other: string, tags: list<string> }\n"
        f"rule open on x.y => auto_run\nguard g on x.y when {condition} => block"
    )
    params = {"who": "\u00e9" * 2_000, "other": "\u00fc" * 2_000, "tags": ["\u00f6" * 960] * 199}
    action = {"action": "x.y", "params": params}
    effects = [policy.evaluate(action).effect for _ in range(4)]
    assert effects == [policy.decide_once(action).effect] * 4 == [Effect.BLOCK] * 4


def test_a_long_text_that_is_looked_for_costs_compiled_code_too() -> None:
    """It is put into normal form for each condition, be the list as short as it may."""
    guards = "".join(
        f"guard g{number} on x.y when context.evidence.size() > 3 ? true"
        f' : has(context.trigger) && context.trigger in ["a{number}"] => block\n'
        for number in range(20)
    )
    policy = load_source(HEAD + guards)
    action = {"action": "x.y", "params": {"who": "", "other": ""}, "context": {"trigger": LONG * 3}}
    effects = [policy.evaluate(action).effect for _ in range(4)]
    assert effects == [policy.decide_once(action).effect] * 4 == [Effect.BLOCK] * 4
