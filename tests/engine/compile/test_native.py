"""Native code gives what the interpreter gives, or nothing: on every field, and on random conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import ast
from gatewright.dsl.parser import parse_expression
from tests.engine.compile.native_support import (
    ACTION,
    LETS,
    PACKAGE,
    World,
    native_of,
    policy,
    same,
)
from tests.strategies.conditions import ActionShape, LetShape, Sight, conditions
from tests.strategies.fields import CHANGED, FIELDS, TARGET, FieldKind
from tests.strategies.picking import chance, drawn_by, pick
from tests.strategies.proposals import AGENTS, CONTEXTS

UNDECLARED = "ext.thing"
ABSENT = object()


def agree(world: World, expr: ast.Expr) -> bool:
    """Whether native code answers; it may not answer otherwise than the interpreter."""
    expected, native = world.interpreted(expr), world.native(expr)
    if native.present:
        assert expected.present, "the interpreter says it is an error"
        assert same(expected.content, native.content)
    return native.present


def atoms(kind: FieldKind, path: str) -> Iterator[str]:
    for atom in (*kind.surely, *kind.partly, *kind.dynamic):
        yield atom.replace("@", path)


def proposal(action: str, where: str, name: str, value: object) -> Mapping[str, object]:
    given: dict[str, object] = {"action": action, "agent": {"id": "bot-1", "owner": "ann"}}
    target: dict[str, object] = {"id": "t-1"}
    if value is ABSENT:
        return {**given, "target": target}
    if where == "action":
        return {**given, "target": target, "params": {name: value}}
    if where == "target":
        return {**given, "target": {**target, "attributes": {name: value}}}
    return {**given, "target": target, "changes": {name: {"old": value, "new": value}}}


PLACES = [
    *(("action", name, kind, f"action.{name}") for name, kind in FIELDS.items()),
    *(("target", name, kind, f"target.{name}") for name, kind in TARGET.items()),
    *(("changes", name, kind, f"changes.{name}.new") for name, kind in CHANGED.items()),
]


@pytest.mark.parametrize("action", [ACTION, UNDECLARED])
@pytest.mark.parametrize(("where", "name", "kind", "path"), PLACES, ids=[p[3] for p in PLACES])
def test_every_condition_on_every_value(
    where: str, name: str, kind: FieldKind, path: str, action: str
) -> None:
    exprs = [parse_expression(atom) for atom in atoms(kind, path)]
    values = [*kind.values, *kind.wrong, ABSENT]
    worlds = [World(policy(), proposal(action, where, name, value)) for value in values]
    answers = sum(agree(world, expr) for expr in exprs for world in worlds)
    assert answers > 0 or action == UNDECLARED


LEFT = ("lists.range", ".distinct()", "transformMap", "1e300")
"""What native code leaves to the interpreter, as its cost has no useful bound."""


def test_nearly_every_condition_has_native_code() -> None:
    exprs = [parse_expression(a) for _, _, kind, path in PLACES for a in atoms(kind, path)]
    without = [e.span.text for e in exprs if native_of(e, policy(), ACTION) is None]
    assert len(exprs) > 500
    # A list of any length, and comparing each text of a list with each, may cost too much.
    assert all(any(one in text for one in LEFT) for text in without), without


# --- random conditions ------------------------------------------------------------------------

SHAPE = ActionShape(
    ACTION,
    PACKAGE,
    tuple((name, True) for name in sorted(FIELDS)),
    tuple(sorted(CHANGED)),
    "stripe.charge",
    True,
    False,
)
SIGHT = Sight(
    (SHAPE,),
    lets=(LetShape("limit", "amount"), LetShape("names", "names"), LetShape("dear", "condition")),
    data=True,
    known=frozenset(FIELDS),
)


@st.composite
def situations(drawn: st.DrawFn) -> tuple[World, str]:
    """An action with fitting, odd and missing parts, and a condition."""
    draw = drawn_by(drawn)
    action: dict[str, object] = {"action": pick(draw, [ACTION, ACTION, ACTION, UNDECLARED])}
    action["agent"] = pick(draw, [agent for agent in AGENTS if agent])
    context = pick(draw, CONTEXTS)
    if context is not None:
        action["context"] = context
    params = {n: pick(draw, [*k.values, *k.wrong]) for n, k in FIELDS.items() if chance(draw)}
    changes = {n: pick(draw, k.values) for n, k in CHANGED.items() if chance(draw)}
    attributes = {n: pick(draw, k.values) for n, k in TARGET.items() if chance(draw)}
    action["params"] = params
    action["changes"] = {n: {"old": v, "new": v} for n, v in changes.items()}
    action["target"] = {"id": pick(draw, ["t-1", "C-1"]), "attributes": attributes}
    return World(policy(), action), conditions(draw, SIGHT)


@given(situations())
def test_random_conditions(situation: tuple[World, str]) -> None:
    world, text = situation
    agree(world, parse_expression(text))


def test_lets_are_written_out() -> None:
    world = World(policy(), proposal(ACTION, "action", "amount", "50.01 USD"))
    for text in ("dear", "action.amount > limit", '"C-1" in names', "!dear || risk > 40"):
        assert agree(world, parse_expression(text)), text
    chain = (
        *LETS,
        "let l0 = dear || dear",
        *(f"let l{i} = l{i - 1} || l{i - 1}" for i in range(1, 20)),
    )
    assert native_of(parse_expression("l19"), policy(chain), ACTION) is None
