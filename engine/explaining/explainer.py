"""A report and its outcome -> the explanation, made where somebody asks why.

Nothing here decides. Values of `@secret` fields are masked in all that is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatewright.dsl.records import replace
from gatewright.engine.decision import (
    ArgumentError,
    ConditionReport,
    ErrorReport,
    Obligation,
    Place,
    RuleReport,
    kind_of,
    place_of,
)
from gatewright.engine.explaining.asking import texts_of
from gatewright.engine.explaining.explanation_parts import (
    Absorption,
    Idle,
    Needed,
    RiskPart,
    Suspension,
    UnkeptOrder,
)
from gatewright.engine.explaining.explanation_text import Explanation
from gatewright.engine.explaining.facts import conditions_of, fields_read
from gatewright.engine.explaining.orders import unkept
from gatewright.engine.explaining.report import Reporter
from gatewright.engine.explaining.undeclared import told_undeclared
from gatewright.engine.outcome import RiskOutcome, RuleOutcome
from gatewright.engine.reading.json_text import Json
from gatewright.engine.truth import Truth
from gatewright.engine.values import Timestamp


class Explainer:
    """Writes the explanation of one outcome, `live` being its rules that are not in shadow."""

    def __init__(
        self,
        reporter: Reporter,
        reports: tuple[RuleReport, ...],
        errors: tuple[ErrorReport, ...],
        obligations: tuple[Obligation, ...],
        live: list[RuleOutcome],
        unvalued: tuple[ArgumentError, ...],
    ) -> None:
        self._reporter = reporter
        self._policy = reporter.policy
        self._subject = reporter.subject
        self._outcome = reporter.outcome
        self._secrets = reporter.secrets
        self._reports = reports
        self._errors = errors
        self._obligations = obligations
        self._live = live
        self._unvalued = unvalued

    def explanation(self) -> Explanation:
        """Return why it was decided so."""
        reports, errors, live = self._reports, self._errors, self._live
        name = self._policy.route_name
        outcome = self._outcome
        acting = [_once(r) for r in reports if r.status in ("matched", "error")]
        stages = tuple(tuple(name(r) for r in stage) for stage in outcome.approvals.stages)
        declared = self._policy.actions.get(self._subject.action)
        return Explanation(
            action=self._subject.action or "an action without a name",
            doc=declared.doc if declared is not None else None,
            undeclared=told_undeclared(self._subject.action, self._policy.actions),
            agent=self._subject.agent,
            at=self._subject.at.text,
            effect=kind_of(outcome.effect).value,
            summary=self._summary(stages),
            stages=stages,
            needed=tuple(self._needed(r) for stage in outcome.approvals.stages for r in stage),
            decisive=tuple(r for r in acting if r.decisive),
            others=tuple(r for r in acting if not r.decisive),
            errors=errors,
            suspended=tuple(s for r in live if r.suspended for s in self._suspensions(r)),
            idle=tuple(i for r in live if not r.suspended for i in self._idle(r)),
            shadow=tuple(_once(r) for r in reports if r.status == "shadow"),
            absorbed=tuple(Absorption(name(a), name(b)) for a, b in outcome.approvals.absorbed),
            unkept=tuple(self._unkept()),
            obligations=self._obligations,
            unvalued=self._unvalued,
            risk=outcome.risk,
            risk_parts=tuple(self._risk(r) for r in outcome.risks if r.truth is not Truth.FALSE),
            opened=self._is_opened(live),
            missing=tuple(_once(r) for r in self._missing(live)),
            unopened=self._unopened(live),
            fields_read=fields_read(conditions_of(outcome), self._secrets),
            history_read=self._history_read(),
            docs=self._docs(),
            policy_digest=self._policy.digest,
        )

    def _docs(self) -> dict[str, str]:
        """Return the doc comments of the rules and guards that are told, by qualified name."""
        told = {f"{report.package}.{report.name}" for report in self._reports if report.name}
        rules = [one.rule for one in self._outcome.rules if one.rule.qualified in told]
        docs = {rule.qualified: rule.declaration.doc for rule in rules}
        return {name: doc for name, doc in docs.items() if doc is not None}

    def _history_read(self) -> tuple[dict[str, Json], ...]:
        """Return the questions to histories and their answers, without what is secret."""
        secrets = self._secrets
        hidden = {*secrets.fields, *self._secret_keys()} if secrets.fields else secrets.fields
        masked = (secrets.masked_json(f.to_dict(hidden)) for f in self._subject.history)
        return tuple(fact for fact in masked if isinstance(fact, dict))

    def _secret_keys(self) -> Iterator[str]:
        """Yield the keys by which histories were asked for something secret."""
        packages = self._policy.packages.values()
        lets = {name for package in packages for name in package.lets}
        asked = [c.condition.expression for c in conditions_of(self._outcome)]
        asked += [let.value for package in packages for let in package.lets.values()]
        asked += [e for rule in self._policy.rules for e in texts_of(rule)]
        asked += [e for risk in self._policy.risks for e in texts_of(risk)]
        for expr in asked:
            yield from self._secrets.secret_keys(expr, lets)

    def _needed(self, qualified: str) -> Needed:
        """Say whom a route asks, in the words of its declaration."""
        route = self._policy.routes[qualified]
        people = " ".join(route.people.span.text.split())
        return Needed(
            self._policy.route_name(qualified),
            f"{route.quorum} of {people}",
            route.doc,
            place_of(route.span),
        )

    def _summary(self, stages: tuple[tuple[str, ...], ...]) -> str:
        if self._outcome.effect.block:
            return "BLOCK: nobody may let this run"
        if not stages:
            return "AUTO_RUN: nobody needs to approve"
        return "REQUIRE APPROVAL of " + ", then ".join(" and ".join(stage) for stage in stages)

    def _suspensions(self, outcome: RuleOutcome) -> Iterator[Suspension]:
        report = self._reporter.rule(outcome, "suspended")
        for found in outcome.exceptions:
            if found.truth is Truth.TRUE:
                e = found.exception
                yield Suspension(
                    rule=outcome.rule.name,
                    package=outcome.rule.package,
                    effect=report.effect,
                    exception=e.name,
                    until=Timestamp(e.until_nanos).text,
                    owner=e.owner,
                    reason=e.reason,
                    ticket=e.ticket,
                    at=place_of(e.span),
                    doc=e.doc,
                )

    def _idle(self, outcome: RuleOutcome) -> Iterator[Idle]:
        """Yield the exceptions of a rule that acts which their uses alone keep from it."""
        if outcome.truth is Truth.FALSE:
            return
        for found in outcome.exceptions:
            e = found.exception
            if found.why_not is not None and e.from_nanos <= self._subject.at.nanos < e.until_nanos:
                yield Idle(outcome.rule.name, e.name, found.why_not, place_of(e.span))

    def _risk(self, outcome: RiskOutcome) -> RiskPart:
        risk = outcome.risk
        package = self._reporter.package_named(risk.package)
        return RiskPart(
            name=risk.name,
            package=risk.package,
            score=risk.score,
            because=self._reporter.texts.because(risk.because, outcome.scope, risk.package),
            erred=outcome.truth is Truth.ERROR,
            conditions=tuple(self._reporter.condition(c, package) for c in outcome.conditions),
            at=place_of(risk.span),
            doc=risk.doc,
        )

    def _unkept(self) -> Iterator[UnkeptOrder]:
        """Yield the orders of `then` that absorption, or an order against them, does away with."""
        name = self._policy.route_name
        for order in unkept(self._outcome.effect, self._outcome.approvals):
            first, second = map(name, order.asked)
            if first == second:
                why = f"{first} outranks both, and one answer of it serves for them"
            elif order.reversed:
                why = f"{second} is asked before {first}, as another order says"
            else:
                why = f"{first} and {second} are asked at once, since orders contradict each other"
            yield UnkeptOrder(name(order.before), name(order.after), why)

    def _unopened(self, live: list[RuleOutcome]) -> str | None:
        """Say why no rule could have opened an action that none opened; None where one could."""
        if self._is_opened(live) or self._outcome.reason == "permit":
            return None
        rules = [one.rule for one in live if one.rule.kind == "rule"]
        if not rules:
            return "no rule covers this action"
        if not any(row.effect.auto_run for rule in rules for row in rule.rows):
            return "no rule that covers this action says auto_run"
        return None

    def _is_opened(self, live: list[RuleOutcome]) -> bool:
        """Tell whether a rule says auto_run, or the default does: then no other rule has to."""
        defaults = self._outcome.defaults
        by_default = bool(defaults) and all(d.effect.auto_run for d in defaults)
        return by_default or any(_opens(o) for o in live if o.rule.kind == "rule")

    def _missing(self, live: list[RuleOutcome]) -> Iterator[RuleReport]:
        """Report the rules that could have opened the action with auto_run, and what they lack.

        Where it is opened already, a rule of which no row counts lacks nothing that is needed.
        """
        if self._outcome.effect.auto_run or self._outcome.reason == "permit":
            return
        rules = [outcome for outcome in live if outcome.rule.kind == "rule"]
        opened = self._is_opened(live)
        for outcome in rules:
            if opened and all(r.truth is Truth.FALSE for r in outcome.rows):
                continue
            rows = [r for r in outcome.rows if r.row.effect.auto_run and r.truth is not Truth.TRUE]
            if rows:
                scope = outcome.scope
                yield self._reporter.rule(
                    RuleOutcome(outcome.rule, tuple(rows), (), scope), "not matched"
                )


def _once(rule: RuleReport) -> RuleReport:
    """Return a report that tells each condition that errs once.

    The rows of a `cases` have the conditions of those before them as `unless`: what errs in one row
    errs in all that follow, and says nothing new there.
    """
    told: set[tuple[Place, str, str]] = set()
    kept: list[ConditionReport] = []
    for condition in rule.conditions:
        if condition.error is not None:
            what = (condition.at, condition.text, condition.error)
            if what in told:
                continue
            told.add(what)
        kept.append(condition)
    return replace(rule, conditions=tuple(kept)) if len(kept) < len(rule.conditions) else rule


def _opens(outcome: RuleOutcome) -> bool:
    return any(r.truth is Truth.TRUE and r.row.effect.auto_run for r in outcome.rows)
