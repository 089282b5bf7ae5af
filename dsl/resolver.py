"""Collected declarations -> a policy with every name resolved and every rule expanded.

Types of expressions are not looked at here; that is the checker's part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatewright.dsl import ast, limits
from gatewright.dsl.messages import declarations as messages
from gatewright.dsl.messages import exceptions as exception_messages
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.messages import routes as route_messages
from gatewright.dsl.messages import syntax as syntax_messages
from gatewright.dsl.policy import (
    ActionType,
    CheckedPolicy,
    Floor,
    Invariant,
    Json,
    Later,
    Let,
    Package,
    Permit,
    PolicyException,
    Risk,
    Route,
    Rule,
    Scope,
    Test,
)
from gatewright.dsl.records import dataclass, replace
from gatewright.dsl.resolve.calendars import calendar
from gatewright.dsl.resolve.collect import Collected, PackageDeclarations, Report
from gatewright.dsl.resolve.effects import ResolveRoute, effect_of, route_resolver
from gatewright.dsl.resolve.expand import rows
from gatewright.dsl.resolve.histories import Histories
from gatewright.dsl.resolve.routes import resolve_routes
from gatewright.dsl.resolve.shapes import Shapes

_MAX_EXCEPTION_DAYS = 90
_DAY_NANOS = 86_400_000_000_000


def resolve(
    collected: Collected,
    files: tuple[ast.File, ...],
    data: Mapping[str, Json],
    digest: str,
    report: Report,
) -> CheckedPolicy:
    """Resolve a policy set. What is wrong is reported, and left out or made to block."""
    shapes = Shapes(collected, report)
    actions = {
        name: shapes.action(package, declaration)
        for name, (package, declaration) in sorted(collected.actions.items())
    }
    histories = Histories(actions, report)
    routes = resolve_routes(collected, report)
    parts = [
        _PackageResolver(package, collected, shapes, actions, histories, routes, report).resolve()
        for _, package in sorted(collected.packages.items())
    ]
    rules = {rule.qualified: rule for part in parts for rule in part.rules}
    exceptions = [
        _exception(part.declarations, declaration, collected, rules, report)
        for part in parts
        for declaration in part.declarations.exceptions.values()
    ]
    return CheckedPolicy(
        packages={part.package.name: part.package for part in parts},
        actions=actions,
        routes=routes,
        defaults=tuple(f for part in parts for f in part.floors if f.kind == "default"),
        on_errors=tuple(f for part in parts for f in part.floors if f.kind == "on_error"),
        permits=tuple(permit for part in parts for permit in part.permits),
        risks=tuple(risk for part in parts for risk in part.risks),
        rules=tuple(rules[name] for name in sorted(rules)),
        exceptions=tuple(sorted(exceptions, key=lambda e: e.qualified)),
        invariants=tuple(invariant for part in parts for invariant in part.invariants),
        tests=tuple(test for part in parts for test in part.tests),
        data=data,
        digest=digest,
        files=files,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What one package gives to the policy."""

    declarations: PackageDeclarations
    package: Package
    floors: tuple[Floor, ...]
    permits: tuple[Permit, ...]
    risks: tuple[Risk, ...]
    rules: tuple[Rule, ...]
    invariants: tuple[Invariant, ...]
    tests: tuple[Test, ...]


class _PackageResolver:
    """Resolves the declarations of one package."""

    def __init__(
        self,
        declarations: PackageDeclarations,
        collected: Collected,
        shapes: Shapes,
        actions: Mapping[str, ActionType],
        histories: Histories,
        routes: Mapping[str, Route],
        report: Report,
    ) -> None:
        self._declarations = declarations
        self._name = declarations.name
        self._shapes = shapes
        self._actions = actions
        self._histories = histories
        self._routes = routes
        self._report = report
        self._route: ResolveRoute = route_resolver(collected, declarations.name, report)

    def resolve(self) -> _Part:
        """Return the package's part of the policy, sorted by name."""
        declared = self._declarations
        unnamed = declared.unnamed
        floors = [f for f in unnamed if isinstance(f, ast.DefaultDecl | ast.OnErrorDecl)]
        permits = [p for p in unnamed if isinstance(p, ast.PermitDecl)]
        return _Part(
            declarations=declared,
            package=self._package(),
            floors=tuple(self._floor(floor) for floor in floors),
            permits=tuple(self._permit(permit) for permit in permits),
            risks=tuple(self._risk(risk) for _, risk in sorted(declared.risks.items())),
            rules=tuple(self._rule(rule) for _, rule in sorted(declared.rules.items())),
            invariants=tuple(
                self._invariant(name, i) for name, i in sorted(declared.invariants.items())
            ),
            tests=tuple(
                Test(name, self._name, test, test.name.span)
                for name, test in declared.tests.items()
            ),
        )

    def _package(self) -> Package:
        declared, name, report = self._declarations, self._name, self._report
        return Package(
            name=name,
            lets={n: Let(n, name, d.value, d.name.span) for n, d in declared.lets.items()},
            histories={n: self._histories.resolve(name, d) for n, d in declared.histories.items()},
            calendars={n: calendar(name, d, report) for n, d in declared.calendars.items()},
            routes={n: self._routes[f"{name}.{n}"] for n in declared.routes},
            types={n: self._shapes.record(name, n) for n in declared.types},
            imports={n: i.package.text for n, i in declared.imports.items()},
        )

    def _invariant(self, name: str, declaration: ast.InvariantDecl) -> Invariant:
        match declaration.claim:
            case ast.AlwaysAtLeast(route=route):
                self._route(route)
            case ast.NeverEffect(effect=effect):
                effect_of(effect, self._route, self._report)
            case _:
                pass
        scope = self._scope(declaration.on)
        return Invariant(name, self._name, scope, declaration, declaration.name.span)

    def _scope(self, patterns: tuple[ast.Pattern, ...]) -> Scope:
        self._check_patterns(patterns)
        return Scope(self._name, patterns)

    def _check_patterns(self, patterns: Iterable[ast.Pattern]) -> None:
        """Refuse an action that is named whole and not declared; a pattern may cover such."""
        for pattern in patterns:
            if not pattern.wildcard and pattern.text not in self._actions:
                self._report(
                    name_messages.unknown_action(pattern.span, pattern.text, self._actions)
                )

    def _floor(self, declaration: ast.DefaultDecl | ast.OnErrorDecl) -> Floor:
        effect = effect_of(declaration.effect, self._route, self._report)
        is_default = isinstance(declaration, ast.DefaultDecl)
        if effect.auto_run and not is_default:
            self._report(route_messages.on_error_opens(declaration.effect.span))
        scope = self._scope(declaration.on)
        return Floor("default" if is_default else "on_error", scope, effect, declaration.span)

    def _permit(self, declaration: ast.PermitDecl) -> Permit:
        self._check_patterns(declaration.to)
        agent = declaration.agent
        if agent is not None and not agent.value:
            self._report(messages.permit_without_agent(agent.span))
        return Permit(
            self._name,
            agent.value if agent is not None else None,
            declaration.condition,
            declaration.to,
            declaration.span,
        )

    def _risk(self, declaration: ast.RiskDecl) -> Risk:
        score = declaration.score.value
        if not 1 <= score <= 100:
            self._report(messages.bad_score(declaration.score.span))
        return Risk(
            declaration.name.name,
            self._name,
            self._scope(declaration.on),
            declaration.clauses,
            score,
            declaration.because,
            declaration.name.span,
            declaration.doc,
        )

    def _of_size(self, declaration: ast.RuleDecl) -> ast.RuleDecl:
        """Report too many rows of `cases` or lines of conditions; return the rule without those."""
        clauses, body = declaration.clauses, declaration.body
        if len(clauses) > limits.MAX_CLAUSES:
            place = clauses[limits.MAX_CLAUSES].span
            self._report(limit_messages.too_many_clauses(place, declaration.kind))
            declaration = replace(declaration, clauses=clauses[: limits.MAX_CLAUSES])
        if not isinstance(body, ast.Cases) or len(body.rows) <= limits.MAX_CASES:
            return declaration
        self._report(limit_messages.too_many_cases(body.rows[limits.MAX_CASES].span))
        kept = replace(body, rows=body.rows[: limits.MAX_CASES])
        return replace(declaration, body=kept)

    def _rule(self, declaration: ast.RuleDecl) -> Rule:
        declaration = self._of_size(declaration)
        resolved = rows(declaration, lambda e: effect_of(e, self._route, self._report))
        if declaration.kind != "rule":
            for row in resolved:
                if row.effect.auto_run:
                    name = declaration.name.name
                    self._report(route_messages.guard_opens(row.span, name))
        return Rule(
            declaration.name.name,
            self._name,
            declaration.kind,
            self._scope(declaration.on),
            resolved,
            declaration.because,
            declaration.obligations,
            declaration.annotation("shadow") is not None,
            Later[ast.RuleDecl].of(declaration),
            declaration.name.span,
        )


def _exception(
    package: PackageDeclarations,
    declaration: ast.ExceptionDecl,
    collected: Collected,
    rules: Mapping[str, Rule],
    report: Report,
) -> PolicyException:
    items: dict[str, ast.ExceptionItem] = {}
    conditions: list[ast.Expr] = []
    for item in declaration.items:
        if item.kind == "when":
            conditions.append(item.value)
        elif item.kind in items:
            first = items[item.kind].span
            report(syntax_messages.repeated_part(item.span, f"`{item.kind}`", first))
        else:
            items[item.kind] = item
    begin, end = _range(declaration, items, report)
    return PolicyException(
        name=declaration.name.name,
        package=package.name,
        suspends=frozenset(_suspended(package, declaration, collected, rules, report)),
        conditions=tuple(conditions),
        from_nanos=begin,
        until_nanos=end,
        owner=_text(items.get("owner"), report),
        reason=_text(items.get("reason"), report),
        ticket=_text(items.get("ticket"), report),
        max_uses=_count(items.get("max_uses"), report),
        span=declaration.name.span,
        doc=declaration.doc,
    )


def _range(
    declaration: ast.ExceptionDecl, items: Mapping[str, ast.ExceptionItem], report: Report
) -> tuple[int, int]:
    """Return from and until; an empty range where they are wrong, so that nothing is suspended."""
    name = declaration.name
    values: list[int] = []
    for kind in ("from", "until"):
        item = items.get(kind)
        if item is None:
            report(exception_messages.missing_item(name.span, name.name, kind))
        elif isinstance(item.value, ast.TimestampLiteral):
            values.append(item.value.nanos)
    if len(values) < 2:
        return 0, 0
    begin, end = values
    if not 0 < end - begin <= _MAX_EXCEPTION_DAYS * _DAY_NANOS:
        report(exception_messages.bad_range(items["until"].span, end - begin))
        return 0, 0
    return begin, end


def _suspended(
    package: PackageDeclarations,
    declaration: ast.ExceptionDecl,
    collected: Collected,
    rules: Mapping[str, Rule],
    report: Report,
) -> Iterable[str]:
    for name in declaration.suspends:
        home = package.home(name)
        rule = rules.get(f"{home}.{name.parts[-1]}")
        if home in package.missing:
            continue
        if rule is None:
            other = collected.packages.get(home)
            known = [*package.rules, *(other.rules if other else ())]
            report(name_messages.unknown_rule(name.span, name.text, known))
        elif rule.kind == "absolute guard":
            report(exception_messages.suspends_absolute(name.span, name.text, rule.span))
        else:
            yield rule.qualified


def _text(item: ast.ExceptionItem | None, report: Report) -> str | None:
    if item is None:
        return None
    if isinstance(item.value, ast.StringLiteral):
        return item.value.value
    report(exception_messages.bad_item(item.value.span, item.kind, "a string"))
    return None


def _count(item: ast.ExceptionItem | None, report: Report) -> int | None:
    if item is None:
        return None
    if isinstance(item.value, ast.IntLiteral) and item.value.value >= 1:
        return item.value.value
    report(exception_messages.bad_item(item.value.span, item.kind, "a whole number from 1"))
    return 0
