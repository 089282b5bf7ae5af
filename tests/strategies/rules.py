"""Rules, guards, risks, permits and exceptions: texts whose conditions can be changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.strategies.conditions import (
    ActionShape,
    HistoryShape,
    LetShape,
    Sight,
    conditions,
    readable,
)
from tests.strategies.fields import CHANGED, FIELDS, FieldKind
from tests.strategies.picking import Draw, chance, pick, some

Kind = Literal[
    "type", "action", "let", "history", "calendar", "route", "default", "on_error", "permit",
    "risk", "rule", "guard", "absolute guard", "exception",
]  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """A condition within a declaration."""

    text: str


@dataclass(frozen=True)
class Declared:
    """One declaration of a package."""

    kind: Kind
    name: str
    parts: tuple[str | Slot, ...]
    suspends: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    @property
    def slots(self) -> tuple[int, ...]:
        """Where conditions stand among the parts."""
        return tuple(i for i, part in enumerate(self.parts) if isinstance(part, Slot))

    def with_condition(self, index: int, change: Callable[[str], str]) -> Declared:
        """The declaration with one condition changed."""
        parts = [Slot(change(p.text)) if i == index and isinstance(p, Slot) else p
                 for i, p in enumerate(self.parts)]  # fmt: skip
        return replace(self, parts=tuple(parts))


@dataclass
class Package:
    """A package while its set is drawn."""

    name: str
    imports: dict[str, str] = field(default_factory=dict[str, str])
    routes: list[str] = field(default_factory=list[str])
    actions: list[ActionShape] = field(default_factory=list[ActionShape])
    histories: list[HistoryShape] = field(default_factory=list[HistoryShape])
    lets: list[LetShape] = field(default_factory=list[LetShape])
    calendar: bool = False
    rules: list[str] = field(default_factory=list[str])
    declared: list[Declared] = field(default_factory=list[Declared])


@dataclass
class World:
    """Everything that a declaration may refer to."""

    packages: list[Package]
    actions: list[ActionShape]
    routes: list[str]
    """Qualified names; `then` follows this order, so that no two rules can make a circle."""
    data: bool
    dynamic: bool
    partly: bool

    def sight(self, package: Package, covered: tuple[ActionShape, ...]) -> Sight:
        """What a declaration of a package sees: its own names, and those of what it imports."""
        histories, lets = list(package.histories), list(package.lets)
        calendars = ["office"] if package.calendar else []
        for alias, target in package.imports.items():
            other = next(p for p in self.packages if p.name == target)
            histories += [replace(h, name=f"{alias}.{h.name}") for h in other.histories]
            lets += [replace(let, name=f"{alias}.{let.name}") for let in other.lets]
            calendars += [f"{alias}.office"] if other.calendar else []
        return Sight(
            actions=covered,
            histories=tuple(histories),
            lets=tuple(lets),
            rules=tuple(package.rules),
            calendars=tuple(calendars),
            data=self.data,
            dynamic=self.dynamic,
            partly=self.partly,
        )

    def named(self, package: Package, route: str) -> str:
        """A route as a package writes it."""
        home, _, short = route.rpartition(".")
        if home == package.name:
            return short
        alias = next((a for a, target in package.imports.items() if target == home), home)
        return f"{alias}.{short}"


@dataclass(frozen=True)
class Scope:
    text: str
    covered: tuple[ActionShape, ...]


# --- scopes and effects


def scopes(draw: Draw, world: World, package: Package) -> Scope:
    """No `on`, or one or two patterns."""
    here = tuple(a for a in world.actions if a.package == package.name)
    choice = pick(draw, ["own", "exact", "prefix", "*", "exact", "*", "own", "two", "undeclared"])
    if choice == "own":
        return Scope("", here)
    if choice == "undeclared" and world.dynamic:
        return Scope(" on ext.*", ())
    if choice == "*" or not world.actions:
        return Scope(" on *", tuple(world.actions))
    first = pick(draw, world.actions)
    if choice == "prefix":
        prefix = first.name.rpartition(".")[0]
        covered = tuple(a for a in world.actions if a.name.startswith(prefix + "."))
        return Scope(f" on {prefix}.*", covered)
    if choice == "two":
        second = pick(draw, world.actions)
        covered = tuple(a for a in world.actions if a in (first, second))
        return Scope(f" on {first.name}, {second.name}", covered)
    return Scope(f" on {first.name}", (first,))


def effects(draw: Draw, world: World, package: Package, *, may: str = "auto_run") -> str:
    """An effect; `may` names the mildest one allowed."""
    mild = ["auto_run"] * 5 if may == "auto_run" else []
    choice = pick(draw, [*mild, "one", "some", "then", "one", "some", "then", "block"])
    if choice in ("auto_run", "block"):
        return str(choice)
    if choice == "one":
        return "require " + world.named(package, pick(draw, world.routes))
    order = {route: i for i, route in enumerate(world.routes)}
    picked = some(draw, world.routes, 1, 3)
    names = [world.named(package, route) for route in sorted(picked, key=lambda r: order[r])]
    if choice == "some":
        return "require " + " and ".join(names)
    if len(names) == 3 and chance(draw):
        return f"require {names[0]} and {names[1]} then {names[2]}"
    return "require " + " then ".join(names)


# --- clauses


def clauses(draw: Draw, sight: Sight) -> tuple[list[str | Slot], Sight]:
    """Up to three `when` and `unless` lines, and what is known where all of them agree."""
    parts: list[str | Slot] = []
    for _ in range(pick(draw, [0, 1, 2])):
        shape = pick(draw, ["when", "unless", "has", "changes"])
        optional = sorted(sight.visible - sight.present)
        changing = sorted(sight.changeable - sight.changing)
        if shape == "has" and optional:
            name = pick(draw, optional)
            negated = chance(draw)
            parts += ["\n  unless ", Slot(f"!has(action.{name})")] if negated else [
                "\n  when ", Slot(f"has(action.{name})")
            ]  # fmt: skip
            sight = sight.knowing(name)
        elif shape == "changes" and changing:
            name = pick(draw, changing)
            form = pick(draw, [f'changes.has("{name}")', f'changes.only(["{name}"])'])
            parts += ["\n  when ", Slot(form)]
            sight = sight.where_changing(name)
        else:
            word = "unless" if shape == "unless" else "when"
            parts += [f"\n  {word} ", Slot(conditions(draw, sight))]
    return parts, sight


# --- bodies


Body = tuple[list[str | Slot], Sight]


def bodies(draw: Draw, world: World, package: Package, sight: Sight, may: str) -> Body:
    def effect() -> str:
        return effects(draw, world, package, may=may)

    choice = pick(draw, ["plain", "plain", "cases", "tier", "table", "strictest"])
    if choice == "cases":
        return _cases(draw, effect, sight)
    if choice == "tier":
        return _tier(draw, effect, sight)
    if choice in ("table", "strictest"):
        return _table(draw, effect, sight, choice == "strictest")
    return [f"\n  => {effect()}"], sight


def _cases(draw: Draw, effect: Callable[[], str], sight: Sight) -> Body:
    parts: list[str | Slot] = ["\n  cases {"]
    inner = sight
    optional = sorted(sight.visible - sight.present)
    if optional and chance(draw):
        name = pick(draw, optional)
        parts += ["\n    ", Slot(f"!has(action.{name})"), f" => {effect()}"]
        inner = inner.knowing(name)
    for _ in range(pick(draw, [1, 2])):
        parts += ["\n    ", Slot(conditions(draw, inner)), f" => {effect()}"]
    if chance(draw):
        parts.append(f"\n    else => {effect()}")
    return [*parts, "\n  }"], sight


def _subjects(sight: Sight, wanted: Callable[[FieldKind], bool]) -> list[tuple[str, FieldKind]]:
    found = [(f"action.{n}", FIELDS[n]) for n in sorted(sight.present) if wanted(FIELDS[n])]
    if all(set(a.changes) >= sight.changeable for a in sight.actions):
        found += [(f"changes.{n}.new", CHANGED[n]) for n in sorted(sight.changeable)
                  if wanted(CHANGED[n])]  # fmt: skip
    return found


def _tier(draw: Draw, effect: Callable[[], str], sight: Sight) -> Body:
    found = _subjects(sight, lambda kind: bool(kind.steps))
    if not found:
        return [f"\n  => {effect()}"], sight
    subject, kind = pick(draw, found)
    low, high = pick(draw, _rising(kind.steps))
    rows = pick(
        draw,
        [
            (f"< {low}", f">= {low}"),
            (f"<= {low}", f"> {low}"),
            (f"< {low}", f"{low} .. {high}", f"> {high}"),
            (f"< {low}", f"> {high}", f"{low} .. {high}"),
        ],
    )
    if chance(draw, 5):
        # In another order of rows, that is all: the first may not begin a range of its own.
        rows = tuple(reversed(rows))
    lines = [f"\n    {row} => {effect()}" for row in rows]
    return [f"\n  tier {subject} {{", *lines, "\n  }"], sight


def _rising(steps: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(steps[i], steps[j]) for i in range(len(steps)) for j in range(i + 1, len(steps))]


def _table(draw: Draw, effect: Callable[[], str], sight: Sight, strictest: bool) -> Body:
    """Rows whose first cells exclude each other; a strictest table has rows that overlap."""
    found = _subjects(sight, lambda kind: bool(kind.cells or kind.steps))
    if not found:
        return [f"\n  => {effect()}"], sight
    subjects = some(draw, found, 1, 2)
    firsts = _exclusive(subjects[0][1])
    others = [*_exclusive(subjects[1][1]), "_"] if len(subjects) > 1 else []
    rows: list[list[str]] = []
    for first in firsts[: pick(draw, [1, 2, 3])]:
        rows.append([first, *([pick(draw, others)] if others else [])])
    lines = [f"\n    {' | '.join(row)} => {effect()}" for row in rows]
    if strictest:
        # The last rows cover the ones before, never the other way about.
        more = [["_", others[0]], ["_", "_"]] if others else [["_"]]
        last = pick(draw, more)
        lines.append(f"\n    {' | '.join(last)} => {effect()}")
    word = "table strictest" if strictest else "table"
    head = ", ".join(subject for subject, _ in subjects)
    return [f"\n  {word} ({head}) {{", *lines, "\n  }"], sight


def _exclusive(kind: FieldKind) -> list[str]:
    if kind.cells:
        return list(kind.cells)
    low, high = kind.steps[0], kind.steps[-1]
    return [f"{low} .. {high}", f"< {low}", f"> {high}"]


# --- tails


def tails(draw: Draw, sight: Sight) -> str:
    """`because` and `obligate`."""
    paths = readable(sight)
    shown = pick(draw, ["", "plain", "values", "braces"])
    text = ""
    if shown == "plain":
        text = '\n  because "This needs a person."'
    elif shown == "values":
        text = f'\n  because "saw {{{pick(draw, paths)}}} of {{agent.id}}"'
    elif shown == "braces":
        text = '\n  because "{{literal}} {1 + 1}"'
    if chance(draw, 4):
        text += f'\n  obligate notify(channel: "#ops", seen: {pick(draw, paths)})'
    return text


# --- declarations


def rules(draw: Draw, world: World, package: Package, name: str) -> Declared:
    kinds: list[Kind] = ["rule", "rule", "rule", "guard", "guard", "absolute guard"]
    kind = pick(draw, kinds)
    return rule_of(draw, world, package, name, kind)


def rule_of(draw: Draw, world: World, package: Package, name: str, kind: Kind) -> Declared:
    """A rule or guard of a kind."""
    scope = scopes(draw, world, package)
    lines, sight = clauses(draw, world.sight(package, scope.covered))
    may = "auto_run" if kind == "rule" else "require"
    body, sight = bodies(draw, world, package, sight, may)
    notes = pick(draw, ["", "", "", "", "@shadow\n", '@severity("high")\n',
                                  "/// Why it is so.\n"])  # fmt: skip
    head = f"{notes}{kind} {name}{scope.text}"
    return Declared(kind, name, (head, *lines, *body, tails(draw, sight)))


def risks(draw: Draw, world: World, package: Package, name: str) -> Declared:
    scope = scopes(draw, world, package)
    sight = replace(world.sight(package, scope.covered), risk=False)
    condition = conditions(draw, sight)
    word = pick(draw, ["when", "unless"])
    score = pick(draw, ["40", "25", "70", "100", "1"])
    because = pick(draw, ["", ' because "a reason"', ' because "by {agent.id}"'])
    head = f"risk {name}{scope.text} {word} "
    return Declared("risk", name, (head, Slot(condition), f" => {score}{because}"))


def permits(draw: Draw, world: World, package: Package) -> Declared:
    targets = ["*", "shop.*", "crm.*", "ext.*", *(a.name for a in world.actions)]
    to = some(draw, targets, 1, 3)
    patterns = ", ".join(to)
    if chance(draw):
        agent = pick(draw, ["bot-1", "bot-2"])
        return Declared("permit", "", (f'permit agent "{agent}" to {patterns}',))
    covered = tuple(a for a in world.actions if any(_covers(p, a.name) for p in to))
    condition = conditions(draw, world.sight(package, covered))
    return Declared("permit", "", ("permit when ", Slot(condition), f" to {patterns}"))


def _covers(pattern: str, action: str) -> bool:
    return pattern == action or (pattern.endswith("*") and action.startswith(pattern[:-1]))


def floors(draw: Draw, world: World, package: Package, kind: Kind) -> Declared:
    scope = scopes(draw, world, package)
    may = "auto_run" if kind == "default" else "require"
    effect = effects(draw, world, package, may=may)
    return Declared(kind, "", (f"{kind} {effect}{scope.text}",))


WINDOWS = (
    ("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"),
    ("2026-06-15T12:00:00Z", "2026-06-15T12:00:01Z"),
    ("2026-06-01T00:00:00Z", "2026-06-15T12:00:00Z"),
    ("2026-06-16T00:00:00Z", "2026-07-01T00:00:00Z"),
)
"""Around the instant of the decisions, from just then, until just then, and later."""


def exceptions(
    draw: Draw,
    world: World,
    package: Package,
    name: str,
    suspends: tuple[str, ...],
    window: tuple[str, str] | None = None,
) -> Declared:
    """An exception from some rules, by qualified name. Its conditions read no parameters."""
    names = [world.named(package, rule) for rule in suspends]
    sight = replace(world.sight(package, ()), fields=False)
    parts: list[str | Slot] = [f"exception {name} suspends {', '.join(names)} {{"]
    for _ in range(pick(draw, [0, 1, 2])):
        parts += ["\n  when ", Slot(conditions(draw, sight))]
    begin, end = window or pick(draw, WINDOWS)
    uses = pick(draw, ["", "\n  max_uses 2"])
    tail = f'\n  from {begin}\n  until {end}\n  owner "ops@acme.test" reason "peak"{uses}\n}}'
    return Declared("exception", name, (*parts, tail), frozenset(suspends))
