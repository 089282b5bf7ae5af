"""What people write about a run is bounded, is text, and moves nothing on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gatewright.engine.runtime.card import card_text
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.standing import row, run_text
from gatewright.engine.runtime.wording import (
    LONGEST_NAME,
    LONGEST_NOTE,
    MOST_ACTION_BYTES,
    MOST_COMMENTS,
    MOST_RECORD_BYTES,
)
from tests.engine.runtime.world import World, refund


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as world:
        yield world


Say = Callable[[World, Run, str], object]

WORDS: dict[str, Say] = {
    "approve": lambda world, run, text: world.gate.approve(
        run.id, by="ann", card=run.card, note=text
    ),
    "reject": lambda world, run, text: world.gate.reject(run.id, by="ann", note=text),
    "request_changes": lambda world, run, text: world.gate.request_changes(
        run.id, by="ann", note=text
    ),
    "take_over": lambda world, run, text: world.gate.take_over(run.id, by="ann", note=text),
    "cancel": lambda world, run, text: world.gate.cancel(run.id, by="ann", note=text),
    "comment": lambda world, run, text: world.gate.comment(run.id, by="ann", text=text),
}
ENDED: dict[str, Say] = {
    "compensate": lambda world, run, text: world.gate.compensate(run.id, by="bob", note=text),
    "erase": lambda world, run, text: world.gate.erase(
        run.id, by="ann", because=text, counted=True
    ),
}


def begun(world: World, way: str) -> Run:
    run = world.propose()
    return world.work(world.approve(run)) if way in ENDED else run


@pytest.mark.parametrize("way", [*WORDS, *ENDED])
def test_words_have_a_length(world: World, way: str) -> None:
    run, say = begun(world, way), (WORDS | ENDED)[way]
    with pytest.raises(GateError) as caught:
        say(world, run, "é" * (LONGEST_NOTE + 1))
    assert caught.value.code == "too_long"
    assert caught.value.message.endswith("has 10,001 characters; at most 10,000 are kept")
    assert world.gate.run(run.id) == run
    say(world, run, "é" * LONGEST_NOTE)
    assert world.gate.run(run.id) != run or way == "compensate"


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["NUL", "surrogate"])
@pytest.mark.parametrize("way", [*WORDS, *ENDED])
def test_words_are_text(world: World, way: str, text: str) -> None:
    run = begun(world, way)
    with pytest.raises(GateError) as caught:
        (WORDS | ENDED)[way](world, run, text)
    assert caught.value.code == "bad_text"
    assert world.gate.run(run.id) == run


def nested(depth: int) -> object:
    made: object = "x"
    for _ in range(depth):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"what": "x" * MOST_RECORD_BYTES}, "too_long"),
        ({"x" * MOST_RECORD_BYTES: 1}, "too_long"),
        ({"what": ["a\0b"]}, "bad_text"),
        ({"a\0b": 1}, "bad_text"),
        ({"what": float("nan")}, "bad_text"),
        ({"what": nested(100_000)}, "bad_text"),
    ],
    ids=["value", "key", "NUL", "NUL in a key", "no number", "deep"],
)
def test_what_was_done_by_hand_is_bounded_too(
    world: World, record: dict[str, object], code: str
) -> None:
    run = world.gate.take_over(world.propose().id, by="ann")
    with pytest.raises(GateError) as caught:
        world.gate.complete_manually(run.id, by="ann", record=record)
    assert caught.value.code == code
    assert world.gate.run(run.id) == run
    fits = {"what": "x" * (MOST_RECORD_BYTES - len('{"what":""}'))}
    assert world.gate.complete_manually(run.id, by="ann", record=fits).state is State.DONE


@pytest.mark.parametrize("words", [["a"], [], b"a", 5, True])
def test_what_is_no_text_leaves_a_run_as_it_is(world: World, words: Any) -> None:
    run = world.propose()
    for way in WORDS.values():
        with pytest.raises(GateError) as caught:
            way(world, run, words)
        assert caught.value.code == "bad_text"
    with pytest.raises(GateError, match="no text"):
        world.gate.propose(refund("75.00 USD", "ch_2"), requester=words)
    assert world.gate.run(run.id) == run


@pytest.mark.parametrize("name", ["\0", "\ud800"])
def test_what_no_store_keeps_is_the_name_of_nothing(world: World, name: str) -> None:
    assert world.gate.trail(name) == []
    assert world.gate.delegations(person=name) == []


def test_a_run_has_so_many_comments(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_COMMENTS == 1_000
    monkeypatch.setattr("gatewright.engine.runtime.wording.MOST_COMMENTS", 3)
    run = world.propose()
    for number in range(3):
        world.gate.comment(run.id, by="ann", text=f"{number}")
    with pytest.raises(GateError) as caught:
        world.gate.comment(run.id, by="ann", text="once more")
    assert (caught.value.code, len(world.gate.run(run.id).remarks)) == ("too_many", 3)
    assert world.approve(run).state is State.APPROVED


@pytest.mark.parametrize("key", ["reasoning", "trigger"])
def test_what_agents_say_is_bounded(world: World, key: str) -> None:
    long = refund("20.00 USD", "ch_1", context={key: "x" * MOST_ACTION_BYTES})
    with pytest.raises(GateError) as caught:
        world.gate.propose(long)
    assert caught.value.code == "bad_action"
    assert "at most 1,048,576 are kept" in caught.value.message
    half = refund("20.00 USD", "ch_1", context={key: "x" * (MOST_ACTION_BYTES // 2)})
    assert world.gate.propose(half).state is State.AUTO


@pytest.mark.parametrize("text", ["\0", "\ud800"], ids=ascii)
def test_what_agents_say_is_text(world: World, text: str) -> None:
    with pytest.raises(GateError) as caught:
        world.gate.propose(refund("20.00 USD", "ch_1", context={"reasoning": f"a{text}b"}))
    assert caught.value.code == "bad_action"


def test_who_brings_a_proposal_has_a_name_of_some_length(world: World) -> None:
    action = refund("20.00 USD", "ch_1")
    for name, code in (("x" * (LONGEST_NAME + 1), "too_long"), ("a\0b", "bad_text")):
        with pytest.raises(GateError) as caught:
            world.gate.propose(action, requester=name)
        assert caught.value.code == code
    assert world.gate.propose(action, requester="x" * LONGEST_NAME).state is State.AUTO


EVIL = "\u202eevil\u2066\x1b[2J\r\n\x07\u200b\ufeff\u2028\U000e0041"


def test_nothing_that_somebody_wrote_moves_anything_on_a_terminal(world: World) -> None:
    """Bidi, escape sequences, line ends, zero width, tags: all are seen as escapes, on one line."""
    action = refund("75.00 USD", "ch_1", context={
        "reasoning": EVIL, "trigger": EVIL, "evidence": [EVIL]})  # fmt: skip
    run = world.gate.propose(action, requester=f"bot{EVIL}")
    world.gate.comment(run.id, by="ann", text=EVIL)
    run = world.gate.request_changes(run.id, by="ann", note=EVIL)
    waiting, trail = world.gate.waits_for(run), world.gate.trail(run.id)
    for text in (row(run, waiting), run_text(run, waiting, trail), card_text(run)):
        assert all(char.isprintable() for line in text.split("\n") for char in line)
        assert "evil" in text or text.startswith(run.id)
    taken = world.gate.take_over(run.id, by="ann", note=EVIL)
    done = world.gate.complete_manually(taken.id, by="ann", record={EVIL: EVIL}, note=EVIL)
    shown = run_text(done, (), world.gate.trail(run.id))
    assert all(char.isprintable() for line in shown.split("\n") for char in line)
    assert done.record == {EVIL: EVIL}
