"""A condition -> Python code, as a syntax tree, that the interpreter need not evaluate.

When the code comes to its end its value equals the one that `engine.cel.evaluate` gives. Anything
that it raises means that the interpreter must be asked: an error may be absorbed by what stands
beside it, and messages are the interpreter's business. Code has no budget; it is made only where
the interpreter cannot run out of its own, as long as all that is read `is_small`.
Source: docs/language.md#on-top-of-cel, #limits.
"""

from __future__ import annotations

import ast as pyast
from itertools import count

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.macros import find_macro
from gatewright.dsl.records import replace
from gatewright.dsl.walk import children
from gatewright.engine.cel import access, functions
from gatewright.engine.cel.budget import DECISION_STEPS, DEFAULT_STEPS, Budget
from gatewright.engine.cel.evaluate import MAX_DEPTH
from gatewright.engine.cel.literals import literal
from gatewright.engine.compile import native_calls, native_operators
from gatewright.engine.compile import native_runtime as runtime
from gatewright.engine.compile.native_bounds import element_size, part_size
from gatewright.engine.compile.native_code import MAX_PIECES as MAX_PIECES
from gatewright.engine.compile.native_code import MAX_PIECES_OF_LETS as MAX_PIECES_OF_LETS
from gatewright.engine.compile.native_code import Bare, Cannot, Code, Making, Place, load
from gatewright.engine.compile.native_code import Env as Env
from gatewright.engine.compile.native_code import function_of as function_of
from gatewright.engine.compile.native_cost import SCALAR, UNKNOWN, Size, is_scalar, size_of_type
from gatewright.engine.compile.native_cost import is_small as is_small
from gatewright.engine.compile.native_paths import is_bound, is_of_locals, path_of
from gatewright.engine.compile.native_runtime import Unsure as Unsure
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import NOTHING, Map, OptionalValue


def compile_expr(expr: ast.Expr, env: Env) -> pyast.expr | None:
    """Return code that gives the value of an expression, or raises; None where there is none.

    The code may assign to names that begin with `_` and a digit. Cost: linear in the expression
    with its lets written out, of which there may be `MAX_PIECES`.
    """
    code = compiled(expr, env)
    return None if code is None else code.node


def compile_condition(expr: ast.Expr, env: Env) -> pyast.expr | None:
    """Return code as `compile_expr` does; it raises for whatever is not a bool."""
    place = Place(env, Making(count(10**6)), _compile)
    code = compiled(expr, env)
    return None if code is None else _as_bool(code, place).node


def compiled(expr: ast.Expr, env: Env) -> Code | None:
    """Return code together with what is known of it, such as the most that it would cost."""
    place = Place(env, Making(), _compile)
    env.type_of(expr)
    try:
        return _root(expr, place)
    except (Cannot, EvaluationError, RecursionError):
        return None


def _root(expr: ast.Expr, place: Place) -> Code:
    """Compile what has a budget and a depth of its own: a condition or a let."""
    if _depth(expr) > MAX_DEPTH:
        raise Cannot
    code = place.compile(expr)
    if code.cost > DEFAULT_STEPS:
        raise Cannot
    return code


def _depth(expr: ast.Expr) -> int:
    depth, level = 0, [expr]
    while level:
        depth += 1
        level = [child for node in level for child in children(node)]
    return depth


_BUILDING = (ast.ListLiteral, ast.MapLiteral, ast.Call, ast.MethodCall)


def _compile(expr: ast.Expr, place: Place) -> Code:
    place.making.pieces += 1
    place.making.pieces_of_lets += place.let
    if place.making.pieces > MAX_PIECES or place.making.pieces_of_lets > MAX_PIECES_OF_LETS:
        raise Cannot
    code = _folded(expr, place)
    if code is None:
        code = _code(expr, place)
        optional = isinstance(expr, ast.Select | ast.Index) and expr.optional
        if (optional or isinstance(expr, _BUILDING)) and not _is_flat(code):
            place.building()
    return code


def _is_flat(code: Code) -> bool:
    """Tell whether a value has no parts for certain."""
    kind = code.hint if code.type == t.ANY else code.type
    return is_scalar(kind) or isinstance(kind, t.StringType | t.EnumType)


def _code(expr: ast.Expr, place: Place) -> Code:
    match expr:
        case ast.Name():
            return _name(expr, place)
        case ast.Select():
            return _select(expr, place)
        case ast.Index():
            return _index(expr, place)
        case ast.Call():
            return native_calls.function(expr, place)
        case ast.MethodCall():
            return native_calls.method_call(expr, place)
        case ast.Unary():
            return native_operators.unary(expr, place)
        case ast.Binary():
            return native_operators.binary(expr, place)
        case ast.And() | ast.Or():
            return _logic(expr, place)
        case ast.Conditional():
            return _conditional(expr, place)
        case ast.Between():
            return native_operators.range_test(expr, place)
        case ast.ListLiteral():
            return _list(expr, place)
        case ast.MapLiteral():
            return _map(expr, place)
        case _:
            return place.constant(literal(expr))


# --- constants --------------------------------------------------------------------------------


def _folded(expr: ast.Expr, place: Place) -> Code | None:
    """Evaluate an expression that depends on nothing but the data, while code is made."""
    if not _is_closed(expr, frozenset(), place):
        return None
    budget = Budget()
    try:
        value = place.env.fold(expr, budget)
    except EvaluationError as error:
        if error.code == "cost_limit":
            raise Cannot from None  # so would be all that it is part of
        return None
    finally:
        place.making.steps += budget.spent
    if place.making.steps > DECISION_STEPS:
        raise Cannot  # and it would take long to compute more of it
    return replace(place.constant(value), cost=max(budget.spent, 1))


def _is_closed(expr: ast.Expr, bound: frozenset[str], place: Place) -> bool:
    """Tell whether an expression reads nothing but `data`, types and the names its macros bind."""
    match expr:
        case ast.Name(name=name):
            if name in bound:
                return True
            other = name in place.locals or name in place.env.declared
            return not other and (name == "data" or _is_type(name, place))
        case ast.Call(function=name) if not functions.is_known(name):
            return name == "has" and all(_is_closed(c, bound, place) for c in children(expr))
        case ast.MethodCall():
            return _is_closed_call(expr, bound, place)
        case _:
            return all(_is_closed(child, bound, place) for child in children(expr))


def _is_type(name: str, place: Place) -> bool:
    if name not in functions.TYPES:
        return False
    return place.env.let(name) is None and place.env.read((name,)) is None


def _is_closed_call(expr: ast.MethodCall, bound: frozenset[str], place: Place) -> bool:
    values = [argument.value for argument in expr.arguments]
    is_namespace = isinstance(expr.target, ast.Name) and _is_namespace(expr.target.name, place)
    target = expr.target.name if is_namespace and isinstance(expr.target, ast.Name) else ""
    name = f"{target}.{expr.method}" if target else expr.method
    macro = find_macro(name, not target, len(values))
    variables, bodies = (macro.variables, macro.bodies) if macro is not None else ((), ())
    named = [values[i] for i in variables]
    inside = bound | {value.name for value in named if isinstance(value, ast.Name)}
    outer = [] if target else [expr.target]
    outer += [v for i, v in enumerate(values) if i not in variables and i not in bodies]
    inner = [values[i] for i in bodies]
    return all(_is_closed(value, bound, place) for value in outer) and all(
        _is_closed(value, inside, place) for value in inner
    )


def _is_namespace(name: str, place: Place) -> bool:
    return name in functions.NAMESPACES and not is_bound(name, place)


# --- names and parts --------------------------------------------------------------------------


def _name(expr: ast.Name, place: Place) -> Code:
    if expr.absolute:
        raise Cannot
    local = place.locals.get(expr.name)
    if local is not None:
        kind = place.env.type_of(expr) if local.type == t.ANY else local.type
        code = Code(load(local.name), local.type, 1, local.size, local.normal, kind)
        return replace(code, given=local.given, element=local.element)
    node = place.env.read((expr.name,))
    if node is not None:
        return _read(node, expr, place)
    value = place.env.let(expr.name)
    if value is None:
        raise Cannot
    return replace(_root(value, place.in_let(place.env)), cost=1)


def _read(node: pyast.expr, expr: ast.Expr, place: Place) -> Code:
    kind = place.env.type_of(expr)
    kind = t.ANY if kind == t.UNKNOWN else kind
    steps = 1
    part = expr
    while isinstance(part, ast.Select):
        part, steps = part.operand, steps + 1
    size = size_of_type(kind, place.env.limits)
    read = Code(node, kind, steps, size, place.env.normal, kind, given=True)
    nanos = place.env.nanos(path_of(expr))
    return read if nanos is None else replace(read, parts=Bare(node, nanos=nanos))


def _select(expr: ast.Select, place: Place) -> Code:
    if expr.optional:
        return _optional_select(expr, place)
    names = path_of(expr)
    if names and names[0] not in place.locals:
        node = place.env.read(names)
        if node is not None:
            return _read(node, expr, place)
        if len(names) == 2 and place.env.let(names[0]) is None:
            imported = place.env.imported(names[0], names[1])
            if imported is not None:
                return replace(_root(imported[1], place.in_let(imported[0])), cost=2)
    if expr.field == "at" and isinstance(expr.operand, ast.MethodCall):
        is_inner = is_of_locals(expr.operand, place)
        node = None if is_inner else place.env.past_at(expr.operand)
        if node is not None:
            return Code(node, t.TIMESTAMP, 1 + place.compile(expr.operand).cost)
    operand = place.compile(expr.operand)
    kind = place.env.type_of(expr)
    if isinstance(operand.type, t.MapType | t.RecordType):
        node = pyast.Subscript(operand.node, pyast.Constant(expr.field), pyast.Load())
    else:
        node = place.helper(access.select, operand.node, pyast.Constant(expr.field))
    if isinstance(operand.hint, t.RecordType) and operand.type == t.ANY:
        node = place.helper(runtime.small, node)  # a field of a past event
        return Code(node, t.ANY, 1 + operand.cost, UNKNOWN, hint=kind, given=True)
    sure = _field_type(operand.type, expr.field)
    size = part_size(operand, sure)
    return Code(node, sure, 1 + operand.cost, size, operand.normal, kind, given=operand.given)


def _field_type(kind: t.Type, field: str) -> t.Type:
    match kind:
        case t.RecordType():
            declared = kind.field(field)
            return t.ANY if declared is None else declared.type
        case t.MapType(_, value):
            return value
        case _:
            return t.ANY


def _optional_select(expr: ast.Select, place: Place) -> Code:
    kind = place.env.type_of(expr)
    names = path_of(replace(expr, optional=False))
    if len(names) == 2 and names[0] not in place.locals:
        there, node = place.env.present(names), place.env.read(names)
        if there is not None and node is not None:
            some = place.helper(OptionalValue.of, node)
            made = pyast.IfExp(there, some, place.env.constant(NOTHING))
            return Code(made, t.ANY, 2, UNKNOWN + SCALAR, hint=kind)
    operand = place.compile(expr.operand)
    node = place.helper(access.optional_select, operand.node, pyast.Constant(expr.field))
    size = part_size(operand, t.ANY) + SCALAR
    return Code(node, t.ANY, 1 + operand.cost, size, hint=kind)


def _index(expr: ast.Index, place: Place) -> Code:
    operand, key = place.compile(expr.operand), place.compile(expr.index)
    operand = place.sure(operand)
    cost = 1 + operand.cost + key.cost + key.size.weight  # a key is read to look it up
    kind = place.env.type_of(expr)
    if expr.optional:
        node: pyast.expr = place.helper(access.optional_index, operand.node, key.node)
        is_list = isinstance(operand.type, t.ListType)
        part = element_size(operand) if is_list else part_size(operand, t.ANY)
        return Code(node, t.ANY, cost, part + SCALAR, hint=kind)
    sure: t.Type = t.ANY
    position = key.known.content
    if isinstance(operand.type, t.ListType):
        sure = operand.type.element
    elif isinstance(operand.type, t.MapType):
        sure = operand.type.value
    direct = isinstance(operand.type, t.MapType) or (
        isinstance(operand.type, t.ListType) and type(position) is int and position >= 0
    )
    if direct:
        node = pyast.Subscript(operand.node, key.node, pyast.Load())
    else:
        node = place.helper(access.index, operand.node, key.node)
    size = part_size(operand, sure)
    if isinstance(operand.type, t.ListType):
        size = element_size(operand)
    return Code(node, sure, cost, size, operand.normal, kind, given=operand.given)


# --- logic ------------------------------------------------------------------------------------


def _as_bool(code: Code, place: Place) -> Code:
    if code.type == t.BOOL:
        return code
    return replace(code, node=place.expecting(code.node, bool), type=t.BOOL)


def _logic(expr: ast.And | ast.Or, place: Place) -> Code:
    parts = [_as_bool(place.compile(operand), place) for operand in expr.operands]
    operator = pyast.And() if isinstance(expr, ast.And) else pyast.Or()
    node = pyast.BoolOp(operator, [part.node for part in parts])
    return Code(node, t.BOOL, 1 + sum(part.cost for part in parts))


def _conditional(expr: ast.Conditional, place: Place) -> Code:
    condition = _as_bool(place.compile(expr.condition), place)
    then, otherwise = place.compile(expr.then), place.compile(expr.otherwise)
    kind = then.type if then.type == otherwise.type else t.ANY
    cost = 1 + condition.cost + then.cost + otherwise.cost
    node = pyast.IfExp(condition.node, then.node, otherwise.node)
    size, normal = then.size | otherwise.size, then.normal and otherwise.normal
    given = then.given and otherwise.given
    return Code(node, kind, cost, size, normal, place.env.type_of(expr), given=given)


# --- lists and maps ---------------------------------------------------------------------------


def _list(expr: ast.ListLiteral, place: Place) -> Code:
    nodes: list[pyast.expr] = []
    parts = [place.compile(item.value) for item in expr.items]
    for item, part in zip(expr.items, parts, strict=True):
        if item.optional:
            spread = place.helper(runtime.content, part.node)
            nodes.append(pyast.Starred(spread, pyast.Load()))
        else:
            nodes.append(part.node)
    kinds = {
        t.ANY if item.optional else part.type for item, part in zip(expr.items, parts, strict=True)
    }
    element = next(iter(kinds)) if len(kinds) == 1 else t.ANY
    size = Size(len(parts), 1 + sum(part.size.weight for part in parts))
    cost = 1 + sum(part.cost for part in parts)
    normal = all(part.normal or not _has_text(part) for part in parts)
    one = SCALAR
    for part in parts:
        one |= part.size
    node = pyast.Tuple(nodes, pyast.Load())
    return Code(node, t.ListType(element), cost, size, normal, element=one)


def _has_text(code: Code) -> bool:
    plain = (t.BOOL, t.INT, t.UINT, t.DOUBLE, t.DECIMAL, t.TIMESTAMP, t.DURATION)
    return code.type not in plain and not isinstance(code.type, t.MoneyType)


def _map(expr: ast.MapLiteral, place: Place) -> Code:
    if any(entry.optional for entry in expr.entries):
        raise Cannot
    pairs: list[pyast.expr] = []
    size, cost = Size(len(expr.entries), 1), 1
    for entry in expr.entries:
        key, value = place.compile(entry.key), place.compile(entry.value)
        pairs.append(pyast.Tuple([key.node, value.node], pyast.Load()))
        size = Size(size.length, size.weight + key.size.weight + value.size.weight)
        cost += key.cost + value.cost + key.size.weight
    node = place.helper(Map, pyast.Tuple(pairs, pyast.Load()))
    return Code(node, t.MapType(t.ANY, t.ANY), cost, size)
