"""Calendar declarations -> working time: a zone, weekdays, hours of the day, holidays."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gatewright.dsl import ast
from gatewright.dsl.messages import declarations as messages
from gatewright.dsl.messages import syntax as syntax_messages
from gatewright.dsl.policy import Calendar
from gatewright.dsl.resolve.collect import Report

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_DAYS_HELP = 'write them as `days "mon-fri"` or `days "mon, wed, sat"`'
_HOURS_HELP = 'write them as `hours "09:00-17:30"`'


def calendar(package: str, declaration: ast.CalendarDecl, report: Report) -> Calendar:
    """Resolve a calendar. Unless it says otherwise it counts whole days, Monday to Friday."""
    items: dict[str, ast.CalendarItem] = {}
    for item in declaration.items:
        first = items.setdefault(item.kind, item)
        if first is not item:
            report(syntax_messages.repeated_part(item.span, f"`{item.kind}`", first.span))
    name = declaration.name
    if "zone" not in items:
        report(
            messages.bad_calendar(
                name.span,
                f"the calendar `{name.name}` has no time zone",
                'add a line such as `zone "Europe/Berlin"`',
            )
        )
    opens, closes = _hours(items.get("hours"), report)
    holidays = items.get("holidays")
    return Calendar(
        name=name.name,
        package=package,
        zone=_zone(items.get("zone"), report),
        days=_days(items.get("days"), report),
        opens_minute=opens,
        closes_minute=closes,
        holidays=holidays.value if holidays else None,
        span=name.span,
    )


def _text(item: ast.CalendarItem) -> str:
    return item.value.value if isinstance(item.value, ast.StringLiteral) else ""


def _zone(item: ast.CalendarItem | None, report: Report) -> str:
    if item is None:
        return "UTC"
    name = _text(item)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        why = f"`{item.value.span.text}` is not a time zone"
        report(messages.bad_calendar(item.value.span, why, 'use a name such as "Europe/Berlin"'))
        return "UTC"
    return name


def _days(item: ast.CalendarItem | None, report: Report) -> frozenset[int]:
    if item is None:
        return frozenset(range(5))
    days: set[int] = set()
    for part in _text(item).lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if first not in DAYS or last not in DAYS:
            why = f"`{item.value.span.text}` does not name days of the week"
            report(messages.bad_calendar(item.value.span, why, _DAYS_HELP))
            return frozenset(range(5))
        begin, end = DAYS.index(first), DAYS.index(last)
        days.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return frozenset(days)


def _hours(item: ast.CalendarItem | None, report: Report) -> tuple[int, int]:
    if item is None:
        return 0, 24 * 60
    match = _HOURS.fullmatch(_text(item).replace(" ", ""))
    if match:
        opens = int(match.group(1)) * 60 + int(match.group(2))
        closes = int(match.group(3)) * 60 + int(match.group(4)) if match.group(3) else 24 * 60
        if opens < closes:
            return opens, closes
    why = f"`{item.value.span.text}` is not a span of hours of one day"
    report(messages.bad_calendar(item.value.span, why, _HOURS_HELP))
    return 0, 24 * 60
