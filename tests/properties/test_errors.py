"""A policy that passes the check errs only where no check can tell, and never on a type."""

from __future__ import annotations

from hypothesis import given

from gatewright.engine.errors import ErrorCode
from tests.properties.support import Facts, examples, loaded
from tests.strategies.policies import GeneratedSet, policy_sets

UNAVOIDABLE: dict[ErrorCode, str] = {
    "overflow": "numbers, instants and decimals have ends",
    "divide_by_zero": "a divisor may be zero",
    "inexact": "a quotient of decimals may have no end",
    "currency_mismatch": "money without a declared currency may be of any",
    "no_such_key": "a map may lack the key, a list the position",
    "invalid_argument": "a text may be no number, a position beyond its end",
    "cost_limit": "an action may be larger than the bound foresees",
    "no_such_field": "agents and targets are told by the host: what it does not tell is absent",
}
"""What a checked policy may meet with an action that fits its type, and why."""


@examples(0.8)
@given(policy_sets(dynamic=False))
def test_a_checked_policy_meets_no_error_of_type_or_name(made: GeneratedSet) -> None:
    policy = loaded(made)
    for action in made.valid:
        facts = Facts(policy.policy, made, action)
        facts.answer()
        assert facts.errors.keys() <= UNAVOIDABLE.keys(), facts.errors


@examples(0.5)
@given(policy_sets(dynamic=False, partly=False))
def test_total_conditions_err_only_on_what_the_host_did_not_tell(made: GeneratedSet) -> None:
    policy = loaded(made)
    for action in made.valid:
        facts = Facts(policy.policy, made, action)
        facts.answer()
        assert facts.errors.keys() <= {"no_such_field"}, facts.errors
        for message in facts.errors.values():
            assert "`agent." in message or "`target." in message
