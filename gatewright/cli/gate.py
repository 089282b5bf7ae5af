"""What the commands for runs share: the gate of a configuration, who asks, and how runs are told.

Whoever can write to the store can say who they are: these commands trust their caller as the store
does. They are for operators and scripts; give people a page that knows them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from gatewright.cli.inputs import policy_of, write
from gatewright.cli.terminal import BadStore, OldStore, Refused, fitted
from gatewright.configuration import NAME, Configuration, ConfigurationError, open_gate, read
from gatewright.dsl.diagnostics import PolicyError, Unreadable
from gatewright.dsl.rendering.display import visible
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.store.errors import StoreError, StoreOutdated
from gatewright.loading import load

if TYPE_CHECKING:
    from gatewright.engine.runtime.gate import Gate
    from gatewright.engine.runtime.run import Run
    from gatewright.engine.runtime.store.database import Database

CONFIGURED = "gatewright.configuration"
"""Where a command's context has the configuration that its store is of."""

NO_STORE = "gatewright.no_store"
"""Set in the context of a command that another option keeps from any store."""

F = TypeVar("F", bound=Callable[..., Any])


class NotDone(click.ClickException):
    """What the gate refused: the command ends with exit code 1, and nothing has happened.

    `run` is named where the command is about several and the error does not say which one.
    """

    def __init__(self, error: GateError, run: str | None = None) -> None:
        is_named = run is None or run in error.message
        super().__init__(error.message if is_named else f"run `{run}`: {error.message}")
        self._error = error

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message with its code, and the advice."""
        click.echo(f"error[{self._error.code}]: {visible(self.message)}", file=file, err=True)
        if self._error.help:
            click.echo(f"  help: {visible(self._error.help)}", file=file, err=True)


def gate_option(command: F, *, is_eager: bool = False) -> F:
    """Give a command `--config`; an eager one is read before the other options."""
    return click.option(
        "--config", "config", metavar="FILE", type=click.Path(), default=NAME,
        envvar="GATEWRIGHT_CONFIG", show_default=True, is_eager=is_eager,
        help="What policies, store, people and connectors there are; see docs/runtime.md.",
    )(command)  # fmt: skip


def store_option(command: F) -> F:
    """Give a command `store`: the one that is named, else that of the configuration."""

    def found(context: click.Context, _: click.Parameter, named: str | None) -> str:
        config: str = context.params.pop("config")  # read before, and of no other use
        if option := context.meta.get(NO_STORE):
            if named is not None:
                raise click.UsageError(f"with {option} no store is looked at")
            return ""
        if named is not None:
            return named
        if config == NAME and not Path(config).exists():
            raise click.UsageError(f"name the store with --store; there is no {NAME} here")
        context.meta[CONFIGURED] = configured = configuration(config)
        return configured.store

    option = click.option("--store", "store", metavar="URL", callback=found,
                          help="The store, such as sqlite:///gate.db, if not that of the"
                               " configuration.")  # fmt: skip
    return gate_option(option(command), is_eager=True)


def person_option(command: F) -> F:
    """Give a command `--as`, which says who answers."""
    return click.option(
        "--as", "person", metavar="PERSON", required=True, envvar="GATEWRIGHT_AS", type=_Person(),
        help="Who does this: an id of the directory. Or set GATEWRIGHT_AS.",
    )(command)  # fmt: skip


class _Person(click.types.StringParamType):
    """Somebody's id."""

    def get_missing_message(
        self, param: click.Parameter, ctx: click.Context | None = None
    ) -> str | None:
        """Say how to name who acts."""
        return "Say who does this: --as PERSON, or GATEWRIGHT_AS in the environment"


def formats(what: str) -> Callable[[F], F]:
    """Return what gives a command `--format`, and `--json` for short: `what` is written as JSON."""

    def noted(context: click.Context, _: click.Parameter, is_json: bool) -> None:
        context.meta[_JSON] = is_json

    def chosen(context: click.Context, _: click.Parameter, form: str) -> str:
        return "json" if context.meta.get(_JSON) else form

    def give(command: F) -> F:
        short = click.option("--json", is_flag=True, is_eager=True, expose_value=False,
                             callback=noted, help="The same as --format json.")  # fmt: skip
        option = click.option("--format", "form", type=click.Choice(["text", "json"]),
                              default="text", callback=chosen,
                              help=f"Text for people, or {what} as JSON.")  # fmt: skip
        return option(short(command))

    return give


_JSON = f"{__name__}.json"

format_option = formats("the whole run")


@contextmanager
def opened(config: str, *, loosens_nothing: bool = False) -> Generator[Gate]:
    """Give the gate of a configuration; what is wrong ends the command.

    What `loosens_nothing`, such as to look and to stop, works by the policies of the last decision
    where those of the files cannot be used: a bad edit keeps nobody from stopping a run.
    """
    found = configuration(config)
    with errors_told():
        gate = open_gate(found, _policy(found, loosens_nothing=loosens_nothing))
    with using(gate):
        yield gate


def _policy(found: Configuration, *, loosens_nothing: bool) -> PolicySet:
    if loosens_nothing:
        try:
            return load(*found.policy, keys=found.policy_keys, least_version=found.least_version)
        except (PolicyError, Unreadable):
            last = _last_policy(found.store)
        if last is not None:
            click.echo(f"warning: {_OLD_POLICIES}", err=True)
            return last
    return policy_of(found.policy, found.policy_keys, found.least_version)


def _last_policy(store: str) -> PolicySet | None:
    """Return the policies of the last decision of a store; None where nothing was decided."""
    # Needs SQLAlchemy, which `--help` does without.
    from gatewright.engine.runtime.store import decisions
    from gatewright.engine.runtime.store.database import open_database

    try:
        database = open_database(store, create=False)
        with closing(database), database.reading() as connection:
            return decisions.last_policy(connection)
    except StoreError:  # then nothing was decided that could be looked at
        return None


_OLD_POLICIES = (
    "the policies cannot be used as they are, see `gatewright check`;"
    " this goes by those of the last decision"
)


@contextmanager
def opened_store(url: str, *, create: bool = False) -> Generator[Database]:
    """Give a store without a gate; what is wrong with it ends the command."""
    _require_runtime()
    # Needs SQLAlchemy, which `--help` does without.
    from gatewright.engine.runtime.store.database import open_database

    with errors_told(), closing(open_database(url, create=create)) as database:
        yield database


@contextmanager
def using(gate: Gate) -> Generator[Gate]:
    """Close a gate in the end; what it refuses ends the command."""
    try:
        with errors_told():
            yield gate
    finally:
        gate.close()


def configuration(config: str) -> Configuration:
    """Read a configuration, or end the command."""
    _require_runtime()
    with errors_told():
        return read(config)


def _require_runtime() -> None:
    if find_spec("sqlalchemy") is None or find_spec("alembic") is None:
        raise click.ClickException("this needs what is not installed: `gatewright[runtime]`")


@contextmanager
def errors_told() -> Generator[None]:
    """Turn what is wrong with a configuration, a request or a store into the command's error."""
    try:
        yield
    except ConfigurationError as error:
        raise Refused(error.path, error.why) from None
    except GateError as error:
        raise NotDone(error) from None
    except StoreOutdated as error:
        raise OldStore(error) from None
    except StoreError as error:
        raise BadStore(error) from None


def run_of(gate: Gate, given: str) -> str:
    """Return the id of the run that begins with what was given; raises GateError."""
    # Needs SQLAlchemy, which `--help` does without.
    from gatewright.engine.runtime.naming import named

    return gate.desk.database.retrying(lambda c: named(c, given), "reading")


def tell(gate: Gate, run: Run, form: str, *, whole: bool = False) -> None:
    """Write a run: as JSON, whole, or in a few lines what became of it."""
    # Needs pydantic and SQLAlchemy, which `--help` does without.
    from gatewright.engine.runtime.standing import head_lines, run_document, run_text

    waiting, trail = gate.waits_for(run), gate.trail(run.id) if whole else []
    edited = gate.edited(run.id)
    if form == "json":
        write(json.dumps(run_document(run, waiting, trail, edited), indent=2, allow_nan=False))
    elif whole:
        write(fitted(run_text(run, waiting, trail, edited)))
    else:
        write(fitted("\n".join(head_lines(run, waiting, edited))))
