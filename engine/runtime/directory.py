"""Who people are and which groups and roles they are in.

`Directory` is what the runtime asks; `FileDirectory` answers from a YAML file:

    people:
      ann: {name: Ann Lee, email: ann@shop.example, roles: [controller]}
      bob: {}
    groups:
      support-managers: [ann, bob]

An empty group is an error when the file is read: nobody could answer for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from gatewright.dsl.records import dataclass, field
from gatewright.engine.runtime.errors import GateError


class DirectoryError(GateError):
    """A directory that cannot be used."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__("bad_directory", message, help)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may answer."""

    id: str
    name: str | None = None
    email: str | None = None
    roles: frozenset[str] = frozenset()


class Directory(Protocol):
    """People, groups and roles at this moment. Asked anew for every answer."""

    def people(self) -> frozenset[str]:
        """Return the ids of everybody."""
        ...

    def person(self, id: str) -> Person | None:
        """Return a person."""
        ...

    def group(self, name: str) -> frozenset[str]:
        """Return the ids of a group's members; none where there is no such group."""
        ...

    def role(self, name: str) -> frozenset[str]:
        """Return the ids of those who have a role."""
        ...


@dataclass(frozen=True)
class FileDirectory:
    """A directory in memory, made of a document or read from a YAML file."""

    persons: Mapping[str, Person] = field(default_factory=dict[str, Person])
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def people(self) -> frozenset[str]:
        """Return the ids of everybody."""
        return frozenset(self.persons)

    def person(self, id: str) -> Person | None:
        """Return a person."""
        return self.persons.get(id)

    def group(self, name: str) -> frozenset[str]:
        """Return the ids of a group's members."""
        return self.groups.get(name, frozenset())

    def role(self, name: str) -> frozenset[str]:
        """Return the ids of those who have a role."""
        return frozenset(p.id for p in self.persons.values() if name in p.roles)

    @classmethod
    def of(cls, document: object) -> FileDirectory:
        """Return the directory of a document in the shape above; raises DirectoryError.

        >>> FileDirectory.of({"people": {"ann": {}}, "groups": {"all": ["ann"]}}).group("all")
        frozenset({'ann'})
        """
        top = _mapping(document, "the directory", {"people", "groups"})
        people = _mapping(top.get("people") or {}, "`people`")
        persons = {id_: _person(id_, entry) for id_, entry in people.items()}
        listed = _mapping(top.get("groups") or {}, "`groups`")
        groups = {name: _group(name, members, persons) for name, members in listed.items()}
        return cls(persons, groups)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> FileDirectory:
        """Read a YAML file; raises DirectoryError, with line and column for what is no YAML."""
        import yaml  # costs 15 ms; only who has a directory file pays

        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise DirectoryError(f"`{path}` cannot be read: {why}") from None
        try:
            document: object = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            raise DirectoryError(f"{path}{place}: this is no YAML") from None
        try:
            return cls.of(document)
        except DirectoryError as error:
            raise DirectoryError(f"{path}: {error.message}", error.help) from None


def _mapping(value: object, what: str, keys: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(
        isinstance(key, str) and key for key in cast("dict[object, object]", value)
    ):
        raise DirectoryError(f"{what} must be a mapping with texts as keys")
    found = cast("dict[str, Any]", value)
    unknown = sorted(found.keys() - keys) if keys is not None else []
    if unknown:
        raise DirectoryError(
            f"{what} has an unknown key `{unknown[0]}`",
            f"known are {', '.join(sorted(keys or ()))}",
        )
    return found


def _person(id_: str, entry: object) -> Person:
    what = f"person `{id_}`"
    parts = _mapping(entry or {}, what, {"name", "email", "roles"})
    for key in ("name", "email"):
        if not isinstance(parts.get(key, ""), str):
            raise DirectoryError(f"the {key} of {what} must be a text")
    roles = _texts(parts.get("roles", []), f"the roles of {what}")
    return Person(id_, parts.get("name"), parts.get("email"), frozenset(roles))


def _group(name: str, members: object, persons: Mapping[str, Person]) -> frozenset[str]:
    what = f"group `{name}`"
    ids = _texts(members, what)
    if not ids:
        raise DirectoryError(f"{what} is empty: nobody could answer for it", "name its members")
    for id_ in ids:
        if id_ not in persons:
            raise DirectoryError(f"{what} has a member `{id_}` that is not among the people")
    return frozenset(ids)


def _texts(value: object, what: str) -> list[str]:
    if not isinstance(value, list) or not all(
        isinstance(item, str) for item in cast("list[object]", value)
    ):
        raise DirectoryError(f"{what} must be a list of texts")
    return cast("list[str]", value)
