"""The regular expressions of a set are counted by their instructions."""

from __future__ import annotations

import pytest

from gatewright.dsl import limits
from gatewright.dsl.load import check_sources
from gatewright.dsl.source import Source
from gatewright.dsl.typing.patterns import Patterns

LARGE = r"\pL{20}"


def codes(*patterns: str) -> list[str]:
    lines = (
        f'guard g{n} on a.b when agent.id.matches(r"{each}") => block'
        for n, each in enumerate(patterns)
    )
    text = "package p\naction a.b { }\n" + "\n".join(lines) + "\n"
    return [d.code for d in check_sources([Source("p.gate", text)])[1]]


def test_many_ordinary_patterns_are_no_work() -> None:
    patterns = Patterns()
    assert [patterns.problem(f"[a-z]{{20}}{n}") for n in range(2_000)] == [None] * 2_000
    assert not patterns.are_too_large


def test_the_same_pattern_counts_once() -> None:
    patterns = Patterns()
    assert [patterns.problem(LARGE) for _ in range(50)] == [None] * 50
    assert not patterns.are_too_large
    assert codes(*[LARGE] * 50) == []


def test_what_is_compiled_until_it_is_too_large_counts_as_much() -> None:
    patterns = Patterns()
    for number in range(limits.MAX_INSTRUCTIONS // 20_000):
        assert "too large" in str(patterns.problem(f"{LARGE * 4}{number}"))
    assert patterns.are_too_large


def test_past_the_limit_no_pattern_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    problem = Patterns.problem

    def noting(patterns: Patterns, pattern: str) -> str | None:
        looked_at.append(pattern)
        return problem(patterns, pattern)

    monkeypatch.setattr(Patterns, "problem", noting)
    assert codes(*(f"{n}{LARGE}" for n in range(400))) == ["GW0712"]
    assert len(looked_at) == limits.MAX_INSTRUCTIONS // 23_926 + 1
