"""A proposal's way through the gate, on both databases: what happens, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatewright.engine.load import load_source
from gatewright.engine.runtime.card import card_digest, card_document, card_text
from gatewright.engine.runtime.claims import Claims
from gatewright.engine.runtime.errors import GateError, NoSuchRun, PreviewFailed, Refused
from gatewright.engine.runtime.ports import Idempotency
from gatewright.engine.runtime.run import State
from gatewright.engine.runtime.standing import row
from gatewright.engine.values import Timestamp
from tests.conftest import ROOT
from tests.engine.runtime.world import HOUR, World, refund


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url, tmp_path).opened() as world:
        yield world


# --- the way through


def test_a_small_refund_runs_by_itself(world: World) -> None:
    run = world.propose("20.00 USD")
    assert run.state is State.AUTO
    assert world.ledger.effects() == 0
    assert world.work(run).state is State.DONE
    assert world.ledger.fields("ch_1") == {"status": "refunded", "refunded": "20.00 USD"}


def test_a_larger_one_waits_for_a_manager(world: World) -> None:
    run = world.propose("75.00 USD")
    assert run.state is State.PENDING
    assert world.work(run).state is State.PENDING
    assert world.approve(run).state is State.APPROVED
    assert world.work(run).state is State.DONE
    assert world.ledger.effects() == 1


def test_the_card_shows_the_record_as_it_is(world: World) -> None:
    run = world.propose(changes={"status": {"old": "lies", "new": "nothing"}})
    text = card_text(run)
    assert "status    paid -> refunded" in text
    assert "refunded  0.00 USD -> 75.00 USD" in text
    assert "the agent says (confidence 0.9): The customer asked for it." in text
    assert "require manager" in text
    assert "lies" not in text
    assert run.card in text


def test_a_refund_after_another_sees_it_while_it_waits(world: World) -> None:
    """The first one is only proposed, and counts already."""
    first = world.propose("20.00 USD", "ch_1")
    second = world.propose("20.00 USD", "ch_1")
    assert (first.state, second.state) == (State.AUTO, State.PENDING)


def test_the_limit_of_a_day_holds_over_all_proposals(world: World) -> None:
    for charge in ("ch_1", "ch_2"):
        world.propose("490.00 USD", charge)
    third = world.propose("45.00 USD", "ch_3")
    assert third.state is State.PENDING
    assert third.round.stages == (("shop.refunds.finance",),)


def test_who_rejects_ends_it(world: World) -> None:
    run = world.propose()
    rejected = world.gate.reject(run.id, by="bob", note="too much")
    assert (rejected.state, rejected.closed_by, rejected.note) == (
        State.REJECTED,
        "bob",
        "too much",
    )
    assert world.work(run).state is State.REJECTED
    assert world.ledger.effects() == 0


def test_changes_are_asked_for_and_made(world: World) -> None:
    run = world.propose("500.00 USD")
    assert (
        world.gate.request_changes(run.id, by="fay", note="half").state is State.CHANGES_REQUESTED
    )
    revised = world.gate.revise(run.id, refund("100.00 USD", "ch_1"), by="refund-bot")
    assert revised.state is State.PENDING
    assert revised.round.stages == (("shop.refunds.manager",),)
    assert revised.card != run.card
    assert world.work(world.approve(revised)).state is State.DONE
    assert world.ledger.fields("ch_1")["refunded"] == "100.00 USD"


def test_an_edit_voids_what_was_said_before(world: World) -> None:
    run = world.propose("75.00 USD")
    revised = world.gate.revise(run.id, refund("76.00 USD", "ch_1"), by="refund-bot")
    with pytest.raises(Refused) as caught:
        world.approve(run)
    assert caught.value.code == "other_card"
    assert "its plan, preview, policy or route changed" in (caught.value.help or "")
    assert revised.round.votes == ()


@pytest.mark.parametrize("card", ["123", "sha256:12ab", ""])
def test_a_card_is_named_by_its_whole_digest(world: World, card: str) -> None:
    run = world.propose("75.00 USD")
    with pytest.raises(Refused) as caught:
        world.gate.approve(run.id, by="ann", card=card)
    assert caught.value.code == "other_card"
    assert "by the whole of its digest" in (caught.value.help or "")


def test_who_edits_does_not_approve(world: World) -> None:
    run = world.propose("75.00 USD")
    revised = world.gate.revise(run.id, refund("76.00 USD", "ch_1"), by="ann")
    with pytest.raises(Refused) as caught:
        world.approve(revised, "ann")
    assert caught.value.code == "excluded"
    assert "      changed by ann" in card_text(revised).splitlines()
    assert world.approve(revised, "bob").state is State.APPROVED
    world.ledger.put("ch_1", status="open")
    asked_again = world.work(revised)
    assert (asked_again.round.number, card_document(asked_again)["editor"]) == (3, "ann")


def test_the_card_says_what_does_not_fit_and_what_is_missing(world: World) -> None:
    run = world.propose("0.00 USD")
    assert run.state is State.BLOCKED
    lines = card_text(run).splitlines()
    assert "wrong action: `params.amount` must be > 0 USD" in lines
    assert len(lines) == len(set(lines))  # one message once, however many conditions it hits
    assert card_document(world.propose("5.00 USD"))["errors"] == []


def test_the_card_says_what_an_exception_suspended(world: World) -> None:
    world.policy = load_source("""
        package shop.refunds
        action billing.refund on stripe.charge { amount: money(USD), customer: string }
        rule all on billing.refund => auto_run
        guard small on billing.refund when action.amount > 5 USD => block
        exception peak suspends small {
          when action.amount < 10 USD from 2026-11-01T00:00:00Z until 2026-12-01T00:00:00Z
          owner "ops@acme.test" reason "seasonal peak"
        }
        """)
    world.now = Timestamp.parse("2026-11-20T00:00:00Z").nanos
    run = world.propose("9.00 USD")
    assert run.state is State.AUTO
    told = "      guard small (<policy>:5): suspended "
    until = "by exception peak until 2026-12-01T00:00:00Z"
    why = "because seasonal peak (owner ops@acme.test)"
    assert f"{told}{until} {why}, else block" in card_text(run).splitlines()
    (small,) = card_document(run)["suspended"]
    (peak,) = small["exceptions"]
    assert (small["name"], peak.pop("at")["line"]) == ("small", 6)
    assert peak == {
        "exception": "peak", "until": "2026-12-01T00:00:00Z", "owner": "ops@acme.test",
        "reason": "seasonal peak", "ticket": None,
    }  # fmt: skip
    before = world.gate.run(run.id)  # as an older version kept it
    left = {n: v for n, v in before.round.decision.items() if n not in ("suspended", "facts")}
    older = replace(before, rounds=(replace(before.round, decision=left),))
    assert f"{told}by an exception, else block" in card_text(older).splitlines()
    assert (card_document(older)["suspended"][0]["exceptions"], card_document(older)["facts"]) == (
        [], [],
    )  # fmt: skip
    assert card_document(world.propose("4.00 USD"))["suspended"] == []


def test_an_exception_is_told_with_the_rule_of_its_own_package(world: World) -> None:
    world.policy = load_source([
        """
        package shop.refunds
        action billing.refund on stripe.charge { amount: money(USD), customer: string }
        route manager { one of group("support-managers") }
        rule all on billing.refund => require manager
        guard big on billing.refund when action.amount > 5 USD => require manager
        exception peak suspends big { from 2026-11-01T00:00:00Z until 2026-12-01T00:00:00Z }
        """,
        """
        package shop.more
        import shop.refunds
        guard big on billing.refund when action.amount > 6 USD => require refunds.manager
        exception calm suspends big { from 2026-11-02T00:00:00Z until 2026-12-02T00:00:00Z }
        """,
    ])  # fmt: skip
    world.now = Timestamp.parse("2026-11-20T00:00:00Z").nanos
    run = world.propose("9.00 USD")
    named = {
        rule["package"]: [one["exception"] for one in rule["exceptions"]]
        for rule in card_document(run)["suspended"]
    }
    assert named == {"shop.refunds": ["peak"], "shop.more": ["calm"]}
    lines = row(run, world.gate.waits_for(run)).splitlines()
    assert "    exception peak suspends guard big until 2026-12-01T00:00:00Z" in lines


def test_the_card_says_what_histories_were_asked(world: World) -> None:
    world.policy = load_source("""
        package shop.refunds
        action billing.refund on stripe.charge { amount: money(USD), customer: string }
        route manager { one of group("support-managers") }
        history refunds = billing.refund where status in ["executed", "pending"]
        rule all on billing.refund => auto_run
        guard again on billing.refund
          when refunds.count(customer: action.customer, within: 30d) >= 1
          => require manager
        guard sum on billing.refund
          when refunds.sum(amount, within: 24h) > 100 USD
          => require manager
        guard last on billing.refund
          when has(refunds.last(customer: action.customer, within: 30d).amount)
            && refunds.last(customer: action.customer, within: 30d).amount > 100 USD
          => require manager
        guard trusted on billing.refund when agreement(again, within: 90d) > 1.0 => block
        """)
    world.now += 836_840_753
    first = world.propose("6.00 USD")
    run = world.propose("9.00 USD")
    facts = {fact["method"]: fact for fact in card_document(run)["facts"]}
    count, total, last = (facts[method] for method in ("count", "sum", "last"))
    assert count == {
        "history": "shop.refunds.refunds", "method": "count", "keys": {"customer": "C-ch_1"},
        "within": "2592000s", "answer": 1,
    }  # fmt: skip
    assert (total["field"], total["keys"], total["answer"]) == ("amount", {}, "6.00 USD")
    at = Timestamp(first.proposed_at).text
    assert last["answer"] == {
        "id": first.id, "action": "billing.refund", "at": at, "status": "pending",
    }  # fmt: skip
    second = Timestamp(first.proposed_at // 1_000_000_000 * 1_000_000_000).text
    lines = [line[6:] for line in card_text(run).splitlines()]
    for told in (
        "refunds.count(customer: C-ch_1, within: 30d): 1",
        "refunds.sum(amount, within: 1d): 6.00 USD",
        f"refunds.last(customer: C-ch_1, within: 30d): {first.id}, pending, {second}",
        "agreement(again, within: 90d): 0.0",
    ):
        assert told in lines
    assert sum(line.startswith("past  ") for line in card_text(run).splitlines()) == 1
    assert world.gate.run(run.id) == run
    assert "refunds.last(customer: C-ch_1, within: 30d): (nothing)" in card_text(first)


def test_a_card_binds_all_that_it_shows_of_the_decision(world: World) -> None:
    round_ = world.propose().round

    def digest_of(**changed: object) -> str:
        return card_digest(
            "run_1", 1, round_.plan, round_.action, round_.preview, round_.decision | changed,
            round_.stages, "salt",
        )  # fmt: skip

    suspended = [{"rule": "small", "package": "p", "exception": "peak"}]
    digests = {digest_of(), digest_of(suspended=suspended), digest_of(facts={"history": []})}
    assert round_.decision["facts"]["history"]
    assert len(digests) == 3


def test_a_run_as_json_has_the_values_that_conditions_saw(world: World) -> None:
    world.policy = load_source("""
        package shop.refunds
        action billing.refund on stripe.charge { amount: money(USD), customer: string }
        history refunds = billing.refund where status in ["executed", "pending"]
        risk large on billing.refund when action.amount > 8 USD => 30
        rule all on billing.refund => auto_run
        guard budget on billing.refund
          when refunds.sum(amount, within: 24h) + action.amount > 10 USD
          unless action.customer == "C-0"
          => block
        """)
    world.propose("6.00 USD")
    card = card_document(world.propose("9.00 USD"))
    (budget,) = [rule for rule in card["rules"] if rule["name"] == "budget"]
    assert [(c["kind"], c["result"], c["shown"]) for c in budget["conditions"]] == [
        ("when", "true",
         "refunds.sum(amount, within: 24h) (6.00 USD) + action.amount (9.00 USD) > 10 USD"),
        ("unless", "false", 'action.customer ("C-ch_1") == "C-0"'),
    ]  # fmt: skip
    (large,) = card["risk_parts"]
    assert [c["shown"] for c in large["conditions"]] == ["action.amount (9.00 USD) > 8 USD"]


def test_a_person_takes_over_and_writes_down_what_they_did(world: World) -> None:
    run = world.propose()
    assert world.gate.take_over(run.id, by="ann").state is State.TAKEN_OVER
    with pytest.raises(Refused) as caught:
        world.gate.complete_manually(run.id, by="bob", record={})
    assert caught.value.code == "not_yours"
    done = world.gate.complete_manually(run.id, by="ann", record={"voucher": "V-1"})
    assert (done.state, done.record) == (State.DONE, {"voucher": "V-1"})
    assert world.ledger.effects() == 0


def test_a_branch_takes_the_place_of_its_parent(world: World) -> None:
    run = world.propose("75.00 USD")
    other = world.gate.branch(run.id, refund("60.00 USD", "ch_1"), by="bob")
    assert (other.parent, other.relation) == (run.id, "branch")
    assert world.gate.run(run.id).state is State.CANCELLED
    with pytest.raises(Refused) as caught:
        world.approve(other, "bob")  # it is his own proposal
    assert caught.value.code == "excluded"
    assert world.work(world.approve(other, "ann")).state is State.DONE
    assert world.ledger.effects() == 1


def test_a_failed_run_is_tried_again_as_a_new_round(world: World) -> None:
    run = world.approve(world.propose())
    world.ledger.faults = ["refuses"]
    failed = world.work(run)
    assert (failed.state, failed.note) == (State.FAILED, "the bank said no")
    again = world.gate.retry(run.id, by="ann")
    assert again.state is State.PENDING
    assert world.work(world.approve(again)).state is State.DONE
    assert world.ledger.effects() == 1


def test_the_trail_tells_agents_from_people(world: World) -> None:
    run = world.propose()
    world.gate.branch(run.id, refund("60.00 USD", "ch_1"), by="refund-bot")
    (cancelled,) = [e for e in world.gate.trail(run.id) if e["kind"] == "cancelled"]
    assert cancelled["actor"] == {"kind": "agent", "id": "refund-bot"}


def test_nobody_unknown_has_something_taken_back(world: World) -> None:
    run = world.work(world.propose("20.00 USD"))
    with pytest.raises(Refused) as caught:
        world.gate.compensate(run.id, by="eve")
    assert caught.value.code == "unknown_person"
    assert world.gate.run(run.id).state is State.DONE


def test_what_was_done_is_taken_back_by_a_run_of_its_own(world: World) -> None:
    run = world.work(world.approve(world.propose()))
    back = world.gate.compensate(run.id, by="ann", note="the wrong customer")
    assert (back.state, back.parent, back.relation) == (State.PENDING, run.id, "compensation")
    with pytest.raises(Refused) as caught:
        world.gate.compensate(run.id, by="bob")
    assert caught.value.code == "compensating"
    assert world.work(world.approve(back, "bob")).state is State.DONE
    assert world.gate.run(run.id).state is State.COMPENSATED
    assert world.ledger.fields("ch_1") == {"status": "paid", "refunded": "0.00 USD"}


def test_a_run_that_did_nothing_cannot_be_taken_back(world: World) -> None:
    run = world.propose()
    with pytest.raises(Refused) as caught:
        world.gate.compensate(run.id, by="ann")
    assert caught.value.code == "nothing_done"


# --- timers


def test_nobody_answers_and_the_next_route_is_asked(world: World) -> None:
    run = world.propose()
    world.now += 4 * HOUR
    asked = world.work(run)
    assert [ask.route for ask in asked.round.asks] == ["shop.refunds.finance"]
    with pytest.raises(Refused):
        world.approve(asked, "ann")
    assert world.approve(asked, "fay").state is State.APPROVED


def test_nobody_answers_at_all_and_it_expires(world: World) -> None:
    run = world.propose("500.00 USD")
    world.now += 24 * HOUR
    assert world.work(run).state is State.EXPIRED
    with pytest.raises(Refused) as caught:
        world.approve(run, "fay")
    assert caught.value.code == "wrong_state"


def test_an_answer_after_the_timeout_is_too_late_though_no_timer_came(world: World) -> None:
    run = world.propose("500.00 USD")
    world.now += 24 * HOUR
    with pytest.raises(Refused) as caught:
        world.approve(run, "fay")
    assert caught.value.code == "expired"


def test_it_is_late_before_it_times_out(world: World) -> None:
    run = world.propose()
    world.now += 2 * HOUR
    (ask,) = world.work(run).round.asks
    assert (ask.is_late, ask.remind_at, ask.late_at) == (True, None, None)
    assert ask.timeout_at is not None


def test_instants_beyond_what_columns_hold_are_far_away_and_no_error(world: World) -> None:
    text = (ROOT / "examples" / "refunds" / "refunds.gate").read_text("utf-8")
    world.policy = load_source(text.replace("timeout 4h", "timeout 100000d"))
    run = world.propose()
    far = Timestamp.parse("2999-01-01T00:00:00Z")
    world.gate.delegate(giver="bob", taker="cat", from_at=Timestamp(world.now), until_at=far)
    world.now += 1000 * 24 * HOUR
    assert world.work(run).state is State.PENDING
    assert world.approve(run, "cat").state is State.APPROVED


def test_a_clock_that_jumps_back_opens_nothing(world: World) -> None:
    run = world.approve(world.propose())
    world.now -= 30 * 24 * HOUR
    late = world.propose("500.00 USD", "ch_2")
    assert world.work(run).state is State.APPROVED
    assert world.ledger.effects() == 0
    world.now += 30 * 24 * HOUR
    assert world.work(run).state is State.DONE
    assert world.work(late).state is State.EXPIRED


# --- stale


def test_a_record_that_moved_is_asked_again(world: World) -> None:
    run = world.approve(world.propose())
    world.ledger.put("ch_1", refunded="5.00 USD")
    asked = world.work(run)
    assert (asked.state, asked.round.number, asked.round.votes) == (State.PENDING, 2, ())
    assert asked.note == "the record was changed since the preview"
    assert world.ledger.effects() == 0
    assert world.work(world.approve(asked)).state is State.DONE


def test_a_policy_that_changed_is_asked_again(world: World) -> None:
    run = world.approve(world.propose())
    text = Path("examples/refunds/refunds.gate").read_text(encoding="utf-8")
    world.policy = load_source(text.replace("50 USD .. 200 USD => require manager",
                                            "50 USD .. 200 USD => require finance"))  # fmt: skip
    asked = world.work(run)
    assert (asked.state, asked.round.stages) == (State.PENDING, (("shop.refunds.finance",),))


def test_a_policy_that_blocks_now_blocks_what_was_approved(world: World) -> None:
    run = world.approve(world.propose())
    world.ledger.put("ch_1", status="disputed")
    assert world.work(run).state is State.BLOCKED
    assert world.ledger.effects() == 0


def test_an_exception_whose_use_nobody_counted_lets_nothing_be_written(world: World) -> None:
    """The guard comes into force after the runs were decided: each has to spend a use then."""
    start, later = (Timestamp(world.now + hours * HOUR).text for hours in (-1, 1))
    end = Timestamp(world.now + 20 * HOUR).text
    world.policy = load_source(f"""
package p
action billing.refund on stripe.charge {{ customer: string, amount: money(USD) }}
route manager {{ one of group("support-managers") timeout 40h then reject }}
rule all on billing.refund => auto_run
guard late on billing.refund when now > {later} => require manager
exception one suspends late {{ from {start} until {end} owner "o" reason "r" max_uses 1 }}
""")
    runs = [world.propose(charge=f"ch_{number}") for number in (1, 2, 3)]
    assert {(run.state, run.round.uses) for run in runs} == {(State.AUTO, ())}
    world.now += 2 * HOUR
    ended = [world.work(run) for run in runs]  # whichever is the first to be asked again
    spent = [(State.DONE, ("p.one",)), (State.PENDING, ()), (State.PENDING, ())]
    assert sorted((run.state, run.round.uses) for run in ended) == spent


def test_who_approved_and_left_the_group_does_not_count(world: World) -> None:
    run = world.approve(world.propose(), "ann")
    world.groups["support-managers"] = ["bob"]
    asked = world.work(run)
    assert asked.state is State.PENDING
    assert asked.note == "somebody who approved may not do so any more"


def test_an_approval_is_not_used_after_a_day(world: World) -> None:
    run = world.approve(world.propose())
    world.now += 25 * HOUR
    asked = world.work(run)
    assert (asked.state, asked.note) == (State.PENDING, "the approval is too old")


# --- who may answer


@pytest.mark.parametrize(
    ("person", "code"),
    [("zed", "unknown_person"), ("refund-bot", "unknown_person"), ("cat", "not_eligible"),
     ("oli", "excluded")],
)  # fmt: skip
def test_who_is_not_asked_does_not_approve(world: World, person: str, code: str) -> None:
    run = world.propose()
    with pytest.raises(Refused) as caught:
        world.approve(run, person)
    assert caught.value.code == code
    assert world.gate.run(run.id) == run


def test_of_an_emptied_group_nobody_approves(world: World) -> None:
    run = world.propose()
    world.groups["support-managers"] = []
    with pytest.raises(Refused) as caught:
        world.approve(run, "ann")
    assert caught.value.code == "not_eligible"


def test_approving_twice_is_refused(world: World) -> None:
    run = world.approve(world.propose())
    with pytest.raises(Refused) as caught:
        world.approve(run, "bob")
    assert caught.value.code == "wrong_state"


def test_a_stand_in_answers_while_the_delegation_lasts(world: World) -> None:
    run, second = world.propose(), world.propose(charge="ch_2")
    world.gate.delegate(
        giver="ann", taker="cat", from_at=Timestamp(world.now), until_at=Timestamp(world.now + HOUR)
    )
    assert world.approve(run, "cat").round.votes[0].on_behalf_of == "ann"
    world.now += HOUR
    with pytest.raises(Refused) as caught:
        world.approve(second, "cat")
    assert caught.value.code == "not_eligible"


def test_a_delegation_that_was_revoked_ends(world: World) -> None:
    run = world.propose()
    name = world.gate.delegate(
        giver="ann", taker="cat", from_at=Timestamp(world.now), until_at=Timestamp(world.now + HOUR)
    )
    world.gate.revoke(name, by="ann")
    with pytest.raises(Refused):
        world.approve(run, "cat")


def test_many_are_approved_each_by_itself(world: World) -> None:
    runs = [world.propose(charge=f"ch_{n}") for n in (1, 2, 3)]
    cards = {run.id: run.card for run in runs} | {runs[1].id: "sha256:other"}
    outcomes = world.gate.approve_all(cards, by="ann")
    assert [o.state for o in outcomes] == [State.APPROVED, None, State.APPROVED]
    assert outcomes[1].error is not None
    assert outcomes[1].error.code == "other_card"


def test_the_queue_of_a_person_is_what_they_may_answer(world: World) -> None:
    small = world.propose(charge="ch_1")
    world.now += 1
    large = world.propose("500.00 USD", "ch_2")
    assert [r.id for r in world.gate.queue()] == [small.id, large.id]
    assert [r.id for r in world.gate.queue(person="ann")] == [small.id]
    assert [r.id for r in world.gate.queue(person="gus")] == [small.id, large.id]
    assert world.gate.queue(person="oli") == []


# --- proposals that are none


def test_the_same_proposal_again_is_the_same_run(world: World) -> None:
    run = world.propose(idempotency_key="k-1")
    assert world.propose(idempotency_key="k-1").id == run.id
    with pytest.raises(Refused) as caught:
        world.propose("76.00 USD", idempotency_key="k-1")
    assert caught.value.code == "key_reused"


def test_what_cannot_be_previewed_is_not_proposed(world: World) -> None:
    with pytest.raises(PreviewFailed, match="there is no charge `ch_9`"):
        world.propose(charge="ch_9")


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ({}, "bad_action"),
        ({"action": "crm.update"}, "no_system"),
        ({"action": "crm.update", "target": {"system": "crm"}}, "no_connector"),
        ({"action": "billing.refund", "target": {"system": "crm"}}, "other_target"),
    ],
)
def test_what_names_nothing_is_refused(world: World, action: dict[str, object], code: str) -> None:
    with pytest.raises(GateError) as caught:
        world.gate.propose(action)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "more",
    [
        {"changs": {}},
        {"idempotency_key": "x" * 1000},
        {"context": {"confidence": 7}},
        {"at": "yesterday"},
        {"idempotency_key": "a\0b"},
        {"target": {"id": "a\0b"}},
    ],
    ids=["key", "long", "confidence", "instant", "NUL", "NUL in the target"],
)
def test_what_cannot_be_read_as_a_whole_is_not_proposed(
    world: World, more: dict[str, object]
) -> None:
    """The rest of it alone might run by itself."""
    with pytest.raises(GateError) as caught:
        world.gate.propose(refund("20.00 USD", "ch_1", **more))
    assert caught.value.code == "bad_action"
    assert world.gate.queue() == []


@pytest.mark.parametrize("text", ["run_0", "a\0b", "\ud800", "é"], ids=ascii)
def test_a_run_that_does_not_exist(world: World, text: str) -> None:
    with pytest.raises(NoSuchRun):
        world.gate.approve(text, by="ann", card="")
    with pytest.raises(Refused):
        world.gate.revoke(text, by="ann")


@pytest.mark.parametrize("record", ["\ud800", object()], ids=["surrogate", "object"])
def test_what_is_no_json_is_not_kept(world: World, record: object) -> None:
    run = world.gate.take_over(world.propose().id, by="ann")
    with pytest.raises(GateError) as caught:
        world.gate.complete_manually(run.id, by="ann", record={"voucher": record})
    assert caught.value.code == "bad_text"
    assert world.gate.run(run.id) == run


def test_an_action_that_does_not_fit_is_never_run(world: World) -> None:
    action = refund("75.00 USD", "ch_1")
    action["params"] = {"customer": "C", "amount": -5}
    run = world.gate.propose(action)
    assert run.state is not State.AUTO
    assert run.round.decision["errors"]


def test_an_agent_chooses_no_instant(world: World) -> None:
    run = world.propose(at="2020-01-01T00:00:00Z")
    assert run.round.decision["at"] == Timestamp(world.now).text


# --- attempts that go wrong


@pytest.mark.parametrize("grade", list(Idempotency))
def test_an_answer_that_never_came(database_url: str, tmp_path: Path, grade: Idempotency) -> None:
    with World(database_url, tmp_path, grade).opened() as world:
        run = world.approve(world.propose())
        world.ledger.faults = ["raises_after"]
        ended = world.work(run)
        assert ended.state is (State.OUTCOME_UNKNOWN if grade is Idempotency.NONE else State.DONE)
        assert world.ledger.effects() == 1


@pytest.mark.parametrize("grade", list(Idempotency))
def test_a_call_that_never_arrived(database_url: str, tmp_path: Path, grade: Idempotency) -> None:
    with World(database_url, tmp_path, grade).opened() as world:
        run = world.approve(world.propose())
        world.ledger.faults = ["raises_before"]
        ended = world.work(run)
        assert ended.state is {
            Idempotency.NATIVE: State.DONE, Idempotency.COMPARE_AND_SET: State.DONE,
            Idempotency.PROBE: State.OUTCOME_UNKNOWN, Idempotency.NONE: State.OUTCOME_UNKNOWN,
        }[grade]  # fmt: skip
        assert world.ledger.effects() == (1 if ended.state is State.DONE else 0)


def test_an_answer_that_is_none_leaves_the_outcome_open(database_url: str, tmp_path: Path) -> None:
    with World(database_url, tmp_path, Idempotency.NONE).opened() as world:
        run = world.approve(world.propose())
        world.ledger.faults = ["nonsense"]
        assert world.work(run).state is State.OUTCOME_UNKNOWN
        with pytest.raises(Refused):
            world.gate.retry(run.id, by="ann")
        settled = world.gate.complete_manually(
            run.id, by="ann", executed=True, note="it is in the bank"
        )
        assert settled.state is State.DONE


def test_a_system_with_keys_is_asked_what_became_of_an_answer_that_is_none(world: World) -> None:
    run = world.approve(world.propose())
    world.ledger.faults = ["nonsense"]
    assert world.work(run).state is State.DONE
    assert world.ledger.effects() == 1


def test_an_old_claim_writes_nothing(world: World) -> None:
    run = world.approve(world.propose())
    claims = Claims(world.gate.desk, "w2", 60 * 1_000_000_000)
    first = claims.claim()
    world.now += 61 * 1_000_000_000
    second = claims.claim()
    assert first is not None
    assert second is not None
    assert (first.id, second.fence) == (second.id, first.fence + 1)
    preview = world.ledger.preview(world.gate.desk.plan_of(first))
    with pytest.raises(GateError) as caught:
        claims.start(first, preview)
    assert caught.value.code == "outdated"
    assert claims.start(second, preview).state is State.EXECUTING
    assert world.gate.run(run.id).fence == 2


def test_secrets_are_kept_sealed_or_not_at_all(world: World) -> None:
    text = Path("examples/refunds/refunds.gate").read_text(encoding="utf-8")
    world.policy = load_source(text.replace("reason?: string(max: 500)",
                                            "@secret reason?: string(max: 500)"))  # fmt: skip
    action = refund("75.00 USD", "ch_1")
    action["params"] = {"customer": "C", "amount": "75.00 USD", "reason": "hunter2"}
    with pytest.raises(GateError) as caught:
        world.gate.propose(action)
    assert caught.value.code == "no_seal"


def test_a_run_is_an_immutable_value(world: World) -> None:
    run = world.propose()
    assert replace(run) == world.gate.run(run.id)
