"""Expressions of the CEL conformance suite have the types of their values here too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.typing.typer import ExpressionScope, Typer
from tests.conftest import shared_dir
from tests.dsl.typing.support import described

SCALARS: dict[str, t.Type] = {
    "int": t.INT,
    "uint": t.UINT,
    "double": t.DOUBLE,
    "bool": t.BOOL,
    "string": t.STRING,
    "bytes": t.BYTES,
    "null": t.NULL,
    "message:google.protobuf.Duration": t.DURATION,
    "list(int)": t.ListType(t.INT),
    "map(string,int)": t.MapType(t.STRING, t.INT),
    "map(string,string)": t.MapType(t.STRING, t.STRING),
}


def cases() -> list[Any]:
    """Return the cases with a value that CEL type-checks; dotted variables are not our affair."""
    path: Path = shared_dir() / "conformance" / "cel_cases.json"
    found = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return [
        pytest.param(case, id=f"{case['file']}-{case['section']}-{case['name']}")
        for case in found
        if case["in_scope"]
        and "value" in case
        and "disable_check" not in case
        and all("." not in variable["name"] for variable in case.get("type_env", ()))
    ]


@pytest.mark.parametrize("case", cases())
def test_a_case_of_the_suite_has_the_type_of_its_value(case: dict[str, Any]) -> None:
    names = {v["name"]: SCALARS[v["type"]] for v in case.get("type_env", ())}
    found: list[Diagnostic] = []
    kind = Typer(ExpressionScope(names), found.append).infer(parse_expression(case["expr"]))
    assert not found, described(found)
    wanted = next(key for key in case["value"] if key != "wrapper")
    assert str(kind).partition("<")[0] in ("any", wanted)
    if "deduced_type" in case:
        deduced = str(kind).replace("<", "(").replace(">", ")").replace(", ", ",")
        assert deduced == case["deduced_type"]
