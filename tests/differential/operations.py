"""The operations that both sides have, with the kinds that they take and give.

A kind is the name of a type; `list<K>` and `map<string, K>` say what is in them. `T` stands for
any one kind, the same everywhere in a row. `{}` is where an argument goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["core", "extensions"]

SCALARS = ("bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration")


@dataclass(frozen=True, slots=True)
class Operation:
    """One way to make a value of the kind `gives`."""

    gives: str
    template: str
    takes: tuple[str, ...]
    variable: bool = False
    """Whether it is a macro: the last part sees the elements of the first."""
    family: Family = "core"


def _rows(gives: str, table: str, family: Family = "core") -> list[Operation]:
    """Read lines of `template | kind, kind`."""
    rows: list[Operation] = []
    for line in filter(None, map(str.strip, table.splitlines())):
        template, _, kinds = line.rpartition(" | ")
        takes = tuple(kind.strip() for kind in kinds.split(";"))
        rows.append(Operation(gives, template, takes, "$" in template, family))
    return rows


_LOGIC = """
    {} && {} | bool; bool
    {} || {} | bool; bool
    !{} | bool
    {} == {} | T; T
    {} != {} | T; T
    {} in {} | T; list<T>
    {} in {} | string; map<string, T>
    {}.startsWith({}) | string; string
    {}.endsWith({}) | string; string
    {}.contains({}) | string; string
    {}.matches({}) | string; pattern
    has({}.a) | map<string, T>
    bool({}) | string
    type({}) == type({}) | T; U
    {}.all($, {}) | list<T>; bool
    {}.exists($, {}) | list<T>; bool
    {}.exists_one($, {}) | list<T>; bool
    {}.all($, {}) | map<string, T>; bool
    {}.exists($, {}) | map<string, T>; bool
"""
_ORDER = "\n".join(
    f"{{}} {operator} {{}} | {left}; {right}"
    for operator in ("<", "<=", ">", ">=")
    for left, right in (
        ("O", "O"),
        ("int", "double"),
        ("double", "int"),
        ("uint", "double"),
        ("double", "uint"),
        ("int", "uint"),
        ("uint", "int"),
    )
)
_MIXED = "\n".join(
    f"{{}} {operator} {{}} | {left}; {right}"
    for operator in ("==", "!=")
    for left, right in (("int", "double"), ("uint", "double"), ("int", "uint"), ("U", "T"))
)
_ARITHMETIC = {
    "int": ("+", "-", "*", "/", "%"),
    "uint": ("+", "-", "*", "/", "%"),
    "double": ("+", "-", "*", "/"),
    "string": ("+",),
    "bytes": ("+",),
}
_INTS = """
    -{} | int
    size({}) | string
    size({}) | bytes
    {}.size() | list<T>
    size({}) | map<string, T>
    {}.filter($, {}).size() | list<T>; bool
    int({}) | int
    int({}) | uint
    int({}) | double
    int({}) | digits
    int({}) | timestamp
    {}.getFullYear() | timestamp
    {}.getMonth() | timestamp
    {}.getDate() | timestamp
    {}.getDayOfMonth() | timestamp
    {}.getDayOfWeek() | timestamp
    {}.getDayOfYear() | timestamp
    {}.getHours() | timestamp
    {}.getMinutes() | timestamp
    {}.getSeconds() | timestamp
    {}.getMilliseconds() | timestamp
    {}.getHours({}) | timestamp; zone
    {}.getDate({}) | timestamp; zone
    {}.getHours() | duration
    {}.getMinutes() | duration
    {}.getSeconds() | duration
    {}.getMilliseconds() | duration
"""
_UINTS = """
    uint({}) | int
    uint({}) | uint
    uint({}) | double
    uint({}) | digits
"""
_DOUBLES = """
    -{} | double
    double({}) | int
    double({}) | uint
    double({}) | digits
"""
_STRINGS = """
    string({}) | int
    string({}) | uint
    string({}) | double
    string({}) | bool
    string({}) | string
    string({}) | bytes
    string({}) | timestamp
    string({}) | duration
"""
_TIMES = """
    {} + {} | timestamp; duration
    {} + {} | duration; timestamp
    {} - {} | timestamp; duration
    timestamp({}) | int
    timestamp({}) | instant
"""
_DURATIONS = """
    {} + {} | duration; duration
    {} - {} | duration; duration
    {} - {} | timestamp; timestamp
    duration({}) | span
"""
_ANY = """
    {} ? {} : {} | bool; T; T
    {}[{}] | list<T>; int
    {}[{}] | map<string, T>; string
    {}.a | map<string, T>
    dyn({}) | T
"""
_LISTS = """
    {} + {} | list<T>; list<T>
    {}.map($, {}) | list<U>; T
    {}.filter($, {}) | list<T>; bool
    {}.map($, {}, {}) | list<U>; bool; T
"""

CORE: tuple[Operation, ...] = (
    *_rows("bool", _LOGIC + _ORDER + "\n" + _MIXED),
    *(
        Operation(kind, f"{{}} {sign} {{}}", (kind, kind))
        for kind, signs in _ARITHMETIC.items()
        for sign in signs
    ),
    *_rows("int", _INTS),
    *_rows("uint", _UINTS),
    *_rows("double", _DOUBLES),
    *_rows("string", _STRINGS),
    *_rows("bytes", "bytes({}) | string"),
    *_rows("timestamp", _TIMES),
    *_rows("duration", _DURATIONS),
    *_rows("T", _ANY),
    *_rows("list<T>", _LISTS),
)
"""What every CEL interpreter has."""

_STRING_FUNCTIONS = """
    {}.charAt({}) | string; int
    {}.replace({}, {}) | string; string; string
    {}.replace({}, {}, {}) | string; string; string; int
    {}.substring({}) | string; int
    {}.substring({}, {}) | string; int; int
    {}.lowerAscii() | string
    {}.upperAscii() | string
    {}.trim() | string
    {}.reverse() | string
    {}.join() | list<string>
    {}.join({}) | list<string>; string
    strings.quote({}) | string
    {}.format([{}]) | template; T
    {}.format([{}, {}]) | template; int; double
    base64.encode({}) | bytes
"""
_MATH = """
    math.greatest({}, {}) | N; N
    math.least({}, {}) | N; N
    math.greatest([{}, {}, {}]) | N; N; N
    math.abs({}) | N
    math.sign({}) | N
"""
_BITS = """
    math.bitAnd({}, {}) | I; I
    math.bitOr({}, {}) | I; I
    math.bitXor({}, {}) | I; I
    math.bitNot({}) | I
    math.bitShiftLeft({}, {}) | I; int
    math.bitShiftRight({}, {}) | I; int
"""
_ROUNDING = """
    math.ceil({}) | double
    math.floor({}) | double
    math.round({}) | double
    math.trunc({}) | double
    math.sqrt({}) | double
    math.sqrt({}) | int
"""
_OPTIONALS = """
    optional.of({}).orValue({}) | T; T
    optional.ofNonZeroValue({}).orValue({}) | T; T
    {}[?{}].orValue({}) | list<T>; int; T
    {}[?{}].orValue({}) | map<string, T>; string; T
    {}.?a.orValue({}) | map<string, T>; T
    cel.bind(b, {}, b) | T
"""

EXTENSIONS: tuple[Operation, ...] = tuple(
    Operation(o.gives, o.template, o.takes, o.variable, "extensions")
    for o in (
        *_rows("string", _STRING_FUNCTIONS),
        *_rows("list<string>", "{}.split({}) | string; string"),
        *_rows("list<string>", "{}.split({}, {}) | string; string; int"),
        *_rows("int", "{}.indexOf({}) | string; string"),
        *_rows("int", "{}.indexOf({}, {}) | string; string; int"),
        *_rows("int", "{}.lastIndexOf({}) | string; string"),
        *_rows("int", "{}.lastIndexOf({}, {}) | string; string; int"),
        *_rows("N", _MATH),
        *_rows("I", _BITS),
        *_rows("double", _ROUNDING),
        *_rows("bool", "math.isNaN({}) | double"),
        *_rows("bool", "math.isInf({}) | double"),
        *_rows("bool", "math.isFinite({}) | double"),
        *_rows("bytes", "base64.decode({}) | base64"),
        *_rows("bool", "{}[?{}].hasValue() | list<T>; int"),
        *_rows("T", _OPTIONALS),
    )
)
"""What the extensions of both have: strings, math, encoders, optionals, bindings."""
