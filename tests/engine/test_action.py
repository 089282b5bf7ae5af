"""Proposals -> actions: what is read, refused and salvaged."""

from __future__ import annotations

import copy
import enum
import pickle
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine import shape
from gatewright.engine.action import (
    Action,
    ActionError,
    Agent,
    Change,
    Changes,
    Context,
    Problem,
    Target,
)  # fmt: skip
from gatewright.engine.values import NOTHING, Duration, Map, Money, Timestamp, Uint, Value
from tests.engine.reading.test_json_text import JSON

FULL: dict[str, Any] = {
    "action": "billing.refund",
    "params": {"customer": "C-1", "amount": "75.00 USD"},
    "agent": {"id": "refund-bot", "owner": "team-support", "team": "support"},
    "target": {
        "system": "stripe", "object": "charge", "id": "ch_1", "attributes": {"status": "open"},
    },
    "changes": {"status": {"old": "open", "new": "refunded"}, "note": {"new": None}},
    "context": {
        "trigger": "ticket 812", "reasoning": "late", "evidence": [{"a": 1}], "confidence": 0.93,
    },
    "at": "2026-11-20T12:00:00Z",
    "idempotency_key": "k-1",
}  # fmt: skip


def refused(data: object) -> ActionError:
    """Return the error of a proposal that is not one."""
    with pytest.raises(ActionError) as raised:
        Action.from_dict(data)  # type: ignore[arg-type]
    return raised.value


def test_all_parts_are_read() -> None:
    action = Action.from_dict(FULL)
    assert action.name == "billing.refund"
    assert action.params == Map.of({"customer": "C-1", "amount": "75.00 USD"})
    assert action.agent == Agent("refund-bot", "team-support", Map.of({"team": "support"}))
    assert action.target == Target("stripe", "charge", "ch_1", Map.of({"status": "open"}))
    assert dict(action.changes) == {
        "status": Change("open", "refunded"), "note": Change(NOTHING, None),
    }  # fmt: skip
    assert action.context == Context("ticket 812", "late", (Map.of({"a": 1}),), 0.93)
    assert action.at == Timestamp.parse("2026-11-20T12:00:00Z")
    assert action.idempotency_key == "k-1"


def test_the_json_of_an_action_reads_back() -> None:
    action = Action.from_dict(FULL)
    agent = {"id": "refund-bot", "owner": "team-support", "attributes": {"team": "support"}}
    assert action.to_dict() == {**FULL, "agent": agent}
    for again in (Action.from_dict(action.to_dict()), Action.from_json(action.to_json())):
        assert again == action
        assert hash(again) == hash(action)
        assert again.to_dict() == action.to_dict()


def test_all_but_the_name_may_be_left_out() -> None:
    action = Action.from_dict({"action": "x"})
    assert action.to_dict() == {"action": "x", "params": {}}
    assert (action.agent, action.target, action.at, action.context) == (None, None, None, Context())
    assert len(action.changes) == 0


def test_null_is_left_out_in_the_envelope() -> None:
    nothing = dict.fromkeys(("params", "agent", "target", "changes", "context", "at"))
    assert Action.from_dict({"action": "x", **nothing}) == Action.from_dict({"action": "x"})
    assert Action.from_dict({"action": "x", "agent": {"id": None, "owner": None}}).agent == Agent()
    context = {"trigger": None, "evidence": None, "confidence": None}
    assert Action.from_dict({"action": "x", "context": context}).context == Context()
    target = Action.from_dict({"action": "x", "target": {"attributes": None}}).target
    assert target == Target()


def test_an_action_is_immutable_and_equal_by_its_json() -> None:
    action = Action.from_dict(FULL)
    with pytest.raises(AttributeError):
        action.name = "y"  # type: ignore[misc]
    assert action != Action.from_dict({**FULL, "at": "2026-11-20T12:00:01Z"})
    assert action != "billing.refund"
    assert action.digest.startswith("sha256:")
    one, double = ({"action": "x", "params": {"n": n}} for n in (1, 1.0))
    assert Action.from_dict(one) != Action.from_dict(double)
    assert Action.from_dict(one) != Action.from_dict({"action": "x", "params": {"n": True}})


def test_an_action_can_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests of the process may have used up the shapes.
    monkeypatch.setattr(shape, "MOST_SHAPES", 10**9)
    action = Action.from_dict(FULL)
    for copied in (copy.deepcopy(action), pickle.loads(pickle.dumps(action))):  # noqa: S301
        assert copied.digest == action.digest
        assert copied.to_dict() == action.to_dict()
        assert copied.changes["note"].old is NOTHING
        assert copied.shape is action.shape is not None
        assert [a is NOTHING for a in copied.values] == [a is NOTHING for a in action.values]


def test_an_action_is_not_made_of_plain_dicts() -> None:
    with pytest.raises(TypeError, match="from_dict"):
        Action("x", {"a": 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="from_dict"):
        Action("x", changes={})  # type: ignore[arg-type]


def test_the_caller_may_change_what_he_gave() -> None:
    params: dict[str, Any] = {"list": [1, 2], "map": {"a": [3]}}
    action = Action.from_dict({"action": "x", "params": params})
    params["list"].append(3)
    params["map"]["a"] = 4
    assert action.params == Map.of({"list": (1, 2), "map": Map.of({"a": (3,)})})
    assert repr(Changes({"a": Change(1, 2)})) == "Changes({'a': Change(old=1, new=2)})"


class Colour(str, enum.Enum):  # noqa: UP042 - the older kind is meant
    """An enum of texts, of the older kind whose `str()` is not its value."""

    RED = "red"


class Level(enum.IntEnum):
    """An enum of integers."""

    HIGH = 3


@pytest.mark.parametrize(
    ("given_value", "frozen"),
    [
        (Decimal("1.50"), Decimal("1.50")),
        (datetime(2026, 1, 1, tzinfo=UTC), Timestamp.parse("2026-01-01T00:00:00Z")),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),
         Timestamp.parse("2025-12-31T23:00:00Z")),
        (timedelta(days=1, microseconds=1), Duration((86_400 * 10**6 + 1) * 1000)),
        (Money(Decimal(75), "USD"), Money(Decimal(75), "USD")),
        (bytearray(b"a"), b"a"),
        ((1, [2]), (1, (2,))),
        (Timestamp(5), Timestamp(5)),
        (Duration(5), Duration(5)),
        (Uint(5), Uint(5)),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        ("e\u0301", "é"),
        ({"e\u0301": 1, 2: 3, True: 4}, Map([("é", 1), ("2", 3), ("true", 4)])),
        (Map.of({"a": 1}), Map.of({"a": 1})),
    ],
)  # fmt: skip
def test_values_of_python_are_taken_and_survive_json(given_value: object, frozen: Value) -> None:
    action = Action.from_dict({"action": "x", "params": {"v": given_value}})
    assert action.params["v"] == frozen
    assert type(action.params["v"]) is type(frozen)
    assert Action.from_json(action.to_json()) == action


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


def laughs() -> list[Any]:
    """Return a list that is small in memory and has 10^40 elements."""
    inner: list[Any] = []
    for _ in range(40):
        inner = [inner] * 10
    return inner


@pytest.mark.parametrize(
    ("given_value", "message"),
    [
        (float("nan"), "`params.v` is not a finite number"),
        (float("-inf"), "`params.v` is not a finite number"),
        (Decimal("NaN"), "`params.v` cannot be used: a decimal must be a finite number"),
        (Decimal("1e100"), "`params.v` cannot be used: a decimal has at most 60 digits"),
        (datetime(2026, 1, 1), "`params.v` cannot be used: an instant needs a time zone"),  # noqa: DTZ001
        (timedelta.max, "`params.v` cannot be used: the duration is longer than 292 years"),
        (10**60, "`params.v` has more than 60 digits"),
        (Money(Decimal(0), None), "`params.v` is money without a currency"),
        ("\ud800", "`params.v` has a lone surrogate, which is no character"),
        ({"a": "\udfff"}, "`params.v.a` has a lone surrogate, which is no character"),
        ({"\ud800": 1}, "`params.v` has a lone surrogate, which is no character"),
        ({"é": 1, "e\u0301": 2}, "`params.v` has the key `é` twice"),
        ({1: 1, "1": 2}, "`params.v` has the key `1` twice"),
        ({1.5: 1}, "`params.v` has a key that is not text"),
        ({2**64: 1}, "`params.v` has a key that is not text"),
    ],
)
def test_a_value_that_no_condition_can_hold_is_refused_alone(
    given_value: object, message: str
) -> None:
    data = {"action": "x", "params": {"v": given_value, "other": 1}}
    assert refused(data).message == message
    action, problems = Action.read(data)
    assert [str(p) for p in problems] == [message]
    assert action.params == Map.of({"other": 1})


@pytest.mark.parametrize("strange", [uuid.uuid4(), {1}, object(), 1j, range(3), iter([])])
def test_strange_values_are_refused(strange: object) -> None:
    error = refused({"action": "x", "params": {"v": strange}})
    assert error.message.startswith("`params.v` is of a kind that no action can hold")


def test_circles_and_explosions_end() -> None:
    assert (
        "nests deeper than 64 levels" in refused({"action": "x", "params": {"v": CIRCLE}}).message
    )
    assert "more than 100000 values" in refused({"action": "x", "params": {"v": laughs()}}).message


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        (None, "", "the action must be an object with keys such as action, params, agent"),
        ([], "", "the action must be an object with keys such as action, params, agent"),
        ('{"action": "x"}', "", "the action must be an object with keys such as action, params, agent;"
         " this is a text: read its JSON first, as with `json.loads`"),
        (b"x", "", "the action must be an object with keys such as action, params, agent;"
         " this is a text: read its JSON first, as with `json.loads`"),
        ({}, "action", "`action` is missing: it names the action, such as billing.refund"),
        ({"action": 3}, "action", "`action` must be text"),
        ({"action": ""}, "action", "`action` must not be empty"),
        ({"action": "a b"}, "action",
         "`action` must be plain words joined by dots, such as billing.refund"),
        ({"action": "a\u202eb"}, "action",
         "`action` must be plain words joined by dots, such as billing.refund"),
        ({"action": "a" * 257}, "action", "`action` must not be longer than 256 characters"),
        ({"action": "x", "parms": {}}, "parms", "`parms` is no key: did you mean `params`?"),
        ({"action": "x", "zzz": 1}, "zzz",
         "`zzz` is no key: known are action, params, agent, target, changes, context, at, "
         "idempotency_key"),
        ({"action": "x", "a\nb": 1}, '["a\\nb"]',
         "`a\\nb` is no key: known are action, params, agent, target, changes, context, at, "
         "idempotency_key"),
        ({"action": "x", 5: 1}, '["5"]',
         "`5` is no key: known are action, params, agent, target, changes, context, at, "
         "idempotency_key"),
        ({"action": "x", None: 1}, "", "the action has a key that is not text"),
        ({"action": "x", "params": []}, "params", "`params` must be an object"),
        ({"action": "x", "agent": "bot"}, "agent", "`agent` must be an object"),
        ({"action": "x", "agent": {"id": 3}}, "agent.id", "`agent.id` must be text"),
        ({"action": "x", "agent": {"id": ""}}, "agent.id", "`agent.id` must not be empty"),
        ({"action": "x", "agent": {"attributes": {"id": "boss"}}}, "agent.attributes.id",
         "`agent.attributes.id` belongs beside `attributes`, and only once"),
        ({"action": "x", "agent": {"team": 1, "attributes": {"team": 2}}}, "agent.attributes.team",
         "`agent.attributes.team` belongs beside `attributes`, and only once"),
        ({"action": "x", "target": {"sytem": "s"}}, "target.sytem",
         "`sytem` is no key of `target`: did you mean `system`?"),
        ({"action": "x", "target": 1}, "target",
         "`target` must be an object with keys such as system, object, id"),
        ({"action": "x", "changes": {"F": 1}}, "changes.F",
         "`changes.F` must be an object with `old` and `new`"),
        ({"action": "x", "changes": {"F": {}}}, "changes.F",
         "`changes.F` must be an object with `old` and `new`, and nothing else"),
        ({"action": "x", "changes": {"F": {"old": 1, "neu": 2}}}, "changes.F",
         "`changes.F` must be an object with `old` and `new`, and nothing else"),
        ({"action": "x", "changes": [1]}, "changes", "`changes` must be an object"),
        ({"action": "x", "context": {"evidence": "e"}}, "context.evidence",
         "`context.evidence` must be a list, not a string"),
        ({"action": "x", "context": {"confidence": 93}}, "context.confidence",
         "`context.confidence` must be a number between 0 and 1"),
        ({"action": "x", "context": {"confidence": True}}, "context.confidence",
         "`context.confidence` must be a number between 0 and 1"),
        ({"action": "x", "context": {"reasoning": 1}}, "context.reasoning",
         "`context.reasoning` must be text"),
        ({"action": "x", "at": "yesterday"}, "at",
         "`at` cannot be used: the text is not an instant such as 2026-12-02T00:00:00Z"),
        ({"action": "x", "at": 1795000000}, "at",
         "`at` must be an instant such as 2026-12-02T00:00:00Z"),
        ({"action": "x", "at": datetime(2026, 1, 1)}, "at",  # noqa: DTZ001
         "`at` cannot be used: an instant needs a time zone"),
        ({"action": "x", "idempotency_key": "k" * 257}, "idempotency_key",
         "`idempotency_key` must not be longer than 256 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_envelope_is_told_with_its_place(
    data: object, path: str, message: str
) -> None:
    error = refused(data)
    assert (error.path, error.message) == (path, message)
    _, problems = Action.read(data)
    assert Problem(path, message) in problems


def test_long_names_are_cut_in_messages() -> None:
    message = refused({"action": "x", "k" * 5000: 1}).message
    assert f"`{'k' * 60}...`" in message
    assert len(message) < 300


def test_a_proposal_is_salvaged() -> None:
    action, problems = Action.read(
        {"action": "x", "params": {"good": 1, "bad": {1}}, "agent": {"id": "bot", "owner": 5},
         "changes": {"A": {"old": 1, "new": 2}, "B": 7}, "at": "?", "extra": 1}
    )  # fmt: skip
    assert action.params == Map.of({"good": 1})
    assert action.agent == Agent("bot", None)
    assert dict(action.changes) == {"A": Change(1, 2), "B": Change(NOTHING, NOTHING)}
    assert action.at is None
    assert sorted(p.path for p in problems) == [
        "agent.owner",
        "at",
        "changes.B",
        "extra",
        "params.bad",
    ]


def test_an_action_is_read_as_it_is() -> None:
    action = Action.from_dict(FULL)
    assert Action.read(action) == (action, ())
    assert Action.from_dict(action) is action  # type: ignore[arg-type]


def test_problems_are_capped() -> None:
    _, problems = Action.read({"action": "x", **{f"k{i}": i for i in range(500)}})
    assert len(problems) == 50


def test_an_instant_may_be_given_as_python_has_it() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert Action.from_dict({"action": "x", "at": at}).at == Timestamp.from_datetime(at)
    assert Action.from_dict({"action": "x", "at": Timestamp(7)}).at == Timestamp(7)


ENVELOPES = st.dictionaries(
    st.sampled_from([*FULL, "other"]),
    JSON | st.fixed_dictionaries({}, optional={"id": JSON, "old": JSON, "attributes": JSON}),
)


@given(ENVELOPES | JSON)
def test_read_never_raises_and_what_it_reads_is_an_action(data: object) -> None:
    action, problems = Action.read(data)
    assert action.digest == Action.read(action.to_dict())[0].digest
    if not problems:
        assert Action.from_dict(data) == action  # type: ignore[arg-type]
        assert Action.from_json(action.to_json()) == action
    else:
        assert refused(data).message == problems[0].message


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_from_json_ends_in_an_action_or_an_error(text: str | bytes) -> None:
    try:
        Action.from_json(text)
    except ActionError as error:
        assert error.message


def test_json_is_read_and_written_with_its_numbers_as_they_stand() -> None:
    action = Action.from_json('{"action": "x", "params": {"n": 1.50, "m": 12345678901234567890}}')
    assert action.to_json() == '{"action": "x", "params": {"n": 1.50, "m": 12345678901234567890}}'
    with pytest.raises(ActionError, match="must be an object"):
        Action.from_json("[]")
