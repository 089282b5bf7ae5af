"""How a function of the expression language is declared: name, kinds of arguments, body.

Every family of functions is a module with a `Library`; `functions` joins them into one table. A
body is a plain Python function of values that raises nothing but EvaluationError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar

from gatewright.dsl.records import dataclass
from gatewright.engine.cel.budget import Budget
from gatewright.engine.values import Value, kind_of

Body: TypeAlias = Callable[..., Value]
B = TypeVar("B", bound=Body)

VARIADIC = -1
"""The arity of a function that takes one argument or more."""


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function.

    `parameters` are kinds of values (`int`, `string`, ...), several joined by `|`, or `any`; a
    member function's first is its receiver. A metered body gets the budget before its arguments.
    """

    name: str
    is_member: bool
    parameters: tuple[str, ...]
    body: Body
    variadic: bool = False
    metered: bool = False

    @property
    def arity(self) -> int:
        """How many arguments stand between the brackets, or `VARIADIC`."""
        return VARIADIC if self.variadic else len(self.parameters) - self.is_member

    def accepts(self, arguments: tuple[Value, ...]) -> bool:
        """Tell whether the arguments are of the declared number and kinds."""
        if self.variadic:
            return bool(arguments) and all(_fits(a, self.parameters[0]) for a in arguments)
        return len(arguments) == len(self.parameters) and all(
            map(_fits, arguments, self.parameters)
        )

    def run(self, arguments: tuple[Value, ...], budget: Budget) -> Value:
        """Call the body; texts that go in and texts and lists that come out are charged.

        A body that walks through a list, or builds more than it was given, is metered and charges
        for that itself, beforehand.
        """
        for argument in arguments:
            if isinstance(argument, (str, bytes)):
                budget.charge_text(len(argument))
        result = self.body(budget, *arguments) if self.metered else self.body(*arguments)
        if isinstance(result, (str, bytes)):
            budget.charge_text(len(result))
        elif isinstance(result, tuple):
            budget.charge(len(result))
        return result


def _fits(value: Value, parameter: str) -> bool:
    return parameter == "any" or kind_of(value) in parameter.split("|")


class Library:
    """The overloads of one family of functions."""

    def __init__(self) -> None:
        self._overloads: list[Overload] = []

    def __iter__(self) -> Iterator[Overload]:
        return iter(self._overloads)

    def function(
        self, name: str, *parameters: str, variadic: bool = False, metered: bool = False
    ) -> Callable[[B], B]:
        """Declare the decorated body as `name(...)`; the name may have a namespace."""

        def declare(body: B) -> B:
            self._overloads.append(Overload(name, False, parameters, body, variadic, metered))
            return body

        return declare

    def member(self, name: str, *parameters: str, metered: bool = False) -> Callable[[B], B]:
        """Declare the decorated body as `receiver.name(...)`; the first kind is the receiver's."""

        def declare(body: B) -> B:
            self._overloads.append(Overload(name, True, parameters, body, metered=metered))
            return body

        return declare
