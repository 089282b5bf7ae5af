"""Python functions made as syntax trees: a few words to write them with.

Nothing here turns text into code. Constants that have no literal travel in the function's globals.
"""

from __future__ import annotations

import ast as py
from collections.abc import Iterable
from typing import Any

_COMPARISONS: dict[str, type[py.cmpop]] = {
    "==": py.Eq, "!=": py.NotEq, "<": py.Lt, "<=": py.LtE, ">": py.Gt, ">=": py.GtE,
}  # fmt: skip


def name(text: str) -> py.Name:
    """Return the code that reads a variable."""
    return py.Name(text, py.Load())


def call(function: py.expr, *arguments: py.expr) -> py.Call:
    """Return the code of a call."""
    return py.Call(function, list(arguments), [])


def compared(operator: str, left: py.expr, right: py.expr) -> py.Compare:
    """Return the code of a comparison."""
    return py.Compare(left, [_COMPARISONS[operator]()], [right])


def is_not(value: py.expr, type_name: str, type_: py.expr | None = None) -> py.Compare:
    """Return the code of `type(value) is not T`."""
    return py.Compare(
        call(name("type"), value), [py.IsNot()], [name(type_name) if type_ is None else type_]
    )


def none_if(condition: py.expr) -> py.stmt:
    """Return the code of `if condition: return None`."""
    return py.If(condition, [py.Return(py.Constant(None))], [])


class Code:
    """A function in the making."""

    def __init__(self, title: str, parameters: tuple[str, ...]) -> None:
        self._title = title
        self._parameters = parameters
        self.body: list[py.stmt] = []
        self._globals: dict[str, Any] = {}
        self._names: dict[int, str] = {}

    def constant(self, value: object) -> py.expr:
        """Return the code that reads a constant."""
        if value is None or type(value) in (bool, int, str):
            return py.Constant(value)  # type: ignore[arg-type]
        key = self._names.get(id(value))
        if key is None:
            key = self._names[id(value)] = f"k{len(self._names)}"
            self._globals[key] = value
        return name(key)

    def assign(self, variable: str, value: py.expr) -> py.stmt:
        """Return the code of an assignment."""
        return py.Assign([py.Name(variable, py.Store())], value)

    def set(self, variable: str, value: py.expr) -> None:
        """Add an assignment."""
        self.add(self.assign(variable, value))

    def add(self, statement: py.stmt) -> None:
        """Add a statement."""
        self.body.append(statement)

    def extend(self, statements: Iterable[py.stmt]) -> None:
        """Add statements."""
        self.body.extend(statements)

    def function(self) -> Any:
        """Return the function, compiled."""
        parameters = py.arguments([], [py.arg(p) for p in self._parameters], None, [], [], None, [])
        made = py.FunctionDef(self._title, parameters, self.body, [])
        module = py.fix_missing_locations(py.Module([made], []))
        names = dict(self._globals)
        exec(compile(module, f"<gatewright {self._title}>", "exec"), names)  # noqa: S102
        return names[self._title]
