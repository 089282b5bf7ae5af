"""Random policy sets that pass the checker, and actions that they decide about.

A set is a list of declarations for each of its packages: how they are spread over files, and in
which order, is a matter apart, because it has no meaning. So a property can lay a set out anew, add
a declaration, or change one condition of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from hypothesis import strategies as st

from gatewright.dsl.load import check_sources
from gatewright.dsl.source import Source
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.memory import History
from gatewright.engine.values import Timestamp
from tests.strategies.conditions import ActionShape, HistoryShape, LetShape, in_all
from tests.strategies.fields import CHANGED, FIELDS, NOW, PERSON_TYPE, SECRET
from tests.strategies.picking import Draw, chance, drawn_by, pick, some
from tests.strategies.proposals import Proposal, proposals, records
from tests.strategies.rules import (
    Declared,
    Kind,
    Package,
    World,
    exceptions,
    floors,
    permits,
    risks,
    rule_of,
    rules,
)

DATA: Mapping[str, object] = {
    "limits": {"low": 5, "gold": 100},
    "vip": ["C-1", "Übel"],
    "watched": ["bot-2"],
    "rate": 1.5,
    "strict": True,
}
NAMES = ("shop.refund", "shop.order.cancel", "crm.move")
UNDECLARED = "ext.thing"


@dataclass(frozen=True, repr=False)
class GeneratedSet:
    """A policy set as declarations, with what its decisions depend on besides the action."""

    packages: tuple[tuple[str, tuple[str, ...], tuple[Declared, ...]], ...]
    """Name, lines of imports, declarations."""
    data: Mapping[str, object]
    proposals: tuple[Proposal, ...]
    past: tuple[Mapping[str, object], ...]
    uses: Mapping[str, int] = field(default_factory=dict[str, int])
    world: World = field(compare=False, kw_only=True)

    def __repr__(self) -> str:
        """The files and actions as people would write them: what a failing property shows."""
        files = "\n".join(f"--- {name}\n{text}" for name, text in self.files)
        actions = "\n".join(json.dumps(dict(p.action)) for p in self.proposals)
        past = "\n".join(json.dumps(dict(p)) for p in self.past)
        return f"\n{files}--- actions\n{actions}\n--- past\n{past}\n--- uses {self.uses}\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Hypothesis prints dataclasses by their fields where it is not told otherwise."""
        printer.text(repr(self))

    @property
    def now(self) -> Timestamp:
        return Timestamp.parse(NOW)

    @property
    def history(self) -> History:
        return History(self.past)

    @property
    def valid(self) -> tuple[Mapping[str, object], ...]:
        """The actions of a declared type that fit it."""
        return tuple(p.action for p in self.proposals if p.fits and p.declared)

    @property
    def actions(self) -> tuple[Mapping[str, object], ...]:
        return tuple(p.action for p in self.proposals)

    def uses_of(self, exception: str) -> int | None:
        """How often an exception was used; a host that does not count gives None."""
        return self.uses.get(exception)

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """One file a package, as declared."""
        return tuple(
            (f"{name}.gate", _file(name, imports, declared))
            for name, imports, declared in self.packages
        )

    def shuffled(self, random: Random) -> tuple[tuple[str, str], ...]:
        """The same set, spread over other files in another order."""
        files: list[tuple[str, str]] = []
        for name, imports, declared in random.sample(self.packages, len(self.packages)):
            mixed = random.sample(declared, len(declared))
            cut = random.randrange(len(mixed) + 1) if random.random() < 0.7 else len(mixed)
            for part in [mixed[:cut], mixed[cut:]]:
                if part or cut:
                    files.append((f"{random.random()}.gate", _file(name, imports, part)))
        return tuple(random.sample(files, len(files)))

    def adding(self, package: str, *declared: Declared) -> GeneratedSet:
        """The set with declarations added to one package."""
        return replace(
            self,
            packages=tuple(
                (n, i, (*d, *declared) if n == package else d) for n, i, d in self.packages
            ),
        )

    def replacing(self, old: Declared, new: Declared | None) -> GeneratedSet:
        """The set with one declaration changed, or taken away."""
        return replace(
            self,
            packages=tuple(
                (n, i, tuple(y for y in (new if x is old else x for x in d) if y is not None))
                for n, i, d in self.packages
            ),
        )

    @property
    def declared(self) -> tuple[tuple[str, Declared], ...]:
        """All declarations with their packages."""
        return tuple((name, d) for name, _, declared in self.packages for d in declared)


def _file(
    package: str, imports: tuple[str, ...], declared: tuple[Declared, ...] | list[Declared]
) -> str:
    lines = [f"package {package}", *imports, *(d.text for d in declared)]
    return "\n".join(lines) + "\n"


def load(files: tuple[tuple[str, str], ...], data: Mapping[str, object]) -> PolicySet:
    """Check a set, which must have no errors."""
    policy, diagnostics = check_sources([Source(n, text) for n, text in files], data)
    assert policy is not None, "\n".join(
        [*(f"{d}\n  {d.help or ''}" for d in diagnostics), *(text for _, text in files)]
    )
    return PolicySet(policy)


# --- drawing a set


@st.composite
def policy_sets(
    draw: st.DrawFn, *, dynamic: bool = True, partly: bool = True, rule_count: int = 5
) -> GeneratedSet:
    """Draw a set as `made_set` does. Shrinks to one package with a rule `when true => auto_run`."""
    return made_set(drawn_by(draw), dynamic=dynamic, partly=partly, rule_count=rule_count)


def made_set(
    draw: Draw, *, dynamic: bool = True, partly: bool = True, rule_count: int = 5
) -> GeneratedSet:
    """Make a set that passes the checker, with actions for it.

    `dynamic` allows conditions that only a run can type, and `partly` those that have no answer for
    some values.
    """
    packages = [Package("alpha")]
    if chance(draw):
        packages.append(Package("beta.two", {"base": "alpha"} if chance(draw) else {}))
    world = World(packages, [], [], chance(draw), dynamic, partly)
    for package in packages:
        _routes(draw, world, package)
    if chance(draw):
        floor = f"require {packages[-1].routes[0]} on *"
        packages[-1].declared.append(Declared("default", "", (f"default {floor}",)))
        packages[-1].declared.append(Declared("on_error", "", (f"on_error {floor}",)))
    for name in NAMES[: pick(draw, [1, 2, 3])]:
        home = pick(draw, packages)
        world.actions.append(actions(draw, home, name, dynamic))
        home.actions.append(world.actions[-1])
    _finish_routes(draw, world)
    for package in packages:
        _types_and_actions(world, package)
        _values(draw, world, package)
    for i in range(pick(draw, range(1, rule_count + 1))):
        package = pick(draw, packages)
        package.declared.append(rules(draw, world, package, f"r{i}"))
        package.rules.append(f"r{i}")
    _around(draw, world)
    return GeneratedSet(
        packages=tuple((p.name, _imports(p), tuple(p.declared)) for p in packages),
        data=DATA if world.data else {},
        proposals=tuple(proposals(draw, world.actions, UNDECLARED) for _ in range(3)),
        past=records(draw, world.actions),
        uses={f"{p.name}.e0": used for p in packages} if (used := pick(draw, [0, 2, 1])) else {},
        world=world,
    )


def _imports(package: Package) -> tuple[str, ...]:
    return tuple(f"import {target} as {alias}" for alias, target in package.imports.items())


def actions(draw: Draw, package: Package, name: str, dynamic: bool) -> ActionShape:
    known = [n for n in FIELDS if dynamic or n != "extra"]
    names = some(draw, known, 1, 4)
    optional = [chance(draw, 3) for _ in names]
    changes = some(draw, sorted(CHANGED), 0, 2)
    place = pick(draw, [None, "stripe.charge"])
    return ActionShape(
        name=name,
        package=package.name,
        params=tuple(zip(names, optional, strict=True)),
        changes=tuple(changes),
        place=place,
        typed_target=place is not None and chance(draw),
        irreversible=pick(draw, [False, True]),
    )


def _types_and_actions(world: World, package: Package) -> None:
    person = "Person"
    if package.imports:
        person = "base.Person"
    else:
        package.declared.append(Declared("type", "Person", (PERSON_TYPE,)))
    target = (
        'type Place { stage: enum("low", "mid", "high"), region: string, open?: bool, value: int }'
    )
    target = target.replace("open?: bool", "open: bool")
    package.declared.append(Declared("type", "Place", (target,)))
    for action in package.actions:
        members = [
            f"{'@secret ' if n == SECRET else ''}{n}{'?' if optional else ''}: "
            + FIELDS[n].type.replace("Person", person)
            for n, optional in action.params
        ]
        if action.changes:
            inner = ", ".join(f"{n}: {CHANGED[n].type}" for n in action.changes)
            members.append(f"changes {{ {inner} }}")
        place = f" on {action.place}" if action.place else ""
        place += " as Place" if action.typed_target else ""
        mark = "@irreversible\n" if action.irreversible else ""
        text = f"{mark}action {action.name}{place} {{ {', '.join(members)} }}"
        package.declared.append(Declared("action", action.name, (text,)))


# --- routes


def _routes(draw: Draw, world: World, package: Package) -> None:
    names = ["manager", "finance", "legal"][: pick(draw, [1, 2, 3])]
    package.routes += names
    world.routes += [f"{package.name}.{name}" for name in names]


def _finish_routes(draw: Draw, world: World) -> None:
    """Declare the routes; `then` orders go up or down the ranks."""
    ranks = list(world.routes)
    silent = ["reject", "reject"] if any(a.irreversible for a in world.actions) else ["approve"]
    for package in world.packages:
        for name in package.routes:
            rank = ranks.index(f"{package.name}.{name}")
            below = [world.named(package, r) for r in ranks[:rank]]
            text = _route(draw, name, below, silent)
            package.declared.append(Declared("route", name, (text,)))
    if chance(draw):
        world.routes.reverse()


def _route(draw: Draw, name: str, below: list[str], silent: list[str]) -> str:
    people = pick(
        draw,
        ['one of group("g")', '2 of role("r")', 'all of [user("ann"), user("bob")]',
         'one of ["ann", agent.owner]'],
    )  # fmt: skip
    items = [people]
    if below:
        outranked = some(draw, below, 0, 2)
        items += [f"outranks {', '.join(outranked)}"] if outranked else []
    items += pick(draw, [[], ["exclude requester"], ["distinct", "remind 1h", "sla 2h"]])
    end = pick(draw, ["", *silent, *(f"escalate {r}" for r in below[:1])])
    items += [f"timeout 4h then {end}"] if end else []
    return f"route {name} {{ {' '.join(items)} }}"


# --- lets, histories, calendars


def _values(draw: Draw, world: World, package: Package) -> None:
    if chance(draw):
        text = 'calendar office { zone "Europe/Berlin" days "mon-fri" hours "09:00-17:30" }'
        if chance(draw):
            text = text[:-1] + 'holidays ["2026-06-15"] }'
        package.calendar = True
        package.declared.append(Declared("calendar", "office", (text,)))
    lets: list[tuple[LetShape, str]] = [
        (LetShape("small", "amount"), "50 USD"),
        (LetShape("live", "names"), '["executed", "pending"]'),
        (LetShape("busy", "condition"), "now.getHours() >= 9"),
        (LetShape("limit", "n"), "2 * 5"),
        (LetShape("big", "condition", frozenset({"amount"})), "action.amount >= small"),
        (LetShape("named", "condition", guarded=frozenset({"customer"}),
                  shows=frozenset({"customer"})), "has(action.customer)"),
        (LetShape("trusted", "condition"), 'agent.team == "support"'),
    ]  # fmt: skip
    wanted = some(draw, range(len(lets)), 0, 3)
    if 4 in wanted and 0 not in wanted:
        wanted.append(0)
    for i in sorted(wanted):
        shape, value = lets[i]
        package.lets.append(shape)
        package.declared.append(Declared("let", shape.name, (f"let {shape.name} = {value}",)))
    for i in range(pick(draw, [0, 1, 2])):
        _history(draw, world, package, f"past{i}")


def _history(draw: Draw, world: World, package: Package, name: str) -> None:
    chosen = some(draw, world.actions, 1, 2)
    wheres = ["", ' where status in ["executed", "pending"]', ' where status != "failed"',
              ' where agent == "bot-1" || status == "executed"']  # fmt: skip
    if any(let.name == "live" for let in package.lets):
        wheres.append(" where status in live")
    required = in_all(a.required for a in chosen)
    if "level" in required:
        wheres.append(' where level != "low"')
    where = pick(draw, wheres)
    actions_ = ", ".join(a.name for a in chosen)
    package.declared.append(Declared("history", name, (f"history {name} = {actions_}{where}",)))
    fields = frozenset(name for a in chosen for name in a.names)
    package.histories.append(
        HistoryShape(name, tuple(a.name for a in chosen), required, fields - {"extra"})
    )


# --- what stands around rules


def _around(draw: Draw, world: World) -> None:
    for package in world.packages:
        # Without floors every other decision is a block, and says little.
        kinds: list[Kind] = ["default", "on_error", "risk", "default", "on_error", "risk", "permit"]
        for _ in range(pick(draw, [0, 1, 2, 3, 4])):
            kind = pick(draw, kinds)
            package.declared.append(_one(draw, world, package, kind))
        lifted = [
            f"{p.name}.{d.name}"
            for p in world.packages
            for d in p.declared
            if d.kind in ("rule", "guard")
        ]
        if lifted and chance(draw):
            chosen = some(draw, lifted, 1, 2)
            package.declared.append(exceptions(draw, world, package, "e0", tuple(chosen)))


def _one(draw: Draw, world: World, package: Package, kind: Kind) -> Declared:
    if kind == "permit":
        return permits(draw, world, package)
    if kind == "risk":
        name = f"k{sum(d.kind == 'risk' for d in package.declared)}"
        return risks(draw, world, package, name)
    return floors(draw, world, package, kind)


@st.composite
def added_guards(draw: st.DrawFn, made: GeneratedSet, name: str = "added") -> tuple[str, Declared]:
    """A further guard for a set, with the package that it goes to."""
    choose = drawn_by(draw)
    package = pick(choose, made.world.packages)
    kinds: list[Kind] = ["guard", "absolute guard"]
    return package.name, rule_of(choose, made.world, package, name, pick(choose, kinds))


@st.composite
def added_exceptions(
    draw: st.DrawFn,
    made: GeneratedSet,
    suspends: tuple[str, ...],
    window: tuple[str, str] | None = None,
) -> tuple[str, Declared]:
    """A further exception for a set, with the package that it goes to."""
    choose = drawn_by(draw)
    package = pick(choose, made.world.packages)
    return package.name, exceptions(choose, made.world, package, "added", suspends, window)
