"""Diagnostics -> SARIF 2.1.0, the format that code hosts read.

Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from gatewright.dsl.diagnostics import Diagnostic, Label
from gatewright.dsl.messages.catalog import TITLES
from gatewright.dsl.rendering.text import doc_page
from gatewright.dsl.source import Span

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def to_sarif(diagnostics: Iterable[Diagnostic], version: str) -> str:
    """Return diagnostics as one SARIF run of Gatewright in `version`, in ASCII.

    The rules listed are those that were broken. Columns count code points from 1; ends are
    exclusive, as SARIF has it.
    """
    found = list(diagnostics)
    codes = sorted({d.code for d in found})
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "gatewright",
                        "version": version,
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(d, codes.index(d.code)) for d in found],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": TITLES.get(code, code)},
        # No `helpUri`: it must be absolute, and the pages stand beside the program.
        "help": {"text": f"Described with examples in {doc_page(code)}."},
    }


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    text = diagnostic.message
    if diagnostic.help:
        text += f"\nhelp: {diagnostic.help}"
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": str(diagnostic.severity),
        "message": {"text": text},
        "locations": [_location(diagnostic.span)],
    }
    if diagnostic.labels:
        result["relatedLocations"] = [
            _related(n, label) for n, label in enumerate(diagnostic.labels)
        ]
    return result


def _related(number: int, label: Label) -> dict[str, Any]:
    return {"id": number, "message": {"text": label.text}, **_location(label.span)}


def _location(span: Span) -> dict[str, Any]:
    begin, end = span.begin, span.finish
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(span.source.name)},
            "region": {
                "startLine": begin.line,
                "startColumn": begin.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        }
    }


def _uri(name: str) -> str:
    """Return a file's name as a URI reference; a name that is not text keeps its bytes."""
    if PurePath(name).is_absolute():
        name = PurePath(name).as_posix()
        return "file:///" + quote(os.fsencode(name.removeprefix("/")))
    return quote(os.fsencode(PurePath(name).as_posix()))
