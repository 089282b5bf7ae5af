"""What the people's processes were told, kept apart from the store: a line before each call, and one after.

A line is on disk before the process goes on, so that what it was told outlives it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Answer = Literal["done", "refused", "not_kept", "unsure"]
"""What a call ended with: a result, a GateError, a StoreError, a StoreUnsure."""


@dataclass
class Deed:
    """One call: what somebody wanted, and what they were told; None where they were killed before."""

    id: str
    do: str
    by: str
    run: str | None
    told: Answer | None = None
    result: dict[str, Any] = field(default_factory=dict[str, Any])


class Journal:
    """The journal of one process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, **line: object) -> None:
        """Keep a line."""
        os.write(self._file, (json.dumps(line) + "\n").encode())
        os.fsync(self._file)


def deeds(paths: Iterable[Path]) -> dict[str, Deed]:
    """Return all calls of all processes by their id. A line that was cut off was not written."""
    found: dict[str, Deed] = {}
    for path in sorted(paths):
        for text in path.read_text().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if "told" in line:
                deed = found[line["id"]]
                deed.told, deed.result = line["told"], line.get("result", {})
            else:
                found[line["id"]] = Deed(line["id"], line["do"], line["by"], line["run"])
    return found
