"""A policy whose compiled form has every kind of node, atom and value, and actions that reach them."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine import deciding
from gatewright.engine.bundle import compiled_layout
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.container import manifest_of, pack, unpack
from gatewright.engine.bundle.decode import dumps
from gatewright.engine.bundle.load import BundledSet
from gatewright.engine.bundle.write import offsets_of
from gatewright.engine.interpret import Request, interpret
from gatewright.engine.outcome import Outcome
from tests.engine.bundle.support import bundled, checked

TEXT = """package shop
type Charge { status: enum("paid", "open") }
action shop.refund on stripe.charge as Charge {
  tenant: string, amount: money(USD), rate: decimal, n: int, maybe?: int, fast: bool, note: string,
  changes { stage: string }
}
action shop.other { n: int }
history refunds = shop.refund where true
let dear = action.amount > 900 USD
route clerk { one of group("clerks") }
route manager { one of group("managers") outranks clerk }
default require clerk
permit agent "bot" to shop.refund
permit agent "cat" to shop.other
risk large on shop.refund when action.n > 50 => 40 because "n is {action.n}"
risk rare on shop.refund when has(action.maybe) => 30
rule t1 on shop.refund when action.tenant == "t1" && action.amount < 100 USD => auto_run
rule t2 on shop.refund when action.tenant == "t2" && action.amount <= 250.50 USD => auto_run
rule t3 on shop.refund when action.tenant in ["t3", "t4"] && action.n in [3, 5] => auto_run
rule ladder on shop.refund
  tier action.amount {
    < 10 USD => auto_run
    10 USD .. 500 USD => require clerk
    > 500 USD => require manager
  }
guard slow on shop.refund when !action.fast && action.rate > 1.5 => require clerk
guard often on shop.refund when refunds.count(tenant: action.tenant, within: 7d) > 3 => block
guard odd on shop.refund
  when action.note.size() > action.n || (action.note.contains("zz") && action.note.size() < 3)
  => require manager
guard staged on shop.refund when changes.has("stage") || dear => require manager
guard risky on shop.refund when risk >= 70 => block
guard closed on shop.refund when target.status == "open" => require clerk
@shadow rule hidden on shop.refund when action.n == 1 => block
exception pause suspends slow { from 2026-06-01T00:00:00Z until 2026-06-30T00:00:00Z
  when action.tenant == "t1" reason "x" owner "y" max_uses 2 }
rule also on shop.other when action.n < 3 => auto_run because "{refunds.count(within: 1d)} so far"
"""


def policy() -> CheckedPolicy:
    return checked([("shop.gate", TEXT)], {})


@contextmanager
def all_compiled() -> Generator[None]:
    """As if every action had many rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_layout, "LEAST_ROWS", 0)
        yield


def content_of(checked_policy: CheckedPolicy) -> bytes:
    """A bundle with the compiled form of all actions."""
    with all_compiled():
        return build(checked_policy, made_by="1.0")


def loaded(content: bytes) -> BundledSet:
    return BundledSet(bundled(content))


def actions() -> list[dict[str, object]]:
    """Actions that differ in what the policy asks for, and some that do not fit."""
    usual: dict[str, object] = {
        "tenant": "t1", "amount": "20 USD", "rate": "1", "n": 3, "fast": True, "note": "a",
    }  # fmt: skip
    changed: list[dict[str, object]] = [
        {}, {"amount": "100 USD"}, {"amount": "99.99 USD"}, {"tenant": "t2", "amount": "250.50 USD"},
        {"tenant": "t2", "amount": "250.51 USD"}, {"tenant": "t4"}, {"tenant": "t4", "n": 4},
        {"amount": "5 USD"}, {"amount": "501 USD"}, {"amount": "901 USD"}, {"n": 51},
        {"n": 51, "maybe": 1}, {"fast": False, "rate": "1.6"}, {"fast": False, "rate": "1.5"},
        {"note": "abcd"}, {"note": "zz"}, {"n": 1}, {"amount": "5 EUR"}, {"n": "x"}, {"more": 1}, {"tenant": "t9"},
    ]  # fmt: skip
    target = {"attributes": {"status": "paid"}}
    at = "2026-06-15T12:00:00Z"
    base = {"action": "shop.refund", "agent": {"id": "bot"}, "target": target, "at": at}
    made: list[dict[str, object]] = [{**base, "params": {**usual, **each}} for each in changed]
    made.append({**base, "params": usual, "changes": {"stage": {"old": "a", "new": "b"}}})
    made.append({**base, "params": usual, "agent": {"id": "cat"}})
    made.append({**base, "params": usual, "target": {"attributes": {"status": "open"}}})
    made.append({**base, "params": usual, "target": {}})
    other: dict[str, object] = {"action": "shop.other", "params": {"n": 1}, "at": at}
    made += [other, {**other, "agent": {"id": "cat"}}]
    return made


def many(count: int, more: str = "") -> CheckedPolicy:
    """One action with so many rules, a tenant each."""
    rules = "\n".join(
        f'rule t{n} on pay.out when action.tenant == "t{n}" && action.amount < {n + 1} USD => auto_run'
        for n in range(count)
    )
    head = "package pay\naction pay.out { tenant: string, amount: money(USD) }\n"
    return checked([("pay.gate", f"{head}{rules}\n{more}")], {})


def payment(tenant: str, amount: str) -> dict[str, object]:
    params = {"tenant": tenant, "amount": amount}
    return {"action": "pay.out", "params": params, "at": "2026-06-15T12:00:00Z"}


class Forms:
    """The compiled form in a bundle, to be changed and put back with right hashes."""

    def __init__(self, content: bytes) -> None:
        container = unpack(content)
        self._manifest = container.manifest
        self.sections = {name: bytes(held) for name, held in container.sections.items()}
        offsets = memoryview(self.sections["trees-offsets"]).cast("Q")
        held = self.sections["trees"]
        self.texts: list[Any] = [json.loads(held[a:b]) for a, b in pairwise(offsets)]
        self.index: dict[str, Any] = json.loads(self.sections["trees-index"])

    @property
    def nodes(self) -> list[list[Any]]:
        """The nodes of all actions."""
        return [text for text in self.texts if not isinstance(text, dict)]

    @property
    def heads(self) -> list[dict[str, Any]]:
        """The heads of all actions."""
        return [text for text in self.texts if isinstance(text, dict)]

    def packed(self) -> bytes:
        """The bundle with the texts and the index as they are now."""
        texts = [dumps(text).encode() for text in self.texts]
        self.sections |= {
            "trees": b"".join(texts),
            "trees-offsets": offsets_of(texts),
            "trees-index": dumps(self.index).encode(),
        }
        return self.with_sections()

    def with_sections(self, **changed: bytes | None) -> bytes:
        """The bundle with some sections changed or left out."""
        wanted = {**self.sections, **{name.replace("_", "-"): c for name, c in changed.items()}}
        sections = {name: content for name, content in wanted.items() if content is not None}
        return pack(manifest_of(self._manifest, sections), sections)


@pytest.fixture(name="interpretations")
def interpretations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the actions that the interpreter decides about, as it does."""
    names: list[str] = []

    def counting(policy: CheckedPolicy, request: Request) -> Outcome:
        names.append(request.action)
        return interpret(policy, request)

    monkeypatch.setattr(deciding, "interpret", counting)
    return names
