"""A bar chart as SVG: the refund policy, a bar a contestant, on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

_WIDTH, _LEFT, _RIGHT = 860, 250, 90
_ROW, _TOP, _BOTTOM = 26, 70, 50
_OURS, _HAND, _OTHER = "#0b6e4f", "#b07d2b", "#7d8ca3"


def chart(title: str, subtitle: str, times: Mapping[str, float]) -> str:
    """Return a chart of times in microseconds, the shortest first."""
    names = sorted(times, key=lambda name: times[name])
    low = floor(log10(min(times.values())))
    high = ceil(log10(max(times.values())) + 0.05)
    height = _TOP + _ROW * len(names) + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(20, 28, title, "start", "#111111", 'font-size="17" font-weight="bold"'),
        _text(20, 48, subtitle, "start", "#555555"),
        *_axis(low, high, height),
        *(bar for row, name in enumerate(names) for bar in _bar(row, name, times[name], low, high)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(value: float, low: int, high: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (log10(value) - low) / (high - low)


def _axis(low: int, high: int, height: int) -> list[str]:
    parts: list[str] = []
    bottom = height - _BOTTOM + 4
    for power in range(low, high + 1):
        x = _x(10.0**power, low, high)
        parts += [
            f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="#dddddd"/>',
            _text(x, bottom + 18, _shown(10.0**power), "middle", "#555555"),
        ]
    return parts


def _bar(row: int, name: str, value: float, low: int, high: int) -> Sequence[str]:
    y = _TOP + _ROW * row
    colour = _OURS if name.startswith("Gatewright") else _HAND if "hand" in name else _OTHER
    end = _x(value, low, high)
    return (
        _text(_LEFT - 10, y + 16, name, "end", "#111111"),
        f'<rect x="{_LEFT}" y="{y + 3}" width="{end - _LEFT:.1f}" height="{_ROW - 8}" '
        f'fill="{colour}"/>',
        _text(end + 6, y + 16, _shown(value), "start", "#111111"),
    )


def _shown(microseconds: float) -> str:
    if microseconds >= 1000:
        return f"{microseconds / 1000:.3g} ms"
    return f"{microseconds:.3g} µs"


def _text(x: float, y: float, text: str, anchor: str, colour: str, more: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" {more}>'
        f"{escape(text)}</text>"
    )
