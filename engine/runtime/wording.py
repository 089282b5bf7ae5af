"""What people write about a run: bounded, and text. Raises what the gate refuses; keeps nothing.

Every step of a run writes all of it again, and everybody who looks at it reads all of it. What has
no safe appearance of its own is kept as it is, and is escaped where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast

from gatewright.engine.canonical import canonical_json
from gatewright.engine.errors import EvaluationError
from gatewright.engine.runtime import events as on
from gatewright.engine.runtime.errors import GateError, Refused
from gatewright.engine.values import nfc

LONGEST_NOTE: Final = 10_000
"""Characters of a note, a comment or a reason."""

LONGEST_NAME: Final = 256
"""Characters of the id of who brings a proposal."""

MOST_RECORD_BYTES: Final = 64 * 1024
"""Of what a person wrote down, as JSON in UTF-8."""

MOST_ACTION_BYTES: Final = 1024 * 1024
"""Of an action with all that its agent says, as JSON in UTF-8."""

MOST_COMMENTS: Final = 1_000
"""Comments of one run."""


def require_short(event: on.Event) -> None:
    """Refuse an answer whose words are too long, or no text."""
    match event:
        case on.Say(_, text):
            require_text(text, "comment")
        case on.Complete(_, _, record, note):
            _require_record(record)
            require_text(note, "note")
        case on.Approve() | on.Reject() | on.RequestChanges() | on.TakeOver() | on.Cancel():
            require_text(event.note, "note")
        case _:
            pass


def require_text(text: object, what: str, most: int = LONGEST_NOTE) -> None:
    """Refuse words that are too long, or that no store keeps; `what` says what they are.

    So is what a caller gives for words and is none: its row could not be read any more.
    """
    if text is None:
        return
    if not isinstance(text, str):
        raise GateError("bad_text", f"the {what} is no text", "give text")
    if len(text) > most:
        raise Refused(
            "too_long", f"the {what} has {len(text):,} characters; at most {most:,} are kept",
            "say it shorter, and where the rest of it is",
        )  # fmt: skip
    if not can_be_kept(text):
        raise GateError(
            "bad_text", f"the {what} holds what is no text: a NUL character or a lone surrogate",
            "give text in UTF-8",
        )  # fmt: skip


def who(person: object) -> str:
    """Return the id of a person as ids are compared: in Unicode normal form C.

    Who is spelt in another way is the same person, also where that keeps them from answering.
    Raises GateError for what is no text.
    """
    try:
        if isinstance(person, str):
            return nfc(person)
    except EvaluationError:  # nobody is called that
        pass
    raise GateError("bad_text", "the id of a person is no text", "people are named by their id")


def can_be_kept(text: str) -> bool:
    """Tell whether stores keep a text: a name that they do not keep is nobody's."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def require_room(comments: int) -> None:
    """Refuse one more comment of a run that has so many."""
    if comments >= MOST_COMMENTS:
        raise Refused(
            "too_many", f"the run has {comments:,} comments; more are not kept",
            "say it elsewhere",
        )  # fmt: skip


def _require_record(record: Mapping[str, object]) -> None:
    try:
        content = canonical_json(record)
    except (ValueError, RecursionError):
        raise GateError(
            "bad_text", "the record holds what is no text or no JSON",
            "give JSON, without lone surrogates",
        ) from None  # fmt: skip
    if len(content) > MOST_RECORD_BYTES:
        raise Refused(
            "too_long",
            f"the record has {len(content):,} bytes as JSON;"
            f" at most {MOST_RECORD_BYTES:,} are kept",
            "write down where the rest of it is",
        )
    if has_nul(record):
        raise GateError(
            "bad_text", "a text of the record has a NUL character, which no database keeps",
            "give text in UTF-8",
        )  # fmt: skip


def has_nul(value: object) -> bool:
    """Tell whether a text somewhere in JSON data has a NUL character."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        return any(has_nul(key) or has_nul(entry) for key, entry in entries.items())
    if isinstance(value, list | tuple):
        return any(map(has_nul, cast("Iterable[object]", value)))
    return False
