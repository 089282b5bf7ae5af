"""The decision log: what was decided, on which facts, under which policies, kept word for word.

Policies are kept as bundles, once for each digest, so that a decision can be derived again after
the policies changed. Values of secret fields are masked in decisions already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, func, select, update

from gatewright.dsl.policy import PolicyException
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.load import from_bytes
from gatewright.engine.canonical import exact_json
from gatewright.engine.decision import Decision, place_of
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.reading.json_text import Json, read_json
from gatewright.engine.runtime.store import payloads
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.errors import StoreUnusable
from gatewright.engine.runtime.store.inserting import insert_new


def append(
    connection: Connection, run: str, decision: Decision, policy: PolicySet, now: int,
    text: str | None = None,
) -> None:  # fmt: skip
    """Log a decision about a run that is there, and count the exceptions that it used.

    `text` is its `logged_text`, where that is known. Raises ValueError where the policies are not
    those that decided.
    """
    if decision.policy_digest != policy.digest:
        raise ValueError("a decision is logged with the policies that made it")
    body = text or logged_text(decision)  # before uses are counted: it may ask for them
    keep_policy(connection, policy, now)
    values = {
        "run": run, "id": decision.id, "policy": policy.digest, "at": now, "body": body,
    }  # fmt: skip
    connection.execute(t.decisions.insert().values(values))
    for exception in uses_spent(decision, policy):
        count_use(connection, exception, run)


def read(connection: Connection, run: str) -> list[dict[str, Json]]:
    """Return the decisions about a run, oldest first.

    Each is as `Decision.to_dict` gives it, with `suspended` (without doc comments) and `facts` of
    its explanation, and a `salt`. One that was erased has neither facts nor reasons, and `erased`:
    true.
    """
    return [cast("dict[str, Json]", read_json(entry.body)) for entry in logged(connection, run)]


def logged_text(decision: Decision) -> str:
    """Return what is logged of a decision, another text each time.

    It has a salt: once it is erased, nobody can guess from its digest what it said.
    """
    explained = decision.explain()
    return exact_json(
        {
            **decision.to_dict(),
            "suspended": [one.to_dict() for one in explained.suspended],
            "facts": explained.to_dict()["facts"],
            "salt": payloads.new_salt(),
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
    erased_at: int | None = None


def logged(connection: Connection, run: str) -> list[Logged]:
    """Return the entries about a run, oldest first."""
    c = t.decisions.c
    columns = select(c.number, c.policy, c.at, c.body, c.erased_at).where(c.run == run)
    columns = columns.order_by(c.number)
    return [Logged._make(row) for row in connection.execute(columns)]


def erase(connection: Connection, run: str, now: int, quoting: str | None = None) -> list[str]:
    """Take facts, reasons and digests out of the entries about a run, and out of no others.

    With `quoting` only out of those that read the past action which that run is. Returns the
    digests by which the audit trail knows them.
    """
    c = t.decisions.c
    found = select(c.number, c.body).where(c.run == run, c.erased_at.is_(None))
    if quoting is not None:
        found = found.where(_reads(quoting))
    erased = list[str]()
    for number, body in connection.execute(found.order_by(c.number)).all():
        erased.append(logged_digest(body))
        left = exact_json(without_values(cast("dict[str, Json]", read_json(body))))
        connection.execute(
            update(t.decisions).where(c.number == number)
            .values(id=t.ERASED, body=left, erased_at=now)
        )  # fmt: skip
    return erased


def quoting(connection: Connection, run: str) -> list[str]:
    """Return the other runs whose decisions read the past action that a run is.

    Cost: looks through the whole log.
    """
    c = t.decisions.c
    here = (c.run != run, c.erased_at.is_(None), _reads(run))
    return list(connection.scalars(select(c.run).where(*here).distinct().order_by(c.run)))


def _reads(run: str) -> ColumnElement[bool]:
    """Return the condition that an entry has the event of a run among its facts."""
    return t.decisions.c.body.contains(f'"id": "{run}"', autoescape=True)


def without_values(decision: Mapping[str, Json]) -> dict[str, Json]:
    """Return a decision with its effect, routes and rules, and nothing of what it was about."""
    kept = {name: decision[name] for name in _KEPT if name in decision}
    rules = cast("list[dict[str, Json]]", decision["rules"])
    return {
        **kept, "id": t.ERASED, "action_digest": t.ERASED, "errors": [], "obligations": [],
        "because": [], "risk_parts": [], "suspended": [], "facts": {"history": []},
        "rules": [{**rule, "because": None, "conditions": []} for rule in rules],
        "erased": True,
    }  # fmt: skip


_KEPT: Final = ("effect", "routes", "stages", "risk", "policy_digest", "at", "mode")

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


def uses_spent(decision: Decision, policy: PolicySet) -> tuple[str, ...]:
    """Return the qualified names of exceptions of limited uses that a decision used, in order."""
    used = _used(decision, policy)
    return tuple(sorted({one.qualified for one in used if one.max_uses is not None}))


def _used(decision: Decision, policy: PolicySet) -> Iterator[PolicyException]:
    """Yield the exceptions that took a rule away; the explanation tells them by their place."""
    explained = decision.explain()
    places = {(s.exception, s.at) for s in explained.suspended}
    if places:
        for exception in policy.about(explained.action).exceptions:
            if (exception.name, place_of(exception.span)) in places:
                yield exception
