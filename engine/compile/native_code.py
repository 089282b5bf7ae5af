"""What the parts of the native compiler share: an environment, a place, and pieces of code.

Code is built as Python's own syntax tree, never as text.
"""

from __future__ import annotations

import ast as pyast
import linecache
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import count
from types import CodeType, FunctionType

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.records import dataclass, field, replace
from gatewright.engine.cel.budget import Budget
from gatewright.engine.compile import native_runtime as runtime
from gatewright.engine.compile.native_cost import (
    MAX_BUILT,
    SCALAR,
    SMALL,
    UNKNOWN,
    Limits,
    Size,
    nests_little,
    size_of_value,
)
from gatewright.engine.values import (
    NOTHING,
    Duration,
    Map,
    Money,
    OptionalValue,
    Timestamp,
    Uint,
    Value,
    kind_of,
    nfc,
)

MAX_PIECES = 2_000
"""How many sub-expressions one condition may have, its lets written out."""
MAX_PIECES_OF_LETS = 200
"""How many of these may be of lets: thousands of conditions may use the same."""


class Cannot(Exception):
    """There is no native code for an expression."""


@dataclass(frozen=True, slots=True)
class Env:
    """What the names of an expression mean in the code that is being made."""

    read: Callable[[tuple[str, ...]], pyast.expr | None]
    """Code that gives the value at a path (`action`, `amount`), and raises where it is absent."""
    present: Callable[[tuple[str, ...]], pyast.expr | None]
    """Code for `has(action.amount)` and `changes.has("amount")`, a bool."""
    type_of: Callable[[ast.Expr], t.Type]
    """The type of an expression; what is `read` must be of it for sure, or the type be any."""
    constant: Callable[[object], pyast.expr]
    """Keeps a value in the globals of the code, and returns its name."""
    let: Callable[[str], ast.Expr | None]
    """The expression of a let of the package."""
    imported: Callable[[str, str], tuple[Env, ast.Expr] | None]
    """A let of an imported package, by alias and name."""
    history: Callable[[ast.MethodCall], pyast.expr | None]
    """Code for what only the host answers: `refunds.count(...)`, `now.in(office)`."""
    past_at: Callable[[ast.MethodCall], pyast.expr | None]
    """Code for `refunds.last(...).at`, which every past action has."""
    nanos: Callable[[tuple[str, ...]], pyast.expr | None]
    """Code for the nanoseconds of the instant at a path, where no instant need be made of them."""
    fold: Callable[[ast.Expr, Budget], Value]
    """The value of an expression that reads no more than `data`, by the interpreter."""
    declared: frozenset[str] = frozenset()
    """Further names that the package declares or imports: histories, calendars, packages."""
    normal: bool = False
    """Whether everything that is read is `is_small`, so that its texts are normal."""
    limits: Limits = SMALL
    """How large it is at most."""


@dataclass(frozen=True, slots=True)
class Bare:
    """Code for what a value is made of, where the value itself need not be made: of a code's node.

    `nanos` are those of an instant or a length of time; `amount` gives the amount of money in a
    currency. Both raise where the value could not be made.
    """

    node: pyast.expr
    nanos: pyast.expr | None = None
    amount: Callable[[str], pyast.expr] | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """Code for an expression, and what is known of its value for sure.

    `hint` is the type that the checker gave, which `Place.sure` can make sure of. `cost` is the
    most that the interpreter charges for it. `known` has the value of a constant. What is `given`
    is as it came from outside, so that all its parts keep the limits; `element` is the most that an
    element of a list can be that was built.
    """

    node: pyast.expr
    type: t.Type = t.ANY
    cost: int = 1
    size: Size = SCALAR
    normal: bool = False
    hint: t.Type = t.ANY
    known: OptionalValue = NOTHING
    parts: Bare | None = None
    given: bool = False
    element: Size | None = None

    @property
    def bare(self) -> Bare:
        """What the value is made of, if that is known: of this very node."""
        parts = self.parts
        return parts if parts is not None and parts.node is self.node else Bare(self.node)


@dataclass(frozen=True, slots=True)
class Local:
    """A name that a macro binds: its name in the code, and what is known of its value."""

    name: str
    type: t.Type
    size: Size
    normal: bool
    given: bool = False
    element: Size | None = None


@dataclass(slots=True)
class Making:
    """What is counted while one condition is compiled."""

    names: Iterator[int] = field(default_factory=count)
    pieces: int = 0
    pieces_of_lets: int = 0
    steps: int = 0
    """What constants cost that were computed for it."""
    built: int = 0
    """How many of the pieces build a value that may have a level more than its parts."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands. In a loop nothing is assigned, so that nothing leaks from it."""

    env: Env
    making: Making
    walk: Callable[[ast.Expr, Place], Code]
    locals: Mapping[str, Local] = field(default_factory=dict[str, Local])
    loop: bool = False
    let: bool = False

    def compile(self, expr: ast.Expr) -> Code:
        """Return the code of an expression that stands here; raises Cannot."""
        return self.walk(expr, self)

    def in_let(self, env: Env) -> Place:
        """Return the place of a let: no local names are seen there."""
        return replace(self, env=env, locals={}, let=True)

    def in_loop(self) -> Place:
        """Return the same place where nothing may be assigned."""
        return replace(self, loop=True)

    def binding(self, names: Mapping[str, Local]) -> Place:
        """Return the inside of a macro."""
        return replace(self, loop=True, locals={**self.locals, **names})

    def fresh(self) -> str:
        """Return a name that the code does not use yet."""
        return f"_{next(self.making.names)}"

    def helper(self, function: Callable[..., object], *arguments: pyast.expr) -> pyast.Call:
        """Return the call of a function of ours."""
        return call(self.env.constant(function), *arguments)

    def building(self) -> None:
        """Count a piece that may build a level; raises Cannot for one too many."""
        self.making.built += 1
        if self.making.built > MAX_BUILT:
            raise Cannot

    def constant(self, value: Value) -> Code:
        """Return the code of a value that is known; raises Cannot for one that nests deep."""
        if not nests_little(value):
            raise Cannot
        plain = value is None or type(value) in (bool, int, str, bytes)
        node = pyast.Constant(value) if plain else self.env.constant(value)  # type: ignore[arg-type]
        kind, size = type_of_value(value), size_of_value(value)
        normal = _is_normal(value)
        return Code(node, kind, 1, size, normal, kind, OptionalValue.of(value))

    def sure(self, code: Code) -> Code:
        """Return code that raises where its value is not of the type that the checker gave."""
        if code.type != t.ANY:
            return code
        kind = plain_type(code.hint)
        python = PYTHON_TYPES.get(kind) if isinstance(kind, t.Scalar) else _python_type(kind)
        if python is None:
            return code
        return replace(code, node=self.expecting(code.node, python), type=kind)

    def expecting(self, node: pyast.expr, python: type[object]) -> pyast.expr:
        """Return code that raises where a value is not of exactly one Python type."""
        if self.loop:
            return self.helper(runtime.expecting(python), node)
        stored, name = self.stored(node)
        return pyast.IfExp(self.is_of(stored, python), load(name), self.helper(runtime.unsure))

    def is_of(self, node: pyast.expr, python: type[object]) -> pyast.expr:
        """Return code that tells whether a value is of exactly one Python type."""
        kind = load(python.__name__) if python in _BUILTIN else self.env.constant(python)
        return compare(call(load("type"), node), pyast.Is(), kind)

    def stored(self, node: pyast.expr) -> tuple[pyast.expr, str]:
        """Return code that keeps a value, and the name under which it can be had again."""
        if isinstance(node, pyast.Name):
            return node, node.id
        name = self.fresh()
        return pyast.NamedExpr(pyast.Name(name, pyast.Store()), node), name


PYTHON_TYPES: Mapping[t.Type, type[object]] = {
    t.BOOL: bool, t.INT: int, t.UINT: Uint, t.DOUBLE: float, t.DECIMAL: Decimal, t.BYTES: bytes,
    t.TIMESTAMP: Timestamp, t.DURATION: Duration,
}  # fmt: skip
_BUILTIN = (bool, int, float, str, bytes, tuple)
_LIST, _MAP = t.ListType(t.ANY), t.MapType(t.ANY, t.ANY)
_KINDS: Mapping[str, t.Type] = {
    "string": t.STRING, "list": _LIST, "map": _MAP, "null": t.NULL, "type": t.TYPE,
    "optional": t.OptionalType(t.ANY), **{str(kind): kind for kind in PYTHON_TYPES},
}  # fmt: skip


def type_of_value(value: Value) -> t.Type:
    """Return the type of a value; that of a map has not the types of its parts."""
    if isinstance(value, tuple):
        kinds = {type_of_value(item) for item in value}
        return t.ListType(kinds.pop() if len(kinds) == 1 else t.ANY)
    if isinstance(value, Money):
        return t.MoneyType(value.currency) if value.currency else t.ANY
    return _KINDS.get(kind_of(value), t.ANY)


def plain_type(kind: t.Type) -> t.Type:
    """Return a type with only as much in it as the kind of a value tells."""
    match kind:
        case t.StringType() | t.EnumType():
            return t.STRING
        case t.MoneyType():
            return t.MONEY
        case t.ListType():
            return _LIST
        case t.MapType():
            return _MAP
        case t.Scalar() if kind in PYTHON_TYPES:
            return kind
        case _:
            return t.ANY


def _python_type(kind: t.Type) -> type[object] | None:
    match kind:
        case t.StringType():
            return str
        case t.MoneyType():
            return Money
        case t.ListType():
            return tuple
        case t.MapType():
            return Map
        case _:
            return None


def kind_name(kind: t.Type) -> str | None:
    """Return the kind of values of a type, as functions are declared with it; None if unknown."""
    plain = plain_type(kind)
    match plain:
        case t.StringType():
            return "string"
        case t.MoneyType():
            return "money"
        case t.ListType():
            return "list"
        case t.MapType():
            return "map"
        case t.ANY:
            return None
        case _:
            return str(plain)


def is_text(kind: t.Type) -> bool:
    """Tell whether values of a type are strings."""
    return isinstance(kind, t.StringType | t.EnumType)


def _is_normal(value: Value) -> bool:
    if isinstance(value, str):
        return value.isascii()
    if isinstance(value, tuple):
        return all(map(_is_normal, value))
    if isinstance(value, Map):
        return all(_is_normal(part) for pair in value.items() for part in pair)
    return not isinstance(value, OptionalValue)


def unknown(node: pyast.expr, kind: t.Type, *parts: Code, size: Size = UNKNOWN) -> Code:
    """Return code whose value is only said to be of a type."""
    return Code(node, t.ANY, 1 + sum(part.cost for part in parts), size, hint=kind)


# --- syntax -------------------------------------------------------------------------------------


def load(name: str) -> pyast.Name:
    """Return code that reads a name."""
    return pyast.Name(name, pyast.Load())


def call(function: pyast.expr, *arguments: pyast.expr) -> pyast.Call:
    """Return a call."""
    return pyast.Call(function, list(arguments), [])


def method(target: pyast.expr, name: str, *arguments: pyast.expr) -> pyast.Call:
    """Return the call of a method."""
    return call(attribute(target, name), *arguments)


def attribute(target: pyast.expr, name: str) -> pyast.Attribute:
    """Return the reading of an attribute."""
    return pyast.Attribute(target, name, pyast.Load())


def compare(left: pyast.expr, operator: pyast.cmpop, right: pyast.expr) -> pyast.Compare:
    """Return a comparison."""
    return pyast.Compare(left, [operator], [right])


def negated(node: pyast.expr) -> pyast.expr:
    """Return `not ...`."""
    return pyast.UnaryOp(pyast.Not(), node)


def thunk(body: pyast.expr, *names: str) -> pyast.Lambda:
    """Return a function of some names."""
    arguments = [pyast.arg(name) for name in names]
    return pyast.Lambda(pyast.arguments([], arguments, None, [], [], None, []), body)


def normal_node(code: Code, place: Place) -> pyast.expr:
    """Return code for the normal form of a text."""
    if code.normal:
        return code.node
    if isinstance(code.known.content, str):
        return pyast.Constant(nfc(code.known.content))
    return place.helper(nfc, code.node)


_made = count()


def function_of(
    name: str, arguments: Iterable[str], body: pyast.expr, globals: dict[str, object]
) -> Callable[..., Value]:
    """Return a function with an expression as its body.

    The expression is given as a tree; its text can be seen in tracebacks and by debuggers.
    """
    parameters = pyast.arguments([], [pyast.arg(a) for a in arguments], None, [], [], None, [])
    made = pyast.FunctionDef(name, parameters, [pyast.Return(body)], [], lineno=1, col_offset=0)
    module = pyast.fix_missing_locations(pyast.Module([made], []))
    for node in pyast.walk(body):
        if isinstance(node, pyast.expr):
            node.lineno = node.end_lineno = 2
    filename = f"<native {name} {next(_made)}>"
    text = pyast.unparse(module)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    outer = compile(module, filename, "exec")
    code = next(c for c in outer.co_consts if isinstance(c, CodeType))
    return FunctionType(code, globals)
