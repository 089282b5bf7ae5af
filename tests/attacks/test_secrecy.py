"""Ways to a secret: every value that holds one, put into every shape, made into every text."""

from __future__ import annotations

from typing import Any

import pytest

from gatewright.engine.history.memory import History
from gatewright.engine.load import load_source
from tests.attacks.support import AT, written

SECRET = "S3CR3T"  # noqa: S105
CARD = {"number": "4111", "pin": SECRET}

HEAD = """package a
import b as b
type Card { number: string, @secret pin: string }
type Box { card: Card }
action x.y {
  card: Card, cards: list<Card>, table: map<string, Card>, boxes: map<string, Box>,
  lists: map<string, list<Card>>, rows: list<map<string, Card>>, extra: any, text: string,
  @secret codes: list<string>, other?: Card, changes { F: Card, G: map<string, Card> }
}
history past = x.y where status == "executed"
let whole = action.table
let action_card = {"k": action.card}
rule open on x.y => auto_run
"""
OTHER = """package b
let whole = action.lists
let nested = [{"k": [action.card]}]
let text = "harmless"
"""
PARAMS: dict[str, Any] = {
    "card": CARD,
    "cards": [CARD],
    "table": {"x": CARD},
    "boxes": {"x": {"card": CARD}},
    "lists": {"x": [CARD]},
    "rows": [{"x": CARD}],
    "extra": {"y": CARD, "z": [CARD]},
    "text": "x",
    "codes": [SECRET],
}
ACTION = {
    "action": "x.y",
    "params": PARAMS,
    "agent": {"id": "bot", "vault": {"y": CARD}},
    "target": {"attributes": {"vault": CARD}},
    "context": {"evidence": [CARD]},
    "changes": {"F": {"old": CARD, "new": CARD}, "G": {"old": {"x": CARD}, "new": {"x": CARD}}},
    "at": AT,
}
PAST = {
    "id": "1",
    "action": "x.y",
    "params": PARAMS,
    "status": "executed",
    "at": "2026-11-19T12:00:00Z",
}

GIVEN = (
    "changes.has('F') && changes.has('G')"
    " && has(past.last(within: 30d).card) && has(past.last(within: 30d).table)"
)

HOLDERS = [
    "action.card", "action.cards[0]", "action.cards[0u]", "action.table['x']", "action.table.x",
    "action.table[action.text]", "action.table[?'x'].value()", "action.?table.x.value()",
    "action.boxes.x.card", "action.boxes['x'].card", "action.lists.x[0]", "action.lists['x'][0]",
    "action.rows[0].x", "action.rows[0]['x']", "action.rows[0][action.text]", "action.extra.y",
    "action.extra['y']", "action.extra.z[0]", "changes.F.old", "changes.F['old']",
    "changes['F'].new", "changes.G.old.x", "changes.G.new['x']", "agent.vault.y", "target.vault",
    "context.evidence[0]", "past.last(within: 30d).card", "past.last(within: 30d).table['x']",
    "whole.x", "whole['x']", "action_card.k", "action_card['k']", "b.whole.x[0]",
    "b.whole['x'][0]", "b.nested[0].k[0]", "{'k': action.card}.k", "{'k': action.card}['k']",
    "{'k': {'l': action.card}}.k.l", "[action.card][0]", "[[action.card]][0][0]",
    "[{'k': action.card}][0].k", "{'k': [action.card]}.k[0]", "{?'k': action.?card}.k",
    "[?action.?card][0]", "(true ? action.card : action.cards[0])", "(action.cards + [])[0]",
    "(action.lists.x + action.cards)[0]", "action.cards.filter(c, true)[0]",
    "action.cards.map(c, c)[0]", "action.cards.map(c, [c])[0][0]",
    "action.table.transformList(k, v, v)[0]", "action.table.transformMap(k, v, v).x",
    "action.table.transformMapEntry(k, v, {k: v}).x", "action.cards.transformList(i, c, c)[0]",
    "action.cards.sortBy(c, c.number)[0]", "action.cards.first().value()",
    "action.cards.last().value()", "action.lists.x.last().value()", "action.?card.value()",
    "action.?card.orValue(action.cards[0])", "action.?other.or(action.?card).value()",
    "action.?card.optMap(c, c).value()", "action.?card.optFlatMap(c, optional.of(c)).value()",
    "optional.of(action.card).value()", "cel.bind(z, action.table, z.x)",
    "cel.bind(data, action.card, data)", "cel.bind(action, 1, .action.card)",
    "[1].map(action, .action.card)[0]", "dyn(action.card)", "dyn(action).card",
    "action['card']", "dyn(action.table)['x']",
    "cel.bind(data, {'k': action.card}, data.k)", "[[1]].map(l, action.cards[l[0] - 1])[0]",
]  # fmt: skip
TEXTS = [
    "'%s'.format([{0}])", "'%s'.format([{0}.pin])", "'%s'.format([[{0}]])", "{0}.pin",
    "{0}['pin']", "{0}.pin + ''", "{0}.transformList(k, v, v)[1]",
    "{0}.transformMap(k, v, v)", "{0}.map(k, {0}[k])", "{0}", "[{0}]", "{{'k': {0}}}",
    "{{'k': {0}.pin}}", "[{0}.pin].join('-')", "{0}.?pin.orValue('')", "[{0}].map(c, c.pin)",
    "[{0}].filter(c, c.pin.startsWith('S'))[0].pin", "{0}[action.text.replace('x', 'pin')]",
    "({0}.pin == '' ? 'a' : {0}.pin)", "{{{0}.pin: 1}}", "[{0}.pin][0].lowerAscii().upperAscii()",
    "['pin'].map(k, {0}[k])[0]", "cel.bind(z, {0}, z.pin)", "cel.bind(z, {0}, z['p' + 'in'])",
    "[{0}].transformList(i, c, c.transformList(k, v, v))", "strings.quote({0}.pin)",
    "[1].exists(i, {0}.pin == 'y') ? 'a' : 'b'",
]  # fmt: skip


def told(expressions: list[str], head: str = HEAD) -> str:
    """Return all that is told where the expressions stand in a reason, obligation and condition."""
    rules = [
        f"guard g{number} on x.y when {GIVEN} && dyn({text}) != dyn(1)\n"
        f"  && [dyn({text})].size() == 1 && string(dyn({text}).size()) != ''\n"
        f'  => require r because "It is {{ {text} }}." obligate tell(value: {text}, [{text}])\n'
        for number, text in enumerate(expressions)
    ]
    source = head + 'route r { one of group("g") }\non_error require r\n' + "".join(rules)
    policy = load_source([source, OTHER], data={})
    decision = policy.evaluate(ACTION, History([PAST]))
    return written(decision)


def test_no_value_and_no_text_gives_a_secret_away() -> None:
    """Each once, as below the pairs are not measured for coverage."""
    text = told([*HOLDERS, *(text.format(HOLDERS[0]) for text in TEXTS)])
    assert SECRET not in text
    assert "***" in text


@pytest.mark.volume
@pytest.mark.parametrize("number", range(len(HOLDERS)), ids=[*map(str, HOLDERS)])
def test_no_shape_of_a_value_gives_its_secret_away(number: int) -> None:
    """Every text is made of every fourth value: a policy with all of them takes minutes."""
    text = told([text.format(HOLDERS[number]) for text in TEXTS[number % 4 :: 4]])
    assert SECRET not in text
    assert "***" in text


@pytest.mark.volume
def test_the_shapes_do_lead_to_the_secret() -> None:
    """The tests above can fail: without the annotation each shape shows the value."""
    open_head = HEAD.replace("@secret ", "")
    for holder in HOLDERS:
        assert told([f"{holder}.pin"], open_head).count(SECRET) >= 2, holder
