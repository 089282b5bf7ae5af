"""The simulated identity system: users, groups that stand for roles, and who was given which.

A role may be granted on the group or on the user; either way both records change. There is no
clock here: when a grant expires is kept with it, and nothing happens then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from gatewright.connectors.systems.sandbox.fields import INSTANT, TEXTS, choice, text, truth
from gatewright.connectors.systems.sandbox.model import (
    Case,
    Deed,
    ObjectType,
    Operation,
    Other,
    Seeded,
    System,
    Values,
)
from gatewright.connectors.systems.sandbox.seeds import Pick, email_of
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import ConnectorError, Unsupported

USERS: Final = 50
GROUPS: Final = {
    "viewers": "low", "billing-readers": "low", "support-agents": "low", "deployers": "medium",
    "domain-admins": "high",
}  # fmt: skip


def grant_on_group(case: Case) -> Deed:
    """Give the role of a group to the user `subject`."""
    user = case.text("subject")
    members, roles = _granted(user, case.id, case.other("user", user), case.values)
    grant = _new_grant(case, user, case.id)
    return Deed(
        {"members": members}, f"adds {user} to {case.id}", "the role is taken away again",
        {"subject": user}, (Other("user", user, {"roles": roles}), grant), grant.id,
    )  # fmt: skip


def revoke_on_group(case: Case) -> Deed:
    """Take the role of a group from the user `subject`."""
    user = case.text("subject")
    members, roles = _revoked(user, case.id, case.other("user", user), case.values)
    return Deed(
        {"members": members}, f"takes {user} out of {case.id}", "the role is granted again",
        {"subject": user},
        (Other("user", user, {"roles": roles}), *_ended_grants(case, user, case.id)),
    )  # fmt: skip


def grant_on_user(case: Case) -> Deed:
    """Give the user the role `role`: the id of a group, or a map with its `name`."""
    group = _role(case)
    members, roles = _granted(case.id, group, case.values, case.other("group", group))
    grant = _new_grant(case, case.id, group)
    return Deed(
        {"roles": roles}, f"gives {case.id} the role {group}", "the role is taken away again",
        {"role": group}, (Other("group", group, {"members": members}), grant), grant.id,
    )  # fmt: skip


def revoke_on_user(case: Case) -> Deed:
    """Take the role `role` from the user."""
    group = _role(case)
    members, roles = _revoked(case.id, group, case.values, case.other("group", group))
    return Deed(
        {"roles": roles}, f"takes the role {group} from {case.id}", "the role is granted again",
        {"role": group},
        (Other("group", group, {"members": members}), *_ended_grants(case, case.id, group)),
    )  # fmt: skip


def disable(case: Case) -> Deed:
    """Keep a user from signing in."""
    if not case.values["enabled"]:
        raise ConnectorError(f"user {case.id} is disabled already")
    return Deed({"enabled": False}, f"disables user {case.id}", "the user is enabled again")


def enable(case: Case) -> Deed:
    """Let a user sign in again."""
    if case.values["enabled"]:
        raise ConnectorError(f"user {case.id} is enabled already")
    return Deed({"enabled": True}, f"enables user {case.id}", "the user is disabled again")


def _role(case: Case) -> str:
    role = case.given.get("role")
    name = role.get("name") if isinstance(role, dict) else role
    if not isinstance(name, str) or not name:
        raise Unsupported("the action needs the parameter `role`, the id of a group")
    return name


def _granted(user: str, group: str, of_user: Values, of_group: Values) -> tuple[Json, Json]:
    """Return the members of the group and the roles of the user with each other."""
    members, roles = _texts(of_group, "members"), _texts(of_user, "roles")
    if not of_user["enabled"]:
        raise ConnectorError(f"user {user} is disabled")
    if user in members:
        raise ConnectorError(f"user {user} is in {group} already")
    return _sorted([*members, user]), _sorted([*roles, group])


def _revoked(user: str, group: str, of_user: Values, of_group: Values) -> tuple[Json, Json]:
    members, roles = _texts(of_group, "members"), _texts(of_user, "roles")
    if user not in members:
        raise ConnectorError(f"user {user} is not in {group}")
    return [m for m in members if m != user], [r for r in roles if r != group]


def _sorted(texts: list[Json]) -> list[Json]:
    """Return texts in one order, so that giving a role back restores the record; `u-2`, `u-10`."""
    return sorted(texts, key=lambda text: (len(str(text)), str(text)))


def _texts(values: Values, name: str) -> list[Json]:
    return cast("list[Json]", values[name])


def _new_grant(case: Case, user: str, group: str) -> Other:
    id_ = f"G-{case.look.next_number('grant', 'G-')}"
    kept = {name: case.given.get(name) for name in ("ticket", "expires")}
    return Other("grant", id_, {"subject": user, "group": group, **kept, "status": "active"})


def _ended_grants(case: Case, user: str, group: str) -> tuple[Other, ...]:
    return tuple(
        Other("grant", id_, {"status": "revoked"})
        for id_, grant in case.look.find("grant", "subject", user).items()
        if grant["group"] == group and grant["status"] == "active"
    )


def seeded(pick: Pick) -> Iterator[Seeded]:
    """Give users and groups. Every ninth user is disabled; those from `u-40` on have no role."""
    members: dict[str, list[Json]] = {group: [] for group in GROUPS}
    for number in range(1, USERS + 1):
        id_ = f"u-{number}"
        name, enabled = pick.person(id_), number % 9 != 0
        roles: list[Json] = []
        if enabled and number < 40:
            roles.append(pick.one(id_ + "/role", tuple(GROUPS)))
            members[str(roles[0])].append(id_)
        yield Seeded("user", id_, {
            "name": name, "email": email_of(name, "shop.example"), "enabled": enabled,
            "roles": roles,
        })  # fmt: skip
    for group, risk in GROUPS.items():
        yield Seeded("group", group, {
            "name": group, "risk": risk, "members": cast("Json", members[group]),
        })  # fmt: skip


_GRANT = {
    "group": Operation(grant_on_group, revoke_on_group),
    "user": Operation(grant_on_user, revoke_on_user),
}
_REVOKE = {
    "group": Operation(revoke_on_group, grant_on_group),
    "user": Operation(revoke_on_user, grant_on_user),
}

IDENTITY: Final = System(
    "identity",
    {
        "user": ObjectType(
            {
                "name": text(""), "email": text(""), "manager": text(), "enabled": truth(True),
                "roles": TEXTS,
            },
            editable=("name", "email", "manager"),
        ),
        "group": ObjectType(
            {"name": text(""), "risk": choice("low", "medium", "high"), "members": TEXTS},
            editable=("name",),
        ),
        "grant": ObjectType(
            {
                "subject": text(""), "group": text(""), "ticket": text(), "expires": INSTANT,
                "status": choice("active", "revoked"),
            },
        ),
    },
    {
        **{(object_, "identity.role.grant"): grant for object_, grant in _GRANT.items()},
        **{(object_, "identity.role.revoke"): revoke for object_, revoke in _REVOKE.items()},
        ("user", "identity.user.disable"): Operation(disable, enable),
        ("user", "identity.user.enable"): Operation(enable, disable),
    },
    seeded,
)  # fmt: skip
