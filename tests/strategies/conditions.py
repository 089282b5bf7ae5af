"""What a generated condition can see -> type-correct conditions.

A `Sight` is drawn up for the actions that a declaration covers, as the checker does it: a field
that some of them lack, or may lack, is read only behind `has(...)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from tests.strategies.fields import CHANGED, FIELDS, TARGET, FieldKind
from tests.strategies.picking import Draw, pick


def in_all(names: Iterable[frozenset[str]]) -> frozenset[str]:
    """What all of some sets have in common."""
    first, *others = names
    return first.intersection(*others)


@dataclass(frozen=True)
class ActionShape:
    """A declared action: its parameters with whether they are optional, and what may change."""

    name: str
    package: str
    params: tuple[tuple[str, bool], ...]
    changes: tuple[str, ...]
    place: str | None
    typed_target: bool
    irreversible: bool

    @property
    def required(self) -> frozenset[str]:
        return frozenset(name for name, optional in self.params if not optional)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.params)


@dataclass(frozen=True)
class HistoryShape:
    """A declared history, with the fields that every one of its actions has, and all of them."""

    name: str
    actions: tuple[str, ...]
    required: frozenset[str]
    fields: frozenset[str]


@dataclass(frozen=True)
class LetShape:
    """A let: a condition, or a value of a field's type; `needs` are the parameters it reads."""

    name: str
    kind: str
    needs: frozenset[str] = frozenset()
    guarded: frozenset[str] = frozenset()
    """Parameters that must be there or be asked for; `shows` is what a true let proves."""
    shows: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sight:
    """What conditions of one declaration see. No actions: only undeclared ones are covered."""

    actions: tuple[ActionShape, ...]
    histories: tuple[HistoryShape, ...] = ()
    lets: tuple[LetShape, ...] = ()
    rules: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()
    data: bool = False
    risk: bool = True
    dynamic: bool = True
    partly: bool = True
    known: frozenset[str] = frozenset()
    changing: frozenset[str] = frozenset()
    fields: bool = True
    """Whether parameters and changes can be read at all."""

    @property
    def present(self) -> frozenset[str]:
        """The parameters that can be read without asking."""
        if not self.actions or not self.fields:
            return frozenset()
        return in_all(a.required for a in self.actions) | (self.known & self.visible)

    @property
    def visible(self) -> frozenset[str]:
        """The parameters that some covered action has."""
        if not self.actions or not self.fields:
            return frozenset()
        return frozenset(name for a in self.actions for name in a.names)

    @property
    def changeable(self) -> frozenset[str]:
        if not self.actions or not self.fields:
            return frozenset()
        return frozenset(name for a in self.actions for name in a.changes)

    def knowing(self, name: str) -> Sight:
        return replace(self, known=self.known | {name})

    def where_changing(self, name: str) -> Sight:
        return replace(self, changing=self.changing | {name})


Group = tuple[str, ...]


def atoms_of(kind: FieldKind, path: str, sight: Sight) -> Group:
    """All conditions of a field."""
    return tuple(atom for group in groups_of(kind, path, sight) for atom in group)


def groups_of(kind: FieldKind, path: str, sight: Sight) -> Iterator[Group]:
    """The conditions of a field by their kind, so that the few that may err are met often."""
    allowed = (
        kind.surely,
        kind.partly if sight.partly else (),
        kind.dynamic if sight.dynamic else (),
    )
    for texts in allowed:
        if texts:
            yield tuple(text.replace("@", path) for text in texts)


def _params(sight: Sight) -> Iterator[Group]:
    present = sight.present
    for name in sorted(sight.visible):
        path, kind = f"action.{name}", FIELDS[name]
        if name in present:
            yield from groups_of(kind, path, sight)
            continue
        atoms = atoms_of(kind, path, sight)
        yield tuple(f"has({path}) && {_tight(atom)}" for atom in atoms)
        yield tuple(f"!has({path}) || {_tight(atom)}" for atom in atoms)
        yield tuple(f'has({path}) ? {_tight(atom)} : action.name == ""' for atom in atoms[:3])
        yield (f"has({path})", f"!has({path})")


def _tight(text: str) -> str:
    return f"({text})" if any(f" {op} " in text for op in ("||", "?", "&&")) else text


def _changes(sight: Sight) -> Iterator[Group]:
    fields = sorted(sight.changeable)
    for name in fields:
        for side in ("new", "old"):
            atoms = atoms_of(CHANGED[name], f"changes.{name}.{side}", sight)
            if name in sight.changing:
                yield atoms
            else:
                yield tuple(f'changes.has("{name}") && {_tight(atom)}' for atom in atoms)
        yield (
            f'changes.has("{name}")',
            f'changes.only(["{name}"])',
            f'changes.only(["{name}"]) && changes.{name}.new != changes.{name}.old',
            f'"{name}" in changes.fields && changes.{name}.new == changes.{name}.old',
            f'!changes.has("{name}")',
            f"!has(changes.fields) || !has(changes.{name})",
        )
    if fields:
        listed = ", ".join(f'"{name}"' for name in fields)
        yield (f"changes.only([{listed}])", "changes.fields.size() > 1")


def _envelope(sight: Sight) -> Iterator[Group]:
    yield (
        'agent.id == "bot-1"', 'agent.id.startsWith("bot")', 'agent.id in ["bot-1", "bot-2"]',
        'agent.owner == "ann"', "agent.id != agent.owner",
    )  # fmt: skip
    yield ('agent.team == "support"', 'has(agent.team) && agent.team == "ops"',
           'has(agent.age) && agent.age < 14', "agent.age < 14")  # fmt: skip
    if sight.dynamic:
        yield ("agent.since < 14d", "has(agent.wage) && agent.wage > 5 USD", "agent.since in 1d .. 9d",
               'agent.wage in money("1 USD") .. 9 EUR', 'agent.wage == "5 USD"', "agent.team in [3d, 5d]")  # fmt: skip
    yield ("agent.score > 0.5", "agent.score < 0.5", 'agent.score > 0.5 || agent.id == "bot-1"')
    yield (
        "has(context.confidence) && context.confidence < 0.8",
        "context.evidence.size() > 0",
        'has(context.trigger) && context.trigger.contains("mail")',
        "!has(context.reasoning) || context.reasoning.size() < 20",
        'context.evidence.exists(e, e == "C-1")',
    )
    yield (
        "now > 2026-06-15T12:00:00Z", "now >= 2026-06-15T12:00:00Z", "now.getDayOfWeek() in [1, 2]",
        "now - 2026-06-15T00:00:00Z < 13h", 'now.getHours("Europe/Berlin") >= 14',
    )  # fmt: skip
    yield ('target.id == "t-1"', 'target.id in ["t-1", "C-1"]', 'action.name.startsWith("shop")')
    if sight.actions and all(a.place for a in sight.actions):
        yield ('target.system == "stripe"', 'target.object == "charge"')
    if sight.actions and all(a.typed_target for a in sight.actions):
        for name, kind in sorted(TARGET.items()):
            yield atoms_of(kind, f"target.{name}", sight)
    for office in sight.calendars:
        yield (f"now.in({office})", f"!now.in({office})", f"(now - 12h).in({office})")
    if sight.risk:
        yield ("risk >= 40", "risk > 60", "risk < 25", "risk == 100", "risk in 10 .. 70")


def _undeclared(sight: Sight) -> Iterator[Group]:
    """Every field of an action that nobody declared is any."""
    if sight.actions or not sight.fields or not sight.dynamic:
        return
    for name in ("customer", "amount"):
        path = f"action.{name}"
        yield (f'{path} == "C-1"', f'has({path}) && {path} == "C-1"', f"{path} > 5",
               f"has({path})", f'{path}.startsWith("C")')  # fmt: skip
    yield ('changes.has("Stage")', 'changes.has("Stage") && changes.Stage.new == "low"')


def _data(sight: Sight) -> Iterator[Group]:
    if not sight.data:
        return
    yield ("data.limits.low < 10", 'data.limits["gold"] >= 100', "data.rate > 1.0", "data.strict",
           '"C-1" in data.vip', 'agent.id in data.watched', '"low" in data.limits',
           "data.limits.exists(k, data.limits[k] > 50)")  # fmt: skip
    present = sight.present
    if "customer" in present:
        yield ("action.customer in data.vip", "data.vip.exists(c, c == action.customer)")
    if "n" in present:
        yield ("action.n >= data.limits.gold", "action.n in data.limits.low .. data.limits.gold")


def _histories(sight: Sight) -> Iterator[Group]:
    present = sight.present
    for history in sight.histories:
        name = history.name
        keys = ["agent: agent.id", "target: target.id"]
        for field in sorted(history.fields & present):
            if FIELDS[field].key:
                keys.append(f"{field}: action.{field}")
        for key in keys:
            yield (
                f"{name}.count({key}, within: 30d) >= 1",
                f"{name}.count({key}, within: 24h) > 1",
                f"{name}.last({key}).at > now - 7d",
                f'has({name}.last({key}).status) && {name}.last({key}).status == "executed"',
            )
        yield (
            # Names of lets, where there are some: what a macro binds comes first.
            f'["bot-1"].exists(small, {name}.count(agent: small, within: 30d) >= 1)',
            f'cel.bind(limit, "bot-2", {name}.last(agent: limit).at > now - 7d)',
        )
        yield (
            f"{name}.count(within: 1w) > 2",
            f'{name}.count(action: "shop.refund", within: 1d) == 0',
        )
        for field in sorted(history.fields):
            if FIELDS[field].key:
                yield (f"{name}.distinct({field}, within: 30d) > 1",
                       f"{name}.distinct({field}, agent: agent.id, within: 1h) >= 1")  # fmt: skip
        yield from _sums(history, present, sight)
        for rule in sight.rules[:1]:
            yield (f"agreement({rule}, within: 90d) >= 0.5", f"agreement({rule}, within: 1h) < 1.0")


def _sums(history: HistoryShape, present: frozenset[str], sight: Sight) -> Iterator[Group]:
    for field in sorted(history.fields):
        kind = FIELDS[field]
        total = f"{history.name}.sum({field}, agent: agent.id, within: 24h)"
        if kind.summed and kind.steps:
            yield tuple(f"{total} > {step}" for step in kind.steps)
            if field in present and sight.partly:
                yield (f"{total} + action.{field} > {kind.steps[-1]}",)
        elif kind.summed and sight.partly:
            yield (f"{total} > 10 EUR",)


def _lets(sight: Sight) -> Iterator[Group]:
    present, visible = sight.present, sight.visible
    for let in sight.lets:
        if not (let.needs <= present and let.guarded <= visible):
            continue
        if let.kind == "condition":
            yield (let.name, f"!{let.name}")
            for field in sorted(let.shows - present):
                atoms = atoms_of(FIELDS[field], f"action.{field}", sight)
                yield tuple(f"{let.name} && {_tight(atom)}" for atom in atoms)
        elif let.kind == "names":
            yield (f'"C-1" in {let.name}', f"{let.name}.size() > 1", f"agent.id in {let.name}")
            if "customer" in present:
                yield (f"action.customer in {let.name}",)
        elif let.kind == "count":
            yield (f"{let.name} > 1", f"{let.name} == 0")
        elif let.kind in present:
            yield (f"action.{let.kind} >= {let.name}", f"action.{let.kind} < {let.name}")


@lru_cache(maxsize=512)
def groups(sight: Sight) -> tuple[Group, ...]:
    """All plain conditions, in groups that are equally likely."""
    found = [*_params(sight), *_changes(sight), *_envelope(sight), *_undeclared(sight),
             *_data(sight), *_histories(sight), *_lets(sight)]  # fmt: skip
    return (("true", "false"), *(group for group in found if group))


def conditions(draw: Draw, sight: Sight) -> str:
    """A type-correct condition of a declaration."""

    def atom() -> str:
        return pick(draw, pick(draw, groups(sight)))

    shape = pick(draw, ["one", "one", "one", "and", "or", "not", "choice", "macro"])
    match shape:
        case "and":
            return f"{_tight(atom())} && {_tight(atom())}"
        case "or":
            return f"({atom()}) || ({atom()})"
        case "not":
            return f"!({atom()})"
        case "choice":
            return f"({atom()}) ? ({atom()}) : ({atom()})"
        case "macro":
            return f"[1, 2].exists(i, i == 2 && ({atom()}))"
        case _:
            return atom()


def readable(sight: Sight) -> list[str]:
    """What texts and obligations may show without asking."""
    paths = [f"action.{name}" for name in sorted(sight.present)]
    paths += [f"changes.{name}.new" for name in sorted(sight.changing & sight.changeable)]
    paths += [f"{history.name}.count(within: 30d)" for history in sight.histories]
    return [*paths, "agent.id", "action.name", *(["risk"] if sight.risk else []), "now"]
