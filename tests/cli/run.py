"""Runs commands in this process, and keeps what they wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from gatewright.cli import main
from tests.conftest import ROOT

REFUNDS = str(ROOT / "examples" / "refunds")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """What was written as JSON."""
        data: dict[str, Any] = json.loads(self.out)
        return data


def run(*arguments: object, stdin: str | bytes | None = None) -> Ran:
    """Run `gatewright ARGUMENTS`; an exception that is not an exit is raised here."""
    result = CliRunner().invoke(
        main, [str(argument) for argument in arguments], input=stdin, catch_exceptions=False
    )
    return Ran(result.exit_code, result.stdout, result.stderr)


def refund(**changed: object) -> dict[str, Any]:
    """Return an action that the policy of examples/refunds lets run, with some keys changed."""
    action: dict[str, Any] = {
        "action": "billing.refund",
        "params": {"customer": "C-1", "amount": "20.00 USD"},
        "agent": {"id": "refund-bot", "owner": "team-support"},
        "target": {"id": "ch_1", "attributes": {"status": "paid"}},
        "at": "2026-11-20T12:00:00Z",
    }
    return {**action, **changed}


def amount(text: object) -> str:
    """Return the JSON of a refund of some amount."""
    return json.dumps(refund(params={"customer": "C-1", "amount": text}))
