"""The value of a `let` is typed once for all routes, and once for all histories of an action."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.load import check_sources
from gatewright.dsl.source import Source
from gatewright.dsl.typing.base import Env
from gatewright.dsl.typing.typer import Typer

ROUTES = 'let who = agent.id == "b" ? "x" : "y"\n' + "".join(
    f"route q{n} {{ one of who }}\n" for n in range(20)
)
HISTORIES = "let few = 3 < 5\n" + "".join(
    f"history h{n} = p.x where few && n > {n}\n" for n in range(20)
)


@pytest.mark.parametrize(("text", "value"), [(ROUTES, "who"), (HISTORIES, "few")])
def test_a_let_is_typed_once(text: str, value: str) -> None:
    typed: list[str] = []
    infer = Typer.infer_in

    def noted(typer: Typer, expr: ast.Expr, env: Env) -> t.Type:
        typed.append(expr.span.text)
        return infer(typer, expr, env)

    with patch.object(Typer, "infer_in", noted):
        _, found = check_sources([Source("p.gate", f"package p\naction p.x {{ n: int }}\n{text}")])
    assert not [d for d in found if d.severity == "error"]
    written = {"who": 'agent.id == "b" ? "x" : "y"', "few": "3 < 5"}[value]
    # Once for routes or histories, and at most once for the package.
    assert 1 <= typed.count(written) <= 2
