"""Code whose constants stand beside it, so that all who decide alike share one function.

HOT: `act` of benchmarks/. Ten thousand actions with limits of their own differ in nothing but
constants. With a function for each, every decision would wait for the memory that its code is in,
and no code would run often enough for Python to specialize it.
"""

from __future__ import annotations

import ast as py
from hashlib import blake2b
from threading import Lock
from typing import Any, Final, TypeAlias

from gatewright.engine.compile.pycode import Code, name

Program: TypeAlias = tuple[Any, ...]
"""A function, and after it the constants that it reads. It is given the program as its last
argument."""

MOST_FUNCTIONS: Final = 1_024
"""How many functions are kept; beyond, they are made anew."""

FUNCTIONS: Final[dict[bytes, Any]] = {}
"""Those kept, by what tells them apart."""
_making: Final = Lock()


class Sharing(Code):
    """A program in the making. Its function takes `program` besides its parameters."""

    def __init__(self, title: str, parameters: tuple[str, ...], names: dict[str, Any]) -> None:
        """Begin a function that also reads `names`, which are the same for all of this title."""
        super().__init__(title, (*parameters, "program"))
        self._shared = names
        self._constants: list[Any] = []
        self._places: dict[int, int] = {}

    def constant(self, value: object) -> py.expr:
        """Return the code that reads a constant."""
        if value is None or type(value) is bool:
            return py.Constant(value)
        place = self._places.get(id(value))
        if place is None:
            self._constants.append(value)
            place = self._places[id(value)] = len(self._constants)
        return py.Subscript(name("program"), py.Constant(place), py.Load())

    def program(self) -> Program:
        """Return the program, its function compiled or known from another."""
        definition = self._definition()
        key = blake2b(py.dump(definition).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with _making:
            function = FUNCTIONS.get(key)
            if function is None:
                function = self._made(definition, dict(self._shared))
                if len(FUNCTIONS) < MOST_FUNCTIONS:
                    FUNCTIONS[key] = function
        return function, *self._constants
