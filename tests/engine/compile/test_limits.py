"""Which actions compiled code decides about, where all conditions together might cost too much."""

from __future__ import annotations

import pytest

from gatewright.engine import deciding
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.interpret import interpret
from gatewright.engine.load import load_source

HEAD = """package shop
action shop.tag { tags: list<string>, note?: string }
route manager { one of group("managers") }
default auto_run
"""
SMALL_ONLY = 'guard g{n} when action.tags.exists(tag, tag.contains("{n}")) => require manager'


def policy(count: int, guard: str = SMALL_ONLY) -> PolicySet:
    return load_source(HEAD + "\n".join(guard.replace("{n}", str(n)) for n in range(count)))


@pytest.fixture
def interpretations(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    asked: list[object] = []

    def noting(*arguments: object) -> object:
        asked.append(arguments)
        return interpret(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(deciding, "interpret", noting)
    return asked


def is_compiled(policies: PolicySet, asked: list[object], **params: object) -> bool:
    """Tell whether an action that came often is decided without the interpreter, and alike."""
    given = {"action": "shop.tag", "params": params}
    before = policies.decide_once(given)
    for _ in range(3):
        policies.evaluate(given)
    asked.clear()
    decision = policies.evaluate(given)
    is_compiled = not asked
    assert decision.effect is before.effect
    assert decision.matched == before.matched
    return is_compiled


TINY = ["a" * 100] * 3
SMALL = ["a" * 2_000] * 3


def test_few_conditions_decide_about_small_actions(interpretations: list[object]) -> None:
    assert is_compiled(policy(1), interpretations, tags=SMALL)
    assert is_compiled(policy(1), interpretations, tags=["a"] * 200)
    assert not is_compiled(policy(1), interpretations, tags=["a"] * 201)
    assert not is_compiled(policy(1), interpretations, tags=[*SMALL, "a" * 2_001])


def test_many_conditions_decide_about_tiny_actions(interpretations: list[object]) -> None:
    many = policy(50)
    assert is_compiled(many, interpretations, tags=TINY)
    assert is_compiled(many, interpretations, tags=["7"] * 32)
    assert not is_compiled(many, interpretations, tags=["7"] * 33)
    assert not is_compiled(many, interpretations, tags=[*TINY, "a" * 101])


def test_too_many_conditions_are_left_to_the_interpreter(interpretations: list[object]) -> None:
    dear = "guard g{n} when action.tags.exists(tag, lists.range(100).size() == {n}) => block"
    assert is_compiled(policy(20, dear), interpretations, tags=TINY)
    assert is_compiled(policy(20, dear), interpretations, tags=["7"] * 32)
    assert not is_compiled(policy(100, dear), interpretations, tags=TINY)


def test_conditions_that_read_little_are_compiled_however_many(
    interpretations: list[object],
) -> None:
    plain = policy(200, "guard g{n} when action.tags.size() == {n} => require manager")
    assert is_compiled(plain, interpretations, tags=SMALL)
