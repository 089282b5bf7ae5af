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


def test_the_default_of_an_action_is_all_defaults_that_cover_it() -> None:
    text = """package p
route manager { one of group("m") }
action p.free { n: int }
action p.asked { n: int }
action q.other { n: int }
default auto_run on p.*
default require manager on p.asked
rule a on * when risk > 5 => require manager
"""
    policy, _ = check_sources([Source("p.gate", text)])
    assert policy is not None
    view = View(policy)
    told = {name: view.default_of(action) for name, action in policy.actions.items()}
    assert told["p.free"].auto_run
    assert told["p.asked"].routes == {"p.manager"}
    assert told["q.other"].block
