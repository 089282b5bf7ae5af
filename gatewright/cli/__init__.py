"""The command line: `gatewright COMMAND ...`, one module a command.

A command's module is imported when the command is used, so that `gatewright --help` and shell
completion do not wait for the parser. Exit codes: 0 fine; 1 what was asked about fails; 2 usage, or
input that cannot be read. Source: architecture.md, "Command line".
"""

from __future__ import annotations

from importlib import import_module

import click

from gatewright import __version__

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Policies": {
        "check": ("check", "Say what is wrong with policies, and where."),
        "test": ("test", "Run the tests that policies contain."),
        "fmt": ("fmt", "Put policy files into their canonical layout."),
        "eval": ("eval", "Decide about an action; the decision as JSON."),
        "explain": ("explain", "Decide about an action, and say why."),
        "build": ("build", "Write policies as one file, a bundle, and sign it."),
        "verify": ("verify", "Check a bundle: its bytes, its signature, its content."),
        "demo": ("demo", "See a policy decide, people answer, and a worker write."),
    },
    "Runs": {
        "propose": ("propose:propose", "Preview and decide about an action; keep it as a run."),
        "queue": ("queue:queue", "List the runs that wait for people."),
        "show": ("queue:show", "Show a run: what would change, and where it stands."),
        "approve": ("answer:approve", "Agree with exactly what the card of a run shows."),
        "reject": ("answer:reject", "Say no to a run, with a reason."),
        "request-changes": ("answer:request_changes", "Ask for another plan."),
        "revise": ("propose:revise", "Give a run another plan; answers are void."),
        "take-over": ("answer:take_over", "Go on with a run by hand."),
        "complete": ("answer:complete", "Write down what was done by hand."),
        "branch": ("propose:branch", "Propose another plan instead of a run's."),
        "retry": ("answer:retry", "Try the plan of a failed run once more."),
        "compensate": ("answer:compensate", "Propose to take back what a run did."),
        "cancel": ("answer:cancel", "Give a run up before anything is done."),
        "comment": ("answer:comment", "Say something about a run."),
        "delegate": ("delegate", "Let somebody answer in your place for a while."),
    },
    "Operation": {
        "work": ("work", "Carry out runs, fire timers, keep the audit trail."),
        "db": ("db", "Make or upgrade the tables of a store, or check them."),
        "audit": ("audit", "Check the audit trail of a store, export it, prove entries."),
    },
}
"""Every command: where in this package it is, and the line that `--help` shows.

`module` alone stands for its `command`.
"""

COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


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
        found = import_module(f"gatewright.cli.{module}")
        command: click.Command = getattr(found, name or "command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was asked for; an unknown one gets the nearest as a hint."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            # Knows no more than difflib, but is not needed for any command that exists.
            from gatewright.dsl.messages.catalog import nearest

            hint = nearest(name, COMMANDS)
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
