"""Hypothesis strategies for policies: actions that fit, actions that nearly fit, and histories.

>>> from hypothesis import given, settings
>>> import gatewright as gw
>>> from gatewright.testing import actions
>>> policy = gw.load_source('''
... package demo.notes
... action notes.add { text: string(max: 20) }
... rule short on notes.add when action.text.size() <= 10 => auto_run
... ''')
>>> @settings(max_examples=20)
... @given(actions(policy))
... def long_texts_never_run(action):
...     if len(action["params"]["text"]) > 10:
...         assert policy.evaluate(action).effect == gw.Effect.BLOCK
>>> long_texts_never_run()

Values lean to what the conditions compare with: the constants, and the values just below and above
them. Needs the package `hypothesis`, which Gatewright itself does not.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from gatewright.dsl import types as t
from gatewright.dsl.policy import ActionType, CheckedPolicy
from gatewright.engine.action import Action
from gatewright.engine.canonical import to_json
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.event import STATUSES
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import HistoryStore
from gatewright.engine.policy_tests.comparisons import beside, has_steps
from gatewright.engine.policy_tests.given import DEFAULT_NOW
from gatewright.engine.policy_tests.hints import run_time_value
from gatewright.engine.reading.conform import conform
from gatewright.engine.values import Timestamp
from gatewright.value_strategies import DAY_S, Drawing, Strategy, bound_of, fits, near_now, st

__all__ = ["actions", "bad_actions", "decides_same", "histories"]

JsonObject: TypeAlias = dict[str, Any]

_SECOND = 10**9
_MOST_DAYS = 60
_NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=6)
_AGENTS = ("agent-1", "agent-2")


def actions(policy: PolicySet, name: str | None = None) -> st.SearchStrategy[JsonObject]:
    """Return a strategy of actions in the JSON shape that fit their declared type.

    Of one declared action where `name` is given, else of all. Optional fields are left out now and
    then; texts reach their greatest length. Raises ValueError where nothing such is declared.
    """
    checked = _checked(policy)
    return st.one_of([_actions(checked, action) for action in _declared(checked, name)])


def bad_actions(policy: PolicySet, name: str | None = None) -> st.SearchStrategy[JsonObject]:
    """Return a strategy of actions that nearly fit: one thing is wrong with each.

    A field is missing, misspelt, of another type, too long, in another currency, or outside its
    bound, or there is a key too many. Such an action must never be decided more freely.
    """
    checked = _checked(policy)
    types = {action.name: action for action in _declared(checked, name)}

    def spoiled(action: JsonObject) -> st.SearchStrategy[JsonObject]:
        declared = types[action["action"]]
        mistakes = list(_mistakes(checked, declared, action))
        return st.sampled_from(mistakes).filter(lambda bad: not _fits(bad, declared))

    return actions(policy, name).flatmap(spoiled)


def histories(
    policy: PolicySet, *, now: str | Timestamp = DEFAULT_NOW, max_size: int = 8
) -> st.SearchStrategy[History]:
    """Return a strategy of past actions before and at an instant, of every status.

    `now` is an instant or its RFC 3339 text, that of test blocks unless given. Ages lean to the
    windows for which the policy asks: their edge, and a second to either side.
    """
    instant = Timestamp.parse(now) if isinstance(now, str) else now
    checked = _checked(policy)
    events = st.one_of([_events(checked, action, instant) for action in _declared(checked, None)])
    return st.lists(events, max_size=max_size).map(_history)


def decides_same(
    policy: PolicySet,
    other: PolicySet,
    action: Action | Mapping[str, object],
    history: HistoryStore | None = None,
) -> bool:
    """Tell whether two policy sets decide alike: the same effect, from the same routes in order.

    Give the action an `at`; without one each decision is taken at its own instant.
    """
    one, two = policy.evaluate(action, history), other.evaluate(action, history)
    return (one.effect, one.stages) == (two.effect, two.stages)


def _checked(policy: object) -> CheckedPolicy:
    """Return what a policy set was checked to be; raises TypeError for a path and the like."""
    if not isinstance(policy, PolicySet):
        kind = type(policy).__name__
        raise TypeError(f'a policy set is wanted, such as gw.load("policies/"), not a {kind}')
    return policy.policy


def _declared(policy: CheckedPolicy, name: str | None) -> Sequence[ActionType]:
    if not policy.actions or (name is not None and name not in policy.actions):
        what = "no action" if name is None else f"no action `{name}`"
        raise ValueError(f"the policy declares {what}")
    return [policy.actions[name]] if name is not None else list(policy.actions.values())


def _fits(action: JsonObject, declared: ActionType) -> bool:
    read, problems = Action.read(action)
    return not problems and conform(read, declared).fits


# --- actions


def _actions(policy: CheckedPolicy, action: ActionType) -> st.SearchStrategy[JsonObject]:
    drawing = Drawing(policy, action)
    required: dict[str, Strategy] = {
        "action": st.just(action.name),
        "params": drawing.record(action.params, ("action",)),
        "agent": _agent(policy, drawing),
        "at": near_now(drawing.hints.values.get(("now",), ())),
    }
    optional: dict[str, Strategy] = {"context": _context(drawing)}
    attributes = _attributes(action, drawing)
    ids: dict[str, Strategy] = {"id": _NAMES}
    if attributes is None:
        optional["target"] = st.fixed_dictionaries(ids)
    else:
        required["target"] = st.fixed_dictionaries({"attributes": attributes}, optional=ids)
    if action.changes.fields:
        optional["changes"] = _changes(action, drawing)
    drawn = st.fixed_dictionaries(required, optional=optional)
    return drawn.filter(lambda data: _fits(data, action))


def _agent(policy: CheckedPolicy, drawing: Drawing) -> Strategy:
    """Draw an agent: permitted or not, with the attributes that conditions read."""
    named = [permit.agent for permit in policy.permits if permit.agent is not None]
    hinted = [v for v in drawing.hints.values.get(("agent", "id"), ()) if isinstance(v, str)]
    ids = sorted({*named, *hinted, *_AGENTS})
    read = sorted(path[1] for path in drawing.hints.read if path[0] == "agent" and len(path) == 2)
    more = {name: drawing.loose(("agent", name)) for name in read if name not in ("id", "owner")}
    return st.fixed_dictionaries(
        {"id": st.sampled_from(ids), "owner": _NAMES, **more},
    )


def _attributes(action: ActionType, drawing: Drawing) -> Strategy | None:
    """Draw the attributes of a target: of its type, or those that conditions read."""
    if action.target is not None:
        return drawing.record(action.target, ("target",))
    read = sorted(path[1] for path in drawing.hints.read if path[0] == "target" and len(path) == 2)
    open_ones = {n: drawing.loose(("target", n)) for n in read if n not in _OF_TARGET}
    return st.fixed_dictionaries(open_ones) if open_ones else None


_OF_TARGET = ("system", "object", "id")


def _changes(action: ActionType, drawing: Drawing) -> Strategy:
    fields: dict[str, Strategy] = {}
    for name, declared in action.changes.fields:
        sides: dict[str, Strategy] = {
            side: drawing.field(declared, ("changes", name, side)) for side in ("old", "new")
        }
        whole = st.fixed_dictionaries(sides)
        new_only = st.fixed_dictionaries({"new": sides["new"]})
        fields[name] = st.one_of(whole, new_only) if declared.optional else whole
    return st.fixed_dictionaries({}, optional=fields)


def _context(drawing: Drawing) -> Strategy:
    hinted = drawing.hints.values.get(("context", "confidence"), ())
    shares = sorted({float(v) for v in hinted if isinstance(v, int | float) and 0 <= v <= 1})
    confidence = st.floats(0, 1)
    return st.fixed_dictionaries(
        {},
        optional={
            "trigger": _NAMES,
            "reasoning": _NAMES,
            "confidence": st.one_of(st.sampled_from(shares), confidence) if shares else confidence,
            "evidence": st.lists(_NAMES, max_size=2),
        },
    )


# --- histories


def _events(policy: CheckedPolicy, action: ActionType, now: Timestamp) -> Strategy:
    drawing = Drawing(policy, action)
    edges = {w + off for w in drawing.hints.windows for off in (-_SECOND, 0, _SECOND)}
    general = st.integers(0, _MOST_DAYS * DAY_S).map(lambda seconds: seconds * _SECOND)
    known = sorted(age for age in edges if 0 <= age <= now.nanos - Timestamp.MIN_NANOS)
    ages = st.one_of(st.sampled_from(known), general) if known else general
    named = [permit.agent for permit in policy.permits if permit.agent is not None]
    rules = sorted(rule.qualified for rule in policy.rules)
    optional: dict[str, Strategy] = {"target": _NAMES, "decided_by": _NAMES}
    if rules:
        optional["rules"] = st.lists(st.sampled_from(rules), unique=True, max_size=3)
    return st.fixed_dictionaries(
        {
            "action": st.just(action.name),
            "params": drawing.record(action.params, ("action",)),
            "agent": st.sampled_from(sorted({*named, *_AGENTS})),
            "status": st.sampled_from(STATUSES),
            "at": ages.map(lambda age: Timestamp(now.nanos - age).text),
        },
        optional=optional,
    )


def _history(events: list[JsonObject]) -> History:
    """Give the events ids, in the order of their instants."""
    ordered = sorted(events, key=lambda event: Timestamp.parse(event["at"]))
    return History({"id": f"past-{n}", **event} for n, event in enumerate(ordered, start=1))


# --- mistakes

_WRONG: dict[str, tuple[Any, ...]] = {
    "bool": ("true", 1), "int": ("5", 1.5, 2**63), "uint": (-1, 1.5), "double": ("1.0",),
    "decimal": (1.5, "one"), "string": (5, None), "bytes": ("%",), "timestamp": ("yesterday", 0),
    "duration": ("soon", 60), "money": (5.0, 5, "5", "5 usd", "-"), "enum": ("", 0),
    "list": ("x", {}), "map": ([], "x"),
}  # fmt: skip
"""Values that no field of a type takes."""


def _mistakes(
    policy: CheckedPolicy, declared: ActionType, action: JsonObject
) -> Iterator[JsonObject]:
    """Yield the action with one mistake each; some of them may still fit."""
    params: JsonObject = action["params"]
    for name, field in declared.params.fields:
        rest = {key: value for key, value in params.items() if key != name}
        yield {**action, "params": rest}
        if name in params:
            yield {**action, "params": {**rest, f"{name}s": params[name]}}
        for wrong in _wrong_values(policy, declared, field):
            yield {**action, "params": {**params, name: wrong}}
        if isinstance(field.type, t.RecordType) and name in params:
            for inner, part in field.type.fields:
                for wrong in _wrong_values(policy, declared, part):
                    yield {**action, "params": {**params, name: {**params[name], inner: wrong}}}
    yield {**action, "params": {**params, _unknown(declared.params.names): 1}}
    change = {"old": "x", "new": "y"}
    changes = {**action.get("changes", {}), _unknown(declared.changes.names): change}
    yield {**action, "changes": changes}
    if declared.system is not None:
        yield {**action, "target": {**action.get("target", {}), "system": f"{declared.system}-2"}}
    yield {**action, "agent": "agent-1"}
    yield {**action, "priority": "high"}


def _unknown(names: Sequence[str]) -> str:
    return "x" * (1 + max(map(len, names), default=0))


def _wrong_values(policy: CheckedPolicy, action: ActionType, field: t.FieldType) -> Iterator[Any]:
    """Yield values that a field does not take, those first that only just miss."""
    bound = bound_of(field, policy, action)
    if bound is not None:
        near = (bound, beside(bound, -1), beside(bound, 1)) if has_steps(bound) else (bound,)
        outside = [to_json(run_time_value(one)) for one in near]
        yield from (value for value in outside if not fits(value, field))
    match field.type:
        case t.StringType(longest) if longest is not None:
            yield "x" * (longest + 1)
        case t.MoneyType(currency) if currency is not None:
            yield "5.00 EUR" if currency != "EUR" else "5.00 USD"
        case t.EnumType(values):
            yield from (f"{values[0]} ", values[0].swapcase())
        case _:
            pass
    kind = str(field.type).partition("(")[0].partition("<")[0]
    yield from _WRONG.get(kind, ("x",) if isinstance(field.type, t.RecordType) else ())
