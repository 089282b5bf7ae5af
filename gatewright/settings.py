"""The settings of a configuration in any form that they may have, and what is wrong with others.

Configurations are read without this where all is as it should be: it needs pydantic, which takes
longer to load than most commands to run.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gatewright.connectors.declared import first_mistake, mistakes
from gatewright.dsl.messages.catalog import nearest


class _Used(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    use: str = Field(min_length=1)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: tuple[str, ...] = Field(min_length=1)
    policy_keys: tuple[str, ...] | None = None
    least_version: int | None = None
    store: str = Field(min_length=1)
    people: str | None = None
    seal: str | None = None
    audit_key: str | None = None
    audit_public_keys: tuple[str, ...] | None = Field(default=None, min_length=1)
    connectors: tuple[_Used, ...] = ()
    notifiers: tuple[_Used, ...] = ()

    @field_validator("policy", "policy_keys", "audit_public_keys", mode="before")
    @classmethod
    def _one_or_many(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given


def settings_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a document by their names, those that it leaves out as well.

    What is used is a dict of `use`, and `given`, what stands beside it. Raises ValueError with the
    first thing that is wrong.
    """
    try:
        found = _Settings.model_validate(document)
    except ValidationError as error:
        raise ValueError(_first(error)) from None
    used = {
        kind: [{"use": one.use, "given": dict(one.model_extra or {})} for one in listed]
        for kind, listed in (("connectors", found.connectors), ("notifiers", found.notifiers))
    }
    return {**{name: getattr(found, name) for name in _Settings.model_fields}, **used}


def _first(error: ValidationError) -> str:
    """Return the first thing that is wrong, without quoting what may be secret."""
    mistake = first_mistake(error)
    if mistake.kind == "missing":
        # A misspelt setting is one too many and one too few: the first says more.
        mistake = next((one for one in mistakes(error) if one.kind == "extra_forbidden"), mistake)
    if mistake.kind == "extra_forbidden":
        hint = nearest(mistake.place, _Settings.model_fields)
        return f"there is no setting `{mistake.place}`" + (f"; {hint}" if hint else "")
    if mistake.kind == "missing":
        return f"the setting `{mistake.place}` is missing"
    if mistake.kind == "tuple_type" and mistake.place in ("connectors", "notifiers"):
        return f"`{mistake.place}` are written one by one, each under a line `[[{mistake.place}]]`"
    return str(mistake)
