"""Test blocks of a policy set -> results: what passed, and why what failed did.

Nothing is read but the policy set: no clock, no network, no files. Source: docs/language.md#tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from textwrap import indent

from gatewright.dsl import ast
from gatewright.dsl.policy import CheckedPolicy, Test
from gatewright.dsl.rendering.display import visible
from gatewright.dsl.source import Span
from gatewright.engine.decision import Decision, Place, place_of
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.outcome import Outcome
from gatewright.engine.policy_tests.expectations import Unmet, unmet
from gatewright.engine.policy_tests.given import BadGiven, Case, Preparing
from gatewright.engine.secrecy.masking import MASK

Observe = Callable[[Outcome], None]
"""Is told what the interpreter made of a case's action, for coverage."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one case.

    `at` is the place of the test, or of the row. For a failure `reason` is one line and `message`
    the whole text: place and name, what was expected and decided, then the explanation. Both are
    empty for a pass.
    """

    __test__ = False  # pytest: this is no test class

    name: str
    package: str
    at: Place
    passed: bool
    reason: str = ""
    message: str = ""


def run_tests(
    policy_set: PolicySet, wanted: Iterable[Case] | None = None, observe: Observe | None = None
) -> tuple[TestResult, ...]:
    """Run cases, all of the policy set's own unless some are given, in the order of files."""
    chosen = cases(policy_set.policy) if wanted is None else wanted
    preparing = Preparing(policy_set)
    return tuple(run_case(preparing, case, observe) for case in chosen)


def cases(policy: CheckedPolicy, *, library: bool = False) -> tuple[Case, ...]:
    """Return every test, and every row of the tests with tables, by file and line.

    Tests of imported standard packages are left out unless `library` asks for them.
    """
    own = [test for test in policy.tests if library or test.package.split(".")[0] != "std"]
    ordered = sorted(own, key=lambda test: (test.span.source.name, test.span.start))
    return tuple(case for test in ordered for case in _cases(policy, test))


def _cases(policy: CheckedPolicy, test: Test) -> Iterator[Case]:
    items = test.declaration.items
    tables = [item for item in items if isinstance(item, ast.CaseTable) and item.rows]
    if not tables:
        yield Case(test.name, test)
        return
    rows = [(table, row) for table in tables for row in table.rows]
    hidden = _secret_params(policy, test)
    named = [f"{test.name} ({_values(table, row, hidden)})" for table, row in rows]
    repeated, seen = Counter(named), Counter[str]()
    for name, (table, row) in zip(named, rows, strict=True):
        seen[name] += 1
        number = f" #{seen[name]}" if repeated[name] > 1 else ""
        yield Case(name + number, test, table.fields, row)


def _values(table: ast.CaseTable, row: ast.CaseTableRow, hidden: frozenset[str]) -> str:
    """Return a row's values as written, those of secret fields masked."""
    pairs = zip(table.fields, row.values, strict=True)
    shown = (
        (f.name, MASK if f.name in hidden else " ".join(v.span.text.split())) for f, v in pairs
    )
    return ", ".join(f"{name}: {text}" for name, text in shown)


def _secret_params(policy: CheckedPolicy, test: Test) -> frozenset[str]:
    given = (i.subject.text for i in test.declaration.items if isinstance(i, ast.Given))
    types = [policy.actions[name] for name in given if name in policy.actions]
    return frozenset(name for t in types for name, field in t.params.fields if field.secret)


def run_case(preparing: Preparing, case: Case, observe: Observe | None = None) -> TestResult:
    """Decide one case and compare; never raises for what a test says."""
    try:
        setup = preparing.setup(case)
    except BadGiven as bad:
        return _result(case, bad.message, f"{_head(bad.span, case)}\n  {visible(bad.message)}")
    decision = setup.decision()
    if observe is not None:
        observe(setup.outcome())
    wrong = unmet(setup.policy_set.policy, case, decision)
    if not wrong:
        return TestResult(case.name, case.package, place_of(case.span), True)
    reason = "; ".join(f"expected {w.expected}, decided {w.decided}" for w in wrong)
    return _result(case, reason, _message(case, wrong, decision))


def _result(case: Case, reason: str, message: str) -> TestResult:
    place = place_of(case.span)
    return TestResult(case.name, case.package, place, False, visible(reason), message)


def _head(span: Span, case: Case) -> str:
    return f'{visible(str(span))}: test "{visible(case.name)}"'


def _message(case: Case, wrong: tuple[Unmet, ...], decision: Decision) -> str:
    """Write each unmet expectation with its place, then why it was decided so."""
    lines: list[str] = []
    for one in wrong:
        lines += [
            _head(one.span, case),
            f"  expected  {visible(one.expected)}",
            f"  decided   {visible(one.decided)}",
        ]
    explanation = "\n".join(visible(line) for line in str(decision.explain()).split("\n"))
    return "\n".join([*lines, "", indent(explanation, "  ")])
