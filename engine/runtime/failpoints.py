"""Named places at which a test may end the process, to show that nothing is lost there.

`GATEWRIGHT_FAILPOINT=name` ends the process at once when it comes by the place, as a crash would;
`name:3` when it comes by for the third time. Without the variable nothing happens.
"""

from __future__ import annotations

import os
from typing import Final

EXIT_CODE: Final = 86

NAMES: Final = (
    "propose.previewed", "propose.recorded", "propose.committed", "answer.recorded",
    "answer.committed",
    "timer.recorded", "timer.committed", "claim.recorded", "claim.committed", "execute.checked",
    "execute.recorded", "execute.committed", "execute.called", "result.recorded",
    "result.committed", "verify.read",
    "stale.recorded", "stale.committed", "deliver.recorded", "deliver.committed",
    "deliver.called", "told.recorded", "told.committed", "tidy.recorded", "tidy.committed",
)  # fmt: skip
"""Every durable step has one before and one after its commit."""

_passed: dict[str, int] = {}


def passed(name: str) -> None:
    """End the process here where the environment says so."""
    wanted = os.environ.get("GATEWRIGHT_FAILPOINT")
    if wanted is None:
        return
    at, _, count = wanted.partition(":")
    if at == name:
        _passed[name] = _passed.get(name, 0) + 1
        if _passed[name] == int(count or 1):
            os._exit(EXIT_CODE)
