"""What the runtime refuses, and why: each with a stable code and advice.

Nothing is lost and nothing happens where one of these is raised.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias


class GateError(Exception):
    """A request that the gate does not carry out. `code` is stable, `help` says what to do."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        super().__init__(f"{message}\nhelp: {help}" if help else message)
        self.code = code
        self.message = message
        self.help = help


class Refused(GateError):
    """The run's state, the person or the card does not allow what was asked for."""


class NoSuchRun(GateError):
    """There is no run of that id."""

    def __init__(
        self,
        run: str,
        help: str = "a run is named by its whole id, as `gatewright propose` and `queue` show it",
    ) -> None:
        super().__init__("no_such_run", f"there is no run `{run[:80]}`", help)


class PreviewFailed(GateError):
    """The connector could not show what would change: nothing is asked and nothing happens."""


class NoTarget(PreviewFailed):
    """The connector says for certain that there is no such record."""


class Outdated(GateError):
    """Somebody else changed the run in the meantime; the request may be tried again."""

    def __init__(self, run: str) -> None:
        super().__init__("outdated", f"run `{run}` was changed by somebody else", "look again")


class DamagedRun(GateError):
    """A row of the store that is no run any more: somebody edited it, or the disk is bad."""

    def __init__(
        self, run: str, code: str = "damaged_run", why: str = "cannot be read",
        help: str = "restore the store from a backup",
    ) -> None:  # fmt: skip
        super().__init__(code, f"run `{run}` {why}", help)


Edited: TypeAlias = Literal["its row", "its past action", "its trail"]
"""What of a run somebody edited."""

_TABLES: Final[dict[Edited, str]] = {
    "its row": "runs", "its past action": "events", "its trail": "leaves",
}  # fmt: skip


class EditedRun(DamagedRun):
    """A row of the store that can be read, and is not as the last step of its run left it."""

    def __init__(self, run: str, what: Edited) -> None:
        super().__init__(
            run, "edited_run",
            f"was edited by somebody: {what} is not what its last step left in the trail",
            f"nothing is done with it, nor is it cancelled: {put_right(what)}",
        )  # fmt: skip
        self.what: Edited = what


def put_right(what: Edited) -> str:
    """Say what to do with a run that somebody edited."""
    column = "run" if what == "its trail" else "id"
    return (
        f"put {what} back from a backup of the store (table `{_TABLES[what]}`, where `{column}`"
        " names the run); `gatewright audit verify` says what differs, and when it is right again."
        " Where it is certain that nothing was done, it can be proposed anew, with another"
        " idempotency key"
    )
