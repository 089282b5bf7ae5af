"""`tier`, `cases` and `table` mean the rules that they stand for."""

from __future__ import annotations

import pytest

from gatewright.engine.decision import Decision
from tests.engine.interpret.support import ERRS, action, decide, effect, policy

TIER = policy(
    """rule by_n
      tier action.n {
        < 10     => auto_run
        10 .. 20 => require manager
        > 20     => require finance
      }"""
)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(9, "auto_run"), (10, "require manager"), (20, "require manager"), (21, "require finance"),
     (-(2**63), "auto_run"), (2**63 - 1, "require finance")],
)  # fmt: skip
def test_a_tier_is_a_ladder(n: int, expected: str) -> None:
    assert effect(decide(TIER, action(n))) == expected


CASES = policy(
    """on_error require legal
    default require clerk
    rule first
      when action.n > 0
      cases {
        action.n > 100 => block
        agent.age < 10 => require manager
        action.n > 10  => require finance
        else           => auto_run
      }"""
)


def _aged(n: int, **agent: object) -> Decision:
    return decide(CASES, action(n, agent={"id": "bot", **agent}))


@pytest.mark.parametrize(
    ("n", "age", "expected"),
    [
        (101, 5, "block"),
        (50, 5, "require manager"),
        (50, 50, "require finance"),
        (5, 50, "auto_run"),
        # The clauses of the rule hold for every row.
        (0, 5, "require clerk"),
    ],
)
def test_the_first_case_that_holds_counts(n: int, age: int, expected: str) -> None:
    assert effect(_aged(n, age=age)) == expected


def test_a_case_that_errs_makes_all_rows_behind_it_err() -> None:
    """Row i has the condition c_i && !c_1 && ..., so that an error of c_2 is one of rows 2 to 4."""
    assert effect(_aged(50)) == "require finance and legal"
    # The row that says `auto_run` errs as well, and does not open: the default counts.
    decision = _aged(5)
    assert effect(decision) == "require legal and manager"
    assert {rule.kind for rule in decision.rules} == {"rule", "default", "on_error"}
    # F && E is F: where the first case holds, what comes behind is not reached.
    assert effect(_aged(101)) == "block"
    assert not _aged(101).errors


TABLE = policy(
    """on_error require legal
    default require clerk
    rule moves
      table (changes.Stage.old, changes.Stage.new) {
        "new" | "open" => auto_run
        "new" | "done" => require manager
        "old" | _      => block
      }"""
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("new", "open", "auto_run"), ("new", "done", "require manager"), ("old", "x", "block"),
     ("x", "open", "require clerk")],
)  # fmt: skip
def test_a_row_of_a_table_is_the_conjunction_of_its_cells(
    old: str, new: str, expected: str
) -> None:
    changes = {"Stage": {"old": old, "new": new}}
    assert effect(decide(TABLE, action(changes=changes))) == expected


@pytest.mark.parametrize("table", ["table", "tier"])
def test_over_changes_it_applies_only_where_the_field_changes(table: str) -> None:
    tier = "tier changes.Amount.new { < 10 USD => block >= 10 USD => block }"
    body = tier if table == "tier" else "table (changes.Amount.new) { _ => block }"
    decision = decide(f"rule a => auto_run guard g {body}")
    assert (effect(decision), decision.errors) == ("auto_run", ())
    changes = {"Amount": {"old": "1.00 USD", "new": "2.00 USD"}}
    assert effect(decide(f"rule a => auto_run guard g {body}", action(changes=changes))) == "block"


def test_a_strictest_table_takes_all_rows_that_hold() -> None:
    table = policy(
        """rule r table strictest (action.n) {
             < 10 => require manager
             < 5  => require legal
             _    => require clerk
           }"""
    )
    assert effect(decide(table, action(1))) == "require legal and manager"
    assert effect(decide(table, action(7))) == "require manager"
    assert effect(decide(table, action(70))) == "require clerk"


def test_rows_that_err_contradict_each_other_and_are_asked_at_once() -> None:
    """Two rows of one rule exclude each other, but for an error: then both have their effect."""
    rules = f"""on_error require legal default auto_run
    rule r cases {{
      {ERRS} => require clerk then legal
      else   => require legal then clerk
    }}"""
    assert effect(decide(rules)) == "require clerk and legal"


def test_an_action_that_lacks_the_subject_takes_every_step() -> None:
    decision = decide(
        policy(
            """on_error require legal default auto_run
            rule by_n tier action.n { < 10 => require clerk >= 10 => require manager }"""
        ),
        action(None),
    )
    assert effect(decision) == "require legal and manager"
    assert decision.explain().absorbed[0].to_dict() == {"route": "clerk", "by": "manager"}
