"""Bundles in memory, and policies as values that can be compared, spans included."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast

from gatewright.dsl.load import check_sources
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Source, Span
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.bundled import BundledPolicy
from gatewright.engine.bundle.container import unpack
from tests.conftest import ROOT

POLICY = """package shop
type Charge { status: enum("paid", "open"), @secret card?: string }
action shop.refund on stripe.charge as Charge { n: int >= 0, amount: money(USD),
  changes { stage: string } }
action shop.order.cancel { n: int }
let big = action.n > 5
history refunds = shop.refund where true
calendar office { zone "Europe/Berlin" days "mon-fri" hours "09:00-17:30" }
route clerk { one of group("clerks") exclude requester remind 1h timeout 4h then reject
  notify slack("#x") }
route manager { 2 of group("managers") outranks clerk }
default require clerk
on_error block
permit agent "bot" to shop.*
risk large on shop.* when action.n > 50 => 40 because "n is {action.n}"
/// A ladder.
rule ladder on shop.refund
  tier action.amount {
    < 10 USD => auto_run
    >= 10 USD => require manager
  }
  because "amount {action.amount}"
rule cancel on shop.order.cancel
  cases {
    big => require clerk then manager
    else => auto_run
  }
guard everywhere on * when action.n > 100 => block because "too many"
exception pause suspends everywhere { from 2026-06-01T00:00:00Z until 2026-06-30T00:00:00Z
  reason "x" owner "y" }
invariant calm on shop.refund: never auto_run when action.n > 100
test "small" {
  given shop.refund { n: 1, amount: 5 USD }
  given agent { id: "bot" }
  expect auto_run
}
// The end.
"""
OTHER = """package crm
import shop
action crm.move { n: int }
route clerk { one of group("sales") }
default block on crm.*
on_error require clerk on crm.*
rule small when action.n < data.limit => auto_run
rule outside on ext.*, crm.move when 1.5 < 2.0 || b"ab" == b"ab" => require clerk
"""
DATA: Mapping[str, object] = {"limit": 3, "rate": 1.5, "list": [1, "ü", None, True]}


def checked(
    texts: Iterable[tuple[str, str]] = (("shop.gate", POLICY), ("crm.gate", OTHER)),
    data: Mapping[str, object] = DATA,
) -> CheckedPolicy:
    policy, diagnostics = check_sources([Source(name, text) for name, text in texts], data)
    assert policy is not None, [str(d) for d in diagnostics]
    return policy


def bundled(content: bytes) -> BundledPolicy:
    return BundledPolicy(unpack(content))


def round_trip(policy: CheckedPolicy) -> BundledPolicy:
    return bundled(build(policy))


def digests_by_hash_seed(imports: str, content: str) -> set[str]:
    """Return the digests of bytes that processes make, each with another seed of hashes."""
    code = f"import hashlib; {imports}; print(hashlib.sha256({content}).hexdigest())"
    return {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }


def plain(value: object) -> object:
    """A policy object as nested tuples: class, fields, and where its spans are."""
    if isinstance(value, Span):
        return (value.source.name, value.source.text, value.start, value.end)
    if is_dataclass(value):
        parts = [(f.name, plain(getattr(value, f.name))) for f in fields(cast(Any, value))]
        return (type(value).__name__, tuple(parts))
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {key: plain(item) for key, item in entries.items()}
    if isinstance(value, tuple):
        return tuple(plain(item) for item in cast("tuple[object, ...]", value))
    return (type(value).__name__, value)
