"""What is read fast is read as by `Action.read`, and has no problem there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.engine.action import Action
from gatewright.engine.reading.quick import LONGEST, MOST, quick_action
from gatewright.engine.values import Map, Money, Timestamp

FIELDS = ("name", "params", "agent", "target", "context", "at", "idempotency_key", "changes")


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Dict(dict[str, object]):
    pass


class Liar(str):
    """A key that says it is `params`."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other == "params"

    def __hash__(self) -> int:
        return hash("params")


def strange_instant(nanos: Any) -> Timestamp:
    return Timestamp(nanos)


TEXTS = st.one_of(
    st.sampled_from(["", "bot", "x" * LONGEST, "x" * (LONGEST + 1), "\u212a", "e\u0301", "\ud800",
                     "a\x00b", "a.b", "3d"]),
    st.text(max_size=4),
)  # fmt: skip
VALUES: st.SearchStrategy[object] = st.one_of(
    TEXTS,
    st.sampled_from([0, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**400, True, None, 1.0, 1.5]),
    st.sampled_from([float("nan"), b"x", Text("a"), Whole(1), [1], {"a": 1}, object(), Map()]),
    st.sampled_from([Money(Decimal(5), "USD"), Money(Decimal(0), None), Money(Decimal(5), "\ud800"),
                     Money(Decimal(5), Text("USD")), Decimal(1)]),
)  # fmt: skip
KEYS: st.SearchStrategy[object] = st.one_of(
    st.sampled_from(["id", "owner", "attributes", "a", "", "\u212a", "K", 1, True, 5.5, Text("a")]),
    st.text(max_size=3),
)
MAPS: st.SearchStrategy[Any] = st.one_of(
    st.dictionaries(KEYS, VALUES, max_size=4),
    st.sampled_from([None, [], 5, Dict(a=1), Map(), {str(n): n for n in range(MOST + 1)}]),
)
INSTANTS = st.one_of(
    st.none(),
    st.sampled_from(["2026-11-20T12:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T12:00:60Z",
                     "2026-02-30T12:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
                     "9999-12-31T23:59:59Z", "2026-11-20t12:00:00z", "2026-11-20 12:00:00Z",
                     "2026-11-20T12:00:00+01:00", "2026-11-20T12:00:00.5Z", "", 5,
                     "2026-11-20T12:00:00", "2026-11-20T12:00:00.5", "2026-11-20T24:00:00.0Z",
                     "2026-11-20T12:00:00.\u0665Z", "2026-11-20T12:00:00.1234567890Z",
                     Timestamp(5), strange_instant(5.5), strange_instant(True)]),
    st.from_regex(r"[0-9]{4}-[0-9W]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", fullmatch=True),
    st.from_regex(r"2026-11-20T12:00:00([.,][0-9]{0,10})?(Z|[+-]00:00)?", fullmatch=True),
)  # fmt: skip
PART: st.SearchStrategy[Any] = st.one_of(st.none(), TEXTS, VALUES)
TARGETS: st.SearchStrategy[Any] = st.one_of(
    MAPS,
    st.fixed_dictionaries(
        {}, optional={"system": PART, "object": PART, "id": PART, "attributes": MAPS, "x": PART}
    ),
)
CONTEXTS: st.SearchStrategy[Any] = st.one_of(
    MAPS,
    st.fixed_dictionaries({}, optional={"trigger": PART, "reasoning": PART, "confidence": PART}),
)
NAMES: st.SearchStrategy[Any] = st.one_of(st.sampled_from(["a.b", "a", "a..b", ".a", "a.", "x" * 256, "x" * 257, "\u00e9"]),
                  PART)  # fmt: skip
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "params": MAPS, "agent": MAPS, "target": TARGETS, "context": CONTEXTS,
    "at": INSTANTS, "idempotency_key": PART, "changes": MAPS, "other": PART,
}  # fmt: skip
USUAL: dict[str, object] = {
    "action": "billing.refund",
    "params": {"customer": "C-1", "n": 5, "sure": True, "m": Money(Decimal(5), "USD")},
    "agent": {"id": "bot", "team": "x"},
    "target": {"system": "stripe", "object": "charge", "id": "t", "attributes": {"a": 1}},
    "context": {"trigger": "t", "reasoning": "r"},
    "at": "2026-11-20T12:00:00Z",
    "idempotency_key": "k",
}


@st.composite
def nearly_usual(draw: st.DrawFn) -> dict[str, object]:
    """Change one or two parts of a usual proposal: of what is odd all over, nothing is read fast."""
    parts = {"action": NAMES, **PARTS}
    changed = draw(st.lists(st.sampled_from([*parts]), min_size=1, max_size=2, unique=True))
    return {**USUAL, **{name: draw(parts[name]) for name in changed}}


PROPOSALS = nearly_usual() | st.fixed_dictionaries({"action": NAMES}, optional=PARTS)


def same_as_read(data: object) -> bool:
    """Tell whether an action is read fast; if so it must be the one that `Action.read` gives."""
    quick = quick_action(data)
    if quick is None:
        return False
    read, problems = Action.read(data)
    assert problems == ()
    for field in FIELDS:
        mine, theirs = getattr(quick, field), getattr(read, field)
        assert (type(mine), repr(mine)) == (type(theirs), repr(theirs)), field
    assert quick.problems == ()
    assert quick.was_read
    assert quick == read
    return True


@given(PROPOSALS)
def test_what_is_read_fast_is_what_is_read(data: dict[str, object]) -> None:
    same_as_read(data)


@given(
    st.fixed_dictionaries(
        {"action": st.just("a.b")},
        optional={
            "params": st.dictionaries(st.sampled_from("abc"), VALUES, max_size=2),
            "agent": st.dictionaries(st.sampled_from(["id", "owner", "team"]), PART, max_size=2),
            "at": INSTANTS,
        },
    )
)
def test_what_is_nearly_usual_is_read_alike(data: dict[str, object]) -> None:
    same_as_read(data)


def test_a_usual_proposal_is_read_fast() -> None:
    assert same_as_read(USUAL)
    assert same_as_read({"action": "a", "agent": {"id": "b"}, "at": Timestamp(5)})
    assert same_as_read({"action": "a", "agent": {"owner": "b", "id": None}})
    for end in ("+00:00", ".5Z", ".123456+00:00", ".123456789Z"):
        assert same_as_read({"action": "a", "at": f"2026-11-20T12:00:00{end}"})


UNUSUAL: list[dict[str, Any]] = [
    {"params": {"m": Money(Decimal(0), None)}},
    {"params": {"m": Money(Decimal(5), "\ud800")}},
    {"params": {"m": Money(Decimal(5), "e\u0301")}},
    {"params": {"m": Money(Decimal(5), Text("USD"))}},
    {"at": strange_instant(5.5)},
    {"at": strange_instant(True)},
    {"at": "2026-11-20T12:00:61Z"},
    {"agent": {Liar("x"): 1}},
    {"target": {Text("id"): "t"}},
    {"context": {Text("trigger"): "t"}},
    {"context": {"trigger": 5}},
    {"agent": {"attributes": {}}},
    {"agent": {"id": ""}},
    {"agent": {"id": "", "team": "x"}},
    {"agent": {"team": None}},
    {"target": {"id": ""}},
    {"target": {"attributes": {"a": []}}},
    {"idempotency_key": ""},
    {"action": "a..b"},
    {"params": Dict()},
]


@pytest.mark.parametrize("part", UNUSUAL, ids=ascii)
def test_whatever_is_unusual_is_left_to_the_reader(part: dict[str, Any]) -> None:
    assert quick_action({**USUAL, **part}) is None


def test_a_key_that_only_says_what_it_is_is_left_to_the_reader() -> None:
    assert quick_action({"action": "a", Liar("other"): {"n": 5}}) is None
