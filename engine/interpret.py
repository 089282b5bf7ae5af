"""The reference interpreter: how a decision is made, word by word, slow and obvious.

It takes a checked policy and everything a decision may depend on, and returns an `Outcome` that
holds each condition's truth. Explanations are made from it, and the compiled path must agree with
it everywhere. Source: docs/language.md#how-a-decision-is-made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gatewright.dsl import ast
from gatewright.dsl.policy import (
    AUTO_RUN,
    BLOCK,
    ActionType,
    CheckedPolicy,
    Condition,
    Effect,
    Floor,
    Permit,
    PolicyException,
    Risk,
    Rule,
)
from gatewright.dsl.records import dataclass, replace
from gatewright.engine.approvals import approvals
from gatewright.engine.cel.budget import Allowance, Budget, OutOfSteps
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.errors import EvaluationError
from gatewright.engine.outcome import (
    ConditionOutcome,
    ExceptionOutcome,
    Outcome,
    PermitOutcome,
    Reason,
    RiskOutcome,
    RowOutcome,
    RuleOutcome,
    conjunction,
)
from gatewright.engine.possible_risk import capped, lower_scores, reader_of_risk
from gatewright.engine.scope import PolicyScope, forgetting
from gatewright.engine.truth import Truth, all_of
from gatewright.engine.values import Value

UsesOf = Callable[[str], int | None]
"""How often an exception was used, by qualified name; None where the host does not count."""

_Known = dict[tuple[int, bool], ConditionOutcome]
"""Conditions of a rule that were evaluated, by the identity of their expression and their sign."""


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a decision may depend on, besides the policy."""

    action: str
    agent: str | None
    declared: ActionType | None
    problems: tuple[str, ...]
    now_nanos: int
    scope_of: Callable[[str], PolicyScope]
    """The scope of a package's conditions; the same object each time."""
    uses_of: UsesOf
    allowance: Allowance | None
    """What all conditions may cost together; None after that was too much: each is an error."""


def interpret(policy: CheckedPolicy, request: Request) -> Outcome:
    """Decide. Raises OutOfSteps where the conditions cost more than the allowance, else nothing.

    What goes wrong otherwise is an error of a condition.
    """
    return _Interpreter(policy, request).decide()


class _Interpreter:
    """One decision in the making."""

    def __init__(self, policy: CheckedPolicy, request: Request) -> None:
        self._policy = policy
        self._request = request
        self._home = request.declared.package if request.declared is not None else None
        self._score = 0
        self._lower: tuple[int, ...] = ()
        """The scores that the action may have besides, where risks erred."""
        self._reads_risk = reader_of_risk(policy)
        self._allowance = request.allowance
        self._exceptions: dict[str, ExceptionOutcome] = {}

    def decide(self) -> Outcome:
        risks = self._risks()
        permits = self._permits()
        if permits is not None and not any(p.truth is Truth.TRUE for p in permits):
            return self._outcome(BLOCK, "permit", False, (), risks, permits)
        rules = tuple(self._rules())
        live = [outcome for outcome in rules if not outcome.rule.shadow]
        rows = [row for outcome in live for row in outcome.rows]
        fits = not self._request.problems
        opened = fits and any(o.rule.kind == "rule" and o.truth is Truth.TRUE for o in live)
        erred = (
            not fits
            or any(row.truth is Truth.ERROR for row in rows)
            or any(risk.truth is Truth.ERROR for risk in risks)
        )
        effect = AUTO_RUN if opened else self._floor(self._policy.defaults)
        effect &= conjunction(row.row.effect for row in rows if row.truth is not Truth.FALSE)
        if erred:
            effect &= self._floor(self._policy.on_errors)
        reason: Reason = "rules" if opened else "default"
        return self._outcome(effect, reason, erred, rules, risks, permits or ())

    def _outcome(
        self,
        effect: Effect,
        reason: Reason,
        erred: bool,
        rules: tuple[RuleOutcome, ...],
        risks: tuple[RiskOutcome, ...],
        permits: tuple[PermitOutcome, ...],
    ) -> Outcome:
        return Outcome(
            effect=effect,
            approvals=approvals(effect, self._policy.routes),
            reason=reason,
            erred=erred,
            problems=self._request.problems,
            rules=rules,
            risks=risks,
            risk=self._score,
            permits=permits,
            defaults=self._covering(self._policy.defaults),
            on_errors=self._covering(self._policy.on_errors),
        )

    def _covering(self, floors: Iterable[Floor]) -> tuple[Floor, ...]:
        name = self._request.action
        return tuple(floor for floor in floors if floor.scope.covers(name, self._home))

    def _floor(self, floors: Iterable[Floor]) -> Effect:
        """Return the AND of the floors that cover the action; block where there is none."""
        covering = self._covering(floors)
        return conjunction(floor.effect for floor in covering) if covering else BLOCK

    # --- permits and risk

    def _permits(self) -> tuple[PermitOutcome, ...] | None:
        """Ask the permits that cover the action; None where the action needs none."""
        name = self._request.action
        covering = [permit for permit in self._policy.permits if permit.covers(name)]
        needed = covering or any(p.package == self._home for p in self._policy.permits)
        return tuple(self._permit(permit) for permit in covering) if needed else None

    def _permit(self, permit: Permit) -> PermitOutcome:
        if permit.condition is None:
            same = self._request.agent is not None and permit.agent == self._request.agent
            return PermitOutcome(permit, Truth.TRUE if same else Truth.FALSE, ())
        condition = Condition(permit.condition, False, permit.condition.span)
        outcome = self._condition(condition, self._request.scope_of(permit.package))
        return PermitOutcome(permit, outcome.truth, (outcome,))

    def _risks(self) -> tuple[RiskOutcome, ...]:
        """Return the risks, and make their capped sum known to conditions as `risk`."""
        risks = tuple(
            self._risk(risk)
            for risk in self._policy.risks
            if risk.scope.covers(self._request.action, self._home)
        )
        self._score = capped(sum(risk.score for risk in risks))
        erring = [risk.score for risk in risks if risk.truth is Truth.ERROR]
        if erring:
            self._lower = lower_scores(sum(risk.score for risk in risks) - sum(erring), erring)
        self._know_risk(self._score)
        return risks

    def _know_risk(self, score: int) -> None:
        for scope in self._scopes():
            scope.know_risk(score)

    def _scopes(self) -> list[PolicyScope]:
        return [self._request.scope_of(package) for package in self._policy.packages]

    def _risk(self, risk: Risk) -> RiskOutcome:
        scope = self._request.scope_of(risk.package)
        conditions = [Condition(c.condition, c.kind == "unless", c.condition.span)
                      for c in risk.clauses]  # fmt: skip
        outcomes = tuple(self._condition(c, scope) for c in conditions)
        return RiskOutcome(risk, all_of(o.truth for o in outcomes), outcomes, scope)

    # --- rules

    def _rules(self) -> Iterator[RuleOutcome]:
        """Yield what covers the action, in the order of the policy."""
        name = self._request.action
        covering = [rule for rule in self._policy.rules if rule.scope.covers(name, self._home)]
        live = iter([self._rule(rule) for rule in covering if not rule.shadow])
        shadow = iter(self._shadow_rules([rule for rule in covering if rule.shadow]))
        for rule in covering:
            yield next(shadow if rule.shadow else live)

    def _shadow_rules(self, rules: list[Rule]) -> list[RuleOutcome]:
        """Try rules that decide nothing: what they cost is no business of those that do."""
        if self._allowance is None or not rules:
            return [self._rule(rule) for rule in rules]
        self._allowance.refill()
        with forgetting(self._scopes()):
            try:
                return [self._rule(rule) for rule in rules]
            except OutOfSteps:
                self._allowance = None
                return [self._rule(rule) for rule in rules]

    def _rule(self, rule: Rule) -> RuleOutcome:
        scope = self._request.scope_of(rule.package)
        exceptions = tuple(
            self._excepted(exception)
            for exception in self._policy.exceptions
            if rule.qualified in exception.suspends
        )
        standing = all_of(~exception.truth for exception in exceptions)
        rows: list[RowOutcome] = []
        known: _Known = {}
        # HOT: each row of `cases` has the conditions of all before it, as the same objects.
        same: dict[int, ConditionOutcome] = {}
        restricts = rule.kind != "rule"
        for row in rule.rows:
            for condition in row.conditions:
                if id(condition) not in same:
                    same[id(condition)] = self._once(condition, scope, restricts, known)
            outcomes = tuple([same[id(condition)] for condition in row.conditions])
            bare = all_of([outcome.truth for outcome in outcomes])
            rows.append(RowOutcome(row, bare, all_of([bare, standing]), outcomes))
        return RuleOutcome(rule, tuple(rows), exceptions, scope)

    def _excepted(self, exception: PolicyException) -> ExceptionOutcome:
        """Return what an exception comes to, which is the same for all rules that it suspends."""
        found = self._exceptions.get(exception.qualified)
        if found is None:
            found = self._exceptions[exception.qualified] = self._exception(exception)
        return found

    def _exception(self, exception: PolicyException) -> ExceptionOutcome:
        if not exception.from_nanos <= self._request.now_nanos < exception.until_nanos:
            return ExceptionOutcome(exception, Truth.FALSE, "it is not its time", ())
        if exception.max_uses is not None:
            used = self._request.uses_of(exception.qualified)
            if used is None:
                return ExceptionOutcome(exception, Truth.FALSE, "its uses are not counted", ())
            if used >= exception.max_uses:
                return ExceptionOutcome(exception, Truth.FALSE, "its uses are spent", ())
        scope = self._request.scope_of(exception.package)
        outcomes = tuple(
            self._condition(Condition(c, False, c.span), scope) for c in exception.conditions
        )
        return ExceptionOutcome(exception, all_of(o.truth for o in outcomes), None, outcomes)

    # --- conditions

    def _once(
        self, condition: Condition, scope: PolicyScope, restricts: bool, known: _Known
    ) -> ConditionOutcome:
        """Evaluate a condition unless an earlier row of its rule did, perhaps with another sign.

        Where risks erred, what it comes to depends on its sign as well: then each sign counts.
        """
        key = id(condition.expression), condition.negated
        found = known.get(key)
        if found is None:
            opposite = known.get((key[0], not condition.negated))
            if opposite is None or self._lower:
                found = self._condition(condition, scope, restricts)
            else:
                found = replace(opposite, condition=condition, truth=~opposite.truth)
            known[key] = found
        return found

    def _condition(
        self, condition: Condition, scope: PolicyScope, restricts: bool = False
    ) -> ConditionOutcome:
        """Evaluate one condition, also for the lower scores where its answer may depend on them.

        An answer that depends on an erring risk is an error. Where true only `restricts`, true
        stays true: the full score counts.
        """
        budget = Budget()
        found = self._evaluated(condition, scope, budget)
        self._take(budget)
        package = scope.package.name
        if not self._lower or not self._reads_risk(package, condition.expression):
            return found
        if found.truth is Truth.ERROR or (restricts and found.truth is Truth.TRUE):
            return found
        if self._is_certain(found, scope):
            return found
        error = EvaluationError("unknown_risk", "the answer depends on a risk that is an error")
        return ConditionOutcome(condition, Truth.ERROR, error, found.seen)

    def _is_certain(self, found: ConditionOutcome, scope: PolicyScope) -> bool:
        """Tell whether a condition comes to the same for each score that the action may have.

        What lets came to with the full score stays known: a let counts once, whatever the order.
        """
        budget = Budget()
        known = [(each, each.computed) for each in self._scopes()]
        try:
            for score in self._lower:
                self._know_risk(score)
                if self._evaluated(found.condition, scope, budget).truth is not found.truth:
                    return False
        finally:
            for each, lets in known:
                each.know_risk(self._score, lets)
        self._take(budget)
        return True

    def _take(self, budget: Budget) -> None:
        if self._allowance is not None:
            self._allowance.take(budget)

    def _evaluated(
        self, condition: Condition, scope: PolicyScope, budget: Budget
    ) -> ConditionOutcome:
        """Evaluate one condition, keeping what its parts came to."""
        if self._allowance is None:
            return ConditionOutcome(condition, Truth.ERROR, OutOfSteps(), {})
        trace = _Trace()
        error: EvaluationError | None = None
        try:
            holds = Evaluator(scope, budget, trace).condition(condition.expression)
            truth = Truth.TRUE if holds else Truth.FALSE
        except OutOfSteps:
            raise
        except EvaluationError as raised:
            # Its traceback would keep all that was evaluated on the way alive, for each condition.
            error, truth = raised.with_traceback(None), Truth.ERROR
        except RecursionError:
            # Depth is limited, but the host may have used up the stack before it asked.
            error = EvaluationError("cost_limit", "the stack of the host is nearly used up")
            truth = Truth.ERROR
        signed = ~truth if condition.negated else truth
        return ConditionOutcome(condition, signed, error, trace.seen)


class _Trace:
    """Keeps the last value of every sub-expression."""

    def __init__(self) -> None:
        self.seen: dict[int, Value | EvaluationError] = {}

    def record(self, node: ast.Expr, outcome: Value | EvaluationError) -> None:
        self.seen[id(node)] = outcome
