"""The error of a condition, and when another operand absorbs it."""

from __future__ import annotations

import pickle

import pytest

from gatewright.engine.errors import ErrorCode, EvaluationError, absorbing

Operand = bool | ErrorCode


def come_to(operand: Operand) -> bool:
    """Return a bool as it is, and raise an error for its code."""
    if isinstance(operand, bool):
        return operand
    raise EvaluationError(operand, operand)


def test_an_error_has_code_and_message_and_can_be_sent_to_another_process() -> None:
    error = EvaluationError("overflow", "too large")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (copy.code, copy.message, str(copy)) == ("overflow", "too large", "too large")


@pytest.mark.parametrize("stop", [True, False])
def test_what_stops_absorbs_errors_on_both_sides(stop: bool) -> None:
    operands: list[Operand] = ["overflow", not stop, stop, "inexact"]
    assert absorbing(come_to, operands, stop=stop) is stop


@pytest.mark.parametrize("stop", [True, False])
def test_where_nothing_stops_the_first_error_counts(stop: bool) -> None:
    operands: list[Operand] = [not stop, "overflow", "inexact", not stop]
    with pytest.raises(EvaluationError) as raised:
        absorbing(come_to, operands, stop=stop)
    assert raised.value.code == "overflow"
    assert absorbing(come_to, [not stop, not stop], stop=stop) is not stop
    assert absorbing(come_to, [], stop=stop) is not stop


def test_nothing_absorbs_a_spent_budget() -> None:
    operands: list[Operand] = ["cost_limit", True]
    with pytest.raises(EvaluationError) as raised:
        absorbing(come_to, operands, stop=True)
    assert raised.value.code == "cost_limit"
