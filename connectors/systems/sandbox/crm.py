"""The simulated CRM: accounts, their contacts, and opportunities. All of it changes by updates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatewright.connectors.systems.sandbox.fields import INSTANT, choice, money, text
from gatewright.connectors.systems.sandbox.model import ObjectType, Seeded, System
from gatewright.connectors.systems.sandbox.seeds import LAST_NAMES, Pick, email_of

CONTACTS: Final = 20
OPPORTUNITIES: Final = 8
STAGES: Final = ("Prospecting", "Qualified", "Proposal", "Closed Won", "Closed Lost")
TIERS: Final = ("bronze", "silver", "gold")
REGIONS: Final = ("emea", "amer", "apac")
OWNERS: Final = tuple(f"rep-{number}" for number in range(1, 10))


def seeded(pick: Pick) -> Iterator[Seeded]:
    """Give an account for every two contacts, and opportunities in every stage."""
    for number in range(1, CONTACTS // 2 + 1):
        id_ = f"A-{number}"
        yield Seeded("account", id_, {
            "name": f"{pick.one(id_, LAST_NAMES)} Trading", "tier": pick.one(id_ + "/tier", TIERS),
            "owner": pick.one(id_ + "/owner", OWNERS),
            "region": pick.one(id_ + "/region", REGIONS),
        })  # fmt: skip
    for number in range(1, CONTACTS + 1):
        id_ = f"C-{number}"
        name = pick.person(id_)
        yield Seeded("contact", id_, {
            "name": name, "email": email_of(name, "customer.example"),
            "account": f"A-{(number + 1) // 2}", "tier": pick.one(id_ + "/tier", TIERS),
            "owner": pick.one(id_ + "/owner", OWNERS),
        })  # fmt: skip
    for number in range(1, OPPORTUNITIES + 1):
        id_ = f"006-{number}"
        # The first is the one of the examples, whatever the seed is.
        first = number == 1
        yield Seeded("Opportunity", id_, {
            "Name": f"Order {number}", "AccountId": f"A-{number}",
            "StageName": STAGES[(number + 1) % len(STAGES)],
            "region": "emea" if first else pick.one(id_ + "/region", REGIONS),
            "Amount": pick.money(id_, 100_000, 20_000_000),
            "OwnerId": "rep-1" if first else pick.one(id_ + "/owner", OWNERS),
            "CloseDate": f"2026-12-{pick.number(id_ + '/day', 1, 28):02}T00:00:00Z",
        })  # fmt: skip


CRM: Final = System(
    "crm",
    {
        "account": ObjectType(
            {
                "name": text(""), "tier": choice(*TIERS), "owner": text(""),
                "region": choice(*REGIONS), "status": choice("active", "closed"),
            },
            editable=("name", "tier", "owner", "region", "status"),
        ),
        "contact": ObjectType(
            {
                "name": text(""), "email": text(""), "phone": text(), "account": text(""),
                "tier": choice(*TIERS), "owner": text(""), "note": text(),
            },
            editable=("name", "email", "phone", "account", "tier", "owner", "note"),
        ),
        "Opportunity": ObjectType(
            {
                "Name": text(""), "AccountId": text(""), "StageName": choice(*STAGES),
                "Amount": money("0.00 USD"), "OwnerId": text(""), "CloseDate": INSTANT,
                "NextStep": text(""), "Description": text(""), "region": choice(*REGIONS),
            },
            editable=(
                "Name", "StageName", "Amount", "OwnerId", "CloseDate", "NextStep", "Description",
            ),
            also_seen_as={"stage": "StageName"},
        ),
    },
    {},
    seeded,
)  # fmt: skip
