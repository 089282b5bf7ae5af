"""A policy, a directory and an action -> the `Roster`: who may answer which route now.

The expressions of routes are read here: `group("managers")`, ids, lists of these, and whatever
gives them. Source: docs/language.md#route.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.policy import Period, Route
from gatewright.dsl.records import dataclass
from gatewright.engine.action import Action
from gatewright.engine.errors import EvaluationError
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime.directory import Directory
from gatewright.engine.runtime.routing import Roster, RouteAtNow
from gatewright.engine.runtime.run import Run
from gatewright.engine.values import Timestamp, Value, nfc
from gatewright.engine.workdays import CalendarValue, working_days_after

Evaluate = Callable[[ast.Expr], Value]

Reasons: TypeAlias = dict[str, str]
"""Who must not answer, by their ids, and why: `brought the proposal`."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """Somebody answers in another's place for a while. It is not passed on."""

    giver: str
    taker: str
    from_at: int
    until_at: int

    def holds(self, now: int) -> bool:
        """Tell whether it counts: from `from_at` until before `until_at`."""
        return self.from_at <= now < self.until_at


def roster_of(
    policy: PolicySet,
    directory: Directory,
    delegations: Iterable[Delegation],
    action: Action,
    run: Run | None,
    needed: Iterable[str],
    requester: str | None,
    now: int,
) -> Roster:
    """Return who may answer the routes that are needed, and all that these may lead to.

    `run` is None for a new proposal. What cannot be evaluated names nobody: such a route waits for
    its timeout, it does not open.
    """
    known = policy.about(action.name).routes
    standing = [d for d in delegations if d.holds(now)]
    editors = {round_.editor for round_ in run.rounds} if run is not None else set[str | None]()
    agent = action.agent.id if action.agent else None
    barred: Reasons = {name: "changed the plan" for name in editors if name}
    _add(barred, {agent: "is the agent itself"} if agent else {})
    by_themselves = frozenset(barred)
    _add_stand_ins(barred, standing)
    routes = {
        name: _at_now(policy, known[name], known, directory, standing, action, requester, now)
        for name in _closure(needed, known)
    }
    takers = {d.taker for d in standing}
    owner = action.agent.owner if action.agent else None
    return Roster(
        people=directory.people(),
        routes=routes,
        excluded=frozenset(barred),
        why=barred,
        silenced=frozenset(barred) - by_themselves,
        concerned=_named((requester, agent, owner), directory),
        stands_in_for={
            taker: frozenset(d.giver for d in standing if d.taker == taker) for taker in takers
        },
    )


def _closure(needed: Iterable[str], known: Mapping[str, Route]) -> set[str]:
    """Return the routes, those that they escalate to, and all that outrank one of these."""
    found: set[str] = set()
    todo = [name for name in needed if name in known]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        timeout = known[name].timeout
        if timeout is not None and timeout.route is not None and timeout.route in known:
            todo.append(timeout.route)
        todo += [other for other, route in known.items() if name in route.outranks]
    return found


def routes_about(policy: PolicySet, action: str) -> frozenset[str]:
    """Return the routes that the policies could ask about an action, whatever it holds.

    Where they name none for it, all that there are. Cost: linear in the rules that cover it.
    """
    known = policy.about(action)
    effects = [row.effect for rule in known.rules if not rule.shadow for row in rule.rows]
    effects += [floor.effect for floor in (*known.defaults, *known.on_errors)]
    named = frozenset[str]().union(*(effect.routes for effect in effects))
    return named or frozenset(known.routes)


def may_ask(
    known: Mapping[str, Route],
    directory: Directory,
    delegations: Iterable[Delegation],
    person: str,
) -> frozenset[str]:
    """Return the routes that a person may have an answer for, whatever the action is.

    Others surely never ask them, neither for themselves nor in somebody's place, by one of the
    delegations.
    """
    names = {person} | {d.giver for d in delegations if d.taker == person}
    may_be = {
        name
        for name, route in known.items()
        for people in (_ids(route.people, _same_for_all, directory),)
        if people is None or people & names
    }
    served = {lower for name in may_be for lower in known[name].outranks}
    return frozenset(may_be | (served & known.keys()))


def _same_for_all(expr: ast.Expr) -> Value:
    """Return the value of a text; raises EvaluationError for what may depend on the action."""
    if isinstance(expr, ast.StringLiteral):
        return expr.value
    raise EvaluationError("no_such_name", "this depends on the action")


def _at_now(
    policy: PolicySet,
    route: Route,
    known: Mapping[str, Route],
    directory: Directory,
    standing: list[Delegation],
    action: Action,
    requester: str | None,
    now: int,
) -> RouteAtNow:
    evaluate = policy.expressions(
        action, route.package, now=Timestamp(now), names={"requester": requester or ""}
    )
    found = _ids(route.people, evaluate, directory) or frozenset[str]()
    excluded = _excluded(route, evaluate, directory, action, requester)
    if excluded is None:  # nobody can tell whom to leave out: nobody may answer
        why = f"may be one whom the route `{route.name}` excludes, which cannot be told here"
        excluded = dict.fromkeys(found & directory.people(), why)
    by_themselves = frozenset(excluded)
    _add_stand_ins(excluded, standing)
    members = found & directory.people()
    due = _Due(policy, route, evaluate, now)
    timeout = route.timeout
    return RouteAtNow(
        route=route.qualified,
        name=policy.about(action.name).route_name(route.qualified),
        quorum=route.quorum,
        members=members - frozenset(excluded),
        silenced=(members & frozenset(excluded)) - by_themselves,
        excluded=frozenset(excluded),
        why=excluded,
        outranked_by=tuple(sorted(n for n, r in known.items() if route.qualified in r.outranks)),
        remind_at=due.after(route.remind),
        late_at=due.after(route.sla),
        timeout_at=due.after(timeout.after if timeout else None),
        then=timeout.then if timeout else None,
        escalates_to=timeout.route if timeout else None,
    )


def _excluded(
    route: Route,
    evaluate: Evaluate,
    directory: Directory,
    action: Action,
    requester: str | None,
) -> Reasons | None:
    """Return who must not answer, and why; None where that cannot be told."""
    reasons: Reasons = {}
    if not route.exclude:
        owner = action.agent.owner if action.agent else None
        for id_, why in ((requester, "brought the proposal"), (owner, "owns the agent")):
            if id_:
                members = _named([id_], directory) - {id_}
                _add(reasons, dict.fromkeys(members, f"is in `{id_}`, which {why}"))
                _add(reasons, {id_: why})
        return reasons
    for expr in route.exclude:
        found = _ids(expr, evaluate, directory)
        if found is None:
            return None
        _add(reasons, dict.fromkeys(found, f"is excluded by the route `{route.name}`"))
    return reasons


def _named(ids: Iterable[str | None], directory: Directory) -> frozenset[str]:
    """Return ids, with the members of those that are groups, as an agent's owner may be."""
    given = [id_ for id_ in ids if id_]
    # A directory that spells a group in another way keeps its members out all the same.
    groups = {name for id_ in given for name in (id_, unicodedata.normalize("NFD", id_))}
    return frozenset(given).union(*map(directory.group, groups))


def _add(reasons: Reasons, more: Reasons) -> None:
    for name, why in more.items():
        known = reasons.get(name)
        if known is None:
            reasons[name] = why
        elif why not in known:
            reasons[name] = f"{known} and {why}"


def _add_stand_ins(reasons: Reasons, standing: list[Delegation]) -> None:
    """Exclude who stands in for somebody who is excluded; it is not passed on."""
    takers: Reasons = {}
    for one in standing:
        if one.giver in reasons:
            why = f"stands in for `{one.giver}`, who {reasons[one.giver]}"
            _add(takers, {one.taker: why})
    _add(reasons, takers)


def _ids(expr: ast.Expr, evaluate: Evaluate, directory: Directory) -> frozenset[str] | None:
    """Return the people that an expression names; None where it errs."""
    try:
        return _people(expr, evaluate, directory)
    except EvaluationError:
        return None


def _people(expr: ast.Expr, evaluate: Evaluate, directory: Directory) -> frozenset[str]:
    match expr:
        case ast.ListLiteral():
            parts = [_people(item.value, evaluate, directory) for item in expr.items]
            return frozenset[str]().union(*parts)
        case ast.Conditional():
            chosen = expr.then if evaluate(expr.condition) is True else expr.otherwise
            return _people(chosen, evaluate, directory)
        case ast.Call(function="group" | "role" | "user"):
            name = evaluate(expr.arguments[0].value)
            if not isinstance(name, str):
                raise EvaluationError("type_mismatch", f"`{expr.function}` needs a text")
            name = nfc(name)
            if expr.function == "user":
                return frozenset({name})
            return (directory.group if expr.function == "group" else directory.role)(name)
        case _:
            value = evaluate(expr)
            ids = value if isinstance(value, tuple) else (value,)
            texts = [nfc(item) for item in ids if isinstance(item, str) and item]
            if len(texts) < len(ids):
                raise EvaluationError("type_mismatch", "people are named by texts")
            return _named(texts, directory)


class _Due:
    """The instants of a route's timers, for one that is asked now."""

    def __init__(self, policy: PolicySet, route: Route, evaluate: Evaluate, now: int) -> None:
        self._policy, self._route, self._evaluate, self._now = policy, route, evaluate, now

    def after(self, period: Period | None) -> int | None:
        """Return when a period ends; None where there is none, or nobody can tell."""
        if period is None:
            return None
        if period.business_days is None:
            return self._now + (period.nanos or 0)
        calendar = self._calendar()
        if calendar is None:
            return None
        start = Timestamp(self._now)
        try:
            return working_days_after(calendar, start, period.business_days).nanos
        except EvaluationError:
            return None

    def _calendar(self) -> CalendarValue | None:
        name = self._route.calendar
        if name is None:
            return None
        package, _, short = name.rpartition(".")
        found = self._policy.about("").packages[package].calendars[short]
        return CalendarValue(found, self._evaluate)
