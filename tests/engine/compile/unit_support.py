"""One action's unit in the making: its slots, and conditions as formulas that can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from gatewright.dsl import ast
from gatewright.dsl.load import check_sources
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.policy import CheckedPolicy, Json
from gatewright.dsl.source import Source
from gatewright.engine.compile import formula as f
from gatewright.engine.compile.lower import Lowering
from gatewright.engine.compile.residual import Residuals
from gatewright.engine.compile.slots import Slots
from gatewright.engine.scope import data_value

PACKAGE, ACTION = "shop", "shop.refund"
SHOP = """package shop
import people
type Charge { region: string }
action shop.refund on stripe.charge as Charge {
  text: string, level: enum("low", "high"), n: int, units: uint, share: double, rate: decimal,
  amount: money(USD), fee: money, flag: bool, due: timestamp, length: duration, extra: any,
  tags: list<string>, maybe?: int, word?: string, perhaps?: bool,
  changes { Stage: string, Count: int }
}
history refunds = shop.refund
let small = 50 USD
let dear = action.amount > small
let names = data.vip
let nested = dear || action.flag
default block
"""
PEOPLE = """package people
action people.greet { who: string }
history greetings = people.greet
let trusted = agent.id in data.vip
let most = 10
default block
"""
DATA: dict[str, object] = {
    "vip": ["C-1", "\u00dcbel"],
    "limits": {"low": 5, "high": 9},
    "mixed": ["C-1", 1],
    "none": [],
    "strict": True,
}


@lru_cache(None)
def policy(*more: str) -> CheckedPolicy:
    """Check the two packages, with further declarations at the end of the first."""
    texts = {"shop.gate": "\n".join([SHOP, *more]), "people.gate": PEOPLE}
    checked, found = check_sources([Source(*each) for each in texts.items()], DATA)
    assert checked is not None, [f"{d.message}: {d.help}" for d in found]
    return checked


class Making:
    """What `compile_unit` has before it builds trees."""

    def __init__(self, *more: str, data: Json = None) -> None:
        self.policy = policy(*more)
        known = data_value(self.policy.data if data is None else data)
        self.slots = Slots(self.policy.actions[ACTION])
        self.lowering = Lowering(self.policy, known, self.slots, ACTION)
        self.residuals = Residuals(self.policy, self.slots, self.lowering, ACTION)
        self.lowering.meter.cost_of = self.residuals.cost

    def lowered(self, text: str) -> str:
        """Return the formula of a condition, as text."""
        return self.shown(self.lowering.expression(parse_expression(text), PACKAGE))

    def residual(self, text: str) -> Callable[..., bool]:
        """Return the function that evaluates a condition which stays whole."""
        return self.of_expression(parse_expression(text))

    def of_expression(self, expr: ast.Expr, package: str = PACKAGE) -> Callable[..., bool]:
        """Return the function that evaluates an expression of a package."""
        return self.residuals.function(f.Literal(f.Opaque(expr, package)))

    def values(self, **given: object) -> list[Any]:
        """Return the values by slot; `action_n` is the path `action.n`, all others are None."""
        named = {".".join(slot.path): number for number, slot in enumerate(self.slots.all)}
        values: list[Any] = [None] * len(self.slots.all)
        for name, value in given.items():
            values[named[name.replace("_", ".")]] = value
        return values

    def shown(self, formula: f.Formula) -> str:
        """Return a formula as text, such as `action.n < 5 & !agent.id?`."""
        match formula:
            case bool() | f.Error():
                return str(formula)
            case f.Literal(atom=atom, negated=negated):
                return f"not {self._atom(atom)}" if negated else self._atom(atom)
            case f.And(parts=parts):
                return self._joined(" & ", parts)
            case f.Or(parts=parts):
                return self._joined(" | ", parts)

    def _joined(self, sign: str, parts: Iterable[f.Formula]) -> str:
        texts = [self.shown(part) for part in parts]
        return sign.join(f"({text})" if " & " in text or " | " in text else text for text in texts)

    def _atom(self, atom: f.Atom) -> str:
        if isinstance(atom, f.Opaque):
            home = "" if atom.package == PACKAGE else f" of {atom.package}"
            return f"[{atom.expression.span.text}]{home}"
        if isinstance(atom, f.Counted):
            return f"uses of {atom.exception} < {atom.max_uses}"
        slot = self.slots.all[atom.slot]
        path = ".".join(slot.path) + ("" if slot.view == "value" else f":{slot.view}")
        if isinstance(atom, f.Member):
            return f"{path} in {{{', '.join(sorted(map(repr, atom.values)))}}}"
        if isinstance(atom, f.Below):
            return f"{path} {'<=' if atom.inclusive else '<'} {atom.bound}"
        return f"{path}?"
