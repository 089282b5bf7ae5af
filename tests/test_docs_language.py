"""Every example of docs/language.md and docs/testing.md is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gatewright.dsl.load import check_sources
from gatewright.dsl.source import Source
from gatewright.engine.action import Action
from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.event import Event
from gatewright.engine.history.memory import History
from gatewright.engine.policy_tests.run import run_tests

_PAGE = Path(__file__).parent.parent / "docs" / "language.md"
_BLOCK = re.compile(r"^```(gate|cel|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PRELUDE = """
package docs.page
action billing.refund {
  customer: string, amount: money(USD), quantity: int, rate: decimal, reason?: string
}
history refunds = billing.refund where status in ["executed", "pending"]
calendar office { zone "Europe/Berlin" hours "09:00-17:30" }
route manager { one of group("x") }
rule by_amount on billing.refund => require manager
"""

_BESIDE = """
package docs.reference
action zendesk.ticket.comment { body: string }
route team_lead { one of group("team-leads") }
route finance { one of group("finance") }
route security { one of group("security") }
guard daily_budget on billing.refund when action.amount > 1000 USD => require finance
guard repeat on billing.refund
  when refunds.count(customer: action.customer, within: 30d) >= 1
  => require manager
  because "The last one was within 30 days."
"""
"""What the declarations of the reference name besides each other."""
_DATA: dict[str, object] = {"known": ["C-1"], "holidays": ["2026-12-25"]}


def _blocks(kind: str) -> list[str]:
    return [m.group(2) for m in _BLOCK.finditer(_PAGE.read_text("utf-8")) if m.group(1) == kind]


def _check(text: str, data: dict[str, object] | None = None) -> PolicySet:
    policy, diagnostics = check_sources([Source("docs", text)], data)
    assert policy is not None, [str(d) for d in diagnostics]
    return PolicySet(policy)


@pytest.mark.parametrize("text", _blocks("gate"), ids=lambda text: text.split("\n")[0])
def test_a_policy_of_the_page_passes_its_own_tests(text: str) -> None:
    results = run_tests(_check(text))
    assert results
    assert [r.message for r in results if not r.passed] == []


def test_evidence_opens_what_the_page_says_and_in_shadow_nothing() -> None:
    (shadowed,) = (text for text in _blocks("gate") if "package tutorial.evidence" in text)
    line = "unless proven && action.amount < 80 USD"
    assert f"`{line}`" in _PAGE.read_text("utf-8")
    opened = shadowed.replace("@shadow\n", "")
    medium = "rule medium on billing.refund when action.amount >= 50 USD"
    assert opened != shadowed and medium in opened
    armed = opened.replace(medium, f"{medium} {line}")
    refund = {"action": "billing.refund", "params": {"customer": "C-1", "amount": "60.00 USD"},
              "agent": {"id": "refund-bot"}, "at": "2026-11-20T12:00:00Z"}  # fmt: skip
    answered = {**refund, "status": "executed", "at": "2026-11-10T12:00:00Z", "decided_by": "ann",
                "agent": {"id": "other-bot"}, "rules": ["tutorial.evidence.medium"]}  # fmt: skip
    past: list[dict[str, object]] = [{**answered, "id": f"run-{n}"} for n in range(100)]

    def runs(text: str, events: list[dict[str, object]]) -> bool:
        return _check(text).evaluate(refund, History(events)).effect is Effect.AUTO_RUN

    assert [runs(text, past) for text in (shadowed, opened, armed)] == [False, False, True]
    assert not runs(armed, past[:1])


def test_the_declarations_of_the_reference_are_one_policy_that_passes_its_test() -> None:
    reference = _PAGE.read_text("utf-8").partition("\n## Declarations\n")[2]
    reference = re.sub(r"^```.*?^```", "", reference, flags=re.MULTILINE | re.DOTALL)
    shown = re.findall(r"^    (.*)$", reference, re.MULTILINE)
    policy = _check("\n".join([_BESIDE, *shown]), _DATA)
    (result,) = run_tests(policy)
    assert result.passed, result.message
    kinds = {"action", "type", "let", "default", "on_error", "permit", "route", "calendar", "rule",
             "exception", "risk", "guard", "invariant", "history", "test"}  # fmt: skip
    assert {line.split()[0] for line in shown} >= kinds


@pytest.mark.parametrize(
    "condition", [line for block in _blocks("cel") for line in block.splitlines()]
)
def test_a_condition_of_the_page_is_right(condition: str) -> None:
    _check(f"{_PRELUDE}\nguard g on billing.refund when {condition} => require manager\n")


@pytest.mark.parametrize("text", _blocks("json"), ids=["tutorial", "action", "history"])
def test_json_of_the_page_is_an_action_or_a_past_one(text: str) -> None:
    data = json.loads(text)
    if "status" in data:
        assert Event.from_dict(data).to_dict() == data
    else:
        assert Action.read(data)[1] == ()


def test_every_key_of_an_action_is_on_the_page() -> None:
    _, problems = Action.read({"action": "a.b", "!": 1})
    known = problems[0].message.partition("known are ")[2].split(", ")
    assert list(json.loads(_blocks("json")[1])) == known


def test_the_page_has_examples_of_both_kinds() -> None:
    assert len(_blocks("gate")) >= 4
    assert len(_blocks("cel")) >= 2


def test_the_python_of_the_testing_page_runs() -> None:
    page = (_PAGE.parent / "testing.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    done = subprocess.run([sys.executable, "-c", blocks[0]], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0
