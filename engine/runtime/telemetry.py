"""Spans and metrics by OpenTelemetry where its API is installed, else nothing at all.

Names begin with `gatewright.`. Attributes are ids, names and kinds: never a value of an action,
of a record or of a secret, nor the text of an error. Without an SDK the API does nothing either.
Source: OpenTelemetry API 1.20, `opentelemetry.trace` and `opentelemetry.metrics`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from time import time_ns
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias
from weakref import WeakSet

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import StatusCode, Tracer

Attribute: TypeAlias = str | int | bool | None
"""A value of an attribute; None is left out."""

NAME: Final = "gatewright"
LONGEST: Final = 256
"""Characters of a text: an agent may name its action as it likes."""

_tracer: Tracer | None = None
_meter: Meter | None = None
_open_span: Callable[[], OtelSpan] | None = None
_failed: StatusCode | None = None
_observation: type[Observation] | None = None
try:
    from opentelemetry import metrics, trace
except ImportError:  # then nothing is measured
    pass
else:
    _tracer, _meter = trace.get_tracer(NAME), metrics.get_meter(NAME)
    _open_span, _failed = trace.get_current_span, trace.StatusCode.ERROR
    _observation = metrics.Observation


def _named(attributes: dict[str, Attribute]) -> dict[str, str | int | bool]:
    return {
        f"{NAME}.{name}": value[:LONGEST] if isinstance(value, str) else value
        for name, value in attributes.items()
        if value is not None
    }


# --- spans


class Span:
    """A span that is under way, or none."""

    def __init__(self, span: OtelSpan | None = None) -> None:
        self._span = span

    def set(self, **attributes: Attribute) -> None:
        """Add attributes."""
        if self._span is not None:
            self._span.set_attributes(_named(attributes))

    def fail(self, error: str) -> None:
        """Mark what it is about as failed; `error` is a code or the name of a type."""
        if self._span is not None and _failed is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(_failed)


_NOTHING: Final = Span()


@contextmanager
def span(name: str, **attributes: Attribute) -> Generator[Span]:
    """Open a span for a block: `propose` is `gatewright.propose`.

    Where the block raises, the span has failed, with the code or type of the error, not its text.
    """
    if _tracer is None:
        yield _NOTHING
        return
    with _tracer.start_as_current_span(
        f"{NAME}.{name}", attributes=_named(attributes),
        record_exception=False, set_status_on_exception=False,
    ) as opened:  # fmt: skip
        found = Span(opened)
        try:
            yield found
        except BaseException as error:
            found.fail(getattr(error, "code", None) or type(error).__name__)
            raise


def current() -> Span:
    """Return the innermost span that is open."""
    return _NOTHING if _open_span is None else Span(_open_span())


def passed(name: str, began_at: int, **attributes: Attribute) -> None:
    """Tell a span that is over, for what is worth a span only after the fact.

    `began_at` is nanoseconds of the system's clock, as `time.time_ns` gives them.
    """
    if _tracer is not None:
        past = _tracer.start_span(
            f"{NAME}.{name}", attributes=_named(attributes), start_time=began_at
        )
        past.end(max(time_ns(), began_at))


# --- metrics


class Counter:
    """Counts what happened, by attributes."""

    def __init__(self, name: str, unit: str, description: str) -> None:
        self._counter = (
            None if _meter is None else _meter.create_counter(f"{NAME}.{name}", unit, description)
        )

    def add(self, **attributes: Attribute) -> None:
        """Count one more."""
        if self._counter is not None:
            self._counter.add(1, _named(attributes))


class Histogram:
    """Counts how large something was, by attributes."""

    def __init__(self, name: str, unit: str, description: str) -> None:
        self._histogram = (
            None if _meter is None else _meter.create_histogram(f"{NAME}.{name}", unit, description)
        )

    def record(self, value: float, **attributes: Attribute) -> None:
        """Count a value."""
        if self._histogram is not None:
            self._histogram.record(value, _named(attributes))


# --- what waits


class Queue(Protocol):
    """What runs wait in."""

    def waiting(self) -> tuple[str, int, float] | None:
        """Return the store's name, the number of runs that wait for people, the age of the oldest.

        In seconds; None where nobody can tell. Raises nothing.
        """
        ...


_queues: WeakSet[Queue] = WeakSet()


def watch(queue: Queue) -> None:
    """Report a queue whenever metrics are read, as long as it lives."""
    _queues.add(queue)


def unwatch(queue: Queue) -> None:
    """Report a queue no more."""
    _queues.discard(queue)


def _found() -> dict[str, tuple[int, float]]:
    """Return what waits by store: a store that several have open is told once."""
    found = [waiting for queue in list(_queues) if (waiting := queue.waiting()) is not None]
    return {store: (runs, age) for store, runs, age in found}


def _observe(meter: Meter, observation: type[Observation]) -> None:
    def pending(options: CallbackOptions) -> Iterable[Observation]:
        return [
            observation(runs, _named({"store": store})) for store, (runs, _) in _found().items()
        ]

    def oldest(options: CallbackOptions) -> Iterable[Observation]:
        return [observation(age, _named({"store": store})) for store, (_, age) in _found().items()]

    meter.create_observable_gauge(
        f"{NAME}.runs.pending", [pending], "{run}", "Runs that wait for people."
    )
    meter.create_observable_gauge(
        f"{NAME}.runs.pending.age", [oldest], "s", "For how long the oldest of them has waited."
    )


if _meter is not None and _observation is not None:
    _observe(_meter, _observation)
