"""The first decision about an action is the interpreter's; one that comes again is compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gatewright.engine import evaluate
from gatewright.engine.bundle.build import build
from gatewright.engine.compile import forest, units
from gatewright.engine.compile.unit import compile_unit
from gatewright.engine.compile.whole import deciding_dict
from gatewright.engine.decision import Effect
from gatewright.engine.load import load_source

TEXT = """
package demo.notes
action notes.add { text: string, n: int }
action notes.drop { n: int }
history adds = notes.add where status == "executed"
rule short on notes.add when action.text.size() <= 10 => auto_run
rule many on notes.add when adds.count(within: 30d) > 3 => block
rule few on notes.drop when action.n < 5 => auto_run
"""
ADD: dict[str, object] = {"action": "notes.add", "params": {"text": "hello", "n": 1}}
DROP: dict[str, object] = {"action": "notes.drop", "params": {"n": 9}}


@pytest.fixture(autouse=True)
def as_outside_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "COMPILED_FROM", 2)


@pytest.fixture(name="compiled")
def names_of_compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names of the actions that are compiled, as they are."""
    names: list[str] = []
    real = compile_unit

    def noting(policy: object, data: object, declared: object, asking: object) -> object:
        names.append(declared.name)  # type: ignore[attr-defined]
        return real(policy, data, declared, asking)  # type: ignore[arg-type]

    monkeypatch.setattr(units, "compile_unit", noting)
    return names


def test_an_action_is_compiled_when_it_comes_again(compiled: list[str]) -> None:
    policy = load_source(TEXT)
    first = policy.evaluate(ADD)
    assert compiled == []
    second = policy.evaluate(ADD)
    assert compiled == ["notes.add"]
    third = policy.evaluate(ADD)
    assert compiled == ["notes.add"], "once"
    told = [{**d.to_dict(), "id": "", "at": ""} for d in (first, second, third)]
    assert told[0] == told[1] == told[2]


def test_a_dict_is_read_by_code_of_its_own_once_it_came_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forest, "DICTS_FROM", 3)
    made: list[str] = []
    real = deciding_dict

    def noting(declared: object, *more: object) -> object:
        made.append(declared.name)  # type: ignore[attr-defined]
        return real(declared, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(forest, "deciding_dict", noting)
    policy = load_source(TEXT)
    found: list[int] = []
    for _ in range(6):
        assert policy.evaluate(DROP).effect is Effect.BLOCK
        found.append(len(made))
    # The first is interpreted, the second compiles the unit; three of the others come before it.
    assert found == [0, 0, 0, 0, 1, 1]


def test_each_action_is_counted_by_itself(compiled: list[str]) -> None:
    policy = load_source(TEXT)
    assert policy.evaluate(ADD).effect is Effect.AUTO_RUN
    assert policy.evaluate(DROP).effect is Effect.BLOCK
    assert compiled == []
    assert policy.evaluate(DROP).effect is Effect.BLOCK
    assert compiled == ["notes.drop"]


def test_what_nobody_declares_is_never_compiled(compiled: list[str]) -> None:
    policy = load_source(TEXT)
    for _ in range(3):
        assert policy.evaluate({"action": "notes.find"}).effect is Effect.BLOCK
    assert compiled == []


def test_deciding_once_compiles_nothing(compiled: list[str]) -> None:
    policy = load_source(TEXT)
    for _ in range(3):
        decision = policy.decide_once(ADD)
        assert decision.effect is Effect.AUTO_RUN
        assert decision.explain()
    assert compiled == []


def test_a_bundle_is_asked_once_without_the_compiler(tmp_path: Path) -> None:
    bundle = tmp_path / "notes.gwb"
    bundle.write_bytes(build(load_source(TEXT).policy, made_by="test"))
    code = f"""
import sys
import gatewright as gw
policy = gw.load({str(bundle)!r})
def compiler():
    return any(name.startswith("gatewright.engine.compile") for name in sys.modules)
decision = policy.evaluate({ADD!r})
print(decision.effect.name, bool(str(decision.explain())), compiler())
print(policy.evaluate({ADD!r}).effect.name, compiler())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["AUTO_RUN True False", "AUTO_RUN True"]
