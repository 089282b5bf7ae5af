"""Effects as written -> effects with resolved routes, and the orders they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise, product

from gatewright.dsl import ast, limits
from gatewright.dsl.files import library_packages
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.messages import routes as messages
from gatewright.dsl.messages.catalog import closest
from gatewright.dsl.policy import AUTO_RUN, BLOCK, Effect
from gatewright.dsl.resolve.collect import Collected, PackageDeclarations, Report

_MOST_LISTED = 12
_MOST_IMPORTED = 10_000
"""Among how many routes of other packages the one is looked for that may be meant: a package may be
imported under any number of names."""
_NO_ROUTES = ("auto_run", "block")

ResolveRoute = Callable[[ast.QualifiedName], str | None]


def route_resolver(collected: Collected, package: str, report: Report) -> ResolveRoute:
    """Return the function that finds a package's routes: its own by name, imported ones dotted."""
    here = collected.packages[package]

    def resolve(name: ast.QualifiedName) -> str | None:
        home, short = here.home(name), name.parts[-1]
        found = collected.packages.get(home)
        if found is not None and short in found.routes:
            return f"{home}.{short}"
        if home in here.missing:
            return None
        known = [*here.routes, *islice(_imported(collected, here), _MOST_IMPORTED)]
        prefix = ".".join(name.parts[:-1])
        if prefix in here.imports:
            hint = _hint_in_package(prefix, short, found.routes if found else ())
        else:
            hint = _import_hint(collected, here, name) or _imported_hint(short, known)
        report(name_messages.unknown_route(name.span, name.text, known, hint))
        return None

    return resolve


def _imported(collected: Collected, here: PackageDeclarations) -> Iterator[str]:
    """Yield the routes of imported packages, by the names that they have here."""
    for local, imported in here.imports.items():
        other = collected.packages.get(imported.package.text)
        yield from (f"{local}.{route}" for route in (other.routes if other else ()))


def _import_hint(
    collected: Collected, here: PackageDeclarations, name: ast.QualifiedName
) -> str | None:
    """Say which import is missing, where other packages or the library know the prefix."""
    prefix, route = ".".join(name.parts[:-1]), name.parts[-1]
    if not prefix:
        return f"write `=> {name.text}`: it needs no route" if route in _NO_ROUTES else None
    if prefix in here.imports:
        return None
    if len(name.parts) > 2 and prefix in (*collected.packages, *library_packages()):
        short = f"{name.parts[-2]}.{route}"
        return f"an imported package has a short name: `import {prefix}`, and `{short}`"
    imported = (p.imports[prefix] for p in collected.packages.values() if prefix in p.imports)
    packages = [one.package.text for one in imported]
    packages += [
        package
        for package in (*collected.packages, *library_packages())
        if package.rpartition(".")[2] == prefix and package != here.name
    ]
    return f"add `import {min(packages)} as {prefix}`" if packages else None


def _hint_in_package(prefix: str, short: str, routes: Iterable[str]) -> str | None:
    """Name the route of an imported package that is meant, or all that it has.

    What stands before the dot is left out: having that in common makes no two names alike.
    """
    names = sorted(routes)
    meant = closest(short, names)
    if meant is not None:
        return f"did you mean `{prefix}.{meant}`?"
    listed = ", ".join(f"`{prefix}.{name}`" for name in names)
    return f"the routes there are {listed}" if 0 < len(names) <= _MOST_LISTED else None


def _imported_hint(short: str, known: Iterable[str]) -> str | None:
    """Say where a route is that was named without its package."""
    homes = sorted(other for other in known if other.rpartition(".")[2] == short)
    return f"did you mean `{homes[0]}`?" if homes else None


def effect_of(effect: ast.Effect, resolve: ResolveRoute, report: Report) -> Effect:
    """Resolve an effect. What names an unknown route blocks, and is reported."""
    match effect:
        case ast.AutoRun():
            return AUTO_RUN
        case ast.Block():
            return BLOCK
        case ast.Require(stages=stages):
            return _require(effect, stages, resolve, report)


def _require(
    effect: ast.Require,
    stages: tuple[tuple[ast.QualifiedName, ...], ...],
    resolve: ResolveRoute,
    report: Report,
) -> Effect:
    if len(effect.routes) > limits.MAX_REQUIRED:
        report(limit_messages.too_many_required(effect.routes[limits.MAX_REQUIRED].span))
        return BLOCK
    resolved = [[resolve(name) for name in stage] for stage in stages]
    if any(route is None for stage in resolved for route in stage):
        return BLOCK
    named = [[route for route in stage if route is not None] for stage in resolved]
    flat = [route for stage in named for route in stage]
    for stage, names in zip(named, stages, strict=True):
        for name, route in zip(names, stage, strict=True):
            if stage.count(route) > 1:
                report(messages.route_twice(name.span, name.text))
                return BLOCK
    orders = {pair for before, after in pairwise(named) for pair in product(before, after)}
    circle = find_circle(orders)
    if circle:
        written = {r: name.text for stage, names in zip(named, stages, strict=True)
                   for r, name in zip(stage, names, strict=True)}  # fmt: skip
        report(messages.order_circle(effect.span, [written[route] for route in circle], None))
        return BLOCK
    return Effect(False, frozenset(flat), frozenset(orders))


def find_circle(orders: Iterable[tuple[str, str]]) -> list[str]:
    """Return the names on a circle of (before, after) pairs, the first one again at the end.

    Empty where there is none. Deterministic; cost linear in the pairs.

    >>> find_circle([("a", "b"), ("b", "c"), ("c", "a")])
    ['a', 'b', 'c', 'a']
    """
    after: dict[str, list[str]] = {}
    for first, second in sorted(set(orders)):
        after.setdefault(first, []).append(second)
    done: set[str] = set()
    for start in after:
        path: list[str] = []
        on_path: dict[str, int] = {}
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            name, turn = stack.pop()
            if turn == 0:
                if name in on_path:
                    return [*path[on_path[name] :], name]
                if name in done:
                    continue
                on_path[name] = len(path)
                path.append(name)
            followers = after.get(name, [])
            if turn < len(followers):
                stack.append((name, turn + 1))
                stack.append((followers[turn], 0))
            else:
                done.add(name)
                path.pop()
                del on_path[name]
    return []
