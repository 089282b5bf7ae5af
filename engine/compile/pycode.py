"""Python functions made as syntax trees: a few words to write them with.

Nothing here turns text into code. Constants that have no literal travel in the function's globals.
"""

from __future__ import annotations

import ast as py
from collections.abc import Iterable, Sequence
from typing import Any

_COMPARISONS: dict[str, type[py.cmpop]] = {
    "==": py.Eq, "!=": py.NotEq, "<": py.Lt, "<=": py.LtE, ">": py.Gt, ">=": py.GtE,
}  # fmt: skip


def name(text: str) -> py.Name:
    """Return the code that reads a variable."""
    return py.Name(text, py.Load())


def attribute(variable: str, *names: str) -> py.expr:
    """Return the code of `variable.name.name`."""
    expr: py.expr = name(variable)
    for each in names:
        expr = py.Attribute(expr, each, py.Load())
    return expr


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


def is_none(expr: py.expr) -> py.expr:
    """Return the code of `expr is None`."""
    return py.Compare(expr, [py.Is()], [py.Constant(None)])


def is_something(expr: py.expr) -> py.expr:
    """Return the code of `expr is not None`."""
    return py.Compare(expr, [py.IsNot()], [py.Constant(None)])


def none_if(condition: py.expr) -> py.stmt:
    """Return the code of `if condition: return None`."""
    return py.If(condition, [py.Return(py.Constant(None))], [])


def unless(operator: str, left: py.expr, right: py.expr) -> py.stmt:
    """Return the code of `if not left operator right: return None`."""
    return none_if(py.UnaryOp(py.Not(), compared(operator, left, right)))


def more(count: str) -> py.stmt:
    """Return the code of `count += 1`."""
    return py.AugAssign(py.Name(count, py.Store()), py.Add(), py.Constant(1))


def other_length(mapping: str, may_lack: Sequence[bool]) -> py.expr:
    """Return the code that tells whether a mapping has other keys than those found in it.

    Of the fields, told by whether they may be missing, the others were found for certain; how many
    of these were is in the variable `found`.
    """
    certain = sum(not each for each in may_lack)
    if not may_lack:
        return name(mapping)
    wanted: py.expr = py.Constant(certain)
    if any(may_lack):
        wanted = name("found")
        if certain:
            wanted = py.BinOp(wanted, py.Add(), py.Constant(certain))
    return py.Compare(call(name("len"), name(mapping)), [py.NotEq()], [wanted])


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
        return self._made(self._definition(), dict(self._globals))

    def _definition(self) -> py.Module:
        parameters = py.arguments([], [py.arg(p) for p in self._parameters], None, [], [], None, [])
        return py.Module([py.FunctionDef(self._title, parameters, self.body, [])], [])

    def _made(self, definition: py.Module, names: dict[str, Any]) -> Any:
        located = py.fix_missing_locations(definition)
        exec(compile(located, f"<gatewright {self._title}>", "exec"), names)  # noqa: S102
        return names[self._title]
