"""`gatewright check --portable`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import REFUNDS, run

POLICY = """\
package p

action a.b {
  count: int, share: double, bits: uint, word: string, raw: bytes, yes: bool, tags: list<string>,
  counts: map<string, int>, start: timestamp, length: duration, price?: money(USD), rate?: decimal,
  changes { state: string }
}

let limit = 30d
let weekday = now.getDayOfWeek() in [1, 2, 3, 4, 5]

default block

"""
GIVEN = """
test "one action" {
  now 2026-01-01T12:00:00Z
  given agent { id: "bot", team: "support" }
  given target { stage: "new" }
  given changes { state: { old: "open", new: "closed" } }
  given a.b {
    count: -3, share: 0.5, bits: 7, word: "ä\\"\\n", raw: b"\\x00a", yes: true, tags: ["x", "y"],
    counts: { one: 1 }, start: 2025-12-24T00:00:00Z, length: 90m, price: 5 USD
  }
  expect auto_run
}
"""
SAME = (
    "action.count == -3 && action.count < 0",
    "action.share == 0.5 && -action.share < -0.1",
    "action.bits == 7u",
    'action.word == "ä\\"\\n" && action.word.startsWith("ä")',
    'action.raw == b"\\x00a"',
    "action.yes ? !(!action.yes) : false",
    'action.tags == ["x", "y"] && "x" in action.tags && action.tags[0] == "x"',
    "action.tags.exists(t, t == 'y') && action.tags.filter(t, t == 'x').size() == 1",
    'action.counts.one == 1 && has(action.counts.one) && action.counts["one"] == 1',
    "action.start < now && now - action.start < limit",
    "action.length > 1h && action.length == duration('5400s')",
    "weekday || now >= 2026-01-01T00:00:00Z",
    "has(action.price) && !has(action.rate)",
    'agent.team == "support" && target.stage == "new"',
    'has(changes.state) && changes.state.new == "closed" && changes.state.old != "x"',
    'changes.fields == ["state"]',
    'action.name == "b.a" || action.count > 100 || null == null || risk == 0',
    '{"a": 1}.a == 1 && [1, 2].map(x, x + 1) == [2, 3]',
)


def portable(folder: Path, text: str) -> list[dict[str, str]]:
    """Return what `check --portable` tells as JSON."""
    file = folder / "p.gate"
    file.write_text(text, "utf-8")
    ran = run("check", "--no-lint", "--portable", "--format", "json", file)
    assert ran.code == 0, ran.out
    found: list[dict[str, str]] = json.loads(ran.out)
    return found


@pytest.mark.parametrize("condition", SAME)
def test_plain_conditions_mean_the_same_elsewhere(tmp_path: Path, condition: str) -> None:
    rule = f"rule r on a.b when {condition} => auto_run\n"
    assert portable(tmp_path, POLICY + rule + GIVEN) == []


def test_every_kind_of_declaration_is_asked(tmp_path: Path) -> None:
    text = """
package p
action a.b { count: int }
default block
risk one when action.count in 1 .. 2 => 10
permit when agent.age in 3 .. 4 to a.*
rule open on a.b when action.count > 0 => auto_run
exception some suspends g {
  when action.count in 5 .. 6
  from 2026-01-01
  until 2026-02-01
}
guard g on a.b when action.count in 7 .. 8 => block
"""
    found = portable(tmp_path, text)
    assert {each["code"] for each in found} == {"GW0901"}
    assert len(found) == 4


def test_lets_of_another_package_are_written_out(tmp_path: Path) -> None:
    (tmp_path / "other.gate").write_text("package q\nlet large = action.count in 1 .. 9\n")
    text = "package p\nimport q as other\naction a.b { count: int }\ndefault block\n"
    file = tmp_path / "p.gate"
    file.write_text(text + "rule r on a.b when other.large => auto_run\n")
    ran = run("check", "--no-lint", "--portable", "--format", "json", tmp_path)
    (found,) = json.loads(ran.out)
    assert "a range" in found["message"]
    assert str(found).count("p.gate") >= 1


def test_lets_that_would_grow_without_end_are_refused(tmp_path: Path) -> None:
    lets = ["let x0 = [1]", *(f"let x{n + 1} = x{n} + x{n}" for n in range(12))]
    rule = "rule r on a.b when size(x12) > 3 => auto_run\n"
    text = "\n".join(["package p", "action a.b { count: int }", "default block", *lets, rule])
    (found,) = portable(tmp_path, text)
    assert "more `let`s than one text can hold" in found["message"]


def test_a_test_that_cannot_be_prepared_is_passed_over(tmp_path: Path) -> None:
    rule = "rule r on a.b when action.count > 3 => auto_run\n"
    bad = 'test "t" { given a.b { count: 1 / 0 } expect block }\n'
    assert (
        portable(tmp_path, f"package p\naction a.b {{ count: int }}\ndefault block\n{rule}{bad}")
        == []
    )


def test_secret_values_are_not_told(tmp_path: Path) -> None:
    text = """package p
action a.b { @secret pin: int, share: double }
default block
rule r on a.b when action.pin > action.share => auto_run
test "t" { given a.b { pin: 4711, share: 0.5 } expect auto_run }
"""
    (found,) = portable(tmp_path, text)
    assert found["code"] == "GW0903"
    assert "4711" not in json.dumps(found["message"])


def test_notes_are_counted_and_refuse_nothing() -> None:
    ran = run("check", "--no-lint", "--portable", REFUNDS)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.endswith("\n\n4 notes\n")
    assert run("check", "--no-lint", REFUNDS).err == "no errors\n"


def test_sarif_has_notes() -> None:
    ran = run("check", "--no-lint", "--portable", "--format", "sarif", REFUNDS)
    assert {result["level"] for result in ran.data["runs"][0]["results"]} == {"note"}


def test_errors_come_first(tmp_path: Path) -> None:
    (tmp_path / "p.gate").write_text("package p\nlet x = \n")
    ran = run("check", "--portable", tmp_path)
    assert ran.code == 1
    assert "GW09" not in ran.err


def test_the_other_interpreter_is_loaded_only_when_asked_for() -> None:
    code = "import sys, gatewright.cli.check; sys.exit('celpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
