"""The policies of the examples, tried on the sandbox: proposed, approved, done and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewright.engine.runtime.card import card_text
from gatewright.engine.runtime.run import State
from tests.connectors.sandbox_office import Office


@pytest.mark.parametrize(
    ("policy", "action", "people", "shown"),
    [
        ("refunds", "small", (), "refunded    0.00 USD -> 20.00 USD"),
        ("refunds", "medium", ("ann",), "refundable  1000.00 USD -> 925.00 USD"),
        ("refunds", "large", ("gus",), "refunded    0.00 USD -> 500.00 USD"),
        ("crm", "new_owner", ("ann", "bob"), "OwnerId   rep-1 -> rep-9"),
        ("support", "reply", ("ann",), "replies       4 -> 5"),
        ("identity", "grant", ("bob", "fay", "gus"), "u-42"),
    ],
)
def test_the_actions_of_the_examples(
    tmp_path: Path, policy: str, action: str, people: tuple[str, ...], shown: str
) -> None:
    with Office(tmp_path / "gate.db", policy=policy).opened() as world:
        run = world.example_action(action)
        assert run.state is (State.PENDING if people else State.AUTO)
        assert shown in card_text(run)
        assert world.sandbox.effects() == []
        assert world.approve(run, *people).state in (State.APPROVED, State.AUTO)
        done = world.work(run)
        assert (done.state, done.note) == (State.DONE, None)
        (effect,) = world.sandbox.effects()
        assert effect.action == run.action
        assert [f.field for f in effect.fields] == [f["field"] for f in run.round.preview["fields"]]


def test_a_disputed_charge_is_blocked_by_what_the_system_says(tmp_path: Path) -> None:
    with Office(tmp_path / "gate.db").opened() as world:
        run = world.propose(charge="ch_5")
        assert run.state is State.BLOCKED
        assert world.work(run).state is State.BLOCKED
        assert world.effects() == 0


def test_a_refund_is_taken_back_while_another_stays(tmp_path: Path) -> None:
    with Office(tmp_path / "gate.db").opened() as world:
        first = world.work(world.propose())
        second = world.approve(world.propose("30.00 USD"), "ann")
        assert world.work(second).state is State.DONE
        back = world.gate.compensate(first.id, by="ann", note="the parcel came")
        assert "refunded    50.00 USD -> 30.00 USD" in card_text(back)
        assert world.work(world.approve(back, "bob")).state is State.DONE
        assert world.gate.run(first.id).state is State.COMPENSATED
        assert world.charge()["refunded"] == "30.00 USD"
        assert world.sandbox.values("billing", "refund", "re_1")["status"] == "cancelled"


def test_a_reply_cannot_be_taken_back(tmp_path: Path) -> None:
    with Office(tmp_path / "gate.db", policy="support").opened() as world:
        run = world.work(world.approve(world.example_action("reply"), "ann"))
        assert run.state is State.DONE
        assert "this cannot be taken back" in card_text(run)
        with pytest.raises(Exception, match="how it could be taken back"):
            world.gate.compensate(run.id, by="ann")


def test_a_record_that_somebody_edits_is_asked_again(tmp_path: Path) -> None:
    with Office(tmp_path / "gate.db").opened() as world:
        run = world.approve(world.propose("75.00 USD"), "ann")
        world.sandbox.edit("billing", "charge", "ch_1", {"description": "called"})
        asked = world.work(run)
        assert (asked.state, asked.round.number) == (State.PENDING, 2)
        assert world.effects() == 0
