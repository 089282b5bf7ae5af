"""The command line: `gatewright COMMAND ...`, one module a command.

`start` is where the program begins, `group` knows the commands. A command's module is imported when
the command is used, so that `gatewright --help` and shell completion do not wait for the parser.
Exit codes: 0 fine; 1 what was asked about fails; 2 usage, or input that cannot be read.
Source: architecture.md, "Command line".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatewright.cli.group import main

COMMANDS: dict[str, tuple[str, str]] = {
    "check": ("gatewright.cli.check", "Say what is wrong with policies, and where."),
    "test": ("gatewright.cli.test", "Run the tests that policies contain."),
    "fmt": ("gatewright.cli.fmt", "Put policy files into their canonical layout."),
    "eval": ("gatewright.cli.eval", "Decide about an action; the decision as JSON."),
    "explain": ("gatewright.cli.explain", "Decide about an action, and say why."),
    "build": ("gatewright.cli.build", "Write policies as one file, a bundle, and sign it."),
    "verify": ("gatewright.cli.verify", "Check a bundle: its bytes, its signature, its content."),
    "db": ("gatewright.cli.db", "Make or upgrade the tables of a store, or check them."),
    "audit": (
        "gatewright.cli.audit",
        "Check the audit trail of a store, export it, prove entries.",
    ),
    "demo": ("gatewright.cli.demo", "See a policy about refunds decide on six actions."),
}
"""Every command: the module whose `command` it is, and the line that `--help` shows."""

__all__ = ["COMMANDS", "main"]


def __getattr__(name: str) -> object:
    """Load `main`, the group of all commands, on first use: it needs click."""
    if name != "main":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Imports click, which takes longer than a decision from a bundle.
    from gatewright.cli.group import main

    globals()["main"] = main
    return main
