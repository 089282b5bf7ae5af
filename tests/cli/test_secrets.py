"""A field annotated @secret is masked in all that `eval` and `explain` write."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import run

SECRET = "S3CR3T"  # noqa: S105
CARD = {"number": "1", "pin": f"{SECRET}-pin", "brand": "visa"}
ACTION: dict[str, Any] = {
    "action": "pay.card",
    "params": {
        "card": f"{SECRET}-card",
        "word": f"{SECRET}word",  # could be the name of a field
        "codes": [f"{SECRET}-code"],
        "vault": {f"{SECRET}-key": f"{SECRET}-value"},
        "payment": CARD,
        "deep": {"cards": [CARD], "by_name": {"n": CARD}},
        "note": "n",
        "limit": 9876543210123,
        "cash": "9876543210123.45 USD",
        "birth": "1987-06-05T00:00:00Z",
    },
    "agent": {"id": "bot", "owner": "o"},
    "target": {"id": "t", "attributes": {"status": "s", "token": f"{SECRET}-t", "holder": CARD}},
    "changes": {
        "iban": {"old": f"{SECRET}-iban1", "new": f"{SECRET}-iban2"},
        "token": {"old": f"{SECRET}-token1", "new": f"{SECRET}-token2"},
        "holder": {"old": CARD, "new": CARD},
    },
    "at": "2026-11-20T12:00:00Z",
}
PAST = {
    "id": "p", "action": "pay.card", "params": ACTION["params"], "agent": "bot",
    "at": "2026-11-19T12:00:00Z", "status": "executed",
}  # fmt: skip

POLICY = """
package cards
import vaults as vaults
type Card { number: string, @secret pin: string, brand: string }
type Deep { cards: list<Card>, by_name: map<string, Card> }
type Charge { status: string, @secret token: string, holder: Card }
action pay.card on bank.charge as Charge {
  @secret card: string(max: 100),
  @secret word: string(max: 100),
  @secret codes: list<string>,
  @secret vault: map<string, string>,
  payment: Card,
  deep: Deep,
  note: string,
  @secret limit: int > 0,
  @secret cash: money,
  @secret birth: timestamp,
  changes { @secret iban: string, token: string, holder: Card }
}
history pays = pay.card where status == "executed"
let stolen = action.card
let twice = stolen + "!"
let whole = action.payment
let all = action.deep
route boss { one of group("bosses") }
on_error require boss
permit when agent.id == "bot" && action.card != "" to pay.*
rule opens on pay.card => auto_run
risk seen on pay.card when action.card != "" => 10 because "{action.card} {whole}"
exception never suspends opens {
  when action.card == "x" && action.vault == {}
  from 2026-11-01T00:00:00Z until 2026-12-01T00:00:00Z owner "o" reason "r" ticket "t"
}
"""
VAULTS = """
package vaults
let inner = action.card
let stolen = inner
let deep_pin = action.payment.pin
"""

# Each of them leads to a secret in some way. What errs must not tell it in its message either.
EXPRESSIONS = [
    "action.card", "action.codes", "action.codes[0]", "action.vault", "action.limit + 1",
    "action.cash", "action.cash * 2", "action.birth", "action.birth + 1h", "action.payment.pin",
    "action.payment", "action['card']", "action.payment['pin']", "action.deep", "action.deep.cards",
    "action.deep.cards[0]", "action.deep.cards[0].pin", "action.deep.by_name",
    "action.deep.by_name['n'].pin", "[action.payment]", "{'a': action.payment}",
    "{'a': action.card}", "[action.card]", "true ? action.card : 'x'",
    # through lets, of this package and of another
    "stolen", "twice", "whole", "whole.pin", "all.cards", "all.cards[0].pin",
    "vaults.stolen", "vaults.deep_pin",
    # computed
    "action.card + '!'", "action.card.upperAscii().lowerAscii()", "action.card.substring(0, 9)",
    "action.card.split('-')", "base64.encode(bytes(action.card))", "bytes(action.card)",
    "'%s'.format([action.card])", "'%s'.format([action.payment])", "'%s'.format([whole])",
    "string(action.limit)", "dyn(action.card)", "dyn(action.payment)", "optional.of(action.card)",
    "optional.of(action.payment)", "action.?card.orValue('x')",
    # macros
    "action.codes.map(c, c)", "action.codes.filter(c, true)", "action.deep.cards.map(c, c.pin)",
    "action.deep.cards.map(c, c)", "action.deep.cards.filter(c, true)",
    "action.vault.transformList(k, v, v)", "action.vault.transformMap(k, v, v)",
    "action.vault.map(k, k)", "action.deep.by_name.transformList(k, v, v.pin)",
    "action.deep.by_name.transformMap(k, v, v)", "cel.bind(z, action.card, z)",
    "cel.bind(z, action.payment, z)", "cel.bind(z, action.payment, '%s'.format([z]))",
    "[action.card].map(c, c)[0]", "['x'].map(x, action.card)",
    "[action.payment].map(p, '%s'.format([p]))", "['card'].map(k, dyn(action)[k])",
    # the target and what changes
    "target.token", "target.holder", "target.holder.pin", "changes.iban.new", "changes.iban.old",
    "changes.token.old", "changes.holder.new", "changes.holder.old.pin",
    # histories
    "pays.sum(limit, within: 30d)", "pays.sum(cash, within: 30d)", "pays.last(within: 30d).card",
    "pays.last(within: 30d).payment", "pays.last(within: 30d).payment.pin",
    "pays.count(card: action.card, within: 30d)", "pays.count(note: action.card, within: 30d)",
    "pays.count(payment: action.payment, within: 30d)",
    # errors
    "data.limits[action.card]", "data.limits[action.word]", "dyn(action)[action.word]",
    "dyn(target)[action.word]", "dyn(agent)[action.word]",
    "dyn(pays.last(within: 30d))[action.word]", "pays.last(within: 30d).payment[action.word]",
    "[1, 2].slice(action.limit, action.limit)", "lists.range(action.limit)",
    "round(decimal('1'), action.limit, 'up')", "round(decimal('1'), 1, action.word)",
    "timestamp('2026-01-01T00:00:00Z').getHours(action.word)", "action.word.matches('[0-9]')",
    "dyn(action.word) + 1", "cidr(action.card)", "'a'.indexOf('a', action.limit)",
    "'abc'.substring(2, action.limit)", "'a'.replace('a', 'b', action.limit)",
    "{'a': 1}[action.card]", "int(action.card)", "double(action.card)",
    "timestamp(action.card)", "duration(action.card)", "money(action.card)", "decimal(action.card)",
    "bool(action.card)", "action.codes[7]", "action.vault[action.card]", "action.limit / 0",
    "action.limit * 9223372036854775807", "action.cash + 1 EUR",
    "'abc'.charAt(action.limit)", "action.card.substring(99)", "base64.decode(action.card)",
    "ip(action.card)", "'%d'.format([action.card])",
]  # fmt: skip
ABSENT = "changes.has('iban') && changes.has('token') && changes.has('holder')"


def policy_of(expressions: list[str]) -> str:
    """Return the policy with a guard, a reason and an obligation for each expression."""
    guards = [
        f"guard g{number} on pay.card\n"
        f"  when {ABSENT} && has(pays.last(within: 30d).card)"
        f" && has(pays.last(within: 30d).payment)\n"
        f"  when [dyn({expression})].size() > 0 && dyn({expression}) != dyn('x')\n"
        f"  => require boss\n"
        f'  because "It is {{ {expression} }}."\n'
        f"  obligate tell(value: {expression}, both: [dyn({expression})])\n"
        for number, expression in enumerate(expressions, start=1)
    ]
    return POLICY + "".join(guards)


def everything_written(folder: Path, policy: str, action: dict[str, Any]) -> str:
    """Return all that the commands write about an action."""
    (folder / "cards.gate").write_text(policy)
    (folder / "vaults.gate").write_text(VAULTS)
    (folder / "data.json").write_text('{"limits": {"a": 1}}')
    (folder / "action.json").write_text(json.dumps(action))
    (folder / "past.jsonl").write_text(json.dumps(PAST))
    given = (folder, "--action", folder / "action.json", "--history", folder / "past.jsonl")
    runs = [
        run("eval", *given),
        run("explain", *given),
        run("explain", *given, "--format", "json"),
    ]
    assert [ran.code for ran in runs] == [0, 0, 0], runs[0].err
    return "".join(ran.out + ran.err for ran in runs)


def secrets_in(text: str) -> list[str]:
    """Return the secrets that a text gives away, also encoded."""
    values = [SECRET, SECRET.lower(), "9876543210123", "1987-06-05", "19753086420246"]
    values += [b64encode(f"{SECRET}-card".encode()).decode()[:8]]
    return [value for value in values if value in text]


@pytest.mark.volume
def test_no_expression_gives_a_secret_away(tmp_path: Path) -> None:
    text = everything_written(tmp_path, policy_of(EXPRESSIONS), ACTION)
    assert secrets_in(text) == []
    assert text.count("***") > len(EXPRESSIONS)


@pytest.mark.volume
def test_without_the_annotation_they_would_be_shown(tmp_path: Path) -> None:
    """The test above can fail: it is the annotation that masks."""
    open_policy = policy_of(EXPRESSIONS).replace("@secret ", "")
    text = everything_written(tmp_path, open_policy, ACTION)
    assert "***" not in text
    assert len(secrets_in(text)) >= 5
    assert text.count(SECRET) > len(EXPRESSIONS)


def test_what_is_not_secret_is_shown_beside_it(tmp_path: Path) -> None:
    shown = [
        "action.payment.brand", "action.note", "whole.brand", "all.cards[0].number",
        "target.holder.brand", "target.status", "action.deep.cards.map(c, c.brand)",
        "action.deep.cards.size()", "changes.holder.new.number",
    ]  # fmt: skip
    text = everything_written(tmp_path, policy_of(shown), ACTION)
    for reason in ("It is visa.", "It is n.", "It is 1.", "It is s.", 'It is [\\"visa\\"].'):
        assert reason in text
    assert '{"number": "1", "pin": "***", "brand": "visa"}' in text


@pytest.mark.parametrize(
    "broken",
    [
        {"card": 3141592653}, {"card": "S3CR3T" * 100}, {"card": {"S3CR3T": 1}},
        {"codes": "S3CR3T"}, {"codes": [3141592653]}, {"codes": {"S3CR3T": "S3CR3T"}},
        {"vault": {"S3CR3T": 3141592653}}, {"vault": ["S3CR3T"]},
        {"payment": {**CARD, "pin": 3141592653}}, {"payment": {**CARD, "pin": ["S3CR3T"]}},
        {"deep": {"cards": [{**CARD, "pin": {"S3CR3T": "S3CR3T"}}], "by_name": {}}},
        {"limit": "S3CR3T"}, {"limit": -3141592653}, {"limit": 3141592653.5},
        {"cash": "3141592653"}, {"cash": {"amount": "3141592653", "currency": "S3C"}},
        {"cash": 3141592653}, {"birth": "S3CR3T"},
    ],
    ids=str,
)  # fmt: skip
def test_a_secret_that_does_not_fit_is_not_told_either(
    tmp_path: Path, broken: dict[str, Any]
) -> None:
    action = {**ACTION, "params": {**ACTION["params"], **broken}}
    text = everything_written(tmp_path, policy_of(["action.card"]), action)
    assert secrets_in(text) == []
    assert "3141592653" not in text


def test_a_misspelt_action_does_not_give_away_what_is_secret_in_another(tmp_path: Path) -> None:
    """Nothing declares its fields, but fields of these names are secret."""
    watched = 'guard any on * when has(action.card) => require boss because "{action.card}"\n'
    action = {**ACTION, "action": "pay.crad"}
    text = everything_written(tmp_path, policy_of(["action.card"]) + watched, action)
    assert secrets_in(text) == []
