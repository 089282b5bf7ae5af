"""The pages of the runtime name every message, span, metric and method that there is."""

from __future__ import annotations

import re

from gatewright.engine.runtime import measuring
from gatewright.engine.runtime.gate import Gate
from tests.conftest import ROOT

RUNTIME = ROOT / "engine" / "runtime"


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def named(pattern: str) -> set[str]:
    """Every name that the runtime's code gives, by a pattern with one group."""
    texts = (path.read_text("utf-8") for path in sorted(RUNTIME.glob("*.py")))
    return {name for text in texts for name in re.findall(pattern, text)}


def test_every_span_and_metric_is_on_its_page() -> None:
    spans = named(r'telemetry\.(?:span|passed)\(\s*"(\w+)"')
    metrics = named(r'telemetry\.(?:Counter|Histogram)\(\s*"(\w+)"')
    gauges = named(r'f"\{NAME\}\.(runs[\w.]+)"')
    assert (len(spans), len(metrics), len(gauges)) == (7, 5, 2)
    names, text = spans | metrics | gauges | set(measuring.KINDS.values()), page("telemetry.md")
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_every_message_of_a_route_is_on_its_page() -> None:
    messages = named(r'(?:Message|_tell)\(\s*"([\w.]+)"') | named(r'"(route\.\w+)"')
    of_routes, text = [n for n in sorted(messages) if n.startswith("route.")], page("messages.md")
    assert len(of_routes) == 4
    assert [name for name in of_routes if f"`{name}`" not in text] == []


def test_every_method_of_a_gate_is_on_its_page() -> None:
    methods = [name for name in vars(Gate) if not name.startswith("_")]
    text = page("runtime.md")
    assert len(methods) > 20
    told = {name.replace("-", "_") for name in re.findall(r"`(?:gate\.)?([\w-]+)", text)}
    told |= set(re.findall(r"gate\.(\w+)\(", text))
    assert [name for name in methods if name not in told] == []
