"""Case folders -> the rendered diagnostics of the policy set in each.

`expected.txt` is the whole output for people. `UPDATE_GOLDEN=1` writes it anew: read the
difference before you keep it.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from gatewright.dsl import messages
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint import lint
from gatewright.dsl.load import check_paths
from gatewright.dsl.messages.catalog import TITLES
from gatewright.dsl.rendering.text import to_text
from gatewright.engine.portable.conditions import portability

HERE = Path(__file__).resolve().parent
CASES = sorted((HERE / "cases").iterdir())
LINTS = sorted((HERE / "lints").iterdir())
PORTABLE = sorted((HERE / "portable").iterdir())
EXPECTED = "expected.txt"
LINTED_AT = 1_767_225_600 * 10**9
"""2026-01-01T00:00:00Z, by which exceptions are over or not."""

# Words of the program itself, which mean nothing to the author of a policy.
_PROGRAM_WORDS = re.compile(
    r"\b(?:None|True|False|Type|Expr|Literal|Decl|node|Scalar|dict|tuple|str|ast|Lark|codec)\b"
)


def titles() -> Mapping[str, str]:
    """Return every code with its title, from all modules of messages."""
    for module in pkgutil.iter_modules(messages.__path__):
        importlib.import_module(f"{messages.__name__}.{module.name}")
    return TITLES


def errors_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    """Check a folder from within it, so that paths in the output are short."""
    monkeypatch.chdir(folder)
    return list(check_paths(["."])[1])


def lints_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    """Lint a folder whose policies have no error."""
    monkeypatch.chdir(folder)
    policy, diagnostics = check_paths(["."])
    assert policy is not None, to_text(diagnostics)
    return lint(policy, LINTED_AT)


def portability_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    """Ask what other hosts of CEL do not understand in a folder whose policies have no error."""
    monkeypatch.chdir(folder)
    policy, diagnostics = check_paths(["."])
    assert policy is not None, to_text(diagnostics)
    diagnostics.extend(portability(policy))
    return list(diagnostics)


def generated_set(
    files: Mapping[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write a policy set to a folder, and go there."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    monkeypatch.chdir(folder)


def assert_same(golden: Path, text: str) -> None:
    """Compare a text with its file, or write it where that is asked for."""
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8", errors="replace")
    assert golden.read_text(encoding="utf-8") == text


def assert_readable(found: Diagnostic) -> None:
    """Source: style.md 7: one lower-case sentence, user text in backticks, a place."""
    assert found.code in titles()
    assert re.match(r"[a-z`@]|\d", found.message), found.message
    assert not found.message.endswith("."), found.message
    texts = [found.message, found.help or "", *(label.text for label in found.labels)]
    for text in texts:
        assert "\n" not in text
        assert text.count("`") % 2 == 0 or "```" in text, text
        # What the author wrote stands in backticks and may be anything.
        assert not _PROGRAM_WORDS.search(re.sub(r"`[^`]*`", "", text)), text
    for span in (found.span, *(label.span for label in found.labels)):
        assert 0 <= span.start <= span.end <= len(span.source.text)
