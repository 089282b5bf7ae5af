"""A call as it should be, and a fault -> the call as it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar, cast

from gatewright.connectors.systems.sandbox.faults import ConnectionLost, Fault, FaultKind
from gatewright.connectors.systems.sandbox.waiting import Waiting
from gatewright.engine.runtime.ports import ConnectorError

T = TypeVar("T")

NONSENSE: Final = "200 OK"


def call(do: Callable[[], T], fault: Fault | None, waiting: Waiting) -> T:
    """Do something, well or badly. `do` does it each time that it is called."""
    if fault is None or fault.kind is FaultKind.OVERTAKEN:  # the latter is a matter of the write
        return do()
    match fault.kind:
        case FaultKind.SLOW:
            waiting.sleep(fault.seconds)
            return do()
        case FaultKind.FAILS_BEFORE:
            raise ConnectorError("the system refused the call, as it was told to")
        case FaultKind.ARRIVES_LATE:
            _do_later(do, waiting)
        case FaultKind.FAILS_AFTER_WRITE:
            do()
        case FaultKind.TIMES_OUT:
            return _hang(do, fault, waiting)
        case FaultKind.ANSWERS_TWICE:
            answer = do()
            with suppress(ConnectorError):  # whoever sent it once does not hear of the second
                do()
            return answer
        case FaultKind.NONSENSE:
            if fault.written == "yes":
                do()
            return cast("T", NONSENSE)
        case _:
            pass  # it never arrives
    raise ConnectionLost("the connection was lost")


def _do_later(do: Callable[[], object], waiting: Waiting) -> None:
    since = waiting.enter()

    def run() -> None:
        try:
            waiting.hang(since)
            with suppress(ConnectorError):  # nobody listens any more
                do()
        finally:
            waiting.leave()

    threading.Thread(target=run, name="late call", daemon=True).start()


def _hang(do: Callable[[], T], fault: Fault, waiting: Waiting) -> T:
    since = waiting.enter()
    try:
        if fault.written == "yes":
            do()
        waiting.hang(since)
        if fault.written == "late":
            return do()
    finally:
        waiting.leave()
    raise ConnectionLost("the connection was lost")
