"""Conditions as people see them: with the values that they saw, and without secrets."""

from __future__ import annotations

import contextlib

import pytest

from gatewright.dsl.parser import parse_expression
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.errors import EvaluationError
from gatewright.engine.explaining.annotate import Annotator
from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source
from gatewright.engine.outcome import ConditionOutcome
from gatewright.engine.secrecy.secrets import Secrets
from gatewright.engine.values import Map, Money, Timestamp, Value
from tests.engine.interpret.support import ERRS, HEAD, NOW, action, decide, policy

SCOPE = MapScope(
    {
        "a": Map.of({"n": 5, "who": "ann", "money": Money.parse("75.00 USD"), "card": "4111"}),
        "items": (1, 2, 3),
        "yes": True,
        "long": "x" * 200,
    }
)


class _Seen:
    """Keeps what the parts of an expression came to, as the interpreter does."""

    def __init__(self) -> None:
        self.seen: dict[int, Value | EvaluationError] = {}

    def record(self, node: object, outcome: Value | EvaluationError) -> None:
        self.seen[id(node)] = outcome


def shown(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """An expression with the values of its parts, as evaluated in the scope above."""
    parsed = parse_expression(text)
    trace = _Seen()
    with contextlib.suppress(EvaluationError):
        Evaluator(SCOPE, trace=trace).evaluate(parsed)
    return Annotator(trace.seen, Secrets(secrets), {}).write(parsed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.money < 50 USD", "a.money (75.00 USD) < 50 USD"),
        ('a.who == "bob"', 'a.who ("ann") == "bob"'),
        ("a.n+1 > 3 && yes", "a.n (5) + 1 > 3 && yes"),
        ("(a.n + 1) * 2 == 12", "(a.n (5) + 1) * 2 == 12"),
        ("a.n - (2 - 1) == 4", "a.n (5) - (2 - 1) == 4"),
        ("!(a.n == 5) || yes", "!(a.n (5) == 5) || yes"),
        ("-a.n < 0", "-a.n (5) < 0"),
        ("yes ? a.n > 1 : a.n > 2", "yes ? a.n (5) > 1 : a.n > 2"),
        ("a.n in 1 .. 5", "a.n (5) in 1 .. 5"),
        ("a.n in [1, a.n]", "a.n (5) in [1, a.n (5)]"),
        ("a.n == {'k': 5}['k']", "a.n (5) == {'k': 5}['k'] (5)"),
        ("items[1] == 2", "items[1] (2) == 2"),
        ("items[?1].hasValue()", "items[?1] (optional.of(2)).hasValue()"),
        ("a.?n.hasValue()", "a.?n (optional.of(5)).hasValue()"),
        ("a.`n` == 5", "a.n (5) == 5"),
        ("size(items) == 3", "size(items ([1, 2, 3])) (3) == 3"),
        ("items.size() == 3", "items.size() (3) == 3"),
        # Within a macro values change from turn to turn.
        ("items.exists(i, i > a.n)", "items.exists(i, i > a.n)"),
        ("cel.bind(x, a.n, x > 1)", "cel.bind(x, a.n, x > 1)"),
        ("has(a.n)", "has(a.n)"),
        ("[?a.?n].size() == 1", "[?a.?n (optional.of(5))].size() (1) == 1"),
        ("{?'k': a.?n}.size() == 1", "{?'k': a.?n (optional.of(5))}.size() (1) == 1"),
        (".yes && yes", ".yes && yes"),
        ("a.missing == 1", "a.missing (an error) == 1"),
        ("(5 > 3) && ((yes))", "5 > 3 && yes"),
    ],
)  # fmt: skip
def test_values_stand_beside_what_was_read(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_long_values_are_cut() -> None:
    text = shown('long == "y"')
    assert text.endswith('x…) == "y"')
    assert len(text) < 110


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ('a.card == "4111"', 'a.card (***) == "4111"'),
        ('a["card"] == "x"', 'a["card"] (***) == "x"'),
        ("size(a.card) == 4", "size(a.card (***)) (***) == 4"),
    ],
)
def test_secret_values_are_masked(text: str, hidden: str) -> None:
    assert shown(text, frozenset({"card"})) == hidden


# --- within a decision


def test_each_line_of_a_rule_is_shown_on_its_own() -> None:
    decision = decide(
        "rule a => auto_run guard g when action.n > 0 unless action.n > 5 => require clerk"
    )
    [guard] = [rule for rule in decision.rules if rule.name == "g"]
    assert [(c.kind, c.shown, c.result, c.holds) for c in guard.conditions] == [
        ("when", "action.n (1) > 0", "true", True),
        ("unless", "action.n (1) > 5", "false", True),
    ]
    assert guard.conditions[0].text == "action.n > 0"
    assert guard.conditions[0].to_dict()["at"] == guard.conditions[0].at.to_dict()


def test_an_error_stands_in_place_of_a_value() -> None:
    decision = decide(f"rule a => auto_run guard g when {ERRS} => require clerk")
    [guard] = [rule for rule in decision.rules if rule.name == "g"]
    [condition] = guard.conditions
    assert (condition.result, condition.holds) == ("error", None)
    assert condition.error == "`agent.nothing` is absent"
    assert condition.shown == "agent.nothing (an error) == 1"


BECAUSE = """type Card { number: string, @secret code: string }
action shop.pay { card: Card, @secret pin: string, n: int }
let code = action.card.code
"""


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("n is {action.n}", "n is 5"),
        ("{{n}} is {action.n + 1}", "{n} is 6"),
        ("by {agent.id}", "by bot"),
        ("pin {action.pin}", "pin ***"),
        ("code {code} of {action.card.number}", "code *** of 4111"),
        ("code {code.size()}", "code ***"),
        ("not there: {agent.nothing}", "not there: ?"),
    ],
)
def test_reasons_show_values_but_no_secrets(template: str, text: str) -> None:
    rules = policy(f'{BECAUSE} rule a on shop.pay => require clerk because "{template}"')
    params = {"card": {"number": "4111", "code": "123"}, "pin": "0000", "n": 5}
    given = action(name="shop.pay", params=params)
    assert decide(rules, given).because == (text,)


def test_secrets_stay_out_of_conditions_and_obligations() -> None:
    rules = policy(
        BECAUSE + 'rule a on shop.pay when action.pin == "0000" when code != "x"'
        " => require clerk obligate tell(action.pin, n: action.n, code: code)"
    )
    params = {"card": {"number": "4111", "code": "c0de"}, "pin": "0000", "n": 5}
    decision = decide(rules, action(name="shop.pay", params=params))
    [obligation] = decision.obligations
    assert obligation.args == {"0": "***", "n": 5, "code": "***"}
    told = str(decision.explain()) + str(decision.to_dict()) + str(decision.explain().to_dict())
    assert "c0de" not in told
    assert told.count("0000") == told.count('== "0000"'), "only what the policy itself says"


def test_an_outcome_names_its_condition() -> None:
    rules = policy("rule a when action.n == 1 => auto_run")
    outcome = rules.outcome(action())
    [rule] = outcome.rules
    [condition] = rule.rows[0].conditions
    assert isinstance(condition, ConditionOutcome)
    assert condition.truth.value == "true"


PAST = """package base
history paid = shop.refund
let paid_before = paid.count(within: 30d)
"""


@pytest.mark.parametrize(
    "asked",
    [
        "h.count(within: 30d)",
        "known",
        "b.paid_before",
        "b.paid.count(within: 30d)",
        "h.sum(n, within: 30d)",
        "[1].map(i, h.count(within: 30d))[0]",
    ],
)
def test_what_a_text_asks_is_asked_when_the_decision_is_taken(asked: str) -> None:
    """Later events change neither a reason, nor what is to be done."""
    import_line = HEAD.replace("package shop", "package shop\nimport base as b", 1)
    rules = load_source(
        [
            import_line + "history h = shop.refund let known = h.count(within: 30d)\n"
            f'rule a => require clerk because "saw {{{asked}}}" obligate tell(seen: {asked})\n'
            f'risk r when true => 5 because "saw {{{asked}}}"\n'
            'guard g when false => block because "saw {h.distinct(who, within: 30d)}"',
            PAST,
        ]
    )
    history = History([_paid("a-1")])
    now = Timestamp.parse(NOW)
    decision = rules.evaluate(action(), history, now=now)
    history.append(_paid("a-2"))
    assert decision.because == ("saw 1",)
    assert decision.obligations[0].args == {"seen": 1}
    assert decision.explain().risk_parts[0].because == "saw 1"
    assert rules.evaluate(action(), history, now=now).because == ("saw 2",)


def test_a_text_whose_question_has_no_answer_says_so() -> None:
    decision = decide(
        "history h = shop.refund"
        ' rule a => require clerk because "saw {h.count(who: agent.nothing, within: 30d)}"'
        ' @shadow guard g => block because "last rule: {agreement(a, within: 1d)}"'
    )
    assert decision.because == ("saw ?",)
    assert decision.rules[-1].because == "last rule: 0.0"


def _paid(event: str) -> dict[str, object]:
    return {"id": event, "action": "shop.refund", "at": "2026-06-15T11:00:00Z",
            "status": "executed", "params": {"n": 1}}  # fmt: skip
