"""What is shown for policy sets that are made up here: limits, bytes that are no text."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewright.dsl.load import check_paths, check_sources
from gatewright.dsl.rendering.text import to_text
from gatewright.dsl.source import Source
from tests.diagnostics.generated import GENERATED
from tests.diagnostics.support import assert_readable, assert_same, generated_set

GOLDEN = Path(__file__).resolve().parent / "generated"


@pytest.mark.parametrize("name", GENERATED)
def test_generated(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generated_set(GENERATED[name], tmp_path, monkeypatch)
    policy, found = check_paths(["."])
    assert policy is None
    for diagnostic in found:
        assert_readable(diagnostic)
    assert_same(GOLDEN / f"{name}.txt", to_text(found))


def test_no_golden_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(GENERATED)


def test_of_very_many_errors_the_first_are_shown() -> None:
    rules = (f"guard g{i} on * => require r{i}\n" for i in range(2_000))
    policy, found = check_sources([Source("p.gate", "package p\n" + "".join(rules))])
    assert policy is None
    assert {d.code for d in found} == {"GW0204"}
    assert to_text(found).endswith("\n\n100 errors, 100 more not shown\n")


def test_a_text_from_code_may_be_as_large_as_any_file() -> None:
    text = "package p\n" + "let x = 5\n" * 1_000_000
    policy, found = check_sources([Source("p.gate", text)])
    assert policy is None
    assert [d.code for d in found] == ["GW0701"]


def test_a_text_from_code_may_hold_half_of_a_character() -> None:
    found = list(check_sources([Source("p.gate", 'package p\nlet x = "\ud800"\n')])[1])
    assert [(d.code, d.span.begin) for d in found] == [("GW0102", (2, 10))]


def test_data_from_code_that_is_no_plain_value_is_told() -> None:
    for data in ({"x": object()}, {1: "x"}, {"x": 2**70}, {"x": float("nan")}, {"x": "\ud800"}):
        policy, found = check_sources([Source("p.gate", "package p\n")], data)  # type: ignore[arg-type]
        assert policy is None
        assert [d.code for d in found] == ["GW0802"]
