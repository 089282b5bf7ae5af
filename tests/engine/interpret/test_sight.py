"""What a condition can see of an action, its agent, its context and the clock."""

from __future__ import annotations

import time

import pytest

import gatewright as gw
from gatewright.dsl.diagnostics import Unreadable
from tests.engine.interpret.support import NOW, action, decide, effect, policy


def holds(condition: str, given: dict[str, object] | None = None, *, head: str = "") -> str:
    """T, F or E: what a condition comes to for an action."""
    rules = policy(
        f"{head} on_error require legal default auto_run rule r when {condition} => require clerk",
        data={"vip": ["ann"], "limits": {"a": 5, "b": None}},
    )
    decision = decide(rules, given)
    if decision.errors:
        return "E"
    return "T" if effect(decision) == "require clerk" else "F"


FULL = action(
    7,
    params={"n": 7, "who": "C-1"},
    target={"id": "ch-1", "attributes": {"open": True}},
    changes={"Amount": {"old": "1.00 USD", "new": "2.00 USD"}},
    context={"trigger": "mail", "confidence": 0.5, "evidence": ["e"]},
    agent={"id": "bot", "owner": "ann", "team": "support", "attributes": {"age": 3}},
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('action.name == "shop.refund"', "T"),
        ("action.n == 7", "T"),
        ('has(action.who) && action.who == "C-1"', "T"),
        ('target.id == "ch-1" && target.open', "T"),
        # The declared place, where the action names none.
        ('target.system == "stripe" && target.object == "charge"', "T"),
        ('agent.id == "bot" && agent.owner == "ann"', "T"),
        ('agent.team == "support" && agent.age == 3', "T"),
        ("agent.nothing == 1", "E"),
        ("has(agent.nothing)", "F"),
        ('has(context.trigger) && context.trigger == "mail"', "T"),
        ("has(context.reasoning)", "F"),
        ("has(context.confidence) && context.confidence < 0.6", "T"),
        ('context.evidence == ["e"]', "T"),
        (f"now == {NOW}", "T"),
        ("risk == 0", "T"),
        ('"ann" in data.vip', "T"),
        ("data.limits.a == 5", "T"),
        ("data.limits.b == null", "T"),
        ('changes.has("Amount")', "T"),
        ('changes.has("Stage")', "F"),
        ('changes.has("Amount") && changes.Amount.new - changes.Amount.old == 1 USD', "T"),
        ('changes.only(["Amount"])', "T"),
        ('changes.only(["Amount", "Stage"])', "T"),
        ('changes.only(["Stage"])', "F"),
        ('changes.fields == ["Amount"]', "T"),
        ('"Amount" in changes.fields', "T"),
    ],
)
def test_a_condition_sees_every_part_of_an_action(condition: str, expected: str) -> None:
    assert holds(condition, FULL) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('changes.only(["Amount"])', "F"),
        ("changes.fields.size() == 0", "T"),
        ("context.evidence.size() == 0", "T"),
        ('target.id == "x"', "E"),
        ("has(target.id)", "F"),
        ("has(action.who)", "F"),
    ],
)
def test_what_is_not_given(condition: str, expected: str) -> None:
    assert holds(condition, action()) == expected


def test_a_change_that_does_not_fit_is_a_change_all_the_same() -> None:
    """It is named, so that `only` and `has` tell the truth; reading it errs."""
    bad = action(changes={"Amount": {"old": "1.00 USD", "new": "two"}})
    rules = policy(
        "default auto_run on_error require legal"
        ' guard g when changes.has("Amount") => require clerk'
    )
    assert effect(decide(rules, bad)) == "require clerk and legal"


def test_one_side_of_a_change_may_be_missing_where_nothing_is_declared() -> None:
    rules = policy(
        'default auto_run on * on_error require legal on * rule r on ext.* when changes.has("A")'
        " && has(changes.A.old) => require clerk"
    )
    assert effect(decide(rules, {"action": "ext.x", "changes": {"A": {"new": 1}}})) == "auto_run"
    given = {"action": "ext.x", "changes": {"A": {"old": 1, "new": 1}}}
    assert effect(decide(rules, given)) == "require clerk"


# --- lets and imported packages


def test_a_let_is_a_name_for_its_expression() -> None:
    head = "let limit = 5 let big = action.n > limit let sure = big && now.getFullYear() == 2026"
    assert holds("sure", FULL, head=head) == "T"
    assert holds("sure", action(1), head=head) == "F"


def test_a_let_that_errs_is_an_error_each_time() -> None:
    head = "let strange = agent.nothing == 1"
    assert holds("strange", FULL, head=head) == "E"
    assert holds("strange && false", FULL, head=head) == "F"
    assert holds("strange || strange", FULL, head=head) == "E"


def test_lets_histories_and_calendars_of_an_imported_package() -> None:
    other = """package base
    action base.thing { n: int }
    let small = 5
    let tiny = action.n < small
    history things = base.thing where n < small
    calendar office { zone "UTC" }
    """
    rules = gw.load_source(
        [
            other,
            "package shop\nimport base as b\naction shop.refund { n: int }\n"
            "rule r when b.tiny && b.things.count(within: 1d) == 1 && now.in(b.office) => auto_run",
        ]
    )
    past = [
        {"id": f"a-{n}", "action": "base.thing", "at": "2026-06-15T11:00:00Z",
         "status": "executed", "params": {"n": n}}
        for n in (1, 9)
    ]  # fmt: skip
    assert effect(decide(rules, action(1), past=past)) == "auto_run"
    assert effect(decide(rules, action(6), past=past)) == "block"
    assert effect(decide(rules, action(1), past=past[1:])) == "block"


# --- calendars


OFFICE = (
    'calendar office { zone "Europe/Berlin" days "mon-fri" hours "09:00-17:30" '
    'holidays ["2026-12-25", "2026-04-06"] } '
    "rule r when now.in(office) => auto_run default require clerk on_error require legal"
)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-06-15T07:00:00Z", "auto_run"),  # Monday, 09:00 in Berlin
        ("2026-06-15T06:59:59Z", "require clerk"),
        ("2026-06-15T15:29:59Z", "auto_run"),
        ("2026-06-15T15:30:00Z", "require clerk"),
        ("2026-06-14T10:00:00Z", "require clerk"),  # Sunday
        ("2026-01-05T08:00:00Z", "auto_run"),  # in winter an hour later
        ("2026-01-05T07:59:59Z", "require clerk"),
        ("2026-12-25T10:00:00Z", "require clerk"),
        ("2026-04-06T10:00:00Z", "require clerk"),
    ],
)
def test_working_time_is_that_of_its_zone(now: str, expected: str) -> None:
    assert effect(decide(OFFICE, now=now)) == expected


@pytest.mark.parametrize(
    ("holidays", "now", "expected"),
    [
        ("[2026-06-15T00:00:00Z]", NOW, "require clerk"),
        ("data.free", NOW, "require clerk"),
        ('["15 " + "June"]', NOW, "require clerk and legal"),
        ("[dyn(5)]", NOW, "require clerk and legal"),
        # Out of working time nobody asks for holidays.
        ('["15 " + "June"]', "2026-06-15T22:00:00Z", "require clerk"),
    ],
)
def test_holidays_are_dates(holidays: str, now: str, expected: str) -> None:
    text = OFFICE.replace('["2026-12-25", "2026-04-06"]', holidays)
    rules = policy(text, data={"free": ["2026-06-15"]})
    assert effect(decide(rules, now=now)) == expected


def test_a_calendar_may_be_asked_of_any_instant() -> None:
    head = 'calendar office { zone "UTC" } '
    assert holds("(now - 1d).in(office)", head=head) == "F"
    assert holds("(now - 3d).in(office)", head=head) == "T"


# --- the clock, and ways to load


def test_without_now_the_action_says_when_else_the_clock() -> None:
    rules = policy("rule a => auto_run")
    assert rules.evaluate(action(at="2020-01-01T00:00:00Z")).at == "2020-01-01T00:00:00Z"
    before = time.time_ns()
    at = gw.Timestamp.parse(rules.evaluate(action()).at)
    assert before <= at.nanos <= time.time_ns()
    later = gw.Timestamp.parse(NOW)
    assert gw.evaluate(rules, action(at="2020-01-01T00:00:00Z"), now=later).at == NOW


def test_a_history_may_be_left_out() -> None:
    rules = policy("history h = shop.refund rule a when h.count(within: 1d) == 0 => auto_run")
    assert effect(rules.evaluate(action())) == "auto_run"


def test_an_action_may_be_given_as_an_object() -> None:
    rules = policy("rule a => auto_run")
    given = gw.Action.from_dict(action())
    assert rules.evaluate(given, now=gw.Timestamp.parse(NOW)).action_digest == given.digest


def test_policies_are_loaded_from_files_folders_and_texts(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("policies")
    text = "package a\naction a.x { }\nrule r when data.open => auto_run\n"
    (folder / "a.gate").write_text(text)
    (folder / "data.json").write_text('{"open": true}')
    from_folder, from_text = gw.load(folder), gw.load_source(text, data={"open": True})
    assert from_folder.digest == from_text.digest
    assert effect(decide(from_folder, {"action": "a.x"})) == "auto_run"
    assert effect(decide(gw.load_source(text, data={"open": False}), {"action": "a.x"})) == "block"


def test_what_cannot_be_loaded_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("policies")
    with pytest.raises(gw.PolicyError, match="polic"):
        gw.load(folder)
    with pytest.raises(gw.PolicyError, match="rout"):
        gw.load_source("package a\nrule r on * => require nobody\n")
    with pytest.raises(Unreadable):
        gw.load(folder / "nothing.gate")


def test_a_change_that_could_not_be_read_is_not_told_to_be_absent() -> None:
    asks = 'guard g when changes.has("Stage") && changes.Stage.old == "a" => block'
    decision = decide(asks, action(changes={"Stage": {"old": 3, "new": "b"}}))
    assert [error.message for error in decision.errors] == [
        "`changes.Stage.old` must be a string, not an int",
        "`changes.Stage` could not be read",
    ]


def test_the_error_of_a_field_by_a_secret_name_does_not_name_it() -> None:
    rules = """package shop
action shop.pay { @secret pin: string }
guard g on shop.pay when agent[action.pin] == 1 => block"""
    pay = {"action": "shop.pay", "params": {"pin": "hidden"}}
    broken = {"id": "bot", "hidden": [float("nan")]}
    errors = gw.load_source(rules).evaluate({**pay, "agent": broken}).errors
    told = [error.message for error in errors if error.source == "guard g"]
    assert told == ["the field of that name could not be read"]
