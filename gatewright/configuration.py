"""`gatewright.toml` -> a gate: which policies, store, people, connectors and notifiers it has.

    policy = ["policies"]                # files and folders, or one bundle
    store = "sqlite:///gate.db"
    people = "people.yaml"
    seal = "${GATEWRIGHT_SEAL}"          # encrypts plans that hold secrets; see docs/runtime.md
    audit_key = "trail.pem"              # signs checkpoints of the audit trail
    audit_public_keys = "trail.pub.pem"  # by which `audit verify` checks them

    [[connectors]]
    use = "sql"                          # or "package.module:function"
    system = "stripe"                    # whatever stands beside `use` is given to it
    database = "sqlite:///shop.db"

    [[notifiers]]
    use = "lines"
    target = "${HERE}/messages.jsonl"

Relative paths, those of SQLite too, are beside the file. `${NAME}` is a variable of the
environment, so that no secret stands in the file, and `${HERE}` the folder of the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from gatewright.dsl.messages.catalog import nearest
from gatewright.dsl.records import dataclass, replace
from gatewright.engine.bundle.errors import KeyUnusable
from gatewright.engine.bundle.signing import public_of, read_private, read_public
from gatewright.engine.reading.plain import NotPlain, read_plain

if TYPE_CHECKING:
    from gatewright.engine.bundle.signing import Key
    from gatewright.engine.runtime.desk import Source
    from gatewright.engine.runtime.gate import Gate
    from gatewright.engine.runtime.store.payloads import Seal

NAME: Final = "gatewright.toml"

_KNOWN: Final = {
    "connectors": {
        "sandbox": "gatewright.connectors.systems.sandbox.declared:sandbox",
        "sql": "gatewright.connectors.systems.sql.declared:sql",
    },
    "notifiers": {
        "lines": "gatewright.connectors.people.lines:LinesNotifier",
        "webhook": "gatewright.connectors.people.webhook:WebhookNotifier",
    },
}  # fmt: skip
"""The short names of what comes with Gatewright."""


class ConfigurationError(Exception):
    """A configuration that cannot be used: `path`, and `why`."""

    def __init__(self, path: str | os.PathLike[str], why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = str(path)
        self.why = why


@dataclass(frozen=True, slots=True)
class Used:
    """A connector or notifier: what makes it, and what that is given."""

    use: str
    given: dict[str, Any]
    """What stands beside `use`."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The content of the file, with variables and relative paths replaced."""

    policy: tuple[str, ...]
    store: str
    policy_keys: tuple[str, ...] | None = None
    """Public keys of which one must have signed the policy, which is a bundle then."""
    least_version: int | None = None
    """The version that the bundle must have at least."""
    people: str | None = None
    seal: str | None = None
    audit_key: str | None = None
    audit_public_keys: tuple[str, ...] | None = None
    """Public keys of which one must have signed the last checkpoint, for whoever verifies."""
    connectors: tuple[Used, ...] = ()
    notifiers: tuple[Used, ...] = ()


def read(
    path: str | os.PathLike[str], environment: Mapping[str, str] = os.environ
) -> Configuration:
    """Read a configuration; raises ConfigurationError with what is wrong, and where."""
    file = Path(path)
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(
            path, "there is no such file: `--config` names another, docs/runtime.md begins with one"
        ) from None
    except OSError as error:
        raise ConfigurationError(path, error.strerror or "it cannot be read") from None
    except UnicodeDecodeError:
        raise ConfigurationError(path, "it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(path, f"this is no TOML: {error}") from None
    except (RecursionError, ValueError):  # thousands of brackets or digits
        raise ConfigurationError(path, "this is no TOML that can be read") from None
    here = file.resolve().parent
    try:
        found = _settings(_filled(document, here, environment))
    except (_Missing, ValueError) as error:
        raise ConfigurationError(path, str(error)) from None
    return replace(
        found,
        # Not made absolute: the places of rules are shown as the file's path was given.
        policy=tuple(str(file.parent / entry) for entry in found.policy),
        policy_keys=found.policy_keys and tuple(str(here / entry) for entry in found.policy_keys),
        people=found.people and str(here / found.people),
        audit_key=found.audit_key and str(here / found.audit_key),
        audit_public_keys=found.audit_public_keys
        and tuple(str(here / entry) for entry in found.audit_public_keys),
    )


def _settings(document: dict[str, Any]) -> Configuration:
    """Return what a document says; raises ValueError with what is wrong."""
    try:
        return _plain(document)
    except NotPlain:
        # Needs pydantic, which most configurations do without.
        from gatewright.settings import settings_of

        found = settings_of(document)
    for kind in _KNOWN:
        found[kind] = tuple(Used(**one) for one in found[kind])
    return Configuration(**found)


def _plain(document: dict[str, Any]) -> Configuration:
    """Return what a document says that has nothing unusual; raises NotPlain."""
    entries = dict(document)
    for name in ("policy", "policy_keys", "audit_public_keys"):
        if isinstance(one := entries.get(name), str):
            entries[name] = [one]
    for kind in entries.keys() & _KNOWN.keys():
        entries[kind] = _used(entries[kind])
    found = read_plain(Configuration, entries)
    uses = [one.use for one in (*found.connectors, *found.notifiers)]
    if not all((found.policy, found.store, found.audit_public_keys != (), *uses)):
        raise NotPlain
    return found


def _used(listed: object) -> list[dict[str, object]]:
    """Return connectors or notifiers with what stands beside `use` apart from it."""
    if not isinstance(listed, list):
        raise NotPlain
    apart: list[dict[str, object]] = []
    for one in cast("list[object]", listed):
        if not isinstance(one, dict):
            raise NotPlain
        given = dict(cast("dict[str, object]", one))
        apart.append({"use": given.pop("use", None), "given": given})
    return apart


def open_gate(configuration: Configuration, policy: Source) -> Gate:
    """Return the gate that a configuration describes.

    Raises ConfigurationError for a connector or notifier that cannot be made, GateError for people
    that cannot be read, StoreError for a store that cannot be used.
    """
    # Needs SQLAlchemy, which only the runtime does.
    from gatewright.engine.runtime.directory import DirectoryFile
    from gatewright.engine.runtime.gate import Gate

    if _IN_MEMORY.match(configuration.store):
        raise ConfigurationError("store", "what stands in memory is lost with each command")
    people = configuration.people
    connectors = _made("connectors", configuration.connectors)
    notifiers = _made("notifiers", configuration.notifiers)
    try:
        return Gate(
            policy,
            store=configuration.store,
            connectors=connectors,
            notifiers=notifiers,
            directory=None if people is None else DirectoryFile(people),
            seal=None if configuration.seal is None else seal_of(configuration.seal),
        )
    except ValueError as error:  # two connectors of one system
        raise ConfigurationError("connectors", str(error)) from None


def seal_of(text: str) -> Seal:
    """Return the seal of a key: 32 bytes as URL-safe base64, as Fernet has it."""
    from cryptography.fernet import Fernet  # only who seals needs it

    try:
        return Fernet(text)
    except ValueError:
        raise ConfigurationError(
            "seal", "is no key: it is 32 random bytes as URL-safe base64"
        ) from None


def audit_key_of(configuration: Configuration) -> Key | None:
    """Return the private key that signs checkpoints; raises ConfigurationError."""
    path = configuration.audit_key
    if path is None:
        return None
    try:
        read_private(path)
    except KeyUnusable as error:
        raise ConfigurationError(path, error.why) from None
    return path


def audit_public_keys_of(configuration: Configuration) -> tuple[Key, ...]:
    """Return the public keys by which checkpoints must be signed; none where nobody signs them.

    The private key is read only where no public one is configured, for its public half; what stands
    in its place may be a public key too. Raises ConfigurationError.
    """
    for path in configuration.audit_public_keys or ():
        try:
            read_public(path)
        except KeyUnusable as error:
            raise ConfigurationError(path, error.why) from None
    if configuration.audit_public_keys is not None:
        return configuration.audit_public_keys
    if (own := configuration.audit_key) is None:
        return ()
    try:
        return (public_of(own),)
    except KeyUnusable as error:
        why = error.why
    try:
        read_public(own)
    except KeyUnusable:
        raise ConfigurationError(
            own, f"{why}; a public key does to verify: name it by `--key` or `audit_public_keys`"
        ) from None
    return (own,)


# --- what is made by name


def _made(kind: str, wanted: tuple[Used, ...]) -> list[Any]:
    from gatewright.engine.runtime.ports import ConnectorError  # only gates have connectors

    needs = "notify" if kind == "notifiers" else "execute"
    made: list[Any] = []
    for number, one in enumerate(wanted):
        where = f"{kind}[{number}]"
        make = _maker(kind, one.use, where)
        try:
            result = make(**one.given)
        except TypeError as error:
            raise ConfigurationError(
                where, f"`{one.use}` is given what it does not take: {error}"
            ) from None
        except (ValueError, ConnectorError) as error:
            raise ConfigurationError(where, str(error)) from None
        except Exception as error:  # not its text: a password may stand in it
            raise ConfigurationError(
                where, f"`{one.use}` failed ({type(error).__name__})"
            ) from None
        found = cast("list[object]", result) if isinstance(result, list) else [result]
        if not all(callable(getattr(each, needs, None)) for each in found):
            raise ConfigurationError(where, f"`{one.use}` makes nothing that can `{needs}`")
        made += found
    return made


def _maker(kind: str, use: str, where: str) -> Callable[..., object]:
    known = _KNOWN[kind]
    module, colon, name = known.get(use, use).partition(":")
    if not colon or not module or not name or module.startswith("."):
        hint = nearest(use, known)
        raise ConfigurationError(
            where,
            f"nothing is called `{use}`; "
            + (hint or "name a function as `package.module:function`"),
        )
    try:
        found: object = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(where, f"`{use}` cannot be imported: {error}") from None
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__} in it, or in what it imports"
        raise ConfigurationError(where, f"`{use}` cannot be imported: {why}") from None
    if not callable(found):
        raise ConfigurationError(where, f"`{use}` is nothing that can be called")
    return found


# --- variables and paths

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SQLITE = re.compile(r"^(sqlite(?:\+\w+)?:///)(?!/)([^:].*)$")


_IN_MEMORY = re.compile(r"sqlite(\+\w+)?:(//)?/?(:memory:)?(\?.*)?$")


class _Missing(Exception):
    """A variable that the environment does not have, or a text that nothing can be called."""


def _filled(value: object, here: Path, environment: Mapping[str, str]) -> Any:
    """Return a document with its variables and relative addresses replaced."""
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return {key: _filled(entry, here, environment) for key, entry in entries.items()}
    if isinstance(value, list):
        return [_filled(entry, here, environment) for entry in cast("list[object]", value)]
    if not isinstance(value, str):
        return value

    def replaced(found: re.Match[str]) -> str:
        name = found.group(1)
        if name == "HERE":
            return str(here)
        if name not in environment:
            raise _Missing(f"the environment has no variable `{name}`")
        return environment[name]

    text = _VARIABLE.sub(replaced, value)
    if "\0" in text:
        raise _Missing("a text in it has a NUL character")
    return _SQLITE.sub(lambda m: f"{m.group(1)}{here / m.group(2)}", text)
