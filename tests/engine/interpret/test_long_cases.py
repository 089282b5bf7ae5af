"""Rules with many rows of `cases`: each condition is evaluated once, and the answers are right."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gatewright.dsl import ast
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.compile.unit import MOST_CONDITIONS
from gatewright.engine.decision import Decision
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source


def policy(rows: int, condition: str = "action.n < {row}") -> PolicySet:
    cases = "".join(f"  {condition.format(row=row)} => require r\n" for row in range(rows))
    return load_source(
        "package a\naction x.y { n: int }\n"
        'route r { one of group("g") }\ndefault require r\non_error require r\n'
        f"rule c on x.y cases {{\n{cases}  else => block\n}}\n"
    )


def decided(rules: PolicySet, number: int) -> Decision:
    return rules.evaluate({"action": "x.y", "params": {"n": number}, "at": "2026-11-20T12:00:00Z"})


@pytest.mark.parametrize("rows", [3, MOST_CONDITIONS + 10])
def test_the_first_row_that_holds_counts(rows: int) -> None:
    rules = policy(rows)
    assert decided(rules, rows - 2).effect.value == "require_approval"
    assert decided(rules, rows).effect.value == "block"


def test_each_condition_is_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = policy(MOST_CONDITIONS + 10)
    calls: Counter[int] = Counter()
    plain = Evaluator.condition

    def counted(self: Evaluator, expr: ast.Expr) -> bool:
        calls[id(expr)] += 1
        return plain(self, expr)

    monkeypatch.setattr(Evaluator, "condition", counted)
    decision = decided(rules, 5)
    assert decision.effect.value == "require_approval"
    assert len(calls) == MOST_CONDITIONS + 10
    assert set(calls.values()) == {1}


def test_an_error_in_an_early_row_is_reported_once() -> None:
    decision = decided(policy(4, "action.n / 0 == {row}"), 5)
    assert len(decision.errors) == 4
    assert decision.effect.value == "block"


@pytest.mark.parametrize("rows", [1, 4])
def test_an_error_is_explained_once_however_many_rows_follow(rows: int) -> None:
    decision = decided(policy(rows, "action.n / 0 == {row}"), 5)
    told = decision.explain()
    (rule,) = (rule for rule in (*told.decisive, *told.others) if rule.name == "c")
    assert [(c.kind, c.result) for c in rule.conditions] == [("when", "error")] * rows
    assert len({c.at for c in rule.conditions}) == rows
    assert str(told).count(" is an error: ") == rows
    written: Any = told.to_dict()
    (as_json,) = (r for r in written["decisive"] + written["others"] if r["name"] == "c")
    assert as_json == rule.to_dict()
    assert len(written["errors"]) == rows
    missing = decided(policy(rows, "action.n / 0 == {row} => auto_run\n  action.n == {row}"), 5)
    (wanting,) = missing.explain().missing
    erring = [c.at for c in wanting.conditions if c.error]
    assert len(erring) == len(set(erring)) == rows


def test_each_condition_is_reported_with_its_sign() -> None:
    decision = decided(policy(3), 1)
    (rule,) = (rule for rule in decision.rules if rule.name == "c")
    shown = [(c.kind, c.result, c.holds) for c in rule.conditions]
    assert shown == [("unless", "false", True)] * 2 + [("when", "true", True)]


def test_what_the_interpreter_decided_is_not_evaluated_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decision = decided(policy(MOST_CONDITIONS + 10), 5)
    monkeypatch.setattr(Evaluator, "condition", None)
    assert decision.rules[0].name == "c"
