"""Past actions as JSON lines, and a history in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl.resolve import histories
from gatewright.engine.action import Action, ActionError
from gatewright.engine.history.event import STATUSES, Event, Status
from gatewright.engine.history.memory import History
from gatewright.engine.history.query import OWN_FIELDS
from gatewright.engine.values import Map, Timestamp

FULL: dict[str, Any] = {
    "id": "a-1",
    "action": "billing.refund",
    "params": {"customer": "C-1", "amount": "5.00 USD"},
    "agent": {"id": "refund-bot"},
    "target": {"id": "ch_1"},
    "at": "2026-11-20T12:00:00Z",
    "status": "executed",
    "decided_by": "ann",
    "decided_at": "2026-11-20T12:05:00Z",
    "rules": ["billing.refunds.by_amount"],
}
SHORT: dict[str, Any] = {
    "id": "a-1", "action": "billing.refund", "at": "2026-11-20T12:00:00Z", "status": "pending",
}  # fmt: skip


def test_statuses_and_fields_are_those_of_the_language() -> None:
    assert get_args(Status) == STATUSES == histories.STATUSES
    assert set(OWN_FIELDS) == histories.EVENT_FIELDS


def test_an_event_reads_back() -> None:
    event = Event.from_dict(FULL)
    assert event == Event(
        "a-1", "billing.refund", Timestamp.parse("2026-11-20T12:00:00Z"), "executed",
        Map.of({"customer": "C-1", "amount": "5.00 USD"}), "refund-bot", "ch_1", "ann",
        Timestamp.parse("2026-11-20T12:05:00Z"), ("billing.refunds.by_amount",),
    )  # fmt: skip
    assert event.to_dict() == FULL
    assert Event.from_dict(SHORT).to_dict() == {**SHORT, "params": {}}
    nothing = dict.fromkeys(("agent", "target", "decided_by", "decided_at", "rules", "params"))
    assert Event.from_dict({**SHORT, **nothing}) == Event.from_dict(SHORT)
    brief: dict[str, Any] = {**SHORT, "agent": "bot", "target": "ch", "params": {}}
    full = {**brief, "agent": {"id": "bot", "owner": "x"}, "target": {"id": "ch", "system": "s"}}
    assert Event.from_dict(brief) == Event.from_dict(full)
    assert Event.from_dict({**SHORT, "agent": {"id": None}}).agent is None


def test_the_event_of_an_action() -> None:
    at = Timestamp(5)
    data = {"action": "x", "params": {"a": 1}, "agent": {"id": "bot"}, "target": {"id": "t"}}
    event = Event.of(Action.from_dict(data), "a-1", at, "pending")
    assert event == Event("a-1", "x", at, "pending", Map.of({"a": 1}), "bot", "t")
    assert Event.of(Action.from_dict({"action": "x"}), "a-1", at, "pending").agent is None


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"id": None}, "id", "`id` is missing"),
        ({"id": 1}, "id", "`id` must be text"),
        ({"id": ""}, "id", "`id` must not be empty"),
        ({"action": None}, "action", "`action` is missing"),
        ({"at": None}, "at", "`at` is missing"),
        ({"at": "noon"}, "at",
         "`at` cannot be used: the text is not an instant such as 2026-12-02T00:00:00Z"),
        ({"status": None}, "status", "`status` is missing"),
        ({"status": "done"}, "status",
         "`status` must be one of pending, executed, rejected, blocked, failed, compensated"),
        ({"params": [1]}, "params", "`params` must be an object"),
        ({"params": {"a": float("nan")}}, "params.a", "`params.a` is not a finite number"),
        ({"agent": 5}, "agent", "`agent` must be text"),
        ({"agent": {"id": 5}}, "agent.id", "`agent.id` must be text"),
        ({"decided_by": 5}, "decided_by", "`decided_by` must be text"),
        ({"rules": "r"}, "rules", "`rules` must be a list of names"),
        ({"rules": [1]}, "rules", "`rules` must be a list of names"),
        ({"stauts": 1}, "stauts", "`stauts` is no key: did you mean `status`?"),
    ],
)  # fmt: skip
def test_what_is_no_event(change: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(ActionError) as raised:
        Event.from_dict({**SHORT, **change})
    assert (raised.value.path, raised.value.message) == (path, message)


def test_an_event_is_an_object() -> None:
    with pytest.raises(ActionError, match="must be an object"):
        Event.from_dict([])


def lines(*records: dict[str, Any]) -> str:
    return "\n".join(json.dumps(record) for record in records)


def test_a_later_record_tells_the_outcome_of_the_same_action() -> None:
    history = History.from_jsonl(
        lines(
            {**SHORT, "params": {"n": 1}},
            {**SHORT, "id": "a-2"},
            {**SHORT, "params": {"n": 1}, "status": "executed", "at": "2026-11-21T00:00:00Z",
             "decided_by": "ann", "rules": ["p.r"]},
            {**SHORT, "params": {"n": 1}, "status": "failed"},
        )
    )  # fmt: skip
    assert len(history) == 2
    first, second = history
    assert (first.status, first.decided_by, first.rules) == ("failed", "ann", ("p.r",))
    assert first.at == Timestamp.parse("2026-11-20T12:00:00Z")
    assert second.id == "a-2"


@pytest.mark.parametrize("change", [{"action": "x"}, {"params": {"n": 1}}, {"agent": "b"}])
def test_an_id_stands_for_one_action(change: dict[str, Any]) -> None:
    with pytest.raises(ActionError) as raised:
        History([SHORT, {**SHORT, **change}])
    assert raised.value.message == "`id` stands for another action already"


def test_events_and_dicts_can_be_appended() -> None:
    history = History([Event.from_dict(SHORT)])
    history.append({**SHORT, "id": "a-2"})
    assert [event.id for event in history] == ["a-1", "a-2"]


def test_json_lines_from_text_bytes_and_file(tmp_path: Path) -> None:
    second = json.dumps({**SHORT, "id": "a-2\u2028"}, ensure_ascii=False)
    text = f"\ufeff{json.dumps(SHORT)}\r\n\n  \n{second}\n"
    file = tmp_path / "history.jsonl"
    file.write_bytes(text.encode())
    for source in (text, text.encode(), file):
        assert [event.id for event in History.from_jsonl(source)] == ["a-1", "a-2\u2028"]
    assert len(History.from_jsonl("")) == 0


@pytest.mark.parametrize(
    ("line", "message", "path"),
    [
        ('{"id": 1', "line 3, column 1: the text ends before the object that begins here", ""),
        (json.dumps({**SHORT, "status": "x"}),
         "line 3: `status` must be one of pending, executed, rejected, blocked, failed, "
         "compensated",
         "status"),
        (json.dumps({**SHORT, "action": "other"}), "line 3: `id` stands for another action already",
         "id"),
    ],
)  # fmt: skip
def test_errors_name_the_line(line: str, message: str, path: str) -> None:
    with pytest.raises(ActionError) as raised:
        History.from_jsonl(f"{json.dumps(SHORT)}\n\n{line}\n")
    assert (str(raised.value), raised.value.path) == (message, path)


@given(st.binary(max_size=100) | st.text(alphabet='{}":, \nidactonsu12', max_size=60))
def test_any_text_is_a_history_or_an_error_of_a_line(source: str | bytes) -> None:
    try:
        History.from_jsonl(source)
    except ActionError as error:
        assert error.line is not None
        assert error.line >= 1
