"""Texts about exceptions, which suspend rules for a while (GW042x)."""

from __future__ import annotations

from gatewright.dsl.diagnostics import Label
from gatewright.dsl.messages.catalog import Finding, message
from gatewright.dsl.source import Span


@message("GW0420", "exception without an end")
def missing_item(span: Span, name: str, item: str) -> Finding:
    return Finding(
        span,
        f"the exception `{name}` has no `{item}`",
        help="an exception says `from` when and `until` when it holds, at most 90 days apart",
    )


@message("GW0421", "exception that is too long or empty")
def bad_range(span: Span, nanos: int) -> Finding:
    if nanos <= 0:
        return Finding(
            span,
            "this exception ends before it begins",
            help="it holds from `from` until just before `until`",
        )
    return Finding(
        span,
        f"this exception lasts {_length(nanos)}, and 90 days are allowed",
        help="let it end earlier, and renew it then if it is still needed",
    )


@message("GW0422", "exception from an absolute guard")
def suspends_absolute(span: Span, name: str, guard: Span) -> Finding:
    return Finding(
        span,
        f"`{name}` is absolute: no exception may suspend it",
        help="take it out of the exception, or take `absolute` away where it may be suspended",
        labels=(Label(guard, "declared `absolute` here"),),
    )


@message("GW0423", "bad item of an exception")
def bad_item(span: Span, item: str, wanted: str) -> Finding:
    example = "400" if item == "max_uses" else '"..."'
    return Finding(span, f"`{item}` takes {wanted}", help=f"write `{item} {example}`")


_PARTS = (("h", 3_600 * 10**9), ("m", 60 * 10**9))


def _length(nanos: int) -> str:
    """Return an exact length of a day or more: `90 days`, `90 days and 1h 0.5s`."""
    days, rest = divmod(nanos, 86_400 * 10**9)
    parts: list[str] = []
    for unit, size in _PARTS:
        count, rest = divmod(rest, size)
        parts += [f"{count}{unit}"] if count else []
    if rest:
        seconds, below = divmod(rest, 10**9)
        fraction = f".{below:09}".rstrip("0") if below else ""
        parts.append(f"{seconds}{fraction}s")
    return f"{days} days" + (f" and {' '.join(parts)}" if parts else "")
