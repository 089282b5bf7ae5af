"""The decision log: what was decided, on which facts, under which policies, kept word for word.

Policies are kept as bundles, once for each digest, so that a decision can be derived again after
the policies changed. Values of secret fields are masked in decisions already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple, cast

from sqlalchemy import Connection, func, select

from gatewright.dsl.policy import PolicyException
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.load import from_bytes
from gatewright.engine.canonical import exact_json
from gatewright.engine.decision import Decision
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.explaining.report import place_of
from gatewright.engine.reading.json_text import Json, read_json
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.errors import StoreUnusable
from gatewright.engine.runtime.store.inserting import insert_new


def append(
    connection: Connection, run: str, decision: Decision, policy: PolicySet, now: int
) -> None:
    """Log a decision about a run that is there, and count the exceptions that it used.

    Raises ValueError where the policies are not those that decided.
    """
    if decision.policy_digest != policy.digest:
        raise ValueError("a decision is logged with the policies that made it")
    body = logged_text(decision)  # before uses are counted: it may ask for them
    keep_policy(connection, policy, now)
    values = {
        "run": run, "id": decision.id, "policy": policy.digest, "at": now, "body": body,
    }  # fmt: skip
    connection.execute(t.decisions.insert().values(values))
    for exception in _used(decision, policy):
        if exception.max_uses is not None:
            count_use(connection, exception.qualified, run)


def read(connection: Connection, run: str) -> list[dict[str, Json]]:
    """Return the decisions about a run, oldest first.

    Each is as `Decision.to_dict` gives it, with `suspended` and `facts` of its explanation.
    """
    return [cast("dict[str, Json]", read_json(entry.body)) for entry in logged(connection, run)]


def logged_text(decision: Decision) -> str:
    """Return what is logged of a decision."""
    explained = decision.explain().to_dict()
    return exact_json(
        {
            **decision.to_dict(),
            "suspended": explained["suspended"],
            "facts": explained["facts"],
        }
    )


def logged_digest(text: str) -> str:
    """Return the digest by which the audit trail knows an entry of the log."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Logged(NamedTuple):
    """An entry of the log: `body` is the exact text, `number` counts over all runs."""

    number: int
    policy: str
    at: int
    body: str


def logged(connection: Connection, run: str) -> list[Logged]:
    """Return the entries about a run, oldest first."""
    c = t.decisions.c
    columns = select(c.number, c.policy, c.at, c.body).where(c.run == run).order_by(c.number)
    return [Logged._make(row) for row in connection.execute(columns)]


# --- policies


def keep_policy(connection: Connection, policy: PolicySet, now: int) -> None:
    """Keep a policy set as a bundle, where it is not kept yet. Cost: one look-up, else its size."""
    c = t.policies.c
    if connection.scalar(select(c.digest).where(c.digest == policy.digest)) is None:
        bundle = build(policy.policy, compiled=False)
        insert_new(connection, t.policies, digest=policy.digest, bundle=bundle, first_used_at=now)


def policy_of(connection: Connection, digest: str) -> PolicySet:
    """Return the policies of a digest, ready to decide as they did.

    Raises KeyError where nothing was decided under them, BundleError where the bundle is damaged,
    StoreUnusable where it is the bundle of others.
    """
    c = t.policies.c
    content = connection.scalar(select(c.bundle).where(c.digest == digest))
    if content is None:
        raise KeyError(digest)
    found = from_bytes(bytes(content))
    if found.digest != digest:
        raise StoreUnusable(
            f"the policies kept as `{digest}` are others, `{found.digest}`",
            "restore the store from a backup",
        )
    return found


def last_policy(connection: Connection) -> PolicySet | None:
    """Return the policies of the last decision; None where nothing was decided yet."""
    c = t.decisions.c
    digest = connection.scalar(select(c.policy).order_by(c.number.desc()).limit(1))
    return None if digest is None else policy_of(connection, digest)


# --- uses of exceptions


def uses_of(connection: Connection, without: str | None = None) -> Callable[[str], int | None]:
    """Return what tells how many runs used an exception, by its qualified name.

    `without` is a run that does not count: the one that is decided. An answer stays what it was
    when it was first asked for, so that a decision and its explanation agree. On PostgreSQL
    concurrent decisions see one another's uses only in a step that decides.
    """
    c = t.exception_uses.c

    @cache
    def uses(exception: str) -> int | None:
        counted = select(func.count()).where(c.exception == exception)
        if without is not None:
            counted = counted.where(c.run != without)
        return connection.scalar(counted)

    return uses


def count_use(connection: Connection, exception: str, run: str) -> None:
    """Count that a run used an exception, a qualified name; once, however often it is decided.

    A use stays counted whatever becomes of the run: an exception is rather spent than overdrawn.
    """
    insert_new(connection, t.exception_uses, exception=exception, run=run)


def _used(decision: Decision, policy: PolicySet) -> Iterator[PolicyException]:
    """Yield the exceptions that took a rule away; the explanation tells them by their place."""
    explained = decision.explain()
    places = {(s.exception, s.at) for s in explained.suspended}
    if places:
        for exception in policy.about(explained.action).exceptions:
            if (exception.name, place_of(exception.span)) in places:
                yield exception
