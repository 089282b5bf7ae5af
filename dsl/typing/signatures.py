"""The table of functions and operators -> signatures, read once, when they are first needed.

`function_table` has the lines, and says how they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.function_table import FUNCTIONS, OPERATORS

ROUNDING_MODES = ("half_even", "half_up", "half_down", "up", "down", "ceiling", "floor")

_NAMED: Mapping[str, t.Type] = {
    **{
        kind.name: kind
        for kind in (t.BOOL, t.INT, t.UINT, t.DOUBLE, t.DECIMAL, t.BYTES, t.TIMESTAMP, t.DURATION,
                     t.TYPE, t.ANY, t.PEOPLE, t.CHANNEL)
    },
    "string": t.STRING,
    "pattern": t.STRING,
    "mode": t.EnumType(ROUNDING_MODES),
    "money": t.MONEY,
    "calendar": t.CalendarType(""),
    "IP": t.IP,
    "CIDR": t.CIDR,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one argument may be: one of some types. `is_pattern` for a regular expression."""

    types: tuple[t.Type, ...]
    is_pattern: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function. A member function's first parameter is its receiver."""

    name: str
    is_member: bool
    parameters: tuple[Parameter, ...]
    result: t.Type
    variadic: bool
    text: str
    """The signature as it stands in the table, for messages."""

    @property
    def arity(self) -> int:
        """How many arguments stand between the brackets; -1 for one or more."""
        return -1 if self.variadic else len(self.parameters) - self.is_member

    def takes(self, count: int) -> bool:
        """Tell whether so many arguments, the receiver among them, are the right number."""
        return count >= 1 if self.variadic else count == len(self.parameters)

    def parameter(self, index: int) -> Parameter:
        """Return the parameter of an argument, counted from 0 with the receiver."""
        return self.parameters[min(index, len(self.parameters) - 1)]


# --- reading the table --------------------------------------------------------------------------

_LINE = re.compile(
    r"""(?:(?P<receiver>\([^()]*\)|[A-Za-z0-9]+(?:<.*?>)?)\.)?   # a type or a namespace
        (?P<name>[A-Za-z0-9]+) \((?P<parameters>.*)\) \s->\s (?P<result>.*)""",
    re.VERBOSE,
)
_OPERATOR_LINE = re.compile(r"(?:(\S+) )?([-+*/%]) ?(.+) -> (.+)")
_TYPE_TOKEN = re.compile(r"[A-Za-z]+|[<>,|]")


def signature(text: str) -> Signature:
    """Parse one signature of a function; raises ValueError for a text that is none.

    >>> signature("list<A>.first() -> optional<A>").result
    OptionalType(element=TypeVariable(name='A'))
    """
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a signature: {text}")
    name, parameters, result = match.group("name", "parameters", "result")
    receiver = match.group("receiver") or ""
    is_member = receiver.startswith("(") or _is_type(receiver)
    variadic = parameters.endswith("...")
    wanted = [_parameter(p) for p in _split(parameters.removesuffix("..."))]
    if is_member:
        wanted.insert(0, _parameter(receiver.strip("()")))
    elif receiver:
        name = f"{receiver}.{name}"
    return Signature(name, is_member, tuple(wanted), _type(result), variadic, text)


def _operator(text: str) -> Signature:
    match = _OPERATOR_LINE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a signature: {text}")
    left, operator, right, result = match.groups()
    sides = tuple(_parameter(side) for side in (left, right) if side)
    return Signature(operator, False, sides, _type(result), False, text)


def _is_type(text: str) -> bool:
    return "<" in text or text in _NAMED


def _split(parameters: str) -> Iterator[str]:
    """Split at the commas outside of `<...>`."""
    depth = start = 0
    for at, char in enumerate(parameters):
        depth += (char == "<") - (char == ">")
        if char == "," and not depth:
            yield parameters[start:at].strip()
            start = at + 1
    if parameters:
        yield parameters[start:].strip()


def _parameter(text: str) -> Parameter:
    return Parameter(tuple(_type(part) for part in text.split("|")), text == "pattern")


def _type(text: str) -> t.Type:
    tokens = _TYPE_TOKEN.findall(text)
    kind = _read_type(tokens)
    if tokens:
        raise ValueError(f"not a type: {text}")
    return kind


def _read_type(tokens: list[str]) -> t.Type:
    name = tokens.pop(0)
    if not tokens or tokens[0] != "<":
        return _NAMED[name] if name in _NAMED else _variable(name)
    parts: list[t.Type] = []
    while tokens.pop(0) != ">":
        parts.append(_read_type(tokens))
    if name == "map":
        return t.MapType(*parts)
    return t.ListType(*parts) if name == "list" else t.OptionalType(*parts)


def _variable(name: str) -> t.Type:
    if len(name) != 1:
        raise ValueError(f"not a type: {name}")
    return t.TypeVariable(name)


# --- the table ----------------------------------------------------------------------------------

Table = Mapping[tuple[str, bool], tuple[Signature, ...]]


def _grouped(signatures: Iterable[Signature]) -> Table:
    groups: dict[tuple[str, bool], list[Signature]] = {}
    for one in signatures:
        groups.setdefault((one.name, one.is_member), []).append(one)
    return {key: tuple(found) for key, found in groups.items()}


def _lines(table: str) -> Iterator[str]:
    return (line for line in table.splitlines() if line and not line.startswith("#"))


@cache
def functions() -> Table:
    """Return every function: (name with its namespace, is it a member) -> signatures."""
    return _grouped(signature(line) for line in _lines(FUNCTIONS))


@cache
def operators() -> Mapping[tuple[str, int], tuple[Signature, ...]]:
    """Return the arithmetic operators: (operator, number of operands) -> signatures."""
    groups: dict[tuple[str, int], list[Signature]] = {}
    for line in _lines(OPERATORS):
        one = _operator(line)
        groups.setdefault((one.name, len(one.parameters)), []).append(one)
    return {key: tuple(found) for key, found in groups.items()}


@cache
def namespaces() -> frozenset[str]:
    """Return the names that may stand before the dot of a function: `math`, `strings`."""
    found = {name.partition(".")[0] for name, _ in functions() if "." in name}
    return frozenset(found | {"cel"})
