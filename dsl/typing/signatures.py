"""The functions and operators that conditions may use, as a table of signatures.

A signature is one line of text: `string.contains(string) -> bool`. Before the dot stands a type
(a member function) or a namespace; a capital letter is a parameter that may be any type, `a|b` is
one of several types, `x...` any number of arguments. In one signature all `money` has one
currency. `pattern` is a regular expression and must be a literal; `mode` is a way to round.
The table is parsed once, when it is first needed. What a function does is the engine's business.
Source: cel-spec langdef.md, "Standard definitions"; cel-go's extensions;
docs/language.md#expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass
from gatewright.dsl.typing.compat import Bindings, Fit, fits, join

ROUNDING_MODES = ("half_even", "half_up", "half_down", "up", "down", "ceiling", "floor")

_FUNCTIONS = """
# standard
size(string|bytes|list<A>|map<K, V>) -> int
(string|bytes|list<A>|map<K, V>).size() -> int
string.contains(string) -> bool
string.startsWith(string) -> bool
string.endsWith(string) -> bool
string.matches(pattern) -> bool
matches(string, pattern) -> bool
type(A) -> type
dyn(A) -> any

# conversions
bool(bool|string) -> bool
int(int|uint|double|decimal|string|timestamp) -> int
uint(uint|int|double|string) -> uint
double(double|int|uint|decimal|string) -> double
decimal(decimal|int|uint|string) -> decimal
money(money) -> money
money(string) -> money
string(string|bool|int|uint|double|decimal|bytes|timestamp|duration|money|IP|CIDR) -> string
bytes(bytes|string) -> bytes
timestamp(timestamp|string|int) -> timestamp
duration(duration|string) -> duration

# exact numbers
round(decimal|int|uint, int, mode) -> decimal
round(money, int, mode) -> money
divide(decimal|int|uint, decimal|int|uint, int, mode) -> decimal
divide(money, decimal|int|uint, int, mode) -> money
divide(money, money, int, mode) -> decimal

# time; the second form takes the name of a time zone
timestamp.in(calendar) -> bool
timestamp.getFullYear() -> int
timestamp.getFullYear(string) -> int
timestamp.getMonth() -> int
timestamp.getMonth(string) -> int
timestamp.getDate() -> int
timestamp.getDate(string) -> int
timestamp.getDayOfMonth() -> int
timestamp.getDayOfMonth(string) -> int
timestamp.getDayOfWeek() -> int
timestamp.getDayOfWeek(string) -> int
timestamp.getDayOfYear() -> int
timestamp.getDayOfYear(string) -> int
(timestamp|duration).getHours() -> int
timestamp.getHours(string) -> int
(timestamp|duration).getMinutes() -> int
timestamp.getMinutes(string) -> int
(timestamp|duration).getSeconds() -> int
timestamp.getSeconds(string) -> int
(timestamp|duration).getMilliseconds() -> int
timestamp.getMilliseconds(string) -> int

# strings
string.charAt(int) -> string
string.indexOf(string) -> int
string.indexOf(string, int) -> int
string.lastIndexOf(string) -> int
string.lastIndexOf(string, int) -> int
string.substring(int) -> string
string.substring(int, int) -> string
string.lowerAscii() -> string
string.upperAscii() -> string
string.trim() -> string
string.reverse() -> string
string.replace(string, string) -> string
string.replace(string, string, int) -> string
string.split(string) -> list<string>
string.split(string, int) -> list<string>
string.format(list<A>) -> string
strings.quote(string) -> string
list<string>.join() -> string
list<string>.join(string) -> string

# math
math.greatest(int...) -> int
math.greatest(uint...) -> uint
math.greatest(double...) -> double
math.greatest(decimal...) -> decimal
math.greatest(money...) -> money
math.greatest(int|uint|double...) -> any
math.greatest(int|uint|decimal...) -> any
math.greatest(list<A>) -> A
math.least(int...) -> int
math.least(uint...) -> uint
math.least(double...) -> double
math.least(decimal...) -> decimal
math.least(money...) -> money
math.least(int|uint|double...) -> any
math.least(int|uint|decimal...) -> any
math.least(list<A>) -> A
math.abs(int) -> int
math.abs(uint) -> uint
math.abs(double) -> double
math.abs(decimal) -> decimal
math.abs(money) -> money
math.sign(int|decimal|money) -> int
math.sign(uint) -> uint
math.sign(double) -> double
math.ceil(double) -> double
math.floor(double) -> double
math.trunc(double) -> double
math.round(double) -> double
math.isNaN(double) -> bool
math.isInf(double) -> bool
math.isFinite(double) -> bool
math.sqrt(int|uint|double) -> double
math.bitAnd(int, int) -> int
math.bitAnd(uint, uint) -> uint
math.bitOr(int, int) -> int
math.bitOr(uint, uint) -> uint
math.bitXor(int, int) -> int
math.bitXor(uint, uint) -> uint
math.bitNot(int) -> int
math.bitNot(uint) -> uint
math.bitShiftLeft(int, int) -> int
math.bitShiftLeft(uint, int) -> uint
math.bitShiftRight(int, int) -> int
math.bitShiftRight(uint, int) -> uint

# lists and sets
lists.range(int) -> list<int>
list<A>.slice(int, int) -> list<A>
list<list<A>>.flatten() -> list<A>
list<A>.flatten() -> list<A>
list<A>.flatten(int) -> list<any>
list<A>.distinct() -> list<A>
list<A>.sort() -> list<A>
list<A>.reverse() -> list<A>
list<A>.first() -> optional<A>
list<A>.last() -> optional<A>
sets.contains(list<A>, list<A>) -> bool
sets.equivalent(list<A>, list<A>) -> bool
sets.intersects(list<A>, list<A>) -> bool

# optional values
optional.of(A) -> optional<A>
optional.ofNonZeroValue(A) -> optional<A>
optional.none() -> optional<A>
optional.unwrap(list<optional<A>>) -> list<A>
list<optional<A>>.unwrapOpt() -> list<A>
optional<A>.hasValue() -> bool
optional<A>.value() -> A
optional<A>.or(optional<A>) -> optional<A>
optional<A>.orValue(A) -> A

# encoders, regular expressions
base64.encode(bytes) -> string
base64.decode(string) -> bytes
regex.replace(string, pattern, string) -> string
regex.replace(string, pattern, string, int) -> string
regex.extract(string, pattern) -> optional<string>
regex.extractAll(string, pattern) -> list<string>

# network
ip(string) -> IP
isIP(string) -> bool
ip.isCanonical(string) -> bool
cidr(string) -> CIDR
isCIDR(string) -> bool
IP.family() -> int
IP.isUnspecified() -> bool
IP.isLoopback() -> bool
IP.isLinkLocalMulticast() -> bool
IP.isLinkLocalUnicast() -> bool
IP.isGlobalUnicast() -> bool
CIDR.containsIP(IP|string) -> bool
CIDR.containsCIDR(CIDR|string) -> bool
CIDR.ip() -> IP
CIDR.masked() -> CIDR
CIDR.prefixLength() -> int
"""

# Comparisons are not here: they take any two types that have something in common.
_OPERATORS = """
int + int -> int
uint + uint -> uint
double + double -> double
decimal + decimal|int|uint -> decimal
int|uint + decimal -> decimal
money + money -> money
string + string -> string
bytes + bytes -> bytes
list<A> + list<A> -> list<A>
timestamp + duration -> timestamp
duration + timestamp -> timestamp
duration + duration -> duration

int - int -> int
uint - uint -> uint
double - double -> double
decimal - decimal|int|uint -> decimal
int|uint - decimal -> decimal
money - money -> money
timestamp - timestamp -> duration
timestamp - duration -> timestamp
duration - duration -> duration

int * int -> int
uint * uint -> uint
double * double -> double
decimal * decimal|int|uint -> decimal
int|uint * decimal -> decimal
money * decimal|int|uint -> money
decimal|int|uint * money -> money

int / int -> int
uint / uint -> uint
double / double -> double
decimal / decimal|int|uint -> decimal
int|uint / decimal -> decimal
money / decimal|int|uint -> money
money / money -> decimal

int % int -> int
uint % uint -> uint
decimal % decimal|int|uint -> decimal
int|uint % decimal -> decimal

-int -> int
-double -> double
-decimal -> decimal
-money -> money
-duration -> duration
"""

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
    return _grouped(signature(line) for line in _lines(_FUNCTIONS))


@cache
def operators() -> Mapping[tuple[str, int], tuple[Signature, ...]]:
    """Return the arithmetic operators: (operator, number of operands) -> signatures."""
    groups: dict[tuple[str, int], list[Signature]] = {}
    for line in _lines(_OPERATORS):
        one = _operator(line)
        groups.setdefault((one.name, len(one.parameters)), []).append(one)
    return {key: tuple(found) for key, found in groups.items()}


@cache
def namespaces() -> frozenset[str]:
    """Return the names that may stand before the dot of a function: `math`, `strings`."""
    found = {name.partition(".")[0] for name, _ in functions() if "." in name}
    return frozenset(found | {"cel"})


# --- choosing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """What a call gives, or why it cannot be.

    `result` is None where no signature fits. Then `currencies` are the two that clash, if only
    they do, and `misfit` is the argument that no signature takes, where there is exactly one.
    """

    result: t.Type | None
    currencies: tuple[str, str] | None = None
    misfit: int | None = None


def choose(candidates: Iterable[Signature], arguments: tuple[t.Type, ...]) -> Choice:
    """Choose among signatures by the types of the arguments, a receiver first.

    An argument of type any can fit several: then the result is any, unless all give the same.
    """
    possible: list[t.Type] = []
    clash: tuple[str, str] | None = None
    wrong: list[set[int]] = []
    for candidate in candidates:
        if not candidate.takes(len(arguments)):
            continue
        bindings = Bindings()
        found = [_fit(a, candidate.parameter(i), bindings) for i, a in enumerate(arguments)]
        fit = min(found, default=Fit.YES)
        if fit is Fit.YES:
            possible.append(bindings.substitute(candidate.result))
            break
        if fit is Fit.DYNAMIC:
            possible.append(bindings.substitute(candidate.result))
            continue
        wrong.append({i for i, one in enumerate(found) if one is Fit.NO})
        distinct = tuple(dict.fromkeys(bindings.currencies))
        if len(distinct) > 1 and len(wrong[-1]) == 1:
            clash = (distinct[0], distinct[1])
    reported = t.UNKNOWN in arguments
    if possible:
        result = _common(possible)
        return Choice(t.UNKNOWN if reported and result == t.ANY else result)
    if reported:
        return Choice(t.UNKNOWN)
    shared = set[int].intersection(*wrong) if wrong else set[int]()
    return Choice(None, clash, min(shared) if len(shared) == 1 else None)


def _fit(actual: t.Type, parameter: Parameter, bindings: Bindings) -> Fit:
    return max(fits(actual, kind, bindings) for kind in parameter.types)


def _common(possible: list[t.Type]) -> t.Type:
    result = possible[0]
    for other in possible[1:]:
        result = join(result, other) or t.ANY
    return result
