"""docs/runtime.md names every message of a route, every span and every metric that there is."""

from __future__ import annotations

import re

from gatewright.engine.runtime import measuring
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "runtime.md").read_text("utf-8")
RUNTIME = ROOT / "engine" / "runtime"


def named(pattern: str) -> set[str]:
    """Every name that the runtime's code gives, by a pattern with one group."""
    texts = (path.read_text("utf-8") for path in sorted(RUNTIME.glob("*.py")))
    return {name for text in texts for name in re.findall(pattern, text)}


def test_every_message_span_and_metric_is_on_the_page() -> None:
    spans = named(r'telemetry\.(?:span|passed)\(\s*"(\w+)"')
    metrics = named(r'telemetry\.(?:Counter|Histogram)\(\s*"(\w+)"')
    gauges = named(r'f"\{NAME\}\.(runs[\w.]+)"')
    messages = named(r'(?:Message|_tell)\(\s*"([\w.]+)"') | named(r'"(route\.\w+)"')
    assert (len(spans), len(metrics), len(gauges)) == (7, 5, 2)
    missing = [
        name
        for name in sorted(spans | metrics | gauges | set(measuring.KINDS.values()))
        if f"`{name}`" not in PAGE
    ]
    of_routes = [name for name in sorted(messages) if name.startswith("route.")]
    missing += [name for name in of_routes if f"`{name}`" not in PAGE]
    assert len(of_routes) == 4
    assert not missing
