"""A command line to run within the test, and a terminal that is not one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

from gatewright.cli import main

Run: TypeAlias = Callable[..., Result]


@pytest.fixture(name="run")
def run_fixture() -> Run:
    """Return a function that runs `gatewright` with arguments."""

    def run(*arguments: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(
            main, [str(a) for a in arguments], input=stdin, catch_exceptions=False
        )

    return run
