"""Lints policy texts, and writes what was found in lines."""

from __future__ import annotations

from collections.abc import Mapping

from gatewright.dsl.lint import lint
from gatewright.dsl.load import check_sources
from gatewright.dsl.policy import CheckedPolicy, Json
from gatewright.dsl.source import Source

DATA: Mapping[str, Json] = {"customers": ("C-1", "C-2"), "limit": 5}

ACTIONS = """package billing

type Charge { status: enum("open", "paid"), lines?: list<string> }

@irreversible
action billing.refund on stripe.charge as Charge {
  customer: string,
  amount: money(USD) >= 0 USD,
  note: string(max: 500),
  reason?: enum("late", "broken"),
  items: int,
  tags: list<string>,
  public: bool
}
action billing.update on stripe.charge as Charge {
  amount: money(USD) <= 100 USD,
  reason: enum("broken", "other"),
  changes { Amount: money(USD), Stage: enum("a", "b", "c") }
}

route manager { one of group("managers") }
route finance { one of group("finance") outranks manager }
"""


def checked(*texts: str) -> CheckedPolicy:
    """Return the policy of some files; they must have no errors."""
    sources = [Source(f"{i}.gate", text) for i, text in enumerate(texts)]
    policy, diagnostics = check_sources(sources, DATA)
    assert policy is not None, [str(d) for d in diagnostics]
    return policy


def found(code: str, *texts: str, at_nanos: int | None = None) -> list[str]:
    """Return underlined text, sentence and labels of the warnings of one code, a line each."""
    return [
        f"`{d.span.text}` {d.message}"
        + "".join(f" | {label.text}: `{label.span.text}`" for label in d.labels)
        for d in lint(checked(*texts), at_nanos)
        if d.code == code
    ]


def helps(code: str, *texts: str) -> list[str]:
    """Return the advice of the warnings of one code."""
    return [d.help or "" for d in lint(checked(*texts)) if d.code == code]


def in_billing(code: str, text: str) -> list[str]:
    """Lint declarations beside the actions and routes above."""
    return found(code, ACTIONS + text)
