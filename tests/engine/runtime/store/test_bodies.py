"""Bodies of rows are read and written without pydantic just as pydantic does it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any, cast

import pytest
from pydantic import TypeAdapter, ValidationError

from gatewright.dsl.records import replace
from gatewright.engine.reading.plain import NotPlain, read_plain
from gatewright.engine.runtime.errors import DamagedRun, GateError
from gatewright.engine.runtime.run import Ask, Attempt, Remark, Round, Run, State, Vote
from gatewright.engine.runtime.store import bodies

ORACLE = TypeAdapter(Run)

ASK = Ask(
    "a.manager", "manager", 2, 5, remind_at=6, then="escalate", escalates_to="a.finance", is_late=True
)  # fmt: skip
VOTE = Vote("ann", "a.manager", "sha256:0", 7, note="Größe \N{SNOWMAN}\n", on_behalf_of="bob")
ROUND = Round(
    1, 4, None, "c", {"action": "a.b", "x": [1, 2.5, None, {"y": True}]}, {"target": {}}, {}, "p",
    (("a.manager",), ("a.finance", "a.cfo")), "sha256:0", asks=(ASK, replace(ASK, quorum="all")),
    votes=(VOTE,), approved_at=9, uses=("e",),
)  # fmt: skip
RUN = Run(
    "run_1", 3, State.CHANGES_REQUESTED, 1, 2, "bot", None, "team", "a.b", "shop", "sha256:1",
    (ROUND, replace(ROUND, number=2, editor="ann")),
    (Attempt("run_1-1", 1, "w", 8, "v1", {"undo": {"a": 1}}, outcome="applied"),),
    (Remark("ann", 3, "comment", "so\u2028it is \x01"),), relation="branch", parent="run_0",
    record={"by": "hand"}, erased_at=None, salt="s",
)  # fmt: skip

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 5.0, 5.5, 2**70, "", "5", "true", "one", "pending", [], [[]], ["x"], {},
    {"a": 1}, [1, "b"], {"route": "r"},
)  # fmt: skip


@pytest.fixture(params=[0, bodies.FEW], ids=["few", "many"])
def _uses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_begun", count(request.param))


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_begun", count(-(10**6)))


def expected(body: str) -> Run | None:
    try:
        return ORACLE.validate_json(body)
    except ValidationError:
        return None


def read(body: str) -> Run | None:
    try:
        return bodies.read("run_1", body)
    except DamagedRun:
        return None


@pytest.mark.usefixtures("_uses")
def test_a_run_comes_back() -> None:
    body = bodies.text_of(RUN)
    assert json.loads(body) == json.loads(ORACLE.dump_json(RUN))
    assert read(body) == expected(body) == RUN


def test_what_is_written_here_is_plain() -> None:
    assert read_plain(Run, json.loads(ORACLE.dump_json(RUN))) == RUN


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield every place in JSON."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, entry in cast("dict[str, object]", value).items():
            yield from places(entry, (*path, key))
    elif isinstance(value, list):
        for number, entry in enumerate(cast("list[object]", value)):
            yield from places(entry, (*path, number))


def changed(document: Any, path: tuple[str | int, ...], *value: Any) -> str:
    """Return a document with another value at a place, or none there."""
    document = deepcopy(document)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    if value:
        inner[path[-1]] = value[0]
    else:
        del inner[path[-1]]
    return json.dumps(document)


@pytest.mark.usefixtures("_few")
def test_any_other_value_anywhere_is_read_as_pydantic_reads_it() -> None:
    document = json.loads(bodies.text_of(RUN))
    outcomes: set[bool] = set()
    for path in places(document):
        for body in (changed(document, path), *(changed(document, path, odd) for odd in ODD)):
            wanted = expected(body)
            outcomes.add(wanted is None)
            assert repr(read(body)) == repr(wanted), (path, body)
    assert outcomes == {True, False}


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize(
    "change",
    [
        ('"salt":"s"', '"salt":"s","unknown":1'),
        ('"salt":"s"', '"salt":"s","salt":"t"'),
        ('"salt":"s"', '"salt":"\\ud800"'),
        ('"salt":"s"', '"salt":"\\ud83d\\ude00"'),
        ('"salt":"s"', '"salt":"\\u00e4"'),
        ('"salt":"s"', '"salt":"a\nb"'),
        ('"salt":"s"', '"salt":NaN'),
        ('"fence":0', '"fence":-0'),
        ('"fence":0', '"fence":01'),
        ('"fence":0', '"fence":1e3'),
        ('"fence":0', '"fence":00'),
        ('{"by":"hand"}', '{"by":NaN,"and":[Infinity,1e999]}'),
        ('{"by":"hand"}', '{"by":"\\udc00"}'),
        ('{"by":"hand"}', '{"by":1,"by":2}'),
        ("{", "", 1),
        ("}", "}}", 1),
    ],
)
def test_texts_are_read_as_pydantic_reads_them(change: Any) -> None:
    body = bodies.text_of(RUN)
    assert change[0] in body
    body = body.replace(*change)
    assert repr(read(body)) == repr(expected(body))


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("body", ["", "null", "[]", "{}", "1", '"run"', "{" * 100_000, "[" * 300])
def test_what_is_no_run_is_damaged(body: str) -> None:
    assert read(body) is expected(body) is None


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize(
    "record",
    [
        {"x": Decimal("1.50")}, {"x": datetime(2026, 1, 1, tzinfo=UTC)}, {"x": (1, 2)}, {"x": b"b"},
        {"x": float("nan")}, {"x": float("inf")}, {"x": {1: 2}}, {"x": 2**80}, {"x": 1e22},
        {"x": State.DONE}, {"x": VOTE},
    ],
    ids=str,
)  # fmt: skip
def test_records_are_written_as_pydantic_writes_them(record: dict[str, Any]) -> None:
    run = replace(RUN, record=record)
    assert json.loads(bodies.text_of(run)) == json.loads(ORACLE.dump_json(run))


@pytest.mark.usefixtures("_uses")
@pytest.mark.parametrize(
    "value", ["\ud800", object(), b"\xff"], ids=["surrogate", "object", "bytes"]
)
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(GateError) as raised:
        bodies.text_of(replace(RUN, record={"x": value}))
    assert raised.value.code == "bad_text"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (dict[str, int], {"a": True}), (dict[str, int], {1: 1}), (list[str], ("a",)), (float, 1),
        (Vote, {"person": "ann"}), (Vote, {"person": "ann", "route": "r", "card": "c", "at": 1, "x": 1}),
        (Vote, []), (State, "none"), (State, ["done"]),
    ],
)  # fmt: skip
def test_what_is_not_plain(kind: Any, data: object) -> None:
    with pytest.raises(NotPlain):
        read_plain(kind, data)


@pytest.mark.parametrize("kind", [tuple[str, int], bytes])
def test_types_that_cannot_be_read(kind: Any) -> None:
    with pytest.raises((TypeError, NotPlain)):
        read_plain(kind, [])
