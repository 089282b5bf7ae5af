"""The lint `chosen-approver`."""

from __future__ import annotations

import pytest

from gatewright.dsl.lint import lint
from tests.dsl.lint.support import checked, found

CODE = "GW1021"
PACKAGE = """package billing
type Charge { owner: string }
action billing.refund on stripe.charge as Charge {
  customer: string, reviewer: string, reviewers: list<string>, public: bool,
  changes { Owner: string }
}
let chosen = action.reviewer
let kept = "ann"
"""


def _route(people: str) -> str:
    return f"{PACKAGE}route r {{ one of {people} }}"


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ("user(action.reviewer)", "action.reviewer"),
        ("group(action.reviewer)", "action.reviewer"),
        ("role(action.reviewer.lowerAscii())", "action.reviewer.lowerAscii()"),
        ("action.reviewer", "action.reviewer"),
        ("action.reviewers", "action.reviewers"),
        ("action.reviewers[0]", "action.reviewers[0]"),
        ("[group('it'), user(action.reviewer)]", "action.reviewer"),
        ("(action.public ? user('ann') : user(action.reviewer))", "action.reviewer"),
        ("user(action.public ? 'ann' : action.reviewer)", "action.public ? 'ann' : action.reviewer"),
        ("user(chosen)", "chosen"),
        ("(has(context.trigger) ? user(context.trigger) : group('it'))", "context.trigger"),
        ("(changes.has('Owner') ? user(changes.Owner.new) : group('it'))", "changes.Owner.new"),
    ],
)  # fmt: skip
def test_approvers_that_are_the_word_of_the_agent(people: str, told: str) -> None:
    assert found(CODE, _route(people)) == [
        f"`{told}` the agent says who approves: this is its own word | `r` asks whom it names: `r`"
    ]


@pytest.mark.parametrize(
    "people",
    [
        "group('it')",
        "user(target.owner)",
        "user(kept)",
        "(changes.has('Owner') ? user(changes.Owner.old) : group('it'))",
        "(action.public ? user('ann') : user('bob'))",
        "data.customers",
        "group('team-' + action.reviewer)",
        "user({'C-1': 'ann'}[action.customer])",
    ],
)
def test_people_that_the_policies_or_the_system_name_are_fine(people: str) -> None:
    assert found(CODE, _route(people)) == []


def test_the_place_is_what_names_the_approver() -> None:
    (told,) = [d for d in lint(checked(_route("user(action.reviewer)"))) if d.code == CODE]
    assert told.span.begin == (9, 23)


def test_lets_that_name_each_other_twice_are_read_once_each() -> None:
    lets = ["let l0 = action.reviewer"]
    lets += [f"let l{i} = action.public ? l{i - 1} : l{i - 1}" for i in range(1, 30)]
    text = PACKAGE + "\n".join([*lets, "route r { one of user(l29) }"])
    assert len(found(CODE, text)) == 1
