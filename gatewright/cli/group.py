"""The group of all commands: lists them without importing them, and finds the one that is used."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from gatewright import __version__
from gatewright.cli import COMMANDS, SECTIONS

_EXTRAS = ("sqlalchemy", "alembic", "cryptography")
"""What the extra `runtime` brings."""


_COMMANDS_OF_OTHERS = {
    "lint": "check",
    "validate": "check",
    "format": "fmt",
    "compile": "build",
    "bundle": "build",
    "evaluate": "eval",
    "decide": "eval",
    "why": "explain",
    "worker": "work",
    "help": "--help",
}
"""What commands of other programs are called here."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order in which they are met."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or return None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        try:
            found = import_module(f"gatewright.cli.{module}")
        except ModuleNotFoundError as error:
            if error.name not in _EXTRAS:
                raise
            raise click.ClickException(
                f"`{cmd_name}` needs what is not installed: `gatewright[runtime]`"
            ) from None
        command: click.Command = getattr(found, name or "command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; where its output cannot be written it ends with exit code 2."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()
        except BrokenPipeError:  # nobody reads: click ends the command
            raise
        except OSError as error:
            if error.filename is not None or sys.stdout is None:  # not what was to be written
                raise
            # What is left in the buffer must not fail again when the process ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            # Imports more than is needed where all goes well.
            from gatewright.cli.terminal import Refused

            raise Refused("<stdout>", error.strerror or "cannot be written") from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was asked for; an unknown one gets the nearest as a hint."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            # Knows no more than difflib, but is not needed for any command that exists.
            from gatewright.dsl.messages.catalog import nearest

            meant = _COMMANDS_OF_OTHERS.get(name)
            hint = f"did you mean `{meant}`?" if meant else nearest(name, COMMANDS)
            ctx.fail(f"there is no command `{name}`" + (f"; {hint}" if hint else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(n.ljust(width), line) for n, (_, line) in commands.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="gatewright")
def main() -> None:
    """Decide what an agent may do on its own, what people must approve, and what is blocked.

    \b
    Begin with a file of policies:
      gatewright check policies/        what is wrong with them, and where
      gatewright test policies/         run the tests that they contain
      gatewright fmt policies/          put them into their canonical layout

    \b
    Completion of commands and options, here for bash (also zsh, fish):
      eval "$(_GATEWRIGHT_COMPLETE=bash_source gatewright)"

    Exit codes: 0 fine; 1 what was asked about fails; 2 wrong usage or unreadable input.
    """
