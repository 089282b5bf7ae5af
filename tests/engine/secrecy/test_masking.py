"""What is secret, and JSON without it."""

from __future__ import annotations

from typing import Any

import pytest

from gatewright.dsl import types as t
from gatewright.dsl.policy import ActionType
from gatewright.engine.action import Action
from gatewright.engine.reading.json_text import Json
from gatewright.engine.secrecy.masking import mask, secret_fields
from tests.engine.declared import action_type

TYPES = """
type Charge { status: string, @secret card?: string, owner?: Person }
type Person { name: string, @secret ssn?: string }
"""


def declared() -> ActionType:
    return action_type(
        "@secret pin?: string, person?: Person, people?: list<Person>, by?: map<string, Person>,"
        " plain?: string, changes { card: string, status: string, owner: Person,"
        " @secret code: string }",
        "on stripe.charge as Charge",
        TYPES,
    )


def test_secret_fields_are_found_in_every_part_of_an_action() -> None:
    assert secret_fields(declared()) == {
        "params.pin",
        "params.person.ssn",
        "params.people.*.ssn",
        "params.by.*.ssn",
        "target.attributes.card",
        "target.attributes.owner.ssn",
        "changes.card.old",
        "changes.card.new",
        "changes.owner.old.ssn",
        "changes.owner.new.ssn",
        "changes.code.old",
        "changes.code.new",
    }
    assert secret_fields(None) == frozenset()
    assert secret_fields(action_type("a?: string")) == frozenset()


def test_optional_types_are_entered() -> None:
    inner = t.RecordType("R", (("s", t.FieldType(t.STRING, secret=True)),))
    record = t.RecordType("A", (("o", t.FieldType(t.OptionalType(inner))),))
    base = action_type()
    action = ActionType(
        base.name, base.package, record, base.changes, None, None, None, False, base.span
    )
    assert secret_fields(action) == {"params.o.s"}


def test_an_action_is_masked() -> None:
    data: dict[str, Any] = {
        "action": "billing.refund",
        "params": {
            "pin": "S", "plain": "p", "person": {"name": "n", "ssn": "S"},
            "people": [{"name": "n", "ssn": "S"}, {"name": "m"}, "S"],
            "by": {"k": {"name": "n", "ssn": "S"}},
        },
        "target": {"attributes": {"card": "S", "status": "open", "owner": "S"}},
        "changes": {"card": {"old": "S", "new": "S"}, "status": {"old": "a", "new": "b"}},
    }  # fmt: skip
    tree = Action.from_dict(data).to_dict()
    masked = mask(tree, secret_fields(declared()))
    assert masked == {
        "action": "billing.refund",
        "params": {
            "pin": "***", "plain": "p", "person": {"name": "n", "ssn": "***"},
            "people": [{"name": "n", "ssn": "***"}, {"name": "m"}, "***"],
            "by": {"k": {"name": "n", "ssn": "***"}},
        },
        "target": {"attributes": {"card": "***", "status": "open", "owner": "***"}},
        "changes": {"card": {"old": "***", "new": "***"}, "status": {"old": "a", "new": "b"}},
    }  # fmt: skip
    assert tree == Action.from_dict(data).to_dict()


@pytest.mark.parametrize(
    ("data", "paths", "masked"),
    [
        ({"a": 1}, [], {"a": 1}),
        ({"a": 1}, ["b"], {"a": 1}),
        ({"a": {"b": 1}}, ["a", "a.b"], {"a": "***"}),
        ({"a": None}, ["a"], {"a": "***"}),
        ({"a": [1, 2]}, ["a.*"], {"a": ["***", "***"]}),
        ({"a": 5}, ["a.*"], {"a": "***"}),
        ({"a": [{"b": 1}]}, ["a.b"], {"a": "***"}),
        ([1], ["a"], "***"),
    ],
)
def test_what_stands_at_a_secret_path_is_masked(data: Json, paths: list[str], masked: Json) -> None:
    assert mask(data, paths) == masked
