"""One call of a connector or a notifier, with a limit on how long anybody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from gatewright.dsl.records import dataclass

T = TypeVar("T")


class CallTimedOut(Exception):
    """The call did not return in time; it may still have an effect."""


class CallBroken(Exception):
    """The call raised what would end a process or a task, not an error; it may have an effect."""


@dataclass(frozen=True, slots=True)
class _Returned(Generic[T]):
    value: T | None = None
    error: BaseException | None = None


def call(function: Callable[[], T], timeout_s: float) -> T:
    """Return what a function returns, or raise what it raises; raises CallTimedOut, CallBroken.

    A call that hangs is left to a thread of its own, which ends with the process: no worker waits
    for it, and whatever it answers later is not listened to.
    """
    answers: SimpleQueue[_Returned[T]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(_Returned(function()))
        except BaseException as error:  # handed to whoever waits
            answers.put(_Returned(error=error))

    # In the caller's context: spans of a connector belong to the span that it is called in.
    context = copy_context()
    threading.Thread(target=context.run, args=(run,), name="connector", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s)
    except Empty:
        raise CallTimedOut(f"no answer within {timeout_s:g} s") from None
    if isinstance(answer.error, Exception):
        raise answer.error
    if answer.error is not None:  # `sys.exit` in a library ends nobody's worker
        raise CallBroken(f"the call ended with {type(answer.error).__name__}")
    return answer.value  # type: ignore[return-value]
