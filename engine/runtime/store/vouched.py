"""A run and its past action -> what the trail vouches for: digests that the rows must have.

Each step of a run writes them into its last leaf. What a worker's claim changes is left out, since
a claim has no leaf. The run's salt is in both, so that nobody can guess a content once it is
erased with the salt.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from gatewright.engine.runtime.run import Document, Run
from gatewright.engine.runtime.store import runs

OF_CLAIMS: Final = ("version", "fence", "updated_at")
"""What is not vouched for: it counts and times the claims of workers."""


def rows_of(run: Run, event: str | None) -> Document:
    """Return what the last leaf of a step says of the rows: state, and digests.

    `event` is the text that the store has of the past action, if it has one.
    """
    rows: Document = {"state": run.state.value, "run": run_digest(json.loads(runs.text_of(run)))}
    if event is not None:
        rows["event"] = event_digest(run.salt, event)
    return rows


def run_digest(document: dict[str, Any]) -> str:
    """Return the digest of a run, of its document as JSON was read."""
    left = {name: part for name, part in document.items() if name not in OF_CLAIMS}
    return _digest(json.dumps(left, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def event_digest(salt: str, body: str) -> str:
    """Return the digest of the text of an event."""
    return _digest(salt + body)


def _digest(text: str) -> str:
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
