"""A history that is a JSON document, and not JSON lines -> what to do with it."""

from __future__ import annotations

import json

_MOST_CHARS = 1_000_000
"""How much is looked at: an object of a past action is short."""


def advice_on_document(content: bytes, line: int) -> str | None:
    """Say how JSON lines are made of what begins on a line that could not be read.

    That is a list, or an object over several lines; None for all else. `line` counts from 1.
    """
    *_, rest = content.split(b"\n", line - 1)
    text = rest[:_MOST_CHARS].decode("utf-8", "replace").lstrip()
    if text.startswith("["):
        return (
            "a history has one JSON object a line, not a list of them: `jq -c '.[]'` writes it so"
        )
    try:
        found, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or "\n" not in text[:end]:
        return None
    return (
        "a history has one JSON object a line; this one goes over several: `jq -c .` writes it so"
    )
