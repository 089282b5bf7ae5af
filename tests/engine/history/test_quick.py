"""What is read fast of past actions is what the careful readers read; all else is left to them."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.history import memory
from gatewright.engine.history.event import STATUSES, Event
from gatewright.engine.history.memory import History
from gatewright.engine.history.quick import quick_event
from gatewright.engine.reading import json_text
from gatewright.engine.reading.json_text import MAX_DEPTH, Json, read_json
from gatewright.engine.reading.problems import ActionError

USUAL: dict[str, Any] = {
    "id": "a-1",
    "action": "billing.refund",
    "params": {"customer": "C-1", "amount": "5.00 USD", "n": 5, "sure": True, "f": 1.50, "no": None,
               "name": "Mu\u0308ller", "tags": ["a", {"b": [1]}]},
    "agent": {"id": "refund-bot", "team": {"name": "x"}},
    "target": "ch_1",
    "at": "2026-11-20T12:00:00Z",
    "status": "executed",
    "decided_by": "J\u00fcrgen",
    "decided_at": "2026-11-20T12:05:00.123456+00:00",
    "rules": ["billing.refunds.by_amount", "\u00fc"],
}  # fmt: skip
SHORT = {key: USUAL[key] for key in ("id", "action", "at", "status")}
MARKS = "e" + "\u0301" * 300  # a text that has no normal form


def read(data: Json) -> Event | tuple[str, str]:
    """Return the event that the careful reader gives, or what it says is wrong, and where."""
    try:
        return Event.from_dict(data)
    except ActionError as error:
        return error.message, error.path


def same_as_read(data: object) -> bool:
    """Tell whether an event is read fast; if so it must be the one that is read with care."""
    plain = read_json(json.dumps(data))
    quick = quick_event(plain)
    if quick is None:
        return False
    assert repr(quick) == repr(read(plain))
    return True


def test_a_usual_event_is_read_fast() -> None:
    assert same_as_read(USUAL)
    assert same_as_read(SHORT)
    assert same_as_read({**SHORT, **dict.fromkeys(set(USUAL) - set(SHORT))})
    parts: list[dict[str, Any]] = [
        {"agent": {"id": None}}, {"agent": {}}, {"params": {}}, {"rules": []},
        {"at": "2026-11-20T12:00:00.5+01:00"},
    ]  # fmt: skip
    for part in parts:
        assert same_as_read({**USUAL, **part})


@pytest.mark.parametrize(
    "part",
    [
        {"id": None}, {"id": ""}, {"id": 5}, {"id": MARKS}, {"action": None}, {"action": [1]},
        {"at": None}, {"at": 5}, {"at": "noon"}, {"at": "2026-11-20T24:00:00Z"}, {"at": []},
        {"status": None}, {"status": "done"}, {"status": []}, {"status": True}, {"status": {}},
        {"params": 5}, {"params": []}, {"params": ""}, {"params": False}, {"params": {"é": 1}},
        {"params": {"a": MARKS}}, {"params": {"a": [MARKS]}}, {"params": {"a": {MARKS: 1}}},
        {"agent": 5}, {"agent": ""}, {"agent": {"id": 5}}, {"agent": {"id": ""}}, {"agent": []},
        {"target": {"id": []}}, {"decided_by": ""}, {"decided_by": False}, {"decided_at": ""},
        {"decided_at": 0}, {"rules": "r"}, {"rules": [1]}, {"rules": {}}, {"rules": [None]},
        {"stauts": "x"}, {"": None},
    ],
    ids=ascii,
)  # fmt: skip
def test_whatever_is_unusual_is_left_to_the_reader(part: dict[str, Any]) -> None:
    assert not same_as_read({**USUAL, **part})


@pytest.mark.parametrize("data", [[], "a", 5, None, [USUAL], True])
def test_what_is_no_object_is_left_to_the_reader(data: Json) -> None:
    assert quick_event(data) is None


# --- whole lines ----------------------------------------------------------------------------------

TEXTS = st.sampled_from(
    ["", "a", "a-1", "M\u00fcller", "e\u0301", MARKS, "\U0001f600", "\x00", '"\\']
)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    TEXTS,
    st.sampled_from([None, True, 0, -1, 10**25, 10**59, 10**60, 1.5, 1e300]),
    st.sampled_from([float("nan"), float("inf"), float("-inf")]),
)
KEYS = st.sampled_from(["id", "a", "amount", "\u00e9", "e\u0301", MARKS, ""])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)
INSTANTS: st.SearchStrategy[Any] = st.sampled_from([
    "2026-11-20T12:00:00.5Z", "2026-11-20T24:00:00Z", "2026-11-20T12:00:00+01:00", "noon",
    "2026-02-30T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999Z",
])  # fmt: skip
CHANGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "id": TEXTS | SCALARS,
        "action": TEXTS | VALUES,
        "at": INSTANTS | VALUES,
        "status": st.sampled_from(STATUSES) | VALUES,
        "params": st.dictionaries(KEYS, VALUES, max_size=4) | VALUES,
        "agent": TEXTS | st.fixed_dictionaries({"id": TEXTS}) | VALUES,
        "target": TEXTS | st.fixed_dictionaries({"id": TEXTS}) | VALUES,
        "decided_by": TEXTS | VALUES,
        "decided_at": INSTANTS | VALUES,
        "rules": st.lists(TEXTS, max_size=3) | VALUES,
        "other": VALUES,
    },
)
NOISE = st.sampled_from([
    "", ",", '"', "\\", "{", "}", "1", "[" * MAX_DEPTH, "1" * 10_000, '"id": 1,', r"\ud800",
    r"\u00e9", "\x00", "\r", " ", "NaN", "\ufeff",
])  # fmt: skip


def line_of(change: dict[str, Any], ascii_only: bool, noise: str, at: int) -> bytes:
    line = json.dumps({**USUAL, **change}, ensure_ascii=ascii_only)
    return (line[:at] + noise + line[at:]).encode()


LINES = st.one_of(
    st.builds(line_of, CHANGES, st.booleans(), st.just(""), st.just(0)),
    st.builds(line_of, CHANGES, st.booleans(), NOISE, st.integers(0, 300)),
    st.binary(max_size=3),
    st.sampled_from([
        b"", b" \t", b"{}", b"[]", b'{"a": \xff}', b'{"a": "\xed\xa0\x80"}', b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 1}', b"NaN", b"-Infinity", b"1" * 10_000, b"[" * 70 + b"]" * 70,
    ]),
)  # fmt: skip


def history_of(source: str | bytes) -> list[str] | tuple[str, str, int | None, int | None]:
    """Return the events of a history, or what is wrong, and in which line and column."""
    try:
        return [repr(event) for event in History.from_jsonl(source)]
    except ActionError as error:
        return error.message, error.path, error.line, error.column


def careful(source: str | bytes) -> object:
    """Read a history by the readers that say what is wrong."""
    with (
        mock.patch.object(memory, "quick_event", return_value=None),
        mock.patch.object(json_text, "_read_plain", side_effect=ValueError),
    ):
        return history_of(source)


@given(st.lists(LINES, max_size=4))
def test_lines_are_read_as_with_care(lines: list[bytes]) -> None:
    source = b"\n".join(lines)
    assert history_of(source) == careful(source)
    text = source.decode("utf-8", "surrogateescape")  # bad bytes become lone surrogates
    assert history_of(text) == careful(text)


@pytest.mark.parametrize(
    ("bad", "message", "column"),
    [
        (b'{"id": 1, "id": 2}', "the key `id` is given twice", 11),
        (b'{"params": {"a": 1, "\\u0061": 2}}', "the key `a` is given twice", 21),
        (b'{"params": {"a": NaN}}', "`NaN` is not a number", 18),
        (b'{"params": {"a": -Infinity}}', "`-Infinity` is not a number", 18),
        (b'{"params": {"a": ' + b"1" * 10_000 + b"}}", "the number has more than 60 digits", 18),
        (b'{"params": {"a": 1e400}}', "the number is beyond what a double can hold", 18),
        (b'{"params": {"a": "\\ud800"}}', "a lone surrogate is no character", 19),
        (b'{"id": "\xff"}', "the text is not UTF-8", 9),
        (b'{"params": ' + b"[" * 64, "lists and objects nest deeper than 64 levels", 75),
    ],
)
def test_what_is_refused_and_where(bad: bytes, message: str, column: int) -> None:
    good = json.dumps(USUAL).encode()
    with pytest.raises(ActionError) as raised:
        History.from_jsonl(good + b"\n\n" + bad + b"\n" + good)
    assert (raised.value.message, raised.value.line, raised.value.column) == (message, 3, column)


def test_usual_lines_need_no_careful_reader() -> None:
    usual = [{**USUAL, "id": f"a-{n}"} for n in range(3)]
    source = "\r\n".join(json.dumps(event) for event in usual)
    with mock.patch.object(Event, "from_dict"), mock.patch.object(json_text, "_Reader"):
        history = History.from_jsonl(source)
    assert [event.to_dict() for event in history] == [read_back(event) for event in usual]


def read_back(data: dict[str, Any]) -> object:
    return Event.from_dict(data).to_dict()
