"""Macros -> native code: comprehensions over lists and maps, and functions that are called at once.

A macro that comes to its end without an error gives what the interpreter gives; where an element
raises, the interpreter decides whether another one counts more.
"""

from __future__ import annotations

import ast as pyast
from collections.abc import Callable, Mapping
from typing import Final

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.macros import Macro
from gatewright.dsl.records import dataclass, replace
from gatewright.engine.compile import native_runtime as runtime
from gatewright.engine.compile.native_bounds import (
    element_size,
    element_type,
    part_size,
    sort_cost,
)
from gatewright.engine.compile.native_code import (
    Cannot,
    Code,
    Local,
    Place,
    call,
    compare,
    load,
    thunk,
)
from gatewright.engine.compile.native_cost import SCALAR, SMALL, Limits, Size
from gatewright.engine.compile.native_paths import path_of
from gatewright.engine.values import NOTHING

MAX_NESTING = 8
"""How many macros may stand in one another."""

_OPTIONAL = ("optMap", "optFlatMap")


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro call whose parts are compiled: what it goes through, and its inner expressions."""

    target: Code
    names: tuple[str, ...]
    bodies: tuple[Code, ...]
    items: Size
    place: Place
    kind: t.Type
    """The type of the elements, as far as it is sure."""

    def over(self, *conditions: Code) -> pyast.comprehension:
        """Return `for x in target if ...`."""
        names: list[pyast.expr] = [pyast.Name(name, pyast.Store()) for name in self.names]
        tests = [condition.node for condition in conditions]
        if len(names) == 2:
            pair = pyast.Tuple(names, pyast.Store())
            return pyast.comprehension(pair, self._through(runtime.pairs), tests, 0)
        known = isinstance(self.target.type, t.ListType)
        target = self.target.node if known else self._through(runtime.elements)
        return pyast.comprehension(names[0], target, tests, 0)

    def _through(self, function: Callable[..., object]) -> pyast.expr:
        return self.place.helper(function, self.target.node)

    def collected(self, node: pyast.expr) -> pyast.expr:
        """Return the tuple of what a node gives in every turn that the first body lets pass."""
        made = pyast.ListComp(node, [self.over(*self.bodies[:-1])])
        return call(load("tuple"), made)


def member(expr: ast.MethodCall, macro: Macro, place: Place) -> Code:
    """Compile `target.macro(...)`."""
    names = _names(expr, macro)
    outside = place.in_loop()
    target = outside.compile(expr.target)
    target = outside.sure(target)
    if macro.name in _OPTIONAL:
        return _optional(expr, macro, target, names, place)
    limits = place.env.limits if _is_given(expr.target, place) else SMALL
    kinds, sizes = _bound(target, len(names), limits)
    inside, own = _inside(place, names, kinds, sizes, target)
    bodies = [inside.compile(expr.arguments[i].value) for i in macro.bodies]
    bodies = [
        _bool(body, inside) if _is_condition(macro, position) else body
        for position, body in enumerate(bodies)
    ]
    loop = Loop(target, own, tuple(bodies), sizes[0], inside, kinds[0])
    meaning = _MEANINGS.get(macro.name)
    if meaning is None:
        raise Cannot
    made = meaning(loop)
    turn = 1 + sum(body.cost for body in bodies)
    cost = 1 + target.cost + target.size.length * turn
    return replace(made, cost=cost + made.cost, hint=place.env.type_of(expr))


def bind(expr: ast.MethodCall, place: Place) -> Code:
    """Compile `cel.bind(x, value, body)`."""
    name, value, body = (argument.value for argument in expr.arguments)
    names = (_plain(name),)
    bound = place.compile(value)
    parts = bound.given, bound.element
    local = Local(place.fresh(), bound.type, bound.size, bound.normal, *parts)
    inside = place.binding(dict(zip(names, (local,), strict=True)))
    made = inside.compile(body)
    node = call(thunk(made.node, local.name), bound.node)
    return replace(made, node=node, cost=1 + bound.cost + made.cost, known=NOTHING)


def _optional(
    expr: ast.MethodCall, macro: Macro, target: Code, names: tuple[str, ...], place: Place
) -> Code:
    local = Local(place.fresh(), t.ANY, target.size, target.normal)
    inside = place.binding({names[0]: local})
    body = inside.compile(expr.arguments[1].value)
    function = runtime.opt_map if macro.name == "optMap" else runtime.opt_flat_map
    node = place.helper(function, target.node, thunk(body.node, local.name))
    cost = 1 + target.cost + body.cost
    return Code(node, t.ANY, cost, body.size + SCALAR, hint=place.env.type_of(expr))


def _names(expr: ast.MethodCall, macro: Macro) -> tuple[str, ...]:
    names = tuple(_plain(expr.arguments[i].value) for i in macro.variables)
    if len(set(names)) < len(names):
        raise Cannot
    return names


def _plain(expr: ast.Expr) -> str:
    if not isinstance(expr, ast.Name) or expr.absolute:
        raise Cannot
    return expr.name


def _is_given(expr: ast.Expr, place: Place) -> bool:
    """Tell whether a value is as the action has it, so that its parts keep the limits too."""
    root = path_of(expr)[:1]
    return root in (("action",), ("changes",), ("target",)) and root[0] not in place.locals


def _bound(target: Code, count: int, limits: Limits) -> tuple[list[t.Type], list[Size]]:
    """Return types and sizes of the names that a macro binds."""
    kind, size = element_type(target), element_size(target, limits)
    if count == 1:
        return [kind], [size]
    match target.type:
        case t.ListType():
            return [t.INT, kind], [SCALAR, size]
        case t.MapType(_, value):
            return [kind, value], [size, part_size(target, value, limits)]
        case _:
            return [t.ANY, t.ANY], [size, part_size(target, t.ANY, limits)]


def _inside(
    place: Place, names: tuple[str, ...], kinds: list[t.Type], sizes: list[Size], target: Code
) -> tuple[Place, tuple[str, ...]]:
    if len(place.locals) > MAX_NESTING:
        raise Cannot
    own = tuple(place.fresh() for _ in names)
    parts = zip(names, own, kinds, sizes, strict=True)
    bound = {
        name: Local(code, kind, size, target.normal, target.given)
        for name, code, kind, size in parts
    }
    return place.binding(bound), own


def _is_condition(macro: Macro, position: int) -> bool:
    if macro.name in ("all", "exists", "exists_one", "existsOne", "filter"):
        return True
    return len(macro.bodies) == 2 and position == 0


def _bool(body: Code, place: Place) -> Code:
    if body.type == t.BOOL:
        return body
    return replace(body, node=place.expecting(body.node, bool), type=t.BOOL)


def _turns(name: str) -> Callable[[Loop], Code]:
    def quantified(loop: Loop) -> Code:
        made = pyast.GeneratorExp(loop.bodies[0].node, [loop.over()])
        return Code(call(load(name), made), t.BOOL, 0)

    return quantified


def _exists_one(loop: Loop) -> Code:
    made = pyast.GeneratorExp(loop.bodies[0].node, [loop.over()])
    return Code(compare(call(load("sum"), made), pyast.Eq(), pyast.Constant(1)), t.BOOL, 0)


def _map(loop: Loop) -> Code:
    body = loop.bodies[-1]
    length = loop.target.size.length
    size = Size(length, 1 + length * body.size.weight)
    node, kind = loop.collected(body.node), t.ListType(body.type)
    return Code(node, kind, 0, size, body.normal, element=body.size)


def _filter(loop: Loop) -> Code:
    made = pyast.ListComp(load(loop.names[0]), [loop.over(loop.bodies[0])])
    node, size = call(load("tuple"), made), loop.target.size
    kind, one = t.ListType(loop.kind), loop.items
    return Code(node, kind, 0, size, loop.target.normal, element=one)


def _sort_by(loop: Loop) -> Code:
    if not isinstance(loop.target.type, t.ListType):
        raise Cannot
    pair = pyast.Tuple([loop.bodies[0].node, load(loop.names[0])], pyast.Load())
    made = pyast.ListComp(pair, [loop.over()])
    node, size = loop.place.helper(runtime.sorted_by, made), loop.target.size
    cost = sort_cost(size, loop.bodies[0].size)
    kind, one = t.ListType(loop.kind), loop.items
    return Code(node, kind, cost, size, loop.target.normal, element=one)


_MEANINGS: Final[Mapping[str, Callable[[Loop], Code]]] = {
    "all": _turns("all"),
    "exists": _turns("any"),
    "exists_one": _exists_one,
    "existsOne": _exists_one,
    "map": _map,
    "filter": _filter,
    "transformList": _map,
    "sortBy": _sort_by,
}
