"""What is left of a policy set for one action decides and explains it as the whole does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source
from gatewright.engine.narrow import Narrowing
from tests.engine.interpret.support import action
from tests.properties.support import decide, examples, loaded
from tests.strategies.policies import GeneratedSet, policy_sets

TEXTS = (
    """package shop
action shop.refund { n: int }
action shop.order.cancel { n: int }
route clerk { one of group("clerks") }
default require clerk
on_error block
permit agent "bot" to shop.refund
risk big when action.n > 5 => 10
rule own when true => require clerk
rule named on shop.refund when true => auto_run
rule twice on shop.refund, shop.*, shop.refund when true => require clerk
rule below on shop.order.* when true => require clerk
guard everywhere on * when action.n > 100 => block
exception pause suspends below { from 2026-06-01T00:00:00Z until 2026-06-30T00:00:00Z
  reason "x" owner "y" }
invariant calm on shop.refund: never auto_run when action.n > 9
""",
    """package crm
import shop
action crm.move { n: int }
route clerk { one of group("sales") }
default block on crm.*
on_error require clerk on crm.*
rule all_of_crm when true => require clerk
rule outside on ext.*, crm.move when true => require clerk
""",
)


@pytest.fixture(name="whole", scope="module")
def whole_fixture() -> CheckedPolicy:
    return load_source(TEXTS).policy


def names(policy: CheckedPolicy) -> list[str]:
    return [rule.name for rule in policy.rules]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop.refund", ["everywhere", "named", "own", "twice"]),
        ("shop.order.cancel", ["below", "everywhere", "own", "twice"]),
        ("crm.move", ["all_of_crm", "outside", "everywhere"]),
        ("ext.thing", ["outside", "everywhere"]),
        ("shop.other", ["everywhere", "twice"]),
        ("shop.order", ["everywhere", "twice"]),
        ("shop", ["everywhere"]),
        ("shopping.refund", ["everywhere"]),
        ("ext", ["everywhere"]),
        ("", ["everywhere"]),
        ("shop.", ["everywhere", "twice"]),
    ],
)
def test_rules_that_cover_the_action_in_the_order_of_the_set(
    whole: CheckedPolicy, name: str, expected: list[str]
) -> None:
    found = Narrowing(whole).of(name)
    assert names(found) == expected
    declared = whole.actions.get(name)
    home = declared.package if declared is not None else None
    assert found.rules == tuple(r for r in whole.rules if r.scope.covers(name, home))


def test_only_what_can_matter_is_left(whole: CheckedPolicy) -> None:
    narrowing = Narrowing(whole)
    refund, cancel, move, other = map(
        narrowing.of, ("shop.refund", "shop.order.cancel", "crm.move", "ext.thing")
    )
    assert [len(p.permits) for p in (refund, cancel, move, other)] == [1, 1, 0, 0]
    assert [len(p.exceptions) for p in (refund, cancel, move, other)] == [0, 1, 0, 0]
    assert [len(p.risks) for p in (refund, cancel, move, other)] == [1, 1, 0, 0]
    assert [len(p.defaults) for p in (refund, cancel, move, other)] == [1, 1, 1, 0]
    assert [len(p.on_errors) for p in (refund, cancel, move, other)] == [1, 1, 1, 0]
    assert [len(p.invariants) for p in (refund, cancel, move, other)] == [1, 0, 0, 0]
    assert all(p.tests == () for p in (refund, cancel, move, other))


def test_declarations_are_the_same_objects(whole: CheckedPolicy) -> None:
    found = Narrowing(whole).of("shop.refund")
    assert {id(rule) for rule in found.rules} <= {id(rule) for rule in whole.rules}
    assert found.packages is whole.packages
    assert found.routes is whole.routes


def test_a_missing_permit_is_told_at_the_permit_of_the_package(whole: CheckedPolicy) -> None:
    asked = action(name="shop.order.cancel")
    part = PolicySet(Narrowing(whole).of("shop.order.cancel"))
    decision = PolicySet(whole).evaluate(asked)
    assert decision.rules[0].kind == "permit"
    assert decision.rules[0].at == part.evaluate(asked).rules[0].at


@examples(0.8)
@given(policy_sets())
def test_the_part_decides_and_explains_as_the_whole(made: GeneratedSet) -> None:
    whole = loaded(made)
    narrowing = Narrowing(whole.policy)
    for asked in made.actions:
        name = asked.get("action")
        part = PolicySet(narrowing.of(name if isinstance(name, str) else ""))
        first, second = decide(whole, made, asked), decide(part, made, asked)
        assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())
        assert str(first.explain()) == str(second.explain())
