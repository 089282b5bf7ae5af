"""Risks that erred -> the scores that the action may have, and the conditions that must know.

An erring risk counts in full. A condition that asks for a high score could be opened by that, and
one that asks for a low score be turned off: such conditions are asked for every possible score.
Source: docs/language.md#risk, #choices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.walk import children

MAX_SCORE = 100


def capped(score: int) -> int:
    """Return a sum of risks as the score that conditions see.

    >>> capped(140)
    100
    """
    return min(MAX_SCORE, score)


def lower_scores(certain: int, erring: Iterable[int]) -> tuple[int, ...]:
    """Return each score below the full one, if any part of the erring risks did not count.

    `certain` is the sum of the risks that hold. Never more than `MAX_SCORE` scores.

    >>> lower_scores(10, [20, 90])
    (10, 30)
    """
    scores, full = {capped(certain)}, certain
    for part in erring:
        scores |= {capped(score + part) for score in scores}
        full += part
    return tuple(sorted(scores - {capped(full)}))


def reader_of_risk(policy: CheckedPolicy) -> Callable[[str, ast.Expr], bool]:
    """Return the function that tells whether a package's condition reads `risk`.

    It follows lets, and remembers what it found out. A name that only looks like `risk` counts.
    """
    known: dict[tuple[str, str], bool] = {}

    def let_reads(package: str, name: str) -> bool:
        key, let = (package, name), policy.packages[package].lets.get(name)
        if let is not None and key not in known:
            known[key] = reads(package, let.value)  # the checker refuses circles
        return known.get(key, False)

    def reads(package: str, expr: ast.Expr) -> bool:
        match expr:
            case ast.Name(name="risk"):
                return True
            case ast.Name(name=name):
                return let_reads(package, name)
            case ast.Select(operand=ast.Name(name=local), field=field):
                home = policy.packages[package].imports.get(local)
                if home is not None and home in policy.packages and let_reads(home, field):
                    return True
            case _:
                pass
        return any(reads(package, child) for child in children(expr))

    return reads
