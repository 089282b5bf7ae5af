"""What an exception asks for is checked once for all rules on the same actions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gatewright.dsl import ast
from gatewright.dsl.checks.declarations import Checking
from gatewright.dsl.load import check_sources
from gatewright.dsl.source import Source
from gatewright.dsl.typing.presence import Facts


def test_an_exception_is_checked_once_for_rules_on_the_same_actions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked: list[int] = []
    conditions = Checking.conditions

    def counted(checking: Checking, given: Sequence[ast.Expr], facts: Facts) -> None:
        checked.append(len(given))
        conditions(checking, given, facts)

    monkeypatch.setattr(Checking, "conditions", counted)
    guards = "".join(f"guard g{n} on a.b => block\n" for n in range(20))
    text = (
        f"package p\naction a.b {{ n: int }}\naction a.c {{ n: int }}\n{guards}"
        "guard other on a.c => block\n"
        f"exception e suspends {', '.join(f'g{n}' for n in range(20))}, other {{\n"
        "  when action.n == 1\n  from 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z\n"
        '  owner "o" reason "r" ticket "T-1"\n}\n'
    )
    _, found = check_sources([Source("p.gate", text)])
    assert not [d for d in found if d.severity == "error"]
    assert checked.count(1) == 2  # for `a.b`, and for `a.c`
