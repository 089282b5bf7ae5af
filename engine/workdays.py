"""Calendars at run time: whether an instant is working time. Source: docs/language.md#calendar.

Days and hours are those of the calendar's time zone, so that days of 23 or 25 hours count as one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from gatewright.dsl import ast
from gatewright.dsl.policy import Calendar
from gatewright.dsl.records import dataclass
from gatewright.engine.errors import EvaluationError
from gatewright.engine.values import Timestamp, Value

Evaluate = Callable[[ast.Expr], Value]


@dataclass(frozen=True, slots=True)
class CalendarValue:
    """A calendar in a condition: `now.in(office)`."""

    calendar: Calendar
    evaluate_here: Evaluate
    """Evaluates an expression in the calendar's own package, for its holidays."""

    def select(self, field: str) -> Value:
        """Refuse: a calendar has no fields."""
        raise EvaluationError("no_such_field", f"a calendar has no field `{field}`")

    def has(self, field: str) -> bool:
        """Return false: a calendar has no fields."""
        return False

    def invoke(self, method: str, arguments: tuple[ast.Argument, ...], evaluate: Evaluate) -> Value:
        """Answer `contains(timestamp)`, which `timestamp.in(calendar)` stands for."""
        if method != "contains" or len(arguments) != 1 or arguments[0].name is not None:
            raise EvaluationError("no_such_function", f"a calendar has no function `{method}`")
        instant = evaluate(arguments[0].value)
        if not isinstance(instant, Timestamp):
            raise EvaluationError("type_mismatch", "a calendar holds timestamps only")
        return self._contains(instant)

    def local(self, instant: Timestamp) -> datetime:
        """Return an instant in the calendar's zone; raises EvaluationError where it has none."""
        # Late, as it looks for the time zones of the machine.
        from zoneinfo import ZoneInfo

        try:
            return instant.to_datetime().astimezone(ZoneInfo(self.calendar.zone))
        except (OverflowError, ValueError):
            why = "the instant has no local time in the calendar's zone"
            raise EvaluationError("overflow", why) from None

    def is_working_day(self, local: datetime) -> bool:
        """Tell whether there is work on the day of a local time."""
        return local.weekday() in self.calendar.days and not self._is_holiday(local)

    def _contains(self, instant: Timestamp) -> bool:
        local = self.local(instant)
        minute = local.hour * 60 + local.minute
        open_now = self.calendar.opens_minute <= minute < self.calendar.closes_minute
        return open_now and self.is_working_day(local)

    def _is_holiday(self, local: datetime) -> bool:
        if self.calendar.holidays is None:
            return False
        holidays = self.evaluate_here(self.calendar.holidays)
        if not isinstance(holidays, tuple):
            raise EvaluationError("type_mismatch", "the holidays of a calendar are a list")
        return any(_date(day) == local.date() for day in holidays)


def _date(day: Value) -> date:
    """Read a holiday: a date such as "2026-12-25", or the UTC date of a timestamp."""
    if isinstance(day, Timestamp):
        return day.to_datetime().date()
    try:
        return date.fromisoformat(day if isinstance(day, str) else "")
    except ValueError:
        raise EvaluationError(
            "invalid_argument", 'a holiday is a date such as "2026-12-25"'
        ) from None


def working_days_after(calendar: CalendarValue, start: Timestamp, days: int) -> Timestamp:
    """Return the instant so many working days later, at the same time of the day.

    Counting begins in working time: on a free day, or after hours, at the next opening; before
    hours at that day's. A time that a change of clocks leaves out is the next one that exists.
    Raises EvaluationError where the calendar has no working day within ten years.
    """
    declared = calendar.calendar
    local = calendar.local(start)
    minute = local.hour * 60 + local.minute
    hour, minutes = divmod(declared.opens_minute, 60)
    opening = local.replace(hour=hour, minute=minutes, second=0, microsecond=0)
    if not calendar.is_working_day(local) or minute >= declared.closes_minute:
        local = _next_working_day(calendar, opening)
    elif minute < declared.opens_minute:
        local = opening
    for _ in range(days):
        local = _next_working_day(calendar, local)
    return Timestamp.from_datetime(local)


def _next_working_day(calendar: CalendarValue, local: datetime) -> datetime:
    for _ in range(3660):
        local += timedelta(days=1)  # by the calendar, not by 24 hours: the zone is not asked here
        if calendar.is_working_day(local):
            return local
    raise EvaluationError("overflow", "the calendar has no working day within ten years")
