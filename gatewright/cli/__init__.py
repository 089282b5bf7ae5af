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
        "dead-letters": ("dead_letters", "See messages that were given up; retry or drop them."),
        "audit": ("audit", "Check the audit trail of a store, export it, prove entries."),
    },
}
"""Every command: where in this package it is, and the line that `--help` shows.

`module` alone stands for its `command`.
"""

COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

__all__ = ["COMMANDS", "SECTIONS", "main"]


def __getattr__(name: str) -> object:
    """Load `main`, the group of all commands, on first use: it needs click."""
    if name != "main":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Imports click, which takes longer than a decision from a bundle.
    from gatewright.cli.group import main

    globals()["main"] = main
    return main
