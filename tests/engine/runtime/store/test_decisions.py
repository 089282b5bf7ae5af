"""The decision log: kept once, read back as it was, and derived again from what was kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Connection, func, insert, select, update

from gatewright.engine.action import Action
from gatewright.engine.bundle.checking import check_bundle
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.load import BundledSet, from_bytes
from gatewright.engine.decision import Decision
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.load import load_source
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.runtime.store import decisions, schema
from gatewright.engine.runtime.store.database import Database
from gatewright.engine.runtime.store.errors import StoreUnusable
from gatewright.engine.values import Timestamp
from tests.conftest import ROOT

NOW = 1_800_000_000_000_000_000
PACKAGE = """
package shop
action shop.pay {
  amount: money(USD),
  @secret card: string
}
route manager { one of group("managers") }
default require manager
on_error require manager
permit agent "bot" to shop.pay
rule small on shop.pay when action.amount < 100 USD => auto_run
guard shut on shop.pay when action.card != "x" => block
exception peak suspends shut {
  when action.amount >= 50 USD from 2027-01-01T00:00:00Z until 2027-02-01T00:00:00Z
  owner "o" reason "r" max_uses 3
}
exception always suspends shut {
  when action.amount < 5 USD from 2027-01-01T00:00:00Z until 2027-02-01T00:00:00Z
  owner "o" reason "r"
}
"""
OTHER = "package other\ndefault block\non_error block\n"


@pytest.fixture(scope="module")
def policy() -> PolicySet:
    return load_source(PACKAGE)


def pay(amount: str) -> Action:
    return Action.read({
        "action": "shop.pay", "params": {"amount": amount, "card": "4111-1111"},
        "agent": {"id": "bot"},
    })[0]  # fmt: skip


def add_run(connection: Connection, run: str) -> None:
    """Insert the least that a decision refers to."""
    connection.execute(
        insert(schema.runs).values(
            id=run, version=1, state="pending", action="shop.pay", proposed_at=NOW,
            updated_at=NOW, body="{}",
        )
    )  # fmt: skip


def decide(connection: Connection, policy: PolicySet, run: str, amount: str) -> Decision:
    uses = decisions.uses_of(connection, without=run)
    made = policy.evaluate(pay(amount), now=Timestamp(NOW), uses=uses)
    decisions.append(connection, run, made, policy, NOW)
    return made


def propose(connection: Connection, policy: PolicySet, run: str, amount: str) -> Decision:
    add_run(connection, run)
    return decide(connection, policy, run, amount)


def kept(database: Database) -> int:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(schema.policies)) or 0


def test_decisions_are_read_as_they_were_made(database: Database, policy: PolicySet) -> None:
    with database.transaction() as connection:
        first = propose(connection, policy, "r1", "60 USD")
        second = decide(connection, policy, "r1", "20 USD")
        propose(connection, policy, "r2", "20 USD")
    with database.reading() as connection:
        read = decisions.read(connection, "r1")
        assert decisions.read(connection, "r3") == []
    assert [first.effect, second.effect] == ["auto_run", "block"]
    for body, made in zip(read, [first, second], strict=True):
        explained = made.explain()
        suspended = [one.to_dict() for one in explained.suspended]
        extra = {"facts": explained.to_dict()["facts"], "suspended": suspended}
        assert len(str(body.pop("salt"))) == 32
        assert body == {**made.to_dict(), **extra}
    assert "60 USD" in str(read[0]["facts"]) or "60.00 USD" in str(read[0]["facts"])


def test_no_secret_is_kept(database: Database, policy: PolicySet) -> None:
    with database.transaction() as connection:
        propose(connection, policy, "r1", "20 USD")
        body = str(connection.scalar(select(schema.decisions.c.body)))
    assert "4111-1111" not in body
    assert "***" in body


def test_a_decision_is_derived_again(database: Database, policy: PolicySet) -> None:
    with database.transaction() as connection:
        made = propose(connection, policy, "r1", "60 USD")
    with database.reading() as connection:
        found = decisions.policy_of(connection, made.policy_digest)
        uses = decisions.uses_of(connection, without="r1")
        again = found.evaluate(pay("60 USD"), now=Timestamp(NOW), uses=uses)
        assert again.to_dict() == made.to_dict()


def test_policies_are_kept_once(database: Database, policy: PolicySet) -> None:
    other = load_source(OTHER)
    with database.transaction() as connection:
        for number in range(3):
            propose(connection, policy, f"r{number}", "20 USD")
        decisions.append(connection, "r0", other.evaluate(pay("1 USD")), other, NOW)
    assert kept(database) == 2
    with database.reading() as connection:
        assert decisions.policy_of(connection, policy.digest).digest == policy.digest
        assert decisions.policy_of(connection, other.digest).digest == other.digest
        with pytest.raises(KeyError, match="sha256:0"):
            decisions.policy_of(connection, "sha256:0")


def test_policies_from_a_bundle_are_kept_too(database: Database, policy: PolicySet) -> None:
    with database.transaction() as connection:
        propose(connection, policy, "r1", "20 USD")
        content = connection.scalar(select(schema.policies.c.bundle))
    assert content is not None
    bundled = from_bytes(bytes(content))
    assert isinstance(bundled, BundledSet)
    with database.transaction() as connection:
        connection.execute(schema.decisions.delete())
        connection.execute(schema.policies.delete())
        propose(connection, bundled, "r2", "60 USD")
        assert decisions.policy_of(connection, policy.digest).digest == policy.digest
        assert decisions.uses_of(connection)("shop.peak") == 1


def test_a_bundle_that_was_changed_is_refused(database: Database, policy: PolicySet) -> None:
    other = load_source(OTHER)
    bundles = schema.policies.c
    with database.transaction() as connection:
        decisions.keep_policy(connection, policy, NOW)
        decisions.keep_policy(connection, other, NOW)
        theirs = connection.scalar(select(bundles.bundle).where(bundles.digest == other.digest))
        swap = update(schema.policies).where(bundles.digest == policy.digest)
        connection.execute(swap.values(bundle=theirs))
        with pytest.raises(StoreUnusable, match="others"):
            decisions.policy_of(connection, policy.digest)
        assert theirs is not None
        connection.execute(swap.values(bundle=bytes(theirs)[:-1]))
        with pytest.raises(BundleError):
            decisions.policy_of(connection, policy.digest)


def test_a_decision_of_other_policies_is_not_logged(database: Database, policy: PolicySet) -> None:
    made = load_source(OTHER).evaluate(pay("1 USD"))
    with pytest.raises(ValueError, match="policies"), database.transaction() as connection:
        add_run(connection, "r1")
        decisions.append(connection, "r1", made, policy, NOW)
    with database.reading() as connection:
        assert decisions.read(connection, "r1") == []


def test_an_exception_is_spent(database: Database, policy: PolicySet) -> None:
    with database.transaction() as connection:
        effects = [propose(connection, policy, f"r{n}", "60 USD").effect for n in range(5)]
        assert effects == ["auto_run"] * 3 + ["block"] * 2
        assert decisions.uses_of(connection)("shop.peak") == 3


def test_only_exceptions_that_suspended_and_have_max_uses_count(
    database: Database, policy: PolicySet
) -> None:
    with database.transaction() as connection:
        assert propose(connection, policy, "r1", "20 USD").effect == "block"
        assert propose(connection, policy, "r2", "2 USD").effect == "auto_run"
        rows = connection.execute(select(schema.exception_uses)).all()
        assert rows == []
        propose(connection, policy, "r3", "60 USD")
        assert list(connection.execute(select(schema.exception_uses))) == [("shop.peak", "r3")]


def test_a_run_uses_an_exception_once(database: Database, policy: PolicySet) -> None:
    with database.transaction() as connection:
        propose(connection, policy, "r1", "60 USD")
        decisions.count_use(connection, "shop.peak", "r1")
        for _ in range(4):
            assert decide(connection, policy, "r1", "70 USD").effect == "auto_run"
        decide(connection, policy, "r1", "20 USD")  # it stays counted
        assert decisions.uses_of(connection)("shop.peak") == 1
        assert decisions.uses_of(connection, without="r1")("shop.peak") == 0
        assert decisions.uses_of(connection, without="r2")("shop.peak") == 1


def test_an_explanation_agrees_with_a_decision_that_was_before(
    database: Database, policy: PolicySet
) -> None:
    with database.transaction() as connection:
        for number in range(2):
            propose(connection, policy, f"r{number}", "60 USD")
        uses = decisions.uses_of(connection)
        made = policy.evaluate(pay("60 USD"), now=Timestamp(NOW), uses=uses)
        propose(connection, policy, "r2", "60 USD")
        assert made.effect == "auto_run"
        assert [s.exception for s in made.explain().suspended] == ["peak"]


def test_doc_comments_change_nothing_of_what_is_logged() -> None:
    documented = load_source(PACKAGE.replace("exception peak", "/// A sale.\nexception peak"))
    made = documented.evaluate(pay("60 USD"), now=Timestamp(NOW), uses=lambda _: 0)
    assert [s.doc for s in made.explain().suspended] == ["A sale."]
    logged = read_json(decisions.logged_text(made))
    assert isinstance(logged, dict)
    assert logged["suspended"] == [one.to_dict() for one in made.explain().suspended]
    assert "A sale." not in decisions.logged_text(made)


def test_twelve_threads_do_not_overdraw_an_exception(database: Database, policy: PolicySet) -> None:
    ready = Barrier(12)
    database.patience_s = 60

    def go(number: int) -> str:
        ready.wait(30)
        made = database.retrying(lambda c: propose(c, policy, f"r{number}", "60 USD"))
        return made.effect.value

    with ThreadPoolExecutor(12) as pool:
        effects = sorted(pool.map(go, range(12)))
    assert effects == ["auto_run"] * 3 + ["block"] * 9
    assert kept(database) == 1
    with database.reading() as connection:
        assert decisions.uses_of(connection)("shop.peak") == 3
        assert sum(len(decisions.read(connection, f"r{n}")) for n in range(12)) == 12


def test_the_policies_of_the_examples_come_back(database: Database) -> None:
    texts = [p.read_text("utf-8") for p in (ROOT / "examples" / "refunds").glob("*.gate")]
    policy = load_source(texts)
    with database.transaction() as connection:
        decisions.keep_policy(connection, policy, NOW)
        found = decisions.policy_of(connection, policy.digest)
        assert isinstance(found, BundledSet)
        check_bundle(found.bundled)
