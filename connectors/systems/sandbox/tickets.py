"""The simulated ticket system: tickets, and what is written under them.

A comment is a record of its own, `T-812#5`. What a customer saw cannot be taken back; a note for
colleagues can.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from gatewright.connectors.systems.sandbox.fields import COUNT, TEXTS, choice, text, truth
from gatewright.connectors.systems.sandbox.model import (
    Case,
    Deed,
    ObjectType,
    Operation,
    Other,
    Seeded,
    System,
)
from gatewright.connectors.systems.sandbox.seeds import Pick
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import Unsupported

FIRST: Final = 801
LAST: Final = 820
SUBJECTS: Final = (
    "The parcel never came", "A question about the invoice", "The wrong size", "Login fails",
    "Please change the address",
)  # fmt: skip


def comment(case: Case, public: bool | None = None) -> Deed:
    """Write under a ticket; `public` None: the action says whether the customer sees it."""
    if public is None:
        said = case.given.get("public")
        if not isinstance(said, bool):
            raise Unsupported("the action needs the parameter `public`, true or false")
        public = said
    body = case.text("body")
    attachments = case.given.get("attachments", [])
    id_ = f"{case.id}#{case.look.next_number('comment', case.id + '#')}"
    made: dict[str, Json] = {
        "ticket": case.id, "public": public, "body": body, "attachments": attachments,
    }  # fmt: skip
    counted = _count(case, public, 1)
    return Deed(
        {**counted, "last_comment": body},
        f"replies to the customer of ticket {case.id}" if public else f"notes on ticket {case.id}",
        None if public else "the note is deleted, as an action of its own",
        {"comment": id_},
        (Other("comment", id_, made),),
        id_,
    )


def delete_note(case: Case) -> Deed:
    """Delete a note for colleagues."""
    id_ = case.text("comment")
    made = case.other("comment", id_)
    if made["ticket"] != case.id or made["public"] or made["deleted"]:
        raise Unsupported(f"comment {id_} cannot be deleted")
    left = [
        other
        for other_id, other in case.look.find("comment", "ticket", case.id).items()
        if other_id != id_ and not other["deleted"]
    ]
    return Deed(
        {**_count(case, False, -1), "last_comment": left[-1]["body"] if left else None},
        f"deletes the note {id_}",
        None,
        others=(Other("comment", id_, {"deleted": True}),),
        reference=id_,
    )


def _count(case: Case, public: bool, more: int) -> dict[str, Json]:
    name = "replies" if public else "notes"
    before = case.values[name]
    return {name: (before if isinstance(before, int) else 0) + more}


def seeded(pick: Pick) -> Iterator[Seeded]:
    """Give tickets of the customers, with one to four comments each; `T-812` has four."""
    for number in range(FIRST, LAST + 1):
        id_ = f"T-{number}"
        subject = pick.one(id_, SUBJECTS)
        count = 4 if number == 812 else pick.number(id_ + "/comments", 1, 4)
        bodies = [subject + ".", *(f"Any news? ({again})" for again in range(1, count))]
        yield Seeded("ticket", id_, {
            "subject": subject, "requester": f"C-{number - FIRST + 1}",
            "status": "pending" if number % 4 == 1 else "open",
            "priority": pick.one(id_ + "/priority", ("low", "normal", "high", "urgent")),
            "assignee": pick.one(id_ + "/assignee", ("support-1", "support-2", "support-3")),
            "replies": count, "last_comment": bodies[-1],
        })  # fmt: skip
        for position, body in enumerate(bodies, 1):
            yield Seeded(
                "comment", f"{id_}#{position}", {"ticket": id_, "public": True, "body": body}
            )


TICKETS: Final = System(
    "tickets",
    {
        "ticket": ObjectType(
            {
                "subject": text(""), "requester": text(""),
                "status": choice("open", "pending", "solved", "closed"),
                "priority": choice("normal", "low", "high", "urgent"), "assignee": text(),
                "resolution": text(""), "replies": COUNT, "notes": COUNT, "last_comment": text(),
            },
            editable=("subject", "status", "priority", "assignee", "resolution"),
        ),
        "comment": ObjectType(
            {
                "ticket": text(""), "public": truth(True), "body": text(""), "attachments": TEXTS,
                "deleted": truth(False),
            },
        ),
    },
    {
        ("ticket", "tickets.comment"): Operation(comment, delete_note),
        ("ticket", "zendesk.ticket.comment"): Operation(comment, delete_note),
        ("ticket", "tickets.reply"): Operation(partial(comment, public=True)),
        ("ticket", "tickets.note"): Operation(partial(comment, public=False), delete_note),
    },
    seeded,
)  # fmt: skip
