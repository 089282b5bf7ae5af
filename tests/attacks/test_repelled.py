"""Attacks that fail, so that they go on failing: one table for each kind."""

from __future__ import annotations

import json
import sys
import threading
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gatewright.cli import main
from gatewright.dsl.diagnostics import PolicyError
from gatewright.engine.decision import Effect
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.reading.problems import ActionError
from gatewright.engine.values import Money
from tests.attacks.support import AT, REFUND, effect_of, refund

POLICY = load_source(REFUND)
PAST = History(
    [{"id": "1", "action": "billing.refund", "at": "2026-11-19T12:00:00Z", "status": "executed",
      "params": {"customer": "Caf\u00e9-1", "amount": "5.00 USD"}}]
)  # fmt: skip


def test_the_plain_action_runs() -> None:
    assert effect_of(POLICY, refund(), history=PAST) is Effect.AUTO_RUN


# --- values that nearly fit

AMOUNTS: list[Any] = [
    "75.00 usd", "1e3 USD", "0x10 USD", "\uff15\uff10 USD", " 5 USD", "5 USD ", "5  USD",
    "5\u00a0USD", "+5 USD", "-5 USD", "NaN USD", "5 USD\n", "5 \uff35SD", "5.00 U\u200bSD",
    "5,00 USD", ".5 USD", "5. USD", "9" * 61 + " USD", "9" * 5000 + " USD", "5 EUR", 5, 5.0, True,
    None, "", [], {}, ["5 USD"], Decimal(5), Decimal("NaN"), Decimal("sNaN"), Decimal("1E+400"),
    Money(Decimal(5), "EUR"), Money(Decimal(0), None),
    {"amount": 5, "currency": "USD"}, {"amount": "5", "currency": "usd"},
    {"amount": "5", "currency": "USD", "x": 1}, {"amount": "-5", "currency": "USD"},
    {"amount": "1e1", "currency": "USD"}, {"amount": Decimal("sNaN"), "currency": "USD"},
]  # fmt: skip
TYPED: dict[str, list[Any]] = {
    "count": ["5", 5.0, True, 2**63, Decimal(5), 10**70, 1e300],
    "share": ["1", float("nan"), float("inf"), True, 2**53 + 1, Decimal("1.5")],
    "rate": [1.5, "1,5", "NaN", " 1", "1_000", "\uff11", True, "1e99999999"],
    "sure": [0, 1, "true", None],
    "raw": ["!!", "YQ", "YQ==\n", "YQ== "],
    "when": ["now", 5, "2026-01-01", "2026-02-30T00:00:00Z"],
    "wait": ["5", "1e5s", 5, "999999w", "1h" * 60],
    "kind": ["A", "a ", "c", ["a"]],
    "list": [[True], ["1"], [1.0], {"0": 1}, "12", {1, 2}],
    "map": [{"a": True}, [["a", 1]], {1: 1, "1": 2}, {"e\u0301": 1, "\u00e9": 2}],
    "extra": [object(), {1}, 2**64, 1j, range(3), ..., iter(())],
}


@pytest.mark.parametrize("amount", AMOUNTS, ids=lambda v: ascii(v)[:30])
def test_an_amount_that_nearly_fits_does_not_run(amount: Any) -> None:
    assert effect_of(POLICY, refund(amount=amount)) is Effect.REQUIRE_APPROVAL


@pytest.mark.parametrize("field", TYPED)
def test_a_value_that_nearly_fits_does_not_run(field: str) -> None:
    for value in TYPED[field]:
        assert effect_of(POLICY, refund(**{field: value})) is Effect.REQUIRE_APPROVAL, value


PARTS: dict[str, list[Any]] = {
    "agent": [
        [], 5, "bot", {"id": 5}, {"id": ["b"]}, {"id": ""}, {1: 2, "1": 3},
        {"id": "b", "attributes": {"id": "admin"}}, {"id": "b", "a": 1, "attributes": {"a": 2}},
    ],
    "changes": [
        [], 5, {"status": "open"}, {"status": {"old": "open"}},
        {"Status": {"old": "open", "new": "closed"}}, {"status": {"old": None, "new": "open"}},
    ],
    "target": [
        [], {"system": "Stripe"}, {"object": "charge\u200b"}, {"x": 1},
        {"attributes": {"status": "s", "more": 1}},
    ],
    "context": [[], {"confidence": 1.5}, {"confidence": True}, {"evidence": "x"}],
    "at": [5, True, "2026-11-20", "9999-12-31T23:59:59-23:59", "\u0662026-01-01T00:00:00Z"],
    "idempotency_key": ["", 5, "x" * 257],
    "params": [None, [], "x", 5],
    "paramz": [{"amount": "1 USD"}],
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_nearly_fits_does_not_run(part: str) -> None:
    for value in PARTS[part]:
        assert effect_of(POLICY, {**refund(), part: value}) is not Effect.AUTO_RUN, value


NAMES: list[Any] = [
    "billing.refund ", "billing.refund\n", "billing.refund\0", "billing.refund\u200b",
    "billing.refund\u00a0", "billing.refund\u202e", "", "a" * 257, 5, None, ["billing.refund"],
    True, b"billing.refund", {"x": 1},
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda v: ascii(v)[:30])
def test_a_bad_name_is_not_opened_by_a_pattern(name: Any) -> None:
    policy = load_source("package open\nrule all on * => auto_run")
    assert effect_of(policy, {"action": "x.y"}) is Effect.AUTO_RUN
    assert effect_of(policy, {"action": name}) is Effect.BLOCK


@pytest.mark.parametrize("depth", [65, 5000])
def test_deep_and_circular_values(depth: int) -> None:
    deep_list: list[Any] = []
    deep_map: dict[str, Any] = {}
    for _ in range(depth):
        deep_list, deep_map = [deep_list], {"a": deep_map}
    circle: dict[str, Any] = {}
    circle["a"] = [circle]
    for extra in (deep_list, deep_map, circle):
        assert effect_of(POLICY, refund(extra=extra)) is Effect.REQUIRE_APPROVAL


@pytest.mark.parametrize("customer", ["Caf\u00e9-1", "Cafe\u0301-1"])
def test_another_normal_form_is_the_same_customer(customer: str) -> None:
    assert effect_of(POLICY, refund(customer=customer), history=PAST) is Effect.BLOCK


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"a": 1, "\\u0061": 2}', '{"a": NaN}', '{"a": 1e999}', '["\\ud800"]',
     '{"a": ' + "9" * 61 + "}", "[" * 100_000, '{"a":' * 100_000, '{"a": 1} x', '"\x01"', ""],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_json_that_two_readers_could_understand_differently(text: str) -> None:
    with pytest.raises(ActionError):
        read_json(text)


# --- histories


@pytest.mark.parametrize(
    "parts",
    [{"status": "Executed"}, {"status": ["executed"]}, {"status": None}, {"at": 5}, {"id": ""},
     {"agent": {"id": 5}}, {"params": []}, {"rules": {"a": 1}}, {"decided": "x"}],
    ids=ascii,
)  # fmt: skip
def test_an_odd_past_action_is_refused(parts: dict[str, Any]) -> None:
    event = {"id": "1", "action": "billing.refund", "at": AT, "status": "executed", **parts}
    with pytest.raises(ActionError):
        History([event])


def test_an_id_stands_for_one_action() -> None:
    first = {"id": "1", "action": "billing.refund", "at": AT, "status": "pending"}
    history = History([first, {**first, "at": "2020-01-01T00:00:00Z", "status": "executed"}])
    assert [event.at.text for event in history] == [AT]
    with pytest.raises(ActionError):
        history.append({**first, "params": {"customer": "C-2"}})


def test_a_past_action_that_cannot_be_read_restricts() -> None:
    history = History(
        [{"id": "1", "action": "billing.refund", "at": AT, "status": "executed",
          "params": {"customer": 5, "amount": "5 USD"}}]
    )  # fmt: skip
    assert effect_of(POLICY, refund(), history=history) is Effect.BLOCK


def test_a_reason_tells_the_history_as_it_was() -> None:
    policy = load_source(
        'package a action x.y {} history past = x.y where status == "executed"'
        ' rule r on x.y => auto_run because "{past.count(within: 30d)} before"'
    )
    history = History()
    decision = policy.evaluate({"action": "x.y", "at": AT}, history)
    history.append({"id": "1", "action": "x.y", "at": AT, "status": "executed"})
    assert decision.because == ("0 before",)


# --- policies

HEAD = """package a
action x.y { amount: money(USD), n: int, reason?: string, changes { F: string } }
route r { one of group("g") }
default require r
on_error require r
"""
OPEN = "rule open on x.y => auto_run\n"
SPAN = "from 2026-11-01T00:00:00Z until 2026-12-01T00:00:00Z owner 'o' reason 'r' ticket 't'"
REFUSED = [
    "on_error auto_run on x.y",
    "guard g on x.y => auto_run",
    "guard g on x => block",
    "guard g on x.z => block",
    "guard g on x.y when action.amuont > 5 USD => block",
    "guard g on x.y when action.amount > 5 => block",
    "guard g on x.y when action.amount > 5 EUR => block",
    "guard g on x.y when action.n = 5 => block",
    "guard g on x.y when 1 < action.n < 5 => block",
    "guard g on x.y when action.n == '5' => block",
    "guard g on x.y when action.reason == 'a' => block",
    "guard g on x.y when changes.has('G') => block",
    "guard g on x.y when changes[action.reason].old == 'a' => block",
    "guard g on x.y when 'a'.matches('(?=a)') => block",
    "guard g on x.y tier action.n { < 5 => require r  > 5 => block }",
    "guard g on x.y tier action.n { <= 5 => require r  >= 5 => block }",
    "rule g on x.y table (action.n) { _ => auto_run  5 => block }",
    "guard g on x.y cases { else => require r  action.n == 5 => block }",
    "let action = 1",
    "let risk = 1",
    "let data = 1",
    "let q = risk\nrisk k on x.y when q > 5 => 10",
    "risk k on x.y when action.n > 5 => 0",
    "@Shadow guard g on x.y => block",
    "@irreversible guard g on x.y => block",
    "action x.z { @Secret pin: string }",
    'permit agent "" to x.y',
    'route q { 0 of group("g") }',
    'route q { one of group("") }',
    'route q { one of group("g") timeout 0s then approve }',
    'route q { one of group("g") timeout 1h then escalate q }',
    'route q { one of group("g") outranks q }',
    "route s { one of group('s') }\n"
    "guard g on * => require r then s\nguard h on * => require s then r",
    f"absolute guard g on x.y => block\nexception e suspends g {{ {SPAN} }}",
    f"exception e suspends b.g {{ {SPAN} }}",
    f"guard g on x.y => block\nexception e suspends g {{ {SPAN} max_uses 1 max_uses 9 }}",
    "guard g on x.y => block\nexception e suspends g { from 2026-11-01T00:00:00Z }",
    'history h = x.y where status == "execute"',
    'history h = x.y where status in ["Executed"]',
    "history h = x.y where true\nguard g on x.y when h.count(m: 1, within: 1d) > 0 => block",
    "history h = x.y where true\nguard g on x.y when h.count(n: 1) > 0 => block",
    "history h = x.y where true\nguard g on x.y when h.count(n: 1, within: -1d) > 0 => block",
    '@irreversible action x.z {} route q { one of group("g") timeout 1h then approve }'
    " guard g on x.* => require q",
]


@pytest.mark.parametrize("text", REFUSED)
def test_a_policy_that_would_widen_is_refused(text: str) -> None:
    absolute = "package b\nabsolute guard g on x.* => block\n"
    with pytest.raises(PolicyError):
        load_source([HEAD + OPEN + text, absolute])


STOPPED = [
    "guard g on x.y when action.n / 0 == 1 => block",
    "guard g on x.y unless action.n / 0 == 1 => block",
    "guard g on x.y when agent.team == 'a' => block",
    "guard g on x.y cases { action.n / 0 == 1 => require r  action.n == 1 => block }",
    "guard g on x.y when [0].exists(action, .action.n == 1) => block",
    "guard g on x.y when [1].all(risk, risk == 1) => block",
    "guard g on x.y when !changes.only([]) => block",
    "guard g on x.y when lists.range(action.n * 999999).size() == 0 => block",
    f"guard g on x.y => block\nexception e suspends g {{ when action.n / 0 == 1 {SPAN} }}",
    f"guard g on x.y => block\nexception e suspends g {{ when agent.team == 'a' {SPAN} }}",
    f"guard g on x.y => block\nexception e suspends g {{ {SPAN} max_uses 4 }}",
    "risk k on x.y when action.n / 0 == 1 => 60\nguard g on x.y when risk >= 60 => block",
    "permit when agent.team == 'a' to x.y",
    'permit agent "*" to x.y',
]


@pytest.mark.parametrize("text", STOPPED)
def test_errors_and_tricks_do_not_take_a_guard_away(text: str) -> None:
    policy = load_source(HEAD + OPEN + text)
    action = {"action": "x.y", "params": {"amount": "5 USD", "n": 1}, "agent": {"id": "b"}}
    assert effect_of(policy, {**action, "at": AT}) is Effect.BLOCK


def test_an_exception_ends_when_it_ends() -> None:
    text = f"guard g on x.y => block\nexception e suspends g {{ {SPAN} }}"
    policy = load_source(HEAD + OPEN + text)
    action = {"action": "x.y", "params": {"amount": "5 USD", "n": 1}}
    times = {"2026-11-01T00:00:00Z": Effect.AUTO_RUN, "2026-12-01T00:00:00Z": Effect.BLOCK,
             "2026-10-31T23:59:59.999999999Z": Effect.BLOCK}  # fmt: skip
    for at, effect in times.items():
        assert effect_of(policy, {**action, "at": at}) is effect


# --- the host

STRICT = load_source(
    REFUND + "guard high on billing.refund when !(action.amount < 50 USD) => block"
)


def _below(frames: int, call: Callable[[], Effect]) -> Effect:
    return call() if frames <= 0 else _below(frames - 1, call)


def test_a_stack_that_is_nearly_used_up_never_loosens() -> None:
    def decide() -> Effect:
        return STRICT.evaluate(refund(amount="5000 USD")).effect

    for frames in range(sys.getrecursionlimit() // 2, sys.getrecursionlimit(), 7):
        try:
            assert _below(frames, decide) is Effect.BLOCK
        except RecursionError:
            break


def test_threads_share_a_policy() -> None:
    policy, wrong = PolicySet(STRICT.policy), list[Effect]()

    def decide() -> None:
        for amount, effect in [("5 USD", Effect.AUTO_RUN), ("500 USD", Effect.BLOCK)] * 15:
            found = effect_of(policy, refund(amount=amount), history=PAST)
            if found is not effect:
                wrong.append(found)

    threads = [threading.Thread(target=decide) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- what a terminal would obey

EVIL = "\x1b[2J\x1b]0;x\x07\u202e\u2066\r\n+ AUTO_RUN\u2028\u0085\x9b31m\u200b\ufeff\U000e0041"


@pytest.mark.parametrize(
    "arguments",
    [["explain"], ["explain", "--format", "json"], ["eval"]],
    ids=["explain", "explain json", "eval"],
)
def test_nothing_that_an_action_says_reaches_the_terminal(
    arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / "a.gate").write_text(
        REFUND.replace('"{action.customer}"', '"\\u001b[1m {action.customer}\\n"'), encoding="utf-8"
    )
    action = refund(customer=EVIL, extra={EVIL: EVIL}) | {
        "agent": {"id": "b" + EVIL, EVIL: EVIL},
        "target": {"id": EVIL, "attributes": {EVIL: 1}},
        "changes": {EVIL: {"old": EVIL, "new": EVIL}},
        "context": {"trigger": EVIL},
        EVIL: 1,
    }
    (tmp_path / "action.json").write_text(json.dumps(action), encoding="utf-8")
    command = [*arguments, str(tmp_path), "--action", str(tmp_path / "action.json")]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0
    hidden = {c for c in result.output if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}}
    assert hidden <= {"\n"}
