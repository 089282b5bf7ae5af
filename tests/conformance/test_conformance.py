"""Every given case of the public CEL conformance suite, through the adapter."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.cel_adapter import Compiled, Typed, compiled, engine, unfolded
from tests.conformance.deviations import DEVIATIONS
from tests.conftest import shared_dir

ALLOWED_ERRORS: tuple[type[Exception], ...] = getattr(engine, "cel_errors")  # noqa: B009


def _cases() -> list[dict[str, Any]]:
    path = shared_dir() / "conformance" / "cel_cases.json"
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return [case for case in cases if case["in_scope"]]


def _key(case: dict[str, Any]) -> tuple[str, str, str]:
    return case["file"], case["section"], case["name"]


def _kind(typed: Typed) -> str:
    return next(kind for kind in typed if kind != "wrapper")


def same(expected: Typed, got: Typed) -> bool:
    """Compare as the suite's runner does: kinds too, NaN equals NaN, maps have no order."""
    kind = _kind(expected)
    if kind != _kind(got):
        return False
    left, right = expected[kind], got[kind]
    if kind == "double":
        a, b = float(left), float(right)
        return a == b or (math.isnan(a) and math.isnan(b))
    if kind == "list":
        return len(left) == len(right) and all(map(same, left, right))
    if kind == "map":
        return len(left) == len(right) and all(
            any(same(key, k) and same(value, v) for k, v in right) for key, value in left
        )
    return kind == "null" or (type(left) is type(right) and left == right)


def agrees(case: dict[str, Any]) -> bool:
    """Tell whether the adapter answers a case as the suite says."""
    try:
        got = engine(case)
    except ALLOWED_ERRORS:
        return "error" in case
    return "value" in case and same(case["value"], got)


CASES = _cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join(_key(case)))
def test_case(case: dict[str, Any]) -> None:
    assert agrees(case) is (_key(case) not in DEVIATIONS), case["expr"]


def answer(adapter: Callable[[dict[str, Any]], Typed], case: dict[str, Any]) -> Typed | None:
    try:
        return adapter(case)
    except ALLOWED_ERRORS:
        return None


@pytest.mark.parametrize(("adapter", "least"), [(compiled, 0.95), (unfolded, 0.9)])
def test_native_code_agrees(
    adapter: Compiled, least: float, record_property: Callable[[str, object], None]
) -> None:
    """Every case as native code; nearly all that have a value must have it from there."""
    adapter.answered = 0
    expected = [answer(engine, case) for case in CASES]
    for case, value in zip(CASES, expected, strict=True):
        got = answer(adapter, case)
        agreed = got is None if value is None else got is not None and same(value, got)
        assert agreed, case["expr"]
    with_value = sum(value is not None for value in expected)
    record_property("native", f"{adapter.answered} of {with_value}")
    print(f"native code answered {adapter.answered} of {with_value} cases")  # noqa: T201
    assert adapter.answered >= least * with_value


def test_the_suite_is_there() -> None:
    assert len(CASES) > 1000


def test_typed_values_tell_kinds_apart() -> None:
    assert not same({"int": 1}, {"uint": 1})
    assert not same({"bool": True}, {"int": 1})
    assert same({"double": "NaN"}, {"double": "NaN"})
    assert not same({"map": [[{"int": 1}, {"int": 2}]]}, {"map": [[{"int": 1}, {"int": 3}]]})
