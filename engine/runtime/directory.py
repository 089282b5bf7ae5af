"""Who people are and which groups and roles they are in.

`Directory` is what the runtime asks; `FileDirectory` answers from a YAML file:

    people:
      ann: {name: Ann Lee, email: ann@shop.example, roles: [controller]}
      bob: {}
    groups:
      support-managers: [ann, bob]

An empty group is an error when the file is read: nobody could answer for it. Ids and names are in
Unicode normal form C: who is spelt in two ways is one person.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, cast

from gatewright.dsl.bad_document import BadDocument, TooManyValues
from gatewright.dsl.records import dataclass, field
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.wording import LONGEST_NAME, can_be_kept
from gatewright.engine.values import nfc

MOST_VALUES: Final = 2_000_000
"""Of a directory file: people, and what stands of them and of groups."""


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
    """People, groups and roles at this moment. Asked anew for every answer.

    Ids and names are in Unicode normal form C: the gate asks for these, and so compares.
    """

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
        people = _named(top.get("people") or {}, "`people`")
        persons = {id_: _person(id_, entry) for id_, entry in people.items()}
        listed = _named(top.get("groups") or {}, "`groups`")
        groups = {name: _group(name, members, persons) for name, members in listed.items()}
        return cls(persons, groups)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> FileDirectory:
        """Read a YAML file; raises DirectoryError, with line and column for what is no YAML.

        As in documents of policies every word but `true`, `false`, `null` and numbers is a text;
        aliases, and a key that is given twice, are refused.
        """
        # Late, since it loads PyYAML, which costs 15 ms: only who has a directory file pays.
        from gatewright.dsl.yaml_text import read_yaml

        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise DirectoryError(f"`{path}` cannot be read: {why}") from None
        try:
            document = read_yaml(text, MOST_VALUES)
        except BadDocument as bad:
            raise DirectoryError(f"{path}{_place(text, bad.at)}: {bad}") from None
        except TooManyValues:
            raise DirectoryError(f"{path}: it has more than {MOST_VALUES:,} values") from None
        try:
            return cls.of(document)
        except DirectoryError as error:
            raise DirectoryError(f"{path}: {error.message}", error.help) from None


class DirectoryFile:
    """A directory file, read anew when it changes: call it for what it says now.

    Raises DirectoryError, each time, while it cannot be used: what it said before counts no longer.
    """

    def __init__(
        self, path: str | os.PathLike[str], clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._path = path
        self._clock_ns = clock_ns
        self._last: tuple[tuple[int, ...], FileDirectory] | None = None
        self()

    def __call__(self) -> FileDirectory:
        """Return what the file says; it is only looked at where it was read and did not change."""
        stamp, last = self._stamp(), self._last
        if stamp is not None and last is not None and last[0] == stamp:
            return last[1]
        found = FileDirectory.read(self._path)
        self._last = None if stamp is None else (stamp, found)
        return found

    def _stamp(self) -> tuple[int, ...] | None:
        """Return what tells whether the file changed; None where it may without another time."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        if self._clock_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _UNSETTLED_NS:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


_UNSETTLED_NS: Final = 2_000_000_000
"""A file changed so lately may change again without a new time, so it is read each time."""


def _place(text: str, at: int) -> str:
    """Return `:line:column` of an offset."""
    before = text[: max(0, at)]
    return f":{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def _named(value: object, what: str) -> dict[str, Any]:
    """Return a mapping with ids as keys, in normal form."""
    entries = _mapping(value, what)
    found = {_id(key, what): entry for key, entry in entries.items()}
    if len(found) < len(entries):
        twice = next(key for key in entries if _id(key, what) != key)
        raise DirectoryError(
            f"{what} has `{twice}` twice, in two ways to write the same characters"
        )
    return found


def _id(text: str, what: str) -> str:
    """Return an id or name in normal form; raises DirectoryError for what no store keeps."""
    if len(text) > LONGEST_NAME:
        raise DirectoryError(
            f"{what} has an id of {len(text):,} characters; at most {LONGEST_NAME} are kept"
        )
    if not can_be_kept(text):
        raise DirectoryError(f"{what} has an id with a NUL character or a lone surrogate")
    return nfc(text)


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
    return Person(
        id_, parts.get("name"), parts.get("email"), frozenset(_id(role, what) for role in roles)
    )


def _group(name: str, members: object, persons: Mapping[str, Person]) -> frozenset[str]:
    what = f"group `{name}`"
    ids = [_id(member, what) for member in _texts(members, what)]
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
