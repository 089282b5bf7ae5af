"""Where the program begins: what is asked most often is answered without click.

`gatewright eval BUNDLE --action FILE` decides in less time than click takes to be imported, and
`--version` has less to do still. Only their plainest form is known here, and only what goes well is
answered: everything else, errors included, is for the commands to read and to report. Who calls
sees no difference but the time.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys

from gatewright import __version__

_COMPLETION = "_GATEWRIGHT_COMPLETE"
_SHORT = frozenset({"check", "fmt", "eval", "explain"})
"""The commands which read policies once: what they make is theirs to the end."""


def start() -> None:
    """Run the program with the arguments of the process, and end it."""
    text = None
    if _COMPLETION not in os.environ and sys.stdout is not None:
        # One answer makes little garbage, and looking for it takes a tenth of the time.
        gc.disable()
        text = answer(sys.argv[1:])
        if sys.argv[1:2] and sys.argv[1] not in _SHORT:
            # What reading a policy makes stays to the end: to look through it often finds nothing.
            gc.set_threshold(100_000, 20, 50)
            gc.enable()
    if text is None:
        # Imports click, which takes longer than a decision from a bundle.
        from gatewright.cli.group import main

        # What is left at the end is not searched for rings, a fifth of what a command takes: all
        # that has to be closed was closed by then. Registered first, this is done last.
        atexit.register(gc.freeze)
        main()
    else:
        _write(text)
        # What is left is to take apart, piece by piece, what the end of the process takes at once.
        os._exit(0)


def answer(arguments: list[str]) -> str | None:
    """Return what the program writes for some arguments, None where a command has to run."""
    match arguments:
        case ["--version"] | ["-V"]:
            return f"gatewright, version {__version__}"
        case ["eval", path, "--action", action] | ["eval", "--action", action, path] if not (
            path.startswith("-") or action.startswith("-")
        ):
            return _decided(path, action)
        case _:
            return None


def _decided(path: str, action: str) -> str | None:
    """Return the decision as JSON; None for what is no bundle, and where anything is unusual."""
    # Imports what decides, which `--version` and the other commands do without.
    from gatewright.cli.deciding import decided_from_bundle

    try:
        return decided_from_bundle(path, action)
    except KeyboardInterrupt:
        sys.stderr.write("\nAborted!\n")
        raise SystemExit(1) from None
    except Exception:  # whatever it is, the command meets it as well, and reports it
        return None


def _write(text: str) -> None:
    """Write a line to standard output."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer must not fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # nobody reads
            raise SystemExit(1) from None
        sys.stderr.write(f"error: <stdout>: {error.strerror}\n")
        raise SystemExit(2) from None
