"""The fingerprint of the compiler: what another state of it wrote is not read.

A mistake in trees that is mended here stands in the bundles that were built before; they say by
which state they were written, and their actions are compiled anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from gatewright.engine.bundle.compiled_layout import COMPILER
from tests.conftest import ROOT

MAKING = [
    *sorted((ROOT / "engine" / "compile").glob("native*.py")),
    *(ROOT / "engine" / "compile" / f"{name}.py" for name in (
        "build", "constant_scope", "formula", "lower", "metering", "plain_cost", "residual", "slots", "typing", "unit",
    )),
    *(ROOT / "engine" / "bundle" / f"compiled_{name}.py" for name in ("layout", "write")),
]  # fmt: skip
"""What makes trees and writes them; what only decides by them is not among them."""


def code(path: Path) -> Iterator[str]:
    """The lines of a module, without comments, docstrings and the fingerprint itself."""
    text = path.read_text(encoding="utf-8")
    told = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"\s+# .*|^# .*", "", line).strip()
        if bare and number not in told and not bare.startswith("COMPILER: Final"):
            yield bare


def fingerprint() -> str:
    """What `COMPILER` has to be."""
    lines = [line for path in MAKING for line in (path.name, *code(path))]
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def test_the_fingerprint_is_that_of_the_code() -> None:
    assert fingerprint() == COMPILER, "write what is found into engine/bundle/compiled_layout.py"


def test_comments_and_docstrings_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text('"""About."""\n\n# Why.\nx = 1  # one\n"""What x is."""\n', encoding="utf-8")
    assert [*code(path)] == ["x = 1"]


def test_every_module_that_lowers_is_counted() -> None:
    """A module under `engine/compile` makes trees, or is known to do something else."""
    deciding = {
        "__init__",
        "answer",
        "asking",
        "checks",
        "fields",
        "fit",
        "forest",
        "inline",
        "laid",
        "program",
        "pycode",
        "raw",
        "raw_fields",
        "tree",
        "units",
        "whole",
    }
    found = {path.stem for path in (ROOT / "engine" / "compile").glob("*.py")}
    assert found - deciding == {path.stem for path in MAKING if path.parent.name == "compile"}
