"""The example of docs/runtime.md runs, and the page names what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from gatewright.engine.runtime import measuring
from tests.conftest import ROOT
from tests.readme_blocks import blocks

PAGE = (ROOT / "docs" / "runtime.md").read_text("utf-8")
RUNTIME = ROOT / "engine" / "runtime"


def test_the_example_prints_what_the_page_says(tmp_path: Path) -> None:
    (code,) = (block.text for block in blocks(PAGE) if block.language == "python")
    (output,) = (block.text for block in blocks(PAGE) if block.language == "text")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.stderr == ""
    assert done.stdout == output
    lines = (tmp_path / "messages.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["type"] for line in lines] == [
        line.split()[0] for line in output.splitlines()
    ]


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
