"""What is immutable is its own copy; what refers to a whole policy set is not pickled."""

from __future__ import annotations

import copy
import pickle

import pytest

import gatewright as gw

POLICY = "package a\naction x.run { n: int }\nrule low on x.run when action.n < 5 => auto_run\n"
ACTION = {"action": "x.run", "params": {"n": 1}, "at": "2026-11-20T12:00:00Z"}


@pytest.fixture(scope="module")
def policy() -> gw.PolicySet:
    return gw.load_source(POLICY)


def test_a_policy_set_and_its_decisions_are_their_own_copies(policy: gw.PolicySet) -> None:
    decision = policy.evaluate(ACTION)

    assert copy.copy(policy) is policy
    assert copy.deepcopy(policy) is policy
    assert copy.copy(decision) is decision
    assert copy.deepcopy({"kept": [decision]})["kept"][0] is decision


def test_pickling_a_policy_set_says_to_load_it(policy: gw.PolicySet) -> None:
    with pytest.raises(TypeError, match="load it in each process"):
        pickle.dumps(policy)


def test_pickling_a_decision_says_what_to_take_of_it(policy: gw.PolicySet) -> None:
    decision = policy.evaluate(ACTION)
    with pytest.raises(TypeError, match="take its `to_dict"):
        pickle.dumps(decision)

    assert pickle.loads(pickle.dumps(decision.to_dict())) == decision.to_dict()  # noqa: S301
