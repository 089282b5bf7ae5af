"""What is given in the place of past actions and is none -> what to give instead."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from gatewright.engine.history.event import Event

_LONGEST_PATH: Final = 1_000


def refuse_what_are_no_events(events: object) -> None:
    """Raise TypeError for what is no list of past actions: one of them, a text, a path."""
    kind = type(events).__name__
    if isinstance(events, (str, bytes, os.PathLike, Mapping, Event)):
        raise TypeError(
            f"`gw.History` takes a list of past actions, not a {kind};"
            " `gw.History.from_jsonl` reads JSON lines"
        )


def refuse_what_is_no_source(source: object) -> None:
    """Raise TypeError for what is neither a path nor text."""
    if not isinstance(source, str | bytes | os.PathLike):
        raise TypeError(
            "`from_jsonl` takes a `Path`, or the text of JSON lines, not a"
            f" {type(source).__name__}; `gw.History([...])` takes past actions"
        )


def path_advice(source: str | bytes) -> str:
    """Return what to add to an error about a text that seems to be a path, else nothing."""
    if len(source) > _LONGEST_PATH:
        return ""
    text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
    line = text.strip()
    is_path = any(sign in line for sign in "./\\") and not any(sign in line for sign in '{["\n')
    return "; the text is JSON lines itself, and a file is given as a `Path`" if is_path else ""
