"""What a declaration of tables may say, and what is wrong with one that says anything else.

Declarations are read without this where all is as it should be: it needs pydantic, which takes
longer to load than most commands to run.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gatewright.connectors.declared import Declared, declared_by


class _Param(Declared):
    param: str


class _Action(Declared):
    sets: dict[str, _Param | str | int | float | bool] = Field(default_factory=dict)
    changes: list[str] = Field(default_factory=list[str])


class _Object(Declared):
    table: str
    key: str
    version: str
    actions: dict[str, _Action]
    fields: dict[str, str] | None = None
    money: dict[str, str] = Field(default_factory=dict)


class _Objects(Declared):
    objects: dict[str, _Object]


def objects_of(objects: dict[str, Any]) -> dict[str, Any]:
    """Return a declaration with all that it leaves out; raises ValueError with a mistake in it."""
    declared = declared_by(_Objects, {"objects": objects})
    return {name: entry.model_dump() for name, entry in declared.objects.items()}
