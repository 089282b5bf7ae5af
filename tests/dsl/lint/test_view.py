"""What lints ask of a policy set costs no more than it must."""

from __future__ import annotations

from unittest.mock import patch

from gatewright.dsl import types as t
from gatewright.dsl.lint.view import View
from gatewright.dsl.load import check_sources
from gatewright.dsl.policy import Scope
from gatewright.dsl.source import Source


def test_an_action_that_a_rule_names_is_not_searched_for() -> None:
    count = 30
    text = "package p\n" + "".join(
        f"action p.x{n} {{ n: int }}\nrule r{n} on p.x{n} when action.n < 5 => auto_run\n"
        for n in range(count)
    )
    policy, _ = check_sources([Source("p.gate", text)])
    assert policy is not None
    view = View(policy)
    with patch.object(Scope, "covers", side_effect=AssertionError):
        covered = [[action.name for action in view.covered(rule.scope)] for rule in view.rules]
    assert sorted(covered) == sorted([f"p.x{n}"] for n in range(count))


def test_the_hash_of_a_type_with_many_fields_is_made_once() -> None:
    changes = t.ChangesType((("f", t.FieldType(t.INT)),))
    with patch.object(t.FieldType, "__hash__", side_effect=AssertionError):
        assert hash(changes) == hash(changes)
