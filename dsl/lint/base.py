"""What a lint is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.view import View
from gatewright.dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Lint:
    """A lint: the name that `@allow("name")` takes, its code, and what finds its cases.

    `check` yields warnings of this code alone, in any order.
    """

    name: str
    code: str
    check: Callable[[View], Iterator[Diagnostic]]
