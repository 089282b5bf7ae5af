"""A text in a list: found as by comparing it with each element, at the price of reading texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.cel.budget import Budget
from gatewright.engine.cel.comparison import contains, has_text
from gatewright.engine.cel.untyped import UntypedText
from gatewright.engine.decimals import parse_decimal
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Duration, Map, Money, Value

TEXTS = [
    "", "a", "5m", "5 USD", "ab" * 20, "K", "\u212a", "\u00dc", "U\u0308", "\u00dc" * 30, "\ud800",
]  # fmt: skip
OTHERS: list[Value] = [
    5, 5.5, None, True, b"a", Money(parse_decimal("5"), "USD"), Duration(300 * 10**9), ("a",),
    Map.of({"a": "b"}), *(UntypedText(text) for text in TEXTS[:8]),
]  # fmt: skip


def found(search: object, *arguments: object) -> object:
    try:
        return search(*arguments)  # type: ignore[operator]
    except EvaluationError as error:
        return error.code, error.message


@given(st.lists(st.sampled_from([*TEXTS, *OTHERS]), max_size=6), st.sampled_from(TEXTS))
def test_it_is_found_as_by_comparing_each(values: list[Value], wanted: str) -> None:
    one, other = Budget(), Budget()
    quick = found(has_text, tuple(values), wanted, one)
    assert quick == found(contains, tuple(values), wanted, other)
    assert one.spent <= max(2 * other.spent, other.spent + 10 * len(values))


def test_plain_texts_are_charged_as_texts() -> None:
    listed = tuple(f"C-{n:08}" for n in range(4_000))
    budget = Budget()
    assert not has_text(listed, "C-99999999", budget)
    assert budget.spent == 2 * 4_000
    assert budget.counted == 2 * 4_000 // 4 - 100
    first = Budget()
    assert has_text(listed, listed[0], first)
    assert first.spent == 2
