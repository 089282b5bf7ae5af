"""The example of docs/connectors.md runs, and prints what the page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.readme_blocks import blocks


def test_the_example_prints_what_the_page_says(tmp_path: Path) -> None:
    found = blocks((ROOT / "docs" / "connectors.md").read_text("utf-8"))
    (code,) = (block.text for block in found if block.language == "python")
    (output,) = (block.text for block in found if block.language == "text")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stderr == ""
    assert done.stdout == output
