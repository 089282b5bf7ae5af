"""A scope with a field of every kind, and what checking an expression in it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.typing.presence import Facts
from gatewright.dsl.typing.scopes import ExpressionScope
from gatewright.dsl.typing.signatures import signature
from gatewright.dsl.typing.typer import Typer


def record(name: str, /, **fields: t.Type | t.FieldType) -> t.RecordType:
    """Make a record of fields; a bare type is a field that is always there."""
    listed = {
        key: kind if isinstance(kind, t.FieldType) else t.FieldType(kind)
        for key, kind in fields.items()
    }
    return t.RecordType(name, tuple(listed.items()))


def maybe(kind: t.Type) -> t.FieldType:
    """Make a field that may be absent."""
    return t.FieldType(kind, optional=True)


USD, EUR = t.MoneyType("USD"), t.MoneyType("EUR")
STAGE = t.EnumType(("open", "refunded", "closed"))
CHARGE = record("Charge", status=t.STRING, card=maybe(t.STRING))
ACTION = record(
    "action `billing.refund`",
    name=t.STRING,
    customer=t.STRING,
    amount=USD,
    euros=EUR,
    cash=t.MONEY,
    rate=t.DECIMAL,
    score=t.DOUBLE,
    count=t.INT,
    size=t.UINT,
    public=t.BOOL,
    stage=STAGE,
    mood=t.EnumType(("good", "bad")),
    reason=maybe(t.StringType(500)),
    order=maybe(t.STRING),
    tags=t.ListType(t.STRING),
    rates=t.ListType(t.DECIMAL),
    items=t.ListType(CHARGE),
    limits=t.MapType(t.STRING, t.INT),
    by_number=t.MapType(t.INT, t.STRING),
    expires=maybe(t.TIMESTAMP),
    ttl=t.DURATION,
    raw=t.BYTES,
    extra=t.ANY,
    charge=CHARGE,
    backup=maybe(CHARGE),
)
EVENT = record(
    "an event of `refunds`",
    id=t.STRING,
    action=t.STRING,
    agent=t.STRING,
    target=maybe(t.STRING),
    status=t.EnumType(("pending", "executed")),
    at=t.TIMESTAMP,
    decided_by=maybe(t.STRING),
    customer=t.STRING,
    amount=USD,
    order=maybe(t.STRING),
    extra=t.ANY,
)
CHANGES = t.ChangesType(
    (
        ("Amount", t.FieldType(USD)),
        ("Stage", t.FieldType(STAGE)),
        ("Owner", t.FieldType(t.STRING, secret=True)),
    )
)
DATA = record(
    "data",
    pool=t.ListType(t.STRING),
    prices=t.ListType(t.DOUBLE),
    limits=record("data.limits", gold=t.INT, silver=t.INT),
    teams=record("data.teams", red=record("data.teams.red", lead=t.STRING)),
    nothing=t.NULL,
)
NAMES: Mapping[str, t.Type] = {
    "action": ACTION,
    "changes": CHANGES,
    "target": t.RecordType("target", (("id", t.FieldType(t.STRING)),), open=True),
    "agent": t.RecordType(
        "agent", (("id", t.FieldType(t.STRING)), ("owner", t.FieldType(t.STRING))), open=True
    ),
    "context": record("context", confidence=maybe(t.DOUBLE), evidence=t.ListType(t.ANY)),
    "now": t.TIMESTAMP,
    "risk": t.INT,
    "data": DATA,
    "refunds": t.HistoryType("refunds", EVENT),
    "office": t.CalendarType("office"),
}
LETS: Mapping[str, str] = {
    "small": "50 USD",
    "half": "1.5",
    "harmless": '["Owner"]',
    "two_fields": '["Owner", "Stage"]',
    "owner_field": '"Owner"',
    "by_let": "[owner_field]",
    "given": "has(action.reason)",
    "not_given": "!given",
    "long": "action.reason.size() > 100",
    "urgent": 'long && action.order == "x"',
    "safe_long": "has(action.reason) && long",
    "why": "action.reason",
    "last_refund": "refunds.last(customer: action.customer)",
    "word": '"a+"',
    "broken": '"(a"',
    "stages": '["open", "clsed"]',
    "rates": "[1.5, 2.5]",
    "window": "30d",
    "circle": "round_about + 1",
    "round_about": "circle + 1",
    "itself": "itself",
}
LABEL = "for action `billing.refund`"


def scope(
    lets: Mapping[str, str] | None = None, names: Mapping[str, t.Type] | None = None
) -> ExpressionScope:
    """Make the usual scope, with other lets or more names."""
    texts = LETS if lets is None else lets
    other = ExpressionScope(
        {**NAMES, "orders": t.HistoryType("orders", EVENT), "shop": t.CalendarType("shop")},
        {"cheap": parse_expression("10 USD"), "reasoned": parse_expression("action.reason")},
    )
    return ExpressionScope(
        names={**NAMES, **(names or {})},
        lets={name: parse_expression(text, f"<{name}>") for name, text in texts.items()},
        label=LABEL,
        rules=frozenset({"by_amount", "shop.by_age"}),
        functions=(signature("group(string) -> people"),),
        unavailable={"requester": "only a route knows who asks"},
        packages={"other": other},
    )


USUAL = scope()


@dataclass(frozen=True, slots=True)
class Checked:
    """The type that was inferred and what was reported, in order of place."""

    type: t.Type
    found: tuple[Diagnostic, ...]

    @property
    def codes(self) -> list[str]:
        """The codes alone."""
        return [d.code for d in self.found]


def infer(text: str, where: ExpressionScope | None = None, facts: Iterable[str] = ()) -> Checked:
    """Infer an expression; `facts` are conditions known to hold."""
    found: list[Diagnostic] = []
    typer = Typer(where or USUAL, found.append)
    known = Facts.none()
    for condition in facts:
        known = known.and_(typer.facts_when_true(parse_expression(condition)))
    kind = typer.infer(parse_expression(text), known)
    return Checked(kind, tuple(sorted(found, key=Diagnostic.sort_key)))


def described(found: Iterable[Diagnostic]) -> str:
    """Write diagnostics for the message of a failed test."""
    return "\n".join(f"{d.code} {d.message} @ {d.span.text!r} ({d.help})" for d in found)
