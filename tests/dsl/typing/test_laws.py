"""Laws on generated expressions: checking never fails, and what it accepts runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatewright.dsl import ast
from gatewright.dsl import types as t
from gatewright.dsl.checks.cost import CostModel
from gatewright.dsl.diagnostics import Diagnostic, PolicyError
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.typing.presence import Facts, Presence
from gatewright.dsl.typing.typer import Typer
from gatewright.dsl.walk import walk
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import unknown_name
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Duration, Map, Money, Timestamp, Uint, Value, kind_of
from tests.dsl.typing.strategies import TOKENS, WELL_TYPED_OFTEN, WILD
from tests.dsl.typing.support import ACTION, CHARGE, LETS, USUAL


def parsed(text: str) -> ast.Expr | None:
    try:
        return parse_expression(text)
    except PolicyError:
        return None


def everything(expr: ast.Expr) -> tuple[t.Type, list[Diagnostic]]:
    """Ask all that can be asked about an expression."""
    found: list[Diagnostic] = []
    typer = Typer(USUAL, found.append)
    kind = typer.infer(expr)
    for wanted in (kind, ACTION, CHARGE, t.STRING, t.MoneyType("USD"), t.ListType(t.INT)):
        Typer(USUAL, lambda d: None).check(expr, wanted)
    again = Typer(USUAL, lambda d: None)
    again.check_condition(expr, again.facts_when_true(expr).and_(again.facts_when_false(expr)))
    Presence(USUAL).outcomes(expr, USUAL, {"x"})
    CostModel(USUAL, typer.type_of, lambda d: None, {}).check(expr)
    return kind, found


def assert_sound_reports(expr: ast.Expr) -> None:
    kind, found = everything(expr)
    again = everything(expr)
    assert (kind, found) == again
    for diagnostic in found:
        span = diagnostic.span
        assert 0 <= span.start < span.end <= len(span.source.text)
        assert diagnostic.message
        assert len(diagnostic.message) < 400


@given(WILD)
def test_no_expression_makes_the_checker_fail(text: str) -> None:
    expr = parsed(text)
    if expr is not None:
        assert_sound_reports(expr)


@given(TOKENS)
def test_no_text_that_parses_makes_the_checker_fail(text: str) -> None:
    expr = parsed(text)
    if expr is not None:
        assert_sound_reports(expr)


@given(WELL_TYPED_OFTEN)
def test_brackets_change_nothing(text: str) -> None:
    plain, bracketed = parsed(text), parsed(f"({text})")
    assert plain is not None
    assert bracketed is not None
    kind, found = everything(plain)
    assert everything(bracketed)[0] == kind
    assert [d.code for d in everything(bracketed)[1]] == [d.code for d in found]


@given(WELL_TYPED_OFTEN)
def test_knowing_more_never_adds_a_mistake(text: str) -> None:
    expr = parse_expression(text)
    without: list[Diagnostic] = []
    Typer(USUAL, without.append).infer(expr)
    known: list[Diagnostic] = []
    typer = Typer(USUAL, known.append)
    typer.infer(expr, typer.facts_when_true(parse_expression("has(action.reason)")))
    assert not Counter(d.code for d in known) - Counter(d.code for d in without)


# --- soundness: what is accepted runs ----------------------------------------------------------


@dataclass
class Fields:
    """An object of the host with some fields: reading another is an error of its own kind."""

    values: dict[str, Value]

    def select(self, field: str) -> Value:
        if field not in self.values:
            raise EvaluationError("no_such_field", f"there is no `{field}`")
        return self.values[field]

    def has(self, field: str) -> bool:
        return field in self.values

    def invoke(
        self,
        method: str,
        arguments: tuple[ast.Argument, ...],
        evaluate: Callable[[ast.Expr], Value],
    ) -> Value:
        asked = evaluate(arguments[0].value)
        present = set(self.values) - {"fields"}
        if method == "has":
            return asked in present
        assert method == "only"
        assert isinstance(asked, tuple)
        return bool(present) and present <= set(asked)


@dataclass
class Names:
    """The names of the usual scope, with lets evaluated where they are used."""

    values: dict[str, Value]
    lets: dict[str, ast.Expr] = field(
        default_factory=lambda: {name: parse_expression(text) for name, text in LETS.items()}
    )

    def lookup(self, name: str, absolute: bool) -> Value:
        if name in self.lets:
            return Evaluator(self).evaluate(self.lets[name])
        if name not in self.values:
            raise unknown_name(name)
        return self.values[name]


ALWAYS: dict[str, Value] = {
    "name": "billing.refund",
    "customer": "C-1",
    "amount": Money(Decimal("49.90"), "USD"),
    "euros": Money(Decimal("7"), "EUR"),
    "cash": Money(Decimal("12.5"), "USD"),
    "rate": Decimal("0.25"),
    "score": 0.5,
    "count": 3,
    "size": Uint(4),
    "public": True,
    "stage": "open",
    "tags": ("a", "urgent", "a,b"),
    "limits": Map.of({"a": 1}),
    "ttl": Duration(3_600_000_000_000),
}
SOMETIMES: dict[str, Value] = {
    "reason": "because",
    "order": "o-1",
    "expires": Timestamp(1_800_000_000_000_000_000),
    "backup": Fields({"status": "open"}),
}
CHANGED: dict[str, Value] = {
    "Amount": Fields({"old": Money(Decimal(1), "USD"), "new": Money(Decimal(2), "USD")}),
    "Owner": Fields({"old": "a", "new": "b"}),
}
# What a run may still meet: values that only a run knows.
ALLOWED = {"overflow", "divide_by_zero", "inexact", "invalid_argument", "cost_limit",
           "currency_mismatch"}  # fmt: skip


def world(present: set[str]) -> Names:
    """Make an action in which these of the optional fields are present."""
    sometimes = {k: v for k, v in SOMETIMES.items() if k in present}
    if "card" in present and "backup" in present:
        sometimes["backup"] = Fields({"status": "open", "card": "4242"})
    changed: dict[str, Value] = {k: v for k, v in CHANGED.items() if k in present}
    changes = Fields({**changed, "fields": tuple(changed)})
    return Names(
        {
            "action": Fields({**ALWAYS, **sometimes}),
            "changes": changes,
            "agent": Fields({"id": "bot", "owner": "team"}),
            "data": Map.of({"pool": ("a", "b")}),
            "now": Timestamp(1_790_000_000_000_000_000),
            "risk": 40,
        }
    )


def accepted(text: str) -> tuple[ast.Expr, t.Type] | None:
    expr = parse_expression(text)
    found: list[Diagnostic] = []
    kind = Typer(USUAL, found.append).infer(expr, Facts.none())
    return None if found else (expr, kind)


FIELDS = ("reason", "order", "expires", "backup", "card", "Amount", "Owner")


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(WELL_TYPED_OFTEN, st.sets(st.sampled_from(FIELDS)))
def test_what_is_accepted_has_a_value_of_its_type(text: str, present: set[str]) -> None:
    checked = accepted(text)
    if checked is None:
        return
    expr, kind = checked
    try:
        value = Evaluator(world(present)).evaluate(expr)
    except EvaluationError as error:
        assert error.code in ALLOWED, f"{text}: {error.code} {error.message}"
        return
    wanted = str(kind).partition("(")[0].partition("<")[0]
    assert wanted in ("any", kind_of(value), {"enum": "string"}.get(wanted)), text


@pytest.mark.parametrize("present", [set[str](), {"reason"}, set(FIELDS)], ids=len)
def test_presence_conditions_hold_in_every_world(present: set[str]) -> None:
    """The facts of `has` and `changes.has` are true where they say so."""
    conditions = {
        "has(action.reason)": "reason",
        'changes.has("Amount")': "Amount",
        'changes.only(["Owner"])': "Owner",
    }
    for text, name in conditions.items():
        value = Evaluator(world(present)).evaluate(parse_expression(text))
        assert value is (name in present and (name != "Owner" or "Amount" not in present))


def test_enough_of_the_generated_expressions_are_accepted() -> None:
    """The law above would say nothing about expressions that are all refused."""
    kept: list[str] = []

    @settings(max_examples=300, database=None, derandomize=True)
    @given(WELL_TYPED_OFTEN)
    def collect(text: str) -> None:
        if accepted(text) is not None and len(list(walk(parse_expression(text)))) > 4:
            kept.append(text)

    collect()
    assert len(kept) >= 40
