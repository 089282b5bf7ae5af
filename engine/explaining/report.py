"""Outcomes of the interpreter -> reports: names and places, texts with values, reasons.

Nothing here decides. Values of `@secret` fields are masked in all that is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from gatewright.dsl.policy import CheckedPolicy, Effect, Floor, Later, Package
from gatewright.dsl.records import dataclass
from gatewright.engine.approvals import approvals
from gatewright.engine.decision import (
    ArgumentError,
    ConditionReport,
    ErrorReport,
    Obligation,
    Place,
    Report,
    RuleReport,
    RuleStatus,
    place_of,
)
from gatewright.engine.explaining.annotate import Annotator
from gatewright.engine.explaining.texts import Texts
from gatewright.engine.outcome import (
    ConditionOutcome,
    Outcome,
    PermitOutcome,
    RowOutcome,
    RuleOutcome,
    conjunction,
)
from gatewright.engine.secrecy.secrets import Secrets
from gatewright.engine.truth import Truth
from gatewright.engine.values import Timestamp

if TYPE_CHECKING:
    from gatewright.engine.explaining.explanation_text import Explanation
    from gatewright.engine.history.recorded import HistoryFact


@dataclass(frozen=True, slots=True)
class Subject:
    """What was decided about, for the texts."""

    action: str
    agent: str | None
    at: Timestamp
    secrets: Secrets
    history: tuple[HistoryFact, ...] = ()


def effect_text(policy: CheckedPolicy, effect: Effect) -> str:
    """Return an effect as a policy author writes it: `require manager then finance`."""
    if effect.block:
        return "block"
    if effect.auto_run:
        return "auto_run"
    stages = approvals(effect, {**policy.routes}).stages if effect.orders else None
    if stages is None:
        return "require " + " and ".join(sorted(policy.route_name(r) for r in effect.routes))
    return "require " + " then ".join(
        " and ".join(policy.route_name(route) for route in stage) for stage in stages
    )


class Reporter:
    """Writes the report of one outcome."""

    def __init__(self, policy: CheckedPolicy, subject: Subject, outcome: Outcome) -> None:
        self.policy = policy
        self.subject = subject
        self.outcome = outcome
        self.secrets = subject.secrets
        self.texts = Texts(policy, subject.secrets, outcome)
        self._needed = frozenset(outcome.approvals.routes)

    def report(self) -> Report:
        """Return everything that explains the decision."""
        self.texts.refill()
        live = [r for r in self.outcome.rules if not r.rule.shadow]
        acting = [r for r in live if r.truth is not Truth.FALSE]
        rules = [self.rule(r, "matched" if r.truth is Truth.TRUE else "error") for r in acting]
        floors = [*self._permit_reports(), *self._floor_reports()]
        suspended = [self.rule(r, "suspended") for r in live if r.suspended]
        shadow = [
            self.rule(r, "shadow")
            for r in self.outcome.rules
            if r.rule.shadow and r.truth is not Truth.FALSE
        ]
        reports = (*sorted([*rules, *floors], key=_order), *suspended, *shadow)
        errors = tuple(self._errors(live))
        because = tuple(dict.fromkeys(r.because for r in reports if r.decisive and r.because))
        unvalued: list[ArgumentError] = []
        self.texts.refill()
        obligations = tuple(self.texts.obligations(acting, unvalued))
        return Report(
            rules=reports,
            errors=errors,
            risk=self.outcome.risk,
            obligations=obligations,
            because=because,
            explanation=Later(
                partial(self._explanation, reports, errors, obligations, live, tuple(unvalued))
            ),
        )

    def _explanation(
        self,
        reports: tuple[RuleReport, ...],
        errors: tuple[ErrorReport, ...],
        obligations: tuple[Obligation, ...],
        live: list[RuleOutcome],
        unvalued: tuple[ArgumentError, ...],
    ) -> Explanation:
        # Imported where somebody asks why: what a decision says of itself needs none of it.
        from gatewright.engine.explaining.explainer import Explainer

        self.texts.refill()
        explainer = Explainer(self, reports, errors, obligations, live, unvalued)
        return explainer.explanation()

    # --- rules

    def rule(self, outcome: RuleOutcome, status: RuleStatus) -> RuleReport:
        """Report one rule or guard, with the conditions that count."""
        rule = outcome.rule
        counted = [row for row in outcome.rows if row.truth is not Truth.FALSE]
        if status in ("suspended", "not matched"):
            counted = [row for row in outcome.rows if row.bare is not Truth.FALSE] or list(
                outcome.rows
            )
        effect = outcome.effect
        if status == "suspended":
            effect = conjunction(row.row.effect for row in counted)
        elif status == "not matched":
            effect = Effect()
        because = None
        if status != "not matched":
            because = self.texts.because(rule.because, outcome.scope, rule.package)
        decisive = status in ("matched", "error") and self._is_decisive(rule.kind, outcome)
        return RuleReport(
            name=rule.name,
            package=rule.package,
            kind=rule.kind,
            status=status,
            effect=effect_text(self.policy, effect),
            decisive=decisive,
            because=because,
            conditions=self._row_conditions(counted, self.package_named(rule.package)),
            at=place_of(rule.span),
        )

    def _is_decisive(self, kind: str, outcome: RuleOutcome) -> bool:
        """Tell whether a rule made the decision what it is: the effect is (a part of) its own."""
        effect = outcome.effect
        if self.outcome.effect.block:
            return effect.block
        if self.outcome.effect.auto_run:
            return kind == "rule" and outcome.truth is Truth.TRUE
        return not effect.routes.isdisjoint(self._needed)

    def _row_conditions(
        self, rows: Iterable[RowOutcome], package: Package
    ) -> tuple[ConditionReport, ...]:
        """Report the conditions of some rows, each once."""
        found: dict[tuple[int, str, bool], ConditionReport] = {}
        done: set[int] = set()
        for row in rows:
            # HOT: each row of `cases` has the conditions of all before it.
            fresh = [c for c in row.conditions if id(c) not in done]
            # Where a condition is false, what errs beside it does not count: F && E is F.
            erring = any(c.truth is Truth.ERROR for c in fresh)
            is_false = erring and any(c.truth is Truth.FALSE for c in row.conditions)
            for condition in fresh:
                if (is_false and condition.truth is Truth.ERROR) or id(condition) in done:
                    continue
                done.add(id(condition))
                report = self.condition(condition, package)
                key = (condition.condition.span.start, report.text, condition.condition.negated)
                found.setdefault(key, report)
        return tuple(found.values())

    def condition(self, outcome: ConditionOutcome, package: Package) -> ConditionReport:
        """Report one condition with the values that it saw."""
        condition = outcome.condition
        lets = self.texts.lets(package.name)
        annotated = Annotator(outcome.seen, self.secrets, lets).write(condition.expression)
        plain = Annotator({}, self.secrets, lets).write(condition.expression)
        result = ~outcome.truth if condition.negated else outcome.truth
        return ConditionReport(
            kind="unless" if condition.negated else "when",
            text=plain,
            shown=annotated,
            result=result.value,
            holds=None if outcome.truth is Truth.ERROR else outcome.truth is Truth.TRUE,
            error=outcome.error.message if outcome.error else None,
            at=place_of(condition.span),
        )

    def package_named(self, name: str) -> Package:
        """Return a package of the policy."""
        return self.policy.packages[name]

    # --- permits, defaults, floors

    def _permit_reports(self) -> Iterator[RuleReport]:
        """Report the missing permit, or the permit by which the agent may ask."""
        if self.outcome.reason != "permit":
            return
        agent, action = self.subject.agent, self.subject.action
        who = f"agent {agent}" if agent else "an agent without an id"
        at = next((p.permit.span for p in self.outcome.permits), None)
        yield RuleReport(
            name="",
            package="",
            kind="permit",
            status="matched",
            effect="block",
            decisive=True,
            because=f"{who} is not permitted to {action}",
            conditions=tuple(c for p in self.outcome.permits for c in self._permit(p)),
            at=place_of(at) if at is not None else self._some_permit(),
        )

    def _some_permit(self) -> Place:
        """Return where the first permit of the action's package stands, where none covers it."""
        home = self.policy.actions[self.subject.action].package
        return place_of(next(p.span for p in self.policy.permits if p.package == home))

    def _permit(self, outcome: PermitOutcome) -> Iterator[ConditionReport]:
        package = self.package_named(outcome.permit.package)
        for condition in outcome.conditions:
            yield self.condition(condition, package)

    def _floor_reports(self) -> Iterator[RuleReport]:
        if self.outcome.reason == "default":
            why = "no rule opens this action"
            if self.outcome.problems:
                why = "no rule can open an action that does not fit its type"
            yield from self._floors("default", self.outcome.defaults, why)
        if self.outcome.erred:
            why = "something could not be evaluated, and an error restricts"
            yield from self._floors("on_error", self.outcome.on_errors, why)

    def _floors(self, kind: str, floors: tuple[Floor, ...], why: str) -> Iterator[RuleReport]:
        for floor in floors:
            yield self._floor(kind, floor.effect, floor.scope.package, place_of(floor.span), why)
        if not floors:
            missing = f"{why}, and no `{kind}` covers it"
            yield self._floor(kind, Effect(block=True), "", self._home(), missing)

    def _floor(self, kind: str, effect: Effect, package: str, at: Place, why: str) -> RuleReport:
        whole = self.outcome.effect
        decisive = (
            effect.block
            if whole.block
            else bool(effect.routes & set(self.outcome.approvals.routes))
        )
        return RuleReport(
            name="",
            package=package,
            kind="on_error" if kind == "on_error" else "default",
            status="matched",
            effect=effect_text(self.policy, effect),
            decisive=decisive or (whole.auto_run and kind == "default"),
            because=why,
            conditions=(),
            at=at,
        )

    def _home(self) -> Place:
        """Return where the action is declared, or the beginning of the policy."""
        action = self.policy.actions.get(self.subject.action)
        if action is not None:
            return place_of(action.span)
        return Place("", 1, 1) if not self.policy.files else place_of(self.policy.files[0].span)

    # --- errors

    def _errors(self, live: Iterable[RuleOutcome]) -> Iterator[ErrorReport]:
        for problem in self.outcome.problems:
            yield ErrorReport("action", problem, None)
        if self.outcome.reason == "permit":
            for permit in self.outcome.permits:
                yield from _erring("permit", permit.conditions)
        for risk in self.outcome.risks:
            if risk.truth is Truth.ERROR:
                yield from _erring(f"risk {risk.risk.name}", risk.conditions)
        for outcome in live:
            found: dict[tuple[str, Place | None], ErrorReport] = {}
            erring: dict[int, ConditionOutcome] = {}
            for row in outcome.rows:
                if row.truth is Truth.ERROR:
                    conditions = [*row.conditions]
                    for exception in outcome.exceptions:
                        conditions += exception.conditions
                    erring.update((id(c), c) for c in conditions if c.error is not None)
            for error in _erring(f"{outcome.rule.kind} {outcome.rule.name}", erring.values()):
                found.setdefault((error.message, error.at), error)
            yield from found.values()


def _order(report: RuleReport) -> tuple[bool, str, str, int]:
    """Decisive first, then by file and line."""
    return (not report.decisive, report.at.file, report.package, report.at.line)


def _erring(source: str, conditions: Iterable[ConditionOutcome]) -> Iterator[ErrorReport]:
    for condition in conditions:
        if condition.error is not None:
            yield ErrorReport(source, condition.error.message, place_of(condition.condition.span))
