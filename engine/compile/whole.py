"""What reads a proposal, finds the answer in trees, and makes the decision: one function of it all.

HOT: every decision of a compiled action runs one of these. Between `evaluate` and its `Decision`
nothing else is called, save what a field needs that is read in full.
"""

from __future__ import annotations

import ast as py
from collections.abc import Callable, Sequence
from time import time_ns
from typing import Any, Final, TypeAlias

from gatewright.dsl.policy import ActionType
from gatewright.engine.action import Action
from gatewright.engine.compile.fit import Fit
from gatewright.engine.compile.inline import ANSWER, Inliner, ReadSlot
from gatewright.engine.compile.laid import Laid, Misfit
from gatewright.engine.compile.program import Program, Sharing
from gatewright.engine.compile.pycode import Code, attribute, call, is_none, name, none_if
from gatewright.engine.compile.raw import Raw
from gatewright.engine.compile.slots import Slot
from gatewright.engine.compile.tree import Node, Rows
from gatewright.engine.decision import Answer, Decision
from gatewright.engine.shape import Shape

Answering: TypeAlias = Callable[[Action, int, Any], "Answer | None"]
"""An action that was read, the instant in nanoseconds, and whom conditions may ask -> the answer.

None where the interpreter has to decide; whatever it raises means the same."""
Deciding: TypeAlias = Callable[[Any, Any, Any, Any, Any], "Decision | None"]
"""A policy set and the arguments of its `evaluate` -> the decision; None as above.

The second argument is an `Action`, or a dict in the JSON shape."""
Ending: TypeAlias = Callable[[Code, Sequence[ReadSlot], py.expr], list[py.stmt]]
"""Writes what puts the answer for the values of slots into a variable.

The last argument is the code of whom conditions may ask."""

_DECIDING: Final = ("policy", "action", "history", "now", "uses")
_NAMES: Final = {"Decision": Decision, "time_ns": time_ns}
_NOBODY: Final = py.Constant(None)
_ASKING: Final = "asking"


def by_branches(tree: Node, answer: Callable[[Rows], Answer]) -> Ending:
    """Return what finds the answer in a small tree, as branches."""

    def write(code: Code, slots: Sequence[ReadSlot], asking: py.expr) -> list[py.stmt]:
        return Inliner(code, slots, answer, asking).statements(tree)

    return write


def by_call(find: Callable[[list[Any], int, Any], Answer]) -> Ending:
    """Return what gives the values, the instant and whom to ask to a function that answers."""

    def write(code: Code, slots: Sequence[ReadSlot], asking: py.expr) -> list[py.stmt]:
        values = py.List([slot.in_list for slot in slots], py.Load())
        found = call(code.constant(find), values, name("nanos"), asking)
        return [code.assign(ANSWER, found)]

    return write


def answering(declared: ActionType, slots: Sequence[Slot], ending: Ending) -> Answering:
    """Return the function that reads an action and answers, by conditions that may ask."""
    code = Code("answer", ("action", "nanos", "asking"))
    code.extend(ending(code, Fit(declared, slots, code).slots(), name("asking")))
    code.add(py.Return(name(ANSWER)))
    return code.function()  # type: ignore[no-any-return]


def deciding_action(declared: ActionType, slots: Sequence[Slot], ending: Ending) -> Deciding:
    """Return the function that decides about an `Action`, by conditions that ask nobody."""
    code = Code("decide_action", _DECIDING)
    # `Action.read` puts texts into normal form, and notes what is wrong.
    usual = [attribute("action", "was_read"), py.UnaryOp(py.Not(), attribute("action", "problems"))]
    code.add(none_if(py.UnaryOp(py.Not(), py.BoolOp(py.And(), usual))))
    code.extend(_instant(code, slots))
    code.extend(ending(code, Fit(declared, slots, code).slots(), _NOBODY))
    code.extend(_decision(code, name("action")))
    return code.function()  # type: ignore[no-any-return]


def deciding_dict(declared: ActionType, slots: Sequence[Slot], ending: Ending) -> Deciding:
    """Return the function that decides about a dict, by conditions that ask nobody."""
    code = Code("decide_dict", _DECIDING)
    raw = Raw(declared, slots, code)
    code.extend(ending(code, raw.slots(), _NOBODY))
    code.extend(_decision(code, raw.kept()))
    return code.function()  # type: ignore[no-any-return]


def program_of_shape(
    declared: ActionType, slots: Sequence[Slot], ending: Ending, shape: Shape
) -> Program | None:
    """Return what decides about actions of one shape, by conditions that ask nobody.

    Its function takes what a `Deciding` takes, and the program. None where no such action fits.
    """
    code = Sharing("decide_shape", _DECIDING, _NAMES)
    try:
        laid = Laid(declared, slots, code, shape)
    except Misfit:
        return None
    code.extend(ending(code, laid.slots(), _NOBODY))
    # `PolicySet.case` takes an action's own instant where there is none here.
    code.body[:0] = laid.first(asks_instant=any(slot.path == ("now",) for slot in slots))
    code.extend(_decision(code, name("action")))
    return code.program()


def asking_shape(
    declared: ActionType,
    slots: Sequence[Slot],
    ending: Ending,
    shape: Shape,
    asks: frozenset[str],
) -> Program | None:
    """Return what `program_of_shape` returns, by conditions that may ask.

    Rules whose texts ask a history are in `asks`: where one matches, the interpreter decides.
    """
    code = Sharing("decide_asking", _DECIDING, _NAMES)
    try:
        laid = Laid(declared, slots, code, shape)
    except Misfit:
        return None
    case = call(attribute("policy", "case"), *map(name, ("action", "nanos", "history", "uses")))
    code.set(_ASKING, case)
    code.extend(ending(code, laid.slots(), name(_ASKING)))
    code.body[:0] = laid.first(asks_instant=True)
    if asks:
        apart = py.Attribute(code.constant(asks), "isdisjoint", py.Load())
        code.add(none_if(py.UnaryOp(py.Not(), call(apart, attribute(ANSWER, "matched")))))
    code.extend(_made(name("Decision"), name(_ASKING)))
    return code.program()


def _instant(code: Code, slots: Sequence[Slot]) -> list[py.stmt]:
    """Return the statements that find the instant of a decision about an action of any shape.

    An action's own is left a `Timestamp` where no condition asks for it. `PolicySet.case` takes
    either.
    """
    nanos = name("nanos")
    own: list[py.stmt] = [code.assign(nanos.id, attribute("action", "at"))]
    clock = code.assign(nanos.id, call(code.constant(time_ns)))
    looked_into: list[py.stmt] = []
    if any(slot.path == ("now",) for slot in slots):
        looked_into = [code.assign(nanos.id, attribute(nanos.id, "nanos"))]
    own.append(py.If(is_none(nanos), [clock], looked_into))
    return [py.If(is_none(name("now")), own, [code.assign(nanos.id, attribute("now", "nanos"))])]


def _decision(code: Code, given: py.expr) -> list[py.stmt]:
    """Return the statements that make the decision and what its case is made of."""
    about = [name("policy"), given, *map(name, ("nanos", "history", "uses"))]
    decision = name("Decision") if isinstance(code, Sharing) else code.constant(Decision)
    return _made(decision, py.Tuple(about, py.Load()))


def _made(decision: py.expr, about: py.expr) -> list[py.stmt]:
    """Return the statements that make the decision, as `Decision.of` does."""
    answer, parts = (py.Attribute(name("made"), n, py.Store()) for n in Decision.__slots__[:2])
    return [
        py.Assign([py.Name("made", py.Store())], call(decision)),
        py.Assign([answer], name(ANSWER)),
        py.Assign([parts], about),
        py.Return(name("made")),
    ]
