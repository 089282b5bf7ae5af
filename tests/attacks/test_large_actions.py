"""Actions near the limit of values: how often their parts are looked at, and how much is shown."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest

from gatewright.engine.cel.budget import CHARS_A_STEP, DECISION_STEPS, Budget
from gatewright.engine.cel.comparison import equal
from gatewright.engine.decision import Decision, Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.explaining.texts import MOST_CHARS
from gatewright.engine.load import load_source
from gatewright.engine.secrecy.secrets import MORE, MOST_PARTS, Secrets
from gatewright.engine.values import Map
from tests.attacks.support import written

HEAD = """package a
action x.y { list: list<string>, map: map<string, int> }
rule open on x.y => auto_run
"""
NONE = Secrets(frozenset())


def guarded(guards: int) -> PolicySet:
    return load_source(
        HEAD
        + "".join(
            f'guard g{number} on x.y when action.list.size() > 3 => block because "{{action.map}}"'
            " obligate tell(list: action.list, map: action.map)\n"
            for number in range(guards)
        )
    )


def large(size: int) -> dict[str, object]:
    names = [f"n\u00e4me {number}" for number in range(size)]
    return {
        "action": "x.y",
        "params": {"list": names, "map": dict.fromkeys(names, 1)},
        "at": "2026-11-20T12:00:00Z",
    }


def normalised(policy: PolicySet, action: dict[str, object], patch: pytest.MonkeyPatch) -> int:
    """Return of how many texts a decision with its report asks whether they are in normal form."""
    calls: list[str] = []

    def count(form: Literal["NFC"], text: str) -> bool:
        calls.append(text)
        return True

    with patch.context() as patched:
        patched.setattr(unicodedata, "is_normalized", count)
        written(policy.evaluate(action))
    return len(calls)


def test_more_guards_do_not_put_more_keys_into_normal_form(monkeypatch: pytest.MonkeyPatch) -> None:
    action = large(500)
    one, many = (normalised(guarded(guards), action, monkeypatch) for guards in (1, 12))
    assert one == many > 0


def test_comparing_maps_puts_no_key_into_normal_form(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = (Map.of({f"n\u00e4me {n}": n for n in range(100)}) for _ in range(2))
    with monkeypatch.context() as patched:
        patched.setattr(unicodedata, "is_normalized", None)
        assert equal(left, right, Budget())
        assert list(left.items())[1] == ("n\u00e4me 1", 1)


def test_maps_with_other_keys_are_unequal() -> None:
    left, right = Map.of({"a": 1, "b": 2}), Map.of({"a": 1, "c": 2})
    assert not equal(left, right, Budget())
    assert equal(left, Map.of({"b": 2, "a": 1}), Budget())


def test_a_report_grows_little_with_the_action() -> None:
    policy = guarded(3)
    some, many = (len(written(policy.evaluate(large(size)))) for size in (2_000, 20_000))
    assert many < 1.1 * some


def test_obligations_are_given_the_beginning_of_large_lists_and_maps() -> None:
    (obligation,) = guarded(1).evaluate(large(MOST_PARTS + 1)).obligations
    items, entries = obligation.args["list"], obligation.args["map"]
    assert isinstance(items, list)
    assert isinstance(entries, dict)
    assert items[-2:] == [f"n\u00e4me {MOST_PARTS - 1}", MORE]
    assert list(entries.items())[-2:] == [(f"n\u00e4me {MOST_PARTS - 1}", 1), (MORE, MORE)]


def test_obligations_are_given_smaller_ones_whole() -> None:
    (obligation,) = guarded(1).evaluate(large(MOST_PARTS)).obligations
    items = obligation.args["list"]
    assert isinstance(items, list)
    assert len(items) == MOST_PARTS
    assert MORE not in items


def test_parts_of_parts_count() -> None:
    nested = tuple((number,) for number in range(MOST_PARTS))
    shown = NONE.argument(nested)
    assert isinstance(shown, list)
    assert shown[-1] == MORE
    assert len(shown) == MOST_PARTS // 2 + 1


def test_a_secret_is_masked_in_the_beginning() -> None:
    cards = tuple(Map.of({"pin": "1234"}) for _ in range(MOST_PARTS))
    assert "1234" not in str(Secrets(frozenset({"pin"})).argument(cards))


TELLING = "".join(
    f'guard t{number} on x.y => block because "{number}: {{action.list[0]}}"'
    " obligate tell(text: action.list[0], more: [action.list[0]])\n"
    for number in range(40)
)


def told(text: str) -> Decision:
    return load_source(HEAD + TELLING).evaluate(
        {"action": "x.y", "params": {"list": [text], "map": {}}, "at": "2026-11-20T12:00:00Z"}
    )


def test_a_reason_shows_the_beginning_of_a_long_text() -> None:
    assert told("x" * MOST_CHARS).because[0].endswith("x" * MOST_CHARS)
    because = told("x" * (MOST_CHARS + 1)).because[0]
    assert because.endswith("x…")
    assert len(because) < MOST_CHARS + 5


@pytest.mark.parametrize("length", [30_000, 900_000, 4_000_000])
def test_a_decision_tells_no_more_than_its_steps_of_what_an_action_brings(length: int) -> None:
    decision = told("x" * length)
    assert decision.effect is Effect.BLOCK
    assert len(written(decision)) < 2 * CHARS_A_STEP * DECISION_STEPS


def test_texts_in_obligations_are_whole_or_left_out() -> None:
    few = told("x" * 30_000).obligations
    assert {str(each.args["text"]) for each in few} == {"x" * 30_000}
    assert {str(each.args) for each in told("x" * 900_000).obligations} == {
        "{'text': None, 'more': None}"
    }
