"""Diagnostics for programs: JSON and SARIF 2.1.0."""

from __future__ import annotations

import json
from typing import Any

from gatewright.dsl.diagnostics import Label, Severity
from gatewright.dsl.messages.catalog import TITLES
from gatewright.dsl.parser import parse
from gatewright.dsl.rendering.sarif import to_sarif
from gatewright.dsl.rendering.text import to_json, to_objects
from gatewright.dsl.source import Source
from tests.dsl.rendering.support import error, span

SOURCE = Source("my policies/日.gate", "package p\nlet a = 1\nlet 日 = 2\n")
LABEL = Label(span(SOURCE, "let"), "first declared here")
ERROR = error(span(SOURCE, "日"), "`日` is odd", LABEL, help="rename it")
WARNING = error(span(SOURCE, "1\nlet"), "unused", severity=Severity.WARNING, code="GW0102")


def sarif(*args: Any) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(to_sarif(*args))
    return log


def test_json_has_every_field() -> None:
    assert json.loads(to_json([ERROR])) == [
        {
            "code": "GW0101",
            "severity": "error",
            "message": "`日` is odd",
            "file": "my policies/日.gate",
            "line": 3,
            "column": 5,
            "end_line": 3,
            "end_column": 6,
            "help": "rename it",
            "labels": [
                {
                    "message": "first declared here",
                    "file": "my policies/日.gate",
                    "line": 2,
                    "column": 1,
                    "end_line": 2,
                    "end_column": 4,
                }
            ],
            "doc": "docs/diagnostics.md#gw0101",
        }
    ]


def test_json_of_a_place_of_several_lines_and_without_help() -> None:
    [found] = to_objects([WARNING])
    place = (found["line"], found["column"], found["end_line"], found["end_column"])
    assert place == (2, 9, 3, 4)
    assert (found["help"], found["labels"], found["severity"]) == (None, [], "warning")


def test_both_are_ascii_whatever_a_policy_holds() -> None:
    source = Source("x\udcff.gate", "let \ud800\u202e = 1")
    found = parse(source).diagnostics
    assert found
    for text in (to_json(found), to_sarif(found, "1")):
        assert text.isascii()
        assert json.loads(text)


def test_nothing_wrong_is_an_empty_report() -> None:
    assert json.loads(to_json([])) == []
    run = sarif([], "1.2.3")["runs"][0]
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_sarif_is_one_run_of_this_version() -> None:
    log = sarif([ERROR, WARNING], "1.2.3")
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("gatewright", "1.2.3")
    assert run["columnKind"] == "unicodeCodePoints"
    assert driver["rules"] == [
        {
            "id": code,
            "shortDescription": {"text": TITLES[code]},
            "help": {"text": f"Described with examples in docs/diagnostics.md#{code.lower()}."},
        }
        for code in ("GW0101", "GW0102")
    ]


def test_sarif_results_point_at_their_rule_and_their_places() -> None:
    error_result, warning_result = sarif([ERROR, WARNING], "1")["runs"][0]["results"]
    uri = {"uri": "my%20policies/%E6%97%A5.gate"}
    assert error_result == {
        "ruleId": "GW0101",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "`日` is odd\nhelp: rename it"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": uri,
                    "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 6},
                }
            }
        ],
        "relatedLocations": [
            {
                "id": 0,
                "message": {"text": "first declared here"},
                "physicalLocation": {
                    "artifactLocation": uri,
                    "region": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 4},
                },
            }
        ],
    }
    assert (warning_result["ruleIndex"], warning_result["level"]) == (1, "warning")
    assert "relatedLocations" not in warning_result


def test_sarif_names_absolute_files_by_url() -> None:
    source = Source("/srv/my policies/a.gate", "x")
    [result] = sarif([error(source.whole())], "1")["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "file:///srv/my%20policies/a.gate"


def test_sarif_has_what_the_schema_requires() -> None:
    """The required parts of the official schema, for the objects that are used here."""
    required = {
        "log": {"version", "runs"},
        "run": {"tool"},
        "driver": {"name"},
        "rule": {"id"},
        "result": {"message"},
    }
    log = sarif([ERROR, WARNING], "1")
    run = log["runs"][0]
    assert required["log"] <= log.keys()
    assert required["run"] <= run.keys()
    assert required["driver"] <= run["tool"]["driver"].keys()
    for rule in run["tool"]["driver"]["rules"]:
        assert required["rule"] <= rule.keys()
        assert set(rule["shortDescription"]) == set(rule["help"]) == {"text"}
        assert "helpUri" not in rule, "the schema wants an absolute one"
    for result in run["results"]:
        assert required["result"] <= result.keys()
        assert result["level"] in {"none", "note", "warning", "error"}
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        for location in [*result["locations"], *result.get("relatedLocations", [])]:
            region = location["physicalLocation"]["region"]
            assert all(value >= 1 for value in region.values())
